//! Offers and what comes in another order than one thinks: a payment behind a decision, an offer before the third system.

use ::pb::settlement::v1 as settlement_pb;
use pb::assistance::v1::OfferState;
use testkit::on_both;

use super::{LEFT, changed, confirming, joining, leaving, paid, registering, sixty_percent};
use crate::support::{World, fault, fields, key};

#[test]
fn what_was_paid_before_the_payer_heard_of_a_new_decision_is_recorded_and_taken_off() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(sixty_percent(), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, LEFT)])]).await;
        let offer = world.offered("P1").await.remove(0);
        world.try_answer_offer(confirming(&offer.offer_id, 420_000, "")).await.unwrap();
        // 9,500.00 left: (9,500 - 3,000) x 0.6 = 3,900.00
        world.keep(&[changed("P1", 2, vec![leaving("C1", 1, LEFT - 50_000)])]).await;
        assert_eq!(world.promised("P1").await, [("C1".to_owned(), 390_000)]);
        let done = world.try_pay_offer(paid(&offer.offer_id, 420_000, "T-1")).await.unwrap();
        assert_eq!((done.state(), done.paid_fen), (OfferState::Superseded, 420_000));
        assert_eq!(world.promised("P1").await, [], "4,200.00 are paid of 3,900.00");
        let twice = world.try_pay_offer(paid(&offer.offer_id, 420_000, "T-2")).await.unwrap_err();
        assert_eq!(fault(&twice).1["state"], "superseded");
        // 10,500.00 left: 4,500.00, of which 300.00 are still due
        world.keep(&[changed("P1", 3, vec![leaving("C1", 2, LEFT + 50_000)])]).await;
        assert_eq!(world.promised("P1").await, [("C1".to_owned(), 30_000)]);
    });
}

#[test]
fn nothing_is_offered_while_a_share_of_the_third_system_is_to_come() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(sixty_percent(), &["P1"]).await;
        let mut following = leaving("C1", 0, LEFT);
        following.third_system = settlement_pb::ThirdSystem::Follows.into();
        world.keep(&[changed("P1", 1, vec![following])]).await;
        assert_eq!(world.promised("P1").await, []);
        // it brought 4,000.00: (6,000 - 3,000) x 0.6
        world.keep(&[changed("P1", 2, vec![leaving("C1", 1, LEFT - 400_000)])]).await;
        assert_eq!(world.promised("P1").await, [("C1".to_owned(), 180_000)]);
    });
}

#[test]
fn a_payment_is_the_same_however_its_reference_is_written_and_is_not_before_the_service() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(sixty_percent(), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, LEFT), leaving("C2", 0, LEFT)])]).await;
        let offers = world.offered("P1").await;
        for offer in &offers {
            world.try_answer_offer(confirming(&offer.offer_id, 420_000, "")).await.unwrap();
        }
        let mut early = paid(&offers[0].offer_id, 1, "REF-1");
        early.paid_date = "2021-12-31".to_owned();
        assert_eq!(fields(&world.try_pay_offer(early).await.unwrap_err()), ["amount_fen", "paid_date"]);
        world.try_pay_offer(paid(&offers[0].offer_id, 420_000, "REF-1")).await.unwrap();
        let again = world.try_pay_offer(paid(&offers[1].offer_id, 420_000, " ｒef-1 ")).await.unwrap_err();
        assert_eq!(fault(&again).0, "DUPLICATE");
    });
}

#[test]
fn a_payer_spelled_nearly_as_one_of_the_settlement_a_place_of_nobody_and_members_nobody_knows_are_refused() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        for payer in ["Commercial", "commercial ", "COMMERCIAL", "Charity A!", "7"] {
            let mut terms = sixty_percent();
            payer.clone_into(&mut terms.payer);
            let refused = world.try_register(registering("", terms)).await.unwrap_err();
            assert_eq!(fields(&refused), ["terms.payer"], "{payer}");
        }
        for division in ["999999", "150000"] {
            let mut terms = sixty_percent();
            division.clone_into(&mut terms.division);
            let refused = world.try_register(registering("", terms)).await.unwrap_err();
            assert_eq!(fields(&refused), ["terms.division"], "{division}");
        }
        let plan = world.plan(sixty_percent(), &[]).await;
        let days = ("2022-01-01", "2022-12-31");
        let unknown = joining(&key(), &plan, &[("P1", days.0, days.1), ("X1", days.0, days.1)]);
        assert_eq!(fields(&world.try_join(vec![unknown]).await.unwrap_err()), ["members[1].person_id"]);
    });
}

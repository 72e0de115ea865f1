//! The ceiling of a plan that counts the year: nothing that is promised, confirmed or paid in it ever passes it.

use ::pb::assistance::v1 as pb;
use pb::OfferPeriod;
use pb::answer_offer_request::Answer;
use testkit::on_both;

use super::again::half;
use super::{changed, confirming, leaving, paid, taken_back};
use crate::support::{World, fields, status_text};

/// Half of the cash, and no more than 5,000.00 a year.
fn capped() -> pb::PlanTerms {
    pb::PlanTerms { period: OfferPeriod::Year.into(), ceiling_fen: Some(500_000), ..half() }
}

fn declining(offer: &str) -> pb::AnswerOfferRequest {
    let answer = Some(Answer::Declined(pb::OfferDeclined { reason: "no agreement".to_owned() }));
    pb::AnswerOfferRequest { answer, ..confirming(offer, 0, "") }
}

/// What stands of a person: claim, promised and confirmed, in order of claim.
async fn stands(world: &World) -> Vec<(String, i64, i64)> {
    let mut stands: Vec<_> = world.offered("P1").await;
    stands.sort_by(|one, other| one.claim_id.cmp(&other.claim_id));
    stands.into_iter().map(|one| (one.claim_id, one.promised_fen, one.confirmed_fen)).collect()
}

async fn id_of(world: &World, claim: &str) -> String {
    let offer = world.offered("P1").await.into_iter().find(|offer| offer.claim_id == claim);
    offer.unwrap().offer_id
}

fn one(claim: &str, promised: i64, confirmed: i64) -> (String, i64, i64) {
    (claim.to_owned(), promised, confirmed)
}

/// Two bills of which 50 % are 4,240.00 each: 4,240.00 and the 760.00 that are left are promised.
async fn two_bills(url: &str) -> World {
    let world = World::new(url).await;
    world.plan(capped(), &["P1"]).await;
    world.keep(&[changed("P1", 1, vec![leaving("C1", 0, 848_000), leaving("C2", 0, 848_000)])]).await;
    assert_eq!(stands(&world).await, [one("C1", 424_000, 0), one("C2", 76_000, 0)]);
    world
}

#[test]
fn what_was_paid_of_a_bill_that_is_gone_uses_the_ceiling_of_its_year() {
    on_both(|url| async move {
        let world = two_bills(&url).await;
        for (claim, amount, reference) in [("C1", 424_000, "T-1"), ("C2", 76_000, "T-2")] {
            let id = id_of(&world, claim).await;
            world.try_answer_offer(confirming(&id, amount, "")).await.unwrap();
            world.try_pay_offer(paid(&id, amount, reference)).await.unwrap();
        }
        world.keep(&[changed("P1", 2, vec![taken_back("C1", 0)])]).await;
        assert_eq!(stands(&world).await, [one("C2", 76_000, 76_000)], "5,000.00 are paid in the year");
        world.keep(&[changed("P1", 3, vec![leaving("C3", 0, 848_000)])]).await;
        assert_eq!(stands(&world).await, [one("C2", 76_000, 76_000)]);
        // that bill again: 4,240.00 of it are paid
        let again = pb_bill(leaving("C4", 0, 848_000), "bill-C1");
        world.keep(&[changed("P1", 4, vec![again])]).await;
        assert_eq!(stands(&world).await, [one("C2", 76_000, 76_000)]);
    });
}

fn pb_bill(stand: ::pb::settlement::v1::ClaimStand, bill: &str) -> ::pb::settlement::v1::ClaimStand {
    ::pb::settlement::v1::ClaimStand { bill_id: bill.to_owned(), ..stand }
}

#[test]
fn what_was_not_paid_of_a_bill_that_is_gone_is_left_to_the_others() {
    on_both(|url| async move {
        let world = two_bills(&url).await;
        let second = id_of(&world, "C2").await;
        world.try_answer_offer(confirming(&second, 76_000, "")).await.unwrap();
        world.try_pay_offer(paid(&second, 76_000, "T-2")).await.unwrap();
        // 4,240.00 of the second, of which 760.00 are paid
        world.keep(&[changed("P1", 2, vec![taken_back("C1", 0)])]).await;
        assert_eq!(stands(&world).await, [one("C2", 348_000, 0)]);
    });
}

#[test]
fn a_declined_offer_uses_nothing_of_the_ceiling_and_a_confirmed_one_what_was_confirmed() {
    on_both(|url| async move {
        let world = two_bills(&url).await;
        world.try_answer_offer(declining(&id_of(&world, "C1").await)).await.unwrap();
        assert_eq!(stands(&world).await, [one("C1", 424_000, 0), one("C2", 424_000, 0)]);
        world.try_answer_offer(confirming(&id_of(&world, "C2").await, 10_000, "the board")).await.unwrap();
        // 4,900.00 are left
        world.keep(&[changed("P1", 2, vec![leaving("C3", 0, 2_000_000)])]).await;
        assert_eq!(stands(&world).await, [one("C1", 424_000, 0), one("C2", 424_000, 10_000), one("C3", 490_000, 0)]);
        world.try_answer_offer(confirming(&id_of(&world, "C3").await, 490_000, "")).await.unwrap();
        let all: i64 = stands(&world).await.iter().map(|(_, _, confirmed)| confirmed).sum();
        assert_eq!(all, 500_000);
    });
}

#[test]
fn a_confirmation_above_what_the_ceiling_leaves_is_refused_and_says_why() {
    on_both(|url| async move {
        let world = two_bills(&url).await;
        let second = id_of(&world, "C2").await;
        let refused = world.try_answer_offer(confirming(&second, 76_001, "more")).await.unwrap_err();
        assert_eq!(fields(&refused), ["confirmed.amount_fen"]);
        assert!(status_text(&refused).contains("at most 76000: what the plan's ceiling leaves"), "{refused:?}");
        let refused = world.try_answer_offer(confirming(&second, 848_001, "more")).await.unwrap_err();
        assert!(status_text(&refused).contains("at most 848000: the person's cash"), "{refused:?}");
        world.try_answer_offer(confirming(&second, 76_000, "")).await.unwrap();
    });
}

#[test]
fn the_ceiling_of_a_plan_that_counts_each_bill_bounds_what_is_confirmed_of_a_bill() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let each = pb::PlanTerms { ceiling_fen: Some(300_000), ..half() };
        world.plan(each, &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, 848_000), leaving("C2", 0, 848_000)])]).await;
        assert_eq!(stands(&world).await, [one("C1", 300_000, 0), one("C2", 300_000, 0)]);
        let id = id_of(&world, "C2").await;
        let refused = world.try_answer_offer(confirming(&id, 300_001, "more")).await.unwrap_err();
        assert!(status_text(&refused).contains("at most 300000: what the plan's ceiling leaves"), "{refused:?}");
        world.try_answer_offer(confirming(&id, 300_000, "")).await.unwrap();
        world.try_pay_offer(paid(&id, 300_000, "T-1")).await.unwrap();
        // without a ceiling more than was promised may be confirmed, up to the cash
        let other = pb::PlanTerms { payer: "union_c".to_owned(), ..half() };
        world.plan(other, &["P1"]).await;
        let offer = world.offered("P1").await.into_iter().find(|offer| offer.payer == "union_c").unwrap();
        assert_eq!(offer.promised_fen, 424_000);
        world.try_answer_offer(confirming(&offer.offer_id, 500_000, "a gift")).await.unwrap();
    });
}

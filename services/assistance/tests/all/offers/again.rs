//! A stay or bill that is settled anew as another claim: what was paid of it before is not promised again.

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1::{Change, ClaimStand};
use pb::{OfferPeriod, OfferState};
use testkit::on_both;

use super::{changed, confirming, leaving, paid, sixty_percent, taken_back};
use crate::support::World;

/// Half of all the person pays in cash.
pub(super) fn half() -> pb::PlanTerms {
    pb::PlanTerms {
        base: pb::OfferBase::Cash.into(),
        deductible_fen: 0,
        bands: vec![pb::PlanBand { from_fen: 0, ratio: "0.5".to_owned() }],
        ..sixty_percent()
    }
}

/// A claim of the bill and stay of the institution H1.
fn of(stand: ClaimStand, bill: &str, stay: &str) -> ClaimStand {
    ClaimStand { bill_id: bill.to_owned(), stay_id: stay.to_owned(), ..stand }
}

/// A Change that says how claims of two years stand.
fn in_two_years(sequence: u64, first: ClaimStand, mut second: ClaimStand) -> Change {
    let mut change = changed("P1", sequence, vec![first]);
    let mut next = change.years[0].clone();
    "2023-01-05".clone_into(&mut second.rules_date);
    (next.year, next.claims) = (2023, vec![second]);
    change.years.push(next);
    change
}

async fn with_earlier(world: &World, claim: &str) -> Vec<pb::Offer> {
    let states = [OfferState::Offered, OfferState::Confirmed, OfferState::Paid, OfferState::Superseded];
    let request = pb::ListOffersRequest {
        claim_id: claim.to_owned(),
        states: states.map(i32::from).to_vec(),
        with_earlier: true,
        ..Default::default()
    };
    world.try_offers(request).await.unwrap().offers
}

#[test]
fn a_stay_that_was_paid_of_while_it_lasted_is_due_only_the_rest_at_its_end() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(half(), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![of(leaving("C1", 0, 848_000), "B1", "S")])]).await;
        let interim = world.offered("P1").await.remove(0);
        assert_eq!(interim.promised_fen, 424_000);
        world.try_answer_offer(confirming(&interim.offer_id, 424_000, "")).await.unwrap();
        world.try_pay_offer(paid(&interim.offer_id, 424_000, "T-1")).await.unwrap();
        // the whole stay: 50 % of 12,480.00 are 6,240.00, of which 4,240.00 are paid
        let gone = of(taken_back("C1", 0), "B1", "S");
        world.keep(&[changed("P1", 2, vec![gone, of(leaving("C2", 0, 1_248_000), "B2", "S")])]).await;
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 200_000)]);
        let said: Vec<_> = with_earlier(&world, "C2")
            .await
            .iter()
            .map(|one| (one.promised_fen, one.paid_fen, one.overpaid_fen))
            .collect();
        assert_eq!(said, [(424_000, 424_000, 0), (200_000, 0, 0)]);
        // no more is confirmed of the stay than its cash less what was paid of it
        let rest = world.offered("P1").await.remove(0);
        let more = world.try_answer_offer(confirming(&rest.offer_id, 824_001, "more")).await.unwrap_err();
        assert_eq!(crate::support::fields(&more), ["confirmed.amount_fen"]);
        world.try_answer_offer(confirming(&rest.offer_id, 200_000, "")).await.unwrap();
        // of 7,000.00 3,500.00 are promised: 740.00 too much are paid, and nothing is due
        world.keep(&[changed("P1", 3, vec![of(leaving("C2", 1, 700_000), "B2", "S")])]).await;
        assert_eq!(world.promised("P1").await, []);
        let said = with_earlier(&world, "C2").await;
        let said: Vec<_> = said.iter().filter(|one| one.paid_fen > 0).map(|one| one.overpaid_fen).collect();
        assert_eq!(said, [74_000]);
    });
}

#[test]
fn a_stay_that_ends_in_the_next_year_is_due_only_the_rest_and_a_late_payment_is_taken_off() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let plan = world.plan(pb::PlanTerms { period: OfferPeriod::Year.into(), ..half() }, &["P1"]).await;
        let next = ("P1", "2023-01-01", "2023-12-31");
        world.try_join(vec![super::joining(&crate::support::key(), &plan, &[next])]).await.unwrap();
        world.keep(&[changed("P1", 1, vec![of(leaving("C1", 0, 848_000), "B1", "S")])]).await;
        let interim = world.offered("P1").await.remove(0);
        world.try_answer_offer(confirming(&interim.offer_id, 424_000, "")).await.unwrap();
        let gone = of(taken_back("C1", 0), "B1", "S");
        world.keep(&[in_two_years(2, gone, of(leaving("C2", 0, 1_248_000), "B2", "S"))]).await;
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 624_000)], "nothing was paid yet");
        world.try_pay_offer(paid(&interim.offer_id, 424_000, "T-1")).await.unwrap();
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 200_000)]);
    });
}

#[test]
fn a_bill_that_was_reversed_and_is_billed_again_is_due_only_the_rest_and_another_bill_the_whole() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(half(), &["P1", "P2"]).await;
        world.keep(&[changed("P1", 1, vec![of(leaving("C1", 0, 848_000), "B1", "")])]).await;
        let first = world.offered("P1").await.remove(0);
        world.try_answer_offer(confirming(&first.offer_id, 424_000, "")).await.unwrap();
        world.try_pay_offer(paid(&first.offer_id, 424_000, "T-1")).await.unwrap();
        // reversed: nothing is promised any more, and all that was paid is beyond that
        world.keep(&[changed("P1", 2, vec![of(taken_back("C1", 0), "B1", "")])]).await;
        assert_eq!(with_earlier(&world, "C1").await.remove(0).overpaid_fen, 424_000);
        // 50 % of 8,880.00 are 4,440.00
        world.keep(&[changed("P1", 3, vec![of(leaving("C2", 0, 888_000), "B1", "")])]).await;
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 20_000)]);
        // a bill of this id of another institution, and another person's, are other bills
        let mut elsewhere = of(leaving("C3", 0, 888_000), "B1", "");
        "H2".clone_into(&mut elsewhere.institution_id);
        world.keep(&[changed("P1", 4, vec![elsewhere])]).await;
        world.keep(&[changed("P2", 1, vec![of(leaving("D1", 0, 888_000), "B1", "")])]).await;
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 20_000), ("C3".to_owned(), 444_000)]);
        assert_eq!(world.promised("P2").await, [("D1".to_owned(), 444_000)]);
        let alone = pb::ListOffersRequest { person_id: "P1".to_owned(), with_earlier: true, ..Default::default() };
        assert_eq!(crate::support::fields(&world.try_offers(alone).await.unwrap_err()), ["with_earlier"]);
    });
}

#[test]
fn who_joins_late_is_promised_no_more_than_what_others_have_confirmed_and_paid_leaves() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let all = |payer: &str, ratio: &str| pb::PlanTerms {
            payer: payer.to_owned(),
            bands: vec![pb::PlanBand { from_fen: 0, ratio: ratio.to_owned() }],
            ..half()
        };
        world.plan(all("charity_b", "1"), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, 1_000_000), leaving("C2", 0, 1_000_000)])]).await;
        let offers = world.offered("P1").await;
        let of = |claim: &str| offers.iter().find(|offer| offer.claim_id == claim).unwrap().offer_id.clone();
        // all of the first is confirmed and paid; of the second 7,000.00 of 10,000.00 are confirmed
        world.try_answer_offer(confirming(&of("C1"), 1_000_000, "")).await.unwrap();
        world.try_pay_offer(paid(&of("C1"), 1_000_000, "T-1")).await.unwrap();
        world.try_answer_offer(confirming(&of("C2"), 700_000, "the board")).await.unwrap();
        world.plan(all("union_c", "0.5"), &["P1"]).await;
        let late = world.offered("P1").await.into_iter().filter(|offer| offer.payer == "union_c");
        let late: Vec<_> = late.map(|offer| (offer.claim_id, offer.promised_fen, offer.offer_id)).collect();
        // 50 % would be 5,000.00 of each
        let [(claim, 300_000, id)] = late.as_slice() else { panic!("one offer of the rest: {late:?}") };
        assert_eq!(claim, "C2");
        world.try_answer_offer(confirming(id, 300_000, "")).await.unwrap();
    });
}

//! All three systems in one window: settlement and the service that keeps the third, each with its own database.

mod application;
mod edges;
mod fake;
mod offers;
mod town;

use pb::settlement::v1::{
    Claim, GetHoldOutcomeRequest, GetHoldOutcomeResponse, ReassessRequest, ReassessResponse, Reassessed, RevisionCause,
    ThirdSystem, reassess_response,
};
use pb::r#type::v1::{Category, EntryState};
use sha2::{Digest as _, Sha256};
use testkit::on_both;
use tokio::task::JoinSet;

use crate::support::{Wish, institution};
use crate::world::{asks, claim_of, reason, reversal, split, stay};
use town::{Town, packs, refusing};

const DAYS: (&str, &str) = ("2035-03-01", "2035-03-01");

/// 1,300.00 in hospital: the pooled fund pays (1,300.00 - 300.00) x 0.8 = 800.00; of the 500.00 left assistance pays a half.
const SMALL: i64 = 130_000;

#[test]
fn a_granted_category_is_settled_posted_and_reversed() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!(split(&claim), [105_000, 0, 0, 25_000]);
        assert_eq!(claim.third_system(), ThirdSystem::Whole);
        town.told().await;
        assert_eq!(town.limit("p").await, (0, 25_000));
        assert_eq!(town.due().await, (25_000, -25_000));
        assert_eq!(town.holds(&[EntryState::Posted]).await.len(), 1);

        // the same call again takes no other hold
        assert_eq!(town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await, claim);
        assert_eq!(town.holds(&[]).await.len(), 1);

        let reversed = town.house.reverses("K2", &claim).await.unwrap();
        assert!(reversed.reversed);
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 0), (0, 0)));
        town.close().await;
    });
}

#[test]
fn a_person_nobody_assists_takes_no_hold_and_is_told_of_all_the_same() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!((split(&claim), claim.third_system()), ([80_000, 0, 0, 50_000], ThirdSystem::NotConcerned));
        town.told().await;
        assert_eq!((town.holds(&[]).await.len(), town.limit("p").await, town.due().await), (0, (0, 0), (0, 0)));
        town.close().await;
    });
}

#[test]
fn of_the_last_hundred_yuan_of_the_limit_two_hospitals_pay_exactly_a_hundred() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        // 7,800.00: 6,000.00 pooled, a half of the 1,800.00 left; 100.00 of the limit of 1,000.00 is left
        let first = town.house.settles("K0", "p", &stay("B0", DAYS, 780_000)).await;
        assert_eq!(split(&first), [690_000, 0, 0, 90_000]);
        let mut bills = JoinSet::new();
        for (key, number) in [("K1", 1), ("K2", 2)] {
            let mut request = asks(key, "p", &stay(key, DAYS, SMALL));
            request.submission.as_mut().unwrap().institution_id = institution(number);
            let mut client = town.house.client();
            bills.spawn(async move { claim_of(client.settle(request).await.unwrap().into_inner()) });
        }
        let claims: Vec<Claim> = bills.join_all().await;
        let more: i64 = claims.iter().map(|claim| split(claim)[0] - 80_000).sum();
        town.told().await;
        assert_eq!((more, town.limit("p").await), (10_000, (0, 100_000)), "{claims:?}");
        assert_eq!(town.due().await, (100_000, -100_000));
        town.close().await;
    });
}

#[test]
fn what_was_cut_by_anothers_hold_is_paid_when_the_limit_has_room_again() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        // a call that never comes back holds 900.00 of the 1,000.00
        town.reserve("p", 90_000).await;
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!((split(&claim), claim.third_system()), ([90_000, 0, 0, 40_000], ThirdSystem::Short));
        town.becomes("K1", [105_000, 0, 0, 25_000]).await;
        assert_eq!(town.standing("K1").await.third_system(), ThirdSystem::Whole);
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 25_000), (25_000, -25_000)));
        town.close().await;
    });
}

#[test]
fn a_category_granted_late_pays_the_difference_to_the_person_once() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        for (key, day) in [("K1", "2035-02-01"), ("K2", "2035-03-01"), ("K3", "2035-04-01")] {
            town.house.settles(key, "p", &stay(key, (day, day), SMALL)).await;
        }
        town.grant("p", Category::Destitute, "2035-03-01").await;
        for key in ["K2", "K3"] {
            town.becomes(key, [105_000, 0, 0, 25_000]).await;
        }
        assert_eq!(split(&town.standing("K1").await), [80_000, 0, 0, 50_000], "before the category began");
        town.told().await;
        let done = town.reassessed("R1", "p", RevisionCause::PersonChanged).await;
        assert!(done.nothing_changed && done.adjustments.is_empty());
        assert_eq!(town.reassessed("R1", "p", RevisionCause::PersonChanged).await, done, "the kept answer");
        assert_eq!((town.limit("p").await, town.due().await), ((0, 50_000), (50_000, -50_000)));
        // the patient has paid the hospital: the difference is the patient's
        assert_eq!(town.balance("payable:p").await, -50_000);
        town.close().await;
    });
}

#[test]
fn a_category_in_the_place_of_another_pays_the_difference_and_takes_nothing_back() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        // nothing is paid to those who are monitored, and 250.00 to the destitute
        let grant = town.grant("p", Category::Monitored, "2035-01-01").await;
        town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        town.ends(&grant, "2035-01-31").await;
        town.grant("p", Category::Destitute, "2035-02-01").await;
        town.becomes("K1", [105_000, 0, 0, 25_000]).await;
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 25_000), (25_000, -25_000)));
        town.close().await;
    });
}

#[test]
fn while_the_keeper_is_away_two_systems_are_settled_and_the_third_follows() {
    on_both(|url| async move {
        let mut town = Town::without(&url, packs()).await;
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!((split(&claim), claim.third_system()), ([80_000, 0, 0, 50_000], ThirdSystem::Follows));
        town.keeper_comes().await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        town.becomes("K1", [105_000, 0, 0, 25_000]).await;
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 25_000), (25_000, -25_000)));
        assert_eq!(town.standing("K1").await.third_system(), ThirdSystem::Whole);
        assert_eq!(town.balance("payable:p").await, -25_000, "the patient has paid the hospital");
        town.close().await;
    });
}

#[test]
fn a_year_is_decided_anew_although_no_bill_waits_for_the_keeper_yet() {
    on_both(|url| async move {
        let mut town = Town::without(&url, packs()).await;
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!(claim.third_system(), ThirdSystem::Follows);
        // for a second after it was not reached bills are settled without it; it is there, for it is the one who asks
        town.keeper_comes().await;
        let answer = town.reassessed_at_once("R1", "p", RevisionCause::ThirdFollowed).await;
        assert!(done(answer.unwrap()).adjustments.is_empty());
        town.close().await;
    });
}

#[test]
fn a_bill_that_is_to_wait_for_the_keeper_is_unavailable_and_nothing_is_kept_of_it() {
    on_both(|url| async move {
        let mut town = Town::without(&url, refusing()).await;
        let request = asks("K1", "p", &stay("B1", DAYS, SMALL));
        let refused = town.house.client().settle(request.clone()).await.unwrap_err();
        assert_eq!(reason(&refused), "UNAVAILABLE");
        town.keeper_comes().await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let claim = town.settles_at_last(request.clone()).await;
        assert_eq!(split(&claim), [105_000, 0, 0, 25_000]);
        town.told().await;
        // the answer that is kept waits for nobody
        town.keeper_goes().await;
        let again = town.house.client().settle(request.clone()).await.unwrap().into_inner();
        assert_eq!(claim_of(again), claim);
        let mut other = request;
        other.submission.as_mut().unwrap().visit_id = "other".to_owned();
        assert_eq!(reason(&town.house.client().settle(other).await.unwrap_err()), "KEY_REUSED");
        town.close().await;
    });
}

#[test]
fn a_hold_that_was_asked_for_before_it_was_used_is_refused_for_ever_and_another_is_taken() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let digest = Sha256::digest(format!("claims/{}\nK1\np", institution(1)));
        let hold_id = format!("{}-0", hex::encode(&digest[..12]));
        let asked = GetHoldOutcomeRequest { hold_id, person_id: "p".to_owned(), after_sequence: 0 };
        for _ in 0..2 {
            assert_eq!(town.outcome(asked.clone()).await, Ok(GetHoldOutcomeResponse::default()));
        }
        let others = GetHoldOutcomeRequest { person_id: "q".to_owned(), ..asked.clone() };
        assert_eq!(town.outcome(others).await, Err("KEY_REUSED".to_owned()));
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!(split(&claim), [105_000, 0, 0, 25_000]);
        town.told().await;
        let posted = town.holds(&[EntryState::Posted]).await;
        assert!(posted.len() == 1 && posted[0].hold_id.ends_with("-1"), "{posted:?}");
        let used = GetHoldOutcomeRequest { hold_id: posted[0].hold_id.clone(), ..asked };
        let used = town.outcome(used).await.unwrap();
        assert!(used.used && used.changes.len() == 1 && used.changes[0].sequence == 1, "{used:?}");
        assert_eq!((town.limit("p").await, town.due().await), ((0, 25_000), (25_000, -25_000)));
        town.close().await;
    });
}

#[test]
fn a_reversal_gives_the_bills_after_it_what_the_limit_kept_from_them() {
    on_both(|url| async move {
        let town = Town::open(&url).await;
        town.grant("p", Category::Destitute, "2035-01-01").await;
        let first = town.house.settles("K1", "p", &stay("B1", DAYS, 780_000)).await;
        // 900.00 of 1,000.00 is used: 100.00 of the 250.00
        let second = town.house.settles("K2", "p", &stay("B2", DAYS, SMALL)).await;
        assert_eq!((split(&second), second.third_system()), ([90_000, 0, 0, 40_000], ThirdSystem::Whole));
        let reversed = town.house.client().reverse_claim(reversal("K3", &first.claim_id)).await.unwrap().into_inner();
        let changed: Vec<i64> = reversed.adjustments.iter().map(|one| one.cash_fen).collect();
        assert_eq!(changed, [-15_000]);
        town.told().await;
        assert_eq!((town.limit("p").await, town.due().await), ((0, 25_000), (25_000, -25_000)));
        town.close().await;
    });
}

fn reassess(key: &str, who: &str, cause: RevisionCause) -> ReassessRequest {
    ReassessRequest {
        idempotency_key: key.to_owned(),
        person_id: who.to_owned(),
        year: 2035,
        cause: cause.into(),
        about_id: "a test".to_owned(),
        claw_back: false,
        taken_back: Vec::new(),
    }
}

fn done(response: ReassessResponse) -> Reassessed {
    match response.outcome {
        Some(reassess_response::Outcome::Done(done)) => done,
        other => panic!("not done: {other:?}"),
    }
}

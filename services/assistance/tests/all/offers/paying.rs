//! Offers: computed by hand, told, answered and paid once, replaced where a claim is decided anew.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::Category;
use pb::OfferState;
use pb::answer_offer_request::Answer;
use serde_json::Value as Json;
use store::sea_orm::{ConnectionTrait as _, Statement};
use testkit::{Redis, on_both};

use super::{LEFT, changed, confirming, leaving, paid, sixty_percent, taken_back};
use crate::support::{World, eventually, fault, fields, key};
use crate::telling::entries;

const OFFERS: &str = "yibao:push:offer";

/// Waits until the stream of offers has as many events, and gives them in their order, each once.
async fn told(redis: &Redis, count: usize) -> Vec<Json> {
    let look = || async {
        let mut known = Vec::new();
        for one in entries(redis, OFFERS).await {
            let json: Json = serde_json::from_str(&one.get::<String>("json").unwrap()).unwrap();
            assert_eq!(json["person_id"].as_str().map(str::to_owned), one.get::<String>("about"));
            if !known.contains(&json) {
                known.push(json);
            }
        }
        Some(known).filter(|known| known.len() >= count)
    };
    eventually(look).await
}

#[test]
fn of_10_000_left_sixty_percent_above_3_000_is_offered_told_confirmed_and_paid_once() {
    on_both(|url| async move {
        let redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        let plan = world.plan(sixty_percent(), &["P1"]).await;
        world
            .keep(&[changed("P1", 1, vec![leaving("C1", 0, LEFT)]), changed("P2", 1, vec![leaving("C2", 0, LEFT)])])
            .await;
        let offers = world.offered("P1").await;
        let [offer] = offers.as_slice() else { panic!("one offer: {offers:?}") };
        assert_eq!((offer.base_fen, offer.promised_fen, offer.confirmed_fen, offer.paid_fen), (LEFT, 420_000, 0, 0));
        assert_eq!((offer.plan_id.as_str(), offer.version, offer.state()), (plan.as_str(), 1, OfferState::Offered));
        assert_eq!((offer.payer.as_str(), offer.zh.as_str(), offer.claim_id.as_str()), ("charity_b", "乙慈善会", "C1"));
        assert!(world.offered("P2").await.is_empty(), "who is no member is offered nothing");
        let told = told(&redis, 1).await;
        assert_eq!((told[0]["kind"].as_str(), told[0]["promised_fen"].as_i64()), (Some("offered"), Some(420_000)));
        assert_eq!(told[0]["offer_id"].as_str(), Some(offer.offer_id.as_str()));
        // the same Change again offers nothing more
        world.post(&[changed("P1", 1, vec![leaving("C1", 0, LEFT)])]).await;
        assert_eq!(world.offered("P1").await.len(), 1);

        let less = confirming(&offer.offer_id, 400_000, "");
        assert_eq!(fields(&world.try_answer_offer(less).await.unwrap_err()), ["confirmed.reason"]);
        let early = world.try_pay_offer(paid(&offer.offer_id, 400_000, "T-1")).await.unwrap_err();
        assert_eq!(fault(&early).1["state"], "offered");
        let request = confirming(&offer.offer_id, 400_000, "capped by the board");
        let confirmed = world.try_answer_offer(request.clone()).await.unwrap();
        assert_eq!((confirmed.state(), confirmed.confirmed_fen), (OfferState::Confirmed, 400_000));
        assert_eq!(world.try_answer_offer(request.clone()).await.unwrap(), confirmed, "the kept answer");
        let again = world.try_answer_offer(pb::AnswerOfferRequest { idempotency_key: key(), ..request.clone() }).await;
        let again = again.unwrap_err();
        assert_eq!((fault(&again).0.as_str(), fault(&again).1["state"].as_str()), ("WRONG_STATE", "confirmed"));
        let reused = pb::AnswerOfferRequest { answer: confirming("", 1, "").answer, ..request };
        assert_eq!(fault(&world.try_answer_offer(reused).await.unwrap_err()).0, "KEY_REUSED");

        let other = world.try_pay_offer(paid(&offer.offer_id, 420_000, "T-1")).await.unwrap_err();
        assert_eq!(fields(&other), ["amount_fen"]);
        let request = paid(&offer.offer_id, 400_000, "T-1");
        let done = world.try_pay_offer(request.clone()).await.unwrap();
        assert_eq!((done.state(), done.paid_fen, done.payment_reference.as_str()), (OfferState::Paid, 400_000, "T-1"));
        assert_eq!(world.try_pay_offer(request).await.unwrap(), done);
        let twice = world.try_pay_offer(paid(&offer.offer_id, 400_000, "T-2")).await.unwrap_err();
        assert_eq!(fault(&twice).1["state"], "paid");
    });
}

#[test]
fn a_payment_is_recorded_for_one_offer_and_a_declined_one_is_over() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(sixty_percent(), &["P1"]).await;
        let claims = ["C1", "C2", "C3"].map(|claim| leaving(claim, 0, LEFT));
        world.keep(&[changed("P1", 1, claims.to_vec())]).await;
        let ids: Vec<String> = world.offered("P1").await.into_iter().map(|offer| offer.offer_id).collect();
        for id in &ids[..2] {
            world.try_answer_offer(confirming(id, 420_000, "")).await.unwrap();
        }
        world.try_pay_offer(paid(&ids[0], 420_000, "T-1")).await.unwrap();
        let used = world.try_pay_offer(paid(&ids[1], 420_000, "T-1")).await.unwrap_err();
        let (reason, with) = fault(&used);
        assert_eq!((reason.as_str(), &with["offer_id"]), ("DUPLICATE", &ids[0]));
        world.try_pay_offer(paid(&ids[1], 420_000, "T-2")).await.unwrap();
        let answer = Some(Answer::Declined(pb::OfferDeclined { reason: "no agreement".to_owned() }));
        let declined = pb::AnswerOfferRequest { answer, ..confirming(&ids[2], 0, "") };
        let declined = world.try_answer_offer(declined).await.unwrap();
        assert_eq!((declined.state(), declined.reason.as_str()), (OfferState::Declined, "no agreement"));
        let late = world.try_answer_offer(confirming(&ids[2], 420_000, "")).await.unwrap_err();
        assert_eq!(fault(&late).1["state"], "declined");
        let unknown = world.try_answer_offer(confirming("nobody", 1, "")).await.unwrap_err();
        assert_eq!(fault(&unknown).0, "NOT_FOUND");
        let nothing = pb::AnswerOfferRequest { answer: None, ..confirming("", 0, "") };
        assert_eq!(fields(&world.try_answer_offer(nothing).await.unwrap_err()), ["confirmed", "offer_id"]);
        let future = pb::RecordOfferPaidRequest { paid_date: "2022-10-11".to_owned(), ..paid("", 0, "") };
        let wrong = ["amount_fen", "offer_id", "paid_date", "payment_reference"];
        assert_eq!(fields(&world.try_pay_offer(future).await.unwrap_err()), wrong);
    });
}

#[test]
fn a_reversal_supersedes_what_was_offered_and_what_was_paid_stays() {
    on_both(|url| async move {
        let redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        world.plan(sixty_percent(), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, LEFT), leaving("C2", 0, LEFT)])]).await;
        let ids: Vec<String> = world.offered("P1").await.into_iter().map(|offer| offer.offer_id).collect();
        world.try_answer_offer(confirming(&ids[0], 420_000, "")).await.unwrap();
        world.try_pay_offer(paid(&ids[0], 420_000, "T-1")).await.unwrap();
        world.keep(&[changed("P1", 2, vec![taken_back("C1", 0), taken_back("C2", 0)])]).await;
        assert!(world.offered("P1").await.is_empty());
        let gone = world.superseded("P1").await;
        assert_eq!(gone.iter().map(|offer| offer.paid_fen).collect::<Vec<_>>(), [420_000, 0]);
        assert_eq!(gone[0].payment_reference, "T-1");
        let late = world.try_answer_offer(confirming(&ids[1], 420_000, "")).await.unwrap_err();
        assert_eq!(fault(&late).1["state"], "superseded");
        let told = told(&redis, 4).await;
        let said: Vec<_> = told[2..].iter().map(|one| (one["kind"].as_str(), one["paid_fen"].as_i64())).collect();
        assert_eq!(said, [(Some("superseded"), Some(420_000)), (Some("superseded"), Some(0))]);
        assert_eq!((told[2]["state_before"].as_str(), &told[2]["replaced_by"]), (Some("paid"), &Json::Null));
    });
}

#[test]
fn a_claim_decided_anew_is_offered_anew_less_what_was_paid_and_only_where_it_differs() {
    on_both(|url| async move {
        let redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        world.plan(sixty_percent(), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, LEFT)])]).await;
        let first = world.offered("P1").await.remove(0);
        world.try_answer_offer(confirming(&first.offer_id, 420_000, "")).await.unwrap();
        world.keep(&[changed("P1", 2, vec![leaving("C1", 1, LEFT)])]).await;
        let same = world.offered("P1").await.remove(0);
        assert_eq!((same.offer_id.as_str(), same.state()), (first.offer_id.as_str(), OfferState::Confirmed));
        world.try_pay_offer(paid(&first.offer_id, 420_000, "T-1")).await.unwrap();
        // of 12,000.00 left 60 % of 9,000.00 are 5,400.00, of which 4,200.00 are paid
        world.keep(&[changed("P1", 3, vec![leaving("C1", 2, 1_200_000)])]).await;
        let second = world.offered("P1").await.remove(0);
        assert_eq!((second.promised_fen, second.base_fen, second.revision), (120_000, 1_200_000, 2));
        let told = told(&redis, 3).await;
        assert_eq!(told[1]["replaced_by"].as_str(), Some(second.offer_id.as_str()));
        assert_eq!(told[2]["kind"].as_str(), Some("offered"));
        // and of less than was paid nothing is due
        world.keep(&[changed("P1", 4, vec![leaving("C1", 3, 500_000)])]).await;
        assert!(world.offered("P1").await.is_empty());
        assert_eq!(world.superseded("P1").await.iter().map(|offer| offer.paid_fen).sum::<i64>(), 420_000);
    });
}

#[test]
fn two_payers_who_confirm_at_once_never_take_more_than_the_cash() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let all = |payer: &str| pb::PlanTerms {
            payer: payer.to_owned(),
            base: pb::OfferBase::Cash.into(),
            deductible_fen: 0,
            ..sixty_percent()
        };
        world.plan(all("charity_b"), &["P1"]).await;
        world.plan(all("union_c"), &["P1"]).await;
        for round in 1..=6_u64 {
            let claim = format!("C{round}");
            world.keep(&[changed("P1", round, vec![leaving(&claim, 0, LEFT)])]).await;
            let of_claim = pb::ListOffersRequest { claim_id: claim.clone(), ..Default::default() };
            let offers = world.try_offers(of_claim.clone()).await.unwrap().offers;
            assert_eq!(offers.iter().map(|offer| offer.promised_fen).collect::<Vec<_>>(), [600_000, 600_000]);
            let answers = offers.iter().map(|offer| world.try_answer_offer(confirming(&offer.offer_id, 600_000, "")));
            let answers: Vec<_> = answers.collect();
            let [one, other] = <[_; 2]>::try_from(answers).ok().unwrap();
            let (one, other) = tokio::join!(one, other);
            let (fine, refused): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(Result::is_ok);
            assert_eq!((fine.len(), refused.len()), (1, 1));
            assert_eq!(fault(refused[0].as_ref().unwrap_err()).1["state"], "superseded");
            // what the one leaves is offered to the other
            let open = pb::ListOffersRequest { states: vec![OfferState::Offered.into()], ..of_claim.clone() };
            let left = world.try_offers(open).await.unwrap().offers.remove(0);
            assert_eq!(left.promised_fen, 400_000);
            let left = &left.offer_id;
            let more = world.try_answer_offer(confirming(left, 400_001, "the rest and a fen")).await.unwrap_err();
            assert_eq!(fields(&more), ["confirmed.amount_fen"]);
            world.try_answer_offer(confirming(left, 400_000, "")).await.unwrap();
            let offers = world.try_offers(of_claim).await.unwrap().offers;
            assert_eq!(offers.iter().map(|offer| offer.confirmed_fen).sum::<i64>(), LEFT);
        }
    });
}

#[test]
fn a_year_plan_takes_its_deductible_once_and_later_bills_are_offered_anew_when_an_earlier_one_goes() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let year = pb::PlanTerms { period: pb::OfferPeriod::Year.into(), ..sixty_percent() };
        world.plan(year, &["P1"]).await;
        // 2,000.00 go into the deductible
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, 200_000)])]).await;
        assert!(world.promised("P1").await.is_empty());
        // of 5,000.00 another 1,000.00 do, and 60 % of 4,000.00 are offered
        world.keep(&[changed("P1", 2, vec![leaving("C2", 0, 500_000)])]).await;
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 240_000)]);
        // the first is reversed: of the second 60 % of 2,000.00 remain, although its own decision is what it was
        world.keep(&[changed("P1", 3, vec![taken_back("C1", 0)])]).await;
        assert_eq!(world.promised("P1").await, [("C2".to_owned(), 120_000)]);
        assert_eq!(world.superseded("P1").await.len(), 1);
    });
}

#[test]
fn a_destitute_member_gets_the_points_of_the_plan() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let tilt = |category: Category, points: &str| pb::CategoryTilt {
            category: category.into(),
            points_rate: points.to_owned(),
        };
        let tilts = vec![tilt(Category::Monitored, "0.05"), tilt(Category::Destitute, "0.1")];
        world.plan(pb::PlanTerms { tilts, ..sixty_percent() }, &["P1", "P2"]).await;
        let mut poor = leaving("C1", 0, LEFT);
        poor.categories = vec![Category::Monitored.into(), Category::Destitute.into()];
        poor.categories.sort_unstable();
        world.keep(&[changed("P1", 1, vec![poor]), changed("P2", 1, vec![leaving("C2", 0, LEFT)])]).await;
        assert_eq!(world.promised("P1").await, [("C1".to_owned(), 490_000)]);
        assert_eq!(world.promised("P2").await, [("C2".to_owned(), 420_000)]);
    });
}

#[test]
fn the_database_itself_keeps_what_was_promised_confirmed_and_paid() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.plan(sixty_percent(), &["P1"]).await;
        world.keep(&[changed("P1", 1, vec![leaving("C1", 0, LEFT)])]).await;
        let id = world.offered("P1").await.remove(0).offer_id;
        world.try_answer_offer(confirming(&id, 420_000, "")).await.unwrap();
        world.try_pay_offer(paid(&id, 420_000, "T-1")).await.unwrap();
        for sql in [
            "UPDATE offer SET promised_fen = 1, state = 'superseded', superseded_at = 1",
            "UPDATE offer SET state = 'offered'",
            "UPDATE offer SET paid_fen = 0, state = 'superseded', superseded_at = 1, paid_at = NULL",
            "UPDATE plan SET payer = 'other'",
            "UPDATE plan_member SET to_date = '2030-01-01'",
            "UPDATE offer_payment SET amount_fen = 1",
            "DELETE FROM offer_payment",
            "DELETE FROM offer",
            "DELETE FROM plan_joining",
        ] {
            let refused = world.database.transaction::<_, store::Error, _, _>(|tx| async move {
                let statement = Statement::from_string(tx.get_database_backend(), sql);
                tx.execute_raw(statement).await?;
                Ok(())
            });
            assert!(refused.await.is_err(), "{sql}");
        }
        assert_eq!(world.offered("P1").await.remove(0).paid_fen, 420_000);
    });
}

//! Account credits reach settlement once.

use ::pb::settlement::v1::MovementKind;
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, employee, eventually, fault, key, paid, payment, resident};

async fn credits(world: &World, undelivered: bool) -> Vec<pb::AccountCredit> {
    let request = pb::ListAccountCreditsRequest { undelivered, ..Default::default() };
    world.enrolments.clone().list_account_credits(request).await.unwrap().into_inner().credits
}

#[test]
fn a_credit_whose_answer_was_lost_is_sent_again_under_its_own_id_and_credited_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.accounts.lost.lock().unwrap() = 2;
        let person = world.person(1).await;
        let enrolment = world.enrol(&person, employee()).await;
        assert!(credits(&world, false).await.is_empty());
        let enrolment = paid(world.pay(&enrolment, "2021-11-15").await);
        // a failed delivery waits by the service's clock, which goes on a second with each look
        let delivered = || async {
            world.later(1);
            Some(credits(&world, true).await).filter(Vec::is_empty)
        };
        eventually(delivered).await;
        let known = credits(&world, false).await;
        assert_eq!((known.len(), known[0].delivered, known[0].cover_year), (1, true, 2022));
        assert_eq!((&known[0].enrolment_id, known[0].amount_fen), (&enrolment.enrolment_id, 120_000));
        assert_eq!(*world.accounts.calls.lock().unwrap(), 3);
        let sent = world.accounts.credits.lock().unwrap().clone();
        assert_eq!((sent.len(), sent[0].amount_fen, sent[0].kind()), (1, 120_000, MovementKind::Credit));
        assert_eq!((&sent[0].credit_id, &sent[0].idempotency_key), (&known[0].credit_id, &known[0].credit_id));
    });
}

#[test]
fn a_relatives_account_pays_a_residents_premium_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (owner, person) = (world.person(1).await, world.person(2).await);
        let enrolment = world.enrol(&person, resident()).await;
        let mut payment = payment(30_000, "2021-11-15", pb::PremiumSource::RelativeAccount);
        payment.owner_person_id = owner.clone();
        let request = pb::PayPremiumRequest {
            idempotency_key: key(),
            enrolment_id: enrolment.enrolment_id.clone(),
            payment: Some(payment),
        };
        let mut own = request.clone();
        own.payment.as_mut().unwrap().owner_person_id = person.clone();
        let own = world.enrolments.clone().pay_premium(own).await.unwrap_err();
        assert_eq!(fault(&own).0, "INVALID_FIELDS");
        let poor = world.enrolments.clone().pay_premium(request.clone()).await.unwrap_err();
        assert_eq!(fault(&poor).0, "BALANCE_TOO_LOW");
        *world.accounts.balance_fen.lock().unwrap() = 50_000;
        let answer = world.enrolments.clone().pay_premium(request.clone()).await.unwrap().into_inner();
        let again = world.enrolments.clone().pay_premium(request).await.unwrap().into_inner();
        assert_eq!(answer, again);
        assert_eq!(paid(answer).state(), pb::EnrolmentState::Active);
        assert_eq!(*world.accounts.balance_fen.lock().unwrap(), 20_000);
        let debits = world.accounts.debits.lock().unwrap().clone();
        assert_eq!((debits.len(), &debits[0].person_id, &debits[0].relative_person_id), (1, &owner, &person));
    });
}

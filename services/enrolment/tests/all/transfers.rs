//! Transfers out and in.

use ::pb::policy::v1::RefusalReason;
use ::pb::r#type::v1::EnrolHow;
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, covered, employee, eventually, fault, fields, key, paid, reasons, resident};

fn out(enrolment: &pb::Enrolment) -> pb::TransferOutRequest {
    pb::TransferOutRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        to_division: "990200".to_owned(),
        to_date: "2022-04-30".to_owned(),
    }
}

#[test]
fn a_transfer_carries_months_and_balance_and_leaves_no_gap_and_no_overlap() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.accounts.balance_fen.lock().unwrap() = 70_000;
        let person = world.person(1).await;
        let history = Some(pb::InsuranceHistory { carried_months: 20, ..Default::default() });
        let old = world.enrol(&person, pb::EnrolmentTerms { history, ..employee() }).await;
        let mut calls = world.transfers.clone();
        assert_eq!(fault(&calls.transfer_out(out(&old)).await.unwrap_err()).1["state"], "unpaid");
        let old = paid(world.pay(&old, "2021-11-15").await);
        world.noon("2022-04-20");
        let here = pb::TransferOutRequest { to_division: "990100".to_owned(), ..out(&old) };
        assert_eq!(fields(&calls.transfer_out(here).await.unwrap_err()), ["to_division"]);
        let begun = calls.transfer_out(out(&old)).await.unwrap().into_inner().transfer.unwrap();
        assert_eq!(begun.state(), pb::TransferState::InProgress);
        let done = || async {
            let request = pb::GetTransferRequest { transfer_id: begun.transfer_id.clone() };
            let found = world.transfers.clone().get_transfer(request).await.unwrap().into_inner().transfer.unwrap();
            (found.state() == pb::TransferState::Done).then_some(found)
        };
        let certificate = eventually(done).await.certificate.unwrap();
        // January to April here, 20 before
        assert_eq!((certificate.paid_months, certificate.unbroken_months), (24, 24));
        assert_eq!(certificate.account_fen, 70_000);
        assert_eq!(*world.accounts.balance_fen.lock().unwrap(), 0);

        let terms = pb::EnrolmentTerms { division: "990200".to_owned(), ..employee() };
        let ask = |certificate: &pb::TransferCertificate| pb::TransferInRequest {
            idempotency_key: key(),
            person_id: person.clone(),
            certificate: Some(certificate.clone()),
            terms: Some(terms.clone()),
        };
        let early = pb::TransferCertificate { to_date: "2022-03-31".to_owned(), ..certificate.clone() };
        let answer = calls.transfer_in(ask(&early)).await.unwrap().into_inner();
        let Some(pb::transfer_in_response::Outcome::Refused(refusal)) = answer.outcome else { panic!("overlap") };
        assert_eq!(reasons(&refusal), [RefusalReason::TwoSchemes]);
        let answer = calls.transfer_in(ask(&certificate)).await.unwrap().into_inner();
        let transfer = answer.transfer.unwrap();
        let Some(pb::transfer_in_response::Outcome::Enrolment(new)) = answer.outcome else { panic!("refused") };
        assert_eq!(new.terms.as_ref().unwrap().history.as_ref().unwrap().carried_months, 24);
        let new = paid(world.pay(&new, "2022-04-20").await);
        assert_eq!(covered(&new), ("2022-05-01".to_owned(), "2022-12-31".to_owned()));
        let done = || async {
            let request = pb::GetTransferRequest { transfer_id: transfer.transfer_id.clone() };
            let found = world.transfers.clone().get_transfer(request).await.unwrap().into_inner().transfer.unwrap();
            (found.state() == pb::TransferState::Done).then_some(())
        };
        eventually(done).await;
        let sent = world.accounts.credits.lock().unwrap().clone();
        assert!(sent.iter().any(|credit| credit.amount_fen == 70_000));

        let other = world.person(2).await;
        let again = pb::TransferInRequest { person_id: other, ..ask(&certificate) };
        assert_eq!(fault(&calls.transfer_in(again).await.unwrap_err()).1["kind"], "certificate");
    });
}

#[test]
fn a_resident_takes_no_account_along() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, enrolment) = world.resident(1).await;
        let transfer = world.transfers.clone().transfer_out(out(&enrolment)).await.unwrap().into_inner().transfer;
        let transfer = transfer.unwrap();
        assert_eq!(transfer.state(), pb::TransferState::Done);
        let certificate = transfer.certificate.unwrap();
        assert_eq!((certificate.paid_months, certificate.account_fen), (4, 0));
        let other = world.person(2).await;
        let terms = pb::EnrolmentTerms { how: EnrolHow::CentralPeriod.into(), ..resident() };
        let request = pb::TransferInRequest {
            idempotency_key: key(),
            person_id: other,
            certificate: Some(certificate),
            terms: Some(terms),
        };
        let status = world.transfers.clone().transfer_in(request).await.unwrap_err();
        assert_eq!(fields(&status), ["terms.division"]);
    });
}

//! Transfers out and in.

use ::pb::policy::v1::RefusalReason;
use ::pb::r#type::v1::{EnrolHow, PersonGroup, Scheme};
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, covered, employee, eventually, fault, fields, key, paid, reasons, resident};

pub(crate) fn out(enrolment: &pb::Enrolment) -> pb::TransferOutRequest {
    pb::TransferOutRequest {
        idempotency_key: key(),
        enrolment_id: enrolment.enrolment_id.clone(),
        to_division: "990200".to_owned(),
        to_date: "2022-04-30".to_owned(),
    }
}

/// Asks to take a person in.
pub(crate) fn taking(
    person: &str,
    certificate: &pb::TransferCertificate,
    terms: &pb::EnrolmentTerms,
) -> pb::TransferInRequest {
    pb::TransferInRequest {
        idempotency_key: key(),
        person_id: person.to_owned(),
        certificate: Some(certificate.clone()),
        terms: Some(terms.clone()),
        confirmed_by: None,
    }
}

/// The same, confirmed by an officer.
pub(crate) fn confirmed(request: pb::TransferInRequest) -> pb::TransferInRequest {
    let officer = pb::TransferConfirmation { operator_id: "officer".to_owned(), reference: "letter 7".to_owned() };
    pb::TransferInRequest { confirmed_by: Some(officer), ..request }
}

/// A certificate of a place that has no packs here, with a balance of 500 yuan.
pub(crate) fn elsewhere(number: &str) -> pb::TransferCertificate {
    pb::TransferCertificate {
        certificate_id: number.to_owned(),
        person_id: "their-number".to_owned(),
        from_division: "880100".to_owned(),
        to_division: "990200".to_owned(),
        scheme: Scheme::Employee.into(),
        to_date: "2021-11-30".to_owned(),
        paid_months: 10,
        unbroken_months: 4,
        account_fen: 50_000,
        issued_at: Some(prost_types::Timestamp { seconds: 1_636_000_000, nanos: 0 }),
    }
}

/// Terms of an employee of 990200.
fn over_there() -> pb::EnrolmentTerms {
    pb::EnrolmentTerms { division: "990200".to_owned(), ..employee() }
}

async fn transfer_of(world: &World, id: &str) -> pb::Transfer {
    let request = pb::GetTransferRequest { transfer_id: id.to_owned() };
    world.transfers.clone().get_transfer(request).await.unwrap().into_inner().transfer.unwrap()
}

#[test]
fn a_certificate_that_was_issued_here_is_believed_only_as_it_was_issued() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.accounts.balance_fen.lock().unwrap() = 70_000;
        let person = world.person(1).await;
        let old = world.enrol(&person, employee()).await;
        let old = paid(world.pay(&old, "2021-11-15").await);
        world.noon("2022-04-20");
        let mut calls = world.transfers.clone();
        let begun = calls.transfer_out(out(&old)).await.unwrap().into_inner().transfer.unwrap();
        let done = || async {
            let found = transfer_of(&world, &begun.transfer_id).await;
            (found.state() == pb::TransferState::Done).then_some(found)
        };
        let issued = eventually(done).await.certificate.unwrap();
        let mut edited: Vec<(&str, pb::TransferCertificate)> = vec![("certificate.account_fen", issued.clone()); 9];
        edited[0].1.account_fen += 1;
        edited[1] = ("certificate.paid_months", pb::TransferCertificate { paid_months: 600, ..issued.clone() });
        edited[2] = ("certificate.unbroken_months", pb::TransferCertificate { unbroken_months: 1, ..issued.clone() });
        edited[3] = ("certificate.to_date", pb::TransferCertificate { to_date: "2022-01-31".into(), ..issued.clone() });
        edited[4] = ("certificate.person_id", pb::TransferCertificate { person_id: "x".into(), ..issued.clone() });
        // a place that is not served here is no way round what is on the books here
        edited[5] =
            ("certificate.from_division", pb::TransferCertificate { from_division: "880100".into(), ..issued.clone() });
        edited[6] =
            ("certificate.certificate_id", pb::TransferCertificate { certificate_id: "x".into(), ..issued.clone() });
        let later = prost_types::Timestamp { seconds: 1_636_000_000, nanos: 0 };
        edited[7] = ("certificate.issued_at", pb::TransferCertificate { issued_at: Some(later), ..issued.clone() });
        edited[8] = ("person_id", issued.clone());
        let other = world.person(2).await;
        for (field, certificate) in edited {
            let who = if field == "person_id" { &other } else { &person };
            let request = confirmed(taking(who, &certificate, &over_there()));
            assert_eq!(fields(&calls.transfer_in(request).await.unwrap_err()), [field]);
        }
        let ask = || taking(&person, &issued, &over_there());
        let answer = calls.transfer_in(ask()).await.unwrap().into_inner();
        assert!(answer.transfer.unwrap().confirmed_by.is_none());
        assert_eq!(fault(&calls.transfer_in(ask()).await.unwrap_err()).1["kind"], "certificate");
    });
}

#[test]
fn a_certificate_from_elsewhere_needs_an_officer_who_checked_the_contact_letter() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let mut calls = world.transfers.clone();
        let ask = taking(&person, &elsewhere("L1"), &over_there());
        assert_eq!(fields(&calls.transfer_in(ask.clone()).await.unwrap_err()), ["confirmed_by"]);
        let empty = pb::TransferInRequest { confirmed_by: Some(Default::default()), ..ask.clone() };
        let expected = ["confirmed_by.operator_id", "confirmed_by.reference"];
        assert_eq!(fields(&calls.transfer_in(empty).await.unwrap_err()), expected);
        let transfer = calls.transfer_in(confirmed(ask)).await.unwrap().into_inner().transfer.unwrap();
        let kept = transfer_of(&world, &transfer.transfer_id).await;
        assert_eq!((&kept, kept.confirmed_by.as_ref().unwrap().reference.as_str()), (&transfer, "letter 7"));
    });
}

#[test]
fn all_that_is_wrong_with_a_certificate_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let wrong = pb::TransferCertificate {
            scheme: Scheme::Resident.into(),
            paid_months: 5,
            unbroken_months: 7,
            account_fen: 100,
            issued_at: Some(prost_types::Timestamp { seconds: 4_070_908_800, nanos: 0 }),
            ..elsewhere("L1")
        };
        // 990100 is not the place the certificate is for
        let request = confirmed(taking(&person, &wrong, &resident()));
        let status = world.transfers.clone().transfer_in(request).await.unwrap_err();
        let expected =
            ["certificate.account_fen", "certificate.issued_at", "certificate.paid_months", "terms.division"];
        assert_eq!(fields(&status), expected);
    });
}

#[test]
fn a_certificate_is_the_same_however_its_number_is_written_and_comes_from_another_area() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut calls = world.transfers.clone();
        let (one, two) = (world.person(1).await, world.person(2).await);
        calls.transfer_in(confirmed(taking(&one, &elsewhere("GX-2021-0001"), &over_there()))).await.unwrap();
        for written in ["gx-2021-0001", "GX20210001", "GX 2021 0001", "ＧＸ－２０２１－０００１"] {
            let again =
                calls.transfer_in(confirmed(taking(&two, &elsewhere(written), &over_there()))).await.unwrap_err();
            let (reason, metadata) = fault(&again);
            assert_eq!((reason.as_str(), metadata["kind"].as_str()), ("DUPLICATE", "certificate"), "{written}");
        }
        // above, below and the place itself are no other pooling area; nor is what no division can have as its code
        for (from, to) in [("990000", "990200"), ("990201", "990200"), ("990200", "990200"), ("990001", "990200")] {
            let certificate = pb::TransferCertificate {
                from_division: from.to_owned(),
                to_division: to.to_owned(),
                ..elsewhere("L7")
            };
            let status = calls.transfer_in(confirmed(taking(&two, &certificate, &over_there()))).await.unwrap_err();
            assert!(fields(&status).contains(&"certificate.from_division".to_owned()), "{from}: {status:?}");
        }
        // residents have no account, whatever an officer says
        let terms =
            pb::EnrolmentTerms { division: "990200".to_owned(), how: EnrolHow::AfterResident.into(), ..resident() };
        let certificate = pb::TransferCertificate { scheme: Scheme::Resident.into(), ..elsewhere("L8") };
        let status = calls.transfer_in(confirmed(taking(&two, &certificate, &terms))).await.unwrap_err();
        assert_eq!(fields(&status), ["certificate.account_fen"]);
    });
}

#[test]
fn a_balance_brought_along_is_credited_when_an_enrolment_is_paid_and_not_before() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let mut calls = world.transfers.clone();
        let answer = calls.transfer_in(confirmed(taking(&person, &elsewhere("L1"), &over_there()))).await;
        let answer = answer.unwrap().into_inner();
        let Some(pb::transfer_in_response::Outcome::Enrolment(unpaid)) = answer.outcome else { panic!("refused") };
        let transfer = answer.transfer.unwrap();
        let credits = || async {
            let request = pb::ListAccountCreditsRequest { person_id: person.clone(), ..Default::default() };
            let found = world.enrolments.clone().list_account_credits(request).await.unwrap().into_inner().credits;
            found.into_iter().map(|credit| credit.amount_fen).collect::<Vec<_>>()
        };
        assert_eq!((credits().await, transfer.state()), (vec![], pb::TransferState::InProgress));
        // the enrolment ends unpaid: the balance waits for the next one
        let end = pb::EndEnrolmentRequest {
            idempotency_key: key(),
            enrolment_id: unpaid.enrolment_id.clone(),
            to_date: "2021-12-31".to_owned(),
            reason: pb::EndReason::Wish.into(),
        };
        world.enrolments.clone().end_enrolment(end).await.unwrap();
        let next = world.enrol(&person, over_there()).await;
        assert!(credits().await.is_empty());
        paid(world.pay(&next, "2021-11-15").await);
        // 500 yuan brought along, 2 % of 60,000 yuan for the year
        let mut found = credits().await;
        found.sort_unstable();
        assert_eq!(found, [50_000, 120_000]);
        let done = || async {
            (transfer_of(&world, &transfer.transfer_id).await.state() == pb::TransferState::Done).then_some(())
        };
        eventually(done).await;
        // who has nothing to pay has the balance at once
        let retired = world.person(2).await;
        let terms = pb::EnrolmentTerms { group: PersonGroup::Retired.into(), premium_base_fen: 0, ..over_there() };
        calls.transfer_in(confirmed(taking(&retired, &elsewhere("L2"), &terms))).await.unwrap();
        let sent = || async {
            let sent = world.accounts.credits.lock().unwrap();
            sent.iter().any(|one| one.person_id == retired && one.amount_fen == 50_000).then_some(())
        };
        eventually(sent).await;
    });
}

#[test]
fn of_two_who_take_one_certificate_in_at_once_one_wins() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (one, two) = (world.person(1).await, world.person(2).await);
        let ask = |person: &str| {
            let (mut calls, request) =
                (world.transfers.clone(), confirmed(taking(person, &elsewhere("L1"), &over_there())));
            async move { calls.transfer_in(request).await }
        };
        let (first, second, again) = tokio::join!(ask(&one), ask(&two), ask(&one));
        let answers = [first, second, again];
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for status in answers.into_iter().filter_map(Result::err) {
            let (reason, metadata) = fault(&status);
            assert_eq!((reason.as_str(), metadata["kind"].as_str()), ("DUPLICATE", "certificate"));
        }
        let request = pb::ListEnrolmentsRequest { division: "990200".to_owned(), ..Default::default() };
        let list = world.enrolments.clone().list_enrolments(request).await.unwrap().into_inner();
        assert_eq!(list.enrolments.len(), 1);
    });
}

#[test]
fn a_transfer_goes_to_another_pooling_area_only() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (_, enrolment) = world.resident(1).await;
        let mut calls = world.transfers.clone();
        // itself, above and below it by the packs and by the code, and what no district's code looks like
        for wrong in ["990100", "990000", "990101", "990177", "880011", "88", ""] {
            let request = pb::TransferOutRequest { to_division: wrong.to_owned(), ..out(&enrolment) };
            assert_eq!(fields(&calls.transfer_out(request).await.unwrap_err()), ["to_division"], "{wrong}");
        }
        let request = pb::TransferOutRequest { to_division: "880123".to_owned(), ..out(&enrolment) };
        calls.transfer_out(request).await.unwrap();
    });
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
        let ask = |certificate: &pb::TransferCertificate| taking(&person, certificate, &terms);
        let early = pb::TransferCertificate { to_date: "2022-03-31".to_owned(), ..elsewhere("L1") };
        let answer = calls.transfer_in(confirmed(ask(&early))).await.unwrap().into_inner();
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
        let status = world.transfers.clone().transfer_in(taking(&other, &certificate, &terms)).await.unwrap_err();
        // back to where the certificate is from is no transfer
        assert_eq!(fields(&status), ["certificate.from_division", "person_id", "terms.division"]);
    });
}

fn mistake(enrolment: &pb::Enrolment) -> pb::EndEnrolmentRequest {
    crate::mistakes::end(enrolment, "", pb::EndReason::Mistake)
}

async fn taken_in(world: &World, request: pb::TransferInRequest) -> (pb::Enrolment, pb::Transfer) {
    let answer = world.transfers.clone().transfer_in(request).await.unwrap().into_inner();
    match answer.outcome {
        Some(pb::transfer_in_response::Outcome::Enrolment(enrolment)) => (enrolment, answer.transfer.unwrap()),
        other => panic!("not taken in: {other:?}"),
    }
}

#[test]
fn a_transfer_in_that_was_a_mistake_frees_the_certificate_and_takes_the_balance_back() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (one, two) = (world.person(1).await, world.person(2).await);
        let ask = |person: &str| confirmed(taking(person, &elsewhere("L1"), &over_there()));
        let (unpaid, transfer) = taken_in(&world, ask(&one)).await;
        let wrong = paid(world.pay(&unpaid, "2021-11-15").await);
        let state = |wanted: pb::TransferState| {
            let (world, id) = (&world, &transfer.transfer_id);
            move || async move { (transfer_of(world, id).await.state() == wanted).then_some(()) }
        };
        eventually(state(pb::TransferState::Done)).await;
        let answer = world.enrolments.clone().end_enrolment(mistake(&wrong)).await.unwrap().into_inner();
        let mut back: Vec<i64> = answer.taken_back.iter().map(|credit| credit.amount_fen).collect();
        back.sort_unstable();
        assert_eq!(back, [50_000, 120_000]);
        assert_eq!(transfer_of(&world, &transfer.transfer_id).await.state(), pb::TransferState::Undone);
        let sent = || async {
            world.later(1);
            let debits = world.accounts.debits.lock().unwrap();
            let told = |debit: &::pb::settlement::v1::DebitAccountRequest| {
                (debit.amount_fen, debit.division.clone(), debit.payer.clone(), debit.brought_in)
            };
            (debits.len() == 2).then(|| debits.iter().map(told).collect::<Vec<_>>())
        };
        let mut sent = eventually(sent).await;
        sent.sort_unstable();
        let expected = [(50_000, "", true), (120_000, "pool", false)];
        assert_eq!(sent, expected.map(|(fen, payer, is_in)| (fen, "990200".to_owned(), payer.to_owned(), is_in)));
        // the right person takes it in, and once more nobody
        let (right, transfer) = taken_in(&world, ask(&two)).await;
        assert_eq!(transfer.certificate.unwrap().certificate_id, "L1");
        paid(world.pay(&right, "2021-11-15").await);
        let again = world.transfers.clone().transfer_in(ask(&one)).await.unwrap_err();
        assert_eq!(fault(&again).1["kind"], "certificate");
        let credited = || async {
            let credits = world.accounts.credits.lock().unwrap();
            credits.iter().any(|credit| credit.person_id == two && credit.amount_fen == 50_000).then_some(())
        };
        eventually(credited).await;
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn a_transfer_in_that_was_a_mistake_and_was_never_paid_brings_no_balance_to_the_next_enrolment() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let (wrong, _) = taken_in(&world, confirmed(taking(&person, &elsewhere("L1"), &over_there()))).await;
        world.enrolments.clone().end_enrolment(mistake(&wrong)).await.unwrap();
        let next = world.enrol(&person, over_there()).await;
        paid(world.pay(&next, "2021-11-15").await);
        let request = pb::ListAccountCreditsRequest { person_id: person.clone(), ..Default::default() };
        let found = world.enrolments.clone().list_account_credits(request).await.unwrap().into_inner().credits;
        assert_eq!(found.iter().map(|credit| credit.amount_fen).collect::<Vec<_>>(), [120_000]);
    });
}

/// A year's employees of both places: people and premiums in all, and the people of each place.
async fn counted(world: &World) -> (u64, i64, Vec<(String, u64)>) {
    let request = pb::GetFundingReportRequest {
        division: "990000".to_owned(),
        scheme: Scheme::Employee.into(),
        cover_year: 2022,
        known_at: None,
    };
    let report = world.reports.clone().get_funding_report(request).await.unwrap().into_inner();
    let of = |one: &pb::DivisionFunding| (one.division.clone(), one.funding.unwrap().people);
    let total = report.total.unwrap();
    (total.people, total.employee_fen, report.divisions.iter().map(of).collect())
}

async fn moves(world: &World, person: &str, last: &str) -> (pb::TransferOutResponse, pb::Enrolment) {
    let old = world.enrol(person, employee()).await;
    let old = paid(world.pay(&old, "2021-11-15").await);
    let request = pb::TransferOutRequest { to_date: last.to_owned(), ..out(&old) };
    let answer = world.transfers.clone().transfer_out(request).await.unwrap().into_inner();
    let id = answer.transfer.as_ref().unwrap().transfer_id.clone();
    let done = || async {
        world.later(1);
        let found = transfer_of(world, &id).await;
        (found.state() == pb::TransferState::Done).then_some(found)
    };
    let certificate = eventually(done).await.certificate.unwrap();
    let (new, _) = taken_in(world, taking(person, &certificate, &over_there())).await;
    (answer, paid(world.pay(&new, "2021-11-15").await))
}

#[test]
fn who_moves_before_the_cover_begins_owed_nothing_in_the_place_that_is_left() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let (answer, _) = moves(&world, &person, "2021-12-31").await;
        let kinds: Vec<&str> = answer.entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["reversal", "owed_back"]);
        assert_eq!(answer.transfer.unwrap().certificate.unwrap().paid_months, 0);
        assert_eq!(counted(&world).await, (1, 120_000, vec![("990200".to_owned(), 1)]));
        let back: Vec<i64> = world.accounts.debits.lock().unwrap().iter().map(|debit| debit.amount_fen).collect();
        assert_eq!(back, [120_000], "what was credited for the year");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

#[test]
fn who_moves_within_the_year_is_one_person_of_the_place_gone_to() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let (answer, _) = moves(&world, &person, "2022-04-30").await;
        assert!(answer.entries.is_empty());
        let places = vec![("990100".to_owned(), 0), ("990200".to_owned(), 1)];
        assert_eq!(counted(&world).await, (1, 240_000, places), "both premiums came in");
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
    });
}

/// Transfers a person out with a day, and gives the certificate's months: paid for in all, and of them without a break.
async fn months(
    world: &World,
    enrolment: &pb::Enrolment,
    to: &str,
    day: &str,
) -> (pb::TransferCertificate, (u32, u32)) {
    let request = pb::TransferOutRequest { to_division: to.to_owned(), to_date: day.to_owned(), ..out(enrolment) };
    let begun = world.transfers.clone().transfer_out(request).await.unwrap().into_inner().transfer.unwrap();
    let certificate = begun.certificate.unwrap();
    let counted = (certificate.paid_months, certificate.unbroken_months);
    (certificate, counted)
}

async fn comes(world: &World, person: &str, certificate: &pb::TransferCertificate, to: &str) -> pb::Enrolment {
    world.noon(&certificate.to_date);
    let how = EnrolHow::AfterResident.into();
    let terms = pb::EnrolmentTerms { division: to.to_owned(), how, ..resident() };
    let answer = world.transfers.clone().transfer_in(confirmed(taking(person, certificate, &terms))).await;
    let answer = answer.unwrap().into_inner();
    let Some(pb::transfer_in_response::Outcome::Enrolment(new)) = answer.outcome else { panic!("refused") };
    // who comes back within the year has paid
    if new.premium_enrolment_id.is_empty() { paid(world.pay(&new, &certificate.to_date).await) } else { new }
}

#[test]
fn months_on_the_books_here_are_counted_once_however_often_a_person_moves() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        world.noon("2022-05-20");
        let (certificate, counted) = months(&world, &first, "990200", "2022-05-31").await;
        assert_eq!(counted, (5, 5), "January to May");
        let second = comes(&world, &person, &certificate, "990200").await;
        world.noon("2022-08-20");
        let (certificate, counted) = months(&world, &second, "990100", "2022-08-31").await;
        assert_eq!(counted, (8, 8), "and June to August");
        let third = comes(&world, &person, &certificate, "990100").await;
        world.noon("2022-10-20");
        let (_, counted) = months(&world, &third, "990200", "2022-10-31").await;
        assert_eq!(counted, (10, 10), "and September to October");
    });
}

#[test]
fn a_certificate_from_elsewhere_counts_the_months_before_it_and_keeps_their_break() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        world.noon("2022-05-20");
        let (issued, _) = months(&world, &first, "880100", "2022-05-31").await;
        // insured there in July and August alone: seven months in all, two of them without a break
        let theirs = pb::TransferCertificate {
            scheme: issued.scheme,
            to_date: "2022-08-31".to_owned(),
            paid_months: 7,
            unbroken_months: 2,
            account_fen: 0,
            ..elsewhere("L9")
        };
        let second = comes(&world, &person, &theirs, "990200").await;
        world.noon("2022-10-20");
        let (_, counted) = months(&world, &second, "990100", "2022-10-31").await;
        assert_eq!(counted, (9, 4), "seven and two; two and two");
    });
}

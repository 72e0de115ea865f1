//! Filings of the place of insurance, and the bills that are decided under them.

use ::pb::policy::v1::{Bill, RefusalReason};
use ::pb::settlement::v1::Evidence;
use ::pb::r#type::v1::Filing;
use chrono::{Days, Months, NaiveDate};
use host::{Clock as _, SystemClock, china_day};
use pb::cross_province::v1 as pb;
use pb::{FileRequest, FilingAct, FilingChannel, FilingRecord, file_response, settle_bill_response};
use prost::Message as _;
use testkit::on_both;
use tonic_types::StatusExt as _;
use wire::crossing::Body;

use crate::believed::{Speaker, prepare, sends};
use crate::pair::{CARE, Lines, Pair, asks, asks_for, filing_packs, visit};
use crate::thin::{is_even, reason};

fn today() -> NaiveDate {
    china_day(SystemClock.now())
}

fn in_days(days: u64) -> String {
    today().checked_add_days(Days::new(days)).unwrap().to_string()
}

/// The last of six months that begin today.
fn last_day() -> String {
    let end = today().checked_add_months(Months::new(6)).unwrap();
    end.pred_opt().unwrap().to_string()
}

fn asked(key: &str, person: &str, kind: Filing) -> FileRequest {
    FileRequest {
        idempotency_key: key.to_owned(),
        person_id: person.to_owned(),
        kind: kind.into(),
        destination_division: CARE.to_owned(),
        operator_id: "officer".to_owned(),
        channel: FilingChannel::App.into(),
        ..FileRequest::default()
    }
}

fn proof(kind: &str) -> Evidence {
    Evidence { kind: kind.to_owned(), reference: "box 7".to_owned(), sha256: "0".repeat(64) }
}

async fn opened(url: &str) -> Pair {
    Pair::under(url, Lines::Plain, filing_packs(true)).await
}

async fn files(pair: &Pair, request: FileRequest) -> FilingRecord {
    match pair.filings().file(request).await.expect("answered").into_inner().outcome {
        Some(file_response::Outcome::Filed(filed)) => filed,
        other => panic!("not filed: {other:?}"),
    }
}

/// Causes with their clauses.
fn said(refused: &pb::FilingRefused) -> Vec<(RefusalReason, Vec<String>)> {
    assert_eq!(refused.policy_version.len(), 64);
    let refusal = refused.refusal.as_ref().unwrap();
    refusal.causes.iter().map(|cause| (cause.reason(), cause.cite.clone())).collect()
}

/// A stay that is settled on its last day: 1,300.00 within scope.
fn stay(id: &str) -> Bill {
    let from_date = today().checked_sub_days(Days::new(5)).unwrap().to_string();
    Bill { from_date, to_date: in_days(0), ..visit(id, 130_000) }
}

/// What is owed and paid in cash of a bill, in fen.
async fn settles(pair: &Pair, person: &str, key: &str, bill: Bill) -> (i64, i64) {
    let answer = pair.hospital().settle_bill(asks_for(person, key, bill)).await.expect("answered").into_inner();
    match answer.outcome {
        Some(settle_bill_response::Outcome::Settled(bill)) => (bill.owed_fen, bill.cash_fen),
        other => panic!("not settled: {other:?}"),
    }
}

// 1,300.00 within scope, 300.00 deductible a year, 80 % of the rest. Unfiled: 40 % of 1,300.00 = 520.00 first; of 780.00 less 300.00
// 80 % = 384.00. Temporary or emergency: 130.00 first; of 1,170.00 less 300.00 80 % = 696.00. Long-term: 80 % of 1,000.00 = 800.00.
const UNFILED: (i64, i64) = (38_400, 91_600);
const AWAY: (i64, i64) = (69_600, 60_400);
const AT_HOME: (i64, i64) = (80_000, 50_000);

#[test]
fn a_bill_is_decided_under_the_filing_that_counts() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        assert_eq!(settles(&pair, "p0", "K0", stay("B0")).await, UNFILED);
        // filed during the stay, and before it is settled
        let filed = files(&pair, asked("F1", "p1", Filing::Temporary)).await;
        assert_eq!((filed.from_date.as_str(), filed.to_date), (in_days(0).as_str(), last_day()));
        assert_eq!(settles(&pair, "p1", "K1", stay("B1")).await, AWAY);
        let kept = "SELECT COUNT(*) AS n FROM filing_version";
        assert_eq!(Pair::count(&pair.insured.database, kept).await, 1);
        // both: the long-term one counts
        files(&pair, asked("F2", "p2", Filing::Temporary)).await;
        let long = FileRequest { promise: true, ..asked("F3", "p2", Filing::LongTerm) };
        files(&pair, long).await;
        assert_eq!(settles(&pair, "p2", "K2", stay("B2")).await, AT_HOME);
        // an emergency counts as filed
        let emergency = asks("K3", stay("B3"));
        let answer = pair.hospital().settle_bill(emergency).await.expect("answered").into_inner();
        let Some(settle_bill_response::Outcome::Settled(bill)) = answer.outcome else { panic!("not settled") };
        assert_eq!((bill.owed_fen, bill.cash_fen), AWAY);
        // to another province, and from tomorrow on
        let elsewhere = "970000".to_owned();
        files(&pair, FileRequest { destination_division: elsewhere, ..asked("F4", "p4", Filing::Temporary) }).await;
        files(&pair, FileRequest { from_date: in_days(1), ..asked("F5", "p4", Filing::Temporary) }).await;
        assert_eq!(settles(&pair, "p4", "K4", stay("B4")).await, UNFILED);
        is_even(&pair).await;
    });
}

#[test]
fn what_is_filed_after_the_settlement_changes_nothing_of_it() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        assert_eq!(settles(&pair, "p", "K1", stay("B1")).await, UNFILED);
        files(&pair, asked("F1", "p", Filing::Temporary)).await;
        assert_eq!(settles(&pair, "p", "K1", stay("B1")).await, UNFILED);
        let offers = "SELECT COUNT(*) AS n FROM claim WHERE state <> 'reversed'";
        assert_eq!(Pair::count(&pair.settlement, offers).await, 1);
        // the next one: 130.00 first, the deductible was paid: 80 % of 1,170.00
        assert_eq!(settles(&pair, "p", "K2", stay("B2")).await, (93_600, 36_400));
        is_even(&pair).await;
    });
}

#[test]
fn a_bill_stays_filed_as_it_was_offered_however_often_it_is_offered_anew() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let mut speaker = Speaker::new();
        let mut says = async |body: Body| {
            let answer = sends(&pair, &speaker.says(&body)).await.expect("an answer");
            (answer.kind(), answer.body)
        };
        let of = |bill: &str| pb::Prepare { bill: Some(stay(bill)), emergency: false, ..prepare(&bill.repeat(32)) };
        let confirm = |bill: &str| pb::Confirm { bill_id: bill.repeat(32), step: 2, round: 1 };
        let offered = |bytes: Vec<u8>| pb::Offered::decode(bytes.as_slice()).unwrap();
        let first = offered(says(of("a").into()).await.1);
        assert_eq!((first.filing(), first.owed_fen, first.cash_fen), (Filing::Unfiled, UNFILED.0, UNFILED.1));
        let filed = files(&pair, asked("F1", "p", Filing::Temporary)).await;
        // another bill is settled first, and uses up the deductible
        let second = offered(says(of("b").into()).await.1);
        let terms = (second.filing(), second.filing_id, second.owed_fen);
        assert_eq!(terms, (Filing::Temporary, filed.filing_id, AWAY.0));
        assert_eq!(says(confirm("b").into()).await.0, pb::BodyKind::Confirmed);
        let (kind, bytes) = says(confirm("a").into()).await;
        assert_eq!(kind, pb::BodyKind::Offered);
        // 520.00 first as before, no deductible any more: 80 % of 780.00
        let anew = offered(bytes);
        let terms = (anew.round, anew.filing(), anew.filing_id.as_str(), anew.owed_fen, anew.cash_fen);
        assert_eq!(terms, (2, Filing::Unfiled, "", 62_400, 67_600));
    });
}

#[test]
fn who_has_not_filed_is_refused_with_the_clause_where_the_packs_say_so() {
    on_both(|url| async move {
        let pair = Pair::under(&url, Lines::Plain, filing_packs(false)).await;
        let answer = pair.hospital().settle_bill(asks_for("p", "K1", stay("B1"))).await.expect("answered").into_inner();
        let Some(settle_bill_response::Outcome::NotSettled(no)) = answer.outcome else { panic!("settled") };
        assert_eq!(no.why(), pb::NotSettledWhy::Refused);
        let refusal = no.refusal.unwrap();
        assert_eq!(refusal.causes.len(), 1);
        assert_eq!(
            (refusal.causes[0].reason(), refusal.causes[0].cite.clone()),
            (RefusalReason::NotFiled, vec!["EX-1".to_owned()])
        );
        assert!(no.advice.contains("claim at home"), "{}", no.advice);
        assert_eq!(Pair::count(&pair.settlement, "SELECT COUNT(*) AS n FROM claim").await, 0);
        files(&pair, asked("F1", "p", Filing::Temporary)).await;
        assert_eq!(settles(&pair, "p", "K2", stay("B1")).await, AWAY);
        is_even(&pair).await;
    });
}

#[test]
fn a_filing_is_changed_and_cancelled_and_every_version_stays() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let filed = files(&pair, asked("F1", "p", Filing::Temporary)).await;
        let change = |key: &str, destination: &str, to: &str| pb::ChangeFilingRequest {
            idempotency_key: key.to_owned(),
            filing_id: filed.filing_id.clone(),
            destination_division: destination.to_owned(),
            to_date: to.to_owned(),
            reason: "moves on".to_owned(),
            operator_id: "officer".to_owned(),
        };
        let asks = async |request| pair.filings().change_filing(request).await.expect("answered").into_inner().outcome;
        let too_long = today().checked_add_months(Months::new(6)).unwrap().to_string();
        let Some(pb::change_filing_response::Outcome::Refused(no)) = asks(change("C1", "", &too_long)).await else {
            panic!("changed")
        };
        assert_eq!(said(&no), [(RefusalReason::FilingTooLong, vec!["EX-1".to_owned()])]);
        // the key of what was refused is free
        let moved = asks(change("C1", "970000", "")).await;
        let Some(pb::change_filing_response::Outcome::Changed(moved)) = moved else { panic!("{moved:?}") };
        assert_eq!((moved.destination_division.as_str(), moved.to_date.clone()), ("970000", last_day()));
        // the province of care is no longer held
        assert_eq!(settles(&pair, "p", "K1", stay("B1")).await, UNFILED);
        let cancel = pb::CancelFilingRequest {
            idempotency_key: "X1".to_owned(),
            filing_id: filed.filing_id.clone(),
            reason: "came home".to_owned(),
            operator_id: "officer".to_owned(),
        };
        let gone = pair.filings().cancel_filing(cancel.clone()).await.expect("answered").into_inner().outcome;
        let Some(pb::cancel_filing_response::Outcome::Cancelled(gone)) = gone else { panic!("{gone:?}") };
        assert_eq!((gone.cancelled, gone.to_date.clone()), (true, in_days(0)));
        let acts: Vec<FilingAct> = gone.versions.iter().map(pb::FilingVersion::act).collect();
        assert_eq!(acts, [FilingAct::Filed, FilingAct::Changed, FilingAct::Cancelled]);
        let places: Vec<&str> = gone.versions.iter().map(|version| version.destination_division.as_str()).collect();
        assert_eq!(places, [CARE, "970000", "970000"]);
        let again = pair.filings().cancel_filing(cancel.clone()).await.expect("the same").into_inner().outcome;
        assert_eq!(again, Some(pb::cancel_filing_response::Outcome::Cancelled(gone.clone())));
        // what the first call got, it gets again
        assert_eq!(files(&pair, asked("F1", "p", Filing::Temporary)).await, filed);
        let other = pb::CancelFilingRequest { idempotency_key: "X2".to_owned(), ..cancel };
        let twice = pair.filings().cancel_filing(other).await.expect_err("cancelled");
        assert_eq!(reason(&twice), "WRONG_STATE");
        let get = pb::GetFilingRequest { filing_id: filed.filing_id.clone() };
        assert_eq!(pair.filings().get_filing(get).await.unwrap().into_inner().filing, Some(gone));
        let nowhere = pb::GetFilingRequest { filing_id: "none".to_owned() };
        assert_eq!(reason(&pair.filings().get_filing(nowhere).await.expect_err("unknown")), "NOT_FOUND");
    });
}

#[test]
fn a_filing_that_has_not_begun_and_is_cancelled_never_holds() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let tomorrow = FileRequest { from_date: in_days(1), ..asked("F1", "p", Filing::Temporary) };
        let filed = files(&pair, tomorrow.clone()).await;
        let cancel = pb::CancelFilingRequest {
            idempotency_key: "X1".to_owned(),
            filing_id: filed.filing_id,
            reason: "stays at home".to_owned(),
            operator_id: "officer".to_owned(),
        };
        let gone = pair.filings().cancel_filing(cancel).await.expect("answered").into_inner().outcome;
        let Some(pb::cancel_filing_response::Outcome::Cancelled(gone)) = gone else { panic!("{gone:?}") };
        assert_eq!((gone.from_date, gone.to_date), (in_days(1), in_days(0)));
        // so the same days may be filed again
        files(&pair, FileRequest { idempotency_key: "F2".to_owned(), ..tomorrow }).await;
    });
}

#[test]
fn a_long_term_filing_is_locked_and_its_promise_is_made_good() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let missing = pair.filings().file(asked("F1", "p", Filing::LongTerm)).await.expect("answered").into_inner();
        let Some(file_response::Outcome::Refused(no)) = missing.outcome else { panic!("filed") };
        assert_eq!(said(&no), [(RefusalReason::DocumentMissing, vec!["EX-1".to_owned()])]);
        let filed = files(&pair, FileRequest { promise: true, ..asked("F1", "p", Filing::LongTerm) }).await;
        assert_eq!((filed.missing_documents.clone(), filed.to_date.as_str()), (vec!["residence_proof".to_owned()], ""));
        let change = pb::ChangeFilingRequest {
            idempotency_key: "C1".to_owned(),
            filing_id: filed.filing_id.clone(),
            destination_division: "970000".to_owned(),
            reason: "moves on".to_owned(),
            operator_id: "officer".to_owned(),
            ..pb::ChangeFilingRequest::default()
        };
        let locked = pair.filings().change_filing(change).await.expect("answered").into_inner().outcome;
        let Some(pb::change_filing_response::Outcome::Refused(no)) = locked else { panic!("{locked:?}") };
        assert_eq!(said(&no), [(RefusalReason::FilingLocked, vec!["EX-1".to_owned()])]);
        let supply = |kind: &str| pb::SupplyDocumentsRequest {
            idempotency_key: format!("S-{kind}"),
            filing_id: filed.filing_id.clone(),
            documents: vec![proof(kind)],
            operator_id: "officer".to_owned(),
        };
        let supplies = async |kind| pair.filings().supply_documents(supply(kind)).await.unwrap().into_inner().filing;
        assert_eq!(supplies("photo").await.unwrap().missing_documents, ["residence_proof"]);
        let whole = supplies("residence_proof").await.unwrap();
        assert!(whole.missing_documents.is_empty());
        assert_eq!(whole.documents, [proof("photo"), proof("residence_proof")]);
        assert_eq!(whole.versions.len(), 3);
        assert_eq!(settles(&pair, "p", "K1", stay("B1")).await, AT_HOME);
    });
}

#[test]
fn of_two_filings_at_once_one_is_kept() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let file = |key: &str| {
            let (mut filings, request) = (pair.filings(), asked(key, "p", Filing::Temporary));
            async move { filings.file(request).await }
        };
        let (one, two, three) = tokio::join!(file("F1"), file("F2"), file("F3"));
        let refused: Vec<String> =
            [one, two, three].iter().filter_map(|answer| answer.as_ref().err().map(reason)).collect();
        assert_eq!(refused, ["DUPLICATE", "DUPLICATE"]);
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM filing").await, 1);
        // one call that is made twice at once is made once
        let same = |key: &str| {
            let (mut filings, request) = (pair.filings(), asked(key, "q", Filing::Temporary));
            async move { filings.file(request).await.expect("answered").into_inner() }
        };
        let (one, two) = tokio::join!(same("F9"), same("F9"));
        assert_eq!(one, two);
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM filing").await, 2);
        let other = FileRequest { channel: FilingChannel::Phone.into(), ..asked("F9", "q", Filing::Temporary) };
        assert_eq!(reason(&pair.filings().file(other).await.expect_err("other content")), "KEY_REUSED");
    });
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let fields = |status: &tonic::Status| {
            let wrong = status.get_error_details().bad_request().expect("violations").clone();
            let mut fields: Vec<String> = wrong.field_violations.into_iter().map(|one| one.field).collect();
            fields.sort();
            fields
        };
        let wrong = FileRequest {
            kind: Filing::Emergency.into(),
            destination_division: "990102".to_owned(),
            from_date: "2020-01-01".to_owned(),
            to_date: "soon".to_owned(),
            documents: vec![proof("a"), Evidence { sha256: "x".to_owned(), ..Evidence::default() }],
            ..FileRequest::default()
        };
        let status = pair.filings().file(wrong).await.expect_err("wrong");
        let wanted = [
            "channel",
            "destination_division",
            "documents[1].kind",
            "documents[1].reference",
            "documents[1].sha256",
            "from_date",
            "idempotency_key",
            "kind",
            "operator_id",
            "person_id",
            "to_date",
        ];
        assert_eq!(fields(&status), wanted);
        let status = pair.filings().change_filing(pb::ChangeFilingRequest::default()).await.expect_err("wrong");
        assert_eq!(fields(&status), ["destination_division", "filing_id", "idempotency_key", "operator_id", "reason"]);
        let status = pair.filings().cancel_filing(pb::CancelFilingRequest::default()).await.expect_err("wrong");
        assert_eq!(fields(&status), ["filing_id", "idempotency_key", "operator_id", "reason"]);
        let status = pair.filings().supply_documents(pb::SupplyDocumentsRequest::default()).await.expect_err("wrong");
        assert_eq!(fields(&status), ["documents", "filing_id", "idempotency_key", "operator_id"]);
        let unknown = pair.filings().file(asked("F1", "nobody", Filing::Temporary)).await.expect_err("unknown");
        assert_eq!(reason(&unknown), "NOT_FOUND");
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM filing").await, 0);
    });
}

#[test]
fn a_person_s_filings_are_listed_newest_first_by_pages() {
    on_both(|url| async move {
        let pair = opened(&url).await;
        let mut ids = Vec::new();
        for (number, place) in ["990000", "970000", "960000"].into_iter().enumerate() {
            let to = FileRequest {
                destination_division: place.to_owned(),
                ..asked(&format!("F{number}"), "p", Filing::Temporary)
            };
            ids.push(files(&pair, to).await.filing_id);
        }
        files(&pair, asked("F9", "q", Filing::Temporary)).await;
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListFilingsRequest { person_id: "p".to_owned(), page_size: 2, page_token };
            let page = pair.filings().list_filings(request).await.unwrap().into_inner();
            assert!(page.filings.iter().all(|filing| filing.versions.len() == 1));
            listed.extend(page.filings.into_iter().map(|filing| filing.filing_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        ids.reverse();
        assert_eq!(listed, ids);
    });
}

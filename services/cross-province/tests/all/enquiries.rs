//! Who a person is to another province: asked by the hash of a document, answered, and forgotten after a day.

use std::sync::Arc;

use ::pb::enrolment::v1::DocumentType;
use ::pb::r#type::v1::{Care, Filing, PersonGroup, Scheme};
use chrono::{DateTime, Utc};
use cross_province::{Parts, Policies, default_terms, verify_log};
use host::{Clock, Stop, SystemClock, SystemIds};
use pb::cross_province::v1 as pb;
use pb::enquired::Known;
use pb::{FindInsuredRequest, Insured};
use policy::Policy;
use store::Database;
use testkit::{Line, on_both};
use tonic_types::StatusExt as _;

use crate::broken::until;
use crate::enrols::CARD;
use crate::pair::{CARE, INSURED, Lines, Pair, filing_packs, key_of, visit};
use crate::thin::reason;

fn about(number: &str) -> FindInsuredRequest {
    FindInsuredRequest {
        document_type: DocumentType::ResidentId.into(),
        document_number: number.to_owned(),
        insured_division: INSURED.to_owned(),
        care_division: CARE.to_owned(),
        care: Care::Outpatient.into(),
        ..FindInsuredRequest::default()
    }
}

async fn known(pair: &Pair, request: FindInsuredRequest) -> Known {
    let answer = pair.hospital().find_insured(request).await.expect("answered").into_inner();
    answer.answer.and_then(|answer| answer.known).expect("known or not")
}

async fn insured(pair: &Pair, request: FindInsuredRequest) -> Insured {
    match known(pair, request).await {
        Known::Insured(insured) => insured,
        Known::NotInsured(no) => panic!("{}", no.advice),
    }
}

#[test]
fn a_person_is_found_in_another_province_by_the_hash_of_a_document() {
    on_both(|url| async move {
        let pair = Pair::under(&url, Lines::Plain, filing_packs(false)).await;
        let found = insured(&pair, about(CARD)).await;
        let who = (found.insured_id.as_str(), found.division.as_str(), found.scheme(), found.group());
        assert_eq!(who, ("p", INSURED, Scheme::Resident, PersonGroup::Adult));
        // not filed: the packs of this test do not settle that directly
        assert_eq!((found.filing(), found.filing_id.as_str(), found.direct), (Filing::Unfiled, "", false));
        assert!(found.advice.contains("file it before it is settled"), "{}", found.advice);
        assert_eq!(found.clauses, ["EX-1"]);
        let emergency = insured(&pair, FindInsuredRequest { emergency: true, ..about(CARD) }).await;
        assert_eq!((emergency.filing(), emergency.direct), (Filing::Emergency, true));
        assert_eq!((emergency.advice, emergency.clauses.len()), (String::new(), 0));
        let file = pb::FileRequest {
            idempotency_key: "F1".to_owned(),
            person_id: "p".to_owned(),
            kind: Filing::Temporary.into(),
            destination_division: CARE.to_owned(),
            operator_id: "officer".to_owned(),
            channel: pb::FilingChannel::Counter.into(),
            ..pb::FileRequest::default()
        };
        let filed = pair.filings().file(file).await.expect("answered").into_inner().outcome;
        let Some(pb::file_response::Outcome::Filed(filed)) = filed else { panic!("{filed:?}") };
        let found = insured(&pair, about(CARD)).await;
        assert_eq!((found.filing(), found.filing_id, found.direct), (Filing::Temporary, filed.filing_id, true));
        let long_ago = insured(&pair, FindInsuredRequest { on_date: "2019-12-31".to_owned(), ..about(CARD) }).await;
        assert!(!long_ago.direct && long_ago.advice.contains("days of benefits"), "{}", long_ago.advice);
        // the number stands nowhere, its hash in what went over the line
        let sha = "SELECT COUNT(*) AS n FROM message WHERE kind = 'enquire' AND body IS NOT NULL";
        assert_eq!(Pair::count(&pair.care.database, sha).await, 4);
        assert_eq!(Pair::count(&pair.insured.database, sha).await, 4);
        assert_eq!(Pair::count(&pair.insured.database, "SELECT COUNT(*) AS n FROM insured_bill").await, 0);
    });
}

#[test]
fn a_document_nobody_has_is_nobody_s() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let Known::NotInsured(no) = known(&pair, about("110105194912310039")).await else { panic!("found") };
        assert!(no.advice.contains("check the document"), "{}", no.advice);
        // another kind of document with the same number is another document
        let passport = FindInsuredRequest { document_type: DocumentType::Passport.into(), ..about(CARD) };
        assert!(matches!(known(&pair, passport).await, Known::NotInsured(_)));
    });
}

#[test]
fn chronic_care_is_direct_for_a_disease_that_crosses_and_is_recognised() {
    on_both(|url| async move {
        let pair = Pair::under(&url, Lines::Plain, filing_packs(true)).await;
        let of = |disease: &str| FindInsuredRequest {
            care: Care::Chronic.into(),
            disease: disease.to_owned(),
            ..about(CARD)
        };
        let crosses = insured(&pair, of("M03900")).await;
        assert!(crosses.direct, "{}", crosses.advice);
        // recognised, but settled at home alone
        let at_home = insured(&pair, of("M01600")).await;
        assert_eq!((at_home.direct, at_home.clauses.as_slice()), (false, ["EX-1".to_owned()].as_slice()));
        assert!(at_home.advice.contains("not settled directly between provinces"), "{}", at_home.advice);
        let unknown = insured(&pair, of("M07200")).await;
        assert!(!unknown.direct && unknown.advice.contains("recognised"), "{}", unknown.advice);
    });
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_no_number_is_repeated() {
    on_both(|url| async move {
        let pair = Pair::open(&url).await;
        let wrong = FindInsuredRequest {
            document_number: CARD.repeat(5),
            insured_division: CARE.to_owned(),
            care_division: INSURED.to_owned(),
            on_date: "today".to_owned(),
            care: Care::Chronic.into(),
            ..FindInsuredRequest::default()
        };
        let status = pair.hospital().find_insured(wrong).await.expect_err("wrong");
        let violations = status.get_error_details().bad_request().expect("violations").field_violations.clone();
        let mut fields: Vec<&str> = violations.iter().map(|one| one.field.as_str()).collect();
        fields.sort_unstable();
        let wanted = ["care_division", "disease", "document_number", "document_type", "insured_division", "on_date"];
        assert_eq!(fields, wanted);
        assert!(!format!("{status:?}").contains(CARD));
        assert_eq!(Pair::count(&pair.care.database, "SELECT COUNT(*) AS n FROM message").await, 0);
    });
}

/// A clock a day and an hour ahead.
#[derive(Debug)]
struct Tomorrow;

impl Clock for Tomorrow {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + chrono::Duration::hours(25)
    }
}

/// The service of the place of insurance once more, on the same database a day later.
fn a_day_later(pair: &Pair) {
    let parts = Parts {
        database: pair.insured.database.clone(),
        province: INSURED.parse().unwrap(),
        peers: pair.table.clone(),
        key: key_of(INSURED),
        tls: None,
        forwards: false,
        settlement: rpc::channel("http://127.0.0.1:1").unwrap(),
        enrolment: None,
        policies: Policies::Fixed(Arc::new(Policy::compile(&filing_packs(true)).unwrap())),
        clock: Arc::new(Tomorrow),
        ids: Arc::new(SystemIds),
        terms: default_terms(),
    };
    let mut running = cross_province::start(parts, &Stop::when(std::future::pending())).unwrap();
    running.tasks.detach_all();
}

const LEFT: &str = "SELECT COUNT(*) AS n FROM message WHERE kind IN ('enquire', 'enquired') AND body IS NOT NULL";

/// What is wrong with a province's log.
async fn wrong(database: &Database, province: &str, pair: &Pair) -> usize {
    verify_log(database, province.parse().unwrap(), &pair.table).await.unwrap().len()
}

#[test]
fn what_enquiries_said_is_forgotten_after_a_day_and_the_log_stays_whole() {
    on_both(|url| async move {
        let pair = Pair::under(&url, Lines::Plain, filing_packs(true)).await;
        insured(&pair, about(CARD)).await;
        pair.settles("K1", visit("B1", 130_000)).await;
        assert_eq!(Pair::count(&pair.insured.database, LEFT).await, 2);
        a_day_later(&pair);
        until("they are forgotten", async || Pair::count(&pair.insured.database, LEFT).await == 0).await;
        let kept = "SELECT COUNT(*) AS n FROM message WHERE body IS NULL";
        assert_eq!(Pair::count(&pair.insured.database, kept).await, 2);
        assert_eq!(wrong(&pair.insured.database, INSURED, &pair).await, 0);
        // the other side has not forgotten yet
        assert_eq!(Pair::count(&pair.care.database, LEFT).await, 2);
    });
}

#[test]
fn an_answer_that_was_lost_and_forgotten_closes_the_chain_without_what_it_said() {
    on_both(|url| async move {
        let pair = Pair::under(&url, Lines::Plain, filing_packs(true)).await;
        pair.proxy.set(Line::NoAnswers);
        let lost = pair.hospital().find_insured(about(CARD)).await.expect_err("no answer");
        assert_eq!(reason(&lost), "UNAVAILABLE");
        // such a line loses some questions too
        until("one is answered", async || {
            let _ = pair.hospital().find_insured(about(CARD)).await;
            Pair::count(&pair.insured.database, LEFT).await >= 2
        })
        .await;
        a_day_later(&pair);
        let forgotten = "SELECT COUNT(*) AS n FROM message WHERE body IS NULL";
        until("it is forgotten", async || Pair::count(&pair.insured.database, forgotten).await >= 2).await;
        pair.proxy.set(Line::Whole);
        // what follows shows what is missing, and that is had then
        insured(&pair, about(CARD)).await;
        let came = "SELECT COUNT(*) AS n FROM message WHERE kind = 'enquired' AND body IS NULL";
        until("it is fetched", async || Pair::count(&pair.care.database, came).await >= 1).await;
        let gaps = "SELECT COUNT(*) AS n FROM link WHERE highest > seen_sequence";
        until("the chain is whole", async || Pair::count(&pair.care.database, gaps).await == 0).await;
        assert_eq!(wrong(&pair.care.database, CARE, &pair).await, 0);
    });
}

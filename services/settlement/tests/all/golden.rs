//! The golden cases go through the service's door: the reply and the lines of the journal are what the policy and the ledger say.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::Datelike as _;
use ledger::{Booking, Parties};
use pb::policy::v1::Decision as DecisionPb;
use pb::settlement::v1::{
    Claim, GetClaimRequest, PreSettleRequest, ReplayClaimRequest, ReverseClaimRequest, SettleRequest,
    pre_settle_response, reverse_claim_request, settle_response,
};
use policy::case::{Answer, Bills, Case, Question, read};
use policy::{Adjustment, Decision};
use testkit::on_both;

use crate::support::{House, billing, name, shipped, submission};

fn cases(folder: &Path, found: &mut Vec<Case>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(read(&path.display().to_string(), &text).expect("a golden case is read"));
        }
    }
}

#[test]
fn every_golden_case_settles_through_the_door_as_the_policy_says() {
    let mut all = Vec::new();
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"), &mut all);
    on_both(|url| {
        let all = all.clone();
        async move {
            let house = House::open(&url).await;
            let mut bills = 0;
            for (number, case) in all.iter().enumerate() {
                if let Question::Bills(question) = &case.question {
                    let Answer::Bills { bills: answers, adjustments, standing, .. } = case.answer(shipped()) else {
                        panic!("{}: bills are answered with bills", case.file)
                    };
                    let decisions = answers.iter().map(|answer| &answer.decision).collect();
                    let told = Told { number, file: &case.file, decisions, adjustments, standing };
                    bills += answers.len();
                    told.ask(&house, question).await;
                }
            }
            assert!(bills > 150, "only {bills} bills");
            house.close().await;
        }
    });
}

/// A case and what it should get.
struct Told<'a> {
    number: usize,
    file: &'a str,
    decisions: Vec<&'a Decision>,
    adjustments: Vec<Adjustment>,
    standing: Vec<(terms::Name, Decision)>,
}

impl Told<'_> {
    async fn ask(&self, house: &House, question: &Bills) {
        let person = format!("person-{}", self.number);
        let first = &question.bills[0];
        let year = shipped().day_of_rules(&question.person, first).year();
        house.seed(&person, year, &question.accumulated).await;
        let mut client = house.client();
        let mut settled: BTreeMap<String, String> = BTreeMap::new();
        for (bill, told) in question.bills.iter().zip(&self.decisions) {
            let hospital = billing(self.number, bill);
            let handed_in = submission(&person, &hospital, &question.person, bill);
            let key = format!("{}-{}", self.number, bill.id);
            let asked = PreSettleRequest { submission: Some(handed_in.clone()) };
            let would = client.pre_settle(asked).await.expect("pre-settled").into_inner();
            let request = SettleRequest { idempotency_key: key, submission: Some(handed_in) };
            let got = client.settle(request).await.expect("settled").into_inner();
            match (got.outcome.expect("an outcome"), would.outcome.expect("an outcome")) {
                (settle_response::Outcome::Claim(claim), pre_settle_response::Outcome::Claim(would)) => {
                    self.compare(claim.decision.as_ref(), told);
                    self.compare_journal(&claim, told, &person, &hospital);
                    assert_eq!(plain(&claim), plain(&would), "{}: pre-settling is not settling", self.file);
                    settled.insert(bill.id.to_string(), claim.claim_id);
                }
                (settle_response::Outcome::Refused(decision), pre_settle_response::Outcome::Refused(would)) => {
                    self.compare(Some(&decision), told);
                    assert_eq!(decision, would, "{}", self.file);
                }
                other => panic!("{}: settling and pre-settling differ: {other:?}", self.file),
            }
        }
        self.reverse(house, question, &settled).await;
        for claim_id in settled.values() {
            let request = ReplayClaimRequest { claim_id: claim_id.clone(), revision: None };
            let replay = client.replay_claim(request).await.expect("replayed").into_inner();
            assert!(replay.identical, "{}: {replay:?}", self.file);
        }
    }

    async fn reverse(&self, house: &House, question: &Bills, settled: &BTreeMap<String, String>) {
        let mut client = house.client();
        let mut adjustments = Vec::new();
        for bill in &question.reversed {
            let Some(claim_id) = settled.get(bill.as_str()) else { continue };
            let original = question.bills.iter().find(|one| one.id == *bill).expect("a bill of the case");
            let request = ReverseClaimRequest {
                idempotency_key: format!("reverse-{bill}"),
                institution_id: billing(self.number, original),
                reason: "the case says so".to_owned(),
                original: Some(reverse_claim_request::Original::ClaimId(claim_id.clone())),
            };
            let got = client.reverse_claim(request).await.expect("reversed").into_inner();
            assert!(got.reversed);
            adjustments.extend(got.adjustments);
        }
        assert_eq!(adjustments.len(), self.adjustments.len(), "{}", self.file);
        for (got, told) in adjustments.iter().zip(&self.adjustments) {
            assert_eq!((got.bill_id.as_str(), got.cash_fen), (told.bill.as_str(), told.cash.get()), "{}", self.file);
            let payers: BTreeMap<&str, i64> =
                got.payers.iter().map(|payer| (payer.payer.as_str(), payer.amount_fen)).collect();
            let expected: BTreeMap<&str, i64> =
                told.payers.iter().map(|(payer, amount)| (payer.as_str(), amount.get())).collect();
            assert_eq!(payers, expected, "{}", self.file);
            self.compare(got.after.as_ref(), &told.after);
        }
        for (bill, told) in &self.standing {
            let Some(claim_id) = settled.get(bill.as_str()) else { continue };
            let request = GetClaimRequest { claim_id: claim_id.clone(), revision: None, with_steps: true };
            let claim = client.get_claim(request).await.expect("a claim").into_inner().claim.expect("a claim");
            if !question.reversed.contains(bill) {
                self.compare(claim.decision.as_ref(), told);
            }
        }
    }

    fn compare(&self, got: Option<&DecisionPb>, told: &Decision) {
        let told = wire::write::decision(shipped(), told, true);
        assert_eq!(got, Some(&told), "{}", self.file);
    }

    /// The journal's lines are the booking of the decision; what relatives' accounts share goes through the family's.
    fn compare_journal(&self, claim: &Claim, told: &Decision, person: &str, hospital: &str) {
        let (person, institution) = (name(person), name(hospital));
        let division = claim.person_facts.as_ref().expect("facts").division.parse().unwrap();
        let parties = Parties { division, person, family: Some(person), institution, across: None };
        let booking = Booking::of(shipped(), told, &parties).expect("it can be booked");
        let on_the_books = booking.changes().iter().filter(|(account, _)| !account.is_memorandum());
        let expected: BTreeMap<String, i64> =
            on_the_books.map(|(account, amount)| (account.to_string(), amount.get())).collect();
        let mut got: BTreeMap<String, i64> = BTreeMap::new();
        for line in claim.entries.iter().filter(|entry| entry.kind == "settlement").flat_map(|entry| &entry.lines) {
            let sign = if line.side() == pb::r#type::v1::Side::Debit { 1 } else { -1 };
            *got.entry(line.account.clone()).or_default() += sign * line.amount_fen;
        }
        assert_eq!(got, expected, "{}", self.file);
    }
}

/// A claim without what only settling gives it.
fn plain(claim: &Claim) -> Claim {
    let mut claim = claim.clone();
    (claim.claim_id, claim.idempotency_key, claim.settled_at) = (String::new(), String::new(), None);
    for entry in &mut claim.entries {
        (entry.entry_id, entry.about_id, entry.booked_at) = (String::new(), String::new(), None);
    }
    claim
}

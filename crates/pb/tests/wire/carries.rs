//! The wire carries all that the policy asks and answers: each golden case, key by key and word by word.

use std::collections::BTreeSet;
use std::path::Path;

use policy::case::{Answer, Bills, Question, read};
use policy::{Facts, FoundValue, HeldShare, Policy, Severity};
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::Type;
use serde::Serialize;
use serde_json::Value;
use terms::{HeldWhy, Name, Word};

use crate::descriptors::{message, words};

/// Keys that stand under another name on the wire, or in another message.
const ELSEWHERE: [(&str, &str, &str, &str); 19] = [
    ("PersonFacts", "use_account", "Bill", "use_account"),
    ("Bill", "id", "Bill", "bill_id"),
    ("Bill", "costs", "Bill", "lines"),
    ("FeeLine", "class", "CatalogueTerms", "class"),
    ("FeeLine", "price_limit", "CatalogueTerms", "price_limit_fen"),
    ("FeeLine", "first_self_paid", "CatalogueTerms", "first_self_paid_rate"),
    ("Meter", "counts", "Meter", "base_fen"),
    ("Decision", "version", "Decision", "policy_version"),
    ("Decision", "date", "Decision", "rules_date"),
    ("Decision", "outcome", "Decision", "settled"),
    ("Step", "used", "Step", "used_fen"),
    ("Clause", "id", "Clause", "clause_id"),
    ("FoundValue", "source", "FoundValue", "citation"),
    ("Coverage", "from", "Coverage", "covered"),
    ("Coverage", "to", "Coverage", "covered"),
    ("Adjustment", "bill", "Adjustment", "bill_id"),
    ("Citation", "from", "Citation", "from_date"),
    ("Citation", "until", "Citation", "until_date"),
    ("WatchFacts", "on", "WatchFacts", "on_date"),
];

/// What the wire lacks, each once.
#[derive(Default)]
struct Missing(BTreeSet<String>);

impl Missing {
    /// Every key of `value` has a field in `name`, and every word of an enum is known there.
    fn compare(&mut self, name: &str, value: &Value) {
        let Some(object) = value.as_object() else { panic!("{name}: no object: {value}") };
        for (key, inner) in object {
            match field(name, key) {
                Some(field) if field.r#type() == Type::Enum => self.words(name, field, inner),
                Some(_) => {}
                None => drop(self.0.insert(format!("{name}.{key}"))),
            }
        }
    }

    fn words(&mut self, name: &str, field: &FieldDescriptorProto, value: &Value) {
        let known = words(field.type_name());
        let found = match value {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        for word in found.into_iter().filter(|word| !known.iter().any(|known| known == word)) {
            self.0.insert(format!("{name}.{}: the word {word}", field.name()));
        }
    }

    fn each(&mut self, name: &str, list: &Value) {
        list.as_array().into_iter().flatten().for_each(|value| self.compare(name, value));
    }

    fn bill(&mut self, bill: &Value) {
        self.compare("Bill", bill);
        self.each("FeeLine", &bill["costs"]["lines"]);
        if let Some(parts) = bill["costs"].get("parts") {
            self.compare("Parts", parts);
        }
    }

    fn accumulators(&mut self, accumulators: &Value) {
        self.compare("Accumulators", accumulators);
        for meter in accumulators["meters"].as_array().into_iter().flatten() {
            self.compare("Meter", meter);
            self.compare("Meter", &meter["counts"]);
        }
    }

    fn facts(&mut self, facts: &Value) {
        self.compare("Facts", facts);
        self.each("HeldShare", &facts["held"]);
    }

    fn decision(&mut self, policy: &Policy, decision: &policy::Decision) {
        let json = json(decision);
        self.compare("Decision", &json);
        self.compare("Decision", &json["outcome"]);
        if let Some(refused) = json["outcome"].get("refused") {
            self.compare("Refusal", refused);
            self.each("Cause", &refused["causes"]);
        }
        if let Some(settled) = json["outcome"].get("settled") {
            self.compare("Settlement", settled);
            self.compare("Parts", &settled["parts"]);
            self.compare("Shares", &settled["shares"]);
            self.accumulators(&settled["accumulators"]);
            self.each("LineSplit", &settled["lines"]);
            self.each("LayerShare", &settled["layers"]);
            self.each("Step", &settled["steps"]);
        }
        let steps = decision.settlement().map_or(&[][..], |settlement| &settlement.steps);
        for source in steps.iter().flat_map(|step| [step.source, step.via]).flatten() {
            self.compare("Citation", &policy.citation(source).map(json_of).expect("a step's source is cited"));
        }
    }

    fn values(&mut self, values: &[FoundValue]) {
        values.iter().for_each(|value| self.compare("FoundValue", &json(value)));
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("it has a JSON form")
}

fn json_of(citation: &policy::Citation) -> Value {
    json(citation)
}

/// The field that carries a key of a message: under its own name, with its unit, or elsewhere.
fn field(name: &str, key: &str) -> Option<&'static FieldDescriptorProto> {
    let elsewhere = ELSEWHERE.iter().find(|(of, from, _, _)| *of == name && *from == key);
    let (name, wanted) = elsewhere.map_or_else(
        || (name, vec![key.to_owned(), format!("{key}_fen"), format!("{key}_date"), format!("{key}_rate")]),
        |(_, _, name, to)| (*name, vec![(*to).to_owned()]),
    );
    let package = if name == "Adjustment" { "settlement" } else { "policy" };
    let fields = &message(&format!("yibao.{package}.v1.{name}")).field;
    fields.iter().find(|field| wanted.iter().any(|wanted| wanted == field.name()))
}

fn question(missing: &mut Missing, question: &Question) {
    match question {
        Question::Bills(bills) => {
            missing.compare("PersonFacts", &json(&bills.person));
            missing.accumulators(&json(&bills.accumulated));
            bills.bills.iter().for_each(|bill| missing.bill(&json(bill)));
            held(bills).for_each(|facts| missing.facts(&json(&facts)));
        }
        Question::Contribution(facts) => missing.compare("ContributionFacts", &json(facts)),
        Question::Coverage(facts) => missing.compare("CoverageFacts", &json(facts)),
        Question::Watch(facts) => missing.compare("WatchFacts", &json(facts)),
        Question::Indicator(facts) => missing.compare("IndicatorFacts", &json(facts)),
    }
}

/// The bills of a case with a share that is allowed to every held payer of the place, for each reason.
fn held(bills: &Bills) -> impl Iterator<Item = Facts> {
    bills.bills.iter().flat_map(|bill| {
        HeldWhy::ALL.iter().map(|why| {
            let payers = ["assistance", "tilt"].map(|payer| Name::new(payer).expect("a name"));
            let held = payers.map(|payer| HeldShare { payer, most: Default::default(), why: *why }).to_vec();
            Facts { person: bills.person.clone(), bill: bill.clone(), accumulated: bills.accumulated.clone(), held }
        })
    })
}

fn answer(missing: &mut Missing, policy: &Policy, answer: &Answer) {
    match answer {
        Answer::Bills { bills, adjustments, standing, .. } => {
            bills.iter().for_each(|bill| missing.decision(policy, &bill.decision));
            adjustments.iter().for_each(|adjustment| missing.compare("Adjustment", &json(adjustment)));
            standing.iter().for_each(|(_, decision)| missing.decision(policy, decision));
        }
        Answer::Contribution(Ok(found)) => {
            missing.compare("Contribution", &json(found));
            missing.values(&found.values);
        }
        Answer::Coverage(Ok(found)) => missing.compare("Coverage", &json(found)),
        Answer::Watch(Ok(found)) => missing.compare("Watch", &json(found)),
        Answer::Indicator(Ok(found)) => missing.compare("Indicator", &json(found)),
        Answer::Contribution(Err(refusal))
        | Answer::Coverage(Err(refusal))
        | Answer::Watch(Err(refusal))
        | Answer::Indicator(Err(refusal)) => missing.each("Cause", &json(refusal)["causes"]),
    }
}

/// The texts of the golden cases.
fn cases(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            cases(&path, texts);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            texts.push(std::fs::read_to_string(path).expect("a case is text"));
        }
    }
}

#[test]
fn every_golden_case_can_be_asked_and_answered_over_the_wire() {
    let mut texts = Vec::new();
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"), &mut texts);
    assert!(texts.len() > 100, "only {} golden cases", texts.len());
    let policy = Policy::compile(&Policy::shipped_files()).expect("the packs that ship compile");
    let mut missing = Missing::default();
    for text in &texts {
        let case = read("case.toml", text).expect("a golden case is read");
        question(&mut missing, &case.question);
        if let Question::Bills(bills) = &case.question {
            held(bills).for_each(|facts| missing.decision(&policy, &policy.adjudicate(&facts)));
        }
        answer(&mut missing, &policy, &case.answer(&policy));
    }
    policy.clauses().for_each(|clause| missing.compare("Clause", &json(clause)));
    let aside = r#"{"outside_catalogue":0,"over_limit":1,"first_self_paid":0,"within_scope":2,"hospital":1,"apart":2}"#;
    missing.compare("Parts", &json(&serde_json::from_str::<policy::Parts>(aside).expect("parts")));
    let lost: Vec<String> = missing.0.into_iter().collect();
    assert!(lost.is_empty(), "the wire does not carry:\n{}", lost.join("\n"));
}

#[test]
fn every_problem_of_a_pack_can_be_sent() {
    let problem = policy::Problem {
        file: "a.toml".to_owned(),
        line: 1,
        column: 1,
        severity: Severity::Warning,
        kind: "gap",
        found: String::new(),
        expected: String::new(),
    };
    let mut missing = Missing::default();
    missing.compare("Problem", &json(&problem));
    assert!(missing.0.is_empty(), "{:?}", missing.0);
}

#[test]
fn a_key_or_word_the_wire_lacks_is_seen() {
    let mut missing = Missing::default();
    missing.compare("Cause", &serde_json::json!({ "reason": "not_covered", "about": "", "colour": "red" }));
    missing.compare("Cause", &serde_json::json!({ "reason": "no_mood" }));
    assert_eq!(missing.0.into_iter().collect::<Vec<_>>(), ["Cause.colour", "Cause.reason: the word no_mood"]);
}

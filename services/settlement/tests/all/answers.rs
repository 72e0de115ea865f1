//! The pure policy over the wire: every golden case is answered as the policy answers it.

use std::path::Path;

use pb::policy::v1 as policy_pb;
use pb::policy::v1::answer_service_client::AnswerServiceClient;
use pb::policy::v1::{
    compare_burden_response as burden, compare_indicator_response as indicator,
    compute_contribution_response as contribution, compute_coverage_response as coverage,
};
use policy::case::{Case, Question, read};
use policy::{ContributionFacts, CoverageFacts, Facts, IndicatorFacts, WatchFacts};
use rpc::Client;
use testkit::on_both;
use wire::write;

use crate::registry::{fields, reason, said};
use crate::support::{House, shipped};

type Answers = AnswerServiceClient<Client>;

fn answers(house: &House) -> Answers {
    AnswerServiceClient::new(house.channel())
}

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

fn golden() -> Vec<Case> {
    let mut found = Vec::new();
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"), &mut found);
    found
}

async fn contribution_of(client: &mut Answers, facts: &ContributionFacts, file: &str) {
    let asked = policy_pb::ComputeContributionRequest {
        facts: Some(write::contribution_facts(facts)),
        policy_version: String::new(),
    };
    let reply = client.compute_contribution(asked).await.expect("an answer").into_inner();
    let told = match shipped().contribution(facts) {
        Ok(answer) => contribution::Outcome::Contribution(write::contribution(shipped(), &answer)),
        Err(refusal) => contribution::Outcome::Refused(write::refusal(shipped(), &refusal)),
    };
    assert_eq!((reply.policy_version, reply.outcome), (shipped().version().to_string(), Some(told)), "{file}");
}

async fn coverage_of(client: &mut Answers, facts: &CoverageFacts, file: &str) {
    let policy_version = shipped().version().to_string();
    let asked = policy_pb::ComputeCoverageRequest { facts: Some(write::coverage_facts(facts)), policy_version };
    let reply = client.compute_coverage(asked).await.expect("an answer").into_inner();
    let told = match shipped().coverage(facts) {
        Ok(answer) => coverage::Outcome::Coverage(write::coverage(shipped(), &answer)),
        Err(refusal) => coverage::Outcome::Refused(write::refusal(shipped(), &refusal)),
    };
    assert_eq!((reply.policy_version, reply.outcome), (shipped().version().to_string(), Some(told)), "{file}");
}

async fn burden_of(client: &mut Answers, facts: &WatchFacts, file: &str) {
    let asked =
        policy_pb::CompareBurdenRequest { facts: Some(write::watch_facts(facts)), policy_version: String::new() };
    let reply = client.compare_burden(asked).await.expect("an answer").into_inner();
    let told = match shipped().watch(facts) {
        Ok(answer) => burden::Outcome::Watch(write::watch(shipped(), &answer)),
        Err(refusal) => burden::Outcome::Refused(write::refusal(shipped(), &refusal)),
    };
    assert_eq!((reply.policy_version, reply.outcome), (shipped().version().to_string(), Some(told)), "{file}");
}

async fn indicator_of(client: &mut Answers, facts: &IndicatorFacts, file: &str) {
    let asked = policy_pb::CompareIndicatorRequest {
        facts: Some(write::indicator_facts(facts)),
        policy_version: String::new(),
    };
    let reply = client.compare_indicator(asked).await.expect("an answer").into_inner();
    let told = match shipped().indicator(facts) {
        Ok(answer) => indicator::Outcome::Indicator(write::indicator(shipped(), &answer)),
        Err(refusal) => indicator::Outcome::Refused(write::refusal(shipped(), &refusal)),
    };
    assert_eq!((reply.policy_version, reply.outcome), (shipped().version().to_string(), Some(told)), "{file}");
}

async fn decision_of(client: &mut Answers, facts: &Facts, file: &str) {
    for with_steps in [true, false] {
        let sent = Some(write::facts(facts));
        let asked = policy_pb::AdjudicateFactsRequest { facts: sent, policy_version: String::new(), with_steps };
        let reply = client.adjudicate_facts(asked).await.expect("an answer").into_inner();
        let told = write::decision(shipped(), &shipped().adjudicate(facts), with_steps);
        assert_eq!(reply.decision, Some(told), "{file}");
    }
}

#[test]
fn every_golden_question_is_answered_as_the_policy_answers_it() {
    let all = golden();
    on_both(|url| {
        let all = all.clone();
        async move {
            let house = House::open(&url).await;
            let mut client = answers(&house);
            let mut seen = [0; 5];
            for case in &all {
                let file = &case.file;
                match &case.question {
                    Question::Contribution(facts) => contribution_of(&mut client, facts, file).await,
                    Question::Coverage(facts) => coverage_of(&mut client, facts, file).await,
                    Question::Watch(facts) => burden_of(&mut client, facts, file).await,
                    Question::Indicator(facts) => indicator_of(&mut client, facts, file).await,
                    Question::Bills(bills) => {
                        for bill in &bills.bills {
                            let (person, bill) = (bills.person.clone(), bill.clone());
                            let facts = Facts { person, bill, accumulated: bills.accumulated.clone(), held: Vec::new() };
                            decision_of(&mut client, &facts, file).await;
                        }
                    }
                }
                seen[match &case.question {
                    Question::Bills(_) => 0,
                    Question::Contribution(_) => 1,
                    Question::Coverage(_) => 2,
                    Question::Watch(_) => 3,
                    Question::Indicator(_) => 4,
                }] += 1;
            }
            assert!(seen[0] > 100 && seen.iter().all(|seen| *seen > 0), "{seen:?}");
            house.close().await;
        }
    });
}

#[test]
fn a_version_that_cannot_be_had_is_no_answer() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let all = golden();
        let facts = all.iter().find_map(|case| match &case.question {
            Question::Watch(facts) => Some(write::watch_facts(facts)),
            _ => None,
        });
        let policy_version = "0".repeat(64);
        let asked = policy_pb::CompareBurdenRequest { facts, policy_version: policy_version.clone() };
        let refused = answers(&house).compare_burden(asked).await.expect_err("nobody published that");
        assert_eq!((reason(&refused).as_str(), said(&refused, "policy_version")), ("POLICY_VERSION", policy_version));
        house.close().await;
    });
}

#[test]
fn facts_that_cannot_be_read_are_refused_with_all_their_fields() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = answers(&house);
        let policy_version = "nothing".to_owned();
        let none = policy_pb::AdjudicateFactsRequest {
            facts: None,
            policy_version: policy_version.clone(),
            with_steps: false,
        };
        let refused = client.adjudicate_facts(none).await.expect_err("there are no facts");
        assert_eq!(
            (reason(&refused).as_str(), fields(&refused).join(" ")),
            ("INVALID_FIELDS", "facts policy_version".to_owned())
        );
        let empty = policy_pb::AdjudicateFactsRequest {
            facts: Some(policy_pb::Facts::default()),
            policy_version: policy_version.clone(),
            with_steps: false,
        };
        let refused = client.adjudicate_facts(empty).await.expect_err("the facts are empty");
        assert_eq!(fields(&refused), ["facts.person", "facts.bill", "policy_version"]);
        let empty = policy_pb::ComputeContributionRequest {
            facts: Some(policy_pb::ContributionFacts::default()),
            policy_version: policy_version.clone(),
        };
        let refused = fields(&client.compute_contribution(empty).await.expect_err("the facts are empty"));
        let all = ["division", "scheme", "cover_year", "group", "county", "college", "people"];
        let mut all: Vec<String> = all.map(|field| format!("facts.{field}")).to_vec();
        all.push("policy_version".to_owned());
        assert_eq!(refused, all);
        let empty = policy_pb::ComputeCoverageRequest {
            facts: Some(policy_pb::CoverageFacts::default()),
            policy_version: policy_version.clone(),
        };
        let refused = fields(&client.compute_coverage(empty).await.expect_err("the facts are empty"));
        assert!(refused.len() >= 6 && refused.last().is_some_and(|last| last == "policy_version"), "{refused:?}");
        let empty = policy_pb::CompareBurdenRequest {
            facts: Some(policy_pb::WatchFacts::default()),
            policy_version: policy_version.clone(),
        };
        let refused = fields(&client.compare_burden(empty).await.expect_err("the facts are empty"));
        assert_eq!(refused, ["facts.division", "facts.scheme", "facts.on_date", "policy_version"]);
        let empty =
            policy_pb::CompareIndicatorRequest { facts: Some(policy_pb::IndicatorFacts::default()), policy_version };
        let refused = fields(&client.compare_indicator(empty).await.expect_err("the facts are empty"));
        assert_eq!(refused, ["facts.division", "facts.name", "facts.on_date", "policy_version"]);
        house.close().await;
    });
}

use pb::policy::v1 as policy_pb;
use pb::settlement::v1::{SettleRequest, settle_response};
use policy::{PackFile, Policy};
use testkit::on_both;
use tonic::Code;

use super::{
    CITY, DISTRICT, FILE, PAID, PAID_AT_65, ROOT, change, head, head_version, open, paid, publications, publish,
    publish_ratio, ratio, reason, registry, roll, said, stay, version_with,
};
use crate::registry::fields;
use crate::support::{House, institution, shares, submission};

async fn files_of(house: &House, version: &str) -> Result<Vec<PackFile>, tonic::Status> {
    let asked = policy_pb::StreamVersionRequest { policy_version: version.to_owned() };
    let mut stream = registry(house).stream_version(asked).await?.into_inner();
    let mut files = Vec::new();
    while let Some(message) = stream.message().await? {
        let file = message.file.expect("each message has a file");
        files.push(PackFile { path: file.path, text: file.text });
    }
    Ok(files)
}

#[test]
fn a_changed_value_is_published_and_the_next_decision_uses_it() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        assert_eq!(paid(&house, "").await, (PAID, first.clone()));
        let second = publish_ratio(&house, "p1", "0.65").await;
        assert_eq!(second, version_with(&[ratio("0.65")]));
        assert_eq!(paid(&house, "").await, (PAID_AT_65, second.clone()));
        // a decision that names its version is what it was
        assert_eq!(paid(&house, &first).await, (PAID, first.clone()));
        let facts = stay();
        let handed_in = submission("person-1", &institution(1), &facts.person, &facts.bill);
        let asked = SettleRequest { idempotency_key: "s1".to_owned(), submission: Some(handed_in) };
        let settled = house.client().settle(asked).await.expect("it is settled").into_inner();
        let Some(settle_response::Outcome::Claim(claim)) = settled.outcome else { panic!("no claim: {settled:?}") };
        let decision = claim.decision.expect("a decision");
        assert_eq!((shares(&decision).fund_fen, decision.policy_version), (PAID_AT_65, second));
        house.close().await;
    });
}

#[test]
fn a_head_is_the_divisions_own_or_the_nearest_above_it() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, ROOT).await;
        let second = publish_ratio(&house, "p1", "0.65").await;
        for (division, made_at, version) in
            [(CITY, CITY, &second), (DISTRICT, CITY, &second), ("370000", ROOT, &first), ("370100", ROOT, &first)]
        {
            let found = head(&house, division).await;
            assert_eq!((&found.serving_version, found.stale), (version, false), "{division}");
            let act = found.publication.expect("an act made it the head");
            assert_eq!((act.division.as_str(), &act.policy_version), (made_at, version), "{division}");
        }
        let act = head(&house, CITY).await.publication.expect("an act made it the head");
        assert_eq!(act.replaced_version, first);
        assert_eq!((act.operator_id.as_str(), act.rolled_forward), ("officer-7", false));
        assert_eq!((act.reason.as_str(), act.source.as_str()), ("居民三级医院支付比例调整", "某医保发〔2026〕1号"));
        assert!(act.published_at.is_some());
        assert_eq!(publications(&house).await[0], act);
        house.close().await;
    });
}

#[test]
fn a_streamed_version_compiles_to_the_same_version_and_decides_the_same() {
    on_both(|url| async move {
        let house = open(&url).await;
        let second = publish_ratio(&house, "p1", "0.65").await;
        let files = files_of(&house, &second).await.expect("the files come");
        assert!(files.is_sorted_by(|a, b| a.path < b.path));
        let policy = Policy::compile(&files).expect("what was published compiles");
        assert_eq!(policy.version().to_string(), second);
        let decision = policy.adjudicate(&stay());
        let shares = decision.settlement().expect("it is settled").shares;
        assert_eq!(shares.fund.get(), PAID_AT_65);
        let unknown = files_of(&house, &"0".repeat(64)).await.expect_err("nobody published that");
        assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "NOT_FOUND"));
        house.close().await;
    });
}

#[test]
fn packs_with_errors_keep_nothing_and_all_their_problems_are_told() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let mut broken = ratio("1.65");
        broken.text.push_str("\n[pooled.ratoi]\nall = { 2022-01-01 = \"0.1\" }\n");
        let torn = policy_pb::PackFile { path: "370800/resident/torn.toml".to_owned(), text: "[x\n".to_owned() };
        let mut change = change(&base, vec![broken, torn]);
        change.removed_paths.push("370800/resident/chronic.toml".to_owned());
        let asked = policy_pb::CheckPacksRequest { change: Some(change.clone()) };
        let checked = registry(&house).check_packs(asked).await.expect("a refusal is a reply").into_inner();
        assert!(!checked.publishable && checked.problems_left_off == 0);
        let errors: Vec<&policy_pb::Problem> =
            checked.problems.iter().filter(|problem| problem.severity() == policy_pb::Severity::Error).collect();
        let places: Vec<String> =
            errors.iter().map(|error| format!("{}:{}:{}", error.file, error.line, error.column)).collect();
        for file in [FILE, "370800/resident/torn.toml"] {
            assert!(places.iter().any(|place| place.starts_with(file)), "{places:?}");
        }
        assert!(errors.len() >= 3, "{errors:?}");
        let refused = registry(&house).publish_version(publish("p1", CITY, change)).await;
        let refused = refused.expect_err("packs with errors are not published");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "PACKS_REFUSED"));
        let named = fields(&refused);
        assert_eq!(named.get(..places.len()), Some(places.as_slice()), "{refused:?}");
        assert_eq!(head_version(&house, CITY).await, base);
        assert_eq!(publications(&house).await.len(), 1);
        assert!(files_of(&house, &checked.policy_version).await.is_err());
        // the key was not used up
        assert_ne!(publish_ratio(&house, "p1", "0.65").await, base);
        house.close().await;
    });
}

#[test]
fn a_check_says_what_a_publication_would_be_and_keeps_nothing() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let asked = policy_pb::CheckPacksRequest { change: Some(change(&base, vec![ratio("0.65")])) };
        let checked = registry(&house).check_packs(asked.clone()).await.expect("it is checked").into_inner();
        assert!(checked.publishable);
        assert_eq!(checked.policy_version, version_with(&[ratio("0.65")]));
        assert_eq!((publications(&house).await.len(), head_version(&house, CITY).await), (1, base.clone()));
        assert_eq!(paid(&house, "").await.0, PAID);
        let published = registry(&house).publish_version(publish("p1", CITY, asked.change.unwrap())).await;
        let published = published.expect("it is published").into_inner();
        assert_eq!(published.publication.expect("the act").policy_version, checked.policy_version);
        assert_eq!(published.warnings, checked.problems);
        let unknown = policy_pb::CheckPacksRequest { change: Some(change(&"0".repeat(64), Vec::new())) };
        let unknown = registry(&house).check_packs(unknown).await.expect_err("nobody published that");
        assert_eq!(reason(&unknown), "POLICY_VERSION");
        house.close().await;
    });
}

#[test]
fn what_would_change_nothing_is_told_so_and_not_recorded() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        let second = publish_ratio(&house, "p1", "0.65").await;
        let recorded = publications(&house).await;
        let empty = registry(&house).publish_version(publish("p2", CITY, change(&second, Vec::new()))).await;
        let same = registry(&house).publish_version(publish("p3", CITY, change(&second, vec![ratio("0.65")]))).await;
        let rolled = registry(&house).roll_forward(roll("r1", CITY, &second, &second)).await;
        for refused in [empty.expect_err("empty"), same.expect_err("the same"), rolled.expect_err("the head")] {
            assert_eq!((reason(&refused).as_str(), said(&refused, "state")), ("WRONG_STATE", "head".to_owned()));
            assert_eq!(said(&refused, "policy_version"), second);
        }
        assert_eq!(publications(&house).await, recorded);
        // the same publication under its key is answered as it was, and the keys of what was refused are free
        let again = registry(&house).publish_version(publish("p1", CITY, change(&first, vec![ratio("0.65")]))).await;
        assert_eq!(again.expect("known").into_inner().publication.expect("the act").policy_version, second);
        registry(&house).roll_forward(roll("r1", CITY, &first, &second)).await.expect("the key was not used up");
        house.close().await;
    });
}

#[test]
fn an_earlier_version_is_the_head_again_with_the_document_it_came_from() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        let second = publish_ratio(&house, "p1", "0.65").await;
        let third = publish_ratio(&house, "p2", "0.70").await;
        let rolled = registry(&house).roll_forward(roll("r1", CITY, &second, &third)).await.expect("it goes back");
        let act = rolled.into_inner().publication.expect("the act is told");
        assert_eq!((&act.policy_version, &act.replaced_version, act.rolled_forward), (&second, &third, true));
        assert_eq!((act.source.as_str(), act.reason.as_str()), ("某医保发〔2026〕1号", "撤回"));
        assert_eq!(act.operator_id, "officer-8");
        assert_eq!(paid(&house, "").await, (PAID_AT_65, second.clone()));
        let listed: Vec<String> = publications(&house).await.into_iter().map(|act| act.policy_version).collect();
        assert_eq!(listed, [second.clone(), third.clone(), second.clone(), first.clone()]);
        let moved = registry(&house).roll_forward(roll("r2", CITY, &first, &third)).await;
        let moved = moved.expect_err("the head is the second version");
        assert_eq!((reason(&moved).as_str(), said(&moved, "policy_version")), ("POLICY_VERSION", second.clone()));
        let unknown = registry(&house).roll_forward(roll("r3", CITY, &"0".repeat(64), &second)).await;
        assert_eq!(reason(&unknown.expect_err("nobody published that")), "NOT_FOUND");
        // the division has a head of its own, so the root's version is only found by its name
        registry(&house).roll_forward(roll("r2", CITY, &first, &second)).await.expect("the key was not used up");
        assert_eq!(paid(&house, "").await, (PAID, first));
        house.close().await;
    });
}

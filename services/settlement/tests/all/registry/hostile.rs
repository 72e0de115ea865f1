use pb::policy::v1 as policy_pb;
use testkit::on_both;
use tonic::Code;

use super::{CITY, change, fields, head_version, open, publications, publish, ratio, reason, registry};

fn file(path: &str, text: &str) -> policy_pb::PackFile {
    policy_pb::PackFile { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn everything_wrong_with_a_publication_is_told_at_once() {
    on_both(|url| async move {
        let house = open(&url).await;
        let refused = registry(&house).publish_version(policy_pb::PublishVersionRequest::default()).await;
        let refused = refused.expect_err("nothing of it can be read");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
        let all = ["idempotency_key", "division", "change", "operator_id", "reason", "source"];
        assert_eq!(fields(&refused), all);
        let paths = ["", "../up.toml", "/etc/passwd.toml", "a//b.toml", "a\\b.toml", ".hidden.toml", "a.txt", "é.toml"];
        let wrong = policy_pb::PublishVersionRequest {
            idempotency_key: "k".repeat(65),
            division: "37080".to_owned(),
            change: Some(policy_pb::PackChange {
                base_version: "f".repeat(63),
                files: paths.iter().map(|path| file(path, "")).collect(),
                removed_paths: vec!["ok.toml".to_owned(), "\u{7}.toml".to_owned(), "x".repeat(200) + ".toml"],
            }),
            operator_id: "a".repeat(65),
            reason: "\u{0}".to_owned(),
            source: "字".repeat(1001),
        };
        let refused = registry(&house).publish_version(wrong).await.expect_err("nothing of it can be read");
        let mut all = vec!["idempotency_key".to_owned(), "division".to_owned(), "change.base_version".to_owned()];
        all.extend((0..paths.len()).map(|at| format!("change.files[{at}].path")));
        all.extend([1, 2].map(|at| format!("change.removed_paths[{at}]")));
        all.extend(["operator_id", "reason", "source"].map(str::to_owned));
        assert_eq!(fields(&refused), all);
        let refused = registry(&house).roll_forward(policy_pb::RollForwardRequest::default()).await;
        let all = ["idempotency_key", "division", "policy_version", "operator_id", "reason"];
        assert_eq!(fields(&refused.expect_err("nothing of it can be read")), all);
        assert_eq!(publications(&house).await.len(), 1);
        house.close().await;
    });
}

#[test]
fn paths_that_the_base_does_not_have_or_that_come_twice_are_named() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let mut change = change(&base, vec![ratio("0.65"), ratio("0.66"), file("clauses.toml", "")]);
        change.removed_paths = ["990000/none.toml", "clauses.toml", "clauses.toml"].map(str::to_owned).to_vec();
        let all =
            ["change.removed_paths[0]", "change.removed_paths[2]", "change.files[1].path", "change.files[2].path"];
        let check = policy_pb::CheckPacksRequest { change: Some(change.clone()) };
        let checked = registry(&house).check_packs(check).await.expect_err("it cannot be laid over");
        let published = registry(&house).publish_version(publish("p1", CITY, change)).await;
        for refused in [checked, published.expect_err("it cannot be laid over")] {
            assert_eq!(
                (reason(&refused).as_str(), fields(&refused)),
                ("INVALID_FIELDS", all.map(str::to_owned).to_vec())
            );
        }
        house.close().await;
    });
}

#[test]
fn more_than_three_mebibytes_of_files_are_refused() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let of = |size: usize| change(&base, vec![file("990000/a.toml", &"#".repeat(size - "990000/a.toml".len()))]);
        let refused = registry(&house).publish_version(publish("p1", CITY, of((3 << 20) + 1))).await;
        let refused = refused.expect_err("it is too large");
        assert_eq!((reason(&refused).as_str(), fields(&refused)), ("INVALID_FIELDS", vec!["change.files".to_owned()]));
        // what just fits is read, and found to be a file that no pack has
        let check = policy_pb::CheckPacksRequest { change: Some(of(3 << 20)) };
        let checked = registry(&house).check_packs(check).await.expect("it is checked").into_inner();
        assert!(!checked.publishable);
        let refused = registry(&house).publish_version(publish("p1", CITY, of(5 << 20))).await;
        assert_eq!(reason(&refused.expect_err("no message is that large")), "TOO_MUCH");
        house.close().await;
    });
}

#[test]
fn a_flood_of_problems_is_cut_and_counted_errors_first() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        // files that no pack has
        let flood: Vec<policy_pb::PackFile> = (0..20_000).map(|number| file(&format!("x{number}.toml"), "")).collect();
        let check = policy_pb::CheckPacksRequest { change: Some(change(&base, flood.clone())) };
        let checked = registry(&house).check_packs(check).await.expect("the reply fits").into_inner();
        assert!(!checked.publishable && checked.problems_left_off > 0, "{}", checked.problems.len());
        let is_error = |problem: &policy_pb::Problem| problem.severity() == policy_pb::Severity::Error;
        assert!(checked.problems.iter().all(is_error));
        assert!(checked.problems.is_sorted_by_key(|problem| (problem.file.clone(), problem.line)));
        let refused = registry(&house).publish_version(publish("p1", CITY, change(&base, flood))).await;
        let refused = refused.expect_err("packs with errors are not published");
        assert_eq!(reason(&refused), "PACKS_REFUSED");
        let left_off: u32 = super::said(&refused, "left_off").parse().expect("the rest is counted");
        assert!(left_off > 10_000 && !fields(&refused).is_empty());
        house.close().await;
    });
}

#[test]
fn questions_that_cannot_be_read_are_refused_with_all_their_fields() {
    on_both(|url| async move {
        let house = open(&url).await;
        let mut client = registry(&house);
        let head = client.get_head(policy_pb::GetHeadRequest::default()).await.expect_err("no division");
        assert_eq!(fields(&head), ["division"]);
        let list = policy_pb::ListPublicationsRequest {
            division: "x".to_owned(),
            page_size: 1_001,
            page_token: "x".to_owned(),
        };
        let list = client.list_publications(list).await.expect_err("nothing of it can be read");
        assert_eq!(fields(&list), ["division", "page_size", "page_token"]);
        let stream = policy_pb::StreamVersionRequest { policy_version: "F".repeat(64) };
        let stream = client.stream_version(stream).await.expect_err("a version is written in small letters");
        assert_eq!(fields(&stream), ["policy_version"]);
        let diff = policy_pb::DiffVersionsRequest {
            division: "3708000".to_owned(),
            page_size: u32::MAX,
            page_token: "-1.".to_owned(),
            ..Default::default()
        };
        let diff = client.diff_versions(diff).await.expect_err("nothing of it can be read");
        assert_eq!(fields(&diff), ["from_version", "to_version", "division", "page_size", "page_token"]);
        let check = client.check_packs(policy_pb::CheckPacksRequest::default()).await.expect_err("no packs");
        assert_eq!(fields(&check), ["change"]);
        house.close().await;
    });
}

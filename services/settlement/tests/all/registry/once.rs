use pb::policy::v1 as policy_pb;
use testkit::on_both;
use tonic::Code;

use super::{
    CITY, ROOT, change, fields, head_version, open, publications, publish, publish_ratio, ratio, reason, registry,
    roll, said,
};

#[test]
fn calls_under_one_key_publish_once_and_get_one_answer() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let asked = publish("p1", CITY, change(&base, vec![ratio("0.65"), ratio_of_another_file()]));
        let call = || async { registry(&house).publish_version(asked.clone()).await };
        let (one, two, three) = tokio::join!(call(), call(), call());
        let one = one.expect("it is published").into_inner();
        for other in [two, three, call().await] {
            assert_eq!(other.expect("it was published").into_inner(), one);
        }
        // the order of the files says nothing
        let mut turned = asked.clone();
        turned.change.as_mut().unwrap().files.reverse();
        assert_eq!(registry(&house).publish_version(turned).await.expect("the same").into_inner(), one);
        assert_eq!(publications(&house).await.len(), 2);
        let version = one.publication.expect("the act").policy_version;
        let back = roll("r1", CITY, &base, &version);
        let rolled = registry(&house).roll_forward(back.clone()).await.expect("it goes back").into_inner();
        assert_eq!(registry(&house).roll_forward(back).await.expect("the same").into_inner(), rolled);
        assert_eq!(publications(&house).await.len(), 3);
        house.close().await;
    });
}

/// A second file that changes nothing but its name.
fn ratio_of_another_file() -> policy_pb::PackFile {
    let shipped = policy::Policy::shipped_files();
    let file = shipped.into_iter().find(|file| file.path == "370800/division.toml").expect("the file ships");
    policy_pb::PackFile { path: file.path, text: format!("{}\n# as before\n", file.text) }
}

#[test]
fn a_key_with_other_content_is_refused_and_the_field_is_named() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let asked = publish("p1", CITY, change(&base, vec![ratio("0.65")]));
        let published = registry(&house).publish_version(asked.clone()).await.expect("it is published").into_inner();
        let mut others: Vec<(&str, policy_pb::PublishVersionRequest)> = Vec::new();
        let mut other = |field, edit: fn(&mut policy_pb::PublishVersionRequest)| {
            let mut request = asked.clone();
            edit(&mut request);
            others.push((field, request));
        };
        other("division", |request| request.division = ROOT.to_owned());
        other("operator_id", |request| request.operator_id = "officer-9".to_owned());
        other("reason", |request| request.reason.push('。'));
        other("source", |request| request.source.push('。'));
        other("change.base_version", |request| request.change.as_mut().unwrap().base_version = String::new());
        other("change.files", |request| request.change.as_mut().unwrap().files = vec![ratio("0.66")]);
        other("change.removed_paths", |request| {
            request.change.as_mut().unwrap().removed_paths = vec!["370800/resident/chronic.toml".to_owned()];
        });
        for (field, request) in others {
            let refused = registry(&house).publish_version(request).await.expect_err("the key was used");
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "KEY_REUSED"), "{field}");
            assert_eq!(said(&refused, "field"), field);
        }
        let version = published.publication.expect("the act").policy_version;
        let back = registry(&house).roll_forward(roll("p1", CITY, &base, &version)).await;
        assert_eq!(reason(&back.expect_err("the key was used for a publication")), "KEY_REUSED");
        assert_eq!(publications(&house).await.len(), 2);
        house.close().await;
    });
}

#[test]
fn of_two_publications_over_one_head_the_second_is_told_the_new_head() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, CITY).await;
        let ask = |key: &'static str, value: &str| {
            let asked = publish(key, CITY, change(&base, vec![ratio(value)]));
            let mut client = registry(&house);
            async move { client.publish_version(asked).await }
        };
        let (one, two) = tokio::join!(ask("p1", "0.65"), ask("p2", "0.66"));
        let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
        let won = won.expect("one is published").into_inner().publication.expect("the act").policy_version;
        let lost = lost.expect_err("the other is not");
        assert_eq!((reason(&lost).as_str(), said(&lost, "policy_version")), ("POLICY_VERSION", won.clone()));
        assert_eq!(head_version(&house, CITY).await, won);
        assert_eq!(publications(&house).await.len(), 2);
        // over the new head it is taken
        publish_ratio(&house, "p3", "0.67").await;
        house.close().await;
    });
}

#[test]
fn a_division_without_packs_has_no_head_of_its_own() {
    on_both(|url| async move {
        let house = open(&url).await;
        let base = head_version(&house, ROOT).await;
        let asked = publish("p1", "990100", change(&base, vec![ratio("0.65")]));
        let refused = registry(&house).publish_version(asked).await.expect_err("there are no such packs");
        assert_eq!((reason(&refused).as_str(), fields(&refused)), ("INVALID_FIELDS", vec!["division".to_owned()]));
        house.close().await;
    });
}

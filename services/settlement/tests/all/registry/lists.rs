use pb::policy::v1 as policy_pb;
use testkit::on_both;

use super::{CITY, ROOT, fields, head_version, open, publications, publish_ratio, reason, registry, roll};

#[test]
fn publications_are_listed_page_by_page_newest_first() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        let second = publish_ratio(&house, "p1", "0.65").await;
        registry(&house).roll_forward(roll("r1", CITY, &first, &second)).await.expect("it goes back");
        let whole = publications(&house).await;
        let ids: Vec<&str> = whole.iter().map(|act| act.publication_id.as_str()).collect();
        assert!(ids.len() == 3 && ids.is_sorted_by(|a, b| a > b), "{ids:?}");
        let mut asked = policy_pb::ListPublicationsRequest { page_size: 1, ..Default::default() };
        let mut paged = Vec::new();
        loop {
            let page = registry(&house).list_publications(asked.clone()).await.expect("a page").into_inner();
            assert_eq!(page.publications.len(), 1);
            paged.extend(page.publications);
            if page.next_page_token.is_empty() {
                break;
            }
            // what is published meanwhile stands on no later page
            publish_ratio(&house, &format!("n{}", paged.len()), &format!("0.7{}", paged.len())).await;
            asked.page_token = page.next_page_token;
        }
        assert_eq!(paged, whole);
        let of =
            |division: &str| policy_pb::ListPublicationsRequest { division: division.to_owned(), ..Default::default() };
        let root = registry(&house).list_publications(of(ROOT)).await.expect("a page").into_inner();
        assert_eq!((root.publications, root.next_page_token.as_str()), (whole[2..].to_vec(), ""));
        let none = registry(&house).list_publications(of("370890")).await.expect("a page").into_inner();
        assert_eq!(none.publications, []);
        house.close().await;
    });
}

#[test]
fn a_token_serves_its_own_question_only() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        publish_ratio(&house, "p1", "0.65").await;
        let asked = policy_pb::ListPublicationsRequest { page_size: 1, ..Default::default() };
        let token = registry(&house).list_publications(asked).await.expect("a page").into_inner().next_page_token;
        assert!(!token.is_empty());
        let cut = token[1..].to_owned();
        for (division, page_token) in
            [(ROOT, token.clone()), ("", cut), ("", "1.2.3".to_owned()), ("", "\u{1}".to_owned())]
        {
            let asked = policy_pb::ListPublicationsRequest { division: division.to_owned(), page_size: 1, page_token };
            let refused = registry(&house).list_publications(asked).await.expect_err("it is another question's token");
            assert_eq!(
                (reason(&refused).as_str(), fields(&refused)),
                ("INVALID_FIELDS", vec!["page_token".to_owned()])
            );
        }
        let asked = policy_pb::DiffVersionsRequest {
            from_version: first.clone(),
            to_version: first,
            page_token: token,
            ..Default::default()
        };
        let refused = registry(&house).diff_versions(asked).await.expect_err("it is another question's token");
        assert_eq!(fields(&refused), ["page_token"]);
        house.close().await;
    });
}

#[test]
fn the_difference_of_two_versions_names_exactly_what_changed() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        let second = publish_ratio(&house, "p1", "0.65").await;
        let changed = policy_pb::ParameterChange {
            division: CITY.to_owned(),
            address: "resident.inpatient.pooled.ratio".to_owned(),
            row: "tertiary".to_owned(),
            from_date: "2022-01-01".to_owned(),
            value_before: "0.60".to_owned(),
            value_after: "0.65".to_owned(),
            cite: vec!["TB-5".to_owned()],
        };
        let ask = |from: &str, to: &str, division: &str| policy_pb::DiffVersionsRequest {
            from_version: from.to_owned(),
            to_version: to.to_owned(),
            division: division.to_owned(),
            ..Default::default()
        };
        for division in ["", CITY, "370890"] {
            let found = registry(&house).diff_versions(ask(&first, &second, division)).await.expect("a difference");
            assert_eq!(found.into_inner().changes, std::slice::from_ref(&changed), "{division}");
        }
        for (from, to, division) in [(&first, &second, "370000"), (&second, &second, "")] {
            let found = registry(&house).diff_versions(ask(from, to, division)).await.expect("no difference");
            assert_eq!(found.into_inner(), policy_pb::DiffVersionsResponse::default());
        }
        let zero = "0".repeat(64);
        for (from, to) in [(&zero, &second), (&first, &zero)] {
            let unknown = registry(&house).diff_versions(ask(from, to, "")).await.expect_err("nobody published that");
            assert_eq!((reason(&unknown).as_str(), super::said(&unknown, "id")), ("NOT_FOUND", zero.clone()));
        }
        house.close().await;
    });
}

#[test]
fn differences_come_page_by_page() {
    on_both(|url| async move {
        let house = open(&url).await;
        let first = head_version(&house, CITY).await;
        // without the file everything it said is gone
        let removed_paths = vec!["370800/employee/large_amount.toml".to_owned()];
        let change = policy_pb::PackChange { base_version: first.clone(), files: Vec::new(), removed_paths };
        let checked = policy_pb::CheckPacksRequest { change: Some(change.clone()) };
        let checked = registry(&house).check_packs(checked).await.expect("it is checked").into_inner();
        assert!(checked.publishable, "{:?}", checked.problems);
        let published = registry(&house).publish_version(super::publish("p1", CITY, change)).await;
        let second = published.expect("it is published").into_inner().publication.expect("the act").policy_version;
        let mut asked =
            policy_pb::DiffVersionsRequest { from_version: first, to_version: second, ..Default::default() };
        let whole = registry(&house).diff_versions(asked.clone()).await.expect("a difference").into_inner().changes;
        assert!(whole.len() > 2 && whole.iter().all(|change| change.value_after.is_empty()), "{whole:?}");
        asked.page_size = 2;
        let mut paged = Vec::new();
        loop {
            let page = registry(&house).diff_versions(asked.clone()).await.expect("a page").into_inner();
            assert!((1..=2).contains(&page.changes.len()));
            paged.extend(page.changes);
            asked.page_token = page.next_page_token;
            if asked.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(paged, whole);
        house.close().await;
    });
}

use policy::{Policy, Severity, Version};
use registry::{Change, ChangeError, Publication, PublishError};
use store::Error;
use store::sea_orm::ConnectionTrait as _;
use testkit::on_both;

use crate::support::{
    alone, change, division, file, inpatient, kept, migrated, moment, packs, publish, published, roll, seed, seeded,
};

#[test]
fn a_published_version_is_the_head_of_its_division_and_of_those_below_that_have_none() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        let done =
            published(&database, &registry, publish("1", "990100", change(Some(first), vec![inpatient("0.70")])));
        let done = done.await.unwrap();
        let mut files = packs();
        files[3] = inpatient("0.70");
        let second = Version::of(&files);
        let expected = Publication {
            id: "1".to_owned(),
            division: division("990100"),
            version: second,
            replaced: Some(first),
            operator: "officer-1".to_owned(),
            reason: "new ratio".to_owned(),
            source: "document 7".to_owned(),
            at: moment(),
            rolled_forward: false,
        };
        assert_eq!((done.publication, done.warnings.len()), (expected.clone(), 0));
        let another = alone(&database).await;
        for registry in [&registry, &another] {
            let head = |code: &str| registry.head(division(code)).unwrap().version();
            // 990102 has no pack: its code says that it is below 990100
            for (code, version) in [("990000", first), ("990100", second), ("990201", second), ("990102", second)] {
                assert_eq!(head(code), version, "{code}");
            }
            assert_eq!(registry.head_publication(division("990201")), Some(expected.clone()));
            assert_eq!(registry.version(first).await.unwrap().unwrap().version(), first);
            files.sort();
            assert_eq!(registry.files(second).await.unwrap().unwrap(), files);
            assert!(registry.version(Version::of(&[])).await.unwrap().is_none());
            assert_eq!(registry.health().degraded, Vec::<&str>::new());
        }
    });
}

#[test]
fn packs_with_errors_are_refused_with_every_problem_and_nothing_is_kept() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        let wrong = vec![inpatient("1.60"), file("990100/nonsense.toml", "x = 1\n")];
        let asked = change(Some(first), wrong);
        let checked = registry.check(&asked).await.unwrap();
        assert!(!checked.publishable());
        let refused = published(&database, &registry, publish("1", "990100", asked)).await;
        let Err(PublishError::Refused(problems)) = refused else { panic!("{refused:?}") };
        assert_eq!(problems, checked.problems);
        let files: Vec<&str> =
            problems.iter().filter(|problem| problem.severity == Severity::Error).map(|p| p.file.as_str()).collect();
        assert!(
            files.contains(&"990000/resident/inpatient.toml") && files.contains(&"990100/nonsense.toml"),
            "{files:?}"
        );
        assert!(registry.files(checked.version).await.unwrap().is_none());
        let all = registry.publications(database.reader(), None, 10, None).await.unwrap();
        assert_eq!(all.publications.len(), 1);
    });
}

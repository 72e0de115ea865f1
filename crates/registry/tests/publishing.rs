use std::sync::Arc;

use policy::{PackFile, Policy, Severity, Version};
use registry::{Change, ChangeError, Publication, PublishError, Registry, RegistryError};
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, Error, Tx};
use testkit::on_both;
use tokio::sync::Barrier;

use crate::support::{
    alone, change, division, file, inpatient, kept, migrated, moment, packs, publish, published, roll, seed, seeded,
};

async fn count(database: &Database) -> usize {
    alone(database).await.publications(database.reader(), None, 1_000, None).await.unwrap().publications.len()
}

/// The head's version moved from, and the refusal's.
fn moved(result: Result<registry::Published, PublishError>) -> Option<Version> {
    match result {
        Err(PublishError::HeadMoved { head }) => head,
        other => panic!("{other:?}"),
    }
}

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

#[test]
fn a_change_that_does_not_fit_its_base_is_refused_by_its_paths() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        let removed = ["clauses.toml", "nowhere.toml"].map(str::to_owned).to_vec();
        let files = vec![inpatient("0.70"), inpatient("0.80")];
        let asked = Change { base: Some(first), files, removed };
        let refused = published(&database, &registry, publish("1", "990000", asked)).await;
        let Err(PublishError::Change(ChangeError::Paths { unknown, twice })) = refused else { panic!("{refused:?}") };
        assert_eq!((unknown, twice), (vec![1], vec![1]));
        let unknown = Version::of(&[]);
        let refused = published(&database, &registry, publish("1", "990000", change(Some(unknown), Vec::new()))).await;
        assert!(matches!(refused, Err(PublishError::Change(ChangeError::UnknownBase(base))) if base == unknown));
        let nowhere = published(&database, &registry, publish("1", "990300", change(Some(first), Vec::new()))).await;
        assert!(matches!(nowhere, Err(PublishError::UnknownDivision(_))), "{nowhere:?}");
        assert_eq!(count(&database).await, 1);
    });
}

#[test]
fn a_base_that_is_not_the_present_head_is_refused() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        let asked = |id: &str, code: &str, base: Option<Version>, ratio: &str| {
            let files = if base.is_none() { packs() } else { vec![inpatient(ratio)] };
            publish(id, code, change(base, files))
        };
        let none = published(&database, &registry, asked("1", "990000", None, "")).await;
        assert_eq!(moved(none), Some(first));
        let second = published(&database, &registry, asked("2", "990000", Some(first), "0.70")).await.unwrap();
        let second = second.publication.version;
        // those below follow, so their present head has moved too
        for code in ["990000", "990100", "990201"] {
            assert_eq!(
                moved(published(&database, &registry, asked("3", code, Some(first), "0.80")).await),
                Some(second)
            );
        }
        let below = published(&database, &registry, asked("3", "990100", Some(second), "0.80")).await.unwrap();
        assert_eq!(below.publication.replaced, Some(second));
        // a head of its own stays where it is
        let above = published(&database, &registry, asked("4", "990000", Some(second), "0.90")).await.unwrap();
        let head = |code: &str| registry.head(division(code)).unwrap().version();
        assert_eq!((head("990000"), head("990201")), (above.publication.version, below.publication.version));
        assert_eq!(count(&database).await, 4);
    });
}

#[test]
fn of_two_publications_that_come_at_once_on_one_base_exactly_one_passes() {
    on_both(|url| async move {
        let (database, first) = seeded(&url).await;
        let second = alone(&Database::open(&url).await.unwrap()).await;
        for round in 0..5 {
            let base = alone(&database).await.head(division("990000")).unwrap().version();
            let at_once = Arc::new(Barrier::new(2));
            let one = async |registry: &Registry, id: String, ratio: String| {
                let database = Database::open(&url).await.unwrap();
                let asked = publish(&id, "990000", change(Some(base), vec![inpatient(&ratio)]));
                let prepared = registry.prepare(asked).await.unwrap();
                at_once.wait().await;
                kept(&database, registry, &prepared).await
            };
            let (a, b) = tokio::join!(
                one(&first, format!("{round}-a"), format!("0.7{round}")),
                one(&second, format!("{round}-b"), format!("0.8{round}")),
            );
            let (passed, refused) = if a.is_ok() { (a, b) } else { (b, a) };
            assert_eq!(moved(refused), Some(passed.unwrap().publication.version));
        }
        assert_eq!(count(&database).await, 6);
    });
}

#[test]
fn an_earlier_version_is_made_the_head_again_as_a_new_publication() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        let second =
            published(&database, &registry, publish("1", "990000", change(Some(first), vec![inpatient("0.70")])));
        let second = second.await.unwrap().publication.version;
        let wrong = registry.prepare_roll_forward(roll("2", "990000", first, Some(first))).await.unwrap();
        assert_eq!(moved(kept(&database, &registry, &wrong).await), Some(second));
        // what was only prepared is no version yet
        let asked = publish("2", "990000", change(Some(second), vec![inpatient("0.80")]));
        let prepared = registry.prepare(asked).await.unwrap().version();
        assert!(registry.version(prepared).await.unwrap().is_none());
        let back = registry.prepare_roll_forward(roll("2", "990000", first, Some(second))).await.unwrap();
        let done = kept(&database, &registry, &back).await.unwrap().publication;
        assert_eq!((done.version, done.replaced, done.rolled_forward), (first, Some(second), true));
        // the document is still the one that the version came from
        assert_eq!((done.operator.as_str(), done.source.as_str()), ("officer-2", "as shipped"));
        for registry in [&registry, &alone(&database).await] {
            assert_eq!(registry.head(division("990201")).unwrap().version(), first);
            assert_eq!(registry.head_publication(division("990000")), Some(done.clone()));
        }
        let unknown = registry.prepare_roll_forward(roll("3", "990000", Version::of(&[]), Some(first))).await;
        assert!(matches!(unknown, Err(PublishError::UnknownVersion(_))));
    });
}

#[test]
fn publications_are_listed_newest_first_and_in_pages() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let mut base = Version::of(&packs());
        for (id, code) in [("1", "990000"), ("2", "990100"), ("3", "990000"), ("4", "990100"), ("5", "990100")] {
            let head = registry.head(division(code)).unwrap().version();
            let asked = publish(id, code, change(Some(head), vec![inpatient(&format!("0.6{id}"))]));
            base = published(&database, &registry, asked).await.unwrap().publication.version;
        }
        assert_eq!(registry.head(division("990201")).unwrap().version(), base);
        let pages = async |of: Option<&str>, size: u32| {
            let (mut pages, mut after): (Vec<Vec<String>>, Option<String>) = (Vec::new(), None);
            loop {
                let of = of.map(division);
                let page = registry.publications(database.reader(), of, size, after.as_deref()).await.unwrap();
                pages.push(page.publications.into_iter().map(|publication| publication.id).collect());
                after = page.next;
                if after.is_none() {
                    return pages;
                }
            }
        };
        assert_eq!(pages(None, 4).await, [vec!["5", "4", "3", "2"], vec!["1", "0"]]);
        assert_eq!(pages(None, 6).await, [["5", "4", "3", "2", "1", "0"]]);
        assert_eq!(pages(Some("990100"), 2).await, [vec!["5", "4"], vec!["2"]]);
        assert_eq!(pages(Some("990201"), 2).await, [Vec::<String>::new()]);
    });
}

#[test]
fn two_versions_differ_by_values_days_and_clauses() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        let own = "cite = \"T-1\"\n[pooled]\ndeductible_off_class_b = true\n[pooled.deductible]\nall = { 2021-01-01 = \"100.00\" }\n";
        let files = vec![inpatient("0.70"), file("990100/resident/inpatient.toml", own)];
        let second = published(&database, &registry, publish("1", "990000", change(Some(first), files))).await.unwrap();
        let second = second.publication.version;
        let said = async |from: Version, to: Version, of: Option<&str>| -> Vec<String> {
            let changes = registry.diff(from, to, of.map(division)).await.unwrap().unwrap();
            let text = changes.into_iter().map(|change| {
                let (before, after) = (change.before.unwrap_or_default(), change.after.unwrap_or_default());
                let from = change.from.map_or_else(|| "-".to_owned(), |from| from.to_string());
                let cite = change.cite.join(" ");
                format!("{} {} {} {from} {before}->{after} {cite}", change.division, change.address, change.row)
            });
            text.collect()
        };
        let ratio = "990000 resident.inpatient.pooled.ratio all 2020-01-01 0.60->0.70 T-1";
        let deductible = "990100 resident.inpatient.pooled.deductible all 2021-01-01 ->100.00 T-1";
        // how a layer works changes without a day
        let off = "990100 resident.inpatient.pooled.deductible_off_class_b  - ->true ";
        assert_eq!(said(first, second, None).await, [ratio, deductible, off]);
        assert_eq!(said(first, second, Some("990000")).await, [ratio]);
        assert_eq!(said(first, second, Some("990201")).await, [ratio, deductible, off]);
        assert_eq!(said(second, second, None).await, Vec::<String>::new());
        let back = said(second, first, None).await;
        let gone = [deductible.replace("->100.00", "100.00->"), off.replace("->true", "true->")];
        assert_eq!(back[0], ratio.replace("0.60->0.70", "0.70->0.60"));
        assert_eq!(back[1..], gone);
        assert!(registry.diff(first, Version::of(&[]), None).await.unwrap().is_none());
    });
}

#[test]
fn versions_and_publications_are_neither_changed_nor_removed() {
    on_both(|url| async move {
        let (database, _) = seeded(&url).await;
        for sql in [
            "UPDATE publication SET reason = 'another'",
            "DELETE FROM publication",
            "UPDATE policy_version SET files = '[]'",
            "DELETE FROM policy_version",
        ] {
            let refused: Result<(), Error> = database
                .transaction(|tx: Tx| async move {
                    tx.execute_unprepared(sql).await?;
                    Ok(())
                })
                .await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{sql}: {refused:?}");
        }
        assert_eq!(count(&database).await, 1);
    });
}

#[test]
fn the_first_publication_is_made_once_also_by_two_processes_at_once() {
    on_both(|url| async move {
        let (one, two) = (migrated(&url).await, Database::open(&url).await.unwrap());
        let (first, second) = (alone(&one).await, alone(&two).await);
        assert!(first.head(division("990000")).is_none());
        let mut another = seed(packs());
        another.id = "another".to_owned();
        let (a, b) = tokio::join!(first.seed(seed(packs())), second.seed(another.clone()));
        let seeded: Vec<Publication> = [a.unwrap(), b.unwrap()].into_iter().flatten().collect();
        assert_eq!(seeded.len(), 1);
        assert_eq!((seeded[0].division, seeded[0].replaced), (division("990000"), None));
        assert_eq!(first.seed(another).await.unwrap(), None);
        assert_eq!(count(&one).await, 1);
        for registry in [first, second] {
            assert_eq!(registry.head(division("990201")).unwrap().version(), Version::of(&packs()));
        }
        assert!(matches!(alone(&one).await.seed(seed(Vec::new())).await, Ok(None)));
    });
}

#[test]
fn a_first_publication_needs_packs_that_compile_and_have_one_root() {
    on_both(|url| async move {
        let database = migrated(&url).await;
        let registry = alone(&database).await;
        let mut two = packs();
        two.push(file("980000/division.toml", "zh = \"别处\"\nen = \"elsewhere\"\n"));
        let wrong = vec![file("nonsense", "")];
        let refused = registry.seed(seed(wrong)).await;
        assert!(matches!(refused, Err(PublishError::Refused(_))), "{refused:?}");
        let refused = registry.seed(seed(two)).await;
        assert!(matches!(refused, Err(PublishError::NoRoot | PublishError::Refused(_))), "{refused:?}");
        assert_eq!(count(&database).await, 0);
    });
}

#[test]
fn the_packs_that_ship_are_seeded_at_their_root() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = migrated(&url).await;
        let registry = alone(&database).await;
        let done = registry.seed(seed(Policy::shipped_files())).await.unwrap().unwrap();
        assert_eq!(done.version, Version::of(&Policy::shipped_files()));
        for known in registry.head(done.division).unwrap().divisions() {
            assert_eq!(registry.head(known.code).unwrap().version(), done.version);
        }
        let mut files = registry.files(done.version).await.unwrap().unwrap();
        let mut shipped = Policy::shipped_files();
        files.sort();
        shipped.sort();
        assert!(files == shipped);
    });
}

#[test]
fn a_published_version_that_cannot_be_used_leaves_the_head_that_was_and_shows() {
    on_both(|url| async move {
        let (database, registry) = seeded(&url).await;
        let first = Version::of(&packs());
        // as a newer program might publish, which knows more than this one; and one whose content was changed
        let newer = vec![file("nonsense", "")];
        for (id, version, files) in [("8", Version::of(&newer), newer), ("9", Version::of(&[]), packs())] {
            write(&database, id, version, &files).await;
            assert!(!registry.refresh().await.unwrap());
            assert_eq!(registry.health().degraded, ["head"]);
            assert_eq!(registry.head(division("990000")).unwrap().version(), first);
            let opened =
                Registry::open(registry::Source::Database(database.clone()), registry::Settings::default()).await;
            assert!(matches!(opened, Err(RegistryError::Unusable { .. } | RegistryError::Corrupt(_))), "{opened:?}");
        }
        let corrupt = registry.version(Version::of(&[])).await;
        assert!(matches!(corrupt, Err(RegistryError::Corrupt(_))), "{corrupt:?}");
    });
}

/// Writes a publication past every check.
async fn write(database: &Database, id: &str, version: Version, files: &[PackFile]) {
    let files = serde_json::to_string(files).unwrap();
    let work = |tx: Tx| {
        let files = files.clone();
        async move {
            let backend = tx.get_database_backend();
            let sql = "INSERT INTO policy_version (version, files) VALUES ($1, $2)";
            let values = [version.to_string().into(), files.into()];
            tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
            let sql = "INSERT INTO publication (id, division, version, operator, reason, source, published_at, \
                       rolled_forward) VALUES ($1, '990000', $2, 'x', 'x', 'x', 0, 0)";
            let values = [id.into(), version.to_string().into()];
            tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
            Ok::<(), Error>(())
        }
    };
    database.transaction(work).await.unwrap();
}

//! Departments' lists: compared row by row, applied where that is asked, and gone on with after whatever broke off.

use std::collections::BTreeMap;

use ::pb::assistance::v1 as pb;
use ::pb::enrolment::v1 as enrolment_pb;
use ::pb::settlement::v1::ThirdSystem;
use ::pb::r#type::v1::Category;
use pb::DifferenceKind as Kind;
use pb::category_row::Who;
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Error, Tx};
use testkit::on_both;
use tonic::Status;

use crate::support::{World, change, fault, fields, stand, terms};

fn list(mode: pb::ImportMode, full_list: bool) -> pb::ListTerms {
    pb::ListTerms {
        authority: terms(Category::LowIncome, "2022-01-01", "").authority,
        division: "370800".to_owned(),
        category: Category::LowIncome.into(),
        treated_as: None,
        as_of_date: "2022-10-01".to_owned(),
        full_list,
        mode: mode.into(),
        source: "letter 7 of 2022".to_owned(),
        operator_id: "officer".to_owned(),
    }
}

/// A row that names a person by id, or by document where the name begins with `D-`.
fn row(number: u64, who: &str, from: &str, to: &str) -> pb::CategoryRow {
    let document = |number: &str| enrolment_pb::PersonDocument {
        document_type: enrolment_pb::DocumentType::ResidentId.into(),
        document_number: number.to_owned(),
    };
    let who = if who.starts_with("D-") { Who::Document(document(who)) } else { Who::PersonId(who.to_owned()) };
    pb::CategoryRow {
        row: number,
        who: Some(who),
        from_date: from.to_owned(),
        to_date: to.to_owned(),
        evidence: Vec::new(),
    }
}

fn message(key: &str, list: &pb::ListTerms, rows: Vec<pb::CategoryRow>, last: bool) -> pb::ImportCategoriesRequest {
    let (idempotency_key, terms) = (key.to_owned(), Some(list.clone()));
    pb::ImportCategoriesRequest { idempotency_key, terms, rows_total: 0, rows, last }
}

async fn import(world: &World, messages: Vec<pb::ImportCategoriesRequest>) -> Result<pb::CategoryImport, Status> {
    let answer = world.categories.clone().import_categories(tokio_stream::iter(messages)).await?;
    Ok(answer.into_inner().import.unwrap())
}

fn found(import: &pb::CategoryImport) -> BTreeMap<Kind, u64> {
    import.found.iter().map(|one| (one.kind(), one.count)).collect()
}

async fn differences(
    world: &World,
    import: &str,
    kinds: &[Kind],
    resume_token: &str,
) -> Vec<pb::StreamCategoryDifferencesResponse> {
    let kinds = kinds.iter().map(|kind| (*kind).into()).collect();
    let (import_id, resume_token) = (import.to_owned(), resume_token.to_owned());
    let request = pb::StreamCategoryDifferencesRequest { import_id, kinds, resume_token };
    let mut stream = world.categories.clone().stream_category_differences(request).await.unwrap().into_inner();
    let mut found = Vec::new();
    while let Some(one) = stream.message().await.unwrap() {
        found.push(one);
    }
    found
}

/// Kind, row and person of each difference.
async fn listed(world: &World, import: &str) -> Vec<(Kind, u64, String)> {
    let found = differences(world, import, &[], "").await;
    let brief = |one: pb::StreamCategoryDifferencesResponse| {
        let one = one.difference.unwrap();
        (one.kind(), one.row, one.person_id)
    };
    found.into_iter().map(brief).collect()
}

/// People of whom something is known: `same` and `other` have the category, `gone` too and is on no list below.
async fn known(world: &World) {
    for person in ["same", "gone"] {
        world.grant(person, Category::LowIncome, "2022-01-01").await;
    }
    world.try_grant("other", terms(Category::LowIncome, "2022-01-01", "2022-12-31")).await.unwrap();
    world.grant("gone", Category::Destitute, "2022-01-01").await;
    let mut another = terms(Category::LowIncome, "2022-01-01", "");
    another.authority.as_mut().unwrap().division = "370829".to_owned();
    world.try_grant("elsewhere", another).await.unwrap();
    world.try_grant("ended", terms(Category::LowIncome, "2022-01-01", "2022-09-30")).await.unwrap();
}

fn rows() -> Vec<pb::CategoryRow> {
    vec![
        row(1, "same", "", ""),
        row(2, "D-new", "2022-03-01", ""),
        row(3, "other", "2022-01-01", ""),
        row(4, "D-X", "", ""),
        row(5, "late", "2022-09-31", ""),
        row(6, "D-new", "", ""),
        row(7, "ended", "", "2023-09-30"),
        row(8, "elsewhere", "2022-02-01", ""),
        row(9, "back", "2022-05-01", "2022-04-30"),
    ]
}

const EXPECTED: [(Kind, u64, &str); 10] = [
    (Kind::Same, 1, "same"),
    (Kind::New, 2, "new"),
    (Kind::Changed, 3, "other"),
    (Kind::UnknownPerson, 4, ""),
    (Kind::Rejected, 5, ""),
    (Kind::Rejected, 6, ""),
    (Kind::New, 7, "ended"),
    (Kind::Rejected, 8, ""),
    (Kind::Rejected, 9, ""),
    (Kind::Ended, 0, "gone"),
];

fn expected() -> Vec<(Kind, u64, String)> {
    EXPECTED.iter().map(|(kind, row, person)| (*kind, *row, (*person).to_owned())).collect()
}

#[test]
fn a_person_enrolment_does_not_know_is_named_in_the_differences_and_granted_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let list = list(pb::ImportMode::Apply, false);
        let rows = vec![row(1, "X1", "2022-03-01", ""), row(2, "P1", "2022-03-01", "")];
        import(&world, vec![message("I", &list, rows, true)]).await.unwrap();
        let expected = [(Kind::UnknownPerson, 1, String::new()), (Kind::New, 2, "P1".to_owned())];
        assert_eq!(listed(&world, "I").await, expected);
        assert_eq!(world.count("SELECT count(*) AS n FROM category_grant").await, 1);
    });
}

#[test]
fn a_row_of_a_full_list_whose_person_enrolment_no_longer_knows_keeps_the_grant_and_is_said() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        // granted while enrolment knew them, or was not connected
        let before = world.with_enrolment(None).await;
        for person in ["X1", "X2", "X3"] {
            before.grant(person, Category::LowIncome, "2022-01-01").await;
        }
        let list = list(pb::ImportMode::Apply, true);
        let rows = vec![row(1, "X1", "2022-01-01", ""), row(2, "X2", "2022-09-31", ""), row(3, "X4", "", "")];
        import(&world, vec![message("I", &list, rows, true)]).await.unwrap();
        let nobody = String::new;
        let expected = [
            (Kind::UnknownPerson, 1, "X1".to_owned()),
            (Kind::Rejected, 2, nobody()),
            (Kind::UnknownPerson, 3, nobody()),
            (Kind::Ended, 0, "X3".to_owned()),
        ];
        assert_eq!(listed(&world, "I").await, expected, "only who is not on the list is ended");
        assert_eq!(world.count("SELECT count(*) AS n FROM category_grant WHERE version > 1").await, 1);
    });
}

#[test]
fn a_full_list_makes_what_is_known_equal_to_it_and_says_every_difference() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        known(&world).await;
        let list = list(pb::ImportMode::Apply, true);
        let done = import(&world, vec![message("I", &list, rows(), true)]).await.unwrap();
        assert_eq!((done.rows_read, done.done, done.terms.clone()), (9, true, Some(list)));
        let counts = [(Kind::New, 2), (Kind::Ended, 1), (Kind::Changed, 1), (Kind::Same, 1), (Kind::UnknownPerson, 1)];
        let counts: BTreeMap<Kind, u64> = counts.into_iter().chain([(Kind::Rejected, 4)]).collect();
        assert_eq!(found(&done), counts);
        assert_eq!(listed(&world, "I").await, expected());
        let low = vec![Category::LowIncome];
        assert_eq!(world.on("new", "2022-03-01").await, low);
        assert_eq!((world.on("other", "2023-05-01").await, world.on("ended", "2022-10-01").await), (low.clone(), low));
        assert_eq!(world.on("gone", "2022-09-30").await, [Category::Destitute, Category::LowIncome]);
        assert_eq!(world.on("gone", "2022-10-01").await, [Category::Destitute], "another category stays");
        assert_eq!(world.on("elsewhere", "2022-10-01").await, [Category::LowIncome], "another authority's stays");
        let all = differences(&world, "I", &[Kind::Changed, Kind::Ended], "").await;
        let changed = all[0].difference.clone().unwrap();
        let (before, after) = (changed.before.unwrap(), changed.after.unwrap());
        assert_eq!((before.version, after.version, after.import_id.as_str()), (1, 2, "I"));
        assert_eq!((before.terms.unwrap().to_date.as_str(), after.terms.unwrap().to_date.as_str()), ("2022-12-31", ""));
        let rest = differences(&world, "I", &[Kind::Changed, Kind::Ended], &all[0].resume_token).await;
        assert_eq!(rest, all[1..]);
        let problem = differences(&world, "I", &[Kind::Rejected], "").await;
        let problems: Vec<(u64, String)> = problem
            .into_iter()
            .map(|one| one.difference.unwrap())
            .map(|one| (one.row, format!("{} {}", one.problems[0].field, one.problems[0].reason)))
            .collect();
        let reasons = ["from_date invalid_fields", " duplicate", " duplicate", "to_date invalid_fields"];
        let expected: Vec<(u64, String)> = [5, 6, 8, 9].into_iter().zip(reasons.map(str::to_owned)).collect();
        assert_eq!(problems, expected);
    });
}

#[test]
fn a_check_finds_the_same_differences_and_keeps_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        known(&world).await;
        let list = list(pb::ImportMode::Check, true);
        let done = import(&world, vec![message("I", &list, rows(), true)]).await.unwrap();
        assert_eq!((done.done, listed(&world, "I").await), (true, expected()));
        let (new, gone) = (world.on("new", "2022-03-01").await, world.on("gone", "2022-10-01").await);
        assert_eq!((new, gone), (vec![], vec![Category::Destitute, Category::LowIncome]));
        let after = differences(&world, "I", &[Kind::Ended], "").await.remove(0).difference.unwrap().after.unwrap();
        assert_eq!((after.version, after.recorded_at, after.terms.unwrap().to_date.as_str()), (0, None, "2022-09-30"));
    });
}

#[test]
fn an_import_goes_on_after_its_last_row_and_its_name_is_for_one_list() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        known(&world).await;
        let list = list(pb::ImportMode::Apply, true);
        let mut all = rows();
        let rest = all.split_off(3);
        let first = import(&world, vec![message("I", &list, all.clone(), false)]).await.unwrap();
        assert_eq!((first.rows_read, first.done), (3, false));
        let gap = import(&world, vec![message("I", &list, rest[1..].to_vec(), true)]).await.unwrap_err();
        assert_eq!(fields(&gap), ["rows[0].row"]);
        let other = pb::ListTerms { source: "letter 8".to_owned(), ..list.clone() };
        let (reason, metadata) =
            fault(&import(&world, vec![message("I", &other, rest.clone(), true)]).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["field"].as_str()), ("KEY_REUSED", "terms"));
        // a new stream from the start: what was read is passed over
        let again = vec![message("I", &list, all, false), message("", &list, rest.clone(), true)];
        let done = import(&world, again.clone()).await.unwrap();
        assert_eq!((done.done, listed(&world, "I").await), (true, expected()));
        assert_eq!(import(&world, again).await.unwrap(), done, "the same again changes nothing");
        let more = vec![message("I", &list, vec![row(10, "more", "", "")], true)];
        assert_eq!(fault(&import(&world, more).await.unwrap_err()).0, "WRONG_STATE");
        let request = pb::GetCategoryImportRequest { import_id: "I".to_owned() };
        let kept = world.categories.clone().get_category_import(request).await.unwrap().into_inner().import.unwrap();
        assert_eq!(kept, done);
        let request = pb::GetCategoryImportRequest { import_id: "J".to_owned() };
        let unknown = world.categories.clone().get_category_import(request).await.unwrap_err();
        assert_eq!(fault(&unknown).0, "NOT_FOUND");
    });
}

#[test]
fn a_list_asks_once_for_each_persons_year_that_it_concerns() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        for person in ["new", "same", "old"] {
            let mut settled = change(person, 1, "", &[(&format!("{person}-1"), 0, 0), (&format!("{person}-2"), 0, 0)]);
            for claim in &mut settled.years[0].claims {
                *claim = stand(&claim.claim_id, 0, 0);
                claim.categories = Vec::new();
                claim.third_system = ThirdSystem::NotConcerned.into();
            }
            world.post(&[settled]).await;
        }
        world.grant("same", Category::LowIncome, "2022-10-11").await;
        assert!(world.reassessments("same").await.is_empty(), "its claims are of the day before");
        let list = list(pb::ImportMode::Apply, false);
        let rows =
            vec![row(1, "new", "2022-01-01", ""), row(2, "same", "2022-10-11", ""), row(3, "old", "2022-10-11", "")];
        import(&world, vec![message("I", &list, rows, true)]).await.unwrap();
        assert_eq!((world.answered("new").await.len(), world.lacking("new").await), (1, 0));
        assert!(world.reassessments("same").await.is_empty() && world.reassessments("old").await.is_empty());
    });
}

#[test]
fn everything_that_is_wrong_with_a_list_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let wrong = pb::ListTerms {
            authority: None,
            as_of_date: "2022-10-11".to_owned(),
            mode: 0,
            source: String::new(),
            category: Category::NoCategory.into(),
            ..list(pb::ImportMode::Check, false)
        };
        let refused = import(&world, vec![message("", &wrong, Vec::new(), true)]).await.unwrap_err();
        let expected =
            ["idempotency_key", "terms.as_of_date", "terms.authority", "terms.category", "terms.mode", "terms.source"];
        assert_eq!(fields(&refused), expected);
    });
}

/// As a process leaves it that was killed between the last row and the end of what a full list lacks.
async fn left_ending(world: &World) {
    let work = |tx: Tx| async move {
        let sql = "UPDATE category_import SET state = 'ending'";
        tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
        Ok::<_, Error>(())
    };
    world.database.transaction(work).await.unwrap();
}

#[test]
fn an_import_that_was_killed_while_it_ended_what_a_full_list_lacks_goes_on_with_it() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        known(&world).await;
        // granted on the day as of which the list is right, and not on it
        world.grant("fresh", Category::LowIncome, "2022-10-01").await;
        let list = list(pb::ImportMode::Apply, true);
        let rows = vec![row(1, "same", "", ""), row(2, "other", "", "2022-12-31")];
        let open = import(&world, vec![message("I", &list, rows.clone(), false)]).await.unwrap();
        assert!(!open.done && world.on("gone", "2022-10-01").await.contains(&Category::LowIncome));
        left_ending(&world).await;
        let done = import(&world, vec![message("I", &list, rows, true)]).await.unwrap();
        assert_eq!((done.done, found(&done)), (true, BTreeMap::from([(Kind::Same, 2), (Kind::Ended, 2)])));
        assert_eq!(world.on("gone", "2022-10-01").await, [Category::Destitute]);
        assert_eq!(world.on("fresh", "2022-10-01").await, [], "it never was");
        let ended = differences(&world, "I", &[Kind::Ended], "").await;
        let people: Vec<String> = ended.into_iter().map(|one| one.difference.unwrap().person_id).collect();
        assert_eq!(people, ["fresh", "gone"]);
    });
}

#[test]
fn two_streams_of_one_import_at_once_read_each_row_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let list = list(pb::ImportMode::Apply, false);
        let rows: Vec<pb::CategoryRow> = (1..=40).map(|number| row(number, &format!("D-P{number}"), "", "")).collect();
        let messages = || -> Vec<pb::ImportCategoriesRequest> {
            let pieces: Vec<Vec<pb::CategoryRow>> = rows.chunks(10).map(<[_]>::to_vec).collect();
            let last = pieces.len() - 1;
            pieces.into_iter().enumerate().map(|(at, piece)| message("I", &list, piece, at == last)).collect()
        };
        let (one, two) = tokio::join!(import(&world, messages()), import(&world, messages()));
        for done in [one, two] {
            let done = done.unwrap();
            assert_eq!((done.done, found(&done)), (true, BTreeMap::from([(Kind::New, 40)])));
        }
        assert_eq!(listed(&world, "I").await.len(), 40);
    });
}

#[test]
fn without_enrolment_a_list_names_people_by_their_ids_or_waits() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let list = list(pb::ImportMode::Apply, false);
        let documents = || vec![message("I", &list, vec![row(1, "P1", "", ""), row(2, "D-P2", "", "")], true)];
        let alone = world.with_enrolment(None).await;
        let (reason, metadata) = fault(&import(&alone, documents()).await.unwrap_err());
        assert_eq!((reason.as_str(), metadata["state"].as_str()), ("WRONG_STATE", "enrolment_not_connected"));
        let away = world.with_enrolment(Some("http://127.0.0.1:1")).await;
        assert_eq!(fault(&import(&away, documents()).await.unwrap_err()).0, "UNAVAILABLE");
        assert!(world.on("P1", "2022-10-01").await.is_empty(), "nothing of the message was kept");
        let ids = vec![message("J", &list, vec![row(1, "P3", "", "")], true)];
        assert!(import(&alone, ids).await.unwrap().done);
        assert_eq!(found(&import(&world, documents()).await.unwrap()), BTreeMap::from([(Kind::New, 2)]));
        // what an import keeps names the person, and the document nowhere
        let columns = "coalesce(person_id, '') || coalesce(before_grant, '') || coalesce(after_grant, '') || problems";
        for (text, rows) in [("%P2%", 1), ("%D-P2%", 0)] {
            let sql = format!("SELECT count(*) AS n FROM category_difference WHERE {columns} LIKE '{text}'");
            let reader = world.database.reader();
            let statement = Statement::from_string(reader.get_database_backend(), sql);
            let found: i64 = reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap();
            assert_eq!(found, rows, "{text}");
        }
    });
}

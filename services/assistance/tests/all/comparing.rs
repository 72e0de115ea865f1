//! The monthly comparison (SD-10): the list is what a computation from scratch gives, as of the same Changes.

use std::collections::BTreeMap;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1 as type_pb;
use pb::run_comparison_response::Report;
use pb::{WatchDifference, WatchDifferenceKind as Kind, WatchState};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use settlement_pb::{Change, StreamBurdensResponse};
use store::sea_orm::{ConnectionTrait as _, Statement};
use testkit::on_both;
use tonic::{Code, Status};
use type_pb::Category;

use crate::support::{World, fault, fields, key};
use crate::watching::{LINE, burdened};

/// A year as settlement folds it: as after a Change.
fn folded(change: &Change) -> StreamBurdensResponse {
    let year = settlement_pb::YearStand { claims: Vec::new(), ..change.years[0].clone() };
    StreamBurdensResponse {
        person_id: change.person_id.clone(),
        sequence: change.sequence,
        year: Some(year),
        ..Default::default()
    }
}

fn asking(key: &str) -> pb::RunComparisonRequest {
    let (division, month) = ("370000".to_owned(), "2022-10".to_owned());
    pb::RunComparisonRequest { idempotency_key: key.to_owned(), division, month }
}

/// What a comparison said: its differences, and what was kept of it.
async fn try_compare(
    world: &World,
    request: pb::RunComparisonRequest,
) -> Result<(Vec<WatchDifference>, pb::Comparison), Status> {
    let mut stream = world.watch.clone().run_comparison(request).await?.into_inner();
    let (mut found, mut done) = (Vec::new(), None);
    while let Some(message) = stream.message().await? {
        assert!(done.is_none(), "the end is the last message");
        match message.report.unwrap() {
            Report::Difference(difference) => found.push(difference),
            Report::Progress(progress) => assert_eq!(progress.differences, found.len() as u64),
            Report::Done(comparison) => done = Some(comparison),
        }
    }
    Ok((found, done.expect("it is done")))
}

async fn compare(world: &World, folded: Vec<StreamBurdensResponse>) -> (Vec<WatchDifference>, pb::Comparison) {
    *world.settlement.burdens.lock().unwrap() = folded;
    try_compare(world, asking(&key())).await.unwrap()
}

pub(crate) async fn change_by_hand(world: &World, sql: &str) {
    let work = |tx: store::Tx| async move {
        tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
        Ok::<_, store::Error>(())
    };
    world.database.transaction(work).await.unwrap();
}

#[test]
fn a_list_that_is_right_has_no_difference_and_each_kind_of_wrong_one_is_found_kept_and_shown() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let changes = [
            burdened("P1", 1, LINE + 1, &[]),
            burdened("P2", 1, LINE, &[]),
            burdened("P3", 1, 500, &[Category::LowIncomeEdge]),
            burdened("P4", 1, LINE + 40, &[]),
            burdened("P5", 1, LINE + 50, &[]),
        ];
        world.keep(&changes).await;
        let (found, done) = compare(&world, changes.iter().map(folded).collect()).await;
        assert_eq!((found, done.differences, done.people_compared, done.people_listed), (Vec::new(), 0, 5, 4));
        assert_eq!((done.division.as_str(), done.month.as_str()), ("370000", "2022-10"));
        // P1 computed lower, P2 above the line, P4 with another burden, P5 unknown to settlement
        let computed = [
            burdened("P1", 1, LINE, &[]),
            burdened("P2", 1, LINE + 1, &[]),
            burdened("P3", 1, 500, &[Category::LowIncomeEdge]),
            burdened("P4", 1, LINE + 41, &[]),
        ];
        let key = key();
        *world.settlement.burdens.lock().unwrap() = computed.iter().map(folded).collect();
        let (found, done) = try_compare(&world, asking(&key)).await.unwrap();
        let short = |one: &WatchDifference| {
            (one.kind(), one.person_id.clone(), one.kept_burden_fen, one.computed_burden_fen, one.line_fen)
        };
        let line = Some(LINE);
        let expected = [
            (Kind::TooMany, "P1".to_owned(), Some(LINE + 1), LINE, line),
            (Kind::Missing, "P2".to_owned(), None, LINE + 1, line),
            (Kind::Amount, "P4".to_owned(), Some(LINE + 40), LINE + 41, line),
            (Kind::TooMany, "P5".to_owned(), Some(LINE + 50), 0, None),
        ];
        assert_eq!(found.iter().map(short).collect::<Vec<_>>(), expected);
        assert_eq!((done.differences, done.people_listed), (4, 3));
        let asked = world.settlement.folded.lock().unwrap().len();
        assert_eq!(try_compare(&world, asking(&key)).await.unwrap(), (found.clone(), done.clone()), "what was kept");
        assert_eq!(world.settlement.folded.lock().unwrap().len(), asked, "settlement was not asked again");
        let comparison_id = done.comparison_id.clone();
        let request = pb::GetComparisonRequest { comparison_id };
        let shown = world.watch.clone().get_comparison(request).await.unwrap().into_inner();
        assert_eq!((shown.comparison, shown.differences), (Some(done), found));
        let other = pb::RunComparisonRequest { month: "2022-09".to_owned(), ..asking(&key) };
        assert_eq!(fault(&try_compare(&world, other).await.unwrap_err()).0, "KEY_REUSED");
    });
}

#[test]
fn the_list_is_looked_at_as_it_was_after_the_changes_settlement_has_folded() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let history = [
            burdened("P1", 1, LINE + 1, &[]),
            burdened("P1", 2, LINE + 9, &[]),
            burdened("P1", 3, LINE, &[]),
            burdened("P1", 4, LINE + 2, &[]),
        ];
        world.keep(&history).await;
        for one in &history {
            let (found, _) = compare(&world, vec![folded(one)]).await;
            assert_eq!(found, [], "as of {}", one.sequence);
        }
        // what settlement has already and the list not yet is waited for
        let next = burdened("P1", 5, 7, &[]);
        *world.settlement.burdens.lock().unwrap() = vec![folded(&next)];
        let comparing = try_compare(&world, asking("waits"));
        let posting = async {
            let asked = || async { (world.settlement.folded.lock().unwrap().len() > 4).then_some(()) };
            crate::support::eventually(asked).await;
            world.keep(std::slice::from_ref(&next)).await;
        };
        let (compared, ()) = tokio::join!(comparing, posting);
        assert_eq!(compared.unwrap().0, []);
    });
}

#[test]
fn a_stream_that_breaks_goes_on_behind_what_was_read_and_settlement_away_is_said() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let changes: Vec<Change> = (10..20).map(|at| burdened(&format!("P{at}"), 1, LINE + at, &[])).collect();
        world.keep(&changes).await;
        *world.settlement.breaks.lock().unwrap() = Some(4);
        let (found, done) = compare(&world, changes.iter().map(folded).collect()).await;
        assert_eq!((found, done.people_compared), (Vec::new(), 10));
        assert_eq!(*world.settlement.folded.lock().unwrap(), [0, 4]);
        *world.settlement.away.lock().unwrap() = true;
        let away = try_compare(&world, asking("away")).await.unwrap_err();
        assert_eq!(away.code(), Code::Unavailable, "{away:?}");
        *world.settlement.away.lock().unwrap() = false;
        assert_eq!(try_compare(&world, asking("away")).await.unwrap().1.differences, 0, "nothing was kept of it");
        let wrong = pb::RunComparisonRequest { month: "2022-11".to_owned(), ..Default::default() };
        assert_eq!(fields(&try_compare(&world, wrong).await.unwrap_err()), ["division", "idempotency_key", "month"]);
    });
}

#[test]
fn a_comparison_goes_on_although_its_caller_goes_away() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let changes: Vec<Change> = (0..1_200).map(|at| burdened(&format!("P{at:04}"), 1, LINE + at, &[])).collect();
        for batch in changes.chunks(200) {
            world.keep(batch).await;
        }
        *world.settlement.burdens.lock().unwrap() = changes.iter().map(folded).collect();
        drop(world.watch.clone().run_comparison(asking("gone")).await.unwrap());
        let count = || async { (world.count("SELECT count(*) AS n FROM comparison").await == 1).then_some(()) };
        crate::support::eventually(count).await;
        let asked = world.settlement.folded.lock().unwrap().len();
        let (found, done) = try_compare(&world, asking("gone")).await.unwrap();
        // the first of them stands at the line
        assert_eq!((found, done.people_compared, done.people_listed), (Vec::new(), 1_200, 1_199));
        assert_eq!((asked, world.settlement.folded.lock().unwrap().len()), (1, 1));
    });
}

#[test]
fn a_month_that_ended_is_compared_without_being_asked_for_and_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let changes = [burdened("P1", 1, LINE + 1, &[]), burdened("P2", 1, LINE, &[])];
        world.keep(&changes).await;
        *world.settlement.burdens.lock().unwrap() = changes.iter().map(folded).collect();
        world.noon("2022-11-01");
        let restarted = world.replica().await;
        let kept = || async { (world.count("SELECT count(*) AS n FROM comparison").await == 1).then_some(()) };
        crate::support::eventually(kept).await;
        let asked = world.settlement.folded.lock().unwrap().len();
        let (found, done) = try_compare(&restarted, asking("monthly-370000-2022-10")).await.unwrap();
        assert_eq!((found, done.people_compared, done.people_listed), (Vec::new(), 2, 1));
        assert_eq!(world.settlement.folded.lock().unwrap().len(), asked, "settlement was not asked again");
    });
}

#[test]
fn an_entry_changed_by_hand_is_found() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let change = burdened("P1", 1, LINE + 1, &[]);
        world.keep(std::slice::from_ref(&change)).await;
        let step = "INSERT INTO watch_step (entry_id, number, state, burden_fen, line_fen, sequence, about, done_at) \
             SELECT entry_id, 2, 'listed', burden_fen + 1, line_fen, 1, 'by hand', 0 FROM watch_entry";
        change_by_hand(&world, step).await;
        let (found, _) = compare(&world, vec![folded(&change)]).await;
        assert_eq!(found.iter().map(WatchDifference::kind).collect::<Vec<_>>(), [Kind::Amount]);
    });
}

/// What happens to one of six people: which burden, in fen, and which categories.
type Step = (usize, i64, Vec<Category>);

fn histories() -> impl Strategy<Value = (Vec<Step>, Vec<usize>)> {
    let burden = prop_oneof![Just(0), Just(1), Just(LINE - 1), Just(LINE), Just(LINE + 1), 0..2 * LINE];
    let categories = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec![Category::Destitute]),
        1 => Just(vec![Category::LowIncomeEdge]),
        1 => Just(vec![Category::Monitored, Category::Destitute]),
    ];
    (prop::collection::vec((0..6_usize, burden, categories), 1..40), prop::collection::vec(1..6_usize, 40))
}

/// Whether somebody is on the list, by the words of SD-9 and not by the service.
fn is_on(burden: i64, categories: &[Category]) -> bool {
    let is_unknown = categories.iter().any(|one| matches!(one, Category::LowIncomeEdge | Category::Monitored));
    if is_unknown { burden > 0 } else { burden > LINE }
}

#[test]
fn after_any_history_the_list_is_what_a_computation_from_scratch_gives() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut runner = TestRunner::deterministic();
        for case in 0..15 {
            let (steps, sizes) = histories().new_tree(&mut runner).unwrap().current();
            let person = |at: usize| format!("P{case:02}-{at}");
            let mut last: BTreeMap<usize, u64> = BTreeMap::new();
            let changes: Vec<(usize, Change)> = steps
                .iter()
                .map(|(at, burden, categories)| {
                    let sequence = last.entry(*at).and_modify(|last| *last += 1).or_insert(1);
                    (*at, burdened(&person(*at), *sequence, *burden, categories))
                })
                .collect();
            let (mut rest, mut sizes) = (changes.as_slice(), sizes.into_iter().cycle());
            let mut computed: BTreeMap<String, StreamBurdensResponse> = world
                .settlement
                .burdens
                .lock()
                .unwrap()
                .iter()
                .map(|one| (one.person_id.clone(), one.clone()))
                .collect();
            let mut halfway = None;
            while !rest.is_empty() {
                let (batch, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                rest = after;
                world.keep(&batch.iter().map(|(_, change)| change.clone()).collect::<Vec<_>>()).await;
                computed.extend(batch.iter().map(|(_, change)| (change.person_id.clone(), folded(change))));
                // settlement knows of everybody who was ever listed here
                if halfway.is_none() && last.keys().all(|at| computed.contains_key(&person(*at))) {
                    halfway = Some(computed.clone());
                }
            }
            // as it stands, and as it stood when something of everybody had happened
            for computed in [Some(computed.clone()), halfway].into_iter().flatten() {
                let (found, _) = compare(&world, computed.into_values().collect()).await;
                assert_eq!(found, [], "case {case}");
            }
            *world.settlement.burdens.lock().unwrap() = computed.into_values().collect();
            let end: BTreeMap<usize, bool> =
                steps.iter().map(|(at, burden, categories)| (*at, is_on(*burden, categories))).collect();
            for (at, is_on) in end {
                let state = world.state(&person(at)).await;
                let is_listed = state.is_some_and(|state| state != WatchState::Left);
                assert_eq!(is_listed, is_on, "case {case}, {}: {state:?}", person(at));
            }
        }
    });
}

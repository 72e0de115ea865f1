//! The watch list is kept by the Changes themselves: who crosses the line stands on it once the Change is kept (SX-9, SD-9).

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1 as type_pb;
use pb::watch_answer::Verdict;
use pb::{PostOutcome, WatchState};
use settlement_pb::{Change, YearStand};
use store::sea_orm::{ConnectionTrait as _, Statement};
use testkit::on_both;
use tonic::{Code, Status};
use type_pb::Category;

use crate::support::{SHIPPED, World, asking, change, eventually, fault, fields, granted, key, terms};

/// The line of ordinary people in 370800 in 2022: the income of 35,705.00 yuan (370000/watch-ordinary-exactly-at-income).
pub(crate) const LINE: i64 = 3_570_500;

/// A person's year of 2022 after a Change: its burden in fen, and the categories it was decided with.
pub(crate) fn burdened(person: &str, sequence: u64, burden_fen: i64, categories: &[Category]) -> Change {
    let mut change = change(person, sequence, "", &[("", 0, 0)]);
    let year = &mut change.years[0];
    let claim = &mut year.claims[0];
    claim.claim_id = format!("{person}-C");
    claim.revision = u32::try_from(sequence).unwrap();
    (year.burden_fen, year.categories) =
        (Some(burden_fen), categories.iter().map(|category| (*category).into()).collect());
    change
}

impl World {
    /// Keeps Changes.
    pub(crate) async fn keep(&self, changes: &[Change]) {
        let answers = self.post(changes).await;
        assert!(answers.iter().all(|answer| *answer == PostOutcome::Kept), "{answers:?}");
    }

    pub(crate) async fn try_watch(&self, request: pb::ListWatchRequest) -> Result<pb::ListWatchResponse, Status> {
        Ok(self.watch.clone().list_watch(request).await?.into_inner())
    }

    /// A person's entries.
    pub(crate) async fn watched(&self, person: &str) -> Vec<pb::WatchEntry> {
        let request = pb::ListWatchRequest { person_id: person.to_owned(), ..Default::default() };
        self.try_watch(request).await.unwrap().entries
    }

    /// The state of a person's only entry.
    pub(crate) async fn state(&self, person: &str) -> Option<WatchState> {
        let found = self.watched(person).await;
        assert!(found.len() <= 1, "{found:?}");
        found.first().map(pb::WatchEntry::state)
    }

    /// A person's only entry, with its steps.
    pub(crate) async fn entry(&self, person: &str) -> pb::WatchEntry {
        let entry_id = self.watched(person).await.pop().expect("it is on the list").entry_id;
        self.watch
            .clone()
            .get_watch_entry(pb::GetWatchEntryRequest { entry_id })
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap()
    }

    async fn try_answer(&self, key: &str, entry: &str, verdict: Verdict) -> Result<pb::WatchEntry, Status> {
        let request = pb::AnswerEntryRequest {
            idempotency_key: key.to_owned(),
            entry_id: entry.to_owned(),
            answer: Some(answer(verdict)),
        };
        Ok(self.watch.clone().answer_entry(request).await?.into_inner().entry.unwrap())
    }

    /// Confirms an entry in the category of those impoverished by illness.
    pub(crate) async fn try_answer_poor(&self, key: String, entry: String) -> Result<pb::WatchEntry, Status> {
        self.try_answer(&key, &entry, confirmed()).await
    }

    /// Runs a statement as nobody should.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), store::Error> {
        let work = |tx: store::Tx| async move {
            tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
            Ok::<_, store::Error>(())
        };
        self.database.transaction(work).await
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let reader = self.database.reader();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

fn answer(verdict: Verdict) -> pb::WatchAnswer {
    pb::WatchAnswer {
        authority: terms(Category::IllnessPoor, "2022-01-01", "").authority,
        operator_id: "officer".to_owned(),
        verdict: Some(verdict),
    }
}

fn confirmed() -> Verdict {
    Verdict::Confirmed(terms(Category::IllnessPoor, "2022-01-01", ""))
}

/// State, burden, line and sequence of each step.
fn steps(entry: &pb::WatchEntry) -> Vec<(WatchState, i64, Option<i64>, u64)> {
    entry.steps.iter().map(|step| (step.state(), step.burden_fen, step.line_fen, step.sequence)).collect()
}

#[test]
fn exactly_at_the_line_nobody_is_listed_and_one_fen_above_it_everybody_is() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, LINE, &[]), burdened("P2", 1, LINE + 1, &[])]).await;
        world.keep(&[burdened("P3", 1, LINE + 1, &[Category::Destitute])]).await;
        assert_eq!((world.state("P1").await, world.state("P2").await), (None, Some(WatchState::Listed)));
        assert_eq!(world.state("P3").await, Some(WatchState::Listed), "the line of those in no group of their own");
        let entry = world.entry("P2").await;
        assert_eq!((entry.year, entry.line_fen, entry.sequence), (2022, Some(LINE), 1));
        assert_eq!(steps(&entry), [(WatchState::Listed, LINE + 1, Some(LINE), 1)]);
        assert_eq!(entry.steps[0].about_id, "P2-1");
        let stand = entry.stand.unwrap();
        assert_eq!((stand.burden_fen, stand.division.as_str()), (Some(LINE + 1), "370800"));
        assert_eq!((stand.policy_version, stand.rules_date.as_str()), (SHIPPED.version().to_string(), "2022-10-10"));
        world.keep(&[burdened("P1", 2, LINE + 1, &[])]).await;
        assert_eq!(world.state("P1").await, Some(WatchState::Listed));
    });
}

#[test]
fn who_falls_to_the_line_by_a_reversal_leaves_and_who_rises_again_is_listed_again() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        // two Changes of a person in one message, and the same ones again
        let changes = [burdened("P1", 1, LINE + 100, &[]), burdened("P1", 2, LINE + 300, &[])];
        world.keep(&changes).await;
        assert_eq!(world.post(&changes).await, [PostOutcome::Known, PostOutcome::Known]);
        world.keep(&[burdened("P1", 3, LINE + 300, &[])]).await;
        world.keep(&[burdened("P1", 4, LINE, &[]), burdened("P1", 5, 0, &[])]).await;
        assert_eq!(world.state("P1").await, Some(WatchState::Left));
        world.keep(&[burdened("P1", 6, LINE + 1, &[])]).await;
        let entry = world.entry("P1").await;
        let line = Some(LINE);
        let expected = [
            (WatchState::Listed, LINE + 100, line, 1),
            (WatchState::Listed, LINE + 300, line, 2),
            (WatchState::Left, LINE, line, 4),
            (WatchState::Listed, LINE + 1, line, 6),
        ];
        assert_eq!(steps(&entry), expected, "each step only where something is another");
        assert_eq!(entry.sequence, 6);
        assert!(entry.changed_at.unwrap().seconds >= entry.listed_at.unwrap().seconds);
    });
}

#[test]
fn whose_line_nobody_has_given_is_kept_as_such_and_never_dropped() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let edge = [Category::LowIncomeEdge];
        world.keep(&[burdened("P1", 1, 0, &edge), burdened("P2", 1, 1, &edge)]).await;
        world.keep(&[burdened("P3", 1, 2_000_000, &[Category::Monitored])]).await;
        assert_eq!(world.state("P1").await, None, "without a burden no line can be passed");
        assert_eq!(world.state("P2").await, Some(WatchState::LineUnknown));
        let entry = world.entry("P3").await;
        assert_eq!(steps(&entry), [(WatchState::LineUnknown, 2_000_000, None, 1)]);
        // the category ends, and the line is that of everybody
        world.keep(&[burdened("P2", 2, 1, &[]), burdened("P3", 2, LINE + 5, &[])]).await;
        assert_eq!(
            (world.state("P2").await, world.state("P3").await),
            (Some(WatchState::Left), Some(WatchState::Listed))
        );
        // before the rule is in force there is none, also for them
        let mut before = burdened("P4", 1, 9_000_000, &edge);
        before.years[0].rules_date = "2022-09-04".to_owned();
        world.keep(&[before]).await;
        assert_eq!(world.state("P4").await, None);
        let mut uncounted = burdened("P5", 1, 0, &edge);
        uncounted.years[0].burden_fen = None;
        world.keep(&[uncounted]).await;
        assert_eq!(world.state("P5").await, None);
    });
}

#[test]
fn a_change_brought_by_a_hold_or_by_the_sweep_sets_the_entry_too() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut request = asking("H", "P1", 700);
        request.earlier = vec![burdened("P1", 1, LINE + 1, &[])];
        assert_eq!(granted(&world.try_reserve(request).await.unwrap()), 700);
        assert_eq!(world.state("P1").await, Some(WatchState::Listed));
        let mut used = burdened("P1", 2, LINE, &[]);
        used.hold_id = "H".to_owned();
        world.settlement.made.lock().unwrap().push(used);
        world.later(60);
        eventually(|| async { (world.state("P1").await == Some(WatchState::Left)).then_some(()) }).await;
    });
}

#[test]
fn an_adopted_year_is_listed_unless_a_later_change_says_otherwise() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let year = |person: &str, sequence, burden| {
            let year: YearStand = burdened(person, 1, burden, &[]).years.remove(0);
            settlement_pb::StandingYear { person_id: person.to_owned(), sequence, year: Some(year) }
        };
        // P2's Change is later than what the stream says, P3's is contained in it
        world.keep(&[burdened("P2", 1, 0, &[]), burdened("P3", 1, LINE + 1, &[])]).await;
        let years = vec![year("P1", 0, LINE + 7), year("P2", 0, LINE + 7), year("P3", 1, LINE + 1)];
        let message = pb::AdoptSharesRequest { idempotency_key: "A".to_owned(), years, last: true };
        world.reservations.clone().adopt_shares(tokio_stream::iter([message])).await.unwrap();
        assert_eq!((world.state("P1").await, world.state("P2").await), (Some(WatchState::Listed), None));
        assert_eq!(steps(&world.entry("P1").await), [(WatchState::Listed, LINE + 7, Some(LINE), 0)]);
        assert_eq!(world.entry("P3").await.steps.len(), 1);
    });
}

#[test]
fn a_line_that_cannot_be_had_holds_no_share_up_and_is_asked_for_later() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut files = policy::Policy::shipped_files();
        files.iter_mut().find(|file| file.path.ends_with(".toml")).unwrap().text.push_str("\n# a later version\n");
        let later = std::sync::Arc::new(policy::Policy::compile(&files).unwrap());
        let under_it = |mut change: Change| {
            change.years[0].policy_version = later.version().to_string();
            change
        };
        world.keep(&[under_it(burdened("P1", 1, LINE + 1, &[])), under_it(burdened("P2", 1, LINE, &[]))]).await;
        for person in ["P1", "P2"] {
            assert_eq!(world.state(person).await, Some(WatchState::LineUnknown), "nobody is dropped meanwhile");
        }
        let _later = world.under(later).await;
        eventually(|| async { (world.state("P1").await == Some(WatchState::Listed)).then_some(()) }).await;
        eventually(|| async { (world.state("P2").await == Some(WatchState::Left)).then_some(()) }).await;
        let line = Some(LINE);
        let expected = [(WatchState::LineUnknown, LINE + 1, None, 1), (WatchState::Listed, LINE + 1, line, 1)];
        assert_eq!(steps(&world.entry("P1").await), expected);
    });
}

#[test]
fn a_confirmation_opens_one_application_and_the_same_answer_again_is_the_kept_one() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        let entry = world.entry("P1").await.entry_id;
        let key = key();
        let first = world.try_answer(&key, &entry, confirmed()).await.unwrap();
        assert_eq!((first.state(), first.answer.clone()), (WatchState::Confirmed, Some(answer(confirmed()))));
        assert!(!first.application_id.is_empty());
        assert_eq!(first.steps[1].about_id, first.application_id);
        assert_eq!(world.try_answer(&key, &entry, confirmed()).await.unwrap(), first);
        let other = world.try_answer(&key, &entry, Verdict::Rejected("不符合".to_owned())).await.unwrap_err();
        assert_eq!(fault(&other).0, "KEY_REUSED");
        let again = world.try_answer("another", &entry, confirmed()).await.unwrap_err();
        let (reason, metadata) = fault(&again);
        assert_eq!((reason.as_str(), metadata["state"].as_str()), ("WRONG_STATE", "confirmed"));
        let wanted = format!(
            "SELECT count(*) AS n FROM application_wanted WHERE application_id = '{}' AND person_id = 'P1' \
             AND entry_id = '{entry}' AND year = 2022 AND division = '370800' AND operator_id = 'officer'",
            first.application_id
        );
        assert_eq!(
            (world.count(&wanted).await, world.count("SELECT count(*) AS n FROM application_wanted").await),
            (1, 1)
        );
        // further bills leave the answer standing, a fall takes it off the list, and a rise is another case
        world.keep(&[burdened("P1", 2, LINE + 9, &[])]).await;
        assert_eq!(world.state("P1").await, Some(WatchState::Confirmed));
        world.keep(&[burdened("P1", 3, 5, &[])]).await;
        let left = world.entry("P1").await;
        assert_eq!((left.state(), left.answer, left.application_id.as_str()), (WatchState::Left, None, ""));
        let gone = world.try_answer("third", &entry, confirmed()).await.unwrap_err();
        assert_eq!(fault(&gone).1["state"], "left");
        world.keep(&[burdened("P1", 4, LINE + 2, &[])]).await;
        assert_eq!(world.state("P1").await, Some(WatchState::Listed));
    });
}

#[test]
fn a_rejection_keeps_its_reason_and_opens_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, 1, &[Category::Monitored])]).await;
        let entry = world.entry("P1").await.entry_id;
        let no = Verdict::Rejected("收入高于标准".to_owned());
        let rejected = world.try_answer(&key(), &entry, no.clone()).await.unwrap();
        assert_eq!((rejected.state(), rejected.answer), (WatchState::Rejected, Some(answer(no))));
        assert_eq!(rejected.application_id, "");
        assert_eq!(world.count("SELECT count(*) AS n FROM application_wanted").await, 0);
    });
}

#[test]
fn everything_wrong_with_an_answer_or_a_question_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let request = pb::AnswerEntryRequest { answer: Some(pb::WatchAnswer::default()), ..Default::default() };
        let wrong = world.watch.clone().answer_entry(request).await.unwrap_err();
        let expected = ["answer.authority", "answer.confirmed", "answer.operator_id", "entry_id", "idempotency_key"];
        assert_eq!(fields(&wrong), expected);
        let wrong = world.try_answer(&key(), "nobody's", confirmed()).await.unwrap_err();
        assert_eq!(wrong.code(), Code::NotFound);
        let request = pb::ListWatchRequest { states: vec![0, 9], page_token: "x".to_owned(), ..Default::default() };
        let wrong = world.try_watch(request).await.unwrap_err();
        assert_eq!(fields(&wrong), ["division", "page_token", "states[0]", "states[1]"]);
        let request = pb::GetWatchEntryRequest { entry_id: "nobody's".to_owned() };
        assert_eq!(world.watch.clone().get_watch_entry(request).await.unwrap_err().code(), Code::NotFound);
        let format = 3;
        let wrong = world.watch.clone().export_watch(pb::ExportWatchRequest { format, ..Default::default() }).await;
        assert_eq!(fields(&wrong.unwrap_err()), ["division", "format", "year"]);
    });
}

#[test]
fn the_list_comes_in_pages_by_place_year_and_state() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let of = |at: u64, division: &str, burden| {
            let mut change = burdened(&format!("P{at}"), 1, burden, &[]);
            change.years[0].division = division.to_owned();
            change
        };
        let divisions = ["370800", "370890", "370800", "370000", "370800"];
        for (at, division) in (1..).zip(divisions) {
            world.keep(&[of(at, division, LINE + 1)]).await;
        }
        let list = |division: &str, token: String| pb::ListWatchRequest {
            division: division.to_owned(),
            year: 2022,
            states: vec![WatchState::Listed.into()],
            page_size: 2,
            page_token: token,
            ..Default::default()
        };
        let (mut token, mut pages) = (String::new(), Vec::new());
        loop {
            let page = world.try_watch(list("370800", token)).await.unwrap();
            pages.push(page.entries.iter().map(|entry| entry.person_id.clone()).collect::<Vec<_>>());
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(pages, [vec!["P1", "P2"], vec!["P3", "P5"]]);
        assert_eq!(world.try_watch(list("370000", String::new())).await.unwrap().entries.len(), 2);
        assert_eq!(world.try_watch(list("370890", String::new())).await.unwrap().entries.len(), 1);
        let other_year = pb::ListWatchRequest { year: 2023, ..list("370000", String::new()) };
        assert_eq!(world.try_watch(other_year).await.unwrap().entries.len(), 0);
    });
}

#[test]
fn the_database_itself_refuses_an_entry_at_its_line_and_any_step_back() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        for sql in [
            "UPDATE watch_entry SET burden_fen = line_fen",
            "UPDATE watch_entry SET state = 'left'",
            "UPDATE watch_entry SET sequence = sequence - 1",
            "UPDATE watch_step SET burden_fen = 0",
            "DELETE FROM watch_step",
            "DELETE FROM watch_entry",
        ] {
            let work = |tx: store::Tx| async move {
                tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
                Ok::<_, store::Error>(())
            };
            assert!(world.database.transaction(work).await.is_err(), "{sql}");
        }
    });
}

//! Either process killed at each failpoint, whatever is being done: afterwards each claim is whole or absent in both journals, no
//! hold is left, no limit is passed, and whoever had an answer still has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use Deed::{Cut, GiveUp, Late, Lose, Reverse, Settle};
use Who::{Assistance, Settlement};
use pb::assistance::v1::GrantCategoryResponse;
use pb::settlement::v1::{ReverseClaimResponse, SettleResponse};
use testkit::{on_postgres, on_sqlite};

use crate::cluster::{Cluster, Places, Who};
use crate::town::{LARGE, SMALL, bill, reversal};

/// What is done while a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// A bill in all three systems is settled; its caller comes again until it is answered.
    Settle,
    /// The same, while somebody else holds most of the limit, and never comes back.
    Cut,
    /// A bill is settled whose caller never comes again.
    GiveUp,
    /// A hold is asked for, and nothing more is ever heard of it.
    Lose,
    /// A bill is reversed that had used up the limit, before another one.
    Reverse,
    /// A category is granted after the bill was settled.
    Late,
}

/// What each point is reached by; those of a commit by all deeds with a bill.
const POINTS: [(Who, &str, &[Deed]); 34] = [
    (Settlement, "one_stop.planned", &[Settle, Cut, GiveUp, Late]),
    (Settlement, "one_stop.reserved", &[Settle, Cut, GiveUp, Late]),
    (Settlement, "commit.taken", WITH_A_BILL),
    (Settlement, "commit.begun", WITH_A_BILL),
    (Settlement, "commit.locked", WITH_A_BILL),
    (Settlement, "commit.decided", WITH_A_BILL),
    (Settlement, "write.changed", WITH_A_BILL),
    (Settlement, "commit.written", WITH_A_BILL),
    (Settlement, "write.claims", ONCE_EACH),
    (Settlement, "write.decisions", ONCE_EACH),
    (Settlement, "write.years", ONCE_EACH),
    (Settlement, "write.openings", ONCE_EACH),
    (Settlement, "write.accounts", ONCE_EACH),
    (Settlement, "write.movements", ONCE_EACH),
    (Settlement, "write.bindings", ONCE_EACH),
    (Settlement, "write.invoices", ONCE_EACH),
    (Settlement, "write.evidence", ONCE_EACH),
    (Settlement, "write.holds", ONCE_EACH),
    (Settlement, "write.changes", ONCE_EACH),
    (Settlement, "write.lines", ONCE_EACH),
    (Settlement, "write.entries", ONCE_EACH),
    (Settlement, "commit.kept", WITH_A_BILL),
    (Settlement, "commit.committed", WITH_A_BILL),
    (Settlement, "one_stop.committed", WITH_A_BILL),
    (Settlement, "relay.taken", WITH_A_BILL),
    (Settlement, "relay.sent", WITH_A_BILL),
    (Settlement, "hold.ended", &[Cut, Lose]),
    (Assistance, "reserve.kept", &[Settle, Cut, Late]),
    (Assistance, "post.kept", WITH_A_BILL),
    (Assistance, "sweep.asked", &[Cut, Lose]),
    (Assistance, "sweep.voided", &[Cut, Lose]),
    (Assistance, "reassess.sent", &[Cut, Late]),
    (Assistance, "reassess.asked", &[Cut, Late]),
    (Assistance, "reassess.done", &[Cut, Late]),
];

const WITH_A_BILL: &[Deed] = &[Settle, Cut, GiveUp, Reverse, Late];
/// Within the write of a commit, which is taken back whole.
const ONCE_EACH: &[Deed] = &[Settle, Reverse, Late];

/// Of settlement's points those behind the commit of a bill.
const BEHIND: [&str; 4] = ["commit.committed", "one_stop.committed", "relay.taken", "relay.sent"];

/// The points a deed reaches on a database. On PostgreSQL all that a commit writes is one statement.
fn points(url: &str, deed: Deed) -> Vec<(Who, &'static str)> {
    let is_one = |point: &str| point.starts_with("write.") && point != "write.changed";
    let reached = POINTS.into_iter().filter(|(_, _, deeds)| deeds.contains(&deed));
    reached
        .map(|(who, point, _)| (who, point))
        .filter(|(_, point)| url.starts_with("sqlite:") || !is_one(point))
        .collect()
}

/// The failpoints that sources name; those of a write are names of tables.
fn named(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            named(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let called = text.split("failpoint(\"").skip(1).filter_map(|rest| rest.split('"').next());
            let is_of_a_write = |literal: &&str| literal.starts_with("write.") || literal.starts_with("commit.");
            let of_a_write = text.split('"').filter(is_of_a_write);
            names.extend(called.chain(of_a_write).map(str::to_owned));
        }
    }
}

#[test]
fn every_failpoint_of_both_services_is_a_point_of_this_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names = BTreeSet::new();
    for sources in ["services/settlement/src", "services/assistance/src", "crates/store/src"] {
        named(&root.join(sources), &mut names);
    }
    let tested: BTreeSet<String> = POINTS.into_iter().map(|(_, point, _)| point.to_owned()).collect();
    assert_eq!(names, tested);
}

/// What has to be there before the deed.
async fn prepare(places: &Places, deed: Deed, who: &str) {
    if deed != Late {
        places.grants(who).await;
    }
    match deed {
        Reverse => {
            places.settles(&bill(&format!("{who}-before"), who, LARGE)).await;
            places.settles(&bill(who, who, SMALL)).await;
        }
        Late => drop(places.settles(&bill(who, who, SMALL)).await),
        Settle | Cut | GiveUp | Lose => {}
    }
}

/// What whoever comes again and again was answered in the end.
#[derive(Debug, PartialEq)]
enum Answer {
    Settled(Box<SettleResponse>),
    Reversed(Box<ReverseClaimResponse>),
    Granted(Box<GrantCategoryResponse>),
}

/// Does it; nothing where nobody waits for an answer.
async fn act(places: &Places, deed: Deed, who: &str) -> Option<Answer> {
    Some(match deed {
        Settle | Cut => Answer::Settled(Box::new(places.settles(&bill(who, who, SMALL)).await)),
        Reverse => {
            let request = reversal(&format!("R-{who}"), &format!("{who}-before"));
            Answer::Reversed(Box::new(places.reverses(&request).await))
        }
        Late => Answer::Granted(Box::new(places.grants(who).await)),
        GiveUp => {
            drop(places.settlement().settle(bill(who, who, SMALL)).await);
            return None;
        }
        Lose => {
            drop(places.reservations().reserve(crate::town::lost_hold(who)).await);
            return None;
        }
    })
}

/// Kills a process at a point of a deed, and looks at what comes of it.
async fn killed_at(cluster: &mut Cluster, deed: Deed, (who, point): (Who, &str)) {
    let places = cluster.places.clone();
    // where the hold itself would stop the process it is asked for before
    let is_held_before = deed == Cut && point == "reserve.kept";
    if is_held_before {
        places.loses_a_hold(point).await;
    }
    cluster.again(who, point).await;
    if deed == Cut && !is_held_before {
        places.loses_a_hold(point).await;
    }
    let acting = tokio::spawn({
        let (places, point) = (places.clone(), point.to_owned());
        async move { act(&places, deed, &point).await }
    });
    cluster.has_stopped_at(who, point).await;
    cluster.again(who, "").await;
    let answer = acting.await.unwrap_or_else(|error| panic!("{deed:?} at {point}: {error}"));
    cluster.is_at_rest().await;
    let claims = cluster.books.claims_under(point).await;
    match deed {
        GiveUp if point.starts_with("one_stop.") || who == Assistance => assert!(claims <= 1, "{point}"),
        GiveUp => assert_eq!(claims, usize::from(BEHIND.contains(&point)), "{point}"),
        Lose => assert_eq!(claims, 0, "{point}"),
        Settle | Cut | Reverse | Late => assert_eq!(claims, 1, "{point}"),
    }
    cluster.books.audited(&places).await;
    if answer.is_some() {
        let books = cluster.books.found().await;
        assert_eq!(act(&places, deed, point).await, answer, "{point}: who asks once more has the same answer");
        assert_eq!(cluster.books.found().await, books, "{point}: and the books are the same");
    }
}

async fn killed_at_every_point(url: String, deed: Deed) {
    let mut cluster = Cluster::open(&url).await;
    let points = points(&url, deed);
    for (_, point) in &points {
        prepare(&cluster.places, deed, point).await;
    }
    cluster.is_at_rest().await;
    for point in &points {
        killed_at(&mut cluster, deed, *point).await;
    }
    let (standing, reversed) = cluster.books.audited(&cluster.places).await;
    match deed {
        Settle | Cut | Late => assert_eq!((standing, reversed), (points.len(), 0)),
        Reverse => assert_eq!((standing, reversed), (points.len(), points.len())),
        GiveUp => assert!(standing >= BEHIND.len(), "{standing}"),
        Lose => assert_eq!((standing, reversed), (0, 0)),
    }
    if deed == Late {
        nothing_is_left_to_decide(&cluster, points[0].1).await;
    }
}

/// A year that was decided anew is as it is to be: to decide it once more changes nothing, under whatever key.
async fn nothing_is_left_to_decide(cluster: &Cluster, who: &str) {
    let before = cluster.books.found().await;
    for key in ["again", "again", "and-again"] {
        let outcome = cluster.places.reassesses(key, who).await.outcome.expect("an outcome");
        let pb::settlement::v1::reassess_response::Outcome::Done(done) = outcome else { panic!("{outcome:?}") };
        assert!(done.nothing_changed && done.adjustments.is_empty(), "{done:?}");
    }
    cluster.is_at_rest().await;
    assert_eq!(cluster.books.found().await, before);
}

fn sqlite(deed: Deed) {
    on_sqlite(|url| killed_at_every_point(url, deed));
}

fn postgresql(deed: Deed) {
    on_postgres(|url| killed_at_every_point(url, deed));
}

#[test]
fn a_bill_is_settled_in_all_systems_or_in_none_wherever_a_process_is_killed_on_sqlite() {
    sqlite(Settle);
}

#[test]
fn a_bill_is_settled_in_all_systems_or_in_none_wherever_a_process_is_killed_on_postgresql() {
    postgresql(Settle);
}

#[test]
fn what_a_lost_hold_cut_short_is_paid_wherever_a_process_is_killed_on_sqlite() {
    sqlite(Cut);
}

#[test]
fn what_a_lost_hold_cut_short_is_paid_wherever_a_process_is_killed_on_postgresql() {
    postgresql(Cut);
}

#[test]
fn a_bill_nobody_asks_for_again_is_whole_or_absent_wherever_a_process_is_killed_on_sqlite() {
    sqlite(GiveUp);
}

#[test]
fn a_bill_nobody_asks_for_again_is_whole_or_absent_wherever_a_process_is_killed_on_postgresql() {
    postgresql(GiveUp);
}

#[test]
fn a_hold_nobody_uses_is_given_back_wherever_a_process_is_killed_on_sqlite() {
    sqlite(Lose);
}

#[test]
fn a_hold_nobody_uses_is_given_back_wherever_a_process_is_killed_on_postgresql() {
    postgresql(Lose);
}

#[test]
fn a_bill_is_reversed_in_all_systems_or_in_none_wherever_a_process_is_killed_on_sqlite() {
    sqlite(Reverse);
}

#[test]
fn a_bill_is_reversed_in_all_systems_or_in_none_wherever_a_process_is_killed_on_postgresql() {
    postgresql(Reverse);
}

#[test]
fn a_category_granted_late_is_paid_once_wherever_a_process_is_killed_on_sqlite() {
    sqlite(Late);
}

#[test]
fn a_category_granted_late_is_paid_once_wherever_a_process_is_killed_on_postgresql() {
    postgresql(Late);
}

//! Every call in every state of an application: what is allowed is done, everything else is refused and changes nothing.

use ::pb::assistance::v1 as pb;
use pb::ApplicationState as State;
use testkit::on_both;
use tonic::Status;

use crate::applying::{aid, grants_aid, rejects};
use crate::support::{World, fault, key};

const CALLS: [&str; 8] = ["attach", "propose", "approve", "reject", "send back", "pay", "appeal", "withdraw"];

/// In order of `CALLS`, the state each leads to in a state that is reached by some calls; none where it is refused.
type Row = (&'static str, &'static [&'static str], State, [Option<State>; 8]);

const ROWS: [Row; 11] = {
    use State::{Appealed, Applied, Approved, Paid, Proposed, Rejected, Withdrawn};
    const NO: Option<State> = None;
    [
        ("applied", &[], Applied, [Some(Applied), Some(Proposed), NO, NO, NO, NO, NO, Some(Withdrawn)]),
        (
            "proposed",
            &["propose"],
            Proposed,
            [Some(Proposed), NO, Some(Approved), NO, Some(Applied), NO, NO, Some(Withdrawn)],
        ),
        (
            "proposed to be rejected",
            &["propose to reject"],
            Proposed,
            [Some(Proposed), NO, NO, Some(Rejected), Some(Applied), NO, NO, Some(Withdrawn)],
        ),
        (
            "approved",
            &["propose", "approve"],
            Approved,
            [Some(Approved), NO, NO, NO, NO, Some(Paid), Some(Appealed), NO],
        ),
        ("rejected", &["propose to reject", "reject"], Rejected, [NO, NO, NO, NO, NO, NO, Some(Appealed), NO]),
        ("paid", &["propose", "approve", "pay"], Paid, [NO, NO, NO, NO, NO, NO, Some(Appealed), NO]),
        (
            "appealed against a rejection",
            &["propose to reject", "reject", "appeal"],
            Appealed,
            [Some(Appealed), Some(Proposed), NO, NO, NO, NO, NO, Some(Rejected)],
        ),
        (
            "appealed against an approval",
            &["propose", "approve", "appeal"],
            Appealed,
            [Some(Appealed), Some(Proposed), NO, NO, NO, NO, NO, Some(Approved)],
        ),
        (
            "proposed again",
            &["propose", "approve", "pay", "appeal", "propose"],
            Proposed,
            [Some(Proposed), NO, Some(Approved), NO, Some(Applied), NO, NO, Some(Paid)],
        ),
        (
            "sent back after an appeal",
            &["propose", "approve", "pay", "appeal", "propose", "send back"],
            Applied,
            [Some(Applied), Some(Proposed), NO, NO, NO, NO, NO, Some(Paid)],
        ),
        ("withdrawn", &["withdraw"], Withdrawn, [NO; 8]),
    ]
};

/// Makes a call, each time by officers who have not decided yet.
async fn call(world: &World, id: &str, call: &str, round: usize) -> Result<pb::Application, Status> {
    let steps = world.application(id).await.steps;
    let proposal = steps.iter().rev().find(|step| step.act() == pb::ApplicationAct::Proposed);
    let proposal = proposal.map_or(1, |step| step.number);
    let (first, second) = (format!("first {round}"), format!("second {round}"));
    let proposed = |verdict| world.try_propose_by(id, first.clone(), verdict);
    let confirm =
        |back| async move { Ok(world.try_confirm(&key(), id, (&second, proposal, back)).await?.application.unwrap()) };
    match call {
        "attach" => world.try_attach(&key(), id, 1).await,
        // 700 fen the first time, and more after an appeal
        "propose" => proposed(grants_aid(700 + i64::try_from(round).unwrap())).await,
        "propose to reject" => proposed(rejects()).await,
        "approve" | "reject" => confirm(false).await,
        "send back" => confirm(true).await,
        "pay" => {
            let found = world.application(id).await;
            world.try_pay(&key(), id, (&key(), (found.awarded_fen - found.paid_fen).max(1))).await
        }
        "appeal" => world.try_appeal(&key(), id).await,
        "withdraw" => world.try_withdraw(&key(), id).await,
        other => panic!("{other}"),
    }
}

impl World {
    async fn try_propose_by(
        &self,
        id: &str,
        officer: String,
        verdict: pb::proposed_decision::Verdict,
    ) -> Result<pb::Application, Status> {
        Ok(self.try_propose(&key(), id, (&officer, verdict)).await?.application.unwrap())
    }
}

#[test]
fn every_call_in_every_state_leads_where_it_should_or_is_refused_and_changes_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (mut done, mut refused) = (0, 0);
        for (number, (what, before, state, leads)) in ROWS.iter().enumerate() {
            for (at, (verb, leads)) in CALLS.iter().zip(leads).enumerate() {
                // what is confirmed is what was proposed: one of the two is the other's row
                let is_other = (*what == "proposed" || *what == "proposed again") && *verb == "reject"
                    || *what == "proposed to be rejected" && *verb == "approve";
                if is_other {
                    continue;
                }
                let id = world.apply(&format!("P{number}-{at}"), aid(5_000)).await.application_id;
                for (round, one) in before.iter().enumerate() {
                    // who proposes and who confirms are of one round; after an appeal of another
                    let round = if before[..round].contains(&"appeal") { 1 } else { 0 };
                    call(&world, &id, one, round).await.unwrap_or_else(|no| panic!("{what}: {one}: {no:?}"));
                }
                let found = world.application(&id).await;
                assert_eq!(found.state(), *state, "{what}");
                let round = if before.contains(&"appeal") && *verb == "propose" && *what != "sent back after an appeal"
                {
                    2
                } else if before.contains(&"appeal") {
                    1
                } else {
                    0
                };
                match (call(&world, &id, verb, round).await, leads) {
                    (Ok(now), Some(to)) => {
                        assert_eq!(now.state(), *to, "{what}: {verb}");
                        assert_eq!(now.steps.len(), found.steps.len() + 1, "{what}: {verb}");
                        done += 1;
                    }
                    (Err(no), None) => {
                        let (reason, metadata) = fault(&no);
                        let word = state.as_str_name().strip_prefix("APPLICATION_STATE_").unwrap().to_lowercase();
                        assert_eq!((reason.as_str(), &metadata["state"]), ("WRONG_STATE", &word), "{what}: {verb}");
                        assert_eq!(world.application(&id).await, found, "{what}: {verb}");
                        refused += 1;
                    }
                    (got, wanted) => panic!("{what}: {verb}: {got:?}, not {wanted:?}"),
                }
            }
        }
        assert_eq!((done, refused), (29, 56));
        let books = world.books().await;
        let paid = world.count("SELECT CAST(coalesce(sum(approved_fen), 0) AS BIGINT) AS n FROM application").await;
        assert_eq!(books["fund:370800:assistance"], paid, "each approval is booked once");
    });
}

//! Writes what a commit has put on its desk: a statement a table, or one of all, whatever the number of commands.

use host::failpoint;
use serde_json::{Value as Json, json};
use store::batch::Batch;
use store::rows::Kind::{Int, Text};
use store::rows::{self, Columns};
use store::{Error, Tx, journal};

use super::{one_stop, row};
use crate::domain::Desk;

const ACCOUNT: &Columns =
    &[("person", Text), ("balance_fen", Int), ("owed_fen", Int), ("moves", Int), ("changes", Int)];
const CHANGED: &Columns = &[
    ("id", Text),
    ("state", Text),
    ("revision", Int),
    ("total_fen", Int),
    ("fund_fen", Int),
    ("account_fen", Int),
    ("cash_fen", Int),
];

/// Adds everything on the desk to what the commit writes. What others in it need gone or changed before is written here.
///
/// # Errors
/// What the database said; nothing is to be committed then.
pub async fn write(tx: &Tx, desk: &Desk, batch: &mut Batch) -> Result<(), Error> {
    let writes = &desk.writes;
    let claims =
        |ids: &std::collections::BTreeSet<_>| ids.iter().filter_map(|id| desk.claims.get(id)).collect::<Vec<_>>();
    let changed: Vec<_> = writes.changed.difference(&writes.claims).copied().collect();
    let mut rows = Vec::new();
    for claim in claims(&changed.into_iter().collect()) {
        rows.push(row::claim_row(claim)?);
    }
    // first, so that a bill's id is free before it is used again
    let sql = "UPDATE claim SET state = r.state, revision = r.revision, total_fen = r.total_fen, fund_fen = r.fund_fen, \
         account_fen = r.account_fen, cash_fen = r.cash_fen FROM {rows} WHERE claim.id = r.id";
    rows::execute(tx, sql, CHANGED, &rows).await?;
    failpoint("write.changed");
    // so that an invoice is free before it is used again
    let freed: Vec<Json> = writes.freed.iter().map(|claim| json!({ "claim": claim })).collect();
    let gone = "DELETE FROM invoice WHERE claim IN (SELECT r.claim FROM {rows})";
    rows::execute(tx, gone, &[("claim", Text)], &freed).await?;
    let made = claims(&writes.claims).into_iter().map(row::claim_row).collect::<Result<Vec<_>, _>>()?;
    batch.insert("write.claims", ("claim", row::CLAIM), &made, "")?;
    let decided = writes.decided.iter().map(row::decision_row).collect::<Result<Vec<_>, _>>()?;
    batch.insert_cells("write.decisions", ("decision", row::DECISION), decided, "");
    years(batch, desk)?;
    accounts(batch, desk)?;
    let bindings: Vec<Json> = writes.bindings.iter().map(row::binding_row).collect();
    let ended = "ON CONFLICT (id) DO UPDATE SET to_date = excluded.to_date";
    batch.insert("write.bindings", ("binding", row::BINDING), &bindings, ended)?;
    evidence(batch, desk)?;
    one_stop::write(batch, writes)?;
    journal::append_with(batch, &writes.entries)
}

fn years(batch: &mut Batch, desk: &Desk) -> Result<(), Error> {
    let years = desk.writes.years.iter().filter_map(|key| desk.years.get(key));
    let years = years.map(row::year_row).collect::<Result<Vec<_>, _>>()?;
    let changed = "ON CONFLICT (person, year) DO UPDATE SET opening = excluded.opening, \
         by_service_date = excluded.by_service_date, numbers = excluded.numbers, claims = excluded.claims, state = excluded.state";
    batch.insert("write.years", ("person_year", row::YEAR), &years, changed)?;
    super::openings::add(batch, &desk.writes.openings)
}

fn accounts(batch: &mut Batch, desk: &Desk) -> Result<(), Error> {
    let movements = &desk.writes.movements;
    let told = desk.writes.changes.iter().map(|change| change.person);
    let moved: std::collections::BTreeSet<_> = movements.iter().map(|movement| movement.person).chain(told).collect();
    let mut accounts: Vec<Json> = Vec::with_capacity(moved.len());
    for person in moved {
        let account = desk.account(&person);
        accounts.push(json!({ "person": person, "balance_fen": account.balance.get(), "owed_fen": account.owed.get(),
            "moves": account.moves, "changes": account.changes }));
    }
    let sql = "UPDATE account SET balance_fen = r.balance_fen, owed_fen = r.owed_fen, moves = r.moves, changes = r.changes \
         FROM {rows} WHERE account.person = r.person";
    batch.execute("write.accounts", sql, ACCOUNT, &accounts)?;
    let movements: Vec<Json> = movements.iter().map(row::movement_row).collect();
    batch.insert("write.movements", ("movement", row::MOVEMENT), &movements, "")
}

const INVOICE: &Columns = &[("fingerprint", Text), ("claim", Text)];
const REVERSAL: &Columns = &[("claim", Text), ("key", Text), ("reason", Text), ("reversed_at", Int)];

fn evidence(batch: &mut Batch, desk: &Desk) -> Result<(), Error> {
    let stands = |claim| desk.claims.get(claim).is_some_and(crate::domain::Claim::stands);
    let used = desk.writes.evidence.iter().filter(|(_, claim)| stands(claim));
    let used: Vec<Json> = used.map(|(print, claim)| json!({ "fingerprint": print, "claim": claim })).collect();
    batch.insert("write.invoices", ("invoice", INVOICE), &used, "")?;
    let reversals = desk.writes.reversals.iter().map(|reversal| {
        json!({ "claim": reversal.claim, "key": reversal.key, "reason": reversal.reason,
            "reversed_at": reversal.at.timestamp_micros() })
    });
    batch.insert("write.evidence", ("reversal", REVERSAL), &reversals.collect::<Vec<_>>(), "")
}

//! Writes what a commit has put on its desk: one statement a table, whatever the number of commands.

use host::failpoint;
use serde_json::{Value as Json, json};
use store::rows::Kind::{Int, Text};
use store::rows::{self, Columns};
use store::{Error, Tx, journal};

use super::row;
use crate::domain::Desk;

const ACCOUNT: &Columns = &[("person", Text), ("balance_fen", Int), ("moves", Int)];
const CHANGED: &Columns = &[
    ("id", Text),
    ("state", Text),
    ("revision", Int),
    ("total_fen", Int),
    ("fund_fen", Int),
    ("account_fen", Int),
    ("cash_fen", Int),
];

/// Writes everything on the desk.
///
/// # Errors
/// What the database said; nothing is to be committed then.
pub async fn write(tx: &Tx, desk: &Desk) -> Result<(), Error> {
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
    let made = claims(&writes.claims).into_iter().map(row::claim_row).collect::<Result<Vec<_>, _>>()?;
    rows::insert(tx, "claim", row::CLAIM, &made, "").await?;
    failpoint("write.claims");
    let decided = writes.decided.iter().map(row::decision_row).collect::<Result<Vec<_>, _>>()?;
    rows::insert_cells(tx, "decision", row::DECISION, decided, "").await?;
    failpoint("write.decisions");
    years(tx, desk).await?;
    failpoint("write.years");
    accounts(tx, desk).await?;
    failpoint("write.accounts");
    let bindings: Vec<Json> = writes.bindings.iter().map(row::binding_row).collect();
    rows::insert(tx, "binding", row::BINDING, &bindings, "ON CONFLICT (id) DO UPDATE SET to_date = excluded.to_date")
        .await?;
    evidence(tx, desk).await?;
    failpoint("write.evidence");
    journal::append_new(tx, &writes.entries).await
}

async fn years(tx: &Tx, desk: &Desk) -> Result<(), Error> {
    let years = desk.writes.years.iter().filter_map(|key| desk.years.get(key));
    let years = years.map(row::year_row).collect::<Result<Vec<_>, _>>()?;
    let changed = "ON CONFLICT (person, year) DO UPDATE SET opening = excluded.opening, \
         by_service_date = excluded.by_service_date, numbers = excluded.numbers, claims = excluded.claims, state = excluded.state";
    rows::insert(tx, "person_year", row::YEAR, &years, changed).await?;
    super::openings::add(tx, &desk.writes.openings).await
}

async fn accounts(tx: &Tx, desk: &Desk) -> Result<(), Error> {
    let movements = &desk.writes.movements;
    let moved: std::collections::BTreeSet<_> = movements.iter().map(|movement| movement.person).collect();
    let mut accounts: Vec<Json> = Vec::with_capacity(moved.len());
    for person in moved {
        let account = desk.account(&person);
        accounts.push(json!({ "person": person, "balance_fen": account.balance.get(), "moves": account.moves }));
    }
    let sql =
        "UPDATE account SET balance_fen = r.balance_fen, moves = r.moves FROM {rows} WHERE account.person = r.person";
    rows::execute(tx, sql, ACCOUNT, &accounts).await?;
    let movements: Vec<Json> = movements.iter().map(row::movement_row).collect();
    rows::insert(tx, "movement", row::MOVEMENT, &movements, "").await?;
    Ok(())
}

async fn evidence(tx: &Tx, desk: &Desk) -> Result<(), Error> {
    let freed: Vec<Json> = desk.writes.freed.iter().map(|claim| json!({ "claim": claim })).collect();
    let gone = "DELETE FROM invoice WHERE claim IN (SELECT r.claim FROM {rows})";
    rows::execute(tx, gone, &[("claim", Text)], &freed).await?;
    let stands = |claim| desk.claims.get(claim).is_some_and(crate::domain::Claim::stands);
    let used = desk.writes.evidence.iter().filter(|(_, claim)| stands(claim));
    let used: Vec<Json> = used.map(|(print, claim)| json!({ "fingerprint": print, "claim": claim })).collect();
    rows::insert(tx, "invoice", &[("fingerprint", Text), ("claim", Text)], &used, "").await?;
    let reversals = desk.writes.reversals.iter().map(|reversal| {
        json!({ "claim": reversal.claim, "key": reversal.key, "reason": reversal.reason,
            "reversed_at": reversal.at.timestamp_micros() })
    });
    let columns: &Columns = &[("claim", Text), ("key", Text), ("reason", Text), ("reversed_at", Int)];
    rows::insert(tx, "reversal", columns, &reversals.collect::<Vec<_>>(), "").await?;
    Ok(())
}

//! Reconciliations as recorded, and our side of them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use policy::Period;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use serde_json::{Value as Json, json};
use store::rows::Kind::{Int, Text};
use store::rows::{self, Columns};
use store::{Error, Tx};
use terms::{Care, Name, Scheme, Word as _};

use super::row;
use crate::domain::reconcile::{Amounts, Comparison, Kind, OurClaim, TheirClaim, Totals};
use crate::domain::{Claim, State};

/// A reconciliation as recorded.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    /// Its id.
    pub id: Name,
    /// The institution.
    pub institution: Name,
    /// Days of settlement.
    pub settled: Period,
    /// The groups, in order of scheme and kind of care.
    pub groups: Vec<Comparison>,
    /// When the totals were compared.
    pub at: DateTime<Utc>,
    /// How many differences the details showed; none where they were not compared.
    pub differences: Option<u64>,
}

impl Reconciliation {
    /// Whether all totals are equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.groups.iter().all(Comparison::is_equal)
    }
}

/// A claim of ours with the decision and the state it was compared in.
#[derive(Clone, Debug)]
pub struct Ours {
    /// The claim as it is compared.
    pub claim: OurClaim,
    /// The revision of its decision.
    pub revision: i64,
    /// Where it stood.
    pub state: State,
}

/// A difference as recorded.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its place, from 1.
    pub position: i64,
    /// What kind.
    pub kind: Kind,
    /// The institution's id of the bill.
    pub bill: String,
    /// Our claim, the revision of its decision and where it stood.
    pub ours: Option<(Name, i64, State)>,
    /// The institution's claim.
    pub theirs: Option<TheirClaim>,
    /// What to do about it, in Chinese.
    pub advice: String,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::MissingThere, "missing_there"),
    (Kind::MissingHere, "missing_here"),
    (Kind::ReversedThere, "reversed_there"),
    (Kind::ReversedHere, "reversed_here"),
    (Kind::Group, "group"),
    (Kind::Amount, "amount"),
    (Kind::Claim, "claim"),
];

const GROUP: &Columns = &[
    ("reconciliation", Text),
    ("scheme", Text),
    ("care", Text),
    ("their_claims", Int),
    ("their_reversed", Int),
    ("their_total_fen", Int),
    ("their_fund_fen", Int),
    ("their_account_fen", Int),
    ("their_cash_fen", Int),
    ("our_claims", Int),
    ("our_reversed", Int),
    ("our_total_fen", Int),
    ("our_fund_fen", Int),
    ("our_account_fen", Int),
    ("our_cash_fen", Int),
];

const SUM: &Columns = &[
    ("reconciliation", Text),
    ("scheme", Text),
    ("care", Text),
    ("claims", Int),
    ("reversed", Int),
    ("total_fen", Int),
    ("fund_fen", Int),
    ("account_fen", Int),
    ("cash_fen", Int),
];

const DIFFERENCE: &Columns = &[
    ("reconciliation", Text),
    ("position", Int),
    ("kind", Text),
    ("bill", Text),
    ("claim", Text),
    ("revision", Int),
    ("state", Text),
    ("theirs", Text),
    ("advice", Text),
];

/// How many differences one statement writes.
const WRITTEN_AT_ONCE: usize = 5_000;

async fn all(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.query_all_raw(statement).await?)
}

fn of_period(institution: &Name, settled: Period) -> Vec<Value> {
    vec![institution.as_str().into(), settled.from.to_string().into(), settled.to.to_string().into()]
}

/// Our totals of an institution's bills settled on these days; manual reimbursements are in no institution's books.
///
/// # Errors
/// What the database said.
pub async fn our_totals(
    connection: &impl ConnectionTrait,
    institution: &Name,
    settled: Period,
) -> Result<Vec<Totals>, Error> {
    let sum = |what: &str, gone: bool| {
        let (then, other) = if gone { ("0", what) } else { (what, "0") };
        format!("CAST(sum(CASE state WHEN 'reversed' THEN {other} ELSE {then} END) AS BIGINT)")
    };
    let sql = format!(
        "SELECT scheme, care, {} AS claims, {} AS reversed, {} AS total, {} AS fund, {} AS account, {} AS cash FROM claim \
         WHERE institution = $1 AND settled_date BETWEEN $2 AND $3 AND kind <> 'reimbursed' GROUP BY scheme, care",
        sum("1", false),
        sum("1", true),
        sum("total_fen", false),
        sum("fund_fen", false),
        sum("account_fen", false),
        sum("cash_fen", false)
    );
    let rows = all(connection, &sql, of_period(institution, settled)).await?;
    rows.iter()
        .map(|row| {
            let amounts = Amounts {
                total: fen(row, "total")?,
                fund: fen(row, "fund")?,
                account: fen(row, "account")?,
                cash: fen(row, "cash")?,
            };
            let (scheme, care) = (word(row, "scheme")?, word(row, "care")?);
            Ok(Totals {
                scheme,
                care,
                claims: count(row, "claims")?,
                claims_reversed: count(row, "reversed")?,
                amounts,
            })
        })
        .collect()
}

/// The claim that came after one that is reversed: of the same bill, or of the stay whose interim claim it was.
const FOLLOWED_BY: &str = "CASE WHEN c.state = 'reversed' THEN (SELECT n.id FROM claim n WHERE n.institution = c.institution \
     AND n.settled_at > c.settled_at AND n.state <> 'reversed' \
     AND (n.bill = c.bill OR (c.kind = 'interim' AND n.stay = c.stay)) ORDER BY n.settled_at, n.id LIMIT 1) END";

/// Our claims of an institution settled on these days, at most so many; manual reimbursements left out. Claims of one bill come in
/// the order in which they were settled.
///
/// # Errors
/// What the database said.
pub async fn our_claims(
    connection: &impl ConnectionTrait,
    institution: &Name,
    settled: Period,
    most: usize,
) -> Result<Vec<Ours>, Error> {
    let sql = format!(
        "SELECT c.id, c.bill, c.scheme, c.care, c.state, c.revision, c.total_fen, c.fund_fen, c.account_fen, c.cash_fen, \
         {FOLLOWED_BY} AS followed_by FROM claim c WHERE c.institution = $1 AND c.settled_date BETWEEN $2 AND $3 \
         AND c.kind <> 'reimbursed' ORDER BY c.bill, c.settled_at, c.id LIMIT {most}"
    );
    let rows = all(connection, &sql, of_period(institution, settled)).await?;
    let ours = |row: &QueryResult| {
        let state = State::of_word(&row.try_get::<String>("", "state")?).ok_or(Error::Corrupt { what: "state" })?;
        let amounts = Amounts {
            total: fen(row, "total_fen")?,
            fund: fen(row, "fund_fen")?,
            account: fen(row, "account_fen")?,
            cash: fen(row, "cash_fen")?,
        };
        let claim = OurClaim {
            claim_id: row.try_get("", "id")?,
            bill_id: row.try_get("", "bill")?,
            scheme: word(row, "scheme")?,
            care: word(row, "care")?,
            is_reversed: state == State::Reversed,
            amounts,
            followed_by: row.try_get("", "followed_by")?,
        };
        Ok(Ours { claim, revision: row.try_get("", "revision")?, state })
    };
    rows.iter().map(ours).collect()
}

/// Of these days of settlement, those before today on which claims of the institution were reconciled. Under `lock` no such
/// reconciliation is made until the transaction ends.
///
/// # Errors
/// What the database said.
pub(super) async fn reconciled(
    connection: &impl ConnectionTrait,
    lock: Option<&Tx>,
    asked: &BTreeSet<(Name, NaiveDate)>,
    today: NaiveDate,
) -> Result<BTreeSet<(Name, NaiveDate)>, Error> {
    let past: Vec<Json> =
        asked.iter().filter(|(_, day)| *day < today).map(|(a, b)| json!({ "a": a, "b": b })).collect();
    if past.is_empty() {
        return Ok(BTreeSet::new());
    }
    if let Some(tx) = lock {
        let institutions: BTreeSet<&Name> = asked.iter().map(|(institution, _)| institution).collect();
        for institution in institutions {
            hold_off(tx, institution, "pg_advisory_xact_lock_shared").await?;
        }
    }
    let sql = "SELECT DISTINCT r.a, r.b FROM {rows} JOIN reconciliation c ON c.institution = r.a \
         AND c.from_date <= r.b AND c.to_date >= r.b";
    let found = rows::query(connection, sql, &[("a", Text), ("b", Text)], &past, []).await?;
    found.iter().map(|row| Ok((row::name(row, "a")?, day(row, "b")?))).collect()
}

/// Waits until no claim of an institution is being settled for a past day; none is before the transaction ends. Then what is
/// compared is all that ever was settled on past days.
///
/// # Errors
/// What the database said.
pub async fn close_past(tx: &Tx, institution: &Name) -> Result<(), Error> {
    hold_off(tx, institution, "pg_advisory_xact_lock").await
}

/// SQLite has one writer at a time, who holds off all others.
async fn hold_off(tx: &Tx, institution: &Name, lock: &str) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let sql = format!("SELECT {lock}(hashtextextended($1, 0))");
        all(tx, &sql, vec![format!("reconciliation/{institution}").into()]).await?;
    }
    Ok(())
}

/// Records a comparison of totals.
///
/// # Errors
/// What the database said.
pub async fn record(tx: &Tx, made: &Reconciliation) -> Result<(), Error> {
    let columns: &Columns = &[
        ("id", Text),
        ("institution", Text),
        ("from_date", Text),
        ("to_date", Text),
        ("is_equal", Int),
        ("compared_at", Int),
    ];
    let row = json!({
        "id": made.id, "institution": made.institution, "from_date": made.settled.from.to_string(),
        "to_date": made.settled.to.to_string(), "is_equal": i32::from(made.is_equal()),
        "compared_at": made.at.timestamp_micros(),
    });
    rows::insert(tx, "reconciliation", columns, &[row], "").await?;
    let groups: Vec<Json> = made.groups.iter().map(|group| group_row(&made.id, group)).collect();
    rows::insert(tx, "reconciliation_group", GROUP, &groups, "").await?;
    Ok(())
}

fn group_row(id: &Name, group: &Comparison) -> Json {
    let (theirs, ours) = (group.theirs.as_ref(), group.ours.as_ref());
    let fen = |side: Option<&Totals>, of: fn(&Amounts) -> Fen| side.map(|side| of(&side.amounts).get());
    json!({
        "reconciliation": id, "scheme": group.scheme, "care": group.care,
        "their_claims": theirs.map(|side| side.claims), "their_reversed": theirs.map(|side| side.claims_reversed),
        "their_total_fen": fen(theirs, |a| a.total), "their_fund_fen": fen(theirs, |a| a.fund),
        "their_account_fen": fen(theirs, |a| a.account), "their_cash_fen": fen(theirs, |a| a.cash),
        "our_claims": ours.map(|side| side.claims), "our_reversed": ours.map(|side| side.claims_reversed),
        "our_total_fen": fen(ours, |a| a.total), "our_fund_fen": fen(ours, |a| a.fund),
        "our_account_fen": fen(ours, |a| a.account), "our_cash_fen": fen(ours, |a| a.cash),
    })
}

/// Records that details were compared, and their differences. False, and nothing is recorded, where they were before.
///
/// # Errors
/// What the database said.
pub async fn classify(
    tx: &Tx,
    id: &Name,
    (theirs, sums): (&[TheirClaim], &[Totals]),
    differences: &[Stored],
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let columns: &Columns = &[("reconciliation", Text), ("claims", Int), ("differences", Int), ("compared_at", Int)];
    let row = json!({
        "reconciliation": id, "claims": theirs.len(), "differences": differences.len(), "compared_at": at.timestamp_micros(),
    });
    let end = "ON CONFLICT (reconciliation) DO NOTHING";
    if rows::insert(tx, "reconciliation_detail", columns, &[row], end).await? == 0 {
        return Ok(false);
    }
    let sums: Vec<Json> = sums.iter().map(|sum| sum_row(id, sum)).collect();
    rows::insert(tx, "reconciliation_sum", SUM, &sums, "").await?;
    for some in differences.chunks(WRITTEN_AT_ONCE) {
        let rows = some.iter().map(|one| difference_row(id, one)).collect::<Result<Vec<_>, _>>()?;
        rows::insert(tx, "difference", DIFFERENCE, &rows, "").await?;
    }
    Ok(true)
}

fn sum_row(id: &Name, sum: &Totals) -> Json {
    let Amounts { total, fund, account, cash } = sum.amounts;
    json!({
        "reconciliation": id, "scheme": sum.scheme, "care": sum.care, "claims": sum.claims,
        "reversed": sum.claims_reversed, "total_fen": total.get(), "fund_fen": fund.get(),
        "account_fen": account.get(), "cash_fen": cash.get(),
    })
}

fn difference_row(id: &Name, one: &Stored) -> Result<Json, Error> {
    let kind = KINDS.iter().find(|(kind, _)| *kind == one.kind).map(|(_, word)| *word);
    let theirs = one.theirs.as_ref().map(|claim| {
        let amounts = claim.amounts;
        json!({
            "claim": claim.claim_id, "bill": claim.bill_id, "scheme": claim.scheme, "care": claim.care,
            "reversed": claim.is_reversed, "amounts": [amounts.total, amounts.fund, amounts.account, amounts.cash],
        })
        .to_string()
    });
    Ok(json!({
        "reconciliation": id, "position": one.position, "kind": kind.ok_or(Error::Corrupt { what: "a kind" })?,
        "bill": one.bill, "claim": one.ours.map(|(claim, ..)| claim), "revision": one.ours.map(|(_, revision, _)| revision),
        "state": one.ours.map(|(.., state)| state.word()), "theirs": theirs, "advice": one.advice,
    }))
}

/// A reconciliation as recorded.
///
/// # Errors
/// What the database said.
pub async fn reconciliation(connection: &impl ConnectionTrait, id: &Name) -> Result<Option<Reconciliation>, Error> {
    let sql = "SELECT r.id, r.institution, r.from_date, r.to_date, r.compared_at, d.differences FROM reconciliation r \
         LEFT JOIN reconciliation_detail d ON d.reconciliation = r.id WHERE r.id = $1";
    let rows = all(connection, sql, vec![id.as_str().into()]).await?;
    let Some(found) = rows.first() else { return Ok(None) };
    let groups =
        all(connection, "SELECT * FROM reconciliation_group WHERE reconciliation = $1", vec![id.as_str().into()]);
    let mut groups = groups.await?.iter().map(group).collect::<Result<Vec<_>, Error>>()?;
    let sums = "SELECT * FROM reconciliation_sum WHERE reconciliation = $1";
    for row in &all(connection, sums, vec![id.as_str().into()]).await? {
        let sum = sum(row)?;
        match groups.iter_mut().find(|group| (group.scheme, group.care) == (sum.scheme, sum.care)) {
            Some(group) => group.details = Some(sum),
            None => groups.push(Comparison {
                scheme: sum.scheme,
                care: sum.care,
                theirs: None,
                ours: None,
                details: Some(sum),
            }),
        }
    }
    groups.sort_by_key(|group| (group.scheme, group.care));
    let differences: Option<i64> = found.try_get("", "differences")?;
    let settled = Period { from: day(found, "from_date")?, to: day(found, "to_date")? };
    Ok(Some(Reconciliation {
        id: row::name(found, "id")?,
        institution: row::name(found, "institution")?,
        settled,
        groups,
        at: row::moment(found, "compared_at")?,
        differences: differences.map(i64::unsigned_abs),
    }))
}

fn sum(row: &QueryResult) -> Result<Totals, Error> {
    let amounts = Amounts {
        total: fen(row, "total_fen")?,
        fund: fen(row, "fund_fen")?,
        account: fen(row, "account_fen")?,
        cash: fen(row, "cash_fen")?,
    };
    let (claims, claims_reversed) = (count(row, "claims")?, count(row, "reversed")?);
    Ok(Totals { scheme: word(row, "scheme")?, care: word(row, "care")?, claims, claims_reversed, amounts })
}

fn group(row: &QueryResult) -> Result<Comparison, Error> {
    let (scheme, care) = (word(row, "scheme")?, word(row, "care")?);
    let side = |side: &str| -> Result<Option<Totals>, Error> {
        let column = |name: &str| row.try_get::<Option<i64>>("", &format!("{side}_{name}"));
        let Some(claims) = column("claims")? else { return Ok(None) };
        let fen = |name| Ok::<_, Error>(Fen::new(column(name)?.unwrap_or_default()));
        let amounts = Amounts {
            total: fen("total_fen")?,
            fund: fen("fund_fen")?,
            account: fen("account_fen")?,
            cash: fen("cash_fen")?,
        };
        let claims_reversed = column("reversed")?.unwrap_or_default().unsigned_abs();
        Ok(Some(Totals { scheme, care, claims: claims.unsigned_abs(), claims_reversed, amounts }))
    };
    Ok(Comparison { scheme, care, theirs: side("their")?, ours: side("our")?, details: None })
}

/// Differences of a reconciliation in order, after a position.
///
/// # Errors
/// What the database said.
pub async fn differences(
    connection: &impl ConnectionTrait,
    id: &Name,
    after: i64,
    most: u32,
) -> Result<Vec<Stored>, Error> {
    let sql =
        format!("SELECT * FROM difference WHERE reconciliation = $1 AND position > $2 ORDER BY position LIMIT {most}");
    all(connection, &sql, vec![id.as_str().into(), after.into()]).await?.iter().map(stored).collect()
}

fn stored(row: &QueryResult) -> Result<Stored, Error> {
    let word: String = row.try_get("", "kind")?;
    let kind = KINDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind);
    let claim: Option<String> = row.try_get("", "claim")?;
    let ours = claim.map(|_| {
        let state = row.try_get::<Option<String>>("", "state")?.and_then(|word| State::of_word(&word));
        let revision = row.try_get::<Option<i64>>("", "revision")?.unwrap_or_default();
        Ok::<_, Error>((row::name(row, "claim")?, revision, state.ok_or(Error::Corrupt { what: "state" })?))
    });
    let theirs: Option<String> = row.try_get("", "theirs")?;
    Ok(Stored {
        position: row.try_get("", "position")?,
        kind: kind.ok_or(Error::Corrupt { what: "a kind of difference" })?,
        bill: row.try_get("", "bill")?,
        ours: ours.transpose()?,
        theirs: theirs.map(|text| their_claim(&text).ok_or(Error::Corrupt { what: "their claim" })).transpose()?,
        advice: row.try_get("", "advice")?,
    })
}

fn their_claim(text: &str) -> Option<TheirClaim> {
    let json: Json = serde_json::from_str(text).ok()?;
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let fen = |at: usize| json.get("amounts")?.get(at)?.as_i64().map(Fen::new);
    Some(TheirClaim {
        claim_id: text("claim")?.to_owned(),
        bill_id: text("bill")?.to_owned(),
        scheme: Scheme::from_word(text("scheme")?).ok()?,
        care: Care::from_word(text("care")?).ok()?,
        is_reversed: json.get("reversed")?.as_bool()?,
        amounts: Amounts { total: fen(0)?, fund: fen(1)?, account: fen(2)?, cash: fen(3)? },
    })
}

/// Our claims of differences, each with the decision it was compared with and in the state it was in.
///
/// # Errors
/// What the database said.
pub async fn compared(connection: &impl ConnectionTrait, differences: &[Stored]) -> Result<Vec<Claim>, Error> {
    let ours: Vec<(Name, i64, State)> = differences.iter().filter_map(|one| one.ours).collect();
    let rows: Vec<Json> = ours.iter().map(|(claim, revision, _)| json!({ "a": claim, "b": revision })).collect();
    let sql = format!(
        "SELECT {} FROM {{rows}} JOIN claim c ON c.id = r.a JOIN decision d ON d.claim = c.id AND d.revision = r.b",
        row::SELECT
    );
    let found = rows::query(connection, &sql, &[("a", Text), ("b", Int)], &rows, []).await?;
    let mut claims = found.iter().map(row::claim).collect::<Result<Vec<_>, _>>()?;
    for claim in &mut claims {
        let state = ours.iter().find(|(id, ..)| *id == claim.id).map(|(.., state)| *state);
        claim.state = state.unwrap_or(claim.state);
    }
    Ok(claims)
}

fn fen(row: &QueryResult, column: &'static str) -> Result<Fen, Error> {
    Ok(Fen::new(row.try_get("", column)?))
}

fn count(row: &QueryResult, column: &'static str) -> Result<u64, Error> {
    Ok(row.try_get::<i64>("", column)?.unsigned_abs())
}

fn word<W: terms::Word>(row: &QueryResult, column: &'static str) -> Result<W, Error> {
    W::from_word(&row.try_get::<String>("", column)?).map_err(|_| Error::Corrupt { what: column })
}

fn day(row: &QueryResult, column: &'static str) -> Result<NaiveDate, Error> {
    row.try_get::<String>("", column)?.parse().map_err(|_| Error::Corrupt { what: column })
}

//! What the assistance fund pays of premiums.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use serde_json::json;
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Name, Word as _};

use super::row;
use crate::domain::{BookedPremium, Month, Premium, PremiumRow, PremiumSum, Territory};

const PREMIUM: &Columns = &[
    ("enrolment_id", Kind::Text),
    ("round", Kind::Int),
    ("person_id", Kind::Text),
    ("division", Kind::Text),
    ("cover_year", Kind::Int),
    ("category", Kind::Text),
    ("categories_handed_in", Kind::Int),
    ("amount_fen", Kind::Int),
    ("policy_version", Kind::Text),
    ("paid_date", Kind::Text),
    ("entry", Kind::Text),
    ("booked_at", Kind::Int),
];
const REVERSAL: &Columns = &[
    ("enrolment_id", Kind::Text),
    ("round", Kind::Int),
    ("reversed_date", Kind::Text),
    ("entry", Kind::Text),
    ("reversed_at", Kind::Int),
];

/// Adds what is booked.
pub(crate) async fn add(tx: &Tx, booked: &BookedPremium) -> Result<(), Error> {
    let Premium { enrolment, person, division, cover_year, category, handed_in, amount, version, paid } =
        &booked.premium;
    let row = json!({
        "enrolment_id": enrolment.as_str(), "round": booked.round, "person_id": person.as_str(),
        "division": division.to_string(), "cover_year": cover_year, "category": category.word(),
        "categories_handed_in": i64::from(*handed_in), "amount_fen": amount.get(), "policy_version": version.to_string(),
        "paid_date": paid.to_string(), "entry": booked.entry.as_str(), "booked_at": booked.booked_at.timestamp_micros(),
    });
    rows::insert(tx, "premium_assistance", PREMIUM, &[row], "").await.map(drop)
}

/// Adds that it was taken back, by an entry and on a day.
pub(crate) async fn reverse(
    tx: &Tx,
    booked: &BookedPremium,
    (entry, on): (Name, NaiveDate),
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let row = json!({
        "enrolment_id": booked.premium.enrolment.as_str(), "round": booked.round, "reversed_date": on.to_string(),
        "entry": entry.as_str(), "reversed_at": at.timestamp_micros(),
    });
    rows::insert(tx, "premium_reversal", REVERSAL, &[row], "").await.map(drop)
}

/// What was booked last for an enrolment.
pub(crate) async fn newest(connection: &impl ConnectionTrait, enrolment: Name) -> Result<Option<BookedPremium>, Error> {
    let sql = "SELECT p.*, r.reversed_at FROM premium_assistance p LEFT JOIN premium_reversal r \
         ON r.enrolment_id = p.enrolment_id AND r.round = p.round WHERE p.enrolment_id = $1 ORDER BY p.round DESC LIMIT 1";
    let found = row::one(connection, sql, vec![enrolment.as_str().into()]).await?;
    found.map(|found| read(&found)).transpose()
}

fn read(found: &QueryResult) -> Result<BookedPremium, Error> {
    Ok(BookedPremium {
        premium: Premium {
            enrolment: row::name(found, "enrolment_id")?,
            person: row::name(found, "person_id")?,
            division: row::parsed(found, "division")?,
            cover_year: row::number(found, "cover_year")?,
            category: row::parsed(found, "category")?,
            handed_in: row::flag(found, "categories_handed_in")?,
            amount: row::fen(found, "amount_fen")?,
            version: row::parsed(found, "policy_version")?,
            paid: row::date(found, "paid_date")?,
        },
        round: row::int(found, "round")?,
        entry: row::name(found, "entry")?,
        booked_at: row::moment(found, "booked_at")?,
        reversed_at: row::optional_moment(found, "reversed_at")?,
    })
}

const SUMS: &str = "CAST(count(DISTINCT p.person_id) AS BIGINT) AS people, CAST(count(*) AS BIGINT) AS premiums, \
     CAST(coalesce(sum(p.categories_handed_in), 0) AS BIGINT) AS handed_in, \
     CAST(coalesce(sum(p.amount_fen), 0) AS BIGINT) AS amount_fen";

/// What was paid in some months and places and stands: by place, month and category in that order, and all of it. One statement: both are
/// of one state.
pub(crate) async fn report(
    connection: &impl ConnectionTrait,
    (from, to): (Month, Month),
    territories: &[Territory],
) -> Result<(Vec<PremiumRow>, PremiumSum), Error> {
    let between = |one: &Territory| {
        let (first, last) = one.codes();
        format!("p.division BETWEEN '{first}' AND '{last}'")
    };
    let places = territories.iter().map(between).collect::<Vec<_>>().join(" OR ");
    let standing = format!(
        "FROM premium_assistance p WHERE p.paid_date BETWEEN $1 AND $2 AND ({places}) AND NOT EXISTS \
         (SELECT 1 FROM premium_reversal r WHERE r.enrolment_id = p.enrolment_id AND r.round = p.round)"
    );
    let sql = format!(
        "SELECT p.division, substr(p.paid_date, 1, 7) AS month, p.category, {SUMS} {standing} \
         GROUP BY p.division, substr(p.paid_date, 1, 7), p.category \
         UNION ALL SELECT '' AS division, '' AS month, '' AS category, {SUMS} {standing}"
    );
    let days = vec![format!("{from}-01").into(), to.last_day().to_string().into()];
    let (mut listed, mut total) = (Vec::new(), PremiumSum::default());
    for found in &row::all(connection, &sql, days).await? {
        let sum = PremiumSum {
            people: row::number(found, "people")?,
            premiums: row::number(found, "premiums")?,
            handed_in: row::number(found, "handed_in")?,
            amount: Fen::new(row::int(found, "amount_fen")?),
        };
        if row::text(found, "division")?.is_empty() {
            total = sum;
            continue;
        }
        let first = format!("{}-01", row::text(found, "month")?);
        let month = first.parse().map(Month::of).map_err(|_| Error::Corrupt { what: "month" })?;
        let (division, category) = (row::parsed(found, "division")?, row::parsed(found, "category")?);
        listed.push(PremiumRow { division, month, category, sum });
    }
    listed.sort_by_key(|row| (row.division, row.month, row.category));
    Ok((listed, total))
}

/// What is booked against enrolment's books, by enrolment and place, debits above zero; those at zero left out.
pub(crate) async fn due(connection: &impl ConnectionTrait) -> Result<BTreeMap<(String, String), Fen>, Error> {
    // the account's code is due:<division>:premium_assisted: the division begins at its 5th character
    let net = "CAST(sum(CASE l.side WHEN 'debit' THEN l.amount_fen ELSE -l.amount_fen END) AS BIGINT)";
    let sql = format!(
        "SELECT j.reference, substr(l.account, 5, 6) AS division, {net} AS net_fen FROM journal_line l \
         JOIN journal j ON j.id = l.entry WHERE l.account LIKE 'due:%:premium_assisted' \
         GROUP BY j.reference, substr(l.account, 5, 6) HAVING {net} <> 0"
    );
    let found = row::all(connection, &sql, Vec::new()).await?;
    let read = |found: &QueryResult| {
        let of = (row::text(found, "reference")?, row::text(found, "division")?);
        Ok((of, Fen::new(row::int(found, "net_fen")?)))
    };
    found.iter().map(read).collect()
}

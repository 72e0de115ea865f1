//! Sums of the journal's contributions by place, category and source of income.

use chrono::{DateTime, Utc};
use store::Error;
use store::sea_orm::{ConnectionTrait, QueryResult};
use terms::{Category, Division, Scheme};

use super::rows;

/// What one source brought for one place and category; in fen.
pub(crate) struct Income {
    pub(crate) division: Division,
    pub(crate) category: Category,
    /// The source's word, as in the account's code.
    pub(crate) source: String,
    pub(crate) amount_fen: i64,
}

/// How many people paid in one place and category, and what was credited to their accounts.
pub(crate) struct People {
    pub(crate) division: Division,
    pub(crate) category: Category,
    pub(crate) people: u64,
    pub(crate) assisted: u64,
    pub(crate) credit_fen: i64,
    /// How many enrolments have an employer's premium that nobody knows.
    pub(crate) employer_unknown: u64,
}

/// Enrolments paid as known at a moment: the version in which each was paid first; none that was found a mistake, or whose cover
/// never began, unless that itself was undone.
const PAID: &str = "SELECT e.enrolment_id, e.person_id, e.first_date, e.division, e.category, e.credit_fen, e.employer_unknown FROM enrolment e \
     WHERE e.paid = 1 AND e.recorded_at <= $1 AND e.scheme = $2 AND e.cover_year = $3 AND e.division IN {among} \
     AND NOT EXISTS (SELECT 1 FROM enrolment before WHERE before.enrolment_id = e.enrolment_id \
     AND before.version < e.version AND before.paid = 1) \
     AND NOT EXISTS (SELECT 1 FROM enrolment later WHERE later.enrolment_id = e.enrolment_id \
     AND later.version > e.version AND later.recorded_at <= $1 AND later.paid = 0 AND NOT EXISTS (SELECT 1 FROM enrolment again \
     WHERE again.enrolment_id = e.enrolment_id AND again.version > later.version AND again.recorded_at <= $1 AND again.paid = 1))";

/// Who asks: the places, scheme, cover year, and the moment.
pub(crate) struct Asked<'a> {
    pub(crate) divisions: &'a [String],
    pub(crate) scheme: Scheme,
    pub(crate) cover_year: i32,
    pub(crate) known_at: DateTime<Utc>,
}

impl Asked<'_> {
    fn values(&self) -> Vec<store::sea_orm::Value> {
        let (scheme, year) = (self.scheme.to_string().into(), i64::from(self.cover_year).into());
        vec![self.known_at.timestamp_micros().into(), scheme, year, rows::list(self.divisions)]
    }
}

/// What was booked, out of the journal.
pub(crate) async fn income(connection: &impl ConnectionTrait, asked: &Asked<'_>) -> Result<Vec<Income>, Error> {
    let paid = PAID.replace("{among}", &rows::among(connection, 4));
    // the account's code is income:<division>:<source>: the source begins at its 15th character
    let sql = format!(
        "SELECT p.division, p.category, substr(l.account, 15) AS source, CAST(sum(l.amount_fen) AS BIGINT) AS amount_fen \
         FROM ({paid}) p JOIN journal j ON j.reference = p.enrolment_id AND j.kind = 'contribution' \
         AND NOT EXISTS (SELECT 1 FROM journal first WHERE first.reference = j.reference AND first.kind = j.kind AND first.seq < j.seq) \
         JOIN journal_line l ON l.entry = j.id AND l.account LIKE 'income:%' AND l.side = 'debit' \
         GROUP BY p.division, p.category, substr(l.account, 15)"
    );
    let read = |row: &QueryResult| {
        Ok(Income {
            division: rows::parsed(row, "division")?,
            category: rows::parsed(row, "category")?,
            source: rows::text(row, "source")?,
            amount_fen: rows::int(row, "amount_fen")?,
        })
    };
    rows::all(connection, &sql, asked.values()).await?.iter().map(read).collect()
}

/// How many people there are, each once: in the place and category of the enrolment that began last.
pub(crate) async fn people(connection: &impl ConnectionTrait, asked: &Asked<'_>) -> Result<Vec<People>, Error> {
    let (paid, accounts) = (PAID.replace("{among}", &rows::among(connection, 4)), rows::among(connection, 5));
    let sql = format!(
        "SELECT o.division, o.category, count(CASE WHEN o.place = 1 THEN 1 END) AS people, \
         count(CASE WHEN o.place = 1 AND o.assisted = 1 THEN 1 END) AS assisted, \
         CAST(sum(o.credit_fen) AS BIGINT) AS credit_fen, \
         CAST(sum(o.employer_unknown) AS BIGINT) AS employer_unknown FROM (SELECT p.division, p.category, p.credit_fen, \
         p.employer_unknown, \
         row_number() OVER (PARTITION BY p.person_id ORDER BY p.first_date DESC, p.enrolment_id DESC) AS place, \
         max(CASE WHEN a.reference IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY p.person_id) AS assisted \
         FROM ({paid}) p LEFT JOIN \
         (SELECT DISTINCT j.reference FROM journal_line l JOIN journal j ON j.id = l.entry \
         WHERE l.account IN {accounts} AND j.kind = 'contribution') a ON a.reference = p.enrolment_id) o \
         GROUP BY o.division, o.category"
    );
    let mut values = asked.values();
    values.push(rows::list(asked.divisions.iter().map(|division| format!("income:{division}:premium_assisted"))));
    let read = |row: &QueryResult| {
        Ok(People {
            division: rows::parsed(row, "division")?,
            category: rows::parsed(row, "category")?,
            people: rows::count(row, "people")?,
            assisted: rows::count(row, "assisted")?,
            credit_fen: rows::int(row, "credit_fen")?,
            employer_unknown: rows::count(row, "employer_unknown")?,
        })
    };
    rows::all(connection, &sql, values).await?.iter().map(read).collect()
}

//! Reads everything in order, for verifying: entries, enrolments and what stands beside them.

use std::collections::BTreeSet;

use ledger::Entry;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, journal};

use super::rows;

/// What a table says of an enrolment's newest version beside its body.
pub(crate) struct Columns {
    pub(crate) enrolment: String,
    pub(crate) person: String,
    pub(crate) division: String,
    pub(crate) scheme: String,
    pub(crate) state: String,
    pub(crate) paid: bool,
    pub(crate) credit_fen: i64,
    pub(crate) version: i64,
    /// How many versions there are.
    pub(crate) versions: i64,
}

/// Ids of journal entries with their numbers, after a number, in order.
pub(crate) async fn entries(
    connection: &impl ConnectionTrait,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, String)>, Error> {
    let sql = "SELECT seq, id FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2";
    let found = rows::all(connection, sql, vec![after.into(), most.into()]).await?;
    found.iter().map(|row| Ok((rows::int(row, "seq")?, rows::text(row, "id")?))).collect()
}

/// Entries of these ids: those that are sound, and the ids of those that are not, or that lack lines they count.
pub(crate) async fn sound(
    connection: &impl ConnectionTrait,
    ids: &[String],
) -> Result<(Vec<Entry>, Vec<String>), Error> {
    let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
    let short = short(connection, ids).await?;
    match journal::by_ids(connection, &texts).await {
        Ok(entries) => Ok((entries.into_iter().filter(|one| !short.contains(one.id.as_str())).collect(), list(short))),
        Err(Error::Corrupt { .. }) => {
            let (mut entries, mut unsound) = (Vec::new(), short);
            for id in texts {
                match journal::by_ids(connection, &[id]).await {
                    Ok(found) => entries.extend(found.into_iter().filter(|one| !unsound.contains(one.id.as_str()))),
                    Err(Error::Corrupt { .. }) => drop(unsound.insert(id.to_owned())),
                    Err(other) => return Err(other),
                }
            }
            Ok((entries, list(unsound)))
        }
        Err(other) => Err(other),
    }
}

fn list(ids: BTreeSet<String>) -> Vec<String> {
    ids.into_iter().collect()
}

/// Entries that have not the lines they count.
async fn short(connection: &impl ConnectionTrait, ids: &[String]) -> Result<BTreeSet<String>, Error> {
    let sql = format!(
        "SELECT j.id FROM journal j WHERE j.id IN {} AND j.line_count <> \
         (SELECT count(*) FROM journal_line l WHERE l.entry = j.id)",
        rows::among(connection, 1)
    );
    let found = rows::all(connection, &sql, vec![rows::list(ids)]).await?;
    found.iter().map(|row| rows::text(row, "id")).collect()
}

/// Ids of the entries about these enrolments.
pub(crate) async fn about(connection: &impl ConnectionTrait, enrolments: &[String]) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT id FROM journal WHERE reference IN {} ORDER BY seq", rows::among(connection, 1));
    let found = rows::all(connection, &sql, vec![rows::list(enrolments)]).await?;
    found.iter().map(|row| rows::text(row, "id")).collect()
}

/// Lines whose entry is not there, and entries about an enrolment that is not.
pub(crate) async fn stray(connection: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let sql = "SELECT DISTINCT l.entry AS id FROM journal_line l LEFT JOIN journal j ON j.id = l.entry WHERE j.id IS NULL \
         UNION SELECT j.id FROM journal j LEFT JOIN enrolment e ON e.enrolment_id = j.reference AND e.version = 1 \
         WHERE e.enrolment_id IS NULL ORDER BY 1";
    rows::all(connection, sql, Vec::new()).await?.iter().map(|row| rows::text(row, "id")).collect()
}

/// What stands beside the bodies of enrolments after an id, in order of id.
pub(crate) async fn columns(connection: &impl ConnectionTrait, after: &str, most: i64) -> Result<Vec<Columns>, Error> {
    let sql = "SELECT e.*, n.versions FROM (SELECT enrolment_id, max(version) AS newest, count(*) AS versions FROM enrolment \
         WHERE enrolment_id > $1 GROUP BY enrolment_id ORDER BY enrolment_id LIMIT $2) n \
         JOIN enrolment e ON e.enrolment_id = n.enrolment_id AND e.version = n.newest ORDER BY e.enrolment_id";
    rows::all(connection, sql, vec![after.into(), most.into()]).await?.iter().map(read).collect()
}

/// The same, of these enrolments.
pub(crate) async fn columns_of(connection: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<Columns>, Error> {
    let sql = format!(
        "SELECT e.*, n.versions FROM (SELECT enrolment_id, max(version) AS newest, count(*) AS versions FROM enrolment \
         WHERE enrolment_id IN {} GROUP BY enrolment_id) n \
         JOIN enrolment e ON e.enrolment_id = n.enrolment_id AND e.version = n.newest ORDER BY e.enrolment_id",
        rows::among(connection, 1)
    );
    rows::all(connection, &sql, vec![rows::list(ids)]).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Columns, Error> {
    Ok(Columns {
        enrolment: rows::text(row, "enrolment_id")?,
        person: rows::text(row, "person_id")?,
        division: rows::text(row, "division")?,
        scheme: rows::text(row, "scheme")?,
        state: rows::text(row, "state")?,
        paid: rows::int(row, "paid")? == 1,
        credit_fen: rows::int(row, "credit_fen")?,
        version: rows::int(row, "version")?,
        versions: rows::int(row, "versions")?,
    })
}

/// What was credited for these enrolments out of the fund: enrolment, fen, and whether it is taken back.
pub(crate) async fn credited(
    connection: &impl ConnectionTrait,
    enrolments: &[String],
) -> Result<Vec<(String, i64, bool)>, Error> {
    let sql = format!(
        "SELECT c.enrolment_id, c.amount_fen, CASE WHEN r.credit_id IS NULL THEN 0 ELSE 1 END AS returned \
         FROM account_credit c LEFT JOIN account_credit_return r ON r.credit_id = c.credit_id \
         WHERE c.kind = 'credit' AND c.enrolment_id IN {}",
        rows::among(connection, 1)
    );
    let found = rows::all(connection, &sql, vec![rows::list(enrolments)]).await?;
    let one = |row: &QueryResult| {
        let returned: i32 = row.try_get("", "returned")?;
        Ok((rows::text(row, "enrolment_id")?, rows::int(row, "amount_fen")?, returned == 1))
    };
    found.iter().map(one).collect()
}

/// What contributions and coverages rest on, after a hash, in order: hash and body.
pub(crate) async fn bases(
    connection: &impl ConnectionTrait,
    after: &str,
    most: i64,
) -> Result<Vec<(String, String)>, Error> {
    let sql = "SELECT hash, body FROM basis WHERE hash > $1 ORDER BY hash LIMIT $2";
    let found = rows::all(connection, sql, vec![after.into(), most.into()]).await?;
    found.iter().map(|row| Ok((rows::text(row, "hash")?, rows::text(row, "body")?))).collect()
}

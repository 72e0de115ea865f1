//! The tables of versions and publications.

use chrono::DateTime;
use policy::{PackFile, Version};
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use store::{Error, Tx};
use terms::Division;

use crate::{Page, Publication};

const COLUMNS: &str =
    "p.id, p.division, p.version, p.replaced, p.operator, p.reason, p.source, p.published_at, p.rolled_forward";

/// One number for all programs: whoever publishes in a PostgreSQL database holds this lock until its commit, so that two
/// never replace one head and later publications have greater numbers. SQLite has one writer anyway.
const LOCK: i64 = 0x7962_706f_6c69;

pub(crate) async fn lock(tx: &Tx) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Ok(())
}

/// The last publication of each division, oldest first.
pub(crate) async fn heads(connection: &impl ConnectionTrait) -> Result<Vec<Publication>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM publication p JOIN (SELECT max(seq) AS seq FROM publication GROUP BY division) last \
         ON last.seq = p.seq ORDER BY p.seq"
    );
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    rows.iter().map(publication).collect()
}

/// The last publication of all.
pub(crate) async fn newest(connection: &impl ConnectionTrait) -> Result<Option<Publication>, Error> {
    Ok(page(connection, None, 1, None).await?.publications.into_iter().next())
}

/// Publications, newest first, from the one before an id on.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    division: Option<Division>,
    size: u32,
    after: Option<&str>,
) -> Result<Page, Error> {
    let mut values: Vec<Value> = vec![(i64::from(size) + 1).into()];
    let mut wheres = String::new();
    for (condition, value) in [
        ("p.division =", division.map(|division| division.to_string())),
        ("p.seq < (SELECT seq FROM publication WHERE id =", after.map(str::to_owned)),
    ] {
        let Some(value) = value else { continue };
        values.push(value.into());
        let close = if condition.contains('(') { ")" } else { "" };
        let word = if wheres.is_empty() { "WHERE" } else { "AND" };
        wheres.push_str(&format!("{word} {condition} ${}{close} ", values.len()));
    }
    let sql = format!("SELECT {COLUMNS} FROM publication p {wheres}ORDER BY p.seq DESC LIMIT $1");
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let mut publications: Vec<Publication> = rows.iter().map(publication).collect::<Result<_, _>>()?;
    let most = usize::try_from(size).unwrap_or(usize::MAX);
    let more = publications.len() > most;
    publications.truncate(most);
    let next = publications.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Page { publications, next })
}

/// The document of the version's last publication; `None` where it was never published.
pub(crate) async fn source_of(tx: &Tx, version: Version) -> Result<Option<String>, Error> {
    let sql = "SELECT source FROM publication WHERE version = $1 ORDER BY seq DESC LIMIT 1";
    let values = [version.to_string().into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(row.map(|row| row.try_get("", "source")).transpose()?)
}

fn publication(row: &QueryResult) -> Result<Publication, Error> {
    let corrupt = || Error::Corrupt { what: "a publication" };
    let text = |name: &str| row.try_get::<String>("", name);
    let replaced: Option<String> = row.try_get("", "replaced")?;
    Ok(Publication {
        id: text("id")?,
        division: text("division")?.parse().map_err(|_| corrupt())?,
        version: text("version")?.parse().map_err(|_| corrupt())?,
        replaced: replaced.map(|version| version.parse()).transpose().map_err(|_| corrupt())?,
        operator: text("operator")?,
        reason: text("reason")?,
        source: text("source")?,
        at: DateTime::from_timestamp_micros(row.try_get("", "published_at")?).ok_or_else(corrupt)?,
        rolled_forward: row.try_get::<i64>("", "rolled_forward")? == 1,
    })
}

/// The files kept under a version's name.
pub(crate) async fn files(connection: &impl ConnectionTrait, version: Version) -> Result<Option<Vec<PackFile>>, Error> {
    let sql = "SELECT files FROM policy_version WHERE version = $1";
    let backend = connection.get_database_backend();
    let row =
        connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [version.to_string().into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let files: String = row.try_get("", "files")?;
    serde_json::from_str(&files).map(Some).map_err(|_| Error::Corrupt { what: "a policy version" })
}

/// Keeps the files under their name; a version that is there already stays as it is.
pub(crate) async fn keep(tx: &Tx, version: Version, files: &[PackFile]) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    let name = version.to_string();
    let known = "SELECT 1 AS there FROM policy_version WHERE version = $1";
    let known = Statement::from_sql_and_values(backend, known, [name.as_str().into()]);
    if tx.query_one_raw(known).await?.is_some() {
        return Ok(());
    }
    let files = serde_json::to_string(files).map_err(|_| Error::Corrupt { what: "a policy version" })?;
    let sql = "INSERT INTO policy_version (version, files) VALUES ($1, $2)";
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, [name.into(), files.into()])).await?;
    Ok(())
}

/// Adds a publication.
pub(crate) async fn add(tx: &Tx, publication: &Publication) -> Result<(), Error> {
    let sql = "INSERT INTO publication \
               (id, division, version, replaced, operator, reason, source, published_at, rolled_forward) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let Publication { id, operator, reason, source, .. } = publication.clone();
    let values = [
        id.into(),
        publication.division.to_string().into(),
        publication.version.to_string().into(),
        publication.replaced.map(|version| version.to_string()).into(),
        operator.into(),
        reason.into(),
        source.into(),
        publication.at.timestamp_micros().into(),
        i64::from(publication.rolled_forward).into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

//! Filings of care elsewhere, with their versions.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Name, Word as _};

use super::row;
use crate::domain::{Filed, Version};

/// Locks a person's filings until the transaction ends, whether there are any or not.
pub(crate) async fn lock(tx: &Tx, person: &str) -> Result<(), Error> {
    let sql = "INSERT INTO filing_person (person_id, turn) VALUES ($1, 1) ON CONFLICT (person_id) DO UPDATE SET turn = \
         filing_person.turn + 1";
    row::execute(tx, sql, vec![person.into()]).await.map(|_| ())
}

/// Adds a filing with its first version.
pub(crate) async fn add(tx: &Tx, filed: &Filed) -> Result<(), Error> {
    let first = filed.last().ok_or(Error::Corrupt { what: "a filing without a version" })?;
    let sql = "INSERT INTO filing (filing_id, person_id, division, scheme, kind, channel, recorded_at) VALUES ($1, $2, $3, $4, $5, \
         $6, $7)";
    let values = vec![
        filed.id.clone().into(),
        filed.person.to_string().into(),
        filed.division.to_string().into(),
        filed.scheme.word().into(),
        filed.kind.word().into(),
        filed.channel.word().into(),
        row::micros(first.recorded_at),
    ];
    row::execute(tx, sql, values).await?;
    add_version(tx, &filed.id, first).await
}

/// Adds a version.
pub(crate) async fn add_version(tx: &Tx, id: &str, version: &Version) -> Result<(), Error> {
    let sql = "INSERT INTO filing_version (filing_id, version, act, destination, from_date, to_date, due, documents, operator_id, \
         reason, policy_version, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = vec![
        id.into(),
        version.number.into(),
        version.act.word().into(),
        version.destination.to_string().into(),
        version.from.to_string().into(),
        version.to.map(|to| to.to_string()).unwrap_or_default().into(),
        row::to_json(&version.due)?.into(),
        row::to_json(&version.documents)?.into(),
        version.operator.clone().into(),
        version.reason.clone().into(),
        version.policy_version.clone().into(),
        row::micros(version.recorded_at),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// A filing.
pub(crate) async fn of_id(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Filed>, Error> {
    let found = row::one(connection, "SELECT * FROM filing WHERE filing_id = $1", vec![id.into()]).await?;
    let Some(found) = found else { return Ok(None) };
    let mut filed = filed(&found)?;
    let sql = "SELECT * FROM filing_version WHERE filing_id = $1 ORDER BY version";
    let versions = row::all(connection, sql, vec![id.into()]).await?;
    filed.versions = versions.iter().map(version).collect::<Result<_, _>>()?;
    Ok(Some(filed))
}

/// All filings of a person, newest first.
pub(crate) async fn of_person(connection: &impl ConnectionTrait, person: &str) -> Result<Vec<Filed>, Error> {
    page_of_person(connection, person, (0, u64::MAX)).await
}

/// Some of the filings of a person, newest first.
pub(crate) async fn page_of_person(
    connection: &impl ConnectionTrait,
    person: &str,
    (offset, most): (u64, u64),
) -> Result<Vec<Filed>, Error> {
    let sql = "SELECT * FROM filing WHERE person_id = $1 ORDER BY recorded_at DESC, filing_id LIMIT $2 OFFSET $3";
    let found = row::all(connection, sql, vec![person.into(), row::whole(most), row::whole(offset)]).await?;
    let mut all = found.iter().map(filed).collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        return Ok(all);
    }
    let sql = "SELECT v.* FROM filing_version v JOIN filing f ON f.filing_id = v.filing_id WHERE f.person_id = $1 ORDER BY \
         v.filing_id, v.version";
    let mut versions: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for found in row::all(connection, sql, vec![person.into()]).await? {
        versions.entry(row::text(&found, "filing_id")?).or_default().push(version(&found)?);
    }
    for filed in &mut all {
        filed.versions = versions.remove(&filed.id).unwrap_or_default();
    }
    Ok(all)
}

fn filed(found: &QueryResult) -> Result<Filed, Error> {
    let corrupt = |what| Error::Corrupt { what };
    Ok(Filed {
        id: row::text(found, "filing_id")?,
        person: Name::new(&row::text(found, "person_id")?).map_err(|_| corrupt("person_id"))?,
        division: row::parsed(found, "division")?,
        scheme: terms::Scheme::from_word(&row::text(found, "scheme")?).map_err(|_| corrupt("scheme"))?,
        kind: terms::Filing::from_word(&row::text(found, "kind")?).map_err(|_| corrupt("kind"))?,
        channel: row::parsed(found, "channel")?,
        versions: Vec::new(),
    })
}

fn version(found: &QueryResult) -> Result<Version, Error> {
    let to = row::text(found, "to_date")?;
    let to: Option<NaiveDate> = match to.as_str() {
        "" => None,
        day => Some(day.parse().map_err(|_| Error::Corrupt { what: "to_date" })?),
    };
    Ok(Version {
        number: row::int(found, "version")?,
        act: row::parsed(found, "act")?,
        destination: row::parsed(found, "destination")?,
        from: row::parsed(found, "from_date")?,
        to,
        due: row::json(found, "due")?,
        documents: row::json(found, "documents")?,
        operator: row::text(found, "operator_id")?,
        reason: row::text(found, "reason")?,
        policy_version: row::text(found, "policy_version")?,
        recorded_at: row::moment(found, "recorded_at")?,
    })
}

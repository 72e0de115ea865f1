//! Claims as they stand: of each the newest row.

use serde_json::{Value as Json, json};
use store::Error;
use store::rows::{self, Columns, Kind};
use store::sea_orm::ConnectionTrait;
use terms::{Category, Name};

use super::row;
use crate::domain::Settled;

const PERSON: &Columns = &[("person_id", Kind::Text)];

/// The claims of people that stand, by person: with which categories each was settled.
pub(crate) async fn standing(
    connection: &impl ConnectionTrait,
    people: &[Name],
) -> Result<Vec<(Name, Settled)>, Error> {
    let people: Vec<Json> = people.iter().map(|person| json!({"person_id": person.as_str()})).collect();
    let sql = "SELECT f.person_id, f.claim_id, f.year, f.rules_date, f.categories, f.categories_handed_in \
         FROM {rows} JOIN claim_fact f ON f.person_id = r.person_id WHERE f.reversed = 0 AND NOT EXISTS \
         (SELECT 1 FROM claim_fact n WHERE n.claim_id = f.claim_id \
         AND (n.revision > f.revision OR (n.revision = f.revision AND n.reversed > f.reversed))) \
         ORDER BY f.person_id, f.rules_date, f.claim_id";
    let mut claims = Vec::new();
    for found in &rows::query(connection, sql, PERSON, &people, []).await? {
        let words: Vec<String> = row::json(found, "categories")?;
        let categories: Result<Vec<Category>, _> = words.iter().map(|word| word.parse()).collect();
        let settled = Settled {
            claim: row::name(found, "claim_id")?,
            year: row::number(found, "year")?,
            rules_date: row::date(found, "rules_date")?,
            categories: categories.map_err(|_| Error::Corrupt { what: "categories" })?,
            handed_in: row::flag(found, "categories_handed_in")?,
        };
        claims.push((row::name(found, "person_id")?, settled));
    }
    Ok(claims)
}

/// Where a person's year is insured: the division of the claim that was kept last; none where there is none.
pub(crate) async fn division(
    connection: &impl ConnectionTrait,
    person: Name,
    year: i32,
) -> Result<Option<String>, Error> {
    let sql = "SELECT division FROM claim_fact WHERE person_id = $1 AND year = $2 \
         ORDER BY settled_date DESC, claim_id DESC, revision DESC LIMIT 1";
    let found = row::one(connection, sql, vec![person.as_str().into(), i64::from(year).into()]).await?;
    found.map(|found| row::text(&found, "division")).transpose()
}

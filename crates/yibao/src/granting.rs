//! Asks the assistance service for a category, as the demonstration and the load generator do.

use chrono::NaiveDate;
use pb::assistance::v1::{Authority, CategoryTerms, GrantCategoryRequest, Office};
use terms::{Category, Division};

/// A category granted to a person from a day on by the civil affairs office of a division; `operator` is who asks.
pub(crate) fn granting(
    person: String,
    category: Category,
    division: Division,
    from: NaiveDate,
    operator: &str,
) -> GrantCategoryRequest {
    let authority =
        Authority { office: Office::CivilAffairs.into(), division: division.to_string(), name: String::new() };
    let terms = CategoryTerms {
        category: wire::write::word(category),
        from_date: from.to_string(),
        authority: Some(authority),
        ..CategoryTerms::default()
    };
    GrantCategoryRequest {
        idempotency_key: format!("{category}-{person}"),
        person_id: person,
        terms: Some(terms),
        operator_id: operator.to_owned(),
        reason: format!("{operator} grants it"),
    }
}

//! What is in force in a division on a day, row by row with clause, mark and where it is inherited from; and what changed
//! between two days.

mod build;
mod changes;
mod text;
mod versions;
mod words;

use chrono::NaiveDate;
use serde::Serialize;
use terms::{Care, Division, Scheme};

pub use changes::{Change, changes_text, diff};
pub use versions::{VersionChange, between};

use self::build::Build;
use crate::{Citation, Clause, Payer, Policy, Version};

/// Everything in force in a division on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The policy version.
    pub version: Version,
    /// The day.
    pub date: NaiveDate,
    /// The division and its ancestors, nearest first.
    pub chain: Vec<Named>,
    /// The benefits, each with its stack of payers.
    pub benefits: Vec<ShownBenefit>,
    /// What stands beside the benefits: contribution, waiting, watch list, indices; empty where one benefit was asked for.
    pub others: Vec<ShownOther>,
    /// What the clause ids mean, in order of id.
    pub clauses: Vec<Clause>,
}

/// A division by code and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its code.
    pub code: Division,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// A benefit: its own keys and stack, what is done before the layers, and the layers in the order of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownBenefit {
    /// Scheme.
    pub scheme: Scheme,
    /// Kind of care.
    pub care: Care,
    /// The benefit itself, then `scope` and `elsewhere`.
    pub before: Vec<Group>,
    /// The layers.
    pub layers: Vec<Group>,
}

/// A group of parameters beside the benefits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownOther {
    /// The scheme; `None` for both.
    pub scheme: Option<Scheme>,
    /// `contribution`, `waiting`, `watch`, `one_stop`, `application`, `cross_province`, `index`, `indicator` or `year`.
    pub group: Group,
}

/// Parameters and mechanism keys that stand together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The layer's name, or `benefit`, `scope`, `elsewhere`, `contribution`, ….
    pub name: String,
    /// The payer of a layer; `None` for nobody, and for what is no layer.
    pub payer: Option<Payer>,
    /// How it works, each key as the nearest division writes it.
    pub mechanism: Vec<ShownKey>,
    /// The parameters in force.
    pub parameters: Vec<ShownParameter>,
}

/// A mechanism key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownKey {
    /// The key.
    pub key: String,
    /// Its value, as written.
    pub value: String,
    /// The division that writes it.
    pub division: Division,
    /// Whether that is another division than the one asked for.
    pub inherited: bool,
}

/// A parameter in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownParameter {
    /// Its name: the last part of the address.
    pub name: String,
    /// Its rows in force, as written.
    pub rows: Vec<ShownRow>,
}

/// A row in force: value, condition, clauses, mark, since when and from which division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownRow {
    /// What the pack says.
    pub citation: Citation,
    /// The amount in yuan that a share of an index comes to on the day.
    pub comes_to: Option<String>,
    /// Whether another division than the one asked for says it.
    pub inherited: bool,
}

/// Why nothing can be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// No pack for the division.
    #[error("no pack for the division {0}")]
    UnknownDivision(Division),
    /// The day is before anything.
    #[error("nothing is in force in {division} on {date}: its packs and those above begin on {first}")]
    BeforeEverything {
        /// The division.
        division: Division,
        /// The day asked for.
        date: NaiveDate,
        /// The first day of any value.
        first: NaiveDate,
    },
    /// No kind of care is called that.
    #[error("{found:?} is no benefit: <kind of care> or <scheme>.<kind of care>, of {}", expected.join(", "))]
    UnknownBenefit {
        /// What was asked for.
        found: String,
        /// The kinds of care.
        expected: Vec<&'static str>,
    },
    /// The benefit is not in force on the day.
    #[error("no benefit {benefit} is in force in {division} on {date}")]
    NoBenefit {
        /// The division.
        division: Division,
        /// The day.
        date: NaiveDate,
        /// What was asked for.
        benefit: String,
    },
}

/// Everything in force on a day, or of one benefit: `inpatient`, `resident.inpatient`.
///
/// # Errors
/// [`ShowError`] where the division or the benefit is unknown, or nothing is in force on the day.
pub fn show(policy: &Policy, division: Division, date: NaiveDate, benefit: Option<&str>) -> Result<Shown, ShowError> {
    let wanted = benefit.map(build::Wanted::read).transpose()?;
    let build = Build::new(policy, division, date)?;
    let benefits = build.benefits(wanted.as_ref());
    if benefits.is_empty()
        && let Some(benefit) = benefit
    {
        return Err(ShowError::NoBenefit { division, date, benefit: benefit.to_owned() });
    }
    let others = if wanted.is_none() { build.others() } else { Vec::new() };
    let mut shown =
        Shown { version: policy.version(), date, chain: build.chain(), benefits, others, clauses: Vec::new() };
    shown.clauses = clauses_of(policy, shown.rows().map(|(_, row)| &row.citation));
    Ok(shown)
}

/// The clauses that values cite, in order of id.
fn clauses_of<'c>(policy: &Policy, citations: impl Iterator<Item = &'c Citation>) -> Vec<Clause> {
    let ids: std::collections::BTreeSet<&str> =
        citations.flat_map(|citation| citation.cite.iter().map(String::as_str)).collect();
    ids.into_iter().filter_map(|id| policy.clause(id)).cloned().collect()
}

impl Shown {
    /// Every row with the place in which it works: `resident.inpatient.pooled.deductible`.
    pub fn rows(&self) -> impl Iterator<Item = (String, &ShownRow)> {
        let of_benefits = self.benefits.iter().flat_map(|benefit| {
            let groups = benefit.before.iter().chain(&benefit.layers);
            groups.map(move |group| (format!("{}.{}", benefit.scheme, benefit.care), group))
        });
        let of_others = self
            .others
            .iter()
            .map(|other| (other.scheme.map_or_else(|| "common".to_owned(), |scheme| scheme.to_string()), &other.group));
        of_benefits.chain(of_others).flat_map(|(place, group)| {
            group.parameters.iter().flat_map(move |parameter| {
                let place = if group.name == "benefit" {
                    format!("{place}.{}", parameter.name)
                } else {
                    format!("{place}.{}.{}", group.name, parameter.name)
                };
                parameter.rows.iter().map(move |row| (place.clone(), row))
            })
        })
    }
}

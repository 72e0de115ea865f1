//! Decisions as texts.

use chrono::NaiveDate;
use money::Fen;
use serde::{Deserialize, Serialize};
use store::Error;
use terms::Word as _;

use crate::domain::{Authority, Decision, Evidence, Terms};

/// What was proposed, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Category {
        category: String,
        treated_as: Option<String>,
        from: NaiveDate,
        to: Option<NaiveDate>,
        office: String,
        division: String,
        name: String,
        evidence: Vec<Evidence>,
    },
    TemporaryFen(i64),
    Reject(String),
}

/// A decision as a text.
pub(super) fn text(decision: &Decision) -> Result<String, Error> {
    let kept = match decision.clone() {
        Decision::Category(terms) => Kept::Category {
            category: terms.category.word().to_owned(),
            treated_as: terms.treated_as.map(|category| category.word().to_owned()),
            from: terms.from,
            to: terms.to,
            office: terms.authority.office.word().to_owned(),
            division: terms.authority.division.to_string(),
            name: terms.authority.name,
            evidence: terms.evidence,
        },
        Decision::Temporary(amount) => Kept::TemporaryFen(amount.get()),
        Decision::Reject(reason) => Kept::Reject(reason),
    };
    super::row::to_json(&kept)
}

/// A decision out of its text.
pub(super) fn read(text: &str) -> Result<Decision, Error> {
    let corrupt = || Error::Corrupt { what: "a decision" };
    let kept: Kept = serde_json::from_str(text).map_err(|_| corrupt())?;
    Ok(match kept {
        Kept::Category { category, treated_as, from, to, office, division, name, evidence } => {
            let authority = Authority {
                office: office.parse().map_err(|()| corrupt())?,
                division: division.parse().map_err(|_| corrupt())?,
                name,
            };
            let treated_as = treated_as.map(|word| word.parse()).transpose().map_err(|_| corrupt())?;
            let category = category.parse().map_err(|_| corrupt())?;
            Decision::Category(Terms { category, treated_as, from, to, authority, evidence })
        }
        Kept::TemporaryFen(amount) => Decision::Temporary(Fen::new(amount)),
        Kept::Reject(reason) => Decision::Reject(reason),
    })
}

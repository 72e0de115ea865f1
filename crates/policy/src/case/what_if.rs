use terms::{Filing, Name, Place, Word};

use super::{Bills, Case, Question};
use crate::pack::parse_date;

/// Why a fact could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfError {
    /// Only bills have facts to change.
    #[error("only a case with bills can be settled under other facts")]
    NoBills,
    /// Not a fact that can be changed.
    #[error(
        "unknown fact {0:?}: one of institution, care, place, filing, referral, disease, from, to, settled, on, scheme, group, age, categories, plans, diseases, use_account, account, family_account, division"
    )]
    UnknownFact(String),
    /// Not a value of the fact.
    #[error("{fact} = {value:?}: expected {expected}")]
    WrongValue {
        /// The fact.
        fact: String,
        /// What was given.
        value: String,
        /// What was expected.
        expected: String,
    },
}

impl Case {
    /// The same case under one other fact: `institution=primary`, `filing=unfiled`, `categories=low_income`.
    /// Expectations are dropped. `grade` is another word for `institution`; `filing=none` for `unfiled`.
    ///
    /// # Errors
    /// [`WhatIfError`] where the fact is unknown or the value is none of its values.
    pub fn what_if(&self, fact: &str, value: &str) -> Result<Self, WhatIfError> {
        let mut case = self.clone();
        case.expected.clear();
        let Question::Bills(bills) = &mut case.question else {
            return Err(WhatIfError::NoBills);
        };
        if !set_person(bills, fact, value)? && !set_bills(bills, fact, value)? {
            return Err(WhatIfError::UnknownFact(fact.to_owned()));
        }
        Ok(case)
    }
}

fn set_person(bills: &mut Bills, fact: &str, value: &str) -> Result<bool, WhatIfError> {
    let wrong = |expected: &str| WhatIfError::WrongValue {
        fact: fact.to_owned(),
        value: value.to_owned(),
        expected: expected.to_owned(),
    };
    let names = || -> Result<Vec<Name>, WhatIfError> {
        let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| Name::new(part).map_err(|error| wrong(&error.to_string()))).collect()
    };
    match fact {
        "division" => {
            bills.person.division = value.parse().map_err(|_| wrong("a division code of six digits"))?;
        }
        "scheme" => bills.person.schemes = vec![word(fact, value)?],
        "group" => bills.person.group = word(fact, value)?,
        "age" => bills.person.age = Some(value.parse().map_err(|_| wrong("an age in years"))?),
        "categories" | "category" => {
            let words = value.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "none");
            bills.person.categories = words.map(|part| word(fact, part)).collect::<Result<_, _>>()?;
        }
        "plans" => bills.person.plans = names()?,
        "diseases" => bills.person.diseases = names()?,
        "use_account" => bills.person.use_account = value.parse().map_err(|_| wrong("true or false"))?,
        "account" => {
            bills.accumulated.account = value.parse().map_err(|_| wrong("an amount such as 500.00"))?;
        }
        "family_account" => {
            bills.accumulated.family_account = value.parse().map_err(|_| wrong("an amount such as 500.00"))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_bills(bills: &mut Bills, fact: &str, value: &str) -> Result<bool, WhatIfError> {
    let wrong = |expected: &str| WhatIfError::WrongValue {
        fact: fact.to_owned(),
        value: value.to_owned(),
        expected: expected.to_owned(),
    };
    let date = || parse_date(value).ok_or_else(|| wrong("a date such as 2022-01-31"));
    for bill in &mut bills.bills {
        match fact {
            "care" => bill.care = word(fact, value)?,
            "institution" | "grade" => bill.institution = word(fact, value)?,
            "referral" => bill.referral = word(fact, value)?,
            "filing" => bill.filing = if value == "none" { Filing::Unfiled } else { word(fact, value)? },
            "place" => {
                bill.place = word(fact, value)?;
                // Care at home has nothing to file; care elsewhere that was at home is not filed.
                bill.filing = match (bill.place, bill.filing) {
                    (Place::Local, _) => Filing::AtHome,
                    (_, Filing::AtHome) => Filing::Unfiled,
                    (_, filing) => filing,
                };
            }
            "disease" => bill.disease = Name::new(value).map_err(|error| wrong(&error.to_string()))?,
            // A bill of one day stays one.
            "from" => {
                let (old, new) = (bill.from, date()?);
                bill.settled = if bill.settled == old { new } else { bill.settled };
                bill.to = if bill.to == old { new } else { bill.to };
                bill.from = new;
            }
            "to" => {
                let (old, new) = (bill.to, date()?);
                bill.settled = if bill.settled == old { new } else { bill.settled };
                bill.to = new;
            }
            "settled" => bill.settled = date()?,
            "on" => (bill.from, bill.to, bill.settled) = (date()?, date()?, date()?),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn word<W: Word>(fact: &str, value: &str) -> Result<W, WhatIfError> {
    W::from_word(value).map_err(|error| WhatIfError::WrongValue {
        fact: fact.to_owned(),
        value: value.to_owned(),
        expected: format!("one of {}", error.expected.join(", ")),
    })
}

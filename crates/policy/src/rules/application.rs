//! Assistance on application: from when an approved category counts (SD-8), and which fund pays temporary assistance (GX-9).

use chrono::{Datelike, NaiveDate};
use terms::{Category, Division, Name, Scheme};

use super::contribution::Ask;
use crate::condition::{Fact, Situation};
use crate::pack::Value;
use crate::policy::Policy;

impl Policy {
    /// The first day of a category that officers approve from `from` on: that day, or the first of its year where the packs have
    /// the category look back over the year's bills.
    #[must_use]
    pub fn approved_from(&self, division: Division, category: Category, from: NaiveDate) -> NaiveDate {
        // what is in force at the end of the year decides it: a rule of the year holds for the whole of it
        let last = NaiveDate::from_ymd_opt(from.year(), 12, 31).unwrap_or(from);
        let word = self.of_application(division, "looks_back", category, last);
        let first = NaiveDate::from_ymd_opt(from.year(), 1, 1).filter(|_| word.as_deref() == Some("year"));
        first.unwrap_or(from)
    }

    /// The payer whose fund pays temporary assistance on a day; none where the packs have no such assistance.
    #[must_use]
    pub fn pays_temporary(&self, division: Division, on: NaiveDate) -> Option<Name> {
        let word = self.of_application(division, "temporary", Category::None, on)?;
        Name::new(&word).ok().filter(|payer| !payer.is_empty())
    }

    fn of_application(&self, division: Division, name: &str, category: Category, on: NaiveDate) -> Option<String> {
        let situation = Situation::new(category.bit(), &[]);
        let found = Ask::new(self, division, Scheme::Resident, "application", on)
            .and_then(|mut ask| ask.find(name, &situation).map(Option::<&Value>::cloned));
        match found {
            Ok(Some(Value::Word(word))) => Some(word),
            _ => None,
        }
    }
}

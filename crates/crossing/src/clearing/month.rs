use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Deserializer};

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    /// From 1 to 12.
    month: u32,
}

/// Why a text is no month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month YYYY-MM from 1900 to 2199")]
pub struct NotAMonth;

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self { year: day.year(), month: day.month() }
    }

    /// Its year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month so many months later; before, where it is below zero.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        let count = self.count().saturating_add(months);
        let month = u32::try_from(count.rem_euclid(12)).unwrap_or_default();
        Self { year: count.div_euclid(12), month: month + 1 }
    }

    /// How many months it is after another; below zero where it is before.
    #[must_use]
    pub fn after(self, other: Self) -> i32 {
        self.count() - other.count()
    }

    /// A day of it, the last where it has not so many.
    #[must_use]
    pub fn day(self, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month, day.max(1)).unwrap_or_else(|| self.last_day())
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let next = self.plus(1);
        let first = NaiveDate::from_ymd_opt(next.year, next.month, 1);
        first.and_then(|first| first.checked_sub_days(Days::new(1))).unwrap_or(NaiveDate::MAX)
    }

    fn count(self) -> i32 {
        self.year * 12 + i32::try_from(self.month).unwrap_or_default() - 1
    }
}

/// `YYYY-MM`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let is_plain = text.len() == 7
            && text.bytes().enumerate().all(|(at, b)| (at == 4) == (b == b'-') && (at == 4 || b.is_ascii_digit()));
        let (year, month) = text.split_once('-').filter(|_| is_plain).ok_or(NotAMonth)?;
        let month = Self { year: year.parse().map_err(|_| NotAMonth)?, month: month.parse().map_err(|_| NotAMonth)? };
        if (1900..=2199).contains(&month.year) && (1..=12).contains(&month.month) { Ok(month) } else { Err(NotAMonth) }
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

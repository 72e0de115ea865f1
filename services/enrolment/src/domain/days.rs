use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A day after every other: where no last day is known.
pub(crate) const CENTURY: NaiveDate = NaiveDate::MAX;

/// Days from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Days {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
}

impl Days {
    /// The days, if there is one.
    pub(crate) fn new(from: NaiveDate, to: NaiveDate) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    pub(crate) fn holds(self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }

    /// The days both have.
    pub(crate) fn shared(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// What is left without the days of another.
    pub(crate) fn without(self, other: Self) -> Vec<Self> {
        let before = other.from.pred_opt().and_then(|last| Self::new(self.from, last.min(self.to)));
        let after = other.to.succ_opt().and_then(|first| Self::new(first.max(self.from), self.to));
        [before, after].into_iter().flatten().collect()
    }

    /// How far a day is from these days: zero inside.
    pub(crate) fn distance(self, day: NaiveDate) -> i64 {
        let before = self.from.signed_duration_since(day).num_days();
        let after = day.signed_duration_since(self.to).num_days();
        before.max(after).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> Days {
        Days { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn taking_days_out_leaves_what_is_before_and_after() {
        let year = days("2022-01-01", "2022-12-31");
        let left = year.without(days("2022-03-01", "2022-03-31"));
        assert_eq!(left, [days("2022-01-01", "2022-02-28"), days("2022-04-01", "2022-12-31")]);
        assert_eq!(year.without(days("2021-01-01", "2023-01-01")), []);
        assert_eq!(year.without(days("2023-01-01", "2023-02-01")), [year]);
        assert_eq!(
            year.without(Days { from: days("2022-07-01", "2022-07-01").from, to: CENTURY }),
            [days("2022-01-01", "2022-06-30")]
        );
        assert_eq!(year.distance("2021-12-30".parse().unwrap()), 2);
    }
}

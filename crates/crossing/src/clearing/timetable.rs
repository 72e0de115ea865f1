use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::Deserialize;

use super::Month;

/// The days of clearing from a month on, as a document says them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timetable {
    /// The first month of costs for which it holds.
    pub from: Month,
    /// The document, and whether it was read: `verified`, `unverified` or `assumed`.
    pub document: String,
    /// How far it can be believed.
    pub mark: String,
    /// Where the figures are from, where the document was not read.
    pub source: String,
    /// The last day of declaring, in the month after.
    pub declare_day: u32,
    /// The day of the sheet, in the month after.
    pub sheet_day: u32,
    /// The last day of confirming, in the month after.
    pub confirm_day: u32,
    /// The last day for the notices, in the month after; the last of it where it has not so many.
    pub notice_day: u32,
    /// Working days from the notices to the payment.
    pub pay_working_days: u32,
    /// Working days from the payment to its receipt.
    pub receive_working_days: u32,
    /// By how many months at most an item may be later than the month of its day.
    pub late_months: i32,
    /// The month of the next year in which the notices over a year's costs are issued at last.
    pub year_ends_month: u32,
    /// Whether a row that nobody has confirmed by the last day counts as confirmed.
    pub silence_confirms: bool,
    /// Days without work beside Saturdays and Sundays.
    #[serde(default)]
    pub days_off: Vec<NaiveDate>,
    /// Saturdays and Sundays on which is worked.
    #[serde(default)]
    pub days_worked: Vec<NaiveDate>,
}

/// All timetables, by the month from which they hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timetables {
    timetable: Vec<Timetable>,
}

/// Why timetables cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimetablesError {
    /// There is none.
    #[error("find a timetable of clearing")]
    None,
    /// One does not begin after the one before it.
    #[error("put the timetables in order: the one from {0} is not after the one before it")]
    Order(Month),
    /// Its days are not in order, or something in it is out of range.
    #[error("use the timetable from {0}: {1}")]
    Wrong(Month, &'static str),
}

/// The days of a month of clearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The last day of declaring.
    pub declare: NaiveDate,
    /// The day of the sheet.
    pub sheet: NaiveDate,
    /// The last day of confirming.
    pub confirm: NaiveDate,
    /// The last day for the notices.
    pub notice: NaiveDate,
}

/// Why an item cannot be declared in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// Its day is after the month.
    NotYet,
    /// It is later than is allowed.
    TooLate,
    /// The year of its day is closed.
    YearClosed,
}

impl Timetables {
    /// Checks them.
    ///
    /// # Errors
    /// [`TimetablesError`]: the first thing that is wrong.
    pub fn checked(self) -> Result<Self, TimetablesError> {
        if self.timetable.is_empty() {
            return Err(TimetablesError::None);
        }
        let pairs = self.timetable.iter().zip(self.timetable.iter().skip(1));
        if let Some((_, next)) = pairs.clone().find(|(one, next)| one.from >= next.from) {
            return Err(TimetablesError::Order(next.from));
        }
        for table in &self.timetable {
            let wrong = |what| Err(TimetablesError::Wrong(table.from, what));
            let days = [table.declare_day, table.sheet_day, table.confirm_day, table.notice_day];
            if !days.is_sorted() || !days.iter().all(|day| (1..=31).contains(day)) {
                return wrong("declare_day, sheet_day, confirm_day and notice_day are from 1 to 31 and in this order");
            }
            if !(0..=120).contains(&table.late_months) || !(1..=12).contains(&table.year_ends_month) {
                return wrong("late_months is from 0 to 120 and year_ends_month from 1 to 12");
            }
            if table.pay_working_days > 366 || table.receive_working_days > 366 {
                return wrong("working days are at most 366");
            }
            if !["verified", "unverified", "assumed"].contains(&table.mark.as_str()) {
                return wrong("mark is verified, unverified or assumed");
            }
        }
        Ok(self)
    }

    /// The one that holds for a month of costs; none before the first.
    #[must_use]
    pub fn of(&self, month: Month) -> Option<&Timetable> {
        self.timetable.iter().rev().find(|table| table.from <= month)
    }
}

impl Timetable {
    /// The days of a month.
    #[must_use]
    pub fn deadlines(&self, month: Month) -> Deadlines {
        let next = month.plus(1);
        Deadlines {
            declare: next.day(self.declare_day),
            sheet: next.day(self.sheet_day),
            confirm: next.day(self.confirm_day),
            notice: next.day(self.notice_day),
        }
    }

    /// Whether an item of a day may be declared in a month.
    ///
    /// # Errors
    /// [`Late`]: why it may not.
    pub fn may_declare(&self, day: NaiveDate, month: Month) -> Result<(), Late> {
        let late = month.after(Month::of(day));
        if late < 0 {
            return Err(Late::NotYet);
        }
        // the notices of a month are issued in the month after
        let year_ends = Month::of(Month::of(day).plus(12).day(1).with_month(self.year_ends_month).unwrap_or(day));
        if month.plus(1) > year_ends {
            return Err(Late::YearClosed);
        }
        if late > self.late_months { Err(Late::TooLate) } else { Ok(()) }
    }

    /// The last day of paying what notices of a day say.
    #[must_use]
    pub fn pay_until(&self, noticed: NaiveDate) -> NaiveDate {
        self.working_days_after(noticed, self.pay_working_days)
    }

    /// The last day of reporting the receipt of what was paid on a day.
    #[must_use]
    pub fn receive_until(&self, paid: NaiveDate) -> NaiveDate {
        self.working_days_after(paid, self.receive_working_days)
    }

    fn working_days_after(&self, day: NaiveDate, count: u32) -> NaiveDate {
        let mut day = day;
        let mut left = count;
        while left > 0 {
            let Some(next) = day.checked_add_days(Days::new(1)) else { return day };
            day = next;
            let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            let is_worked = if is_weekend { self.days_worked.contains(&day) } else { !self.days_off.contains(&day) };
            // a calendar that has no day of work left ends all the same
            left -= u32::from(is_worked || day.year() > 2199);
        }
        day
    }
}

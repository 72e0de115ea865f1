use chrono::{DateTime, NaiveDate, Utc};
use pb::r#type::v1 as type_pb;
use policy::Period;
use prost_types::Timestamp;

use crate::Wired;

const NANOS_OF_A_MICRO: u32 = 1_000;

/// The number of a word.
#[must_use]
pub fn word<W: Wired>(word: W) -> i32 {
    word.number()
}

pub(super) fn words<W: Wired>(words: &[W]) -> Vec<i32> {
    words.iter().map(|word| word.number()).collect()
}

/// A day: `YYYY-MM-DD`.
#[must_use]
pub fn date(day: NaiveDate) -> String {
    day.to_string()
}

/// A day; empty for none.
#[must_use]
pub fn optional_date(day: Option<NaiveDate>) -> String {
    day.map(date).unwrap_or_default()
}

/// A moment, cut to whole microseconds.
#[must_use]
pub fn moment(moment: DateTime<Utc>) -> Timestamp {
    // Below a second, so that it always fits.
    let nanos = i32::try_from(moment.timestamp_subsec_micros() % 1_000_000 * NANOS_OF_A_MICRO).unwrap_or(0);
    Timestamp { seconds: moment.timestamp(), nanos }
}

/// Days, both included.
#[must_use]
pub fn period(period: Period) -> type_pb::Period {
    type_pb::Period { from_date: date(period.from), to_date: date(period.to) }
}

/// A count of something that stands in a file or a list; what does not fit is the largest number.
pub(super) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

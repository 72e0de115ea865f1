use chrono::{DateTime, NaiveDate, SubsecRound as _, TimeDelta, Utc};
use uuid::Uuid;

/// Says what time it is; handed in, so that a test can say it.
pub trait Clock: Send + Sync {
    /// The moment, cut to whole microseconds as every database keeps it.
    fn now(&self) -> DateTime<Utc>;
}

/// Gives ids; handed in, so that a test can give its own.
pub trait Ids: Send + Sync {
    /// A new id.
    fn next(&self) -> Uuid;
}

/// China's standard time: the whole country keeps one, eight hours before UTC, and has no summer time.
const CHINA: TimeDelta = TimeDelta::hours(8);

/// The day in China at a moment: the bureau's day.
#[must_use]
pub fn china_day(moment: DateTime<Utc>) -> NaiveDate {
    moment.checked_add_signed(CHINA).unwrap_or(moment).date_naive()
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        let now = std::time::SystemTime::now();
        DateTime::<Utc>::from(now).trunc_subsecs(6)
    }
}

/// Ids of version 7: in the order in which they were made.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_whole_microseconds_and_ids_stand_in_order() {
        let now = SystemClock.now();
        assert_eq!(now.timestamp_subsec_nanos() % 1000, 0);
        let ids: Vec<Uuid> = std::iter::repeat_with(|| SystemIds.next()).take(100).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn a_day_in_china_begins_at_sixteen_hours_utc() {
        let before: DateTime<Utc> = "2022-01-01T15:59:59Z".parse().unwrap();
        assert_eq!(china_day(before).to_string(), "2022-01-01");
        assert_eq!(china_day(before + TimeDelta::seconds(1)).to_string(), "2022-01-02");
    }
}

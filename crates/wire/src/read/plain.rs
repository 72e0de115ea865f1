use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use money::{Fen, Rate};
use pb::r#type::v1 as type_pb;
use policy::{Period, Version};
use prost_types::Timestamp;
use rpc::Violations;
use terms::Division;

use crate::Wired;

const DAY: &str = "a day YYYY-MM-DD from 1900 to 2199";
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1_000;

/// The word of a number; `UNSPECIFIED` and unknown numbers are violations.
pub fn word<W: Wired>(v: &mut Violations, field: &str, number: i32) -> Option<W> {
    let word = W::of_number(number);
    if word.is_none() {
        let names: Vec<String> = W::ALL.iter().map(|word| word.name()).collect();
        let found = if number == 0 { "nothing".to_owned() } else { format!("the number {number}") };
        v.add(field, found, format!("one of {}", names.join(", ")));
    }
    word
}

/// The word of a number that may be absent; `UNSPECIFIED` is a violation, for who sends the field has to say something.
pub fn optional_word<W: Wired>(v: &mut Violations, field: &str, number: Option<i32>) -> Option<Option<W>> {
    match number {
        None => Some(None),
        Some(number) => word(v, field, number).map(Some),
    }
}

/// A day: `YYYY-MM-DD` and nothing else, from 1900 to 2199.
pub fn date(v: &mut Violations, field: &str, text: &str) -> Option<NaiveDate> {
    let day = parse_date(text);
    if day.is_none() {
        v.add(field, shown(text), DAY);
    }
    day
}

/// A day, or none where the text is empty.
pub fn optional_date(v: &mut Violations, field: &str, text: &str) -> Option<Option<NaiveDate>> {
    if text.is_empty() { Some(None) } else { date(v, field, text).map(Some) }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let well_formed = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if !well_formed {
        return None;
    }
    let (year, month, day) =
        (text.get(..4)?.parse().ok()?, text.get(5..7)?.parse().ok()?, text.get(8..)?.parse().ok()?);
    NaiveDate::from_ymd_opt(year, month, day).filter(|day| YEARS.contains(&day.year()))
}

/// A year, from 1900 to 2199.
pub fn year(v: &mut Violations, field: &str, number: u32) -> Option<i32> {
    let year = i32::try_from(number).ok().filter(|year| YEARS.contains(year));
    if year.is_none() {
        v.add(field, number, "a year from 1900 to 2199");
    }
    year
}

/// An amount in fen, not below zero and not over [`Fen::LIMIT`].
pub fn fen(v: &mut Violations, field: &str, amount: i64) -> Option<Fen> {
    let fen = Some(Fen::new(amount)).filter(|fen| !fen.is_negative() && *fen <= Fen::LIMIT);
    if fen.is_none() {
        v.add(field, amount, format!("an amount from 0 to {} fen", Fen::LIMIT.get()));
    }
    fen
}

/// An amount in fen as it is: the engine itself refuses what is below zero or too large, with its reason.
#[must_use]
pub const fn fen_any(amount: i64) -> Fen {
    Fen::new(amount)
}

/// An exact decimal with at most six decimals.
pub fn rate(v: &mut Violations, field: &str, text: &str) -> Option<Rate> {
    parsed(v, field, text)
}

/// A division code of six digits.
pub fn division(v: &mut Violations, field: &str, text: &str) -> Option<Division> {
    parsed(v, field, text)
}

/// The name of a policy version.
pub fn version(v: &mut Violations, field: &str, text: &str) -> Option<Version> {
    parsed(v, field, text)
}

/// The name of a policy version, or none where the text is empty.
pub fn optional_version(v: &mut Violations, field: &str, text: &str) -> Option<Option<Version>> {
    if text.is_empty() { Some(None) } else { version(v, field, text).map(Some) }
}

fn parsed<T: std::str::FromStr>(v: &mut Violations, field: &str, text: &str) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match text.parse() {
        Ok(value) => Some(value),
        Err(wrong) => {
            v.add(field, shown(text), wrong.to_string());
            None
        }
    }
}

/// What a text is called in a violation.
pub(super) fn shown(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// Days from one to another, or none where the message is absent; the last day is not before the first.
pub fn period(v: &mut Violations, field: &str, period: &Option<type_pb::Period>) -> Option<Option<Period>> {
    let Some(period) = period else { return Some(None) };
    v.within(field, |v| {
        let from = date(v, "from_date", &period.from_date);
        let to = date(v, "to_date", &period.to_date);
        let (from, to) = from.zip(to)?;
        if to < from {
            v.add("to_date", to, format!("a day not before {from}"));
            return None;
        }
        Some(Some(Period { from, to }))
    })
}

/// How many items a page has: up to 1,000, and 100 where nothing was asked for. The field is `page_size`.
pub fn page(v: &mut Violations, page_size: u32) -> Option<u32> {
    match page_size {
        0 => Some(PAGE_DEFAULT),
        size if size <= PAGE_MAX => Some(size),
        size => {
            v.add("page_size", size, "at most 1,000");
            None
        }
    }
}

/// A moment, cut to whole microseconds, or none where the message is absent; from 1900 to 2199.
pub fn moment(v: &mut Violations, field: &str, moment: &Option<Timestamp>) -> Option<Option<DateTime<Utc>>> {
    let Some(sent) = moment else { return Some(None) };
    let read = u32::try_from(sent.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let read = read.and_then(|nanos| DateTime::from_timestamp(sent.seconds, nanos / 1_000 * 1_000));
    let read = read.filter(|moment| YEARS.contains(&moment.year()) && moment.nanosecond() < 1_000_000_000);
    if read.is_none() {
        v.add(field, format!("{} s and {} ns", sent.seconds, sent.nanos), "a moment from 1900 to 2199");
    }
    read.map(Some)
}

//! Days, amounts, rates, names, texts, keys, pages, moments: what is read and what is not.

use money::{Fen, Rate};
use pb::r#type::v1 as type_pb;
use prost_types::Timestamp;
use wire::read;

use crate::support::reading;

fn wrong<T>(read: Result<T, Vec<String>>) -> bool {
    read.is_err_and(|paths| paths.len() == 1)
}

#[test]
fn a_day_is_ten_characters_of_a_calendar_day_between_1900_and_2199() {
    for text in ["1900-01-01", "2024-02-29", "2199-12-31"] {
        assert_eq!(reading(|v| read::date(v, "day", text)).map(|day| day.to_string()), Ok(text.to_owned()));
    }
    let none = [
        "",
        "2023-02-29",
        "2024-13-01",
        "1899-12-31",
        "2200-01-01",
        "2024-1-01",
        "20240101",
        "2024/01/01",
        " 2024-01-1",
    ];
    for text in none.into_iter().chain(["+024-01-01", "2024-01-01T", "２０２４-01", "2024-01-0１"]) {
        assert!(wrong(reading(|v| read::date(v, "day", text))), "{text:?}");
    }
    assert_eq!(reading(|v| read::optional_date(v, "day", "")), Ok(None));
    assert!(wrong(reading(|v| read::optional_date(v, "day", " "))));
}

#[test]
fn an_amount_is_neither_below_zero_nor_over_the_limit() {
    assert_eq!(reading(|v| read::fen(v, "fen", 0)), Ok(Fen::ZERO));
    assert_eq!(reading(|v| read::fen(v, "fen", Fen::LIMIT.get())), Ok(Fen::LIMIT));
    for amount in [-1, Fen::LIMIT.get() + 1, i64::MIN, i64::MAX] {
        assert!(wrong(reading(|v| read::fen(v, "fen", amount))), "{amount}");
    }
}

#[test]
fn a_rate_is_a_decimal_of_at_most_six_places() {
    assert_eq!(reading(|v| read::rate(v, "rate", "0.85")), Ok(Rate::from_millionths(850_000)));
    for text in ["", "0.1.2", "0.1234567", "85%", "1e3", "NaN", "９"] {
        assert!(wrong(reading(|v| read::rate(v, "rate", text))), "{text:?}");
    }
}

#[test]
fn names_ids_and_keys_have_their_lengths_and_letters() {
    assert_eq!(reading(|v| read::name(v, "name", "糖尿病")).map(|name| name.to_string()), Ok("糖尿病".to_owned()));
    assert!(reading(|v| read::optional_name(v, "name", "")).is_ok_and(|name| name.is_empty()));
    let long = "x".repeat(48);
    for text in ["", "a\u{0}b", "a\nb", long.as_str(), &"类".repeat(16)] {
        assert!(wrong(reading(|v| read::name(v, "name", text))), "{text:?}");
    }
    assert!(reading(|v| read::id(v, "id", "H-1:2/3")).is_ok());
    for text in ["", "a b", "é", "\u{7f}", long.as_str()] {
        assert!(wrong(reading(|v| read::id(v, "id", text))), "{text:?}");
    }
    assert!(reading(|v| read::key(v, "key", &"k".repeat(64))).is_ok());
    for text in ["", "a b", "键", &"k".repeat(65)] {
        assert!(wrong(reading(|v| read::key(v, "key", text))), "{text:?}");
    }
}

#[test]
fn a_text_is_no_blank_and_holds_no_control_character() {
    assert_eq!(reading(|v| read::text(v, "reason", "说明", 2)), Ok("说明".to_owned()));
    for text in ["", "  ", "三个字", "a\tb", "\u{1b}[2J"] {
        assert!(wrong(reading(|v| read::text(v, "reason", text, 2))), "{text:?}");
    }
    assert_eq!(reading(|v| read::optional_text(v, "reason", "", 2)), Ok(String::new()));
    assert!(wrong(reading(|v| read::optional_text(v, "reason", "abc", 2))));
}

#[test]
fn divisions_and_versions_are_read_whole() {
    assert_eq!(reading(|v| read::division(v, "division", "990100")).map(terms::Division::code), Ok(990_100));
    assert!(wrong(reading(|v| read::division(v, "division", "9901"))));
    let version = "0123456789abcdef".repeat(4);
    assert_eq!(reading(|v| read::version(v, "version", &version)).map(|read| read.to_string()), Ok(version.clone()));
    assert_eq!(reading(|v| read::optional_version(v, "version", "")), Ok(None));
    assert!(wrong(reading(|v| read::version(v, "version", ""))));
    assert!(wrong(reading(|v| read::optional_version(v, "version", &version.to_uppercase()))));
}

#[test]
fn a_period_ends_on_or_after_its_first_day() {
    let period = |from: &str, to: &str| Some(type_pb::Period { from_date: from.to_owned(), to_date: to.to_owned() });
    let read = |sent: Option<type_pb::Period>| reading(|v| read::period(v, "covered", &sent));
    assert_eq!(read(None), Ok(None));
    assert!(read(period("2026-01-01", "2026-01-01")).is_ok_and(|period| period.is_some()));
    assert_eq!(read(period("2026-01-02", "2026-01-01")), Err(vec!["covered.to_date".to_owned()]));
    assert_eq!(read(period("", "x")), Err(vec!["covered.from_date".to_owned(), "covered.to_date".to_owned()]));
}

#[test]
fn a_page_holds_a_hundred_unless_asked_and_at_most_a_thousand() {
    assert_eq!(reading(|v| read::page(v, 0)), Ok(100));
    assert_eq!(reading(|v| read::page(v, 1_000)), Ok(1_000));
    assert_eq!(reading(|v| read::page(v, 1_001)), Err(vec!["page_size".to_owned()]));
}

#[test]
fn a_moment_is_cut_to_microseconds_and_lies_between_1900_and_2199() {
    let read = |seconds, nanos| reading(|v| read::moment(v, "at", &Some(Timestamp { seconds, nanos })));
    assert_eq!(reading(|v| read::moment(v, "at", &None)), Ok(None));
    let moment = read(1_772_323_200, 999_999_999).unwrap().unwrap();
    assert_eq!(moment.timestamp_subsec_nanos(), 999_999_000);
    for (seconds, nanos) in
        [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000), (59, i32::MAX), (8_000_000_000, 0)]
    {
        assert!(wrong(read(seconds, nanos)), "{seconds} {nanos}");
    }
}

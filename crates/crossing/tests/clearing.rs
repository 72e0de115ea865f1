//! Months of clearing: days, what may happen when, and what no order of things changes.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use crossing::clearing::{
    Act, Dispute, DisputeState, Late, Line, Month, NotResolved, PeriodState, Place, RowAct, RowState, Sheet, Timetable,
    Timetables, TimetablesError, Unmoved,
};
use crossing::{ItemKind, clearing};
use money::Fen;
use proptest::prelude::*;
use terms::{Division, Name};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A timetable with every figure its own, so that none can stand for another.
fn table() -> Timetable {
    timetable("2022-07", (20, 21, 25, 31), (10, 5), (2, 3))
}

fn timetable(from: &str, days: (u32, u32, u32, u32), working: (u32, u32), late: (i32, u32)) -> Timetable {
    Timetable {
        from: month(from),
        document: "a test".to_owned(),
        mark: "assumed".to_owned(),
        source: String::new(),
        declare_day: days.0,
        sheet_day: days.1,
        confirm_day: days.2,
        notice_day: days.3,
        pay_working_days: working.0,
        receive_working_days: working.1,
        late_months: late.0,
        year_ends_month: late.1,
        silence_confirms: true,
        days_off: Vec::new(),
        days_worked: Vec::new(),
    }
}

#[test]
fn a_month_reads_back_and_counts_over_the_year() {
    assert_eq!(month("2026-12").plus(2).to_string(), "2027-02");
    assert_eq!(month("2026-01").plus(-1).to_string(), "2025-12");
    assert_eq!(month("2027-02").after(month("2026-11")), 3);
    assert_eq!(month("2024-02").last_day(), day("2024-02-29"));
    assert_eq!(month("2026-02").day(31), day("2026-02-28"));
    for wrong in ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", "+026-01", "2026/01", "1899-12"] {
        assert!(wrong.parse::<Month>().is_err(), "{wrong}");
    }
}

#[test]
fn the_days_of_a_month_are_in_the_month_after() {
    // costs of January are declared until 20 February; February has no 31st, so the notices are due on its last day
    let days = table().deadlines(month("2026-01"));
    let all = [days.declare, days.sheet, days.confirm, days.notice];
    assert_eq!(all, ["2026-02-20", "2026-02-21", "2026-02-25", "2026-02-28"].map(day));
    // notices of Saturday 2026-02-28: ten working days are 2 to 6 and 9 to 13 March; five more end on Friday 20
    assert_eq!(table().pay_until(day("2026-02-28")), day("2026-03-13"));
    assert_eq!(table().receive_until(day("2026-03-13")), day("2026-03-20"));
    let mut holidays = table();
    holidays.days_off = vec![day("2026-03-02")];
    holidays.days_worked = vec![day("2026-03-07")];
    // one day less and one more: the same
    assert_eq!(holidays.pay_until(day("2026-02-28")), day("2026-03-13"));
    holidays.days_worked.clear();
    assert_eq!(holidays.pay_until(day("2026-02-28")), day("2026-03-16"));
}

#[test]
fn what_is_late_says_how() {
    let at = |table: &Timetable, on: &str, of: &str| table.may_declare(day(on), month(of));
    let two = table();
    assert_eq!(at(&two, "2026-09-30", "2026-09"), Ok(()));
    assert_eq!(at(&two, "2026-10-01", "2026-09"), Err(Late::NotYet));
    assert_eq!(at(&two, "2026-07-01", "2026-09"), Ok(()));
    assert_eq!(at(&two, "2026-06-30", "2026-09"), Err(Late::TooLate));
    // costs of a year: February's notices are issued by the end of March, those of March are not
    assert_eq!(at(&two, "2026-12-31", "2027-02"), Ok(()));
    assert_eq!(at(&two, "2026-12-31", "2027-03"), Err(Late::YearClosed));
    // with more months of grace it is the year that ends it
    let six = timetable("2022-07", (20, 21, 25, 31), (10, 5), (6, 3));
    assert_eq!(at(&six, "2026-12-31", "2027-02"), Ok(()));
    assert_eq!(at(&six, "2026-12-31", "2027-03"), Err(Late::YearClosed));
    assert_eq!(at(&six, "2027-01-01", "2027-03"), Ok(()));
}

#[test]
fn timetables_hold_from_their_month_and_wrong_ones_say_what_is_wrong() {
    let of = |tables: Vec<Timetable>| {
        let texts = tables.iter().map(|table| {
            format!(
                "[[timetable]]\nfrom = \"{}\"\ndocument = \"d\"\nmark = \"{}\"\nsource = \"s\"\ndeclare_day = {}\nsheet_day = {}\n\
                 confirm_day = {}\nnotice_day = {}\npay_working_days = 10\nreceive_working_days = 5\nlate_months = {}\n\
                 year_ends_month = {}\nsilence_confirms = true\n",
                table.from, table.mark, table.declare_day, table.sheet_day, table.confirm_day, table.notice_day, table.late_months,
                table.year_ends_month
            )
        });
        toml::from_str::<Timetables>(&texts.collect::<String>()).unwrap().checked()
    };
    let later = timetable("2027-01", (10, 11, 12, 13), (1, 1), (1, 3));
    let both = of(vec![table(), later.clone()]).unwrap();
    assert_eq!(both.of(month("2022-06")), None);
    assert_eq!(both.of(month("2026-12")).unwrap().declare_day, 20);
    assert_eq!(both.of(month("2027-01")).unwrap().declare_day, 10);
    assert_eq!(of(vec![later.clone(), table()]), Err(TimetablesError::Order(month("2022-07"))));
    assert!(toml::from_str::<Timetables>("timetable = []").unwrap().checked().is_err());
    let wrongs = [
        timetable("2022-07", (22, 21, 25, 31), (10, 5), (2, 3)),
        timetable("2022-07", (20, 21, 25, 32), (10, 5), (2, 3)),
        timetable("2022-07", (20, 21, 25, 31), (10, 5), (-1, 3)),
        timetable("2022-07", (20, 21, 25, 31), (10, 5), (2, 13)),
        Timetable { mark: "true".to_owned(), ..table() },
    ];
    for wrong in wrongs {
        assert!(matches!(of(vec![wrong.clone()]), Err(TimetablesError::Wrong(..))), "{wrong:?}");
    }
}

#[test]
fn a_month_goes_one_way() {
    let acts = [
        Act::Declare,
        Act::Deduct,
        Act::CloseDeclaration,
        Act::MakeSheet,
        Act::Confirm,
        Act::Dispute,
        Act::Issue,
        Act::Pay,
        Act::Receive,
        Act::Close,
    ];
    for state in PeriodState::ALL {
        assert_eq!(PeriodState::of_word(state.word()), Some(state));
        for act in acts {
            assert!(state.after(act).is_none_or(|next| next >= state), "{state:?} {act:?}");
        }
    }
    // nothing is declared once the sheet is made, and nothing disputed once notices are out
    assert_eq!(PeriodState::Sheet.after(Act::Declare), None);
    assert_eq!(PeriodState::Noticed.after(Act::Dispute), None);
    assert_eq!(PeriodState::Declaring.after(Act::Issue), None);
    for state in RowState::ALL {
        assert_eq!(RowState::of_word(state.word()), Some(state));
    }
    let issue = |silence, is_even| RowAct::Issue { silence, is_even };
    assert_eq!(RowState::Listed.after(issue(false, false)), None);
    assert_eq!(RowState::Listed.after(issue(true, false)), Some(RowState::Noticed));
    assert_eq!(RowState::Confirmed.after(issue(false, true)), Some(RowState::Received));
    assert_eq!(RowState::Confirmed.after(RowAct::Dispute), None);
    assert_eq!(RowState::Noticed.after(RowAct::Receive), None);
    assert_eq!(RowState::Paid.after(RowAct::Pay), None);
}

#[test]
fn a_dispute_takes_two_officers_of_one_mind() {
    let [wang, li] = ["wang", "li"].map(|name| Name::new(name).unwrap());
    let open = Dispute { owed: Fen::new(500), state: DisputeState::Open };
    assert_eq!(open.confirm(li, Fen::ZERO), Err(NotResolved::NotProposed));
    assert_eq!(open.propose(wang, Fen::new(501)), Err(NotResolved::TooMuch));
    assert_eq!(open.propose(wang, Fen::new(-1)), Err(NotResolved::TooMuch));
    let proposed = open.propose(wang, Fen::new(200)).unwrap();
    assert_eq!(proposed.confirm(wang, Fen::new(200)), Err(NotResolved::SameOfficer));
    assert_eq!(proposed.confirm(li, Fen::new(199)), Err(NotResolved::OtherProposal));
    let other = proposed.propose(li, Fen::new(300)).unwrap();
    assert_eq!(other.confirm(li, Fen::new(300)), Err(NotResolved::SameOfficer));
    let resolved = other.confirm(wang, Fen::new(300)).unwrap();
    assert_eq!(resolved.confirm(li, Fen::new(300)), Err(NotResolved::Already));
    assert_eq!(resolved.propose(li, Fen::ZERO), Err(NotResolved::Already));
    // of a reversal nothing can be taken off
    let taken_back = Dispute { owed: Fen::new(-500), state: DisputeState::Open };
    assert!(taken_back.propose(wang, Fen::ZERO).is_ok() && taken_back.propose(wang, Fen::new(1)).is_err());
}

const FIRST: &str = "2026-01";

/// An item of one of four provinces in one of three months, and where a dispute takes it: nowhere, or so many months on.
fn items() -> impl Strategy<Value = Vec<(Line, Option<i32>)>> {
    let item = (0..4_usize, 1..4_usize, 0..3_usize, 1..1_000_000_i64, 0..3_i32, prop::option::of(1..4_i32));
    let made = item.prop_map(|(care, step, kind, owed, of, disputed)| {
        let province = |at: usize| ["990000", "980000", "970000", "960000"][at % 4].parse::<Division>().unwrap();
        let (kind, sign) = [(ItemKind::Settled, 1), (ItemKind::Reversed, -1), (ItemKind::Deducted, -1)][kind];
        let place = Place::declared(month(FIRST).plus(of));
        let line =
            Line { care: province(care), insured: province(care + step), kind, owed: Fen::new(sign * owed), place };
        (line, disputed)
    });
    prop::collection::vec(made, 0..60)
}

fn months() -> impl Iterator<Item = Month> {
    (0..6).map(|later| month(FIRST).plus(later))
}

fn add_up<'a>(lines: impl Iterator<Item = &'a Line>) -> BTreeMap<(Division, Division), Fen> {
    let mut sums = BTreeMap::new();
    for line in lines {
        *sums.entry((line.care, line.insured)).or_insert(Fen::ZERO) += line.owed;
    }
    sums
}

proptest! {
    #[test]
    fn the_order_of_declarations_changes_no_sheet(
        (given, shuffled) in items().prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle()))
    ) {
        for of in months() {
            let lines = |items: &[(Line, Option<i32>)]| items.iter().map(|(line, _)| *line).collect::<Vec<_>>();
            let (one, other) = (Sheet::of(of, lines(&given)), Sheet::of(of, lines(&shuffled)));
            prop_assert_eq!(one.nets(), other.nets());
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn nets_add_up_to_nothing_and_rows_to_their_items(given in items()) {
        for of in months() {
            let sheet = Sheet::of(of, given.iter().map(|(line, _)| *line));
            prop_assert_eq!(sheet.nets().values().map(clearing::Net::net).sum::<Fen>(), Fen::ZERO);
            let there = given.iter().map(|(line, _)| line).filter(|line| line.place.month() == Some(of));
            let rows: BTreeMap<_, _> = sheet.rows.iter().map(|(pair, row)| (*pair, row.cleared())).collect();
            prop_assert_eq!(rows, add_up(there));
        }
    }

    #[test]
    fn what_is_disputed_is_cleared_in_exactly_one_later_month(given in items()) {
        let (mut lines, whole) = (Vec::new(), add_up(given.iter().map(|(line, _)| line)));
        for (line, disputed) in &given {
            let Some(later) = disputed else { lines.push(*line); continue };
            let from = line.place.month().unwrap();
            let out = line.place.dispute(from).unwrap();
            prop_assert_eq!(out.month(), None);
            prop_assert_eq!(line.place.dispute(from.plus(1)), Err(Unmoved::Elsewhere));
            prop_assert_eq!(out.dispute(from), Err(Unmoved::Elsewhere));
            prop_assert_eq!(out.resolve(from), Err(Unmoved::NotLater));
            let back = out.resolve(from.plus(*later)).unwrap();
            // it is in one month for good: neither disputed nor put anywhere again
            prop_assert_eq!(back.dispute(from.plus(*later)), Err(Unmoved::Decided));
            prop_assert_eq!(back.resolve(from.plus(9)), Err(Unmoved::NotDisputed));
            prop_assert_eq!(months().filter(|of| back.month() == Some(*of)).collect::<Vec<_>>(), vec![from.plus(*later)]);
            lines.push(Line { place: back, ..*line });
        }
        // over all months every item is cleared once
        let mut cleared: BTreeMap<(Division, Division), Fen> = BTreeMap::new();
        for of in months() {
            for (pair, row) in Sheet::of(of, lines.clone()).rows {
                *cleared.entry(pair).or_insert(Fen::ZERO) += row.cleared();
            }
        }
        prop_assert_eq!(cleared, whole);
        // and before it is resolved its month shows it beside the rest
        let out: Vec<Line> = given.iter().map(|(line, disputed)| match disputed {
            Some(_) => Line { place: line.place.dispute(line.place.month().unwrap()).unwrap(), ..*line },
            None => *line,
        }).collect();
        for of in months() {
            let disputed: Fen = Sheet::of(of, out.clone()).rows.values().map(|row| row.disputed + row.cleared()).sum();
            let there: Fen = given.iter().map(|(line, _)| line).filter(|line| line.place.month() == Some(of)).map(|line| line.owed).sum();
            prop_assert_eq!(disputed, there);
        }
    }
}

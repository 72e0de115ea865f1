//! Questions other than bills: whatever is asked, the answer is an answer or a refusal, never a panic and never a
//! figure out of an amount that cannot be right.

use chrono::NaiveDate;
use money::{Fen, Rate};
use policy::{ContributionFacts, CoverageFacts, IndicatorFacts, Period, Reason, WatchFacts};
use proptest::prelude::*;
use proptest::sample::select;
use terms::{Category, College, CountyKind, Division, EnrolHow, Name, PersonGroup, Scheme, Word};

use crate::support::{SHIPPED, compile, config, root, toml_files};

fn division() -> impl Strategy<Value = Division> {
    let codes: Vec<Division> = SHIPPED.divisions().map(|division| division.code).collect();
    prop_oneof![9 => select(codes), 1 => Just("990001".parse().unwrap())]
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let usual = (2020..2027i32, 1..=12u32, 1..=28u32);
    prop_oneof![
        8 => usual.prop_map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap()),
        1 => select(vec![NaiveDate::MIN, NaiveDate::MAX]),
    ]
}

fn year() -> impl Strategy<Value = i32> {
    prop_oneof![8 => 2020..2027i32, 1 => select(vec![i32::MIN, i32::MAX, 0, -262_143, 262_142])]
}

fn fen() -> impl Strategy<Value = Fen> {
    let edge = select(vec![i64::MIN, -1, 0, 1, Fen::LIMIT.get(), Fen::LIMIT.get() + 1, i64::MAX]);
    prop_oneof![3 => 0..100_000_000i64, 1 => edge, 1 => any::<i64>()].prop_map(Fen::new)
}

fn contribution() -> impl Strategy<Value = ContributionFacts> {
    let person = (select(Scheme::ALL), select(PersonGroup::ALL), prop::collection::vec(select(Category::ALL), 0..3));
    let counts = prop_oneof![3 => 1..100_000u32, 1 => any::<u32>()];
    (division(), person, year(), select(CountyKind::ALL), select(College::ALL), counts, fen()).prop_map(
        |(division, (scheme, group, categories), cover_year, county, college, people, premium_base)| {
            ContributionFacts { division, scheme, cover_year, group, categories, county, college, people, premium_base }
        },
    )
}

fn coverage() -> impl Strategy<Value = CoverageFacts> {
    let person = (select(Scheme::ALL), select(PersonGroup::ALL), prop::collection::vec(select(Category::ALL), 0..3));
    let years = || prop_oneof![4 => 0..10u32, 1 => select(vec![u32::MAX, 1_000_000])];
    let days = (day(), day(), prop::option::of(day()), prop::option::of(day()));
    (division(), person, select(EnrolHow::ALL), year(), days, years(), years()).prop_map(
        |(division, (scheme, group, categories), how, cover_year, days, broken_years, repaid_years)| {
            let (paid, enrolled, born, employee_ended) = days;
            CoverageFacts {
                division,
                scheme,
                group,
                categories,
                how,
                cover_year,
                paid,
                enrolled,
                joined: None,
                born,
                employee_ended,
                broken_years,
                repaid_years,
            }
        },
    )
}

fn wrong(amount: Fen) -> bool {
    amount.is_negative() || amount > Fen::LIMIT
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn a_contribution_is_split_without_losing_a_fen_or_refused(facts in contribution()) {
        let answer = SHIPPED.contribution(&facts);
        let Ok(answer) = answer else {
            prop_assert!(!answer.unwrap_err().causes.is_empty());
            return Ok(());
        };
        prop_assert!(!wrong(facts.premium_base), "an answer to a premium base of {}", facts.premium_base);
        let levels = answer.central + answer.province + answer.city + answer.county;
        prop_assert!(levels == answer.subsidy || levels.is_zero());
        for amount in [answer.premium, answer.subsidy, answer.assisted, answer.credit, levels] {
            prop_assert!(!amount.is_negative());
        }
        if facts.scheme == Scheme::Resident {
            prop_assert_eq!(answer.own.unwrap() + answer.assisted, answer.premium);
            prop_assert_eq!(answer.total.unwrap(), answer.premium + answer.subsidy);
        }
    }

    #[test]
    fn a_window_of_cover_is_in_order_and_in_its_year_or_refused(facts in coverage()) {
        if let Ok(answer) = SHIPPED.coverage(&facts) {
            prop_assert!(answer.from <= answer.to);
            prop_assert_eq!(Some(answer.to), NaiveDate::from_ymd_opt(facts.cover_year, 12, 31));
        }
    }

    #[test]
    fn the_watch_list_holds_who_is_above_the_line(
        division in division(), scheme in select(Scheme::ALL), on in day(), burden in fen(),
        categories in prop::collection::vec(select(Category::ALL), 0..3),
    ) {
        if let Ok(answer) = SHIPPED.watch(&WatchFacts { division, scheme, categories, on, burden }) {
            prop_assert!(!wrong(burden), "an answer to a burden of {}", burden);
            prop_assert_eq!(answer.listed, burden > answer.line);
        }
    }

    #[test]
    fn an_indicator_is_a_share_or_refused(division in division(), on in day(), fund in fen(), within_scope in fen()) {
        let facts = IndicatorFacts { division, name: "inpatient_fund_share".to_owned(), on, fund, within_scope };
        if let Ok(answer) = SHIPPED.indicator(&facts) {
            // A province's sums of a year may be larger than any bill: only the sign is looked at.
            prop_assert!(!fund.is_negative() && within_scope > Fen::ZERO, "an answer to {} of {}", fund, within_scope);
            prop_assert!(answer.share >= Rate::ZERO);
            prop_assert_eq!(answer.below, answer.share < answer.target);
        }
    }
}

#[test]
fn a_negative_premium_base_gets_a_refusal_and_no_negative_credit() {
    let facts = ContributionFacts {
        division: "522700".parse().unwrap(),
        scheme: Scheme::Employee,
        cover_year: 2023,
        group: PersonGroup::Flexible,
        categories: Vec::new(),
        county: CountyKind::Other,
        college: College::No,
        people: 1,
        premium_base: Fen::new(-6_000_000),
    };
    let refusal = SHIPPED.contribution(&facts).unwrap_err();
    assert_eq!(refusal.causes[0].reason, Reason::NegativeAmount);
    let large = ContributionFacts { premium_base: Fen::new(i64::MAX), ..facts };
    assert_eq!(SHIPPED.contribution(&large).unwrap_err().causes[0].reason, Reason::AmountTooLarge);
}

#[test]
fn an_indicator_is_compared_before_it_is_rounded_and_funds_never_pay_more_than_the_scope() {
    let ask = |fund: i64| {
        SHIPPED.indicator(&IndicatorFacts {
            division: "140000".parse().unwrap(),
            name: "inpatient_fund_share".to_owned(),
            on: NaiveDate::from_ymd_opt(2022, 6, 1).unwrap(),
            fund: Fen::new(fund),
            within_scope: Fen::new(100_000_000),
        })
    };
    // SX-5: 0.75; 749,999.99 of 1,000,000.00 is shown as 0.75 and is below it.
    let just_below = ask(74_999_999).unwrap();
    assert_eq!((just_below.share.to_string().as_str(), just_below.below), ("0.75", true));
    assert!(!ask(75_000_000).unwrap().below);
    assert!(ask(100_000_001).is_err());
}

#[test]
fn the_clauses_by_which_benefits_begin_are_those_of_the_nearest_place() {
    let of =
        |code: &str, scheme| SHIPPED.coverage_clauses(code.parse().unwrap(), scheme, "2022-06-01".parse().unwrap());
    assert_eq!(of("370800", Scheme::Resident), ["DM-3.3"]);
    assert_eq!(of("450000", Scheme::Resident), ["DM-3.3", "GX-7"]);
    assert_eq!(of("522700", Scheme::Employee), ["DM-3.3", "DM-3.6"]);
    assert_eq!(of("990900", Scheme::Resident), Vec::<String>::new());
}

#[test]
fn the_meters_of_a_year_are_those_its_benefits_count_in_each_with_the_parts_it_can_have() {
    let policy = compile(&toml_files(&root().join("tests/variants/ceiling/packs")));
    let days = |year| {
        let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        Period { from: day(1, 1), to: day(12, 31) }
    };
    let monthly: Division = "990900".parse().unwrap();
    let meters = policy.meters(monthly, days(2022));
    let parts =
        |name: &str| meters.get(&Name::new(name).unwrap()).map(|parts| parts.iter().map(Name::as_str).collect());
    let months: Vec<String> = (1..=12).map(|month| format!("M{month:02}")).collect();
    let found: Vec<&str> = parts("resident.chronic.pooled").expect("the benefit counts in it");
    assert_eq!(found, months);
    assert_eq!(parts("resident.chronic.poold"), None);
    assert!(policy.meters(monthly, days(2019)).is_empty(), "no benefit is in force before 2020");
    assert!(policy.meters("990099".parse().unwrap(), days(2022)).is_empty(), "no pack");
}

#[test]
fn a_refusal_cites_the_own_divisions_clause_or_the_nations_and_no_other_places() {
    let on = NaiveDate::from_ymd_opt(2022, 3, 1).unwrap();
    let cited = |reason, division: &str| {
        SHIPPED.refusal_clauses(reason, division.parse().unwrap(), Scheme::Resident, on).join(" ")
    };
    for division in ["370800", "450000", "990001"] {
        assert_eq!(cited(Reason::UnknownDivision, division), "DM-2.1", "{division}");
        assert_eq!(cited(Reason::WrongGroup, division), "DM-1.5", "{division}");
        assert_eq!(cited(Reason::TooManyLines, division), "", "a matter of form has no clause");
    }
    assert_eq!(cited(Reason::TwoSchemes, "450000"), "DM-3.5 GX-17");
    assert_eq!(cited(Reason::TwoSchemes, "370800"), "DM-3.5");
}

#[test]
fn a_scheme_insures_nobody_where_it_pays_nothing_all_year() {
    let year = Period { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() };
    let insures = |code: &str, scheme| SHIPPED.insures(code.parse().unwrap(), scheme, year);
    for code in ["370800", "370890", "450000", "140000"] {
        insures(code, Scheme::Resident).unwrap_or_else(|refusal| panic!("{code}: {refusal:?}"));
    }
    insures("522700", Scheme::Employee).unwrap();
    for code in ["100000", "520000"] {
        let refusal = insures(code, Scheme::Resident).unwrap_err();
        assert_eq!((refusal.causes.len(), refusal.causes[0].reason), (1, Reason::NoBenefit));
        assert!(!refusal.causes[0].cite.is_empty(), "{refusal:?}");
    }
    assert_eq!(insures("990900", Scheme::Resident).unwrap_err().causes[0].reason, Reason::UnknownDivision);
}

#[test]
fn a_split_that_no_document_says_is_unknown_level_by_level_and_one_that_is_said_is_not() {
    let of = |code: &str| {
        let facts = ContributionFacts {
            division: code.parse().unwrap(),
            scheme: Scheme::Resident,
            cover_year: 2026,
            group: PersonGroup::Adult,
            categories: Vec::new(),
            county: CountyKind::Other,
            college: College::No,
            people: 1,
            premium_base: Fen::ZERO,
        };
        SHIPPED.contribution(&facts).unwrap()
    };
    let open = of("522700");
    assert_eq!((open.subsidy, open.central + open.province + open.city + open.county), (Fen::new(72_400), Fen::ZERO));
    let about: Vec<&str> = open.unknown.iter().map(|cause| cause.about.as_str()).collect();
    let level = |name: &str| format!("resident.contribution.subsidy_{name} on 2026-01-01");
    assert_eq!(about, ["central", "province", "city", "county"].map(level));
    let split = of("370890");
    assert_eq!(split.central + split.province + split.city + split.county, split.subsidy);
    assert!(split.unknown.is_empty(), "{:?}", split.unknown);
}

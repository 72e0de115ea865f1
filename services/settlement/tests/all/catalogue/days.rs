use money::Fen;
use settlement::catalogue::{Catalogue, Found};
use terms::{LineClass, LineKind};

use super::{at, catalogue, day, files};

/// Class, limit in fen, share and the days between which they hold, in one line.
fn line(found: &Found<'_>) -> String {
    let limit = found.price_limit.map_or("-".to_owned(), |(limit, _)| limit.get().to_string());
    let share = found.first_self_paid.map_or("-".to_owned(), |(share, _)| share.to_string());
    let until = found.until.map_or("-".to_owned(), |until| until.to_string());
    format!("{} {limit} {share} {} {until}", found.class.0, found.from)
}

fn on(catalogue: &Catalogue, division: &str, code: &str, on: &str) -> String {
    catalogue.item(at(division), code, day(on)).map_or("-".to_owned(), |found| line(&found))
}

#[test]
fn each_day_has_its_class_its_limit_and_its_share() {
    let catalogue = catalogue();
    let says = |on_day: &str| on(&catalogue, "980000", "X000000001", on_day);
    assert_eq!(says("2019-12-31"), "-");
    assert_eq!(says("2020-01-01"), "class_b 1450 - 2020-01-01 2021-06-01");
    assert_eq!(says("2021-05-31"), "class_b 1450 - 2020-01-01 2021-06-01");
    assert_eq!(says("2021-06-01"), "class_b 384 - 2021-06-01 2023-03-01");
    assert_eq!(says("2023-03-01"), "class_a 384 - 2023-03-01 -");
}

#[test]
fn an_item_that_left_the_list_is_not_found_from_that_day() {
    let catalogue = catalogue();
    assert_eq!(on(&catalogue, "980000", "X000000002", "2023-12-31"), "class_b - - 2020-01-01 2024-01-01");
    assert_eq!(on(&catalogue, "980000", "X000000002", "2024-01-01"), "-");
    assert_eq!(on(&catalogue, "990000", "X000000002", "2024-01-01"), "-", "a limit alone does not bring it back");
}

#[test]
fn each_value_is_the_nearest_divisions_and_returns_where_that_ends() {
    let catalogue = catalogue();
    let says = |on_day: &str| on(&catalogue, "990000", "X000000001", on_day);
    assert_eq!(says("2021-12-31"), "class_b 384 0.1 2021-06-01 2022-01-01");
    assert_eq!(says("2022-01-01"), "class_b 400 0.1 2022-01-01 2022-07-01");
    assert_eq!(says("2022-07-01"), "class_b 384 0.1 2022-07-01 2023-03-01");
    assert_eq!(says("2023-03-01"), "class_a 384 - 2023-03-01 -");
}

#[test]
fn a_division_without_files_reads_those_of_its_city_its_province_and_the_root() {
    let catalogue = catalogue();
    let limit = |division: &str| on(&catalogue, division, "X000000002", "2022-06-01");
    assert_eq!(limit("990101"), "class_b - - 2022-01-01 2024-01-01", "the city says that there is no limit");
    assert_eq!(limit("990202"), "class_b 2000 - 2020-01-01 2024-01-01", "another city of the province");
    assert_eq!(limit("970101"), "class_b - - 2020-01-01 2024-01-01", "a province without files");
    let own = |division: &str| catalogue.item(at(division), "001102000010000-9", day("2022-06-01")).is_some();
    assert!(own("990100") && own("990101") && !own("990200") && !own("990000") && !own("980000"));
}

#[test]
fn items_come_in_order_of_code_by_kind_and_after_a_code() {
    let catalogue = catalogue();
    let codes = |on: &str, kind, after, limit| -> Vec<&str> {
        catalogue.items(at("990101"), day(on), kind, after, limit).iter().map(|found| found.code).collect()
    };
    let all = ["001102000010000-9", "X000000001", "X000000002", "X000000003"];
    assert_eq!(codes("2022-06-01", None, None, 10), all);
    assert_eq!(codes("2022-06-01", None, None, 2), all[..2]);
    assert_eq!(codes("2022-06-01", None, Some("X000000001"), 10), all[2..]);
    assert_eq!(codes("2022-06-01", None, Some("X0000000015"), 1), all[2..3], "a code nobody has is a place too");
    assert_eq!(codes("2022-06-01", Some(LineKind::Drug), None, 10), all[1..]);
    assert_eq!(codes("2024-01-01", None, None, 10), [all[0], all[1], all[3]]);
    assert!(codes("2019-01-01", None, None, 10).is_empty());
}

#[test]
fn a_version_is_named_by_all_its_content_in_whatever_order() {
    let catalogue = catalogue();
    let mut reversed = files();
    reversed.reverse();
    assert_eq!(Catalogue::read(&reversed).expect("the catalogue is right").version(), catalogue.version());
    let mut other = files();
    other[1].text.push_str("# a word more\n");
    assert_ne!(Catalogue::read(&other).expect("the catalogue is right").version(), catalogue.version());
    let [edition] = &catalogue.versions(at("990101"))[..] else {
        panic!("a build holds one version");
    };
    assert_eq!((edition.version.as_str(), edition.items), (catalogue.version(), 4));
    assert_eq!(edition.source, "list of 990100；list of 990000；list of 980000");
    assert_eq!(catalogue.versions(at("970101"))[0].items, 3);
}

#[test]
fn the_shipped_catalogue_reads_and_its_codes_have_the_national_shapes() {
    let catalogue = Catalogue::read(&Catalogue::shipped_files()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut codes = 0;
    for on in ["2020-06-01", "2022-06-01", "2025-06-01"] {
        for found in catalogue.items(at("370890"), day(on), None, None, usize::MAX) {
            let code = found.code.split('-').next().unwrap_or_default();
            let lengths: &[(char, usize)] = match found.kind {
                LineKind::Drug => &[('X', 23), ('Z', 20)],
                LineKind::Consumable | LineKind::Implant => &[('C', 27)],
                LineKind::Herbal => &[('T', 10)],
                _ => &[('0', 15)],
            };
            let shaped = lengths.iter().any(|(first, length)| code.starts_with(*first) && code.len() == *length);
            assert!(shaped, "{} {}", found.kind, found.code);
            codes += 1;
        }
    }
    assert!(codes > 300, "{codes}");
    for kind in <LineKind as terms::Word>::ALL {
        assert!(!catalogue.items(at("370000"), day("2025-06-01"), Some(*kind), None, 1).is_empty(), "{kind}");
    }
}

#[test]
fn the_shipped_catalogue_moves_a_class_and_cuts_a_limit_on_their_days() {
    let catalogue = Catalogue::read(&Catalogue::shipped_files()).unwrap_or_else(|problems| panic!("{problems}"));
    let named = |zh: &str, division: &str, on: &str| {
        let items = catalogue.items(at(division), day(on), None, None, usize::MAX);
        items.into_iter().find(|found| found.zh.starts_with(zh)).map(|found| {
            (
                found.class.0,
                found.price_limit.map(|(limit, _)| limit),
                found.first_self_paid.map(|(s, _)| s.to_string()),
            )
        })
    };
    let share = |text: &str| Some(text.to_owned());
    let atorvastatin = |on: &str| named("阿托伐他汀", "370890", on);
    assert_eq!(atorvastatin("2020-03-31"), Some((LineClass::B, Some(Fen::new(1450)), share("0.1"))));
    assert_eq!(atorvastatin("2023-02-28"), Some((LineClass::B, Some(Fen::new(384)), share("0.1"))));
    assert_eq!(atorvastatin("2023-03-01"), Some((LineClass::A, Some(Fen::new(384)), None)));
    let stent = |division: &str, on: &str| named("冠状动脉药物洗脱支架", division, on);
    assert_eq!(stent("370800", "2020-12-31"), Some((LineClass::B, Some(Fen::new(1_300_000)), share("0.3"))));
    assert_eq!(stent("370800", "2021-01-01"), Some((LineClass::B, Some(Fen::new(77_576)), share("0.05"))));
    assert_eq!(stent("520000", "2021-01-01"), Some((LineClass::B, Some(Fen::new(77_576)), share("0.1"))));
    assert!(named("丹红注射液", "450000", "2023-12-31").is_some());
    assert_eq!(named("丹红注射液", "450000", "2024-01-01"), None);
}

#[test]
fn every_shipped_item_changes_on_the_days_it_names_and_on_no_day_between() {
    let catalogue = Catalogue::read(&Catalogue::shipped_files()).unwrap_or_else(|problems| panic!("{problems}"));
    let terms =
        |found: &Found<'_>| (found.class.0, found.price_limit.map(|(l, _)| l), found.first_self_paid.map(|(s, _)| s));
    for division in ["370890", "450000", "520000"] {
        for on in ["2020-01-01", "2021-12-31", "2024-02-29"] {
            for found in catalogue.items(at(division), day(on), None, None, usize::MAX) {
                let then = |day| catalogue.item(at(division), found.code, day).as_ref().map(terms);
                let now = Some(terms(&found));
                assert!(found.from <= day(on) && found.until.is_none_or(|until| until > day(on)), "{found:?}");
                assert_eq!(then(found.from), now);
                assert_ne!(found.from.pred_opt().and_then(then), now, "{found:?}");
                let last = found.until.map_or(day("2199-12-31"), |until| until.pred_opt().expect("a day before"));
                assert_eq!(then(last), now);
                assert!(found.until.is_none_or(|until| then(until) != now), "{found:?}");
            }
        }
    }
}

//! What packs say of payers whose fund another service keeps, and what `policy check` refuses there.

use policy::show::show;
use policy::{Lang, LimitFacts, PackFile, Policy, Reason};
use terms::{Away, Category, Filing, Name, PersonGroup, Place, Scheme};

use crate::support::{SHIPPED, compile, inline_files, person, stay};

fn limit(
    policy: &Policy,
    (division, payer, on): (&str, &str, &str),
    categories: &[Category],
) -> Result<Option<String>, Reason> {
    let (scheme, payer) = (Scheme::Resident, Name::new(payer).unwrap());
    let (division, on) = (division.parse().unwrap(), on.parse().unwrap());
    let found = policy.yearly_limit(&LimitFacts { division, scheme, payer, categories: categories.to_vec(), on });
    found.map(|found| found.map(|limit| limit.to_string())).map_err(|refusal| refusal.causes[0].reason)
}

#[test]
fn the_yearly_limit_is_the_highest_of_the_persons_categories_on_the_day() {
    let (day, before) = ("2022-10-10", "2022-09-04");
    let is = |yuan: &str| Ok(Some(yuan.to_owned()));
    let of = |payer, on, categories: &[Category]| limit(&SHIPPED, ("370800", payer, on), categories);
    assert_eq!(of("assistance", day, &[Category::Destitute]), is("30000.00"), "SD-5");
    assert_eq!(of("assistance", before, &[Category::Destitute]), is("10000.00"), "SD-5, the earlier limit");
    assert_eq!(of("tilt", day, &[Category::LowIncomeEdge]), is("20000.00"), "SD-7");
    assert_eq!(of("tilt", day, &[Category::IllnessPoor]), is("0.00"), "SD-7 does not name them");
    assert_eq!(of("tilt", day, &[Category::IllnessPoor, Category::Monitored]), is("20000.00"));
    assert_eq!(of("assistance", day, &[]), is("0.00"), "nothing is paid to people without a category");
    assert_eq!(limit(&SHIPPED, ("450000", "assistance", day), &[Category::Destitute]), Ok(None), "no limit is known");
    assert_eq!(of("pooled_fund", day, &[Category::Destitute]), Err(Reason::BadHeld));
    assert_eq!(limit(&SHIPPED, ("990000", "assistance", day), &[]), Err(Reason::UnknownDivision));
}

#[test]
fn while_assistance_is_away_the_packs_say_what_becomes_of_a_bill() {
    let mut asked = person(PersonGroup::Adult);
    let bill = stay("B1", "2022-03-01", 100);
    assert_eq!(compile(&inline_files(&[])).when_assistance_away(&asked, &bill), Away::SettleTwo, "nothing is said");
    let rows = "[assistance_away]\ncite = \"EX-1\"\n\
         all = { 2020-01-01 = \"settle_two\", 2022-03-02 = \"refuse\" }\nout_of_province = { 2020-01-01 = \"refuse\" }\n";
    let policy = compile(&inline_files(&[("common/one_stop.toml", rows)]));
    assert_eq!(policy.when_assistance_away(&asked, &bill), Away::SettleTwo);
    assert_eq!(policy.when_assistance_away(&asked, &stay("B2", "2022-03-02", 100)), Away::Refuse);
    let elsewhere = policy::Bill { place: Place::OutOfProvince, filing: Filing::Unfiled, ..bill.clone() };
    assert_eq!(policy.when_assistance_away(&asked, &elsewhere), Away::Refuse);
    asked.division = "370800".parse().unwrap();
    assert_eq!(SHIPPED.when_assistance_away(&asked, &bill), Away::SettleTwo, "the nation's own word");
}

#[test]
fn what_is_shown_names_who_keeps_a_fund_and_what_happens_without_it() {
    let (division, day) = ("370800".parse().unwrap(), "2022-10-10".parse().unwrap());
    let shown = show(&SHIPPED, division, day, None).unwrap();
    let (en, zh) = (shown.text(Lang::En), shown.text(Lang::Zh));
    assert!(en.contains("[assistance] Medical assistance fund (fund kept by medical assistance)"), "{en}");
    assert!(zh.contains("（基金由医疗救助方管理）"), "{zh}");
    assert!(en.contains("assistance_away while medical assistance is not reached\n      always: settle_two"), "{en}");
    let json = serde_json::to_string(&shown).unwrap();
    assert!(json.contains("\"held_by\":\"assistance\"") && !json.contains("\"held_by\":null"));
}

/// A benefit whose only layer is held, with a yearly limit.
fn benefit(mechanism: &str, rest: &str) -> String {
    format!(
        "cite = \"EX-1\"\n[stack]\nall = {{ 2020-01-01 = [\"third\"] }}\n[third]\npayer = \"helped\"\n{mechanism}\n\
         [third.ratio]\nall = {{ 2020-01-01 = \"0.70\" }}\n[third.ceiling]\n\
         all = {{ 2020-01-01 = \"100.00\" }}\ndestitute = {{ 2020-01-01 = \"200.00\" }}\n{rest}"
    )
}

fn problems(files: &[(&str, &str)], payer: &str) -> Vec<String> {
    let mut files: Vec<PackFile> = inline_files(files);
    let payers = files.iter_mut().find(|file| file.path.ends_with("payers.toml")).unwrap();
    payers.text.push_str(&format!("[helped]\nzh = \"付\"\nen = \"p\"\ncite = \"EX-1\"\n{payer}\n"));
    let found = Policy::compile(&files).err();
    found.map(|found| found.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

const HELD: &str = "kind = \"fund\"\nfield = \"maf_pay\"\nheld_by = \"assistance\"";

#[track_caller]
fn refused(mechanism: &str, rest: &str, expected: &str) {
    let whole = benefit(mechanism, rest);
    let file = ("resident/inpatient.toml", whole.as_str());
    let found = problems(&[file], HELD);
    assert!(found.iter().any(|line| line.contains("error[cannot_hold]") && line.contains(expected)), "{found:#?}");
    let free = problems(&[file], &HELD.replace("held_by = \"assistance\"", ""));
    assert!(free.is_empty(), "without another keeper the limit may be so: {free:#?}");
}

#[test]
fn a_limit_that_another_service_could_not_hold_is_refused() {
    let whole = benefit("", "");
    assert!(problems(&[("resident/inpatient.toml", &whole)], HELD).is_empty());
    refused("", "\"destitute & tertiary\" = { 2020-01-01 = \"50.00\" }\n", "depends on more than scheme and category");
    refused("", "\"destitute & age_60_on\" = { 2020-01-01 = \"50.00\" }\n", "depends on more than scheme and category");
    refused(
        "",
        "[third.ceiling_extra]\nlocal = { 2020-01-01 = \"5.00\" }\n",
        "depends on more than scheme and category",
    );
    refused("ceiling_period = \"quarter\"", "", "is not of a year");
    refused("ceiling_per = \"disease\"", "", "is one for each disease");
    refused("ceiling_counts = \"cost\"", "", "counts costs");
    let shared = "[third.shared_ceiling]\nall = { 2020-01-01 = \"5.00\" }\n";
    refused("shared_meter = \"both\"", shared, "is shared with other layers");
}

#[test]
fn a_limit_of_the_bill_and_no_limit_at_all_need_nobody_to_hold_them() {
    let of_the_bill =
        benefit("", "[third.bill_ceiling]\nall = { 2020-01-01 = \"5.00\" }\ntertiary = { 2020-01-01 = \"4.00\" }\n");
    assert!(problems(&[("resident/inpatient.toml", &of_the_bill)], HELD).is_empty());
    let none = benefit("ceiling_period = \"month\"", "").replace("100.00", "none").replace("200.00", "none");
    assert!(problems(&[("resident/inpatient.toml", &none)], HELD).is_empty());
}

#[test]
fn two_limits_of_one_payer_or_a_meter_with_strangers_are_refused() {
    let one = benefit("meter = \"m\"", "");
    let found = |outpatient: &str| {
        problems(&[("resident/inpatient.toml", &one), ("resident/outpatient.toml", outpatient)], HELD)
    };
    assert!(found(&one).is_empty(), "{:#?}", found(&one));
    let two = found(&benefit("meter = \"other\"", ""));
    assert!(two.iter().any(|line| line.contains("differs from another of the same payer")), "{two:#?}");
    let higher = found(&benefit("meter = \"m\"", "").replace("200.00", "300.00"));
    assert!(higher.iter().any(|line| line.contains("differs from another of the same payer")), "{higher:#?}");
    let stranger = "cite = \"EX-1\"\n[stack]\nall = { 2020-01-01 = [\"pooled\"] }\n\
         [pooled]\npayer = \"pooled_fund\"\nmeter = \"m\"\n[pooled.ratio]\nall = { 2020-01-01 = \"0.50\" }\n";
    let strangers = found(stranger);
    assert!(strangers.iter().any(|line| line.contains("counts another payer too")), "{strangers:#?}");
}

#[test]
fn a_keeper_is_known_and_keeps_funds_alone_and_nothing_kept_is_borne_apart() {
    let unknown = problems(&[], "kind = \"fund\"\nfield = \"maf_pay\"\nheld_by = \"somebody\"");
    assert!(unknown[0].contains("held_by \"somebody\"; expected for a fund one of assistance"), "{unknown:#?}");
    let no_fund = problems(&[], "kind = \"other\"\nheld_by = \"assistance\"");
    assert!(no_fund[0].contains("error[wrong_value]: found held_by \"assistance\""), "{no_fund:#?}");
    let scope = "[first_self_paid]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"0\" }\n\
         [borne_apart]\ncite = \"EX-1\"\nepidemic = { 2020-01-01 = \"helped\" }\n";
    let whole = benefit("", "");
    let apart = problems(&[("resident/inpatient.toml", &whole), ("common/scope.toml", scope)], HELD);
    assert!(apart.iter().any(|line| line.contains("a fund of payers.toml that no other service keeps")), "{apart:#?}");
}

#[test]
fn a_word_for_the_time_without_assistance_looks_at_no_category() {
    let rows = "[assistance_away]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"wait\" }\n";
    let wrong = problems(&[("common/one_stop.toml", rows)], HELD);
    assert!(wrong[0].contains("error[wrong_value]"), "{wrong:#?}");
    let rows = "[assistance_away]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"refuse\" }\ndestitute = { 2020-01-01 = \"refuse\" }\n";
    let wrong = problems(&[("common/one_stop.toml", rows)], HELD);
    assert!(wrong[0].contains("error[wrong_condition]"), "{wrong:#?}");
    let rows = "[assistance_away]\ncite = \"EX-1\"\nlocal = { 2020-01-01 = \"refuse\" }\n";
    let gap = problems(&[("common/one_stop.toml", rows)], HELD);
    assert!(gap[0].contains("error[gap]"), "{gap:#?}");
}

#[test]
fn an_approved_category_counts_from_the_decisions_day_and_of_the_illness_poor_from_the_years_first() {
    let division = "370800".parse().unwrap();
    let from = |policy: &Policy, category, day: &str| {
        policy.approved_from(division, category, day.parse().unwrap()).to_string()
    };
    assert_eq!(from(&SHIPPED, Category::IllnessPoor, "2022-10-10"), "2022-01-01", "SD-8, over the year's bills");
    assert_eq!(from(&SHIPPED, Category::IllnessPoor, "2022-01-01"), "2022-01-01");
    assert_eq!(from(&SHIPPED, Category::LowIncomeEdge, "2022-10-10"), "2022-10-10");
    let payer = SHIPPED.pays_temporary(division, "2022-10-10".parse().unwrap());
    assert_eq!(payer.map(|payer| payer.to_string()).as_deref(), Some("assistance"), "GX-9");
    let silent = compile(&inline_files(&[]));
    let there = "990100".parse().unwrap();
    let day = "2022-10-10".parse().unwrap();
    assert_eq!(silent.approved_from(there, Category::IllnessPoor, day), day, "nothing is said");
    assert_eq!(silent.pays_temporary(there, day), None);
}

#[test]
fn what_is_paid_on_application_looks_at_categories_alone_and_is_paid_by_a_kept_fund() {
    let of = |rows: &str| problems(&[("common/application.toml", rows)], HELD);
    let gap = of("[looks_back]\ncite = \"EX-1\"\nillness_poor = { 2020-01-01 = \"year\" }\n");
    assert!(gap[0].contains("error[gap]"), "{gap:#?}");
    let place =
        of("[looks_back]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"year\" }\nlocal = { 2020-01-01 = \"year\" }\n");
    assert!(place[0].contains("error[wrong_condition]"), "{place:#?}");
    let word = of("[looks_back]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"month\" }\n");
    assert!(word[0].contains("error[wrong_value]"), "{word:#?}");
    assert!(of("[temporary]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"helped\" }\n").is_empty());
    let other = of("[temporary]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"pooled_fund\" }\n");
    assert!(other.iter().any(|line| line.contains("error[unknown_name]")), "{other:#?}");
}

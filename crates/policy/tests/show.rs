//! What is in force is shown with where it is from; what changed is shown with the clauses of both sides.

use chrono::NaiveDate;
use policy::show::{Change, ShowError, changes_text, diff, show};
use policy::{Lang, Mark, PackDivision};
use terms::Division;

use crate::support::{SHIPPED, compile};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The city whose own pack cites a clause for residents' inpatient care.
fn city() -> &'static PackDivision {
    let cites = |division: &&PackDivision| {
        let shown = show(&SHIPPED, division.code, day("2022-09-05"), Some("resident.inpatient"));
        shown.is_ok_and(|shown| {
            shown.rows().any(|(_, row)| !row.inherited && row.citation.cite.contains(&"TB-5".into()))
        })
    };
    SHIPPED.divisions().find(cites).unwrap()
}

/// A district of it.
fn district() -> &'static PackDivision {
    SHIPPED.divisions().find(|division| division.parent == Some(city().code)).unwrap()
}

#[test]
fn a_district_shows_the_values_of_its_city_and_nation_as_inherited() {
    let (district, city) = (district().code, city());
    let shown = show(&SHIPPED, district, day("2022-09-05"), Some("resident.inpatient")).unwrap();
    let (_, row) =
        shown.rows().find(|(place, row)| place.ends_with("pooled.ratio") && row.citation.row == "tertiary").unwrap();
    assert_eq!((row.citation.value.as_str(), row.citation.division, row.inherited), ("0.60", city.code, true));
    assert_eq!((row.citation.cite.as_slice(), row.citation.from), (["TB-5".to_owned()].as_slice(), day("2022-01-01")));
    let own = show(&SHIPPED, city.code, day("2022-09-05"), Some("inpatient")).unwrap();
    let (_, row) = own
        .rows()
        .find(|(place, row)| place == "resident.inpatient.pooled.ratio" && row.citation.row == "tertiary")
        .unwrap();
    assert!(!row.inherited);
    let text = shown.text(Lang::En);
    assert!(text.contains("tertiary hospital: 0.60  (TB-5; since 2022-01-01"), "{text}");
    assert!(text.contains(&format!("<- inherited from {} {}", city.en, city.code)), "{text}");
    assert!(shown.text(Lang::Zh).contains(&format!("←承自{} {}", city.zh, city.code)));
    assert!(shown.clauses.iter().any(|clause| clause.id == "TB-6"));
}

#[test]
fn a_benefit_is_shown_as_its_stack_in_order_with_payers_marks_and_amounts() {
    let shown = show(&SHIPPED, city().code, day("2023-06-01"), Some("resident.inpatient")).unwrap();
    assert_eq!(shown.benefits.len(), 1);
    let layers: Vec<&str> = shown.benefits[0].layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(layers[..4], ["pooled", "serious_illness", "watch_burden", "assistance"]);
    assert_eq!(shown.benefits[0].layers[0].payer.as_ref().unwrap().name.as_str(), "pooled_fund");
    let rows: Vec<_> = shown.rows().collect();
    let (_, poor) = rows
        .iter()
        .find(|(place, row)| place.ends_with("assistance.deductible") && row.citation.row == "illness_poor")
        .unwrap();
    assert_eq!(poor.comes_to.as_deref(), Some("9390.00"), "a quarter of 37,560.00");
    let (_, line) = rows.iter().find(|(place, _)| place.ends_with("serious_illness.deductible")).unwrap();
    assert_eq!(line.citation.mark, Mark::Assumed);
    assert!(shown.others.is_empty());
}

#[test]
fn without_a_benefit_everything_is_shown_also_beside_the_benefits() {
    let shown = show(&SHIPPED, district().code, day("2022-09-05"), None).unwrap();
    let others: Vec<&str> = shown.others.iter().map(|other| other.group.name.as_str()).collect();
    for name in ["contribution", "waiting", "watch", "index", "year"] {
        assert!(others.contains(&name), "{name} in {others:?}");
    }
    assert!(shown.benefits.len() > 2);
    assert!(serde_json::to_string(&shown).unwrap().contains("\"inherited\":true"));
}

#[test]
fn the_change_of_a_new_year_names_old_and_new_value_with_their_clauses() {
    let changes = diff(&SHIPPED, city().code, day("2021-12-31"), day("2022-01-01")).unwrap();
    let find = |address: &str, row: &str| -> &Change {
        changes.iter().find(|change| change.address == address && change.row == row).unwrap()
    };
    for (address, row, old, new, clause) in [
        ("resident.inpatient.pooled.ratio", "primary", "0.80", "0.85", "TB-5"),
        ("resident.inpatient.pooled.ratio", "tertiary", "0.55", "0.60", "TB-5"),
        ("resident.inpatient.pooled.deductible", "secondary", "500.00", "400.00", "TB-6"),
    ] {
        let change = find(address, row);
        let (before, after) = (change.before.as_ref().unwrap(), change.after.as_ref().unwrap());
        assert_eq!((before.citation.value.as_str(), after.citation.value.as_str()), (old, new));
        assert_eq!((&before.citation.cite[0], &after.citation.cite[0]), (&clause.to_owned(), &clause.to_owned()));
    }
    let ceilings = changes.iter().filter(|change| change.address == "resident.serious_illness.ceiling").count();
    assert_eq!(ceilings, 2, "a benefit that begins does not repeat the rows of its shared layers");
    let text = changes_text(&SHIPPED, &changes, Lang::En);
    assert!(
        text.contains("old 0.55  (TB-5; since 2015-01-01") && text.contains("new 0.60  (TB-5; since 2022-01-01"),
        "{text}"
    );
    assert!(text.contains("TB-6  "), "what the clause says stands at the end");
    let same = diff(&SHIPPED, city().code, day("2022-02-01"), day("2022-02-01")).unwrap();
    assert_eq!(changes_text(&SHIPPED, &same, Lang::En), "Nothing changed.\n");
}

#[test]
fn a_share_of_an_index_changes_with_the_index() {
    let changes = diff(&SHIPPED, city().code, day("2022-12-31"), day("2023-01-01")).unwrap();
    let change = changes.iter().find(|change| change.address == "common.assistance.deductible").unwrap();
    let amount = |row: &Option<policy::show::ShownRow>| row.as_ref().unwrap().comes_to.clone().unwrap();
    assert_eq!((amount(&change.before), amount(&change.after)), ("8926.25".to_owned(), "9390.00".to_owned()));
    assert!(change.places.len() > 1, "one shared layer, several benefits: {:?}", change.places);
}

#[test]
fn an_unknown_division_benefit_or_day_is_a_clear_error() {
    let unknown: Division = "990000".parse().unwrap();
    assert_eq!(show(&SHIPPED, unknown, day("2022-01-01"), None), Err(ShowError::UnknownDivision(unknown)));
    let here = city().code;
    let early = show(&SHIPPED, here, day("1990-01-01"), None).unwrap_err();
    assert!(early.to_string().contains("begin on 20"), "{early}");
    assert!(diff(&SHIPPED, here, day("1990-01-01"), day("2022-01-01")).is_err());
    assert!(matches!(show(&SHIPPED, here, day("2022-01-01"), Some("dental")), Err(ShowError::UnknownBenefit { .. })));
    let none = show(&SHIPPED, here, day("2022-01-01"), Some("employee.two_disease")).unwrap_err();
    assert!(matches!(none, ShowError::NoBenefit { .. }));
    let files = crate::check::base();
    let policy = compile(&files);
    let own = show(&policy, unknown, day("2015-01-01"), Some("inpatient")).unwrap();
    assert!(own.rows().all(|(_, row)| !row.inherited));
}

use pb::policy::v1 as pb_policy;
use pb::policy::v1::{CatalogueTerms, FeeLine, FeeLines};
use pb::r#type::v1 as pb_type;
use policy::{Costs, Line};
use rpc::{Violation, Violations};
use wire::read::ReadBill;

use settlement::catalogue::Words;

use super::{at, catalogue, day};

fn line(item: &str, service_date: &str) -> FeeLine {
    FeeLine {
        item: item.to_owned(),
        kind: pb_type::LineKind::Drug.into(),
        amount_fen: 1000,
        epidemic: pb_type::Epidemic::Ordinary.into(),
        service_date: service_date.to_owned(),
        ..FeeLine::default()
    }
}

fn with_terms(line: FeeLine, class: Option<pb_type::LineClass>, limit: Option<i64>, share: Option<&str>) -> FeeLine {
    let terms = CatalogueTerms {
        class: class.map(Into::into),
        price_limit_fen: limit,
        first_self_paid_rate: share.map(str::to_owned),
    };
    FeeLine { terms: Some(terms), ..line }
}

fn bill(costs: pb_policy::bill::Costs) -> ReadBill {
    let bill = pb_policy::Bill {
        bill_id: "b".to_owned(),
        care: pb_type::Care::Inpatient.into(),
        institution: pb_type::Institution::Tertiary.into(),
        place: pb_type::Place::Local.into(),
        filing: pb_type::Filing::AtHome.into(),
        referral: pb_type::Referral::FollowedReferral.into(),
        from_date: "2021-05-01".to_owned(),
        to_date: "2024-01-01".to_owned(),
        settled_date: "2024-01-01".to_owned(),
        total_fen: 1000,
        costs: Some(costs),
        ..pb_policy::Bill::default()
    };
    let mut violations = Violations::new();
    let read = wire::read::bill(&mut violations, &bill, None);
    violations.finish(read).expect("the bill is right")
}

fn applied(lines: Vec<FeeLine>) -> Result<Vec<Line>, Vec<Violation>> {
    let mut read = bill(pb_policy::bill::Costs::Lines(FeeLines { lines }));
    catalogue().apply(
        (at("990000"), Words::Trusted),
        &mut read.bill,
        (&read.lookups, &read.days),
        "submission.bill",
    )?;
    let Costs::Lines(lines) = read.bill.costs else {
        panic!("the bill has lines");
    };
    Ok(lines)
}

#[test]
fn open_lines_are_filled_in_from_the_catalogue_of_their_day() {
    let lines = vec![
        line("X000000001", "2021-05-31"),
        line("X000000001", "2022-03-01"),
        line("X000000001", ""), // the bill's last day
        line("X000000002", "2023-12-31"),
        line("X000000002", ""), // has left the list
        line("阿莫西林", "2022-03-01"),
    ];
    let filled: Vec<String> = applied(lines)
        .expect("nothing contradicts")
        .iter()
        .map(|line| {
            let class = line.class.map_or("-".to_owned(), |class| class.to_string());
            let limit = line.price_limit.map_or("-".to_owned(), |limit| limit.get().to_string());
            format!("{class} {limit} {}", line.first_self_paid.map_or("-".to_owned(), |share| share.to_string()))
        })
        .collect();
    let expected = ["class_b 1450 0.1", "class_b 400 0.1", "class_a 384 -", "class_b 2000 -", "- - -", "- - -"];
    assert_eq!(filled, expected);
}

#[test]
fn terms_that_agree_or_whose_item_is_unknown_on_the_day_stand() {
    use pb_type::LineClass::{ClassA, ClassB};
    let lines = vec![
        with_terms(line("X000000001", "2022-03-01"), Some(ClassB), Some(400), Some("0.10")),
        with_terms(line("X000000002", ""), Some(ClassA), Some(7), Some("0.5")),
        with_terms(line("a name", "2022-03-01"), None, None, None),
    ];
    let lines = applied(lines).expect("nothing contradicts");
    assert_eq!(lines[1].price_limit.map(money::Fen::get), Some(7));
}

#[test]
fn every_difference_of_every_line_is_listed_at_once() {
    use pb_type::LineClass::ClassA;
    let wrong_kind = FeeLine { kind: pb_type::LineKind::Bed.into(), ..line("X000000001", "") };
    let lines = vec![
        with_terms(line("X000000001", "2022-03-01"), Some(ClassA), Some(384), None),
        wrong_kind,
        with_terms(line("X000000001", "2022-03-01"), None, Some(400), Some("0.1")),
        with_terms(line("X000000001", ""), Some(ClassA), None, Some("0.1")),
        line("X000000001", "2021-05-31"),
    ];
    let found: Vec<String> = applied(lines)
        .expect_err("the lines contradict")
        .into_iter()
        .map(|Violation { field, found, expected }| format!("{field}: {found}, not {expected}"))
        .collect();
    let at = |place: usize, rest: &str, on: &str| {
        format!("submission.bill.lines.lines[{place}].{rest}, as the catalogue of {on} says")
    };
    let (march, last) = ("2022-03-01", "2024-01-01");
    let expected = [
        at(0, "terms.class: LINE_CLASS_CLASS_A, not LINE_CLASS_CLASS_B", march),
        at(0, "terms.price_limit_fen: 384, not 400", march),
        at(0, "terms.first_self_paid_rate: nothing, not 0.1", march),
        at(1, "kind: LINE_KIND_BED, not LINE_KIND_DRUG", last),
        at(2, "terms.class: nothing, not LINE_CLASS_CLASS_B", march),
        at(3, "terms.price_limit_fen: nothing, not 384", last),
        at(3, "terms.first_self_paid_rate: 0.1, not nothing", last),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_item_is_known_however_its_code_is_spelled() {
    let spellings =
        ["x000000001", " X000000001", "X0000 00001", "X-000000001", "Ｘ００００００００１", "X000000001\u{200b}"];
    for spelling in spellings {
        let filled = applied(vec![line(spelling, "2022-03-01")]).expect("nothing contradicts");
        assert_eq!((filled[0].item.as_str(), filled[0].class), ("X000000001", Some(terms::LineClass::B)), "{spelling}");
        // and terms are compared with those of the item
        let wrong = with_terms(line(spelling, "2022-03-01"), Some(pb_type::LineClass::ClassA), None, None);
        assert!(applied(vec![wrong]).is_err(), "{spelling}");
    }
    let other = applied(vec![line("X000000011", "2022-03-01")]).expect("nothing contradicts");
    assert_eq!(
        (other[0].item.as_str(), other[0].class),
        ("X000000011", None),
        "a letter or digit more is another item"
    );
}

#[test]
fn a_bill_in_parts_has_nothing_to_read() {
    let parts = pb_policy::Parts { within_scope_fen: 1000, ..pb_policy::Parts::default() };
    let mut read = bill(pb_policy::bill::Costs::Parts(parts));
    let before = read.bill.clone();
    assert_eq!(
        catalogue().apply((at("990000"), Words::Trusted), &mut read.bill, (&read.lookups, &read.days), "bill"),
        Ok(Vec::new())
    );
    assert_eq!(read.bill, before);
    assert_eq!(read.bill.to, day("2024-01-01"));
}

#[test]
fn terms_of_an_item_the_catalogue_does_not_have_are_believed_of_a_trusted_caller_only() {
    let unknown = || with_terms(line("NOSUCH", "2022-03-01"), Some(pb_type::LineClass::ClassA), None, None);
    assert!(applied(vec![unknown()]).is_ok());
    let mut read = bill(pb_policy::bill::Costs::Lines(FeeLines {
        lines: vec![unknown(), line("NOSUCH", "2022-03-01"), with_terms(line("NOSUCH", ""), None, None, None)],
    }));
    let checked = (at("990000"), Words::Checked);
    let told =
        catalogue().apply(checked, &mut read.bill, (&read.lookups, &read.days), "bill").expect_err("not believed");
    let fields: Vec<&str> = told.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["bill.lines.lines[0].terms"]);
}

#[test]
fn lines_whose_item_is_looked_up_and_not_found_are_given_back_with_why() {
    use settlement::domain::UnlistedWhy::{NotOnDay, UnknownItem};
    let lines = vec![
        line("X000000001", "2022-03-01"),
        line("X000000002", ""), // has left the list
        line("NOSUCH", "2022-03-01"),
        with_terms(line("NOSUCH", ""), None, None, None), // said to be outside
    ];
    let mut read = bill(pb_policy::bill::Costs::Lines(FeeLines { lines }));
    let checked = (at("990000"), Words::Checked);
    let told =
        catalogue().apply(checked, &mut read.bill, (&read.lookups, &read.days), "bill").expect("nothing is wrong");
    let told: Vec<_> = told.iter().map(|one| (one.line, one.on, one.why)).collect();
    assert_eq!(told, [(1, day("2024-01-01"), NotOnDay), (2, day("2022-03-01"), UnknownItem)]);
}

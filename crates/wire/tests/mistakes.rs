//! Facts with mistakes: every one is named at once, each by its path.

use chrono::NaiveDate;
use money::Fen;
use pb::policy::v1 as policy_pb;
use policy::Reason;
use wire::read;

use crate::support::{SHIPPED, facts_with_lines, lines, reading};

fn paths(facts: &policy_pb::Facts) -> Vec<String> {
    reading(|v| read::facts(v, facts)).expect_err("the facts hold a mistake")
}

/// The paths after one line was changed.
fn line_paths(change: impl FnOnce(&mut policy_pb::FeeLine)) -> Vec<String> {
    let mut facts = facts_with_lines();
    change(&mut lines(&mut facts)[0]);
    paths(&facts)
}

#[test]
fn an_empty_message_names_all_that_is_missing() {
    assert_eq!(paths(&policy_pb::Facts::default()), ["person", "bill"]);
    let facts = policy_pb::Facts {
        person: Some(policy_pb::PersonFacts::default()),
        bill: Some(policy_pb::Bill::default()),
        accumulated: None,
        held: Vec::new(),
    };
    let expected = [
        "person.division",
        "person.group",
        "bill.bill_id",
        "bill.care",
        "bill.institution",
        "bill.place",
        "bill.filing",
        "bill.referral",
        "bill.from_date",
        "bill.to_date",
        "bill.settled_date",
        "bill.costs",
    ];
    assert_eq!(paths(&facts), expected);
}

#[test]
fn held_shares_are_in_order_each_once_with_a_reason() {
    let share = |payer: &str, why: i32| policy_pb::HeldShare { payer: payer.to_owned(), most_fen: 1, why };
    let with = |held: &[policy_pb::HeldShare]| paths(&policy_pb::Facts { held: held.to_vec(), ..facts_with_lines() });
    assert_eq!(with(&[share("assistance", 1), share("assistance", 2)]), ["held[1].payer"]);
    assert_eq!(with(&[share("tilt", 1), share("assistance", 1)]), ["held[1].payer"]);
    assert_eq!(with(&[share("", 0), share("tilt", 9)]), ["held[0].payer", "held[0].why", "held[1].why"]);
    assert_eq!(with(&vec![share("tilt", 1); 1_001]), ["held"]);
    // Who is held the policy knows, and an amount out of range is its refusal, as those of meters are.
    let odd = policy_pb::HeldShare { most_fen: -1, ..share("hospital", 1) };
    let read = reading(|v| read::facts(v, &policy_pb::Facts { held: vec![odd], ..facts_with_lines() })).unwrap();
    assert_eq!(SHIPPED.adjudicate(&read).refusal().unwrap().causes[0].reason, Reason::NegativeAmount);
}

#[test]
fn many_mistakes_are_named_at_once() {
    let mut facts = facts_with_lines();
    let person = facts.person.as_mut().unwrap();
    person.schemes = vec![1, 9];
    person.age = Some(256);
    person.categories = vec![0];
    person.plans = vec!["x".repeat(48)];
    person.diseases = vec!["a".to_owned(), String::new()];
    let bill = facts.bill.as_mut().unwrap();
    bill.care = 99;
    bill.disease = "\u{7}".to_owned();
    let line = &mut lines(&mut facts)[0];
    line.kind = 0;
    line.quantity = "0.1.2".to_owned();
    line.epidemic = -1;
    line.service_date = "2199-12-31".to_owned();
    line.terms = Some(policy_pb::CatalogueTerms {
        class: Some(0),
        price_limit_fen: None,
        first_self_paid_rate: Some("a tenth".to_owned()),
    });
    let meter = |name: &str| policy_pb::Meter { name: name.to_owned(), ..policy_pb::Meter::default() };
    facts.accumulated = Some(policy_pb::Accumulators {
        admissions: 65_536,
        meters: vec![meter("a"), meter(""), meter("a")],
        ..policy_pb::Accumulators::default()
    });
    let expected = [
        "person.schemes[1]",
        "person.age",
        "person.categories[0]",
        "person.plans[0]",
        "person.diseases[1]",
        "bill.care",
        "bill.disease",
        "bill.lines.lines[0].kind",
        "bill.lines.lines[0].quantity",
        "bill.lines.lines[0].epidemic",
        "bill.lines.lines[0].service_date",
        "bill.lines.lines[0].terms.class",
        "bill.lines.lines[0].terms.first_self_paid_rate",
        "accumulated.admissions",
        "accumulated.meters[1].name",
        "accumulated.meters[2]",
    ];
    assert_eq!(paths(&facts), expected);
}

#[test]
fn an_amount_over_the_limit_is_read_and_refused_by_the_policy() {
    for (amount, reason) in [
        (Fen::LIMIT.get() + 1, Reason::AmountTooLarge),
        (i64::MAX, Reason::AmountTooLarge),
        (-1, Reason::NegativeAmount),
        (i64::MIN, Reason::NegativeAmount),
    ] {
        let mut facts = facts_with_lines();
        let line = &mut lines(&mut facts)[0];
        line.amount_fen = amount;
        facts.bill.as_mut().unwrap().total_fen = amount;
        let facts = reading(|v| read::facts(v, &facts)).expect("the policy judges amounts");
        let decision = SHIPPED.adjudicate(&facts);
        let causes = &decision.refusal().expect("refused").causes;
        assert!(causes.iter().any(|cause| cause.reason == reason), "{amount}: {causes:?}");
    }
}

#[test]
fn lists_end_somewhere() {
    let mut facts = facts_with_lines();
    let line = lines(&mut facts)[0].clone();
    *lines(&mut facts) = vec![line.clone(); read::LINES_READ_AT_MOST];
    let many = reading(|v| read::facts(v, &facts)).expect("20,000 lines are read");
    let causes = &SHIPPED.adjudicate(&many).refusal().expect("but refused").causes.clone();
    assert!(causes.iter().any(|cause| cause.reason == Reason::TooManyLines), "{causes:?}");
    lines(&mut facts).push(line);
    assert_eq!(paths(&facts), ["bill.lines.lines"]);
    lines(&mut facts).clear();
    assert_eq!(paths(&facts), ["bill.lines.lines"]);

    let mut facts = facts_with_lines();
    facts.person.as_mut().unwrap().categories = vec![0; 1_000_000];
    facts.accumulated = Some(policy_pb::Accumulators {
        meters: vec![policy_pb::Meter::default(); read::LIST_AT_MOST + 1],
        ..policy_pb::Accumulators::default()
    });
    assert_eq!(paths(&facts), ["person.categories", "accumulated.meters"]);
}

#[test]
fn a_unit_price_that_is_no_whole_fen_must_be_given() {
    let set = |amount: i64, quantity: &str, price: Option<i64>| {
        let mut facts = facts_with_lines();
        let line = &mut lines(&mut facts)[0];
        (line.amount_fen, line.quantity, line.unit_price_fen) = (amount, quantity.to_owned(), price);
        reading(|v| read::facts(v, &facts)).map(|facts| match facts.bill.costs {
            policy::Costs::Lines(lines) => lines[0].unit_price.get(),
            policy::Costs::Parts(_) => panic!("lines became parts"),
        })
    };
    let missing = Err(vec!["bill.lines.lines[0].unit_price_fen".to_owned()]);
    assert_eq!(set(1_000, "", None), Ok(1_000));
    assert_eq!(set(1_000, "4", None), Ok(250));
    assert_eq!(set(1_000, "2.5", None), Ok(400));
    assert_eq!(set(1_000, "0.1", None), Ok(10_000));
    assert_eq!(set(1_000, "3", None), missing);
    assert_eq!(set(1_000, "3", Some(333)), Ok(333));
    assert_eq!(set(i64::MAX, "0.000001", None), missing, "the price of a unit does not fit");
    assert_eq!(set(1_000, "0", None), Ok(1_000), "the policy refuses the quantity");
    assert_eq!(set(1_000, "0.1.2", Some(1)), Err(vec!["bill.lines.lines[0].quantity".to_owned()]));
}

#[test]
fn a_day_of_service_lies_within_the_bills_days() {
    let mut facts = facts_with_lines();
    let bill = facts.bill.as_mut().unwrap();
    (bill.from_date, bill.to_date) = ("2024-03-01".to_owned(), "2024-03-05".to_owned());
    bill.settled_date = "2024-03-05".to_owned();
    for (day, within) in [("2024-02-29", false), ("2024-03-01", true), ("2024-03-05", true), ("2024-03-06", false)] {
        lines(&mut facts)[0].service_date = day.to_owned();
        let read = reading(|v| read::facts(v, &facts)).map(|_| ());
        assert_eq!(
            read,
            if within { Ok(()) } else { Err(vec!["bill.lines.lines[0].service_date".to_owned()]) },
            "{day}"
        );
    }
    // Days in the wrong order are one refusal of the policy, not a violation of each line.
    facts.bill.as_mut().unwrap().to_date = "2024-02-01".to_owned();
    let facts = reading(|v| read::facts(v, &facts)).expect("read");
    assert!(
        SHIPPED.adjudicate(&facts).refusal().is_some_and(|no| no.causes.iter().any(|c| c.reason == Reason::BadDates))
    );
}

#[test]
fn a_line_without_terms_needs_its_item_and_is_left_to_be_looked_up() {
    assert_eq!(line_paths(|line| (line.terms, line.item) = (None, String::new())), ["bill.lines.lines[0].item"]);
    let mut facts = facts_with_lines();
    let bill = facts.bill.as_mut().unwrap();
    (bill.from_date, bill.to_date, bill.settled_date) =
        ("2024-03-01".to_owned(), "2024-03-05".to_owned(), String::new());
    let line = lines(&mut facts)[0].clone();
    let bare = |item: &str, day: &str| policy_pb::FeeLine {
        item: item.to_owned(),
        service_date: day.to_owned(),
        terms: None,
        ..line.clone()
    };
    *lines(&mut facts) = vec![bare("A1", "2024-03-02"), line.clone(), bare("B2", "")];
    let bill = facts.bill.as_mut().unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert_eq!(reading(|v| read::bill(v, bill, None)), Err(vec!["settled_date".to_owned()]));
    let bill_read = reading(|v| read::bill(v, bill, Some(day("2024-03-09")))).expect("the service's day is taken");
    assert_eq!(bill_read.bill.settled, day("2024-03-09"));
    let lookup = |line, item: &str, on: &str| read::Lookup { line, item: item.to_owned(), on: day(on) };
    assert_eq!(bill_read.lookups, [lookup(0, "A1", "2024-03-02"), lookup(2, "B2", "2024-03-05")]);
    assert_eq!(bill_read.days, ["2024-03-02", "2024-03-05", "2024-03-05"].map(day));
    let policy::Costs::Lines(lines) = &bill_read.bill.costs else { panic!("lines became parts") };
    assert_eq!((lines[0].class, lines[0].price_limit, lines[0].first_self_paid), (None, None, None));
}

#[test]
fn accounts_are_used_unless_the_bill_says_no() {
    let mut facts = facts_with_lines();
    for (sent, used) in [(None, true), (Some(true), true), (Some(false), false)] {
        facts.bill.as_mut().unwrap().use_account = sent;
        assert_eq!(reading(|v| read::facts(v, &facts)).map(|facts| facts.person.use_account), Ok(used));
    }
}

#[test]
fn questions_name_all_their_mistakes() {
    let contribution = policy_pb::ContributionFacts { people: 0, cover_year: 1_899, ..Default::default() };
    let expected = ["division", "scheme", "cover_year", "group", "county", "college", "people"];
    assert_eq!(reading(|v| read::contribution_facts(v, &contribution)).expect_err("wrong"), expected);
    let coverage = policy_pb::CoverageFacts { born_date: "-".to_owned(), cover_year: 2_200, ..Default::default() };
    let expected = ["division", "scheme", "group", "how", "cover_year", "paid_date", "born_date"];
    assert_eq!(reading(|v| read::coverage_facts(v, &coverage)).expect_err("wrong"), expected);
    let watch = reading(|v| read::watch_facts(v, &Default::default())).expect_err("wrong");
    assert_eq!(watch, ["division", "scheme", "on_date"]);
    let indicator = reading(|v| read::indicator_facts(v, &Default::default())).expect_err("wrong");
    assert_eq!(indicator, ["division", "name", "on_date"]);
}

use money::Fen;
use terms::{College, CountyKind, EnrolHow, PersonGroup};

use super::Question;
use super::fields::Fields;
use crate::pack::{Document, Node};
use crate::question::{ContributionFacts, CoverageFacts, IndicatorFacts, WatchFacts};

pub(super) const QUESTIONS: &[&str] = &["contribution", "coverage", "watch", "indicator"];

/// Reads the table of a question that is not a bill.
pub(super) fn read_question(document: &mut Document<'_>, name: &str, node: &Node<'_>) -> Option<Question> {
    match name {
        "contribution" => contribution(document, node),
        "coverage" => coverage(document, node),
        "watch" => watch(document, node),
        _ => indicator(document, node),
    }
}

fn contribution(document: &mut Document<'_>, node: &Node<'_>) -> Option<Question> {
    let table = document.table(node, "a question")?;
    let allowed =
        ["division", "scheme", "cover_year", "group", "categories", "county", "college", "people", "premium_base"];
    let fields = Fields::new(document, table, node.span(), &allowed);
    let (division, scheme, group) =
        (fields.need_division(document), fields.need_word(document, "scheme"), fields.need_word(document, "group"));
    let cover_year = fields.whole(document, "cover_year");
    if !fields.has("cover_year") {
        document.problem(&node.span(), "missing", "no cover_year".to_owned(), "cover_year = 2022");
    }
    let of_base = matches!(group, Some(PersonGroup::Active | PersonGroup::Flexible));
    if of_base && !fields.has("premium_base") {
        let found = "an employee's contribution without premium_base".to_owned();
        document.problem(&node.span(), "missing", found, "premium_base = \"<yuan a year>\"");
    }
    let people = fields.whole(document, "people").unwrap_or(1);
    if people == 0 {
        document.problem(&node.span(), "wrong_value", "a contribution of nobody".to_owned(), "people = 1 or more");
    }
    Some(Question::Contribution(ContributionFacts {
        division: division?,
        scheme: scheme?,
        cover_year: cover_year?,
        group: group?,
        categories: fields.words(document, "categories"),
        county: fields.word(document, "county").unwrap_or(CountyKind::Other),
        college: fields.word(document, "college").unwrap_or(College::No),
        people,
        premium_base: fields.fen(document, "premium_base").unwrap_or(Fen::ZERO),
    }))
}

fn coverage(document: &mut Document<'_>, node: &Node<'_>) -> Option<Question> {
    let table = document.table(node, "a question")?;
    let allowed = [
        "division",
        "scheme",
        "group",
        "categories",
        "how",
        "cover_year",
        "paid",
        "enrolled",
        "born",
        "employee_ended",
        "broken_years",
        "repaid_years",
    ];
    let fields = Fields::new(document, table, node.span(), &allowed);
    let (division, scheme, group) =
        (fields.need_division(document), fields.need_word(document, "scheme"), fields.need_word(document, "group"));
    let (how, paid) = (fields.need_word(document, "how"), fields.need_date(document, "paid"));
    let cover_year = fields.whole(document, "cover_year");
    let (born, employee_ended) = (fields.date(document, "born"), fields.date(document, "employee_ended"));
    if how == Some(EnrolHow::NewBirth) && born.is_none() {
        document.problem(&node.span(), "missing", "a newborn without day of birth".to_owned(), "born = <date>");
    }
    if matches!(how, Some(EnrolHow::AfterEmployee | EnrolHow::AfterResident)) && employee_ended.is_none() {
        let found = "a switch without the day the other insurance stopped".to_owned();
        document.problem(&node.span(), "missing", found, "employee_ended = <date>");
    }
    Some(Question::Coverage(CoverageFacts {
        division: division?,
        scheme: scheme?,
        group: group?,
        categories: fields.words(document, "categories"),
        how: how?,
        cover_year: cover_year?,
        paid: paid?,
        enrolled: fields.date(document, "enrolled").or(paid)?,
        joined: None,
        born,
        employee_ended,
        broken_years: fields.whole(document, "broken_years").unwrap_or(0),
        repaid_years: fields.whole(document, "repaid_years").unwrap_or(0),
    }))
}

fn watch(document: &mut Document<'_>, node: &Node<'_>) -> Option<Question> {
    let table = document.table(node, "a question")?;
    let fields = Fields::new(document, table, node.span(), &["division", "scheme", "categories", "on", "burden"]);
    let (division, scheme) = (fields.need_division(document), fields.need_word(document, "scheme"));
    let (on, burden) = (fields.need_date(document, "on"), fields.need_fen(document, "burden"));
    Some(Question::Watch(WatchFacts {
        division: division?,
        scheme: scheme?,
        categories: fields.words(document, "categories"),
        on: on?,
        burden: burden?,
    }))
}

fn indicator(document: &mut Document<'_>, node: &Node<'_>) -> Option<Question> {
    let table = document.table(node, "a question")?;
    let fields = Fields::new(document, table, node.span(), &["division", "name", "on", "fund", "within_scope"]);
    let (division, on) = (fields.need_division(document), fields.need_date(document, "on"));
    let (fund, within_scope) = (fields.need_fen(document, "fund"), fields.need_fen(document, "within_scope"));
    Some(Question::Indicator(IndicatorFacts {
        division: division?,
        name: fields.text(document, "name").unwrap_or_else(|| "inpatient_fund_share".to_owned()),
        on: on?,
        fund: fund?,
        within_scope: within_scope?,
    }))
}

//! Answers of cases as text, JSON and pages.

use policy::case::{Answer, BillAnswer, Case, Question};
use policy::statement::{
    Answered, Lang, Paint, Statement, adjustment_json, adjustment_text, answer_json, answer_text, html,
};
use policy::{Bill, Decision, Person, Policy, printable};
use serde_json::{Value, json};
use terms::Name;

/// Statements of the bills, differences of later bills after a reversal, or the answer to a question.
pub(crate) fn text(policy: &Policy, case: &Case, answer: &Answer, lang: Lang, paint: Paint) -> String {
    if let Some(answered) = Answered::of(case, answer) {
        return answer_text(policy, &answered, lang, paint);
    }
    let (Answer::Bills { bills, adjustments, errors, standing }, Some(person)) = (answer, person(case)) else {
        return String::new();
    };
    let mut texts: Vec<String> =
        bills.iter().map(|bill| Statement::new(policy, person, &bill.bill, &bill.decision).text(lang, paint)).collect();
    texts.extend(reversed(case).iter().map(|id| reversal_text(id, lang)));
    texts.extend(adjustments.iter().map(|adjustment| adjustment_text(policy, adjustment, lang)));
    for (bill, decision) in standing_bills(bills, standing) {
        if adjustments.iter().any(|adjustment| adjustment.bill == bill.id) {
            texts.push(lang.of("调整后的结算：", "The decision that stands now:").to_owned());
            texts.push(Statement::new(policy, person, bill, decision).text(lang, paint));
        }
    }
    texts.extend(errors.iter().map(|(bill, error)| format!("{bill}: {error}")));
    texts.join("\n")
}

pub(crate) fn json(policy: &Policy, case: &Case, answer: &Answer) -> Value {
    if let Some(answered) = Answered::of(case, answer) {
        return answer_json(policy, &answered);
    }
    let (Answer::Bills { bills, adjustments, errors, .. }, Some(person)) = (answer, person(case)) else {
        return Value::Null;
    };
    let bills: Vec<Value> =
        bills.iter().map(|bill| Statement::new(policy, person, &bill.bill, &bill.decision).json()).collect();
    let adjustments: Vec<Value> = adjustments.iter().map(|adjustment| adjustment_json(policy, adjustment)).collect();
    let errors: Vec<Value> =
        errors.iter().map(|(bill, error)| json!({ "bill": bill, "error": error.to_string() })).collect();
    json!({ "bills": bills, "reversed": reversed(case), "adjustments": adjustments, "errors": errors })
}

/// A page of the case's bills as they stand in the end; `None` for another question.
pub(crate) fn page(policy: &Policy, case: &Case, answer: &Answer, lang: Lang) -> Option<String> {
    let (Answer::Bills { bills, standing, .. }, Some(person)) = (answer, person(case)) else { return None };
    let statements: Vec<Statement<'_>> = standing_bills(bills, standing)
        .map(|(bill, decision)| Statement::new(policy, person, bill, decision))
        .collect();
    let mut title = case.title.clone();
    for id in reversed(case) {
        title = format!("{title} · {}", reversal_text(id, lang));
    }
    Some(html(&title, &statements, lang))
}

/// The bills that were not reversed, each with the decision that stands.
fn standing_bills<'a>(
    bills: &'a [BillAnswer],
    standing: &'a [(Name, Decision)],
) -> impl Iterator<Item = (&'a Bill, &'a Decision)> {
    standing.iter().filter_map(|(id, decision)| {
        bills.iter().find(|answer| answer.bill.id == *id).map(|answer| (&answer.bill, decision))
    })
}

fn reversed(case: &Case) -> &[Name] {
    match &case.question {
        Question::Bills(bills) => &bills.reversed,
        _ => &[],
    }
}

fn reversal_text(id: &Name, lang: Lang) -> String {
    let id = printable(id.as_str());
    match lang {
        Lang::Zh => format!("账单 {id} 已冲正，视同未发生"),
        Lang::En => format!("bill {id} is reversed: it counts as never done"),
    }
}

const fn person(case: &Case) -> Option<&Person> {
    match &case.question {
        Question::Bills(bills) => Some(&bills.person),
        _ => None,
    }
}

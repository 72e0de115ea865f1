//! Answers of cases as text, JSON and pages.

use policy::case::{Answer, Case, Question};
use policy::statement::{
    Answered, Lang, Paint, Statement, adjustment_json, adjustment_text, answer_json, answer_text, html,
};
use policy::{Person, Policy};
use serde_json::{Value, json};

/// Statements of the bills, differences of later bills after a reversal, or the answer to a question.
pub(crate) fn text(policy: &Policy, case: &Case, answer: &Answer, lang: Lang, paint: Paint) -> String {
    if let Some(answered) = Answered::of(case, answer) {
        return answer_text(policy, &answered, lang, paint);
    }
    let (Answer::Bills { bills, adjustments, errors, .. }, Some(person)) = (answer, person(case)) else {
        return String::new();
    };
    let mut texts: Vec<String> =
        bills.iter().map(|bill| Statement::new(policy, person, &bill.bill, &bill.decision).text(lang, paint)).collect();
    texts.extend(adjustments.iter().map(|adjustment| adjustment_text(policy, adjustment, lang)));
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
    json!({ "bills": bills, "adjustments": adjustments, "errors": errors })
}

/// A page of the case's bills; `None` for another question.
pub(crate) fn page(policy: &Policy, case: &Case, answer: &Answer, lang: Lang) -> Option<String> {
    let (Answer::Bills { bills, .. }, Some(person)) = (answer, person(case)) else { return None };
    let statements: Vec<Statement<'_>> =
        bills.iter().map(|bill| Statement::new(policy, person, &bill.bill, &bill.decision)).collect();
    Some(html(&case.title, &statements, lang))
}

const fn person(case: &Case) -> Option<&Person> {
    match &case.question {
        Question::Bills(bills) => Some(&bills.person),
        _ => None,
    }
}

//! Reads what is asked of applications.

use ::pb::assistance::v1 as pb;
use chrono::{Datelike as _, NaiveDate};
use money::Fen;
use pb::application_terms::Wanted as WantedPb;
use pb::proposed_decision::Verdict;
use prost::Message as _;
use rpc::{Fault, Violations};
use wire::read as fields;

use crate::app::apply::{Applying, Confirmed};
use crate::app::pay_application::Paying;
use crate::app::propose::Proposing;
use crate::domain::{By, Decision, Payment, Wanted};
use crate::rpc::read;

/// Who does something, and what is said to it: a field of its own name, which may be required.
pub(super) fn by(v: &mut Violations, operator: &str, (field, said, is_required): (&str, &str, bool)) -> Option<By> {
    let operator = fields::text(v, "operator_id", operator, 100);
    let said =
        if is_required { fields::text(v, field, said, 1_000) } else { fields::optional_text(v, field, said, 1_000) };
    Some(By { operator: operator?, remark: said? })
}

/// What is applied for.
pub(super) fn applying(v: &mut Violations, r: &pb::ApplyRequest, today: NaiveDate) -> Option<Applying> {
    let person = fields::id(v, "person_id", &r.person_id);
    let terms = v.required("terms", r.terms.as_ref(), "what is applied for");
    let terms = terms.and_then(|terms| v.within("terms", |v| terms_of(v, terms, today)));
    let evidence = read::list(v, "evidence", &r.evidence, (0, read::EVIDENCE_AT_MOST), read::evidence);
    let by = by(v, &r.operator_id, ("remark", &r.remark, false));
    let (division, year, wanted) = terms?;
    Some(Applying { person: person?, division, year, wanted, evidence: evidence?, by: by? })
}

fn terms_of(
    v: &mut Violations,
    given: &pb::ApplicationTerms,
    today: NaiveDate,
) -> Option<(terms::Division, i32, Wanted)> {
    let division = fields::division(v, "division", &given.division);
    let year = fields::year(v, "year", given.year);
    if year.is_some_and(|year| year > today.year()) {
        v.add("year", given.year, format!("a year not after {}", today.year()));
    }
    let wanted = match &given.wanted {
        Some(WantedPb::Category(number)) => read::category(v, "category", *number).map(Wanted::Category),
        Some(WantedPb::Temporary(aid)) => {
            v.within("temporary", |v| above_zero(v, "amount_fen", aid.amount_fen)).map(Wanted::Temporary)
        }
        None => v.required("category", None, "a category, or temporary assistance"),
    };
    Some((division?, year?, wanted?))
}

fn above_zero(v: &mut Violations, field: &str, amount: i64) -> Option<Fen> {
    if amount == 0 {
        v.add(field, 0, "an amount above zero");
        return None;
    }
    fields::fen(v, field, amount)
}

/// What is proposed.
pub(super) fn proposing(v: &mut Violations, r: &pb::ProposeDecisionRequest) -> Option<Proposing> {
    let application = fields::id(v, "application_id", &r.application_id);
    let decision = v.required("decision", r.decision.as_ref(), "what is proposed");
    let decision = decision.and_then(|decision| v.within("decision", |v| decision_of(v, decision)));
    let by = by(v, &r.operator_id, ("remark", &r.remark, false));
    Some(Proposing { application: application?, decision: decision?, by: by? })
}

fn decision_of(v: &mut Violations, given: &pb::ProposedDecision) -> Option<Decision> {
    match &given.verdict {
        Some(Verdict::Approval(approval)) => v.within("approval", |v| match &approval.category {
            Some(terms) => {
                if approval.temporary_fen != 0 {
                    v.add("temporary_fen", approval.temporary_fen, "0 beside a category");
                }
                read::terms_of(v, "category", Some(terms)).map(Decision::Category)
            }
            None => above_zero(v, "temporary_fen", approval.temporary_fen).map(Decision::Temporary),
        }),
        Some(Verdict::Rejection(reason)) => fields::text(v, "rejection", reason, 1_000).map(Decision::Reject),
        None => v.required("approval", None, "an approval, or a rejection"),
    }
}

/// What was paid.
pub(super) fn paying(v: &mut Violations, r: &pb::PayApplicationRequest, today: NaiveDate) -> Option<Paying> {
    let application = fields::id(v, "application_id", &r.application_id);
    let amount = above_zero(v, "amount_fen", r.amount_fen);
    let day = fields::date(v, "paid_date", &r.paid_date);
    if day.is_some_and(|day| day > today) {
        v.add("paid_date", &r.paid_date, format!("a day not after {today}"));
    }
    let reference = fields::text(v, "payment_reference", &r.payment_reference, 100);
    let by = by(v, &r.operator_id, ("remark", "", false));
    let payment = (|| Some(Payment { reference: reference?, amount: amount?, day: day? }))();
    Some(Paying { application: application?, payment: payment?, by: by? })
}

/// What a department said of a person it confirmed: the category, and its proof.
///
/// # Errors
/// An answer that cannot be read, although it was when it was kept.
pub(crate) fn confirmed(said: &[u8]) -> Result<Confirmed, Fault> {
    let said = pb::CategoryTerms::decode(said).map_err(Fault::internal)?;
    let mut v = Violations::new();
    let terms = read::terms_of(&mut v, "confirmed", Some(&said));
    let terms = v.finish(terms).map_err(Fault::internal)?;
    Ok((terms.category, terms.evidence))
}

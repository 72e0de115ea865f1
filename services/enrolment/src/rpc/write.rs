//! Writes what the answers share.

use ::pb::policy::v1 as policy_pb;
use ::pb::r#type::v1 as type_pb;
use chrono::{DateTime, Utc};
use ledger::Entry;
use pb::enrolment::v1 as pb;
use terms::Scheme;
use wire::write;

use super::words::number;
use crate::app::decide::Refused;
use crate::app::report::Funding;
use crate::domain::{
    AccountCredit, Certificate, Days, Duplicate, Enrolment, Household, Identity, Import, Interval, Membership, Payment,
    Person, Qualification, QualificationKind, Reject, TWICE, Terms, Transfer,
};
use crate::wiring::Policies;

pub(super) fn person(person: &Person) -> pb::Person {
    pb::Person {
        person_id: person.id.clone(),
        identity: Some(identity(&person.identity)),
        household_id: person.household.clone().unwrap_or_default(),
        died_date: write::optional_date(person.died),
        recorded_at: Some(write::moment(person.recorded_at)),
    }
}

fn identity(identity: &Identity) -> pb::Identity {
    pb::Identity {
        name: identity.name.clone(),
        document_type: number(identity.document_type),
        document_number: identity.document_number.clone(),
        born_date: write::date(identity.born),
        sex: number(identity.sex),
        phone: identity.phone.clone(),
    }
}

pub(super) fn household(household: &Household) -> pb::Household {
    let member = |member: &Membership| pb::HouseholdMember {
        person_id: member.person.clone(),
        relation: number(member.relation),
        from_date: write::date(member.from),
        to_date: write::optional_date(member.to),
    };
    pb::Household {
        household_id: household.id.clone(),
        division: household.division.clone(),
        members: household.members.iter().map(member).collect(),
    }
}

pub(super) fn qualification(qualification: &Qualification) -> pb::Qualification {
    let name = qualification.name.clone();
    pb::Qualification {
        qualification_id: qualification.id.clone(),
        person_id: qualification.person.clone(),
        from_date: write::date(qualification.from),
        to_date: write::optional_date(qualification.to),
        recorded_at: Some(write::moment(qualification.recorded_at)),
        what: Some(match qualification.kind {
            QualificationKind::Disease => pb::qualification::What::Disease(name),
            QualificationKind::Plan => pb::qualification::What::Plan(name),
        }),
    }
}

pub(super) fn enrolment(enrolment: &Enrolment) -> pb::Enrolment {
    pb::Enrolment {
        enrolment_id: enrolment.id.clone(),
        person_id: enrolment.person.clone(),
        terms: Some(terms(&enrolment.terms)),
        state: number(enrolment.state),
        contribution: Some(enrolment.contribution.clone()),
        payment: enrolment.payment.as_ref().map(payment),
        coverage: enrolment.coverage.clone(),
        ended_date: write::optional_date(enrolment.ended),
        policy_version: enrolment.policy_version.clone(),
        recorded_at: Some(write::moment(enrolment.recorded_at)),
        category_source: match enrolment.terms.grants {
            Some(_) => pb::CategorySource::Granted.into(),
            None => pb::CategorySource::HandedIn.into(),
        },
        category_grant_ids: enrolment.terms.grants.clone().unwrap_or_default(),
        premium_enrolment_id: enrolment.premium_of.clone().unwrap_or_default(),
    }
}

fn terms(terms: &Terms) -> pb::EnrolmentTerms {
    let history = &terms.history;
    pb::EnrolmentTerms {
        division: terms.division.to_string(),
        scheme: write::word(terms.scheme),
        group: write::word(terms.group),
        cover_year: u32::try_from(terms.cover_year).unwrap_or(0),
        how: write::word(terms.how),
        enrolled_date: write::date(terms.enrolled),
        county: Some(write::word(terms.county)),
        college: Some(write::word(terms.college)),
        categories: terms.categories.iter().map(|category| write::word(*category)).collect(),
        employer_id: terms.employer.clone(),
        premium_base_fen: terms.premium_base.get(),
        history: Some(pb::InsuranceHistory {
            broken_years: history.broken_years,
            repaid_years: history.repaid_years,
            employee_ended_date: write::optional_date(history.employee_ended),
            carried_months: history.carried_months,
        }),
    }
}

fn payment(payment: &Payment) -> pb::Payment {
    pb::Payment {
        amount_fen: payment.amount.get(),
        paid_date: write::date(payment.paid),
        source: number(payment.source),
        owner_person_id: payment.owner.clone().unwrap_or_default(),
        receipt: payment.receipt.clone(),
    }
}

pub(super) fn refused(refused: &Refused) -> policy_pb::Refusal {
    match &refused.policy {
        Some(policy) => write::refusal(policy, &refused.refusal),
        // nothing explains its clauses: it cites none
        None => policy_pb::Refusal { causes: refused.refusal.causes.iter().map(cause).collect(), clauses: Vec::new() },
    }
}

fn cause(cause: &policy::Cause) -> policy_pb::Cause {
    let name = format!("REFUSAL_REASON_{}", cause.reason.word().to_ascii_uppercase());
    let reason = policy_pb::RefusalReason::from_str_name(&name).unwrap_or_default();
    policy_pb::Cause { reason: reason.into(), about: cause.about.clone(), cite: cause.cite.clone() }
}

pub(super) fn other(refused: &Refused) -> Option<pb::Enrolment> {
    refused.other.as_deref().map(enrolment)
}

pub(super) fn entries(entries: &[Entry], at: DateTime<Utc>) -> Vec<type_pb::JournalEntry> {
    entries.iter().map(|entry| write::entry(entry, type_pb::EntryState::Posted, at)).collect()
}

pub(super) fn interval(policies: &Policies, interval: &Interval) -> pb::CoverageInterval {
    let policy = policies.head(interval.division);
    let cite =
        policy.as_deref().map_or_else(|| interval.cite.clone(), |own| own.holding(interval.division, &interval.cite));
    pb::CoverageInterval {
        kind: number(interval.kind),
        days: Some(days(interval.days)),
        enrolment_id: interval.enrolment.clone(),
        scheme: write::word(interval.scheme),
        clauses: clauses(policy.as_deref(), &cite),
        cite,
        recorded_at: Some(write::moment(interval.recorded_at)),
    }
}

/// What clauses mean, of those the policy knows.
pub(super) fn clauses(policy: Option<&policy::Policy>, cite: &[String]) -> Vec<policy_pb::Clause> {
    cite.iter().filter_map(|id| policy?.clause(id)).map(write::clause).collect()
}

pub(super) fn days(days: Days) -> type_pb::Period {
    write::period(policy::Period { from: days.from, to: days.to })
}

/// The rule by which one enrolment stands. No pack holds it: it is the same everywhere, and marked assumed.
fn rule() -> policy_pb::Citation {
    policy_pb::Citation {
        cite: TWICE.map(str::to_owned).to_vec(),
        mark: policy_pb::Mark::Assumed.into(),
        source: "DM-3.5: employees' insurance before residents'; of one scheme the one that holds longest, then the one that \
                 was recorded first; not verified"
            .to_owned(),
        ..policy_pb::Citation::default()
    }
}

pub(super) fn duplicate(duplicate: &Duplicate, enrolments: &[Enrolment]) -> pb::Duplicate {
    pb::Duplicate {
        duplicate_id: duplicate.id.clone(),
        person_id: duplicate.person.clone(),
        enrolments: enrolments.iter().map(enrolment).collect(),
        standing_enrolment_id: duplicate.standing.clone(),
        rule: Some(rule()),
        resolved: duplicate.resolved,
        found_at: Some(write::moment(duplicate.recorded_at)),
    }
}

pub(super) fn credit(credit: &AccountCredit) -> pb::AccountCredit {
    pb::AccountCredit {
        credit_id: credit.id.clone(),
        person_id: credit.person.clone(),
        enrolment_id: credit.enrolment.clone(),
        cover_year: u32::try_from(credit.cover_year).unwrap_or(0),
        amount_fen: credit.amount_fen,
        delivered: credit.delivered,
        booked_at: Some(write::moment(credit.recorded_at)),
        taken_back: credit.taken_back.is_some(),
        taken_back_fen: credit.taken_back.and_then(|taken| taken.amount_fen),
    }
}

pub(super) fn transfer(transfer: &Transfer) -> pb::Transfer {
    let state = match transfer {
        Transfer { undone: true, .. } => pb::TransferState::Undone,
        Transfer { done: true, .. } => pb::TransferState::Done,
        _ => pb::TransferState::InProgress,
    };
    pb::Transfer {
        transfer_id: transfer.id.clone(),
        inward: transfer.inward,
        state: state.into(),
        certificate: Some(certificate(&transfer.certificate)),
        enrolment_id: transfer.enrolment.clone(),
        confirmed_by: transfer.confirmed.as_ref().map(|confirmed| pb::TransferConfirmation {
            operator_id: confirmed.operator.clone(),
            reference: confirmed.reference.clone(),
        }),
    }
}

fn certificate(certificate: &Certificate) -> pb::TransferCertificate {
    pb::TransferCertificate {
        certificate_id: certificate.id.clone(),
        person_id: certificate.person.clone(),
        from_division: certificate.from_division.clone(),
        to_division: certificate.to_division.clone(),
        scheme: write::word(certificate.scheme),
        to_date: write::date(certificate.to),
        paid_months: certificate.paid_months,
        unbroken_months: certificate.unbroken_months,
        account_fen: certificate.account_fen,
        issued_at: Some(write::moment(certificate.issued_at)),
    }
}

pub(super) fn import(import: &Import) -> pb::Import {
    pb::Import {
        import_id: import.id.clone(),
        rows_total: import.rows_total,
        rows_read: import.rows_read,
        rows_kept: import.rows_kept,
        rows_rejected: import.rows_read.saturating_sub(import.rows_kept),
        own_fen: import.own_fen,
        subsidy_fen: import.subsidy_fen,
        assisted_fen: import.assisted_fen,
        done: import.done,
        begun_at: Some(write::moment(import.begun_at)),
        committed_at: Some(write::moment(import.committed_at)),
    }
}

pub(super) fn reject(reject: &Reject) -> pb::ImportReject {
    let problem = |problem: &crate::domain::RowProblem| pb::RowProblem {
        field: problem.field.clone(),
        reason: problem.reason.clone(),
        description: problem.description.clone(),
    };
    pb::ImportReject { row: reject.row, problems: reject.problems.iter().map(problem).collect() }
}

pub(super) fn funding(scheme: Scheme, funding: &Funding) -> pb::Funding {
    let resident = scheme == Scheme::Resident;
    pb::Funding {
        people: funding.people,
        premium_fen: if resident { funding.assisted.saturating_add(funding.own) } else { 0 },
        assisted_fen: funding.assisted,
        own_fen: if resident { funding.own } else { 0 },
        people_assisted: funding.people_assisted,
        subsidy_fen: [funding.central, funding.province, funding.city, funding.county, funding.unsplit].iter().sum(),
        central_fen: funding.central,
        province_fen: funding.province,
        city_fen: funding.city,
        county_fen: funding.county,
        employer_fen: funding.employer,
        employee_fen: if resident { 0 } else { funding.own },
        credit_fen: funding.credit,
        people_employer_unknown: funding.employer_unknown,
        subsidy_unsplit_fen: funding.unsplit,
    }
}

//! Reads what the messages share: who somebody is, what is enrolled for, what is paid.

use chrono::{DateTime, NaiveDate, Utc};
use pb::enrolment::v1 as pb;
use rpc::Violations;
use terms::{Category, College, CountyKind, PersonGroup, Scheme};
use unicode_normalization::UnicodeNormalization as _;
use wire::read;

use super::words::word;
use crate::domain::{self, Certificate, Confirmation, History, Identity, Payment, PremiumSource, Terms};

/// An id that is required.
pub(super) fn id(v: &mut Violations, field: &str, text: &str) -> Option<String> {
    read::id(v, field, text).map(|id| id.to_string())
}

/// An id that may be left out.
pub(super) fn optional_id(v: &mut Violations, field: &str, text: &str) -> Option<Option<String>> {
    if text.is_empty() { Some(None) } else { id(v, field, text).map(Some) }
}

/// A day, or the day given where it is left out.
pub(super) fn date_or(v: &mut Violations, field: &str, text: &str, otherwise: NaiveDate) -> Option<NaiveDate> {
    Some(read::optional_date(v, field, text)?.unwrap_or(otherwise))
}

/// A day that is not in the future.
fn past(v: &mut Violations, field: &str, day: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
    if day > today {
        v.add(field, day, format!("a day not after {today}"));
        return None;
    }
    Some(day)
}

/// A moment that may be left out; one in the future is not known yet.
pub(super) fn known_at(v: &mut Violations, moment: &Option<prost_types::Timestamp>) -> Option<Option<DateTime<Utc>>> {
    read::moment(v, "known_at", moment)
}

/// Who somebody is.
pub(super) fn identity(
    v: &mut Violations,
    field: &str,
    given: Option<&pb::Identity>,
    today: NaiveDate,
) -> Option<Identity> {
    let given = v.required(field, given, "who it is")?;
    v.within(field, |v| {
        let name = read::text(v, "name", &given.name, 100);
        let document_type: Option<domain::DocumentType> = word(v, "document_type", given.document_type);
        let born = read::date(v, "born_date", &given.born_date).and_then(|born| past(v, "born_date", born, today));
        let sex: Option<domain::Sex> = word(v, "sex", given.sex);
        let phone = read::optional_text(v, "phone", &given.phone, 40);
        let document_number = read::text(v, "document_number", &given.document_number, 50);
        let mut right = true;
        if let Some((kind, number)) = document_type.zip(document_number.as_ref()) {
            for bad in domain::check(kind, number, (born, sex)) {
                right = false;
                match bad {
                    domain::BadDocument::Sex => v.add("sex", "another sex", bad.expected()),
                    // the number is not repeated
                    _ => v.add("document_number", "another number", bad.expected()),
                }
            }
        }
        let identity = Identity {
            name: name?,
            document_type: document_type?,
            document_number: document_number?,
            born: born?,
            sex: sex?,
            phone: phone?,
        };
        right.then_some(identity)
    })
}

/// What is enrolled for. `derived` is the day of enrolment where another fact says it.
pub(super) fn terms(
    v: &mut Violations,
    given: Option<&pb::EnrolmentTerms>,
    today: NaiveDate,
    derived: Option<NaiveDate>,
) -> Option<Terms> {
    let given = v.required("terms", given, "what is enrolled for")?;
    v.within("terms", |v| {
        let division = read::division(v, "division", &given.division);
        let scheme: Option<Scheme> = read::word(v, "scheme", given.scheme);
        let group: Option<PersonGroup> = read::word(v, "group", given.group);
        if let Some((scheme, group)) = scheme.zip(group).filter(|(scheme, group)| group.scheme() != *scheme) {
            v.add("group", wire::name(group), format!("a group of {}", wire::name(scheme)));
        }
        let how = read::word(v, "how", given.how);
        let cover_year = year(v, given.cover_year);
        let enrolled = match derived {
            Some(day) => Some(day),
            None => date_or(v, "enrolled_date", &given.enrolled_date, today)
                .and_then(|day| past(v, "enrolled_date", day, today)),
        };
        let county = read::optional_word(v, "county", given.county);
        let college = read::optional_word(v, "college", given.college);
        let categories = categories(v, &given.categories);
        let employer = read::optional_text(v, "employer_id", &given.employer_id, 100);
        let base = read::fen(v, "premium_base_fen", given.premium_base_fen);
        let needs_base = matches!(group, Some(PersonGroup::Active | PersonGroup::Flexible));
        if needs_base && base.is_some_and(money::Fen::is_zero) {
            v.add("premium_base_fen", 0, "the yearly premium base of an employee, above zero");
        }
        let history = history(v, given.history.as_ref());
        Some(Terms {
            division: division?,
            scheme: scheme?,
            group: group?,
            cover_year: cover_year?,
            how: how?,
            enrolled: enrolled?,
            joined: None,
            county: county?.unwrap_or(CountyKind::Other),
            college: college?.unwrap_or(College::No),
            categories: categories?,
            grants: None,
            employer: employer?,
            premium_base: base?,
            history: history?,
        })
    })
}

/// A cover year, from 1900 to 2199.
pub(super) fn year(v: &mut Violations, given: u32) -> Option<i32> {
    let year = i32::try_from(given).ok().filter(|year| (1900..=2199).contains(year));
    if year.is_none() {
        v.add("cover_year", given, "a year from 1900 to 2199");
    }
    year
}

fn categories(v: &mut Violations, given: &[i32]) -> Option<Vec<Category>> {
    let read: Vec<Option<Category>> =
        given.iter().enumerate().map(|(at, number)| read::word(v, &format!("categories[{at}]"), *number)).collect();
    let mut categories = read.into_iter().collect::<Option<Vec<_>>>()?;
    categories.sort_unstable();
    categories.dedup();
    Some(categories)
}

fn history(v: &mut Violations, given: Option<&pb::InsuranceHistory>) -> Option<History> {
    let Some(given) = given else { return Some(History::default()) };
    v.within("history", |v| {
        if given.repaid_years > given.broken_years {
            v.add("repaid_years", given.repaid_years, format!("at most broken_years, {}", given.broken_years));
        }
        if given.broken_years > 100 {
            v.add("broken_years", given.broken_years, "at most 100 years");
        }
        if given.carried_months > 1_200 {
            v.add("carried_months", given.carried_months, "at most 1,200 months");
        }
        Some(History {
            broken_years: given.broken_years,
            repaid_years: given.repaid_years,
            employee_ended: read::optional_date(v, "employee_ended_date", &given.employee_ended_date)?,
            carried_months: given.carried_months,
        })
    })
}

/// A payment.
pub(super) fn payment(v: &mut Violations, given: &pb::Payment, today: NaiveDate) -> Option<Payment> {
    v.within("payment", |v| {
        let amount = read::fen(v, "amount_fen", given.amount_fen);
        let paid = read::date(v, "paid_date", &given.paid_date).and_then(|day| past(v, "paid_date", day, today));
        let source: Option<PremiumSource> = word(v, "source", given.source);
        let owner = optional_id(v, "owner_person_id", &given.owner_person_id);
        let by_relative = source == Some(PremiumSource::RelativeAccount);
        match &owner {
            Some(None) if by_relative => v.add("owner_person_id", "nothing", "the relative whose account pays"),
            Some(Some(_)) if source.is_some() && !by_relative => {
                v.add("owner_person_id", &given.owner_person_id, "nothing: no relative's account pays");
            }
            _ => {}
        }
        let receipt = read::optional_text(v, "receipt", &given.receipt, 100);
        Some(Payment { amount: amount?, paid: paid?, source: source?, owner: owner?, receipt: receipt? })
    })
}

/// An officer's word for a certificate; may be left out.
pub(super) fn confirmation(
    v: &mut Violations,
    given: Option<&pb::TransferConfirmation>,
) -> Option<Option<Confirmation>> {
    let Some(given) = given else { return Some(None) };
    v.within("confirmed_by", |v| {
        let operator = read::text(v, "operator_id", &given.operator_id, 100);
        let reference = read::text(v, "reference", &given.reference, 100);
        Some(Some(Confirmation { operator: operator?, reference: reference? }))
    })
}

/// A certificate of another place.
pub(super) fn certificate(v: &mut Violations, given: Option<&pb::TransferCertificate>) -> Option<Certificate> {
    let given = v.required("certificate", given, "the certificate")?;
    v.within("certificate", |v| {
        // however it is written: full-width signs and spaces are no other number
        let written: String = given.certificate_id.nfkc().filter(|char| !char.is_whitespace()).collect();
        let number = id(v, "certificate_id", &written);
        let person = id(v, "person_id", &given.person_id);
        let from = read::division(v, "from_division", &given.from_division);
        let to_division = read::division(v, "to_division", &given.to_division);
        let scheme = read::word(v, "scheme", given.scheme);
        let to = read::date(v, "to_date", &given.to_date);
        let account = read::fen(v, "account_fen", given.account_fen);
        let issued = read::moment(v, "issued_at", &given.issued_at);
        let issued = issued.and_then(|moment| v.required("issued_at", moment, "when it was issued"));
        if given.unbroken_months > given.paid_months || given.paid_months > 1_200 {
            v.add("paid_months", given.paid_months, "at most 1,200 months, and not less than unbroken_months");
        }
        Some(Certificate {
            id: number?,
            person: person?,
            from_division: from?.to_string(),
            to_division: to_division?.to_string(),
            scheme: scheme?,
            to: to?,
            paid_months: given.paid_months,
            unbroken_months: given.unbroken_months,
            account_fen: account?.get(),
            issued_at: issued?,
        })
    })
}

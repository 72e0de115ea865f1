//! Reads what is handed in to be settled.

use chrono::NaiveDate;
use money::{Fen, Rate, Rounding};
use pb::policy::v1::bill::Costs;
use pb::policy::v1::{Bill as BillPb, FeeLine, Parts};
use pb::settlement::v1::Submission;
use pb::r#type::v1::Institution;
use policy::{Person, Version};
use rpc::{Violation, Violations};
use terms::{Division, Name};
use unicode_normalization::UnicodeNormalization as _;
use wire::read::{self, ReadBill};

/// A submission as read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) person: Name,
    pub(crate) institution: Name,
    pub(crate) visit: String,
    pub(crate) stay: String,
    pub(crate) bill: ReadBill,
    pub(crate) version: Option<Version>,
    pub(crate) facts: Option<Person>,
    pub(crate) care_division: Option<Division>,
    /// The bill between two provinces.
    pub(crate) crossing: Option<Crossing>,
    /// Whether the caller named the day of settlement.
    pub(crate) names_day: bool,
    /// What the bill's total should be, where its costs do not add up to it. Alone it is the policy's to refuse.
    pub(crate) misadded: Option<Violation>,
}

/// A bill that another province's hospital sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crossing {
    pub(crate) bill: Name,
    /// What the place of care was offered, owed and cash in fen.
    pub(crate) expected: Option<(Fen, Fen)>,
}

const ID_CHARS_MAX: usize = 64;

/// Reads a submission; `today` is the day of settlement where the bill names none, and no service lies after it.
pub(super) fn submission(v: &mut Violations, submission: Option<&Submission>, today: NaiveDate) -> Option<Read> {
    let submission = v.required("submission", submission, "what is to be settled")?;
    v.within("submission", |v| {
        let person = read::id(v, "person_id", &submission.person_id);
        let institution = institution(v, "institution_id", &submission.institution_id);
        let visit = read::optional_text(v, "visit_id", &submission.visit_id, ID_CHARS_MAX);
        let stay = read::optional_text(v, "stay_id", &submission.stay_id, ID_CHARS_MAX);
        spelled(v, "visit_id", &submission.visit_id);
        spelled(v, "stay_id", &submission.stay_id);
        let version = read::optional_version(v, "policy_version", &submission.policy_version);
        let facts = match &submission.person_facts {
            Some(facts) => v.within("person_facts", |v| read::person(v, facts)).map(Some),
            None => Some(None),
        };
        let care_division = match submission.care_division.as_str() {
            "" => Some(None),
            code => read::division(v, "care_division", code).map(Some),
        };
        let crossing = crossing(v, submission);
        let mut misadded = None;
        let bill = v.required("bill", submission.bill.as_ref(), "the bill").and_then(|bill| {
            v.within("bill", |v| {
                let kind = billed_as(&submission.institution_id, bill.institution());
                let of_institution = |v: &mut Violations| {
                    if let Some(expected) = kind.filter(|_| institution.is_some()) {
                        v.add("institution", bill.institution().as_str_name(), expected);
                    }
                };
                let read;
                (read, misadded) = handed_in(v, bill, (today, "submission.bill"), of_institution);
                read
            })
        });
        Some(Read {
            person: person?,
            institution: institution?,
            visit: visit?,
            stay: stay?,
            bill: bill?,
            version: version?,
            facts: facts?,
            care_division: care_division?,
            crossing: crossing?,
            names_day: submission.bill.as_ref().is_some_and(|bill| !bill.settled_date.is_empty()),
            misadded,
        })
    })
}

/// A bill as it was handed in at `field` of the request, and what its total should be, where its costs do not add up to it;
/// `also` complains of what else is wrong with it there.
pub(super) fn handed_in(
    v: &mut Violations,
    bill: &BillPb,
    (today, field): (NaiveDate, &str),
    also: impl FnOnce(&mut Violations),
) -> (Option<ReadBill>, Option<Violation>) {
    let read = read::bill(v, bill, Some(today));
    spelled(v, "bill_id", &bill.bill_id);
    can_be(v, bill, today);
    also(v);
    let misadded = misadds(bill, field);
    // alone the policy's to refuse; with other mistakes they are some of them, so that all are mended at once
    if !v.is_empty() {
        beyond(v, bill);
        if let Some(violation) = misadded.clone() {
            v.add("total_fen", violation.found, violation.expected);
        }
    }
    (read, misadded)
}

/// A bill between two provinces: its place of care is named, and is in another province than nobody's.
#[expect(clippy::option_option, reason = "no such bill and one that cannot be read are two answers")]
fn crossing(v: &mut Violations, submission: &Submission) -> Option<Option<Crossing>> {
    let Some(given) = &submission.cross_province else { return Some(None) };
    if submission.care_division.is_empty() {
        v.add("care_division", "nothing", "the place of care, six digits: the bill came from another province");
    }
    if !submission.stay_id.is_empty() {
        v.add("stay_id", &submission.stay_id, "nothing: between provinces a stay is settled whole");
    }
    v.within("cross_province", |v| {
        let bill = read::id(v, "bill_id", &given.bill_id);
        let expected = match &given.expected {
            None => Some(None),
            Some(shares) => v.within("expected", |v| {
                let owed = read::fen(v, "owed_fen", shares.owed_fen);
                Some(Some((owed?, read::fen(v, "cash_fen", shares.cash_fen)?)))
            }),
        };
        Some(Some(Crossing { bill: bill?, expected: expected? }))
    })
}

/// Complains of an id that looks like another one: with spaces at its ends, invisible signs or full-width characters it would be
/// another bill, and one visit would be paid twice. Letters of either case are two ids, as institutions have them.
fn spelled(v: &mut Violations, field: &str, id: &str) {
    let is_seen = |char: char| char.is_alphanumeric() || char.is_ascii_graphic() || char == ' ';
    if id != id.trim() || id.contains("  ") || !id.chars().all(is_seen) || !id.nfkc().eq(id.chars()) {
        let expected =
            "letters, digits and ASCII signs, without spaces at its ends, invisible signs and full-width characters";
        v.add(field, policy::printable(id), expected);
    }
}

/// What a bill cannot be whatever else is wrong with it: of nothing, of a day to come, with a line that does not add up.
fn can_be(v: &mut Violations, bill: &BillPb, today: NaiveDate) {
    if let Some(Costs::Lines(lines)) = &bill.costs {
        v.within("lines", |v| {
            for (at, line) in lines.lines.iter().take(read::LINES_READ_AT_MOST).enumerate() {
                v.within_item("lines", at, |v| {
                    priced(v, line);
                    in_range(v, line);
                });
            }
        });
    }
    if bill.total_fen == 0 {
        v.add("total_fen", 0, "an amount above zero: a bill of nothing settles nothing");
    }
    let later = |text: &str| read::date(&mut Violations::new(), "", text).filter(|day| *day > today);
    if let Some(settled) = later(&bill.settled_date) {
        v.add("settled_date", settled, format!("a day of settlement not after today, {today}, or nothing"));
    }
    if let Some(last) = later(&bill.to_date) {
        v.add("to_date", last, format!("a day of service not after today, {today}"));
    }
}

/// Complains of quantities and amounts that no bill can have, which alone the policy refuses.
fn beyond(v: &mut Violations, bill: &BillPb) {
    let is_amount = |fen: i64| (0..=Fen::LIMIT.get()).contains(&fen);
    let amount = |v: &mut Violations, field: &str, fen: i64| {
        if !is_amount(fen) {
            v.add(field, fen, format!("an amount from 0 to {} fen", Fen::LIMIT.get()));
        }
    };
    if bill.total_fen != 0 {
        amount(v, "total_fen", bill.total_fen);
    }
    let lines = match &bill.costs {
        Some(Costs::Lines(lines)) => lines,
        Some(Costs::Parts(parts)) => return v.within("parts", |v| aside(v, parts)),
        None => return,
    };
    v.within("lines", |v| {
        for (at, line) in lines.lines.iter().take(read::LINES_READ_AT_MOST).enumerate() {
            v.within_item("lines", at, |v| {
                amount(v, "amount_fen", line.amount_fen);
                line.unit_price_fen.into_iter().for_each(|price| amount(v, "unit_price_fen", price));
                if line.quantity.parse::<Rate>().is_ok_and(|quantity| !is_quantity(quantity)) {
                    v.add("quantity", &line.quantity, "a quantity above zero, at most a million; nothing for 1");
                }
            });
        }
    });
}

/// Complains of shares of the parts that are more than the part they are of.
fn aside(v: &mut Violations, parts: &Parts) {
    for (field, share, whole) in [
        ("hospital_fen", parts.hospital_fen, parts.over_limit_fen),
        ("apart_fen", parts.apart_fen, parts.within_scope_fen),
    ] {
        if share != 0 && !(0..=whole).contains(&share) {
            v.add(field, share, format!("an amount from 0 to {} fen, of which it is a part", whole.max(0)));
        }
    }
}

/// As the policy's door has it.
fn is_quantity(quantity: Rate) -> bool {
    quantity > Rate::ZERO && quantity <= Rate::ONE.times(1_000_000)
}

/// What the costs of a bill add up to, where that is not its total. A bill of nothing is a mistake in itself.
fn misadds(bill: &BillPb, field: &str) -> Option<Violation> {
    let (sum, of) = match bill.costs.as_ref()? {
        Costs::Lines(lines) if lines.lines.len() > read::LINES_READ_AT_MOST => return None,
        Costs::Lines(lines) => (lines.lines.iter().map(|line| i128::from(line.amount_fen)).sum::<i128>(), "lines"),
        Costs::Parts(parts) => {
            let parts =
                [parts.outside_catalogue_fen, parts.over_limit_fen, parts.first_self_paid_fen, parts.within_scope_fen];
            (parts.map(i128::from).iter().sum(), "parts")
        }
    };
    let is_wrong = bill.total_fen != 0 && sum != i128::from(bill.total_fen);
    let expected = format!("{sum} fen, which its {of} add up to");
    let (field, found) = (format!("{field}.total_fen"), bill.total_fen.to_string());
    is_wrong.then_some(Violation { field, found, expected })
}

/// Complains of a line whose amount is not quantity × unit price, half up to the fen: neither the national interface nor its
/// samples know a tolerance. What cannot be right at all is the policy's to refuse.
fn priced(v: &mut Violations, line: &FeeLine) {
    let quantity = if line.quantity.is_empty() { Ok(Rate::ONE) } else { line.quantity.parse::<Rate>() };
    // a price that is left out is worked out from the amount
    let (Ok(quantity), Some(price)) = (quantity, line.unit_price_fen.map(Fen::new)) else { return };
    let amount = Fen::new(line.amount_fen);
    if !is_quantity(quantity) || price.is_negative() || price > Fen::LIMIT {
        return;
    }
    let cost = (quantity * price).round(Rounding::HalfUp);
    if cost != amount && !amount.is_negative() && amount <= Fen::LIMIT {
        v.add("amount_fen", amount.get(), format!("{} fen: {quantity} × {} fen, half up", cost.get(), price.get()));
    }
}

/// Complains of terms that no catalogue can have.
fn in_range(v: &mut Violations, line: &FeeLine) {
    let Some(terms) = &line.terms else { return };
    v.within("terms", |v| {
        if let Some(limit) = terms.price_limit_fen {
            read::fen(v, "price_limit_fen", limit);
        }
        let share = terms.first_self_paid_rate.as_deref().and_then(|text| text.parse::<Rate>().ok());
        if let Some(share) = share.filter(|share| *share != share.clamped(Rate::ONE)) {
            v.add("first_self_paid_rate", share, "a share from 0 to 1");
        }
    });
}

/// What a bill says of its institution that the institution's own id does not: what it should say.
fn billed_as(id: &str, said: Institution) -> Option<&'static str> {
    match (id.starts_with('P'), said) {
        (_, Institution::Unspecified) => None,
        (true, said) if said != Institution::Pharmacy => {
            Some("INSTITUTION_PHARMACY: the institution's id is a pharmacy's, which begins with P")
        }
        (false, Institution::Pharmacy) => {
            Some("the level of the hospital: the institution's id is a hospital's, which begins with H")
        }
        _ => None,
    }
}

/// An institution's id: `H` for hospitals, `P` for pharmacies, and 11 digits (`domain.md` 1.1).
pub(super) fn institution(v: &mut Violations, field: &str, text: &str) -> Option<Name> {
    let digits = text.strip_prefix(['H', 'P']);
    let good = digits.is_some_and(|rest| rest.len() == 11 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if !good {
        v.add(field, text, "H or P and 11 digits");
        return None;
    }
    read::id(v, field, text)
}

//! Reads what is handed in to be settled.

use chrono::NaiveDate;
use money::{Fen, Rate, Rounding};
use pb::settlement::v1::Submission;
use policy::{Bill, Costs, Person, Version};
use rpc::Violations;
use terms::{Division, Name};
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
        let version = read::optional_version(v, "policy_version", &submission.policy_version);
        let facts = match &submission.person_facts {
            Some(facts) => v.within("person_facts", |v| read::person(v, facts)).map(Some),
            None => Some(None),
        };
        let care_division = match submission.care_division.as_str() {
            "" => Some(None),
            code => read::division(v, "care_division", code).map(Some),
        };
        let bill = v.required("bill", submission.bill.as_ref(), "the bill").and_then(|bill| {
            v.within("bill", |v| {
                let read = read::bill(v, bill, Some(today));
                if let Some(read) = &read {
                    priced(v, &read.bill);
                }
                let last = read.as_ref().map(|read| read.bill.to).filter(|last| *last > today);
                if read.as_ref().is_some_and(|read| read.bill.total.is_zero()) {
                    v.add("total_fen", 0, "an amount above zero: a bill of nothing settles nothing");
                }
                let settled = read.as_ref().map(|read| read.bill.settled).filter(|settled| *settled > today);
                if let Some(settled) = settled {
                    v.add("settled_date", settled, format!("a day of settlement not after today, {today}, or nothing"));
                }
                if let Some(last) = last {
                    v.add("to_date", last, format!("a day of service not after today, {today}"));
                }
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
        })
    })
}

/// Complains of each line whose amount is not quantity × unit price, half up to the fen: neither the national interface nor its
/// samples know a tolerance. What cannot be right at all is the policy's to refuse.
fn priced(v: &mut Violations, bill: &Bill) {
    let Costs::Lines(lines) = &bill.costs else { return };
    let most = Rate::ONE.times(1_000_000);
    v.within("lines", |v| {
        for (at, line) in lines.iter().enumerate() {
            let (quantity, price) = (line.quantity, line.unit_price);
            if quantity <= Rate::ZERO || quantity > most || price.is_negative() || price > Fen::LIMIT {
                continue;
            }
            let cost = (quantity * price).round(Rounding::HalfUp);
            if cost != line.amount && !line.amount.is_negative() && line.amount <= Fen::LIMIT {
                let expected = format!("{} fen: {quantity} × {} fen, half up", cost.get(), price.get());
                v.within_item("lines", at, |v| v.add("amount_fen", line.amount.get(), expected));
            }
        }
    });
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

//! Reads what hospitals ask.

use ::pb::policy::v1::bill::Costs;
use ::pb::r#type::v1::{Filing, Place};
use crossing::BillId;
use pb::cross_province::v1 as pb;
use pb::reverse_bill_request::Original as Asked;
use rpc::Violations;
use store::idempotency::Call;
use terms::{Division, Name};
use wire::read as fields;

use crate::app::reverse::{Original, Reverse};
use crate::app::split::Patient;

const REASON_CHARS_MAX: usize = 1_000;
const ID_CHARS_MAX: usize = 64;

/// A submission, read: all that is asked of the place of insurance but what the split gives.
pub(super) struct Submitted {
    pub(super) institution: Name,
    pub(super) visit: String,
    pub(super) prepare: pb::Prepare,
    /// Whose lines are to be split by this province first; none where the bill came in parts.
    pub(super) splits: Option<Patient>,
}

/// Reads a hospital's bill. `own` is the province whose hospitals may call here.
pub(super) fn submission(v: &mut Violations, given: Option<&pb::CareSubmission>, own: Division) -> Option<Submitted> {
    let given = v.required("submission", given, "what is to be settled")?;
    v.within("submission", |v| {
        let insured = fields::id(v, "insured_id", &given.insured_id);
        let insured_division = fields::division(v, "insured_division", &given.insured_division);
        if insured_division.is_some_and(|division| division.province() == own) {
            v.add("insured_division", &given.insured_division, "a division of another province: settle it at home");
        }
        let care_division = fields::division(v, "care_division", &given.care_division);
        if care_division.is_some_and(|division| division.province() != own) {
            v.add("care_division", &given.care_division, "a division of this province");
        }
        let institution = institution(v, "institution_id", &given.institution_id);
        let visit = fields::optional_text(v, "visit_id", &given.visit_id, ID_CHARS_MAX);
        let patient = Patient { scheme: given.scheme, group: given.group };
        fields::word::<terms::Scheme>(v, "scheme", given.scheme);
        fields::word::<terms::PersonGroup>(v, "group", given.group);
        let bill = v
            .required("bill", given.bill.as_ref(), "the bill")
            .and_then(|bill| v.within("bill", |v| read_bill(v, bill)));
        let prepare = pb::Prepare {
            care_division: care_division?.to_string(),
            institution_id: institution?.to_string(),
            insured_id: insured?.to_string(),
            insured_division: insured_division?.to_string(),
            bill: Some(bill?),
            emergency: given.emergency,
            ..pb::Prepare::default()
        };
        let has_lines = given.bill.as_ref().is_some_and(|bill| matches!(bill.costs, Some(Costs::Lines(_))));
        Some(Submitted { institution: institution?, visit: visit?, prepare, splits: has_lines.then_some(patient) })
    })
}

/// A bill that another province is to decide: what only that province can say is left out.
fn read_bill(v: &mut Violations, given: &::pb::policy::v1::Bill) -> Option<::pb::policy::v1::Bill> {
    for (field, is_given) in
        [("place", given.place != 0), ("filing", given.filing != 0), ("settled_date", !given.settled_date.is_empty())]
    {
        if is_given {
            v.add(field, "a value", "nothing: the place of insurance says it");
        }
    }
    // as the place of insurance will see it, so that all that is wrong is said before anything is asked
    let seen =
        ::pb::policy::v1::Bill { place: Place::OutOfProvince.into(), filing: Filing::Unfiled.into(), ..given.clone() };
    let read = fields::bill(v, &seen, Some(chrono::NaiveDate::MIN))?;
    if read.bill.total <= money::Fen::ZERO {
        v.add("total_fen", given.total_fen, "an amount above zero: a bill of nothing settles nothing");
        return None;
    }
    Some(given.clone())
}

/// An institution's id: `H` for hospitals, `P` for pharmacies, and 11 digits (`domain.md` 1.1).
pub(super) fn institution(v: &mut Violations, field: &str, text: &str) -> Option<Name> {
    let digits = text.strip_prefix(['H', 'P']);
    if digits.is_some_and(|rest| rest.len() == 11 && rest.bytes().all(|byte| byte.is_ascii_digit())) {
        return fields::id(v, field, text);
    }
    v.add(field, text, "H or P and 11 digits");
    None
}

/// A bill's id.
pub(super) fn bill_id(v: &mut Violations, field: &str, text: &str) -> Option<BillId> {
    let mut id = [0; 16];
    let read = hex::decode_to_slice(text, &mut id).ok().map(|()| BillId(id)).filter(|id| id.to_string() == text);
    if read.is_none() {
        v.add(field, text, "a bill's id: 32 hexadecimal digits");
    }
    read
}

/// The call of a hospital that settles a bill, by its content.
pub(super) fn settling(institution: Name, key: &str, given: &pb::CareSubmission) -> Call {
    let text = prost::Message::encode_to_vec;
    Call::new(institution.as_str(), key)
        .field("method", "SettleBill")
        .field("submission.insured_id", &given.insured_id)
        .field("submission.insured_division", &given.insured_division)
        .field("submission.care_division", &given.care_division)
        .field("submission.visit_id", &given.visit_id)
        .field("submission.scheme", given.scheme.to_be_bytes())
        .field("submission.group", given.group.to_be_bytes())
        .field("submission.emergency", [u8::from(given.emergency)])
        .field("submission.bill", given.bill.as_ref().map(text).unwrap_or_default())
}

/// Reads a reversal.
pub(super) fn reversal(v: &mut Violations, given: &pb::ReverseBillRequest) -> Option<Reverse> {
    let key = fields::key(v, "idempotency_key", &given.idempotency_key);
    let institution = institution(v, "institution_id", &given.institution_id);
    let reason = fields::text(v, "reason", &given.reason, REASON_CHARS_MAX);
    let original = match &given.original {
        None => v.required("original", None, "bill_id or original_key"),
        Some(Asked::BillId(id)) => bill_id(v, "bill_id", id).map(Original::Bill),
        Some(Asked::OriginalKey(key)) => fields::key(v, "original_key", key).map(Original::Key),
    };
    let (institution, key, original) = (institution?, key?, original?);
    if let Original::Key(of) = &original
        && *of == key
    {
        v.add("original_key", of, "another key than the reversal's own");
    }
    let named = match &original {
        Original::Bill(id) => ("bill_id", id.to_string()),
        Original::Key(key) => ("original_key", key.clone()),
    };
    let reason = reason?;
    let call = Call::new(institution.as_str(), &key).field("method", "ReverseBill");
    let call = call.field(named.0, named.1).field("reason", &reason);
    Some(Reverse { call, institution, original, reason })
}

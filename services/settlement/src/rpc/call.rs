//! The content of a call, as its idempotency key is compared by.

use pb::settlement::v1::Submission;
use prost::Message as _;
use store::idempotency::Call;

/// Whose calls share their keys: those about bills of an institution.
pub(super) fn claims_of(institution: &str) -> String {
    format!("claims/{institution}")
}

/// Adds a submission field by field, so that a key used again names what differs.
pub(super) fn submitted(call: Call, submission: &Submission) -> Call {
    let mut rest = submission.clone();
    let bill = rest.bill.take().unwrap_or_default();
    let person = std::mem::take(&mut rest.person_id);
    let facts = rest.person_facts.take();
    let mut other = bill.clone();
    let (costs, total) = (other.costs.take(), std::mem::take(&mut other.total_fen));
    let costs = pb::policy::v1::Bill { costs, ..Default::default() };
    call.field("submission.person_id", person)
        .field("submission.person_facts", facts.map(|facts| facts.encode_to_vec()).unwrap_or_default())
        .field("submission.bill.total_fen", total.to_be_bytes())
        .field("submission.bill.lines", costs.encode_to_vec())
        .field("submission.bill", other.encode_to_vec())
        .field("submission", rest.encode_to_vec())
}

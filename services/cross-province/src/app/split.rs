//! Splits a hospital's fee lines by this province's own catalogue and limits, before the place of insurance is asked
//! (domain.md 2.1: the catalogue of the place of care, the policy of the place of insurance).

use ::pb::policy::v1::bill::Costs;
use ::pb::settlement::v1::SplitBillRequest;
use ::pb::settlement::v1::split_bill_response::Outcome;
use pb::NotSettledWhy;
use pb::cross_province::v1 as pb;
use store::idempotency;
use tonic::Status;

use super::settle::{Parts, Settle};
use super::{App, Problem};

/// What to do where the rules of this province say no.
const ADVICE: &str = "this province's own rules refuse the bill, and the place of insurance was not asked: set it right and settle it \
     under another key";

/// Who the patient is, as far as prices depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient {
    /// The scheme, as on the wire.
    pub(crate) scheme: i32,
    /// The group, as on the wire.
    pub(crate) group: i32,
}

/// Splits the bill that a call wants settled; a call that was made before is left as it is: it was split then.
///
/// # Errors
/// What this bureau cannot read of the bill; that it was not reached.
pub(crate) async fn split(app: &App, mut settle: Settle, patient: Patient) -> Result<Settle, Status> {
    let kept = idempotency::look_up(app.database.reader(), &[&settle.call]).await;
    let is_known = kept.map_err(|error| rpc::Fault::from(Problem::Store(error)))?.iter().any(Option::is_some);
    if is_known {
        return Ok(settle);
    }
    let request = SplitBillRequest {
        division: settle.prepare.care_division.clone(),
        bill: settle.prepare.bill.clone(),
        scheme: patient.scheme,
        group: patient.group,
        policy_version: String::new(),
    };
    match app.settlement.split(request).await? {
        Outcome::Split(split) => {
            let prepare = &mut settle.prepare;
            if let Some(bill) = &mut prepare.bill {
                bill.costs = split.parts.map(Costs::Parts);
            }
            prepare.care_policy_version.clone_from(&split.policy_version);
            prepare.care_catalogue_version.clone_from(&split.catalogue_version);
            prepare.split_sha256.clone_from(&split.split_sha256);
            settle.parts = Parts::Split(Box::new(split));
        }
        Outcome::Refused(refusal) => {
            let (why, refusal, advice) = (NotSettledWhy::RefusedHere.into(), Some(refusal), ADVICE.to_owned());
            let bill_id = String::new();
            settle.parts = Parts::Refused(Box::new(pb::NotSettled { why, refusal, advice, bill_id }));
        }
    }
    Ok(settle)
}

//! `SplitService`: what the place of care makes of a bill, with its own catalogue and scope rules. It keeps nothing.

use chrono::NaiveDate;
use pb::policy::v1::bill::Costs;
use pb::settlement::v1 as settlement_pb;
use pb::settlement::v1::split_bill_response::Outcome;
use pb::settlement::v1::split_service_server::SplitService;
use pb::r#type::v1::{Filing, Place};
use policy::{Bill, SplitFacts, Version};
use rpc::{Fault, Violation, Violations};
use serde::Serialize;
use terms::Division;
use tonic::{Request, Response, Status};
use wire::read::{self, ReadBill};
use wire::write;

use super::Settlement;
use super::answer::unlisted_lines;
use super::answers::fitting;
use super::submission::handed_in;
use crate::app::{self, day_of};
use crate::store::sha256;

/// A request as read.
struct Asked {
    division: Division,
    scheme: terms::Scheme,
    group: terms::PersonGroup,
    bill: ReadBill,
    version: Option<Version>,
    misadded: Option<Violation>,
}

/// What the hash of a split is of: all that it depends on, and what came out.
#[derive(Serialize)]
struct Canonical<'s> {
    catalogue_version: &'s str,
    facts: &'s SplitFacts,
    split: &'s policy::Split,
}

impl Settlement {
    async fn split(
        &self,
        request: &settlement_pb::SplitBillRequest,
    ) -> Result<settlement_pb::SplitBillResponse, Fault> {
        let Asked { division, scheme, group, bill, version, misadded } =
            asked(request, day_of(self.bench.clock.now()))?;
        let policy = app::policy(&self.bench.registry, version, division).await?;
        let (bill, catalogue_version, unlisted) = self.with_catalogue(bill, division, misadded, "bill")?;
        let mut facts = SplitFacts { division, scheme, group, bill };
        let outcome = match policy.split(&facts) {
            Ok(split) => {
                // the day on which it is asked for decides nothing, but as the day of the rules
                facts.bill = Bill { settled: split.date, ..facts.bill };
                let canonical = Canonical { catalogue_version: &catalogue_version, facts: &facts, split: &split };
                let canonical = serde_json::to_string(&canonical).map_err(Fault::internal)?;
                let mend = "ask again with it set right";
                Outcome::Split(settlement_pb::Split {
                    unlisted_lines: unlisted_lines(&facts.bill.costs, division, &unlisted, mend),
                    split_sha256: sha256(&canonical),
                    catalogue_version,
                    ..write::split(&policy, &split)
                })
            }
            Err(refusal) => Outcome::Refused(write::refusal(&policy, &refusal)),
        };
        fitting(settlement_pb::SplitBillResponse { outcome: Some(outcome) })
    }
}

/// Reads a request; `today` is the day of settlement where the bill names none.
fn asked(request: &settlement_pb::SplitBillRequest, today: NaiveDate) -> Result<Asked, Fault> {
    let mut v = Violations::new();
    let division = read::division(&mut v, "division", &request.division);
    let scheme = read::word(&mut v, "scheme", request.scheme);
    let group = read::word(&mut v, "group", request.group);
    let version = read::optional_version(&mut v, "policy_version", &request.policy_version);
    let mut misadded = None;
    let given = v.required("bill", request.bill.as_ref(), "the bill");
    let bill = given.and_then(|bill| {
        v.within("bill", |v| {
            // a catalogue knows no filing: every bill is split as one of the place itself
            let (place, filing) = (Place::Local.into(), Filing::AtHome.into());
            let local = pb::policy::v1::Bill { place, filing, ..bill.clone() };
            let read;
            (read, misadded) = handed_in(v, &local, (today, "bill"), |v| {
                if matches!(bill.costs, Some(Costs::Parts(_))) {
                    v.add("parts", "parts", "fee lines: a bill in parts is split already");
                }
            });
            read
        })
    });
    let asked = (|| {
        Some(Asked { division: division?, scheme: scheme?, group: group?, bill: bill?, version: version?, misadded })
    })();
    v.finish(asked)
}

#[tonic::async_trait]
impl SplitService for Settlement {
    async fn split_bill(
        &self,
        request: Request<settlement_pb::SplitBillRequest>,
    ) -> Result<Response<settlement_pb::SplitBillResponse>, Status> {
        Ok(Response::new(self.split(request.get_ref()).await?))
    }
}

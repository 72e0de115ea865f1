//! This bureau's settlement, as the place of insurance needs it: decides, settles exactly what was offered, takes out.

use std::time::Duration;

use ::pb::policy::v1::{Bill, Decision as DecisionPb, decision};
use ::pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use ::pb::settlement::v1::split_service_client::SplitServiceClient;
use ::pb::settlement::v1::{
    Claim, CrossProvince, OfferedShares, PreSettleRequest, ReverseClaimRequest, SettleRequest, SplitBillRequest,
    Submission, pre_settle_response, reverse_claim_request, settle_response, split_bill_response,
};
use ::pb::r#type::v1::Place;
use chrono::{DateTime, NaiveDate};
use crossing::{BillId, Receipt, Shares};
use money::Fen;
use pb::Refused;
use pb::cross_province::v1 as pb;
use prost::Message as _;
use rpc::{Call, Client, Deadline, Fault};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};

/// How long the bureau may take: it may ask others meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// When a hospital tries again whose lines could not be split.
const AGAIN: Duration = Duration::from_secs(1);

/// Why a round is taken out. The same whoever wants it, a renewal or a reversal: under one key one thing is asked.
const TAKEN_OUT: &str = "taken out between provinces";

/// What the bureau would settle.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// So.
    Offered {
        /// Owed and cash.
        shares: Shares,
        /// The offer, without bill, step, round and time.
        offer: Box<pb::Offered>,
    },
    /// It would not.
    Refused(Box<Refused>),
}

/// What the bureau did with a Settle.
#[derive(Clone, Debug)]
pub(crate) enum Settling {
    /// Settled: the receipt, and its bytes.
    Settled(Receipt, Vec<u8>),
    /// The shares are others than were offered; nothing was kept.
    Changed,
    /// The policy refuses it, and keeps that under the round's key.
    Refused(Box<Refused>),
}

/// As what a bill is decided: the filing that counts, as its number on the wire, and its id; empty where none is on record.
#[derive(Clone, Debug, Default)]
pub(crate) struct FiledAs {
    pub(crate) filing: i32,
    pub(crate) id: String,
}

/// Why the bureau is asked again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Away {
    /// It was not reached, or could not do it now: it may have.
    #[error("ask settlement")]
    Call(#[from] Box<Status>),
    /// Its answer says nothing that can be used.
    #[error("read settlement's answer: {0}")]
    Answer(&'static str),
}

/// The bureau.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    client: SettlementServiceClient<Client>,
    splits: SplitServiceClient<Client>,
}

impl Settlement {
    /// Asks through this client.
    pub(crate) fn new(client: Client) -> Self {
        Self { client: SettlementServiceClient::new(client.clone()), splits: SplitServiceClient::new(client) }
    }

    /// Splits fee lines by this province's own catalogue and limits; keeps nothing. Part of the hospital's call.
    ///
    /// # Errors
    /// What cannot be read, said of the fields of a hospital's submission; `UNAVAILABLE` where it was not reached.
    pub(crate) async fn split(&self, request: SplitBillRequest) -> Result<split_bill_response::Outcome, Status> {
        let away = |status: Status| if is_a_no(&status) { of_submission(&status) } else { unreached(status).into() };
        let answer = self.splits.clone().split_bill(request).await.map_err(away)?;
        answer.into_inner().outcome.ok_or_else(|| Fault::internal("neither split nor refused").into())
    }

    /// What it would settle; keeps nothing.
    pub(crate) async fn decide(&self, prepare: &pb::Prepare, id: BillId, filed: &FiledAs) -> Result<Decision, Away> {
        let request = PreSettleRequest { submission: Some(submission(prepare, id, filed.filing, None)) };
        let mut client = self.client.clone();
        let answer = match patiently(id, async move { client.pre_settle(request).await }).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return said_no(status).map(|refused| Decision::Refused(Box::new(refused))),
        };
        match answer.outcome {
            Some(pre_settle_response::Outcome::Claim(claim)) => {
                let sums = sums(&claim)?;
                let offer = pb::Offered {
                    owed_fen: sums.owed.get(),
                    cash_fen: sums.cash.get(),
                    hospital_fen: sums.hospital.get(),
                    filing: filed.filing,
                    filing_id: filed.id.clone(),
                    third_system: claim.third_system,
                    decision: claim.decision.map(plain),
                    ..pb::Offered::default()
                };
                let shares = Shares { owed: sums.owed, cash: sums.cash };
                Ok(Decision::Offered { shares, offer: Box::new(offer) })
            }
            Some(pre_settle_response::Outcome::Refused(decision)) => Ok(Decision::Refused(Box::new(refused(decision)))),
            None => Err(Away::Answer("neither decided nor refused")),
        }
    }

    /// Settles a round, exactly as it was offered.
    pub(crate) async fn settle(
        &self,
        prepare: &pb::Prepare,
        id: BillId,
        round: u32,
        ((owed, cash), offer): ((Fen, Fen), &pb::Offered),
    ) -> Result<Settling, Away> {
        let expected = OfferedShares { owed_fen: owed.get(), cash_fen: cash.get() };
        let submission = Some(submission(prepare, id, offer.filing, Some(expected)));
        let request = SettleRequest { idempotency_key: key(id, round), submission };
        let mut client = self.client.clone();
        let answer = match patiently(id, async move { client.settle(request).await }).await {
            Ok(answer) => answer.into_inner(),
            // whatever it says no to was not kept: the round is ended for good before anything else is offered
            Err(status) if is_a_no(&status) => return Ok(Settling::Changed),
            Err(status) => return Err(Box::new(status).into()),
        };
        match answer.outcome {
            Some(settle_response::Outcome::Claim(claim)) => {
                let bytes = receipt(prepare, id, claim)?.encode_to_vec();
                let (_, receipt) = wire::crossing::receipt(&bytes).map_err(|_| Away::Answer("no receipt"))?;
                Ok(Settling::Settled(receipt, bytes))
            }
            Some(settle_response::Outcome::Refused(decision)) => Ok(Settling::Refused(Box::new(refused(decision)))),
            None => Err(Away::Answer("neither settled nor refused")),
        }
    }

    /// Takes a round out, or has its key refused for ever; the day.
    pub(crate) async fn take_out(&self, prepare: &pb::Prepare, id: BillId, round: u32) -> Result<NaiveDate, Away> {
        let request = ReverseClaimRequest {
            idempotency_key: format!("{}-r", key(id, round)),
            original: Some(reverse_claim_request::Original::OriginalKey(key(id, round))),
            institution_id: prepare.institution_id.clone(),
            reason: TAKEN_OUT.to_owned(),
        };
        let mut client = self.client.clone();
        let answer = patiently(id, async move { client.reverse_claim(request).await }).await.map_err(Box::new)?;
        let booked_at = answer.into_inner().entries.first().and_then(|entry| entry.booked_at);
        // where there was nothing to take out, any day will do
        let Some(at) = booked_at else { return Ok(NaiveDate::MIN) };
        let at = DateTime::from_timestamp(at.seconds, 0).ok_or(Away::Answer("a moment that is none"))?;
        Ok(host::china_day(at))
    }
}

/// The same status, whose fields are those of a hospital's submission.
fn of_submission(status: &Status) -> Status {
    let mut details = status.get_error_details();
    if let Some(wrong) = details.bad_request().cloned() {
        let field = |name: &str| match name {
            "division" => "submission.care_division".to_owned(),
            name => format!("submission.{name}"),
        };
        let fields = wrong.field_violations.into_iter();
        let fields: Vec<FieldViolation> =
            fields.map(|one| FieldViolation { field: field(&one.field), ..one }).collect();
        details.set_bad_request(fields);
    }
    Status::with_error_details(status.code(), status.message(), details)
}

fn unreached(status: Status) -> Fault {
    Fault::unavailable("this bureau's settlement", AGAIN).because(status)
}

/// The key of a round: what is asked under it is the same whenever it is asked.
fn key(id: BillId, round: u32) -> String {
    format!("xp-{id}-{round}")
}

async fn patiently<T>(id: BillId, asking: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let call = Call { request_id: id.to_string(), deadline: Deadline::after(PATIENCE) };
    call.carry(asking).await
}

/// The bill as it is seen from the place of insurance.
fn seen(bill: Bill, filing: i32) -> Bill {
    Bill { place: Place::OutOfProvince.into(), filing, settled_date: String::new(), ..bill }
}

fn submission(prepare: &pb::Prepare, id: BillId, filing: i32, expected: Option<OfferedShares>) -> Submission {
    Submission {
        person_id: prepare.insured_id.clone(),
        institution_id: prepare.institution_id.clone(),
        bill: prepare.bill.clone().map(|bill| seen(bill, filing)),
        care_division: prepare.care_division.clone(),
        cross_province: Some(CrossProvince { bill_id: id.to_string(), expected }),
        ..Submission::default()
    }
}

/// The sums of a claim, in fen.
struct Sums {
    owed: Fen,
    cash: Fen,
    hospital: Fen,
    total: Fen,
}

fn sums(claim: &Claim) -> Result<Sums, Away> {
    let Some(decision::Outcome::Settled(settled)) = claim.decision.as_ref().and_then(|one| one.outcome.as_ref()) else {
        return Err(Away::Answer("a claim without a decision"));
    };
    let shares = settled.shares.as_ref().ok_or(Away::Answer("a decision without shares"))?;
    let (total, hospital, cash) =
        (Fen::new(shares.total_fen), Fen::new(shares.hospital_fen), Fen::new(shares.cash_fen));
    Ok(Sums { owed: total - hospital - cash, cash, hospital, total })
}

/// A decision without its steps: these stay with the place of insurance, which explains it.
fn plain(mut decision: DecisionPb) -> DecisionPb {
    if let Some(decision::Outcome::Settled(settled)) = &mut decision.outcome {
        settled.steps.clear();
        settled.citations.clear();
        settled.clauses.clear();
    }
    decision
}

fn receipt(prepare: &pb::Prepare, id: BillId, claim: Claim) -> Result<pb::Receipt, Away> {
    let sums = sums(&claim)?;
    let policy_version = claim.decision.as_ref().map(|decision| decision.policy_version.clone()).unwrap_or_default();
    Ok(pb::Receipt {
        bill_id: id.to_string(),
        claim_id: claim.claim_id,
        settled_date: claim.bill.map(|bill| bill.settled_date).unwrap_or_default(),
        owed_fen: sums.owed.get(),
        cash_fen: sums.cash.get(),
        hospital_fen: sums.hospital.get(),
        total_fen: sums.total.get(),
        insured_division: prepare.insured_division.clone(),
        insured_id: prepare.insured_id.clone(),
        care_division: prepare.care_division.clone(),
        institution_id: prepare.institution_id.clone(),
        decision: claim.decision.map(plain),
        decision_sha256: claim.decision_sha256,
        policy_version,
        care_policy_version: prepare.care_policy_version.clone(),
        care_catalogue_version: prepare.care_catalogue_version.clone(),
        split_sha256: prepare.split_sha256.clone(),
        third_system: claim.third_system,
    })
}

fn refused(decision: DecisionPb) -> Refused {
    let policy_version = decision.policy_version;
    let refusal = match decision.outcome {
        Some(decision::Outcome::Refused(refusal)) => Some(refusal),
        _ => None,
    };
    let advice =
        "the policy of the place of insurance refuses the bill: the patient pays, and may claim there".to_owned();
    Refused { refusal, policy_version, advice, ..Refused::default() }
}

/// Whether a status says that nothing was done, and that it would be the same again.
fn is_a_no(status: &Status) -> bool {
    let codes =
        [Code::InvalidArgument, Code::NotFound, Code::AlreadyExists, Code::FailedPrecondition, Code::PermissionDenied];
    codes.contains(&status.code())
}

/// What a status says of a bill that is not decided.
fn said_no(status: Status) -> Result<Refused, Away> {
    if !is_a_no(&status) {
        return Err(Box::new(status).into());
    }
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let fields: Vec<String> = details
        .bad_request()
        .map(|wrong| wrong.field_violations.iter().map(|one| format!("{}: {}", one.field, one.description)).collect())
        .unwrap_or_default();
    let advice = [vec![format!("{reason}: {}", status.message())], fields].concat().join("; ");
    Ok(Refused { advice, ..Refused::default() })
}

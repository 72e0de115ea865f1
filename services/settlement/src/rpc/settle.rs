//! Pre-settling, settling, interim settling, reimbursing: one way in, one way out.

use std::sync::Arc;

use pb::policy::v1 as policy_pb;
use pb::settlement::v1::{
    Adjustment, Claim, PreSettleRequest, PreSettleResponse, ReimburseRequest, ReimburseResponse, ReimbursementReason,
    SettleInterimRequest, SettleInterimResponse, SettleRequest, SettleResponse, Submission, pre_settle_response,
    reimburse_response, settle_interim_response, settle_response,
};
use policy::{Bill, Version};
use prost::Message;
use rpc::{Fault, Reason, Violation, Violations};
use store::idempotency::Call;
use terms::Division;
use wire::read::{self, ReadBill};

use super::answer::{self, Form};
use super::call::{claims_of, proven, submitted};
use super::submission::{Crossing, Read, submission};
use super::{Settlement, numbered};
use crate::app::{
    self, Booked, Command, Denied, Done, Gathered, NewBill, Settle, Settled, SettledDay, Standing, day_of,
};
use crate::catalogue::Words;
use crate::domain::{Evidence, Grant, Kind, Origin, Policies, Reimbursement, Third, Unlisted};

/// What became of a bill, before it is put into the reply of one call or another.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Claim(Box<Claim>),
    Refused(Box<policy_pb::Decision>),
}

/// A bill's way in: the command, and how its answer is written.
struct Way {
    command: Command,
    form: Form,
    /// Whether the keeper of the third system was not reached.
    is_away: bool,
    /// The refusal enrolment gave, where it gave one.
    refused: Option<policy_pb::Decision>,
}

const REMARK_CHARS_MAX: usize = 1_000;
const EVIDENCE_MOST: usize = 50;

impl Settlement {
    pub(super) async fn preview(&self, request: PreSettleRequest) -> Result<PreSettleResponse, Fault> {
        let read = self.read(request.submission.as_ref(), |_| Some(()))?.0;
        let form = Form { with_steps: with_steps(request.submission.as_ref()), would_be: true };
        let way = self.way(read, Kind::Direct, Call::new("", ""), form, None).await?;
        if let Some(refused) = way.refused {
            return Ok(PreSettleResponse {
                outcome: Some(pre_settle_response::Outcome::Refused(refused)),
                adjustments: Vec::new(),
            });
        }
        let third = if way.is_away { Third::Granted(Grant::away()) } else { Third::Whole };
        let previewed = app::preview(&self.bench, way.command, &third).await;
        let (policies, done) = previewed.map_err(|denied| match denied {
            Denied::Fault(fault) => fault,
            Denied::Hold(_) | Denied::Over => Fault::internal("a preview needs no grant"),
        })?;
        let (outcome, adjustments) = written(&policies, &done, form, None)?;
        let outcome = match outcome {
            Outcome::Claim(claim) => pre_settle_response::Outcome::Claim(*claim),
            Outcome::Refused(decision) => pre_settle_response::Outcome::Refused(*decision),
        };
        Ok(PreSettleResponse { outcome: Some(outcome), adjustments })
    }

    pub(super) async fn settle_bill(&self, request: SettleRequest) -> Result<SettleResponse, Fault> {
        let (read, key) =
            self.read(request.submission.as_ref(), |v| read::key(v, "idempotency_key", &request.idempotency_key))?;
        let call = call(&read, &key, "Settle", request.submission.as_ref());
        let form = Form { with_steps: with_steps(request.submission.as_ref()), would_be: false };
        let way = self.way(read, Kind::Direct, call, form, None).await?;
        let answer = |outcome, adjustments| {
            let outcome = match outcome {
                Outcome::Claim(claim) => settle_response::Outcome::Claim(*claim),
                Outcome::Refused(decision) => settle_response::Outcome::Refused(*decision),
            };
            SettleResponse { outcome: Some(outcome), adjustments }
        };
        self.commit(way, answer).await
    }

    pub(super) async fn settle_stay(&self, request: SettleInterimRequest) -> Result<SettleInterimResponse, Fault> {
        let (read, key) = self.read(request.submission.as_ref(), |v| {
            let stay = request.submission.as_ref().map(|submission| submission.stay_id.as_str());
            if stay.is_some_and(str::is_empty) {
                v.add("submission.stay_id", "nothing", "the institution's id of the stay");
            }
            read::key(v, "idempotency_key", &request.idempotency_key)
        })?;
        let call = call(&read, &key, "SettleInterim", request.submission.as_ref());
        let form = Form { with_steps: with_steps(request.submission.as_ref()), would_be: false };
        let way = self.way(read, Kind::Interim, call, form, None).await?;
        let answer = |outcome, adjustments| {
            let outcome = match outcome {
                Outcome::Claim(claim) => settle_interim_response::Outcome::Claim(*claim),
                Outcome::Refused(decision) => settle_interim_response::Outcome::Refused(*decision),
            };
            SettleInterimResponse { outcome: Some(outcome), adjustments }
        };
        self.commit(way, answer).await
    }

    pub(super) async fn reimburse_bill(&self, request: ReimburseRequest) -> Result<ReimburseResponse, Fault> {
        let (read, (key, by_hand)) = self.read(request.submission.as_ref(), |v| {
            let key = read::key(v, "idempotency_key", &request.idempotency_key);
            let stay = request.submission.as_ref().map_or("", |submission| &submission.stay_id);
            if !stay.is_empty() {
                // what was settled of the stay is owed to the institution, and what is reimbursed to the person
                v.add(
                    "submission.stay_id",
                    stay,
                    "nothing: a bill the patient has paid is of no stay that is being settled",
                );
            }
            let by_hand = reimbursement(v, &request);
            Some((key?, by_hand?))
        })?;
        let call = call(&read, &key, "Reimburse", request.submission.as_ref());
        let call = call.field("reason", request.reason.to_be_bytes()).field("remark", &request.remark);
        let call = proven(call, &request.evidence).field("payee_reference", &request.payee_reference);
        let call = call.field("operator_id", &request.operator_id);
        let form = Form { with_steps: with_steps(request.submission.as_ref()), would_be: false };
        let way = self.way(read, Kind::Reimbursed, call, form, Some(by_hand)).await?;
        let answer = |outcome, adjustments| {
            let (payable_fen, outcome) = match outcome {
                Outcome::Claim(claim) => (payable(&claim), reimburse_response::Outcome::Claim(*claim)),
                Outcome::Refused(decision) => (0, reimburse_response::Outcome::Refused(*decision)),
            };
            ReimburseResponse { outcome: Some(outcome), payable_fen, adjustments }
        };
        self.commit(way, answer).await
    }

    /// Reads a submission and what else a request holds: all that is wrong with both at once.
    fn read<T>(
        &self,
        given: Option<&Submission>,
        rest: impl FnOnce(&mut Violations) -> Option<T>,
    ) -> Result<(Read, T), Fault> {
        let mut violations = Violations::new();
        let rest = rest(&mut violations);
        let read = submission(&mut violations, given, day_of(self.bench.clock.now()));
        violations.finish(read.zip(rest))
    }

    /// Gathers what a bill needs. The answer to a call that was made before is kept: nothing that is away or has become unknown
    /// since stands before it.
    async fn way(
        &self,
        read: Read,
        kind: Kind,
        call: Call,
        form: Form,
        reimbursement: Option<Reimbursement>,
    ) -> Result<Way, Fault> {
        let made_before = call.clone();
        match self.gathered(read, kind, call, form, reimbursement).await {
            Err(fault) if !made_before.key().is_empty() => {
                let command = Command::Refuse(made_before);
                let is_known = self.one_stop.is_known(command.call()).await.unwrap_or(false);
                if is_known { Ok(Way { command, form, is_away: false, refused: None }) } else { Err(fault) }
            }
            gathered => gathered,
        }
    }

    /// Gathers the person's facts, the policy and the catalogue's words.
    async fn gathered(
        &self,
        read: Read,
        kind: Kind,
        call: Call,
        form: Form,
        reimbursement: Option<Reimbursement>,
    ) -> Result<Way, Fault> {
        let Read { person, institution, visit, stay, bill, version, facts, .. } = read;
        let Read { care_division, crossing, names_day, misadded, .. } = read;
        self.may_cross(kind, crossing.as_ref(), form)?;
        let about = (&person, bill.bill.to);
        let is_handed_in = facts.is_some();
        let gathered = app::person(self.enrolment.as_deref(), self.trusts_facts, facts, about).await?;
        let (mut facts, clauses) = match gathered {
            Gathered::Person(facts, clauses) => (*facts, clauses),
            Gathered::Refused(refusal) => {
                let refused = refused_by_enrolment(refusal, version, bill.bill.to);
                let (command, is_away) = (Command::Refuse(call), false);
                return Ok(Way { command, form, is_away, refused: Some(refused) });
            }
        };
        facts.use_account = bill.use_account;
        let has_own_categories = is_handed_in && !facts.categories.is_empty();
        let policy = app::policy(&self.bench.registry, version, facts.division).await?;
        let (bill, catalogue_version, unlisted) =
            self.with_catalogue(bill, care_division.unwrap_or(facts.division), misadded, "submission.bill")?;
        let mut is_away = false;
        if !has_own_categories {
            match self.one_stop.standing(&person, &policy, &facts, &bill).await? {
                Standing::Unkept => {}
                Standing::Known(categories) => facts.categories = categories,
                Standing::Away => (facts.categories, is_away) = (Vec::new(), true),
            }
        }
        let origin = bill.clone();
        let (expected, crossing) = (crossing.and_then(|one| one.expected), crossing.map(|one| one.bill));
        let origin = Origin {
            bill: origin,
            care_division,
            catalogue_version,
            reimbursement,
            has_own_categories,
            unlisted,
            crossing,
        };
        let new = NewBill { person: facts, bill, policy, has_own_categories };
        let day = match (names_day, self.trusts_facts) {
            (false, _) => SettledDay::OfCommit,
            (true, false) => SettledDay::Named,
            (true, true) => SettledDay::NamedByTrusted,
        };
        let settle = Settle { call, kind, person, institution, visit, stay, new, origin, day, expected, clauses };
        Ok(Way { command: Command::Settle(Box::new(settle)), form, is_away, refused: None })
    }

    /// Whether a bill may come from another province: from who speaks with provinces, to be settled directly, and as it was offered.
    fn may_cross(&self, kind: Kind, crossing: Option<&Crossing>, form: Form) -> Result<(), Fault> {
        let Some(crossing) = crossing else { return Ok(()) };
        if !self.trusts_cross_province {
            let message = "only the service that speaks with other provinces may settle their hospitals' bills";
            return Err(Fault::new(Reason::NotAllowed, message).with("field", "submission.cross_province"));
        }
        let mut v = Violations::new();
        if kind != Kind::Direct {
            v.add("submission.cross_province", "a bill", "nothing: such a bill is settled directly and whole");
        }
        match (form.would_be, crossing.expected) {
            (true, Some(_)) => v.add("submission.cross_province.expected", "shares", "nothing: a preview expects none"),
            (false, None) => {
                v.add("submission.cross_province.expected", "nothing", "what the place of care was offered");
            }
            _ => {}
        }
        v.finish(Some(()))
    }

    /// The bill with its lines as the catalogue of the place of care has them on their days, the version that said so, empty where
    /// no line was looked up, and the lines it knows nothing of; `field` is where the bill stands in the request.
    pub(super) fn with_catalogue(
        &self,
        read: ReadBill,
        division: Division,
        misadded: Option<Violation>,
        field: &str,
    ) -> Result<(Bill, String, Vec<Unlisted>), Fault> {
        let ReadBill { mut bill, lookups, days, .. } = read;
        let words = if self.trusts_facts { Words::Trusted } else { Words::Checked };
        let applied = self.catalogue.apply((division, words), &mut bill, (&lookups, &days), field);
        let unlisted = applied.map_err(|mut violations| {
            let message = format!("{} of the fee lines' words are not the catalogue's", violations.len());
            violations.extend(misadded);
            Fault::new(Reason::CatalogueMismatch, message).listing(violations)
        })?;
        let version = if lookups.is_empty() { String::new() } else { self.catalogue.version().to_owned() };
        Ok((bill, version, unlisted))
    }

    /// Commits, and reads back the answer as it is kept.
    async fn commit<T>(
        &self,
        way: Way,
        answer: impl Fn(Outcome, Vec<Adjustment>) -> T + Send + Sync + 'static,
    ) -> Result<T, Fault>
    where
        T: Message + Default,
    {
        let Way { command, form, is_away, refused } = way;
        let encode = move |policies: &Policies, done: &Done| {
            let (outcome, adjustments) = written(policies, done, form, refused.as_ref())?;
            Ok(answer(outcome, adjustments).encode_to_vec())
        };
        let bytes = self.one_stop.commit(command, is_away, Arc::new(encode)).await?;
        T::decode(bytes.as_slice()).map_err(Fault::internal)
    }
}

fn with_steps(submission: Option<&Submission>) -> bool {
    submission.is_some_and(|submission| submission.with_steps)
}

fn call(read: &Read, key: &str, method: &str, submission: Option<&Submission>) -> Call {
    let call = Call::new(&claims_of(read.institution.as_str()), key).field("method", method);
    submission.map_or(call.clone(), |submission| submitted(call, submission))
}

/// What a bill became, as it is answered.
fn written(
    policies: &Policies,
    done: &Done,
    form: Form,
    refused: Option<&policy_pb::Decision>,
) -> Result<(Outcome, Vec<Adjustment>), Fault> {
    match (done, refused) {
        (Done::Settled(Settled::Claim(booked)), _) => {
            let Booked { new: Some(new), gone, adjusted, .. } = &**booked else {
                return Err(Fault::internal("a bill was settled and no claim was made"));
            };
            let claim = answer::recorded(policies, new, form)?;
            let mut adjustments = Vec::new();
            if let Some(gone) = gone {
                adjustments.push(answer::taken_in(policies, gone, form)?);
            }
            adjustments.extend(answer::adjustments(policies, adjusted, form)?);
            Ok((Outcome::Claim(Box::new(claim)), adjustments))
        }
        (Done::Settled(Settled::Refused(policy, decision)), _) => {
            Ok((Outcome::Refused(Box::new(wire::write::decision(policy, decision, form.with_steps))), Vec::new()))
        }
        (Done::Refused, Some(refused)) => Ok((Outcome::Refused(Box::new(refused.clone())), Vec::new())),
        _ => Err(Fault::internal("a bill got the answer of another command")),
    }
}

/// Enrolment's "no" as a decision: it was made without a policy of ours, unless the caller named one.
fn refused_by_enrolment(
    refusal: policy_pb::Refusal,
    version: Option<Version>,
    on: chrono::NaiveDate,
) -> policy_pb::Decision {
    policy_pb::Decision {
        policy_version: version.map(|version| version.to_string()).unwrap_or_default(),
        rules_date: wire::write::date(on),
        outcome: Some(policy_pb::decision::Outcome::Refused(refusal)),
    }
}

/// What the funds and other payers owe the person: everything but what the person and the hospital bear.
fn payable(claim: &Claim) -> i64 {
    let settled = claim.decision.as_ref().and_then(|decision| match &decision.outcome {
        Some(policy_pb::decision::Outcome::Settled(settlement)) => settlement.shares,
        _ => None,
    });
    settled.map_or(0, |shares| shares.total_fen - shares.hospital_fen - shares.cash_fen)
}

fn reimbursement(v: &mut Violations, request: &ReimburseRequest) -> Option<Reimbursement> {
    let reason = ReimbursementReason::try_from(request.reason).ok();
    let reason = reason.filter(|reason| *reason != ReimbursementReason::Unspecified);
    if reason.is_none() {
        let expected = "a ReimbursementReason, such as REIMBURSEMENT_REASON_NOT_NETWORKED";
        v.add("reason", numbered(request.reason), expected);
    }
    let remark = if reason == Some(ReimbursementReason::Other) {
        read::text(v, "remark", &request.remark, REMARK_CHARS_MAX)
    } else {
        read::optional_text(v, "remark", &request.remark, REMARK_CHARS_MAX)
    };
    if request.evidence.is_empty() || request.evidence.len() > EVIDENCE_MOST {
        v.add("evidence", request.evidence.len(), format!("1 to {EVIDENCE_MOST} documents"));
    }
    if !request.evidence.iter().any(|given| app::is_invoice(&given.kind)) {
        v.add("evidence", "no invoice", "the invoice among the documents, of the kind `invoice`");
    }
    let mut evidence = Vec::new();
    for (at, given) in request.evidence.iter().take(EVIDENCE_MOST).enumerate() {
        v.within_item("evidence", at, |v| {
            let kind = read::text(v, "kind", &given.kind, 64);
            let reference = read::text(v, "reference", &given.reference, 200);
            let is_hash = given.sha256.len() == 64 && given.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_hash {
                v.add("sha256", &given.sha256, "64 hexadecimal digits");
            }
            if let (Some(kind), Some(reference)) = (kind, reference) {
                evidence.push(Evidence { kind, reference, sha256: given.sha256.to_lowercase() });
            }
        });
    }
    let payee_reference = read::optional_text(v, "payee_reference", &request.payee_reference, 200);
    let operator = read::text(v, "operator_id", &request.operator_id, 64);
    let reason = reason?.as_str_name().trim_start_matches("REIMBURSEMENT_REASON_").to_lowercase();
    Some(Reimbursement { reason, remark: remark?, evidence, payee_reference: payee_reference?, operator: operator? })
}

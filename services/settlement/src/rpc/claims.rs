//! Claims read: one, a page, a period as a stream, and what became of a call.

use pb::settlement::v1::{
    Claim as ClaimPb, ClaimRevision, ClaimState, GetClaimRequest, GetClaimResponse, GetOutcomeRequest,
    GetOutcomeResponse, ListClaimsRequest, ListClaimsResponse, Outcome, RefundLinesResponse, ReverseClaimResponse,
    StreamClaimsRequest, StreamClaimsResponse,
};
use prost::Message as _;
use rpc::{Fault, Reason, Violations};
use std::sync::Arc;
use std::time::Duration;
use store::idempotency::{self, Call};
use terms::{Name, Scheme, Word as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use wire::read;

use super::Settlement;
use super::answer::{self, Form};
use super::call::{METHODS, claims_of};
use super::page::{self, Place};
use super::submission::institution;
use crate::app::{TOMBSTONE, store_fault};
use crate::domain::{Claim, Kind, State};
use crate::store::{self as tables, Numbered, Revision, Wanted};

/// How many claims are read at once for a stream.
const CHUNK: u32 = 200;
/// How often commits under way are looked at.
const LOOK: Duration = Duration::from_millis(5);
/// How long commits that began before a list was asked for are waited for: far longer than one takes.
const UNDER_WAY_MOST: Duration = Duration::from_secs(3);

impl Settlement {
    pub(super) async fn claim(&self, request: GetClaimRequest) -> Result<GetClaimResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "claim_id", &request.claim_id);
        let id = v.finish(id)?;
        let (claim, _) = self.stored(&id, request.revision).await?;
        let form = Form { with_steps: request.with_steps, would_be: false };
        let mut written = self.written(&claim, form).await?;
        let reader = self.bench.database.reader();
        written.place_in_year = tables::place_in_year(reader, &claim).await.map_err(store_fault)?;
        let entries = store::journal::by_reference(reader, claim.id.as_str()).await.map_err(store_fault)?;
        let settled: Vec<_> = entries.into_iter().filter(|entry| entry.id == claim.entry).collect();
        written.entries = answer::entries(&settled, claim.settled_at, form);
        let revisions = tables::history(reader, &id).await.map_err(store_fault)?;
        Ok(GetClaimResponse { claim: Some(written), revisions: revisions.iter().map(revision).collect() })
    }

    pub(super) async fn outcome(&self, request: GetOutcomeRequest) -> Result<GetOutcomeResponse, Fault> {
        let mut v = Violations::new();
        let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
        let institution = institution(&mut v, "institution_id", &request.institution_id);
        let (key, institution) = v.finish(key.zip(institution))?;
        let reader = self.bench.database.reader();
        if let Some(id) = tables::claim_ids(reader, &institution, &key).await.map_err(store_fault)? {
            let (claim, _) = self.stored(&id, None).await?;
            let outcome = if claim.state == State::Reversed { Outcome::Reversed } else { Outcome::Settled };
            let method = match claim.kind {
                Kind::Direct => "Settle",
                Kind::Interim => "SettleInterim",
                Kind::Reimbursed => "Reimburse",
            };
            let written = self.written(&claim, Form::default()).await?;
            return Ok(became(outcome, method, Some(written)));
        }
        let call = Call::new(&claims_of(institution.as_str()), &key);
        let kept = idempotency::look_up(reader, &[&call]).await.map_err(store_fault)?.pop().flatten();
        let Some(kept) = kept else { return Ok(became(Outcome::NeverSeen, "", None)) };
        if kept.has_field(TOMBSTONE) {
            return Ok(became(Outcome::Tombstone, "", None));
        }
        let method = METHODS.into_iter().find(|method| kept.says("method", method)).unwrap_or_default();
        let answer = kept.answer.as_slice();
        let (outcome, claim) = match method {
            "ReverseClaim" => {
                let claim = ReverseClaimResponse::decode(answer).map_err(Fault::internal)?.claim;
                (if claim.is_some() { Outcome::Reversal } else { Outcome::ReversalOfNothing }, claim)
            }
            "RefundLines" => (Outcome::Refund, RefundLinesResponse::decode(answer).map_err(Fault::internal)?.claim),
            _ => (Outcome::Refused, None),
        };
        let Some(claim) = claim else { return Ok(became(outcome, method, None)) };
        let id = Name::new(&claim.claim_id).map_err(Fault::internal)?;
        let (claim, _) = self.stored(&id, None).await?;
        let written = self.written(&claim, Form::default()).await?;
        Ok(became(outcome, method, Some(written)))
    }

    pub(super) async fn list(&self, request: ListClaimsRequest) -> Result<ListClaimsResponse, Fault> {
        let mut v = Violations::new();
        let question = ListClaimsRequest { page_token: String::new(), page_size: 0, ..request.clone() };
        let question = numbered_in(question.encode_to_vec());
        let wanted = wanted(&mut v, &request, &question);
        let most = read::page(&mut v, request.page_size);
        let (wanted, most) = v.finish(wanted.zip(most))?;
        let wanted = Wanted { until: self.numbered_so_far().await?, ..wanted };
        let claims = tables::page_of_claims(self.bench.database.reader(), &wanted, most + 1).await;
        let claims = claims.map_err(store_fault)?;
        let page = claims.get(..most as usize).unwrap_or(&claims);
        let mut written = Vec::with_capacity(page.len());
        for one in page {
            written.push(self.written(&one.claim, Form::default()).await?);
        }
        let last = page.last().filter(|_| claims.len() > page.len());
        let next_page_token = last.map(|last| page::token(&question, &place_of(last))).unwrap_or_default();
        Ok(ListClaimsResponse { claims: written, next_page_token })
    }

    pub(super) async fn stream(
        &self,
        request: StreamClaimsRequest,
    ) -> Result<ReceiverStream<Result<StreamClaimsResponse, Status>>, Fault> {
        let mut v = Violations::new();
        let question = StreamClaimsRequest { resume_token: String::new(), ..request.clone() };
        let question = numbered_in(question.encode_to_vec());
        let institution = institution(&mut v, "institution_id", &request.institution_id);
        let period = read::period(&mut v, "settled", &request.settled);
        let period = period.and_then(|period| v.required("settled", period, "days of settlement"));
        let scheme = read::optional_word::<Scheme>(&mut v, "scheme", request.scheme);
        let after = page::place(&mut v, "resume_token", &request.resume_token, &question);
        let wanted = (|| {
            let (period, scheme) = (period?, scheme?.map(Scheme::word));
            let (from, to) = (Some(period.from), Some(period.to));
            let after = after?.map_or(0, |place| place.number);
            Some(Wanted { institution: Some(institution?), from, to, scheme, after, ..Wanted::default() })
        })();
        let wanted = v.finish(wanted)?;
        let wanted = Wanted { until: self.numbered_so_far().await?, ..wanted };
        let (sender, receiver) = mpsc::channel(16);
        tokio::spawn(send_all(self.clone(), wanted, question, sender));
        Ok(ReceiverStream::new(receiver))
    }

    /// The number up to which every claim is there or never will be: what a list that goes on after it has passed by, it has shown.
    ///
    /// # Errors
    /// `CONTENDED` where a commit that began before is under way for long.
    async fn numbered_so_far(&self) -> Result<i64, Fault> {
        let reader = self.bench.database.reader();
        let (last, begun) = tables::last_numbered(reader).await.map_err(store_fault)?;
        let Some(begun) = begun else { return Ok(last) };
        let mut look = tokio::time::interval(LOOK);
        let ended = async {
            loop {
                look.tick().await;
                if tables::have_ended(reader, begun).await.map_err(store_fault)? {
                    return Ok(last);
                }
            }
        };
        let long = "bills that were begun before are still being committed; ask again";
        let late = || Fault::new(Reason::Contended, long).retry_after(UNDER_WAY_MOST);
        tokio::time::timeout(UNDER_WAY_MOST, ended).await.unwrap_or_else(|_| Err(late()))
    }

    /// A stored claim with the decision of a revision, and that decision's stored bytes.
    pub(super) async fn stored(&self, id: &Name, revision: Option<u32>) -> Result<(Claim, String), Fault> {
        let found = tables::claim(self.bench.database.reader(), id, revision).await.map_err(store_fault)?;
        found.ok_or_else(|| match revision {
            Some(revision) => {
                Fault::not_found("decision", &format!("{id} revision {revision}")).with("claim_id", id.as_str())
            }
            None => Fault::not_found("claim", id.as_str()),
        })
    }

    /// The policy that decided a claim.
    pub(super) async fn policy_of(&self, claim: &Claim) -> Result<Arc<policy::Policy>, Fault> {
        let version = claim.decided.decision.version;
        let unknown = || {
            let fault = Fault::new(Reason::PolicyVersion, "the policy version that decided cannot be had here");
            fault.with("policy_version", version.to_string())
        };
        match self.bench.registry.version(version).await {
            Ok(found) => found.ok_or_else(unknown),
            Err(error) => Err(Fault::unavailable("the policy registry", Duration::from_secs(1)).because(error)),
        }
    }

    pub(super) async fn written(&self, claim: &Claim, form: Form) -> Result<ClaimPb, Fault> {
        let policy = self.policy_of(claim).await?;
        answer::claim(&policy, claim, form)
    }
}

/// What became of a call, and what to do about it.
fn became(outcome: Outcome, method: &str, claim: Option<ClaimPb>) -> GetOutcomeResponse {
    let message = match outcome {
        Outcome::Settled => "the bill was settled and stands",
        Outcome::Reversed => "the bill was settled and later reversed; it may be settled again under a new key",
        Outcome::Refused => "the policy refused the bill and nothing was kept; the same call gives the refusal again",
        Outcome::Tombstone => {
            "a reversal came before the call: the bill was not settled and never will be under this key; settle it under a new key"
        }
        Outcome::Reversal => "the call reversed the claim",
        Outcome::ReversalOfNothing => {
            "the call found nothing to reverse: its original had not come, and is refused from now on, or was refused by the policy"
        }
        Outcome::Refund => "the call refunded lines of the claim",
        Outcome::NeverSeen => {
            "nothing is kept under this key: a call that failed keeps nothing, and one may still be on its way; make it again, or \
             reverse it by its key"
        }
        Outcome::Unspecified | Outcome::InProgress => "",
    };
    let (method, message) = (method.to_owned(), message.to_owned());
    GetOutcomeResponse { outcome: outcome.into(), claim, method, message }
}

/// Reads claims in chunks and sends them one by one; ends with the caller.
async fn send_all(
    settlement: Settlement,
    mut wanted: Wanted,
    question: Vec<u8>,
    sender: mpsc::Sender<Result<StreamClaimsResponse, Status>>,
) {
    loop {
        let chunk = tables::page_of_claims(settlement.bench.database.reader(), &wanted, CHUNK).await;
        let chunk = match chunk.map_err(store_fault) {
            Ok(chunk) => chunk,
            Err(fault) => return drop(sender.send(Err(fault.into())).await),
        };
        for one in &chunk {
            let written = settlement.written(&one.claim, Form::default()).await.map_err(Status::from);
            let message = written.map(|written| StreamClaimsResponse {
                claim: Some(written),
                resume_token: page::token(&question, &place_of(one)),
            });
            let broke_off = message.is_err();
            if sender.send(message).await.is_err() || broke_off {
                return;
            }
        }
        match chunk.last() {
            Some(last) if chunk.len() == CHUNK as usize => wanted.after = last.number,
            _ => return,
        }
    }
}

fn place_of(one: &Numbered) -> Place {
    Place { number: one.number, id: one.claim.id.to_string() }
}

/// A question whose places are numbers: a token of the places there were before is none of its.
fn numbered_in(question: Vec<u8>) -> Vec<u8> {
    [question, b"numbered".to_vec()].concat()
}

fn wanted(v: &mut Violations, request: &ListClaimsRequest, question: &[u8]) -> Option<Wanted> {
    let person = read::optional_name(v, "person_id", &request.person_id);
    let of_institution = match request.institution_id.as_str() {
        "" => Some(None),
        text => institution(v, "institution_id", text).map(Some),
    };
    if request.person_id.is_empty() && request.institution_id.is_empty() {
        v.add("person_id", "nothing", "a person or an institution");
    }
    let period = read::period(v, "settled", &request.settled);
    let mut states = Vec::new();
    for (at, number) in request.states.iter().enumerate() {
        match ClaimState::try_from(*number) {
            Ok(ClaimState::Settled) => states.push(State::Settled.word()),
            Ok(ClaimState::PartlyRefunded) => states.push(State::PartlyRefunded.word()),
            Ok(ClaimState::Reversed) => states.push(State::Reversed.word()),
            // nothing is in progress here: what is committed is settled
            Ok(ClaimState::InProgress) => states.push("in_progress"),
            _ => v.add(&format!("states[{at}]"), number, "a state of ClaimState"),
        }
    }
    let after = page::place(v, "page_token", &request.page_token, question);
    let period = period?;
    Some(Wanted {
        person: person.filter(|person| !person.is_empty()),
        institution: of_institution?,
        from: period.map(|period| period.from),
        to: period.map(|period| period.to),
        states,
        scheme: None,
        after: after?.map_or(0, |place| place.number),
        until: 0,
    })
}

fn revision(revision: &Revision) -> ClaimRevision {
    ClaimRevision {
        revision: revision.revision,
        cause: answer::cause(revision.cause).into(),
        cause_claim_id: revision.cause_claim.map(|id| id.to_string()).unwrap_or_default(),
        policy_version: revision.policy.clone(),
        decision_sha256: revision.sha256.clone(),
        decided_at: Some(wire::write::moment(revision.at)),
    }
}

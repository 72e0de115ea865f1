//! `OneStopService`: what settlement answers to the keeper of the third system.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pb::policy::v1 as policy_pb;
use pb::settlement::v1 as settlement_pb;
use pb::settlement::v1::one_stop_service_server::OneStopService;
use pb::settlement::v1::{
    GetHoldOutcomeRequest, GetHoldOutcomeResponse, PreReassessRequest, PreReassessResponse, ReassessRequest,
    ReassessResponse, Reassessed as ReassessedPb, StreamBurdensRequest, StreamBurdensResponse, StreamSharesRequest,
    StreamSharesResponse, pre_reassess_response, reassess_response,
};
use policy::Outcome as Decided;
use prost::Message as _;
use rpc::{Fault, Violations};
use store::idempotency::Call;
use terms::{Category, Name};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::change::StandingYear;
use wire::{read, write};

use super::Settlement;
use super::answer::{self, Form};
use super::page;
use crate::app::{self, Asked, Command, Denied, Done, Outcome, Reassess, Reassessed, TakesBack};
use crate::domain::{Cause, Policies, Third};

/// The longest name of what a reassessment is about.
const ABOUT_CHARS_MAX: usize = 64;
/// Whose calls these are: their keys are the ids of the keeper's events.
const CALLER: &str = "one_stop";

/// Answers the keeper of the third system.
#[derive(Clone)]
pub struct OneStopRpc(Settlement);

impl OneStopRpc {
    /// Answers with what the service has.
    #[must_use]
    pub const fn new(settlement: Settlement) -> Self {
        Self(settlement)
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Stream<T> = ReceiverStream<Result<T, Status>>;

#[tonic::async_trait]
impl OneStopService for OneStopRpc {
    type StreamSharesStream = Stream<StreamSharesResponse>;
    type StreamBurdensStream = Stream<StreamBurdensResponse>;

    async fn get_hold_outcome(&self, request: Request<GetHoldOutcomeRequest>) -> Answer<GetHoldOutcomeResponse> {
        Ok(Response::new(self.outcome(request.into_inner()).await?))
    }

    async fn reassess(&self, request: Request<ReassessRequest>) -> Answer<ReassessResponse> {
        Ok(Response::new(self.decide_anew(request.into_inner()).await?))
    }

    async fn pre_reassess(&self, request: Request<PreReassessRequest>) -> Answer<PreReassessResponse> {
        Ok(Response::new(self.preview(request.into_inner()).await?))
    }

    async fn stream_shares(&self, request: Request<StreamSharesRequest>) -> Answer<Self::StreamSharesStream> {
        let request = request.into_inner();
        let question = StreamSharesRequest { resume_token: String::new(), ..request.clone() }.encode_to_vec();
        let mut v = Violations::new();
        let person = read::optional_name(&mut v, "person_id", &request.person_id);
        let division = (!request.division.is_empty()).then(|| read::division(&mut v, "division", &request.division));
        let year = (request.year != 0).then(|| read::year(&mut v, "year", request.year));
        let after = resumed(&mut v, &request.resume_token, &question);
        let asked = (|| {
            Some(Asked {
                person: Some(person?).filter(|person| !person.is_empty()),
                year: year.map_or(Some(None), |year| year.map(Some))?,
                division: division.map_or(Some(None), |division| division.map(Some))?,
                after: after?,
                is_burden: false,
            })
        })();
        let asked = v.finish(asked)?;
        Ok(Response::new(self.stream(asked, move |standing| StreamSharesResponse {
            resume_token: token(&question, &standing),
            year: Some(write::standing_year(&standing)),
        })))
    }

    async fn stream_burdens(&self, request: Request<StreamBurdensRequest>) -> Answer<Self::StreamBurdensStream> {
        let request = request.into_inner();
        let question = StreamBurdensRequest { resume_token: String::new(), ..request.clone() }.encode_to_vec();
        let mut v = Violations::new();
        let division = read::division(&mut v, "division", &request.division);
        let year = read::year(&mut v, "year", request.year);
        let after = resumed(&mut v, &request.resume_token, &question);
        let asked = (|| {
            let (division, year) = (Some(division?), Some(year?));
            Some(Asked { person: None, year, division, after: after?, is_burden: true })
        })();
        let asked = v.finish(asked)?;
        let clock = Arc::clone(&self.0.bench.clock);
        Ok(Response::new(self.stream(asked, move |standing| StreamBurdensResponse {
            resume_token: token(&question, &standing),
            person_id: standing.person.to_string(),
            sequence: standing.sequence,
            year: Some(write::year_stand(&standing.year)),
            read_at: Some(write::moment(clock.now())),
        })))
    }
}

impl OneStopRpc {
    async fn outcome(&self, request: GetHoldOutcomeRequest) -> Result<GetHoldOutcomeResponse, Fault> {
        let mut v = Violations::new();
        let hold = read::id(&mut v, "hold_id", &request.hold_id);
        let person = read::id(&mut v, "person_id", &request.person_id);
        let (hold, person) = v.finish(hold.zip(person))?;
        Ok(match app::outcome(&self.0.bench, hold, person, request.after_sequence).await? {
            Outcome::Used(changes) => GetHoldOutcomeResponse { used: true, changes },
            Outcome::Refused => GetHoldOutcomeResponse::default(),
        })
    }

    async fn decide_anew(&self, request: ReassessRequest) -> Result<ReassessResponse, Fault> {
        let mut v = Violations::new();
        let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
        let person = read::id(&mut v, "person_id", &request.person_id);
        let year = read::year(&mut v, "year", request.year);
        let cause = cause(&mut v, &request);
        let about = read::optional_text(&mut v, "about_id", &request.about_id, ABOUT_CHARS_MAX);
        let takes_back = takes_back(&mut v, &request);
        let asked = (|| Some((key?, person?, year?, cause?, about?, takes_back?)))();
        let (key, person, year, cause, _, takes_back) = v.finish(asked)?;
        let call = Call::new(CALLER, &key).field("method", "Reassess").field("person_id", person.as_str());
        let call = call.field("year", request.year.to_be_bytes()).field("cause", request.cause.to_be_bytes());
        let call = call.field("about_id", &request.about_id);
        // what is not said is no field: so calls of before it was known stay the same
        let call = if request.claw_back { call.field("claw_back", [1]) } else { call };
        let one_stop = &self.0.one_stop;
        // an answer that is kept does not wait for the categories
        let days = if one_stop.is_known(&call).await? { Vec::new() } else { self.days(person, year).await? };
        let days = one_stop.categories(person, &days).await?;
        let command = Command::Reassess(Reassess { call, person, year, cause, takes_back, days });
        let encode = Arc::new(|policies: &Policies, done: &Done| {
            let (outcome, refused_claim_id) = written(policies, done, Form::default())?;
            let outcome = Some(match outcome {
                Ok(done) => reassess_response::Outcome::Done(done),
                Err(refusal) => reassess_response::Outcome::Refused(refusal),
            });
            Ok(ReassessResponse { outcome, refused_claim_id }.encode_to_vec())
        });
        let bytes = self.0.one_stop.commit(command, false, encode).await?;
        ReassessResponse::decode(bytes.as_slice()).map_err(Fault::internal)
    }

    async fn preview(&self, request: PreReassessRequest) -> Result<PreReassessResponse, Fault> {
        let mut v = Violations::new();
        let person = read::id(&mut v, "person_id", &request.person_id);
        let year = read::year(&mut v, "year", request.year);
        let category: Option<Category> = read::word(&mut v, "category", request.category);
        let from = read::date(&mut v, "from_date", &request.from_date);
        let to = read::optional_date(&mut v, "to_date", &request.to_date);
        let asked = (|| Some((person?, year?, category?, from?, to?)))();
        let (person, year, category, from, to) = v.finish(asked)?;
        let days = self.days(person, year).await?;
        let mut days = self.0.one_stop.categories(person, &days).await?;
        for (day, known) in &mut days {
            if *day >= from && to.is_none_or(|to| *day <= to) && !known.contains(&category) {
                known.push(category);
                known.sort_unstable();
            }
        }
        let call = Call::new("", "");
        let (cause, takes_back) = (Cause::PersonChanged, TakesBack::Nothing);
        let command = Command::Reassess(Reassess { call, person, year, cause, takes_back, days });
        let previewed = app::preview(&self.0.bench, command, &Third::Whole).await;
        let (policies, done) = previewed.map_err(denied)?;
        let (outcome, refused_claim_id) = written(&policies, &done, Form { with_steps: false, would_be: true })?;
        let outcome = Some(match outcome {
            Ok(done) => pre_reassess_response::Outcome::Done(done),
            Err(refusal) => pre_reassess_response::Outcome::Refused(refusal),
        });
        Ok(PreReassessResponse { outcome, refused_claim_id })
    }

    /// The days whose rules decided the claims of a year that stand.
    async fn days(&self, person: Name, year: i32) -> Result<Vec<chrono::NaiveDate>, Fault> {
        app::days_of_year(&self.0.bench, person, year).await
    }

    fn stream<T: Send + 'static>(
        &self,
        asked: Asked,
        write: impl Fn(StandingYear) -> T + Send + Sync + 'static,
    ) -> Stream<T> {
        let (sender, receiver) = mpsc::channel(16);
        let bench = self.0.bench.clone();
        tokio::spawn(async move {
            let report = |standing| {
                let (sender, message) = (sender.clone(), write(standing));
                async move { sender.send(Ok(message)).await.is_ok() }
            };
            if let Err(fault) = app::shares(&bench, asked, report).await {
                // the caller that went away does not want to know
                let _ = sender.send(Err(fault.into())).await;
            }
        });
        ReceiverStream::new(receiver)
    }
}

fn denied(denied: Denied) -> Fault {
    match denied {
        Denied::Fault(fault) => fault,
        Denied::Hold(_) | Denied::Over => Fault::internal("a preview without a grant needs one"),
    }
}

/// The most days of one question: a year's.
const DAYS_MOST: usize = 366;

/// What is taken back with what was paid for it.
fn takes_back(v: &mut Violations, request: &ReassessRequest) -> Option<TakesBack> {
    if request.taken_back.is_empty() {
        return Some(if request.claw_back { TakesBack::All } else { TakesBack::Nothing });
    }
    if request.taken_back.len() > DAYS_MOST {
        v.add("taken_back", request.taken_back.len(), format!("at most {DAYS_MOST} days"));
        return None;
    }
    let days = request.taken_back.iter().enumerate().map(|(at, taken)| {
        v.within_item("taken_back", at, |v| {
            let day = read::date(v, "on_date", &taken.on_date);
            let categories = taken.categories.iter().map(|word| read::word(v, "categories", *word));
            let categories: Option<BTreeSet<Category>> = categories.collect();
            Some((day?, categories?))
        })
    });
    days.collect::<Option<BTreeMap<_, _>>>().map(TakesBack::OnDays)
}

/// Why a year is decided anew.
fn cause(v: &mut Violations, request: &ReassessRequest) -> Option<Cause> {
    use settlement_pb::RevisionCause as Word;
    match request.cause() {
        Word::PersonChanged => Some(Cause::PersonChanged),
        Word::ThirdFollowed => Some(Cause::ThirdFollowed),
        Word::LimitFreed => Some(Cause::LimitFreed),
        other => {
            let expected = "REVISION_CAUSE_PERSON_CHANGED, _THIRD_FOLLOWED or _LIMIT_FREED";
            v.add("cause", other.as_str_name(), expected);
            None
        }
    }
}

type Written = (Result<ReassessedPb, policy_pb::Refusal>, String);

fn written(policies: &Policies, done: &Done, form: Form) -> Result<Written, Fault> {
    let Done::Reassessed(reassessed) = done else {
        return Err(Fault::internal("a reassessment got the answer of another command"));
    };
    match &**reassessed {
        Reassessed::Done(adjusted) => {
            let adjustments = answer::adjustments(policies, adjusted, form)?;
            Ok((Ok(ReassessedPb { nothing_changed: adjusted.is_empty(), adjustments }), String::new()))
        }
        Reassessed::Refused(claim, policy, decision) => match &decision.outcome {
            Decided::Refused(refusal) => Ok((Err(write::refusal(policy, refusal)), claim.to_string())),
            Decided::Settled(_) => Err(Fault::internal("a decision that settles is not a refusal")),
        },
    }
}

/// The token of a year: behind it.
fn token(question: &[u8], standing: &StandingYear) -> String {
    let place = page::Place { number: i64::from(standing.year.year), id: standing.person.to_string() };
    page::token(question, &place)
}

fn resumed(v: &mut Violations, text: &str, question: &[u8]) -> Option<Option<(Name, i32)>> {
    let Some(place) = page::place(v, "resume_token", text, question)? else { return Some(None) };
    let read = Name::new(&place.id).ok().zip(i32::try_from(place.number).ok());
    if read.is_none() {
        v.add("resume_token", text, "the token of a message before, with the same question");
    }
    read.map(Some)
}

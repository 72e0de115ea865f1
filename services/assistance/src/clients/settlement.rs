use std::collections::BTreeSet;

use chrono::NaiveDate;
use money::Fen;
use pb::policy::v1 as policy_pb;
use pb::settlement::v1 as settlement_pb;
use pb::settlement::v1::one_stop_service_client::OneStopServiceClient;
use pb::settlement::v1::pre_reassess_response::Outcome as WouldBe;
use pb::settlement::v1::reassess_response::Outcome as Reassessed;
use pb::settlement::v1::{
    GetHoldOutcomeRequest, PreReassessRequest, ReassessRequest, RevisionCause, StreamBurdensRequest,
    StreamBurdensResponse,
};
use prost::Message as _;
use rpc::{Client, Fault, Violations};
use terms::{Category, Division, Name};
use tonic::{Status, Streaming};
use wire::change::{Cause, Change, YearStand};
use wire::{read, write};

use crate::domain::{Answer, Reassess, Refused, TakenBack, Terms};

/// What settlement answers to the keeper of the third system.
#[derive(Clone, Debug)]
pub(crate) struct OneStop {
    service: OneStopServiceClient<Client>,
}

/// What became of a hold, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A commit used it: the person's Changes that were not kept yet, in order.
    Used(Vec<Change>),
    /// None did, and none will.
    Refused,
}

/// A person's year whose burden was folded anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Burden {
    pub(crate) person: Name,
    /// The last of the person's Changes that is contained.
    pub(crate) sequence: u64,
    /// The year, without claims.
    pub(crate) stand: YearStand,
    /// Goes on behind it.
    pub(crate) resume_token: String,
}

/// What a category would bring a person in a year.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Preview {
    /// The claims that would change, as settlement says them.
    pub(crate) would_change: Vec<settlement_pb::Adjustment>,
    /// What the person would pay less.
    pub(crate) award: Fen,
    /// Why the year could not be decided with it.
    pub(crate) refused: Option<policy_pb::Refusal>,
}

/// Burdens as they come.
pub(crate) struct Burdens(Streaming<StreamBurdensResponse>);

impl Burdens {
    /// The next; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Burden>, NotSaid> {
        let said = self.0.message().await.map_err(|status| NotSaid::Status(Box::new(status)))?;
        said.as_ref().map(burden).transpose().map_err(NotSaid::Answer)
    }
}

fn burden(said: &StreamBurdensResponse) -> Result<Burden, Fault> {
    let mut v = Violations::new();
    let person = read::id(&mut v, "person_id", &said.person_id);
    let stand = v.required("year", said.year.as_ref(), "how the year stands");
    let stand = stand.and_then(|stand| v.within("year", |v| read::year_stand(v, stand)));
    let (person, stand) = v.finish(person.zip(stand))?;
    Ok(Burden { person, sequence: said.sequence, stand, resume_token: said.resume_token.clone() })
}

/// Why settlement did not say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSaid {
    /// It was not reached, or refused to answer.
    #[error("ask settlement")]
    Status(#[source] Box<Status>),
    /// Its answer cannot be read.
    #[error("read what settlement says")]
    Answer(#[source] Fault),
}

impl OneStop {
    pub(crate) fn new(client: Client) -> Self {
        Self { service: OneStopServiceClient::new(client) }
    }

    /// Asks what became of a hold of a person, of whose Changes all up to `after` are kept. The question is decisive: a hold
    /// that is not used is refused by it.
    pub(crate) async fn outcome(&self, hold: Name, person: Name, after: u64) -> Result<Outcome, NotSaid> {
        let (hold_id, person_id) = (hold.to_string(), person.to_string());
        let request = GetHoldOutcomeRequest { hold_id, person_id, after_sequence: after };
        let answer = self.service.clone().get_hold_outcome(request).await;
        let answer = answer.map_err(|status| NotSaid::Status(Box::new(status)))?.into_inner();
        if !answer.used {
            return Ok(Outcome::Refused);
        }
        let mut v = Violations::new();
        let changes: Option<Vec<Change>> = answer
            .changes
            .iter()
            .enumerate()
            .map(|(at, change)| v.within_item("changes", at, |v| read::change(v, change)))
            .collect();
        Ok(Outcome::Used(v.finish(changes).map_err(NotSaid::Answer)?))
    }

    /// Asks for the burdens of a division and all below it, behind a token.
    pub(crate) async fn burdens(&self, division: Division, year: i32, token: &str) -> Result<Burdens, NotSaid> {
        let (division, resume_token) = (division.to_string(), token.to_owned());
        let request = StreamBurdensRequest { division, year: u32::try_from(year).unwrap_or_default(), resume_token };
        let answer = self.service.clone().stream_burdens(request).await;
        Ok(Burdens(answer.map_err(|status| NotSaid::Status(Box::new(status)))?.into_inner()))
    }

    /// Asks what a category would bring a person in a year; nothing is kept.
    pub(crate) async fn preview(&self, person: Name, year: i32, terms: &Terms) -> Result<Preview, NotSaid> {
        let request = PreReassessRequest {
            person_id: person.to_string(),
            year: u32::try_from(year).unwrap_or_default(),
            category: write::word(terms.counts_as()),
            from_date: write::date(terms.from),
            to_date: write::optional_date(terms.to),
        };
        let answer = self.service.clone().pre_reassess(request).await;
        let answer = answer.map_err(|status| NotSaid::Status(Box::new(status)))?.into_inner();
        match answer.outcome {
            Some(WouldBe::Done(done)) => {
                let cash: Fen = done.adjustments.iter().map(|one| Fen::new(one.cash_fen)).sum();
                Ok(Preview { would_change: done.adjustments, award: -cash, refused: None })
            }
            Some(WouldBe::Refused(refusal)) => Ok(Preview { refused: Some(refusal), ..Preview::default() }),
            None => Err(NotSaid::Answer(Fault::internal("an answer without an outcome"))),
        }
    }

    /// Asks to decide a person's year anew, under the question's own id: asked twice, the answer is the same.
    /// `taken_back` names what of its days is taken back with what was paid for it.
    pub(crate) async fn reassess(&self, asked: &Reassess, taken_back: &TakenBack) -> Result<Answer, NotSaid> {
        let taken = |(day, categories): (&NaiveDate, &BTreeSet<Category>)| settlement_pb::TakenBack {
            on_date: write::date(*day),
            categories: categories.iter().map(|category| write::word(*category)).collect(),
        };
        let request = ReassessRequest {
            idempotency_key: asked.id.clone(),
            person_id: asked.person.to_string(),
            year: u32::try_from(asked.year).unwrap_or_default(),
            cause: cause_number(asked.occasion.cause),
            about_id: asked.occasion.about.to_string(),
            claw_back: asked.occasion.claw_back,
            taken_back: taken_back.iter().map(taken).collect(),
        };
        let answer = self.service.clone().reassess(request).await;
        let answer = answer.map_err(|status| NotSaid::Status(Box::new(status)))?.into_inner();
        match answer.outcome {
            Some(Reassessed::Done(done)) if done.nothing_changed => Ok(Answer::NothingChanged),
            Some(Reassessed::Done(_)) => Ok(Answer::Done),
            Some(Reassessed::Refused(refusal)) => {
                let claim = Some(answer.refused_claim_id).filter(|claim| !claim.is_empty());
                Ok(Answer::Refused(Refused { refusal: refusal.encode_to_vec(), claim, under: None }))
            }
            None => Err(NotSaid::Answer(Fault::internal("an answer without an outcome"))),
        }
    }
}

/// The number of a cause for which a year is decided anew.
pub(crate) fn cause_number(cause: Cause) -> i32 {
    let cause = match cause {
        Cause::ThirdFollowed => RevisionCause::ThirdFollowed,
        Cause::LimitFreed => RevisionCause::LimitFreed,
        _ => RevisionCause::PersonChanged,
    };
    cause.into()
}

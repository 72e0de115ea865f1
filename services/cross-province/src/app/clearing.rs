//! Monthly clearing: the centre's verbs and a province's own.

pub(crate) mod answer;
pub(crate) mod book_notices;
pub(crate) mod confirm;
pub(crate) mod declare;
pub(crate) mod declare_month;
pub(crate) mod deduct;
pub(crate) mod dispute;
pub(crate) mod issue;
pub(crate) mod make;
pub(crate) mod open;
pub(crate) mod pay;
pub(crate) mod resolve;
pub(crate) mod say;

use std::time::Duration;

use ::pb::cross_province::v1::clearing_service_client::ClearingServiceClient;
use crossing::clearing::{Act, Month, PeriodState, Timetable, Timetables};
use prost::Message;
use rpc::{BadAddress, Client, Fault, Reason, Tls};
use sha2::{Digest as _, Sha256};
use store::idempotency::{self, Answered, Call};
use store::{Attempts, Tx};
use terms::Division;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::{App, Problem};
use crate::domain::Peers;
use crate::store::clearing::Lock;
use crate::store::clearing::periods::{self, Period};
use crate::store::clearing::sheets::{self, SheetRow};

/// The days of clearing, as data.
const TIMETABLES: &str = include_str!("../../clearing/timetable.toml");

/// How long making a sheet may take: it reads everything of a month.
const MAKING: Attempts = Attempts { most: 2, deadline: Duration::from_secs(300), backoff: Duration::from_millis(100) };

/// What clearing needs beside the rest of the service.
pub(crate) struct Clearing {
    /// The centre, where there is one in the table of peers and this province is another.
    centre: Option<ClearingServiceClient<Client>>,
    timetables: Option<Timetables>,
}

impl Clearing {
    /// Finds the centre in the table of peers.
    pub(crate) fn new(peers: &Peers, own: Division, tls: Option<&Tls>) -> Result<Self, BadAddress> {
        let centre = match peers.centre().filter(|centre| *centre != own).and_then(|centre| peers.get(centre)) {
            Some(peer) => {
                let channel = match tls {
                    Some(tls) => rpc::channel_over(&peer.address, tls)?,
                    None => rpc::channel(&peer.address)?,
                };
                Some(ClearingServiceClient::new(channel))
            }
            None => None,
        };
        let timetables = toml::from_str::<Timetables>(TIMETABLES).ok().and_then(|read| read.checked().ok());
        Ok(Self { centre, timetables })
    }

    fn centre(&self) -> Result<ClearingServiceClient<Client>, Fault> {
        let message = "there is no centre in the table of peers: nothing is cleared from here";
        self.centre.clone().ok_or_else(|| Fault::new(Reason::NotAllowed, message))
    }

    fn timetable(&self, month: Month) -> Result<&Timetable, Fault> {
        let tables = self.timetables.as_ref().ok_or_else(|| Fault::internal("the timetable of clearing is broken"))?;
        tables.of(month).ok_or_else(|| {
            let message = "no timetable of clearing holds for so early a month";
            Fault::wrong_state("no_timetable", message).with("month", month.to_string())
        })
    }
}

/// Does the work of a call once, and gives its answer as often as it is made.
async fn once<R, W, F>(app: &App, call: &Call, attempts: Attempts, work: W) -> Result<R, Problem>
where
    R: Message + Default,
    W: Fn(Tx) -> F + Sync,
    F: Future<Output = Result<R, Problem>> + Send,
{
    let work = &work;
    let made = |tx: Tx| async move {
        let inner = tx.clone();
        let done = || async move { Ok::<_, Problem>(work(inner).await?.encode_to_vec()) };
        idempotency::once(&tx, call, done).await
    };
    let (Answered::Now(bytes) | Answered::Before(bytes)) = app.database.transaction_with(attempts, made).await?;
    R::decode(bytes.as_slice()).map_err(|error| Fault::internal(error).into())
}

/// The answer a call got before.
async fn before<R: Message + Default>(app: &App, call: &Call) -> Result<Option<R>, Problem> {
    let kept = idempotency::look_up(app.database.reader(), &[call]).await?;
    let Some(kept) = kept.into_iter().next().flatten() else { return Ok(None) };
    if let Some(field) = kept.first_difference(call) {
        return Err(Fault::key_reused(&field).into());
    }
    let answer = R::decode(kept.answer.as_slice()).map_err(Fault::internal)?;
    Ok(Some(answer))
}

/// The key of a call that is made to the centre for a call made here: the same for the same.
fn derived(call: &Call, what: &str) -> String {
    hex::encode(Sha256::digest(format!("{what} {}", call.key())))
}

/// A month, locked, in which something may be done; its state is the one after that.
async fn period(tx: &Tx, month: Month, lock: Lock, act: Act) -> Result<Period, Problem> {
    let mut found = periods::get(tx, month, lock).await?.ok_or_else(|| no_period(month))?;
    found.state = found.state.after(act).ok_or_else(|| {
        let message = match (found.state, act) {
            (PeriodState::Declaring, _) => "the month's sheet is not made yet",
            (PeriodState::Sheet, Act::Pay | Act::Receive | Act::Close) => "the month's notices are not issued yet",
            (PeriodState::Sheet, _) => "the month's sheet is made: declare with a later month",
            (PeriodState::Noticed | PeriodState::Closed, _) => {
                "the month's notices are issued: it does not change any more"
            }
        };
        Fault::wrong_state(found.state.word(), message)
    })?;
    Ok(found)
}

fn no_period(month: Month) -> Fault {
    Fault::not_found("clearing_period", &month.to_string())
}

/// A row of a sheet, locked.
async fn row(tx: &Tx, month: Month, care: Division, insured: Division) -> Result<SheetRow, Problem> {
    let found = sheets::get(tx, (month, care, insured)).await?;
    Ok(found.ok_or_else(|| Fault::not_found("clearing_row", &format!("{month}/{care}/{insured}")))?)
}

/// When a centre that is away is called again.
const AGAIN: Duration = Duration::from_secs(5);

/// What the centre has said: its own reason and words, or that it is away.
fn said(status: &Status) -> Fault {
    let reason = status.get_error_details().error_info().map(|info| format!("ERROR_REASON_{}", info.reason));
    match reason.and_then(|reason| Reason::from_str_name(&reason)) {
        None
        | Some(Reason::Unspecified | Reason::Unavailable | Reason::Contended | Reason::Deadline | Reason::Internal) => {
            Fault::unavailable("the centre", AGAIN)
        }
        Some(reason) => Fault::new(reason, format!("the centre: {}", status.message())),
    }
}

//! A bill at the place of insurance: takes a message about it, has the bureau decide or settle, and answers.

use std::sync::Arc;

use crossing::{Asks, BillId, Booked, Effect, InsuredBill, InsuredEvent, Moved, Says, Sealed, Shares, Step, Unsettled};
use host::failpoint;
use money::Fen;
use pb::cross_province::v1 as pb;
use rpc::{Fault, Reason};
use store::Tx;
use terms::{Division, Name};
use tokio::time::Duration;
use wire::crossing::{About, Body, said};

use super::admit::{self, Came};
use super::book::Books;
use super::filing::{self, Elsewhere};
use super::{App, Problem};
use crate::clients::{Decision, FiledAs, Settling};
use crate::domain::{InsuredRow, Role};
use crate::store::{bills, links};

/// How long the other province is asked to wait where this bureau is away.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to be asked of the bureau, outside any transaction.
#[derive(Clone, Debug)]
enum Work {
    Decide { round: u32, row: Box<InsuredRow> },
    Settle { round: u32, row: Box<InsuredRow> },
    Renew { round: u32, row: Box<InsuredRow> },
    Reverse { round: u32, row: Box<InsuredRow> },
}

/// What a move leaves to be done, and what it says.
#[derive(Clone, Debug, Default)]
struct Left {
    work: Option<Work>,
    said: Option<(Step, Says)>,
    answer: Option<Sealed>,
}

/// What of the bureau's word belongs into the row beside what the machine needs.
#[derive(Clone, Debug, Default)]
struct Papers {
    offer: Option<pb::Offered>,
    refusal: Option<pb::Refused>,
    receipt: Option<Vec<u8>>,
}

/// A message about a bill, believed.
#[derive(Clone, Debug)]
struct Question {
    sealed: Sealed,
    body: Body,
    about: About,
    asks: Asks,
}

/// Answers a message about a bill that is believed.
///
/// # Errors
/// What the sender may not say; `UNAVAILABLE` where the bureau could not be asked: the same message may be sent again.
pub(super) async fn deliver(
    app: &Arc<App>,
    sealed: Sealed,
    body: Body,
    (about, asks): (About, Asks),
) -> Result<Sealed, Fault> {
    own(app, &sealed, &body)?;
    let question = Arc::new(Question { sealed, body, about, asks });
    super::to_its_end::to_its_end(answered(Arc::clone(app), question)).await
}

/// Whether a province speaks for its own hospitals, and to those of whose people it speaks.
fn own(app: &App, sealed: &Sealed, body: &Body) -> Result<(), Fault> {
    let Body::Prepare(prepare) = body else { return Ok(()) };
    let province = |code: &str| code.parse().ok().map(Division::province);
    let wrong = |field: &'static str, message: &str| Fault::new(Reason::WrongProvince, message).with("field", field);
    if province(&prepare.care_division) != Some(sealed.header.sender) {
        return Err(wrong("care_division", "the place of care is not the sender's"));
    }
    if province(&prepare.insured_division) != Some(app.province) {
        return Err(wrong("insured_division", "the person is not insured in this province"));
    }
    Ok(())
}

async fn answered(app: Arc<App>, question: Arc<Question>) -> Result<Sealed, Problem> {
    let mut left = asked(&app, &question).await?;
    if let Some(answer) = left.answer.take() {
        return Ok(answer);
    }
    while let Some(work) = left.work.take() {
        failpoint("insured.works");
        let (id, event, papers) = done(&app, work).await;
        let Some(event) = event else { break };
        failpoint("insured.worked");
        left = moved_by(&app, id, event, papers).await?;
    }
    // what the bill says now to who asked: the answer to the step that was asked about
    let mut left = asked(&app, &question).await?;
    left.answer.take().ok_or_else(|| Fault::unavailable("the bureau of the place of insurance", AGAIN).into())
}

/// Hears a message, keeps it, and answers it where the bill has an answer.
async fn asked(app: &Arc<App>, question: &Arc<Question>) -> Result<Left, Problem> {
    let work = |tx: Tx| {
        let (app, question) = (Arc::clone(app), Arc::clone(question));
        async move {
            let Question { sealed, body, about, asks } = &*question;
            bills::lock(&tx, Role::Insured, about.bill).await?;
            let row = bills::insured(&tx, about.bill).await?;
            if row.as_ref().is_some_and(|row| row.peer != sealed.header.sender) {
                return Err(Fault::new(Reason::WrongProvince, "the bill is another province's").into());
            }
            let came = admit::take(&app, &tx, sealed, Some(*about)).await?;
            let row = row.unwrap_or_else(|| new_row(about.bill, sealed.header.sender, body, &app));
            let event = InsuredEvent::Asked { step: about.step, asks: *asks, closed: false };
            let (row, mut left) = moved(&app, &tx, row, event, Papers::default()).await?;
            if let Some((step, says)) = left.said.filter(|(step, _)| *step == about.step) {
                left.answer = Some(answer(&app, &tx, &row, (step, says), sealed, came).await?);
            }
            Ok(left)
        }
    };
    app.database.transaction(work).await
}

/// The answer to a message: the one it got, where nothing has changed since, or a new one.
async fn answer(
    app: &App,
    tx: &Tx,
    row: &InsuredRow,
    (step, says): (Step, Says),
    question: &Sealed,
    came: Came,
) -> Result<Sealed, Problem> {
    let about = About { bill: row.bill.id, step };
    let body = said(about, says, &row.offer, &row.refusal, &row.receipt);
    if came == Came::Again
        && let Some(before) = links::answer_to(tx, question.header.message_id).await?
        && before.header.kind == body.word()
        && before.body == body.encode()
    {
        return Ok(before);
    }
    admit::append(app, tx, question.header.sender, &body, Some(about), Some(question)).await
}

/// Moves a bill by what the bureau did, or by time.
async fn moved_by(
    app: &Arc<App>,
    id: BillId,
    event: InsuredEvent,
    papers: (Papers, Option<InsuredRow>),
) -> Result<Left, Problem> {
    let papers = Arc::new(papers);
    let work = |tx: Tx| {
        let (app, papers) = (Arc::clone(app), Arc::clone(&papers));
        async move {
            bills::lock(&tx, Role::Insured, id).await?;
            // what was decided before it was on record comes with what is to be put there
            let Some(row) = bills::insured(&tx, id).await?.or_else(|| papers.1.clone()) else {
                return Ok(Left::default());
            };
            let (_, left) = moved(&app, &tx, row, event, papers.0.clone()).await?;
            Ok::<_, Problem>(left)
        }
    };
    app.database.transaction(work).await
}

/// Moves a bill by an event, and keeps the move with all that belongs to it. The bill is locked.
async fn moved(
    app: &App,
    tx: &Tx,
    mut row: InsuredRow,
    event: InsuredEvent,
    papers: Papers,
) -> Result<(InsuredRow, Left), Problem> {
    let Moved { state, effects } = row.bill.step(event, app.now(), &app.terms);
    let is_moved = state != row.bill;
    let is_another = (state.state, state.step) != (row.bill.state, row.bill.step);
    row.bill = state;
    if is_another {
        row.offer = papers.offer.unwrap_or(row.offer);
        row.refusal = papers.refusal.unwrap_or(row.refusal);
        row.receipt = papers.receipt.unwrap_or(row.receipt);
    }
    for effect in &effects {
        if let Effect::Book(Booked::Settled(receipt)) = effect {
            (row.owed, row.cash) = (receipt.owed, receipt.cash);
        }
    }
    if is_moved {
        bills::keep_insured(tx, &row).await?;
    }
    if is_another {
        let (state, step) = (row.bill.word(), row.bill.step);
        bills::add_step(tx, (Role::Insured, row.bill.id), (word(&event), state, step), app.now()).await?;
    }
    let mut left = Left::default();
    for effect in effects {
        let kept = || Box::new(row.clone());
        match effect {
            Effect::Reply(step, says) => left.said = Some((step, says)),
            Effect::Decide { round } => left.work = Some(Work::Decide { round, row: kept() }),
            Effect::Settle { round } => left.work = Some(Work::Settle { round, row: kept() }),
            Effect::Renew { round } => left.work = Some(Work::Renew { round, row: kept() }),
            Effect::Reverse { round } => left.work = Some(Work::Reverse { round, row: kept() }),
            Effect::Book(booked) => books(&row)?.book(app, tx, booked).await?,
            Effect::Send(..) | Effect::Hold(_) | Effect::Free | Effect::Use | Effect::GiveBack | Effect::Answer(_) => {
                return Err(Fault::internal("the place of insurance was asked for what the place of care does").into());
            }
        }
    }
    failpoint("insured.moved");
    Ok((row, left))
}

/// Asks the bureau, and gives what the bill is to be told of it; no event where nobody answered and nothing is on record.
async fn done(app: &App, work: Work) -> (BillId, Option<InsuredEvent>, (Papers, Option<InsuredRow>)) {
    match work {
        Work::Decide { round, row } => {
            let (id, step) = (row.bill.id, row.prepare.step);
            let content = content_of(&row);
            let event = match filed_as(app, &row).await {
                Ok(Ok(filed)) => decided(app, &row, (round, step, content), &filed).await,
                Ok(Err(refused)) => no(refused, (round, step, content)),
                Err(fault) => {
                    tracing::info!(bill = %id, %fault, "it is not known as what the bill is filed");
                    (None, Papers::default())
                }
            };
            (id, event.0, (event.1, Some(*row)))
        }
        Work::Renew { round, row } => {
            let id = row.bill.id;
            // first the round that is over is made sure to be over: no copy of its call can settle it any more
            let day = app.settlement.take_out(&row.prepare, id, round).await;
            if let Err(error) = day {
                tracing::info!(bill = %id, error = %error, "the round was not ended yet");
                return (id, None, (Papers::default(), None));
            }
            // what is filed meanwhile changes nothing: the bill is the one that was offered
            let filed = FiledAs { filing: row.offer.filing, id: row.offer.filing_id.clone() };
            let next = (round.saturating_add(1), row.bill.step, row.bill.content);
            let (event, papers) = decided(app, &row, next, &filed).await;
            (id, event, (papers, None))
        }
        Work::Settle { round, row } => {
            let id = row.bill.id;
            let (result, papers) =
                match app.settlement.settle(&row.prepare, id, round, (offered(&row), &row.offer)).await {
                    Ok(Settling::Settled(receipt, bytes)) => {
                        (Ok(receipt), Papers { receipt: Some(bytes), ..Papers::default() })
                    }
                    Ok(Settling::Changed) => (Err(Unsettled::Changed), Papers::default()),
                    Ok(Settling::Refused(refusal)) => {
                        let papers = Papers { refusal: Some(*refusal), ..Papers::default() };
                        (Err(Unsettled::Refused(crossing::Why::Policy)), papers)
                    }
                    Err(error) => {
                        tracing::info!(bill = %id, error = %error, "the bureau has not settled yet");
                        (Err(Unsettled::Away), Papers::default())
                    }
                };
            (id, Some(InsuredEvent::Committed { round, result }), (papers, None))
        }
        Work::Reverse { round, row } => {
            let id = row.bill.id;
            let day = app.settlement.take_out(&row.prepare, id, round).await;
            let day = day.inspect_err(|error| tracing::info!(bill = %id, error = %error, "not taken out yet")).ok();
            (id, Some(InsuredEvent::TakenOut { round, day }), (Papers::default(), None))
        }
    }
}

async fn decided(
    app: &App,
    row: &InsuredRow,
    (round, step, content): (u32, Step, [u8; 32]),
    filed: &FiledAs,
) -> (Option<InsuredEvent>, Papers) {
    match app.settlement.decide(&row.prepare, row.bill.id, filed).await {
        Ok(Decision::Offered { shares: Shares { owed, cash }, offer }) => {
            let event = InsuredEvent::Decided { step, content, round, result: Ok(Shares { owed, cash }) };
            (Some(event), Papers { offer: Some(*offer), ..Papers::default() })
        }
        Ok(Decision::Refused(refusal)) => no(*refusal, (round, step, content)),
        Err(error) => {
            tracing::info!(bill = %row.bill.id, error = %error, "the bureau has not decided");
            (None, Papers::default())
        }
    }
}

fn no(refusal: pb::Refused, (round, step, content): (u32, Step, [u8; 32])) -> (Option<InsuredEvent>, Papers) {
    let event = InsuredEvent::Decided { step, content, round, result: Err(crossing::Why::Policy) };
    (Some(event), Papers { refusal: Some(refusal), ..Papers::default() })
}

/// As what a bill is filed here, by what is on record now; or why it is not settled directly.
async fn filed_as(app: &App, row: &InsuredRow) -> Result<Result<FiledAs, pb::Refused>, Fault> {
    let prepare = &row.prepare;
    let bill = prepare.bill.clone().unwrap_or_default();
    let care = wire::read::word(&mut rpc::Violations::new(), "care", bill.care);
    let from = bill.from_date.parse().ok();
    let places = prepare.insured_division.parse().ok().zip(prepare.care_division.parse().ok());
    let (Some(care), Some(from), Some((division, place))) = (care, from, places) else {
        // what cannot be read is settlement's to refuse, field by field
        return Ok(Ok(FiledAs { filing: wire::write::word(terms::Filing::Unfiled), id: String::new() }));
    };
    let is_emergency = prepare.emergency;
    let (person, disease) = (prepare.insured_id.as_str(), bill.disease.as_str());
    let of = Elsewhere { person, division, place, from, care, disease, is_emergency };
    let counted = filing::counted(app, &of).await?;
    Ok(match counted.refused {
        None => Ok(FiledAs { filing: wire::write::word(counted.filing), id: counted.filing_id }),
        Some((refusal, policy)) => Err(pb::Refused {
            refusal: Some(wire::write::refusal(&policy, &refusal)),
            policy_version: policy.version().to_string(),
            advice: filing::advice(&refusal),
            ..pb::Refused::default()
        }),
    })
}

/// What was offered and is settled: owed and cash, in fen.
fn offered(row: &InsuredRow) -> (Fen, Fen) {
    (Fen::new(row.offer.owed_fen), Fen::new(row.offer.cash_fen))
}

fn content_of(row: &InsuredRow) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(prost::Message::encode_to_vec(&row.prepare)).into()
}

fn new_row(id: BillId, peer: Division, body: &Body, app: &App) -> InsuredRow {
    let prepare = if let Body::Prepare(prepare) = body { prepare.clone() } else { pb::Prepare::default() };
    InsuredRow {
        bill: InsuredBill::new(id),
        peer,
        prepare,
        offer: pb::Offered::default(),
        refusal: pb::Refused::default(),
        receipt: Vec::new(),
        owed: Fen::ZERO,
        cash: Fen::ZERO,
        opened_at: app.now(),
    }
}

fn books(row: &InsuredRow) -> Result<Books, Fault> {
    Ok(Books {
        role: Role::Insured,
        bill: row.bill.id,
        peer: row.peer,
        institution: Name::new(&row.prepare.institution_id).map_err(Fault::internal)?,
        person: Name::new(&row.prepare.insured_id).map_err(Fault::internal)?,
        total: row.total(),
    })
}

/// Moves a bill that time has passed for, and does what it wants of the bureau.
pub(super) async fn tick(app: &Arc<App>, id: BillId) -> Result<(), Problem> {
    let mut left = moved_by(app, id, InsuredEvent::Tick, (Papers::default(), None)).await?;
    while let Some(work) = left.work.take() {
        let (id, event, papers) = done(app, work).await;
        let Some(event) = event else { return Ok(()) };
        left = moved_by(app, id, event, papers).await?;
    }
    Ok(())
}

const fn word(event: &InsuredEvent) -> &'static str {
    match event {
        InsuredEvent::Asked { asks, .. } => match asks {
            Asks::Prepare { .. } => "prepare",
            Asks::Confirm { .. } => "confirm",
            Asks::Finish { .. } => "finish",
            Asks::Cancel => "cancel",
            Asks::Reverse { .. } => "reverse",
            Asks::Ask => "ask",
        },
        InsuredEvent::Decided { .. } => "decided",
        InsuredEvent::Committed { .. } => "committed",
        InsuredEvent::TakenOut { .. } => "taken_out",
        InsuredEvent::Tick => "tick",
    }
}

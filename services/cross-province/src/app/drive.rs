//! Sends what a bill at the place of care wants sent, and takes what comes back, until nothing is to be sent or nobody answers.

use std::sync::Arc;

use crossing::{BillId, CareEvent, Says, Sealed, Told, Undone};
use host::failpoint;
use rpc::{Fault, Reason};
use store::Tx;
use tokio::sync::oneshot;
use wire::crossing::{Body, Meaning, meaning};

use super::admit::{self, Came};
use super::care::{self, Todo};
use super::{App, Problem};
use crate::domain::Role;
use crate::store::bills;

/// Who waits at the window for what becomes of a bill.
pub(crate) type Window = oneshot::Sender<Told>;

/// Sends and takes answers as long as there is something to send.
pub(crate) async fn drive(app: &Arc<App>, id: BillId, mut todo: Todo, mut window: Option<Window>) {
    loop {
        if let Some(told) = todo.told.take()
            && let Some(window) = window.take()
        {
            // who hung up asks for the outcome
            let _ = window.send(told);
        }
        let Some(message) = todo.send.pop() else { return };
        failpoint("care.sends");
        let answer = match app.lines.deliver(&message).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::info!(bill = %id, peer = %message.header.receiver, error = %error, "no answer yet");
                return;
            }
        };
        match arrived(app, id, &message, answer).await {
            Ok(next) => todo = next,
            Err(fault) => {
                tracing::warn!(bill = %id, %fault, "an answer was not taken");
                return;
            }
        }
    }
}

/// Takes the answer to a message of a bill.
async fn arrived(app: &Arc<App>, id: BillId, asked: &Sealed, answer: Sealed) -> Result<Todo, Fault> {
    if answer.header.sender != asked.header.receiver {
        return Err(Fault::new(Reason::WrongProvince, "the answer is another province's"));
    }
    let body = admit::believed(app, &answer)?;
    let unread =
        |error| Fault::new(Reason::NotAuthentic, "the answer cannot be read").with("why", "format").because(error);
    let Meaning::Says(about, says) = meaning(&body).map_err(unread)? else {
        return Err(Fault::new(Reason::WrongProvince, "what was asked about a bill was not answered"));
    };
    if about.bill != id {
        return Err(Fault::new(Reason::WrongProvince, "the answer is about another bill"));
    }
    let (working, content) = (Arc::clone(app), Arc::new((answer, body)));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, content) = (Arc::clone(&working), Arc::clone(&content));
            async move {
                let (answer, body) = &*content;
                bills::lock(&tx, Role::Care, id).await?;
                let row = bills::care(&tx, id).await?.ok_or_else(|| Fault::internal("a bill is not on record"))?;
                // what came before is heard again: the machine knows it
                let _: Came = admit::take(&app, &tx, answer, Some(about)).await?;
                if let Some(receipt) = receipt_of(&says)
                    && !care::fits(&row, bytes_of(body), &receipt)
                {
                    return Err(Fault::new(Reason::WrongProvince, "the receipt is not of this bill").into());
                }
                let event = CareEvent::Said { step: about.step, says, left: None };
                let (_, todo) = care::moved(&app, &tx, row, event, Some(body)).await?;
                Ok::<_, Problem>(todo)
            }
        };
        working.database.transaction(work).await
    };
    super::to_its_end::to_its_end(committing).await
}

const fn receipt_of(says: &Says) -> Option<crossing::Receipt> {
    match says {
        Says::Confirmed(receipt) | Says::Reversed(Undone::TookOut { receipt, .. }) => Some(*receipt),
        _ => None,
    }
}

fn bytes_of(body: &Body) -> &[u8] {
    match body {
        Body::Confirmed(confirmed) => &confirmed.receipt,
        Body::Reversed(reversed) => &reversed.receipt,
        _ => &[],
    }
}

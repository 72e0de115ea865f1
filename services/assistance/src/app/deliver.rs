//! Asks settlement to decide years anew, each once: the id of the event is its key there too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use host::failpoint;
use rpc::{Call, Deadline, Fault};
use store::Tx;
use store::outbox::Event;
use tracing::Instrument as _;

use super::{App, Problem, mend};
use crate::domain::{AskState, Reassess};
use crate::store::{mends, people};

/// How long settlement may take: it asks this service for a hold meanwhile.
const PATIENCE: Duration = Duration::from_secs(25);
/// When settlement is asked again that did not answer; the relay's own pauses are longer.
const AGAIN: Duration = Duration::from_secs(1);

/// Delivers an event of the outbox.
///
/// # Errors
/// Why it is not delivered yet; it is to be tried again.
pub(crate) async fn event(app: &Arc<App>, event: Event) -> Result<(), Problem> {
    let span = tracing::info_span!("deliver", topic = event.topic, id = event.id);
    if let Some(parent) = &event.trace_context {
        rpc::trace::follow(&span, parent);
    }
    let id = String::from_utf8(event.payload).map_err(Fault::internal)?;
    let delivering = async {
        let asking = match event.topic.as_str() {
            mends::TOPIC => reassess(app, &id).await,
            topic => Err(Fault::internal(format!("an event of the unknown topic {topic}")).into()),
        };
        asking
            .inspect_err(|problem| tracing::warn!(id, error = chain(problem), "settlement has not decided a year anew"))
    };
    let call = Call { request_id: app.id(), deadline: Deadline::after(PATIENCE) };
    call.carry(delivering.instrument(span)).await
}

/// Asks settlement, outside any transaction, and records its answer; one that is answered already is left alone.
async fn reassess(app: &Arc<App>, id: &str) -> Result<(), Problem> {
    let Some(asked) = pending(app, id).await? else { return Ok(()) };
    let sending = |tx: Tx| {
        let person = asked.person;
        async move {
            // whoever finds something from now on asks once more: the answer may not know of it
            people::lock(&tx, &BTreeSet::from([person])).await?;
            Ok::<_, Problem>(mends::sent(&tx, id).await?)
        }
    };
    app.database.transaction(sending).await?;
    failpoint("reassess.sent");
    let Some(asked) = pending(app, id).await? else { return Ok(()) };
    let taken_back = mend::taken_back(app, &asked).await?;
    let away = |error| Fault::unavailable("settlement", AGAIN).because(error);
    let answer = app.settlement.reassess(&asked, &taken_back).await.map_err(away)?;
    failpoint("reassess.asked");
    mend::answered(app, &asked, answer).await?;
    app.news.notify_one();
    failpoint("reassess.done");
    Ok(())
}

async fn pending(app: &App, id: &str) -> Result<Option<Reassess>, Problem> {
    let found = mends::by_id(app.database.reader(), id).await?;
    let asked = found.ok_or_else(|| Fault::not_found("reassessment", id))?;
    Ok(Some(asked).filter(|asked| asked.state == AskState::Asked))
}

/// An error with what it came from.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, error| format!("{text}: {error}"))
}

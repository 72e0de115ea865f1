//! Takes a message of another province: believes it or not, and has it answered.

use std::sync::Arc;

use crossing::Sealed;
use rpc::{Fault, Reason};
use wire::crossing::{Body, Meaning, meaning};

use super::{App, admit, enquire, fetch, insured};

/// Answers a message.
///
/// # Errors
/// Why it is not believed, or not answered; nothing of it was kept then, unless the reason is `UNAVAILABLE`: the same may be sent again.
pub(crate) async fn deliver(app: &Arc<App>, sealed: Sealed) -> Result<Sealed, Fault> {
    let body = admit::believed(app, &sealed)?;
    let unread =
        |error| Fault::new(Reason::NotAuthentic, "the body cannot be read").with("why", "format").because(error);
    match meaning(&body).map_err(unread)? {
        Meaning::Asks(about, asks) => insured::deliver(app, sealed, body, (about, asks)).await,
        Meaning::Other if let Body::Fetch(wanted) = body => fetch::answer(app, sealed, wanted).await,
        Meaning::Other if let Body::Enquire(wanted) = body => enquire::answer(app, sealed, wanted).await,
        Meaning::Says(..) | Meaning::Other => {
            let message = "an answer comes as the answer to a message, and not by itself";
            Err(Fault::new(Reason::WrongProvince, message))
        }
    }
}

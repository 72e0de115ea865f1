//! Keeps messages: those that arrive, once they are believed, and those that are sent, before they are.

use crossing::{Draft, Refused, Sealed, Taken};
use host::failpoint;
use rpc::{Fault, Reason};
use store::Tx;
use terms::Division;
use wire::crossing::{About, Body};

use super::{App, Problem};
use crate::store::links::{self, AboutBill, Direction};

/// Whether an arriving message is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    New,
    Again,
}

/// A message of a peer, checked: who says it, and what.
pub(super) fn believed(app: &App, sealed: &Sealed) -> Result<Body, Fault> {
    let header = &sealed.header;
    ours(app, sealed)?;
    let checked = app.peers.keys().check(sealed, host::china_day(app.now()));
    checked.map_err(not_authentic)?;
    let not = |message: &str| Fault::new(Reason::NotAuthentic, message).with("why", "format");
    let kind = Body::kind_of(header.kind.as_str()).map_err(|_| not("the kind of message is not known"))?;
    Body::read(kind, &sealed.body).map_err(|_| not("the body is not in its one form, or says what is not known"))
}

/// A message of a peer whose body is gone, checked as far as it can be: who says it.
pub(super) fn signed(app: &App, sealed: &Sealed) -> Result<(), Fault> {
    ours(app, sealed)?;
    let today = host::china_day(app.now());
    app.peers.keys().signed(&sealed.header, &sealed.signature, today).map_err(not_authentic)
}

/// That a message is for this province, of one that is known here.
fn ours(app: &App, sealed: &Sealed) -> Result<(), Fault> {
    let header = &sealed.header;
    if header.receiver != app.province {
        let message = "the message is for another province than this one";
        return Err(Fault::new(Reason::WrongProvince, message).with("receiver", header.receiver.to_string()));
    }
    if app.peers.get(header.sender).is_none() {
        let message = "the sender is in no table of peers here";
        return Err(Fault::new(Reason::WrongProvince, message).with("sender", header.sender.to_string()));
    }
    Ok(())
}

fn not_authentic(error: crossing::NotAuthentic) -> Fault {
    let why = match error {
        crossing::NotAuthentic::Algorithm => "algorithm",
        crossing::NotAuthentic::Key => "key",
        crossing::NotAuthentic::Day => "day",
        crossing::NotAuthentic::Signature => "signature",
        crossing::NotAuthentic::Body => "body",
    };
    Fault::new(Reason::NotAuthentic, "the message is not its sender's").with("why", why).because(error)
}

/// Keeps an arriving message in this commit, where it is new. The chain's row is locked from here to the commit.
pub(super) async fn take(app: &App, tx: &Tx, sealed: &Sealed, about: Option<About>) -> Result<Came, Problem> {
    let mut link = links::lock(tx, app.province, sealed.header.sender).await?;
    let came = links::came(tx, &link, &sealed.header).await?;
    match link.take(&sealed.header, &came) {
        Taken::Again => Ok(Came::Again),
        Taken::New { gap } => {
            if let Some(gap) = gap {
                tracing::info!(peer = %link.peer, from = gap.start(), to = gap.end(), "messages are missing");
            }
            links::keep(tx, &link).await?;
            links::add(tx, Direction::In, sealed, &of_bill(about), app.now()).await?;
            Ok(Came::New)
        }
        Taken::Refused(why) => Err(refused(why, sealed).into()),
    }
}

fn refused(why: Refused, sealed: &Sealed) -> Fault {
    let sequence = sealed.header.sequence.to_string();
    match why {
        Refused::Route => Fault::new(Reason::WrongProvince, "the message is of another pair of provinces"),
        Refused::Replayed => Fault::new(Reason::Replayed, "the message's id or sequence was used for other content")
            .with("sequence", sequence),
        Refused::Broken => {
            tracing::error!(sender = %sealed.header.sender, sequence, "a chain of messages is broken");
            let message = "the message does not follow the one before it in its chain";
            Fault::new(Reason::ChainBroken, message).with("sequence", sequence)
        }
    }
}

/// Numbers, chains, signs and keeps a message in this commit. The chain's row is locked from here to the commit.
pub(super) async fn append(
    app: &App,
    tx: &Tx,
    peer: Division,
    body: &Body,
    about: Option<About>,
    reply_to: Option<&Sealed>,
) -> Result<Sealed, Problem> {
    let mut link = links::lock(tx, app.province, peer).await?;
    let draft = Draft {
        id: app.ids.next(),
        kind: body.word(),
        reply_to: reply_to.map(|message| message.header.message_id),
        at: app.now(),
    };
    let sealed = link.append(draft, body.encode(), &app.key);
    links::keep(tx, &link).await?;
    links::add(tx, Direction::Out, &sealed, &of_bill(about), app.now()).await?;
    failpoint("link.appended");
    Ok(sealed)
}

pub(super) fn of_bill(about: Option<About>) -> AboutBill {
    about.map_or_else(AboutBill::default, |about| AboutBill { bill: about.bill.to_string(), step: about.step })
}

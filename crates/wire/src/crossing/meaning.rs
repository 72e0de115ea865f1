use ::crossing::{Asks, BillId, End, Offer, Receipt, Says, Sha, Step, Undone, Why};
use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use pb::cross_province::v1 as pb;
use prost_types::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Body;
use super::body::strictly;
use crate::write::moment;

/// Which bill a body is about, and of which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The bill.
    pub bill: BillId,
    /// The step it has, or answers.
    pub step: Step,
}

/// What a body says to the machines of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The place of care asks.
    Asks(About, Asks),
    /// The place of insurance answers.
    Says(About, Says),
    /// It is about no bill, or changes none.
    Other,
}

/// Why a body means nothing: a field that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of which {field} can be read")]
pub struct Unmeant {
    /// The field.
    pub field: &'static str,
}

/// What a body says.
///
/// # Errors
/// [`Unmeant`]: the first field that cannot be read.
pub fn meaning(body: &Body) -> Result<Meaning, Unmeant> {
    let asks = |bill: &str, step, asks| Ok(Meaning::Asks(about(bill, step)?, asks));
    let says = |bill: &str, step, says| Ok(Meaning::Says(about(bill, step)?, says));
    match body {
        Body::Prepare(body) => {
            let content = Sha256::digest(prost::Message::encode_to_vec(body)).into();
            asks(&body.bill_id, body.step, Asks::Prepare { content })
        }
        Body::Confirm(body) => asks(&body.bill_id, body.step, Asks::Confirm { round: body.round }),
        Body::Finish(body) => asks(&body.bill_id, body.step, Asks::Finish { receipt: sha(&body.receipt_sha256)? }),
        Body::Cancel(body) => asks(&body.bill_id, body.step, Asks::Cancel),
        Body::Reverse(body) => asks(&body.bill_id, body.step, Asks::Reverse { receipt: sha(&body.receipt_sha256)? }),
        Body::Ask(body) => asks(&body.bill_id, body.step, Asks::Ask),
        Body::Offered(body) => says(&body.bill_id, body.step, offered(body)?),
        Body::Refused(body) => says(&body.bill_id, body.step, Says::Refused(why(body.why)?)),
        Body::Confirmed(body) => {
            says(&body.bill_id, body.step, Says::Confirmed(of_bill(&body.bill_id, &body.receipt)?))
        }
        Body::Finished(body) => says(&body.bill_id, body.step, Says::Finished),
        Body::Reversed(body) => says(&body.bill_id, body.step, Says::Reversed(undone(body)?)),
        Body::Ended(body) => says(&body.bill_id, body.step, Says::Ended(end(body.how)?)),
        Body::InProgress(body) => says(&body.bill_id, body.step, Says::InProgress),
        Body::NeverSeen(body) => says(&body.bill_id, body.step, Says::NeverSeen),
        Body::Stale(body) => says(&body.bill_id, body.step, Says::Stale { step: body.latest_step }),
        Body::Enquire(_)
        | Body::Enquired(_)
        | Body::Explain(_)
        | Body::Explained(_)
        | Body::Fetch(_)
        | Body::Fetched(_) => Ok(Meaning::Other),
    }
}

/// The body of what the place of care asks. `of` gives the content a Prepare has, and why a bill is taken back.
#[must_use]
pub fn asked(about: About, asks: Asks, prepare: &pb::Prepare, reason: &str) -> Body {
    let (bill_id, step) = (about.bill.to_string(), about.step);
    match asks {
        Asks::Prepare { .. } => pb::Prepare { bill_id, step, ..prepare.clone() }.into(),
        Asks::Confirm { round } => pb::Confirm { bill_id, step, round }.into(),
        Asks::Finish { receipt } => pb::Finish { bill_id, step, receipt_sha256: hex::encode(receipt) }.into(),
        Asks::Cancel => pb::Cancel { bill_id, step, reason: reason.to_owned() }.into(),
        Asks::Reverse { receipt } => {
            pb::Reverse { bill_id, step, receipt_sha256: hex::encode(receipt), reason: reason.to_owned() }.into()
        }
        Asks::Ask => pb::Ask { bill_id, step }.into(),
    }
}

/// The body of what the place of insurance says; offer, refusal and receipt in full as they were kept of the bill.
#[must_use]
pub fn said(about: About, says: Says, offer: &pb::Offered, refusal: &pb::Refused, receipt: &[u8]) -> Body {
    let (bill_id, step) = (about.bill.to_string(), about.step);
    match says {
        Says::Offered(terms) | Says::Changed(terms) => pb::Offered {
            bill_id,
            step,
            round: terms.round,
            owed_fen: terms.owed.get(),
            cash_fen: terms.cash.get(),
            expires_at: Some(moment(terms.until)),
            ..offer.clone()
        }
        .into(),
        Says::Refused(why) => {
            let full = if why == Why::Policy { refusal.clone() } else { pb::Refused::default() };
            pb::Refused { bill_id, step, why: why_number(why).into(), ..full }.into()
        }
        Says::Confirmed(_) => pb::Confirmed { bill_id, step, receipt: receipt.to_vec() }.into(),
        Says::Ended(end) => pb::Ended { bill_id, step, how: end_number(end).into() }.into(),
        Says::Reversed(undone) => reversed(bill_id, step, undone, receipt).into(),
        Says::Finished => pb::Finished { bill_id, step }.into(),
        Says::InProgress => pb::InProgress { bill_id, step }.into(),
        Says::NeverSeen => pb::NeverSeen { bill_id, step }.into(),
        Says::Stale { step: latest_step } => pb::Stale { bill_id, step, latest_step }.into(),
    }
}

/// A receipt of its bytes, and what it says.
///
/// # Errors
/// [`Unmeant`].
pub fn receipt(bytes: &[u8]) -> Result<(pb::Receipt, Receipt), Unmeant> {
    let full: pb::Receipt = strictly(bytes).map_err(|_| unmeant("receipt"))?;
    let (owed, cash) = (amount(full.owed_fen, "owed_fen")?, amount(full.cash_fen, "cash_fen")?);
    let whole = owed + cash + amount(full.hospital_fen, "hospital_fen")?;
    if whole != amount(full.total_fen, "total_fen")? {
        return Err(unmeant("total_fen"));
    }
    let day = day(&full.settled_date, "settled_date")?;
    let message = Sha256::digest(bytes).into();
    Ok((full, Receipt { message, owed, cash, day }))
}

fn of_bill(bill: &str, bytes: &[u8]) -> Result<Receipt, Unmeant> {
    let (full, receipt) = receipt(bytes)?;
    if full.bill_id == bill { Ok(receipt) } else { Err(unmeant("receipt.bill_id")) }
}

fn about(bill: &str, step: u32) -> Result<About, Unmeant> {
    let mut id = [0; 16];
    hex::decode_to_slice(bill, &mut id).map_err(|_| unmeant("bill_id"))?;
    let bill_id = BillId(id);
    if bill_id.to_string() != bill {
        return Err(unmeant("bill_id"));
    }
    if step == 0 { Err(unmeant("step")) } else { Ok(About { bill: bill_id, step }) }
}

fn offered(body: &pb::Offered) -> Result<Says, Unmeant> {
    let offer = Offer {
        round: Some(body.round).filter(|round| *round > 0).ok_or_else(|| unmeant("round"))?,
        owed: amount(body.owed_fen, "owed_fen")?,
        cash: amount(body.cash_fen, "cash_fen")?,
        until: body.expires_at.and_then(at).ok_or_else(|| unmeant("expires_at"))?,
    };
    amount(body.hospital_fen, "hospital_fen")?;
    Ok(if offer.round > 1 { Says::Changed(offer) } else { Says::Offered(offer) })
}

fn at(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
}

fn undone(body: &pb::Reversed) -> Result<Undone, Unmeant> {
    match pb::UndoneHow::try_from(body.how).unwrap_or_default() {
        pb::UndoneHow::Unspecified => Err(unmeant("how")),
        pb::UndoneHow::NeverCame => Ok(Undone::NeverCame),
        pb::UndoneHow::Ended => Ok(Undone::Ended),
        pb::UndoneHow::TookOut => {
            let receipt = of_bill(&body.bill_id, &body.receipt)?;
            Ok(Undone::TookOut { receipt, day: day(&body.reversed_date, "reversed_date")? })
        }
    }
}

fn reversed(bill_id: String, step: Step, undone: Undone, receipt: &[u8]) -> pb::Reversed {
    let (how, reversed_date, receipt) = match undone {
        Undone::TookOut { day, .. } => (pb::UndoneHow::TookOut, crate::write::date(day), receipt.to_vec()),
        Undone::NeverCame => (pb::UndoneHow::NeverCame, String::new(), Vec::new()),
        Undone::Ended => (pb::UndoneHow::Ended, String::new(), Vec::new()),
    };
    pb::Reversed { bill_id, step, how: how.into(), reversed_date, receipt }
}

fn why(number: i32) -> Result<Why, Unmeant> {
    match pb::WhyRefused::try_from(number).unwrap_or_default() {
        pb::WhyRefused::Unspecified => Err(unmeant("why")),
        pb::WhyRefused::Policy => Ok(Why::Policy),
        pb::WhyRefused::OtherContent => Ok(Why::OtherContent),
        pb::WhyRefused::Late => Ok(Why::Late),
    }
}

const fn why_number(why: Why) -> pb::WhyRefused {
    match why {
        Why::Policy => pb::WhyRefused::Policy,
        Why::OtherContent => pb::WhyRefused::OtherContent,
        Why::Late => pb::WhyRefused::Late,
    }
}

fn end(number: i32) -> Result<End, Unmeant> {
    match pb::EndedHow::try_from(number).unwrap_or_default() {
        pb::EndedHow::Unspecified => Err(unmeant("how")),
        pb::EndedHow::Expired => Ok(End::Expired),
        pb::EndedHow::Cancelled => Ok(End::Cancelled),
    }
}

const fn end_number(end: End) -> pb::EndedHow {
    match end {
        End::Expired => pb::EndedHow::Expired,
        End::Cancelled => pb::EndedHow::Cancelled,
    }
}

fn amount(fen: i64, field: &'static str) -> Result<Fen, Unmeant> {
    Some(Fen::new(fen)).filter(|fen| !fen.is_negative() && *fen <= Fen::LIMIT).ok_or_else(|| unmeant(field))
}

fn day(text: &str, field: &'static str) -> Result<NaiveDate, Unmeant> {
    let day: Option<NaiveDate> = text.parse().ok();
    day.filter(|day| day.to_string() == text).ok_or_else(|| unmeant(field))
}

fn sha(text: &str) -> Result<Sha, Unmeant> {
    let mut sha = Sha::default();
    hex::decode_to_slice(text, &mut sha).map_err(|_| unmeant("receipt_sha256"))?;
    Ok(sha)
}

const fn unmeant(field: &'static str) -> Unmeant {
    Unmeant { field }
}

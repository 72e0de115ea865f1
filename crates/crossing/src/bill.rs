//! What both machines speak of: the bill's id, the coordinator's steps, the messages, and what a move asks to be done.

use std::fmt;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use money::Fen;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use terms::Division;

/// A SHA-256.
pub type Sha = [u8; 32];

/// The place of care's number for its decision on a bill: 1 Prepare, 2 Confirm, and so on, never given twice.
pub type Step = u32;

/// A bill between two provinces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillId(pub [u8; 16]);

impl BillId {
    /// The id of a hospital's call about a bill: a second attempt after a reversal has another key, and so another id.
    #[must_use]
    pub fn of(care: Division, institution: &str, bill: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        for part in ["bill", &care.to_string(), institution, bill, key] {
            hash.update(length(part.len()));
            hash.update(part.as_bytes());
        }
        let mut id = [0; 16];
        id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Self(id)
    }
}

impl Serialize for BillId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BillId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hexed::deserialize(deserializer).map(Self)
    }
}

/// Bytes as they are stored: hexadecimal digits.
pub(crate) mod hexed {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(from: D) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(bytes)
    }
}

/// A length as it stands before a field in hashed bytes.
pub(crate) fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

impl fmt::Display for BillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the place of care asks about a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Decide this bill and offer; nothing is kept but the offer. `content` is the hash of the whole request.
    Prepare {
        /// SHA-256 of what is asked to be decided.
        content: Sha,
    },
    /// Settle it as offered in this round.
    Confirm {
        /// The offer's round.
        round: u32,
    },
    /// The receipt is known and booked.
    Finish {
        /// [`Receipt::message`].
        receipt: Sha,
    },
    /// Whatever became of it, it shall not be.
    Cancel,
    /// The settlement with this receipt is taken back.
    Reverse {
        /// [`Receipt::message`].
        receipt: Sha,
    },
    /// What became of it? Changes nothing, and has the step of the decision it asks about.
    Ask,
}

/// What the place of insurance says about a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It would settle so.
    Offered(Offer),
    /// It does not settle it.
    Refused(Why),
    /// It is settled: the receipt.
    Confirmed(Receipt),
    /// It would settle otherwise than was confirmed: a further round.
    Changed(Offer),
    /// There is nothing and there will be nothing.
    Ended(End),
    /// The answer to Cancel and Reverse.
    Reversed(Undone),
    /// The receipt is known to be known.
    Finished,
    /// It is being settled or reversed.
    InProgress,
    /// It was never asked about this bill.
    NeverSeen,
    /// A later step is known, or the receipt is another one; nothing was done.
    Stale {
        /// The highest step that is known.
        step: Step,
    },
}

/// What the place of insurance would settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Which offer on this bill, from 1.
    pub round: u32,
    /// What it would owe the place of care, in fen.
    pub owed: Fen,
    /// What the patient would pay, in fen.
    pub cash: Fen,
    /// Until when it may be confirmed, by its own clock.
    pub until: DateTime<Utc>,
}

/// What the place of insurance owes: a settled bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// SHA-256 of the bytes of the receipt; its name in later messages.
    #[serde(with = "hexed")]
    pub message: Sha,
    /// What is owed to the place of care, in fen.
    pub owed: Fen,
    /// What the patient pays, in fen.
    pub cash: Fen,
    /// The day of the settlement, at the place of insurance.
    pub day: NaiveDate,
}

impl Receipt {
    /// Whether it settles what was offered.
    #[must_use]
    pub fn fits(&self, offer: &Offer) -> bool {
        (self.owed, self.cash) == (offer.owed, offer.cash)
    }
}

/// Shares as the place of insurance computes them, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// What it would owe.
    pub owed: Fen,
    /// What the patient would pay.
    pub cash: Fen,
}

/// Why a bill is not settled, or not reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The policy of the place of insurance refuses it; the refusal itself stands in the message.
    Policy,
    /// The id came before with other content.
    OtherContent,
    /// The year is closed.
    Late,
}

/// How a bill ended that was not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The offer was not confirmed in time.
    Expired,
    /// It was cancelled.
    Cancelled,
}

/// What a Cancel or Reverse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// The settlement was taken out, on this day at the place of insurance. It carries the receipt, also for who never had it.
    TookOut {
        /// The receipt of what was taken out.
        receipt: Receipt,
        /// The day of the reversal.
        day: NaiveDate,
    },
    /// Nothing had come; what comes later is refused.
    NeverCame,
    /// Nothing was settled, and nothing will be.
    Ended,
}

/// What a machine wants done. All of it but `Send` and the calls of the bureau's settlement stand in the move's own commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this of this step; the same again is the same bytes.
    Send(Step, Asks),
    /// Answer what asked with this step.
    Reply(Step, Says),
    /// Have the bureau decide, keeping nothing; answered by `Decided` of this round.
    Decide {
        /// The round the offer would be.
        round: u32,
    },
    /// Have the bureau settle this round, under the round's own key.
    Settle {
        /// The round that was confirmed.
        round: u32,
    },
    /// Have the bureau refuse this round's key for ever, then decide anew.
    Renew {
        /// The round that is over.
        round: u32,
    },
    /// Have the bureau take this round out, or refuse its key for ever.
    Reverse {
        /// The round that was confirmed.
        round: u32,
    },
    /// Book this, on the day it carries.
    Book(Booked),
    /// Hold this of the prepayment for the bill, in fen.
    Hold(Fen),
    /// Free what the bill holds.
    Free,
    /// Use what the bill holds.
    Use,
    /// Take back from the used what the bill used.
    GiveBack,
    /// Tell who waits at the window.
    Answer(Told),
}

/// What is booked, on the day of the place of insurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booked {
    /// A settlement.
    Settled(Receipt),
    /// Its reversal, on this day.
    Reversed(Receipt, NaiveDate),
}

/// What the hospital is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Settled.
    Settled(Receipt),
    /// The place of insurance refuses it.
    Refused(Why),
    /// Not settled, and it will not be.
    Lapsed(Lapse),
    /// Settled, and taken back.
    Reversed,
    /// It stands: it could not be taken back.
    Stands(Why),
    /// The key stands for another call.
    KeyReused,
}

/// Why a bill came to nothing at the place of care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// No answer before the hospital's deadline.
    NoAnswer,
    /// The offer was not confirmed in time.
    Expired,
    /// The prepayment has no room.
    Limit,
    /// The shares changed too often.
    Changed,
    /// It was cancelled.
    Cancelled,
}

/// What a move gives: the state after it, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved<S> {
    /// The state after the event.
    pub state: S,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
}

/// How long things take: technical configuration, no rule of any policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long an offer may be confirmed.
    pub offer: Duration,
    /// The first wait before something is sent again.
    pub first_wait: Duration,
    /// The longest such wait.
    pub most_wait: Duration,
    /// How long after the time of an offer it is confirmed again rather than asked about.
    pub give_up_asking: Duration,
    /// How many rounds of offers a bill may take.
    pub rounds: u32,
}

//! A bill at the place of care, which coordinates it.
//!
//! | state | event | -> | effects |
//! |---|---|---|---|
//! | New | Settle | Asking, step 1 | Send Prepare |
//! | Asking | Offered, the prepayment has room | Confirming, next step | Hold, Send Confirm: one commit |
//! | Asking | Offered, no room | Lapsed(Limit) | Answer; the offer holds nothing over there and expires |
//! | Asking | Refused | Refused | Answer |
//! | Asking | Ended | Lapsed(Expired) | Answer: the offer never came here, and is over |
//! | Asking | Tick, before the hospital's deadline | same | Send Prepare again |
//! | Asking | Tick, past it | Lapsed(NoAnswer) | Answer; nothing was confirmed, so nothing can come of it |
//! | Asking, Confirming | `ReverseWanted` | Cancelling, next step | Send Cancel |
//! | Confirming | Confirmed, as offered | Settled, next step | Use, Book, Send Finish, Answer |
//! | Confirming | a further round's offer, room and rounds left | Confirming, next step | Free, Hold, Send Confirm |
//! | Confirming | the same, none left | Lapsed(Limit), Lapsed(Changed) | Free, Answer |
//! | Confirming | Ended, Refused | Lapsed, Refused | Free, Answer |
//! | Confirming | `NeverSeen` | Cancelling, next step | Send Cancel, which plants a tombstone there |
//! | Confirming | Tick, as long as an offer lasts and a while after | same | Send Confirm again |
//! | Confirming | Tick, later | same | Send Ask; only an answer ends it |
//! | Settled | Finished, of this step | Settled for good | |
//! | Settled, not for good | Tick | same | Send Finish again |
//! | Settled | `ReverseWanted` | Reversing, next step | Send Reverse |
//! | Cancelling | Reversed(TookOut), as confirmed here | Reversed | Free, Book both, Answer |
//! | Cancelling | Reversed(NeverCame or Ended) | Lapsed(Cancelled) | Free, Answer |
//! | Cancelling, Reversing | Tick | same | Send it again |
//! | Reversing | Reversed(TookOut), this receipt | Reversed | GiveBack, Book, Answer |
//! | Reversing | Refused, Stale | Settled for good | Answer that it stands |
//! | Settled, Refused, Lapsed, Reversed | Settle, the same content | same | Answer what was answered |
//! | any but New | Settle, other content | same | Answer that the key was used |
//! | Refused, Lapsed, Reversed | `ReverseWanted` | same | Answer what was answered |
//!
//! Whatever is not listed changes nothing and asks for nothing; so does everything said about another step than the bill's.
//! What was confirmed is over only when the place of insurance has said so: no clock of this side ends it.

use chrono::{DateTime, Utc};
use money::Fen;
use serde::{Deserialize, Serialize};

use crate::{
    Asks, BillId, Booked, Effect, Lapse, Moved, Offer, Receipt, Says, Sha, Step, Terms, Told, Undone, Why, pace,
};

/// A bill at the place of care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareBill {
    /// The bill.
    pub id: BillId,
    /// How far it is.
    pub state: CareState,
    /// The number of the latest decision.
    pub step: Step,
    /// What the hospital asked: SHA-256 of all of it.
    #[serde(with = "crate::bill::hexed")]
    pub content: Sha,
    /// How often this step was sent without an answer that moved it.
    pub attempts: u32,
    /// When it wants a Tick; none where nothing is under way.
    pub next_at: Option<DateTime<Utc>>,
}

/// How far a bill is at the place of care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CareState {
    /// Not on record.
    New,
    /// The place of insurance is asked for an offer.
    Asking {
        /// Until when the hospital waits.
        deadline: DateTime<Utc>,
    },
    /// The offer is confirmed; what it owes is held of the prepayment.
    Confirming {
        /// What was confirmed.
        offer: Offer,
        /// When, by this side's clock: the other side's `until` is never compared with it.
        since: DateTime<Utc>,
    },
    /// Settled and booked.
    Settled {
        /// What is owed here.
        receipt: Receipt,
        /// Whether the place of insurance knows that it is known here.
        finished: bool,
    },
    /// It shall not be, and it is not known yet whether it was.
    Cancelling {
        /// What was confirmed before, and is held.
        offer: Option<Offer>,
    },
    /// A settlement is being taken back.
    Reversing {
        /// The settlement.
        receipt: Receipt,
    },
    /// The place of insurance refused it.
    Refused(Why),
    /// It came to nothing.
    Lapsed(Lapse),
    /// It was settled and taken back.
    Reversed,
}

/// What happens to a bill at the place of care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CareEvent {
    /// The hospital's call, its lines split.
    Settle {
        /// SHA-256 of all it asked.
        content: Sha,
        /// Until when it waits.
        deadline: DateTime<Utc>,
    },
    /// The hospital wants it undone.
    ReverseWanted,
    /// The place of insurance said this; signature, sender and sequence are checked.
    Said {
        /// The step it answers.
        step: Step,
        /// What it says.
        says: Says,
        /// What the prepayment has left beside what this bill holds, in fen, read under its lock; none where nothing is set.
        left: Option<Fen>,
    },
    /// Time has passed.
    Tick,
}

impl CareBill {
    /// A bill that is not on record.
    #[must_use]
    pub const fn new(id: BillId) -> Self {
        Self { id, state: CareState::New, step: 0, content: [0; 32], attempts: 0, next_at: None }
    }

    /// What an event makes of it. What changes the row comes with its effects in one commit.
    #[must_use]
    pub fn step(self, event: CareEvent, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        match event {
            CareEvent::Settle { content, deadline } => self.asked(content, deadline, now, terms),
            CareEvent::ReverseWanted => self.reverse_wanted(now, terms),
            CareEvent::Said { step, .. } if step != self.step => self.stays(),
            CareEvent::Said { says, left, .. } => match self.state {
                CareState::Asking { .. } => self.heard_asking(says, left, now, terms),
                CareState::Confirming { offer, .. } => self.heard_confirming(offer, says, left, now, terms),
                CareState::Settled { receipt, .. } if says == Says::Finished => {
                    self.rests(CareState::Settled { receipt, finished: true }, Vec::new())
                }
                CareState::Cancelling { offer } => self.heard_cancelling(offer, says),
                CareState::Reversing { receipt } => self.heard_reversing(receipt, says),
                _ => self.stays(),
            },
            CareEvent::Tick => self.tick(now, terms),
        }
    }

    /// What is to be sent for it now: what a restart does first, and what every Tick repeats. None where nothing is under way.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>, terms: &Terms) -> Option<Effect> {
        let asks = match self.state {
            CareState::Asking { .. } => Asks::Prepare { content: self.content },
            CareState::Confirming { since, .. } if now > since + terms.offer + terms.give_up_asking => Asks::Ask,
            CareState::Confirming { offer, .. } => Asks::Confirm { round: offer.round },
            CareState::Settled { receipt, finished: false } => Asks::Finish { receipt: receipt.message },
            CareState::Cancelling { .. } => Asks::Cancel,
            CareState::Reversing { receipt } => Asks::Reverse { receipt: receipt.message },
            _ => return None,
        };
        Some(Effect::Send(self.step, asks))
    }

    /// The state in a word, as it is stored and told.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.state {
            CareState::New => "new",
            CareState::Asking { .. } => "asking",
            CareState::Confirming { .. } => "confirming",
            CareState::Settled { .. } => "settled",
            CareState::Cancelling { .. } => "cancelling",
            CareState::Reversing { .. } => "reversing",
            CareState::Refused(_) => "refused",
            CareState::Lapsed(_) => "lapsed",
            CareState::Reversed => "reversed",
        }
    }

    /// What the hospital is told; none while it is in progress.
    #[must_use]
    pub const fn told(&self) -> Option<Told> {
        match self.state {
            CareState::Settled { receipt, .. } => Some(Told::Settled(receipt)),
            CareState::Refused(why) => Some(Told::Refused(why)),
            CareState::Lapsed(lapse) => Some(Told::Lapsed(lapse)),
            CareState::Reversed => Some(Told::Reversed),
            _ => None,
        }
    }

    /// What it holds of the prepayment, in fen.
    #[must_use]
    pub const fn held(&self) -> Fen {
        match self.state {
            CareState::Confirming { offer, .. } | CareState::Cancelling { offer: Some(offer) } => offer.owed,
            _ => Fen::ZERO,
        }
    }

    fn asked(self, content: Sha, deadline: DateTime<Utc>, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        if self.state == CareState::New {
            return Self { content, ..self }.sends(CareState::Asking { deadline }, Vec::new(), now, terms);
        }
        if self.content != content {
            return self.answers(Told::KeyReused);
        }
        self.told().map_or_else(|| self.stays(), |told| self.answers(told))
    }

    fn reverse_wanted(self, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let state = match self.state {
            CareState::Asking { .. } => CareState::Cancelling { offer: None },
            CareState::Confirming { offer, .. } => CareState::Cancelling { offer: Some(offer) },
            CareState::Settled { receipt, .. } => CareState::Reversing { receipt },
            CareState::New | CareState::Cancelling { .. } | CareState::Reversing { .. } => return self.stays(),
            CareState::Refused(_) | CareState::Lapsed(_) | CareState::Reversed => {
                return self.told().map_or_else(|| self.stays(), |told| self.answers(told));
            }
        };
        self.sends(state, Vec::new(), now, terms)
    }

    fn heard_asking(self, says: Says, left: Option<Fen>, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        match says {
            Says::Offered(offer) if has_room(&offer, left) => {
                self.sends(CareState::Confirming { offer, since: now }, vec![Effect::Hold(offer.owed)], now, terms)
            }
            Says::Offered(_) => self.ends(CareState::Lapsed(Lapse::Limit), Vec::new()),
            Says::Refused(why) => self.ends(CareState::Refused(why), Vec::new()),
            Says::Ended(_) => self.ends(CareState::Lapsed(Lapse::Expired), Vec::new()),
            _ => self.stays(),
        }
    }

    fn heard_confirming(
        self,
        confirmed: Offer,
        says: Says,
        left: Option<Fen>,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> Moved<Self> {
        match says {
            Says::Confirmed(receipt) if receipt.fits(&confirmed) => {
                let settled = CareState::Settled { receipt, finished: false };
                let mut moved =
                    self.sends(settled, vec![Effect::Use, Effect::Book(Booked::Settled(receipt))], now, terms);
                moved.effects.push(Effect::Answer(Told::Settled(receipt)));
                moved
            }
            Says::Changed(offer) | Says::Offered(offer) if offer.round > confirmed.round => {
                if offer.round > terms.rounds {
                    self.ends(CareState::Lapsed(Lapse::Changed), vec![Effect::Free])
                } else if !has_room(&offer, left) {
                    self.ends(CareState::Lapsed(Lapse::Limit), vec![Effect::Free])
                } else {
                    let effects = vec![Effect::Free, Effect::Hold(offer.owed)];
                    self.sends(CareState::Confirming { offer, since: now }, effects, now, terms)
                }
            }
            Says::Ended(_) => self.ends(CareState::Lapsed(Lapse::Expired), vec![Effect::Free]),
            Says::Refused(why) => self.ends(CareState::Refused(why), vec![Effect::Free]),
            Says::NeverSeen => self.sends(CareState::Cancelling { offer: Some(confirmed) }, Vec::new(), now, terms),
            _ => self.stays(),
        }
    }

    fn heard_cancelling(self, offer: Option<Offer>, says: Says) -> Moved<Self> {
        let free = || offer.map(|_| Effect::Free);
        match says {
            Says::Reversed(Undone::TookOut { receipt, day }) if offer.is_some_and(|offer| receipt.fits(&offer)) => {
                let both = [Booked::Settled(receipt), Booked::Reversed(receipt, day)].map(Effect::Book);
                self.ends(CareState::Reversed, free().into_iter().chain(both).collect())
            }
            Says::Reversed(Undone::NeverCame | Undone::Ended) => {
                self.ends(CareState::Lapsed(Lapse::Cancelled), free().into_iter().collect())
            }
            _ => self.stays(),
        }
    }

    fn heard_reversing(self, ours: Receipt, says: Says) -> Moved<Self> {
        let stands = CareState::Settled { receipt: ours, finished: true };
        match says {
            Says::Reversed(Undone::TookOut { receipt, day }) if receipt == ours => {
                self.ends(CareState::Reversed, vec![Effect::GiveBack, Effect::Book(Booked::Reversed(ours, day))])
            }
            Says::Refused(why) => self.rests(stands, vec![Effect::Answer(Told::Stands(why))]),
            Says::Stale { .. } => self.rests(stands, vec![Effect::Answer(Told::Stands(Why::OtherContent))]),
            _ => self.stays(),
        }
    }

    fn tick(self, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        if self.next_at.is_none_or(|at| now < at) {
            return self.stays();
        }
        match self.state {
            CareState::Asking { deadline } if now > deadline => {
                self.ends(CareState::Lapsed(Lapse::NoAnswer), Vec::new())
            }
            _ => {
                let attempts = self.attempts.saturating_add(1);
                let next_at = Some(now + pace::wait(&self.id, attempts, terms));
                let effects = self.due(now, terms).into_iter().collect();
                Moved { state: Self { attempts, next_at, ..self }, effects }
            }
        }
    }

    /// The next decision: another state under the next number, and what is sent of it after these effects.
    fn sends(self, state: CareState, mut effects: Vec<Effect>, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let next_at = Some(now + pace::wait(&self.id, 0, terms));
        let bill = Self { state, step: self.step.saturating_add(1), attempts: 0, next_at, ..self };
        effects.extend(bill.due(now, terms));
        Moved { state: bill, effects }
    }

    /// An end: nothing is under way, and the hospital is told.
    fn ends(self, state: CareState, effects: Vec<Effect>) -> Moved<Self> {
        let mut moved = self.rests(state, effects);
        moved.effects.extend(moved.state.told().map(Effect::Answer));
        moved
    }

    /// Another state, in which nothing is under way.
    fn rests(self, state: CareState, effects: Vec<Effect>) -> Moved<Self> {
        Moved { state: Self { state, attempts: 0, next_at: None, ..self }, effects }
    }

    fn answers(self, told: Told) -> Moved<Self> {
        Moved { state: self, effects: vec![Effect::Answer(told)] }
    }

    const fn stays(self) -> Moved<Self> {
        Moved { state: self, effects: Vec::new() }
    }
}

/// Whether the prepayment has room for an offer.
fn has_room(offer: &Offer, left: Option<Fen>) -> bool {
    left.is_none_or(|left| offer.owed <= left)
}

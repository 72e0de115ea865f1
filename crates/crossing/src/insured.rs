//! A bill at the place of insurance, which decides and pays it.
//!
//! Asked with a lower step than the highest it knows it answers Stale and does nothing; with the same step, what it answered;
//! a higher step is looked up here. An Ask has the step of what it asks about and changes nothing.
//!
//! | state | event | -> | effects |
//! |---|---|---|---|
//! | Unseen | Prepare | same | Decide; nothing is on record before it is decided |
//! | Unseen | Decided | Offered or Refused | Reply |
//! | Unseen | Confirm, Finish, Ask | same | Reply `NeverSeen` |
//! | Unseen | Cancel, Reverse | Tombstone | Reply Reversed(NeverCame) |
//! | Offered | Confirm of its round | Settling | Settle |
//! | Offered | Confirm of another round | same | Reply the offer |
//! | Offered | anything past `until`, also a Tick | Ended(Expired), then as there | only this clock judges |
//! | Offered, Refused, Ended | Cancel, Reverse | Ended(Cancelled) | Reply Reversed(Ended) |
//! | Settling | Committed | Settled | Book, Reply Confirmed |
//! | Settling | the shares have changed | Renewing | Renew: no copy of this round's Settle can be settled afterwards |
//! | Renewing | Decided, of the next round | Offered or Refused | Reply |
//! | Renewing | away, Tick | same | Renew again |
//! | Settling | the policy refuses | Refused | Reply |
//! | Settling | away, Tick | same | Settle again, under the same key |
//! | Settling, Renewing | Cancel | Reversing | Reverse: it takes out, or refuses the Settle under way |
//! | Settled | Cancel | Reversing | Reverse |
//! | Settled | Finish, its receipt | Finished | Reply Finished |
//! | Finished | Cancel | same | Reply Stale: who has said that he knows does not cancel |
//! | Settled, Finished | Reverse, its receipt | Reversing | Reverse |
//! | Settled, Finished | the same, its year closed | Finished | Reply Refused(Late) |
//! | Settled, Finished | Finish, Reverse, another receipt | same | Reply Stale |
//! | Reversing | taken out, was booked | Reversed | Book, Reply Reversed(TookOut) |
//! | Reversing | taken out, was not booked | Ended(Cancelled) | Reply Reversed(Ended): no item on either side |
//! | Reversing | away, Tick | same | Reverse again |
//! | Tombstone, Reversed | Cancel, Reverse | same | Reply the same Reversed |
//! | any other | Asked | same | Reply what it is |
//!
//! What was once asked of the bureau may be done late, also after it was asked again: so a round that is being renewed is settled
//! no more, whatever the bureau says of it, and a reversal that was begun is not given up.
//! Whatever else is not listed changes nothing; what is decided or settled of another round is of a call that is over.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Asks, BillId, Booked, Effect, End, Moved, Offer, Receipt, Says, Sha, Shares, Step, Terms, Undone, Why, pace,
};

/// A bill at the place of insurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsuredBill {
    /// The bill.
    pub id: BillId,
    /// How far it is.
    pub state: InsuredState,
    /// The highest step that was acted on.
    pub step: Step,
    /// The latest round of offers, 0 where none was made.
    pub round: u32,
    /// SHA-256 of what was to be decided.
    #[serde(with = "crate::bill::hexed")]
    pub content: Sha,
    /// How often the bureau was asked without an answer that moved it.
    pub attempts: u32,
    /// When it wants a Tick; none where nothing is under way.
    pub next_at: Option<DateTime<Utc>>,
}

/// How far a bill is at the place of insurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InsuredState {
    /// Not on record.
    Unseen,
    /// An offer stands; it holds nothing.
    Offered(Offer),
    /// The bureau settles what was confirmed.
    Settling(Offer),
    /// The bureau refuses this round's key for ever, and decides anew.
    Renewing(Offer),
    /// The bureau has settled it.
    Settled(Receipt),
    /// So it has, and the place of care has booked it.
    Finished(Receipt),
    /// The bureau takes it out.
    Reversing {
        /// What was booked; none where it was not known yet whether the bureau settled.
        receipt: Option<Receipt>,
    },
    /// It was settled and taken out.
    Reversed {
        /// What was taken out.
        receipt: Receipt,
        /// On which day.
        day: NaiveDate,
    },
    /// The policy refused it.
    Refused(Why),
    /// Nothing was settled, and nothing will be.
    Ended(End),
    /// It was undone before it came.
    Tombstone,
}

/// What happens to a bill at the place of insurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsuredEvent {
    /// The place of care asks; signature, sender and sequence are checked.
    Asked {
        /// Its step.
        step: Step,
        /// What it asks.
        asks: Asks,
        /// Whether the bill's year is closed, read in the commit of this move: a Reverse is late then. A Cancel never is, for
        /// nothing was booked there that could have been cleared.
        closed: bool,
    },
    /// The bureau decided, and kept nothing.
    Decided {
        /// The Prepare's step; for a further round, any.
        step: Step,
        /// The Prepare's content; for a further round, any.
        content: Sha,
        /// Which round the offer would be.
        round: u32,
        /// What it would settle.
        result: Result<Shares, Why>,
    },
    /// The bureau answered a Settle.
    Committed {
        /// Of which round.
        round: u32,
        /// What it did.
        result: Result<Receipt, Unsettled>,
    },
    /// The bureau answered a Reverse: it is out, on this day, and the round's key is refused for ever.
    TakenOut {
        /// Of which round.
        round: u32,
        /// The day of the reversal, where there was something to take out, else any; none where no answer came.
        day: Option<NaiveDate>,
    },
    /// Time has passed.
    Tick,
}

/// Why the bureau has not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// The shares are no longer those of the offer. Nothing was kept.
    Changed,
    /// The policy refuses it; the bureau keeps that under the round's key, so that no later copy of the call is settled.
    Refused(Why),
    /// Not reached, or no answer: it may have settled.
    Away,
}

impl InsuredBill {
    /// A bill that is not on record.
    #[must_use]
    pub const fn new(id: BillId) -> Self {
        Self { id, state: InsuredState::Unseen, step: 0, round: 0, content: [0; 32], attempts: 0, next_at: None }
    }

    /// What an event makes of it. A row is kept from the first state but Unseen on.
    #[must_use]
    pub fn step(self, event: InsuredEvent, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        match event {
            InsuredEvent::Asked { step, asks, closed } => self.expired(now).asked(step, asks, closed, now, terms),
            InsuredEvent::Decided { step, content, round, result } => {
                self.decided(step, content, round, result, now, terms)
            }
            InsuredEvent::Committed { round, result } => self.committed(round, result, now, terms),
            InsuredEvent::TakenOut { round, day } => self.taken_out(round, day, now, terms),
            InsuredEvent::Tick => self.tick(now, terms),
        }
    }

    /// The state in a word, as it is stored and told.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.state {
            InsuredState::Unseen => "unseen",
            InsuredState::Offered(_) => "offered",
            InsuredState::Settling(_) => "settling",
            InsuredState::Renewing(_) => "renewing",
            InsuredState::Settled(_) => "settled",
            InsuredState::Finished(_) => "finished",
            InsuredState::Reversing { .. } => "reversing",
            InsuredState::Reversed { .. } => "reversed",
            InsuredState::Refused(_) => "refused",
            InsuredState::Ended(_) => "ended",
            InsuredState::Tombstone => "tombstone",
        }
    }

    /// What is to be asked of the bureau now: what a restart does first, and what every Tick repeats.
    #[must_use]
    pub const fn due(&self) -> Option<Effect> {
        match self.state {
            InsuredState::Settling(offer) => Some(Effect::Settle { round: offer.round }),
            InsuredState::Renewing(offer) => Some(Effect::Renew { round: offer.round }),
            InsuredState::Reversing { .. } => Some(Effect::Reverse { round: self.round }),
            _ => None,
        }
    }

    /// What it answers to who asks for something it has done already, or does not do.
    #[must_use]
    pub const fn answer(&self, asks: Asks) -> Says {
        match (self.state, asks) {
            (InsuredState::Unseen, _) => Says::NeverSeen,
            (InsuredState::Offered(offer), _) if offer.round > 1 => Says::Changed(offer),
            (InsuredState::Offered(offer), _) => Says::Offered(offer),
            (InsuredState::Settling(_) | InsuredState::Renewing(_) | InsuredState::Reversing { .. }, _) => {
                Says::InProgress
            }
            (InsuredState::Finished(_), Asks::Finish { .. }) => Says::Finished,
            // of this very step: it was tried, and was too late
            (InsuredState::Finished(_), Asks::Reverse { .. }) => Says::Refused(Why::Late),
            (InsuredState::Settled(receipt) | InsuredState::Finished(receipt), _) => Says::Confirmed(receipt),
            (InsuredState::Reversed { receipt, day }, _) => Says::Reversed(Undone::TookOut { receipt, day }),
            (InsuredState::Tombstone, _) => Says::Reversed(Undone::NeverCame),
            (InsuredState::Ended(_), Asks::Cancel | Asks::Reverse { .. }) => Says::Reversed(Undone::Ended),
            (InsuredState::Ended(end), _) => Says::Ended(end),
            (InsuredState::Refused(why), _) => Says::Refused(why),
        }
    }

    /// An offer that is over, and anything else as it is.
    fn expired(self, now: DateTime<Utc>) -> Self {
        match self.state {
            InsuredState::Offered(offer) if now > offer.until => {
                Self { state: InsuredState::Ended(End::Expired), next_at: None, ..self }
            }
            _ => self,
        }
    }

    fn asked(self, step: Step, asks: Asks, closed: bool, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        if self.state == InsuredState::Unseen {
            return self.asked_first(step, asks);
        }
        if step < self.step {
            return self.says(step, Says::Stale { step: self.step });
        }
        if let Asks::Prepare { content } = asks
            && self.content != content
            && step == self.step
        {
            return self.says(step, Says::Refused(Why::OtherContent));
        }
        if step == self.step {
            return self.says(step, self.answer(asks));
        }
        self.asked_next(step, asks, closed, now, terms)
    }

    fn asked_first(self, step: Step, asks: Asks) -> Moved<Self> {
        match asks {
            Asks::Prepare { .. } => Moved { state: self, effects: vec![Effect::Decide { round: 1 }] },
            Asks::Cancel | Asks::Reverse { .. } => {
                Self { step, ..self }.rests(InsuredState::Tombstone, Vec::new()).says(step, asks)
            }
            Asks::Confirm { .. } | Asks::Finish { .. } | Asks::Ask => self.says(step, Says::NeverSeen),
        }
    }

    /// A step that is higher than all before.
    fn asked_next(self, step: Step, asks: Asks, closed: bool, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let next = Self { step, ..self };
        match (self.state, asks) {
            (InsuredState::Offered(offer), Asks::Confirm { round }) if round == offer.round => {
                next.works(InsuredState::Settling(offer), now, terms)
            }
            (
                InsuredState::Offered(_) | InsuredState::Refused(_) | InsuredState::Ended(_),
                Asks::Cancel | Asks::Reverse { .. },
            ) => next.rests(InsuredState::Ended(End::Cancelled), Vec::new()).says(step, asks),
            (InsuredState::Tombstone | InsuredState::Reversed { .. }, Asks::Cancel | Asks::Reverse { .. }) => {
                next.says(step, next.answer(asks))
            }
            (InsuredState::Settling(_) | InsuredState::Renewing(_), Asks::Cancel) => {
                next.works(InsuredState::Reversing { receipt: None }, now, terms)
            }
            (InsuredState::Settled(receipt), Asks::Cancel) => {
                next.works(InsuredState::Reversing { receipt: Some(receipt) }, now, terms)
            }
            (InsuredState::Finished(_), Asks::Cancel) => self.says(step, Says::Stale { step: self.step }),
            (
                InsuredState::Settled(ours) | InsuredState::Finished(ours),
                Asks::Finish { receipt } | Asks::Reverse { receipt },
            ) if receipt != ours.message => self.says(step, Says::Stale { step: self.step }),
            (InsuredState::Settled(receipt), Asks::Finish { .. }) => {
                next.rests(InsuredState::Finished(receipt), Vec::new()).says(step, asks)
            }
            (InsuredState::Settled(ours) | InsuredState::Finished(ours), Asks::Reverse { .. }) if closed => {
                next.rests(InsuredState::Finished(ours), Vec::new()).says(step, asks)
            }
            (InsuredState::Settled(ours) | InsuredState::Finished(ours), Asks::Reverse { .. }) => {
                next.works(InsuredState::Reversing { receipt: Some(ours) }, now, terms)
            }
            _ => self.says(step, self.answer(asks)),
        }
    }

    fn decided(
        self,
        step: Step,
        content: Sha,
        round: u32,
        result: Result<Shares, Why>,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> Moved<Self> {
        let (next, step) = match self.state {
            InsuredState::Unseen if round == 1 => (Self { step, content, ..self }, step),
            InsuredState::Renewing(before) if round == before.round.saturating_add(1) => (self, self.step),
            // decided while something else came: the Prepare is answered with what that made of the bill
            _ if round == 1 => return self.expired(now).asked(step, Asks::Prepare { content }, false, now, terms),
            _ => return self.stays(),
        };
        let state = match result {
            Ok(Shares { owed, cash }) => InsuredState::Offered(Offer { round, owed, cash, until: now + terms.offer }),
            Err(why) => InsuredState::Refused(why),
        };
        let next_at = result.is_ok().then(|| now + terms.offer + Duration::milliseconds(1));
        let bill = Self { state, round, attempts: 0, next_at, ..next };
        bill.says(step, bill.answer(Asks::Ask))
    }

    fn committed(
        self,
        round: u32,
        result: Result<Receipt, Unsettled>,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> Moved<Self> {
        let InsuredState::Settling(offer) = self.state else { return self.stays() };
        if round != offer.round {
            return self.stays();
        }
        match result {
            Ok(receipt) => self
                .rests(InsuredState::Settled(receipt), vec![Effect::Book(Booked::Settled(receipt))])
                .says(self.step, Asks::Ask),
            Err(Unsettled::Changed) => self.works(InsuredState::Renewing(offer), now, terms),
            Err(Unsettled::Refused(why)) => {
                self.rests(InsuredState::Refused(why), Vec::new()).says(self.step, Asks::Ask)
            }
            Err(Unsettled::Away) => self.waits(Vec::new(), now, terms),
        }
    }

    fn taken_out(self, round: u32, day: Option<NaiveDate>, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let InsuredState::Reversing { receipt } = self.state else { return self.stays() };
        if round != self.round {
            return self.stays();
        }
        match (day, receipt) {
            (Some(day), Some(receipt)) => self
                .rests(InsuredState::Reversed { receipt, day }, vec![Effect::Book(Booked::Reversed(receipt, day))])
                .says(self.step, Asks::Cancel),
            (Some(_), None) => {
                self.rests(InsuredState::Ended(End::Cancelled), Vec::new()).says(self.step, Asks::Cancel)
            }
            (None, _) => self.waits(Vec::new(), now, terms),
        }
    }

    fn tick(self, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let bill = self.expired(now);
        match bill.due() {
            Some(effect) if bill.next_at.is_some_and(|at| now >= at) => bill.waits(vec![effect], now, terms),
            _ => bill.stays(),
        }
    }

    /// A state in which the bureau is asked for something.
    fn works(self, state: InsuredState, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let next_at = Some(now + pace::wait(&self.id, 0, terms));
        let bill = Self { state, attempts: 0, next_at, ..self };
        Moved { state: bill, effects: bill.due().into_iter().collect() }
    }

    /// The same state; the bureau is asked again after a longer wait.
    fn waits(self, effects: Vec<Effect>, now: DateTime<Utc>, terms: &Terms) -> Moved<Self> {
        let attempts = self.attempts.saturating_add(1);
        let next_at = Some(now + pace::wait(&self.id, attempts, terms));
        Moved { state: Self { attempts, next_at, ..self }, effects }
    }

    /// A state in which nothing is under way.
    const fn rests(self, state: InsuredState, effects: Vec<Effect>) -> Moved<Self> {
        Moved { state: Self { state, attempts: 0, next_at: None, ..self }, effects }
    }

    fn says(self, step: Step, says: Says) -> Moved<Self> {
        Moved { state: self, effects: vec![Effect::Reply(step, says)] }
    }

    const fn stays(self) -> Moved<Self> {
        Moved { state: self, effects: Vec::new() }
    }
}

impl Moved<InsuredBill> {
    /// And says what the state after the move answers to this.
    fn says(mut self, step: Step, asks: Asks) -> Self {
        self.effects.push(Effect::Reply(step, self.state.answer(asks)));
        self
    }
}

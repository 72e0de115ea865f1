//! Rules broken on purpose, to see that the auditor finds each.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use crossing::{
    Booked, CareBill, CareEvent, CareState, Effect, InsuredBill, InsuredEvent, InsuredState, Lapse, Moved, Says, Terms,
    Told,
};
use money::Fen;

use crate::sim::moves::{is_finish, settled_on_offer};
use crate::sim::network::{Body, Message};
use crate::sim::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// The place of insurance forgets what was undone before it came, and what ended.
    ForgetsTombstones,
    /// The network alters amounts; signatures are checked.
    NetworkForges,
    /// The network alters amounts, and nobody checks.
    BelievesForgeries,
    /// The place of care books on an offer.
    BooksOnOffer,
    /// The place of care gives up what it has confirmed when the offer's time is over.
    GivesUpConfirmed,
    /// The place of insurance lets a late confirmation pass.
    ConfirmsLate,
    /// The prepayment is looked at without what is held.
    HoldsBesideTheCommit,
    /// A repeated Settle has a new key.
    NewKeyOnRetry,
    /// A new round is offered while a copy of the last one's Settle may still be settled.
    DoesNotWithdraw,
    /// A round that is being renewed is settled again: what the first design did, found by seed 164.
    SettlesWhatIsRenewed,
    /// The bureau does not keep a refusal.
    RefusalNotKept,
    /// The place of care books each receipt that comes.
    BooksTwice,
    /// Finish is sent once.
    FinishesOnce,
    /// Some items of the place of insurance are lost.
    LosesItems,
    /// What is held is not freed when a bill is refused in the end.
    KeepsHolds,
}

impl Flaw {
    /// What a flawed machine makes of an event; none where it does what the true one does.
    pub(crate) fn care(
        self,
        bill: &CareBill,
        event: CareEvent,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> Option<Moved<CareBill>> {
        match (self, event, bill.state) {
            (Self::BooksOnOffer, CareEvent::Said { step, says, .. }, _) if step == bill.step => {
                let state = settled_on_offer(bill, says)?;
                let CareState::Settled { receipt, .. } = state.state else { return None };
                let effects = vec![Effect::Book(Booked::Settled(receipt)), Effect::Answer(Told::Settled(receipt))];
                Some(Moved { state, effects })
            }
            (Self::GivesUpConfirmed, CareEvent::Tick, CareState::Confirming { since, .. })
                if now > since + terms.offer =>
            {
                let state = CareBill { state: CareState::Lapsed(Lapse::Expired), next_at: None, ..*bill };
                Some(Moved { state, effects: vec![Effect::Free, Effect::Answer(Told::Lapsed(Lapse::Expired))] })
            }
            (
                Self::BooksTwice,
                CareEvent::Said { says: Says::Confirmed(receipt), .. },
                CareState::Settled { finished: false, .. },
            ) => Some(Moved { state: *bill, effects: vec![Effect::Book(Booked::Settled(receipt))] }),
            (Self::FinishesOnce, CareEvent::Tick, _) => {
                let mut moved = bill.step(event, now, terms);
                moved.effects.retain(|effect| !is_finish(effect));
                Some(moved)
            }
            (Self::KeepsHolds, _, _) => {
                let mut moved = bill.step(event, now, terms);
                moved.effects.retain(|effect| *effect != Effect::Free);
                Some(moved)
            }
            _ => None,
        }
    }

    /// The row a flawed place of insurance takes for its own.
    pub(crate) fn insured(self, bill: InsuredBill, event: InsuredEvent) -> InsuredBill {
        match (self, bill.state, event) {
            (Self::SettlesWhatIsRenewed, InsuredState::Renewing(offer), InsuredEvent::Tick) => {
                InsuredBill { state: InsuredState::Settling(offer), ..bill }
            }
            _ => bill,
        }
    }

    /// The clock a flawed place of insurance goes by.
    pub(crate) fn clock(self, bill: &InsuredBill, event: InsuredEvent, now: DateTime<Utc>) -> DateTime<Utc> {
        match (self, bill.state, event) {
            (Self::ConfirmsLate, InsuredState::Offered(offer), InsuredEvent::Asked { .. } | InsuredEvent::Tick) => {
                // by ten minutes
                if now < offer.until + chrono::Duration::minutes(10) { now.min(offer.until) } else { now }
            }
            _ => now,
        }
    }

    /// Whether a row is lost.
    pub(crate) const fn forgets(self, state: &InsuredState) -> bool {
        matches!((self, state), (Self::ForgetsTombstones, InsuredState::Tombstone | InsuredState::Ended(_)))
    }

    /// A message as it arrives.
    pub(crate) fn alters(self, message: &Rc<Message>, rng: &mut Rng, forged: &mut u64) -> Rc<Message> {
        if !matches!(self, Self::NetworkForges | Self::BelievesForgeries) || !rng.chance(100) {
            return Rc::clone(message);
        }
        let Body::Says { bill, step, says: before } = message.says else { return Rc::clone(message) };
        let more = Fen::new(1);
        let says = match before {
            Says::Offered(offer) => Says::Offered(crossing::Offer { owed: offer.owed + more, ..offer }),
            Says::Confirmed(receipt) => Says::Confirmed(crossing::Receipt { owed: receipt.owed + more, ..receipt }),
            Says::Finished => Says::Ended(crossing::End::Cancelled),
            Says::InProgress => Says::Reversed(crossing::Undone::Ended),
            _ => return Rc::clone(message),
        };
        *forged += 1;
        let body = Body::Says { bill, step, says };
        let mut sealed = message.sealed.clone();
        sealed.body = body.bytes();
        if rng.chance(500) {
            // with a hash that fits, which the signature then does not
            sealed.header.body_sha256 = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&sealed.body));
        }
        Rc::new(Message { sealed, says: body, ..**message })
    }
}

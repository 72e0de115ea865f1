use chrono::{DateTime, Utc};
use money::Fen;
use serde::{Deserialize, Serialize};
use terms::Name;

use super::{Answer, Reservation, Reservations, ReserveError, Standing};
use crate::Account;

/// What to do with a reservation. Each may be sent again: the same content gives the reservation as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Holds a part of a limit.
    Reserve {
        /// The caller's id.
        id: Name,
        /// The limit.
        limit: Account,
        /// How much, in fen; zero where nothing is left, so that the caller finds its reservation again.
        amount: Fen,
        /// From when on it may be expired; sent again as it was first sent.
        expires: DateTime<Utc>,
    },
    /// Lets a pending reservation hold more, and longer; it never holds less, and never a shorter time.
    Raise {
        /// The reservation.
        id: Name,
        /// How much altogether, in fen.
        amount: Fen,
        /// From when on it may be expired.
        expires: DateTime<Utc>,
    },
    /// Uses what is held, or less of it; the rest is free again. An overdue reservation can still be posted.
    Post {
        /// The reservation.
        id: Name,
        /// How much, in fen; zero frees all of it.
        amount: Fen,
    },
    /// Gives up what is held. A reservation that has not arrived is refused when it does.
    Void {
        /// The reservation.
        id: Name,
    },
    /// Gives up what is held because its time has passed; the caller says what time it is.
    Expire {
        /// The reservation.
        id: Name,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Changes what is posted of a limit, of whatever reservations: a reversal gives back, an adjustment either.
    Change {
        /// The caller's id of this change.
        id: Name,
        /// The limit.
        limit: Account,
        /// New less old, in fen; not zero.
        amount: Fen,
    },
}

impl Reservations {
    /// Obeys one command.
    ///
    /// # Errors
    /// [`ReserveError`]; nothing changed.
    pub fn obey(&mut self, command: &Command) -> Result<Answer, ReserveError> {
        match *command {
            Command::Reserve { id, limit, amount, expires } => {
                self.reserve(Reservation { id, limit, amount, expires, standing: Standing::Pending })
            }
            Command::Raise { id, amount, expires } => self.raise(&id, amount, expires),
            Command::Post { id, amount } => self.post(&id, amount),
            Command::Void { id } => self.void(&id),
            Command::Expire { id, now } => self.expire(&id, now),
            Command::Change { id, limit, amount } => self.change(id, limit, amount),
        }
    }

    fn reserve(&mut self, new: Reservation) -> Result<Answer, ReserveError> {
        if let Some(there) = self.first.get(&new.id) {
            let same = [
                ("limit", there.limit == new.limit),
                ("amount", there.amount == new.amount),
                ("expires", there.expires == new.expires),
            ];
            return match same.into_iter().find(|(_, same)| !same) {
                Some((field, _)) => Err(ReserveError::OtherContent { field }),
                None => Ok(Answer::Stands(*self.find(&new.id)?)),
            };
        }
        if self.tombstones.contains(&new.id) {
            return Err(ReserveError::VoidedBefore);
        }
        not_negative(new.amount)?;
        let limit = self.limits.get_mut(&new.limit).ok_or(ReserveError::UnknownLimit { limit: new.limit })?;
        let left = limit.left();
        if new.amount > left {
            return Err(ReserveError::BeyondLimit { limit: new.limit, left, asked: new.amount });
        }
        limit.pending += new.amount;
        self.first.insert(new.id, new);
        self.held.insert(new.id, new);
        Ok(Answer::Stands(new))
    }

    fn raise(&mut self, id: &Name, amount: Fen, expires: DateTime<Utc>) -> Result<Answer, ReserveError> {
        not_negative(amount)?;
        let held = *self.find(id)?;
        match held.standing {
            Standing::Pending => {}
            Standing::Posted(amount) => return Err(ReserveError::AlreadyPosted { amount }),
            Standing::Voided => return Err(ReserveError::AlreadyVoided),
            Standing::Expired => return Err(ReserveError::AlreadyExpired),
        }
        let more = amount.above(held.amount);
        let limit = self.limits.get_mut(&held.limit).ok_or(ReserveError::UnknownLimit { limit: held.limit })?;
        let left = limit.left();
        if more > left {
            return Err(ReserveError::BeyondLimit { limit: held.limit, left, asked: more });
        }
        limit.pending += more;
        let after = Reservation { amount: held.amount + more, expires: held.expires.max(expires), ..held };
        self.held.insert(*id, after);
        Ok(Answer::Stands(after))
    }

    fn post(&mut self, id: &Name, amount: Fen) -> Result<Answer, ReserveError> {
        not_negative(amount)?;
        let held = *self.find(id)?;
        match held.standing {
            Standing::Pending if amount > held.amount => {
                Err(ReserveError::BeyondPending { held: held.amount, asked: amount })
            }
            Standing::Pending => Ok(self.settle(held, Standing::Posted(amount))),
            Standing::Posted(posted) if posted == amount => Ok(Answer::Stands(held)),
            Standing::Posted(posted) => Err(ReserveError::AlreadyPosted { amount: posted }),
            Standing::Voided => Err(ReserveError::AlreadyVoided),
            Standing::Expired => Err(ReserveError::AlreadyExpired),
        }
    }

    fn void(&mut self, id: &Name) -> Result<Answer, ReserveError> {
        let Ok(held) = self.find(id).copied() else {
            self.tombstones.insert(*id);
            return Ok(Answer::NeverHeld);
        };
        match held.standing {
            Standing::Pending => Ok(self.settle(held, Standing::Voided)),
            Standing::Voided | Standing::Expired => Ok(Answer::Stands(held)),
            Standing::Posted(amount) => Err(ReserveError::AlreadyPosted { amount }),
        }
    }

    fn expire(&mut self, id: &Name, now: DateTime<Utc>) -> Result<Answer, ReserveError> {
        let held = *self.find(id)?;
        match held.standing {
            Standing::Pending if now < held.expires => Err(ReserveError::NotYet { expires: held.expires }),
            Standing::Pending => Ok(self.settle(held, Standing::Expired)),
            Standing::Voided | Standing::Expired => Ok(Answer::Stands(held)),
            Standing::Posted(amount) => Err(ReserveError::AlreadyPosted { amount }),
        }
    }

    fn change(&mut self, id: Name, account: Account, amount: Fen) -> Result<Answer, ReserveError> {
        if let Some((there, changed)) = self.changes.get(&id) {
            return match (*there == account, *changed == amount) {
                (false, _) => Err(ReserveError::OtherContent { field: "limit" }),
                (_, false) => Err(ReserveError::OtherContent { field: "amount" }),
                _ => self.limits.get(&account).map(|limit| Answer::Uses(*limit)).ok_or(unknown(account)),
            };
        }
        let limit = self.limits.get_mut(&account).ok_or(unknown(account))?;
        if amount.is_zero() {
            return Err(ReserveError::NoChange);
        }
        let (left, posted) = (limit.left(), limit.posted);
        if amount > left {
            return Err(ReserveError::BeyondLimit { limit: account, left, asked: amount });
        }
        // Adding what is posted, which is not negative, cannot fall below what the type holds.
        if (posted + amount).is_negative() {
            return Err(ReserveError::BeyondPosted { left: posted, change: amount });
        }
        limit.posted += amount;
        let after = *limit;
        self.changes.insert(id, (account, amount));
        Ok(Answer::Uses(after))
    }

    fn find(&self, id: &Name) -> Result<&Reservation, ReserveError> {
        self.held.get(id).ok_or(ReserveError::UnknownReservation)
    }

    /// A pending reservation holds no longer; what is posted of it counts as used.
    fn settle(&mut self, held: Reservation, standing: Standing) -> Answer {
        if let Some(limit) = self.limits.get_mut(&held.limit) {
            limit.pending -= held.amount;
            if let Standing::Posted(amount) = standing {
                limit.posted += amount;
            }
        }
        let after = Reservation { standing, ..held };
        self.held.insert(held.id, after);
        Answer::Stands(after)
    }
}

fn not_negative(amount: Fen) -> Result<(), ReserveError> {
    if amount.is_negative() { Err(ReserveError::Negative { amount }) } else { Ok(()) }
}

const fn unknown(limit: Account) -> ReserveError {
    ReserveError::UnknownLimit { limit }
}

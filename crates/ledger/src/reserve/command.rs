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
        /// How much, in fen; above zero.
        amount: Fen,
        /// From when on it may be expired; sent again as it was first sent.
        expires: DateTime<Utc>,
    },
    /// Uses what is held, or less of it; the rest is free again. An overdue reservation can still be posted.
    Post {
        /// The reservation.
        id: Name,
        /// How much, in fen; above zero.
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
    /// Gives back a part of what was posted, after a reversal or an adjustment.
    Return {
        /// The caller's id of this return.
        id: Name,
        /// The reservation.
        of: Name,
        /// How much, in fen; above zero.
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
                let (standing, returned) = (Standing::Pending, Fen::ZERO);
                self.reserve(Reservation { id, limit, amount, expires, standing, returned })
            }
            Command::Post { id, amount } => self.post(&id, amount),
            Command::Void { id } => self.void(&id),
            Command::Expire { id, now } => self.expire(&id, now),
            Command::Return { id, of, amount } => self.give_back(id, of, amount),
        }
    }

    fn reserve(&mut self, new: Reservation) -> Result<Answer, ReserveError> {
        if let Some(there) = self.held.get(&new.id) {
            let same = [
                ("limit", there.limit == new.limit),
                ("amount", there.amount == new.amount),
                ("expires", there.expires == new.expires),
            ];
            return match same.into_iter().find(|(_, same)| !same) {
                Some((field, _)) => Err(ReserveError::OtherContent { field }),
                None => Ok(Answer::Stands(*there)),
            };
        }
        if self.tombstones.contains(&new.id) {
            return Err(ReserveError::VoidedBefore);
        }
        above_zero(new.amount)?;
        let limit = self.limits.get_mut(&new.limit).ok_or(ReserveError::UnknownLimit { limit: new.limit })?;
        let left = limit.left();
        if new.amount > left {
            return Err(ReserveError::BeyondLimit { limit: new.limit, left, asked: new.amount });
        }
        limit.pending += new.amount;
        self.held.insert(new.id, new);
        Ok(Answer::Stands(new))
    }

    fn post(&mut self, id: &Name, amount: Fen) -> Result<Answer, ReserveError> {
        above_zero(amount)?;
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

    fn give_back(&mut self, id: Name, of: Name, amount: Fen) -> Result<Answer, ReserveError> {
        let held = *self.find(&of)?;
        if let Some((there, returned)) = self.returned.get(&id) {
            return match (*there == of, *returned == amount) {
                (false, _) => Err(ReserveError::OtherContent { field: "of" }),
                (_, false) => Err(ReserveError::OtherContent { field: "amount" }),
                _ => Ok(Answer::Stands(held)),
            };
        }
        above_zero(amount)?;
        let Standing::Posted(posted) = held.standing else { return Err(ReserveError::NotPosted) };
        let left = posted - held.returned;
        if amount > left {
            return Err(ReserveError::BeyondPosted { left, asked: amount });
        }
        if let Some(limit) = self.limits.get_mut(&held.limit) {
            limit.posted -= amount;
        }
        self.returned.insert(id, (of, amount));
        let after = Reservation { returned: held.returned + amount, ..held };
        self.held.insert(of, after);
        Ok(Answer::Stands(after))
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

fn above_zero(amount: Fen) -> Result<(), ReserveError> {
    if amount > Fen::ZERO { Ok(()) } else { Err(ReserveError::NotPositive { amount }) }
}

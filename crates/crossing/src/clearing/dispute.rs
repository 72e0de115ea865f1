use money::Fen;
use terms::Name;

use super::Month;

/// Where an item is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a month; `decided`: by officers after a dispute, so that it is not disputed again.
    In {
        /// The month.
        month: Month,
        /// Whether officers have put it there.
        decided: bool,
    },
    /// Nowhere: it was taken out of a month.
    Disputed {
        /// The month.
        from: Month,
    },
}

/// Why an item stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmoved {
    /// It is not in that month.
    Elsewhere,
    /// Officers have decided about it.
    Decided,
    /// It is not disputed.
    NotDisputed,
    /// The month is not after the one it was taken out of.
    NotLater,
}

impl Place {
    /// Where it is declared.
    #[must_use]
    pub const fn declared(month: Month) -> Self {
        Self::In { month, decided: false }
    }

    /// The month whose sheet counts it.
    #[must_use]
    pub const fn month(self) -> Option<Month> {
        match self {
            Self::In { month, .. } => Some(month),
            Self::Disputed { .. } => None,
        }
    }

    /// Taken out of a month.
    ///
    /// # Errors
    /// [`Unmoved`].
    pub fn dispute(self, of: Month) -> Result<Self, Unmoved> {
        match self {
            Self::In { month, decided: false } if month == of => Ok(Self::Disputed { from: month }),
            Self::In { month, decided: true } if month == of => Err(Unmoved::Decided),
            _ => Err(Unmoved::Elsewhere),
        }
    }

    /// Put into a later month.
    ///
    /// # Errors
    /// [`Unmoved`].
    pub fn resolve(self, into: Month) -> Result<Self, Unmoved> {
        match self {
            Self::Disputed { from } if into > from => Ok(Self::In { month: into, decided: true }),
            Self::Disputed { .. } => Err(Unmoved::NotLater),
            Self::In { .. } => Err(Unmoved::NotDisputed),
        }
    }
}

/// A bill that a place of insurance disputes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// What its items come to, in fen.
    pub owed: Fen,
    /// Where it stands.
    pub state: DisputeState,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeState {
    /// Nobody has said how it ends.
    Open,
    /// An officer has.
    Proposed {
        /// Who.
        officer: Name,
        /// What is to be taken off, in fen.
        deducted: Fen,
    },
    /// Two have.
    Resolved,
}

/// Why a dispute is not resolved so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotResolved {
    /// It is resolved already.
    Already,
    /// More than the bill comes to, or less than nothing.
    TooMuch,
    /// Nobody has proposed anything.
    NotProposed,
    /// The proposal is another.
    OtherProposal,
    /// Who proposed it cannot confirm it.
    SameOfficer,
}

impl Dispute {
    /// An officer proposes what is taken off.
    ///
    /// # Errors
    /// [`NotResolved`].
    pub fn propose(self, officer: Name, deducted: Fen) -> Result<Self, NotResolved> {
        if self.state == DisputeState::Resolved {
            return Err(NotResolved::Already);
        }
        if deducted < Fen::ZERO || deducted > self.owed.max(Fen::ZERO) {
            return Err(NotResolved::TooMuch);
        }
        Ok(Self { state: DisputeState::Proposed { officer, deducted }, ..self })
    }

    /// Another officer confirms it.
    ///
    /// # Errors
    /// [`NotResolved`].
    pub fn confirm(self, officer: Name, deducted: Fen) -> Result<Self, NotResolved> {
        match self.state {
            DisputeState::Open => Err(NotResolved::NotProposed),
            DisputeState::Resolved => Err(NotResolved::Already),
            DisputeState::Proposed { deducted: proposed, .. } if proposed != deducted => {
                Err(NotResolved::OtherProposal)
            }
            DisputeState::Proposed { officer: by, .. } if by == officer => Err(NotResolved::SameOfficer),
            DisputeState::Proposed { .. } => Ok(Self { state: DisputeState::Resolved, ..self }),
        }
    }
}

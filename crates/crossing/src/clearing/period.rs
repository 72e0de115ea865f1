/// Where a month stands.
///
/// ```text
/// Declaring  declare, deduct, close a declaration   -> MakeSheet ->  Sheet
/// Sheet      confirm, dispute                       -> Issue     ->  Noticed
/// Noticed    pay, receive                           -> Close     ->  Closed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodState {
    /// Items are declared and audited.
    Declaring,
    /// The sheet is made.
    Sheet,
    /// The notices are issued.
    Noticed,
    /// Everything was paid and received.
    Closed,
}

/// What is done in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Items are declared, or put in after a dispute.
    Declare,
    /// Something is taken off a bill.
    Deduct,
    /// A place of care says that it is done.
    CloseDeclaration,
    /// The sheet is made.
    MakeSheet,
    /// A row is confirmed.
    Confirm,
    /// Bills are taken out.
    Dispute,
    /// The notices are issued.
    Issue,
    /// A row is paid.
    Pay,
    /// What was paid is received.
    Receive,
    /// The month is closed.
    Close,
}

impl PeriodState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Declaring, Self::Sheet, Self::Noticed, Self::Closed];

    /// The state after an act; none where it cannot be done.
    #[must_use]
    pub const fn after(self, act: Act) -> Option<Self> {
        match (self, act) {
            (Self::Declaring, Act::Declare | Act::Deduct | Act::CloseDeclaration) => Some(Self::Declaring),
            (Self::Declaring, Act::MakeSheet) | (Self::Sheet, Act::Confirm | Act::Dispute) => Some(Self::Sheet),
            (Self::Sheet, Act::Issue) | (Self::Noticed, Act::Pay | Act::Receive) => Some(Self::Noticed),
            (Self::Noticed, Act::Close) => Some(Self::Closed),
            _ => None,
        }
    }

    /// The stored spelling.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Declaring => "declaring",
            Self::Sheet => "sheet",
            Self::Noticed => "noticed",
            Self::Closed => "closed",
        }
    }

    /// The state of a stored spelling.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Where a row of a sheet stands: what a place of insurance and a place of care do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowState {
    /// It stands in the sheet.
    Listed,
    /// The place of insurance has confirmed it.
    Confirmed,
    /// It is in notices.
    Noticed,
    /// Its payer has paid.
    Paid,
    /// Its receiver has received it, or there was nothing to pay.
    Received,
}

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowAct {
    /// Bills are taken out.
    Dispute,
    /// It is confirmed.
    Confirm,
    /// Notices are issued; `silence`: whether what nobody has confirmed counts as confirmed now. `is_even`: nothing is to be paid.
    Issue {
        /// Whether silence is a confirmation by now.
        silence: bool,
        /// Whether nothing is to be paid.
        is_even: bool,
    },
    /// Its payer pays.
    Pay,
    /// Its receiver receives.
    Receive,
}

impl RowState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Listed, Self::Confirmed, Self::Noticed, Self::Paid, Self::Received];

    /// The state after an act; none where it cannot be done.
    #[must_use]
    pub const fn after(self, act: RowAct) -> Option<Self> {
        match (self, act) {
            (Self::Listed, RowAct::Dispute) => Some(Self::Listed),
            (Self::Listed, RowAct::Confirm) => Some(Self::Confirmed),
            (Self::Confirmed, RowAct::Issue { is_even, .. })
            | (Self::Listed, RowAct::Issue { silence: true, is_even }) => {
                Some(if is_even { Self::Received } else { Self::Noticed })
            }
            (Self::Noticed, RowAct::Pay) => Some(Self::Paid),
            (Self::Paid, RowAct::Receive) => Some(Self::Received),
            _ => None,
        }
    }

    /// The stored spelling.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Confirmed => "confirmed",
            Self::Noticed => "noticed",
            Self::Paid => "paid",
            Self::Received => "received",
        }
    }

    /// The state of a stored spelling.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

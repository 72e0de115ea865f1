use std::fmt;
use std::str::FromStr;

use money::Fen;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use terms::{AccountKind, Division, IncomeSource, Name, Side};

/// An account of the books or beside them, by its stable code: `fund:990100:pooled_fund`, `personal:P1`.
///
/// In a code only the last part is free text, and it takes all that follows: an id may hold colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// A fund: `fund:<division>:<payer>`.
    Fund {
        /// The division whose fund it is.
        division: Division,
        /// The payer's name in the packs.
        payer: Name,
    },
    /// Where a fund's income is from: `income:<division>:<source>`.
    Income {
        /// The division whose fund receives it.
        division: Division,
        /// Who paid it.
        source: IncomeSource,
    },
    /// A personal account: `personal:<person>`.
    Personal {
        /// The person's id.
        person: Name,
    },
    /// What relatives share: `family:<family>`.
    Family {
        /// The id under which the relatives' accounts are offered.
        family: Name,
    },
    /// What a person owes the funds, for what was taken back and was spent already: `receivable:<person>`.
    Receivable {
        /// The person's id.
        person: Name,
    },
    /// What a payer beside the funds owes: `other:<division>:<payer>`.
    Other {
        /// The division that advanced it.
        division: Division,
        /// The payer's name in the packs.
        payer: Name,
    },
    /// Between the books that settle bills and those that keep a payer's fund: `due:<division>:<payer>`. Debited where the
    /// bill is settled, credited where the fund is kept: over both it is zero for each claim.
    Due {
        /// The division whose fund it is.
        division: Division,
        /// The payer's name in the packs.
        payer: Name,
    },
    /// Between the books that settle bills and those between provinces, by the place of care's province: `cross:<province>`.
    /// Credited where the bill is settled, debited between provinces: over both it is zero for each bill.
    Cross {
        /// The province of the place of care.
        province: Division,
    },
    /// What another province owes (debit), or is owed (credit): `province:<province>`. Over the books of both it is zero.
    Province {
        /// The other province.
        province: Division,
    },
    /// What is to be received from another province by notices of clearing (debit), or to be paid to it (credit):
    /// `clearing:<province>`. Over the books of both it is zero.
    Clearing {
        /// The other province.
        province: Division,
    },
    /// What the bureau owes an institution: `payable:<institution>`.
    Payable {
        /// The institution's id.
        institution: Name,
    },
    /// The other side of balances brought forward: `opening:<division>`.
    Opening {
        /// The division that brings them forward.
        division: Division,
    },
    /// What an institution bears itself, memorandum: `hospital:<institution>`.
    Hospital {
        /// The institution's id.
        institution: Name,
    },
    /// What a person paid in cash, memorandum: `cash:<person>`.
    Cash {
        /// The person's id.
        person: Name,
    },
    /// A limit that reservations hold, memorandum: `limit:<name>`.
    Limit {
        /// The limit's name, such as a person and a year.
        name: Name,
    },
}

/// Why a text is no account code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no account: {expected}")]
pub struct ParseAccountError {
    /// What was written.
    pub found: String,
    /// What would be right.
    pub expected: &'static str,
}

impl Account {
    /// The kind of account.
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Fund { .. } => AccountKind::Fund,
            Self::Income { .. } => AccountKind::Income,
            Self::Personal { .. } => AccountKind::Personal,
            Self::Family { .. } => AccountKind::Family,
            Self::Receivable { .. } => AccountKind::Receivable,
            Self::Other { .. } => AccountKind::Other,
            Self::Due { .. } => AccountKind::Due,
            Self::Payable { .. } => AccountKind::Payable,
            Self::Cross { .. } => AccountKind::Cross,
            Self::Province { .. } => AccountKind::Province,
            Self::Clearing { .. } => AccountKind::Clearing,
            Self::Opening { .. } => AccountKind::Opening,
            Self::Hospital { .. } => AccountKind::Hospital,
            Self::Cash { .. } => AccountKind::Cash,
            Self::Limit { .. } => AccountKind::Limit,
        }
    }

    /// Whether it stands beside the books: its amounts are kept for information and balance nothing.
    #[must_use]
    pub const fn is_memorandum(&self) -> bool {
        matches!(self, Self::Hospital { .. } | Self::Cash { .. } | Self::Limit { .. })
    }

    /// The side on which its balance always is, if it may be on one only: what people have cannot be spent beyond what is
    /// there, and what a person owes cannot be paid beyond what is owed.
    #[must_use]
    pub const fn only_side(&self) -> Option<Side> {
        match self {
            Self::Personal { .. } | Self::Family { .. } => Some(Side::Credit),
            Self::Receivable { .. } => Some(Side::Debit),
            _ => None,
        }
    }

    /// By how much a balance (debits less credits, in fen) is on the side on which it may not be.
    #[must_use]
    pub fn overdrawn_by(&self, net: Fen) -> Option<Fen> {
        let beyond = match self.only_side()? {
            Side::Credit => net,
            Side::Debit => -net,
        };
        (beyond > Fen::ZERO).then_some(beyond)
    }

    /// The side on which a standing claim has this account; memorandum accounts count like a debit. An account between two
    /// books stands on the other side in the books that keep the fund, there never beyond what the fund bears.
    #[must_use]
    pub const fn side_in_claim(&self) -> Side {
        if matches!(self, Self::Payable { .. } | Self::Cross { .. }) { Side::Credit } else { Side::Debit }
    }

    /// The free text of the code, if the account has any.
    #[must_use]
    pub const fn name(&self) -> Option<&Name> {
        match self {
            Self::Fund { payer: name, .. }
            | Self::Other { payer: name, .. }
            | Self::Due { payer: name, .. }
            | Self::Personal { person: name }
            | Self::Receivable { person: name }
            | Self::Cash { person: name }
            | Self::Family { family: name }
            | Self::Payable { institution: name }
            | Self::Hospital { institution: name }
            | Self::Limit { name } => Some(name),
            Self::Income { .. }
            | Self::Opening { .. }
            | Self::Cross { .. }
            | Self::Province { .. }
            | Self::Clearing { .. } => None,
        }
    }

    const fn division(&self) -> Option<Division> {
        match self {
            Self::Fund { division, .. }
            | Self::Other { division, .. }
            | Self::Due { division, .. }
            | Self::Income { division, .. }
            | Self::Opening { division }
            | Self::Cross { province: division }
            | Self::Province { province: division }
            | Self::Clearing { province: division } => Some(*division),
            _ => None,
        }
    }
}

/// The stable code.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        if let Some(division) = self.division() {
            write!(f, ":{division}")?;
        }
        if let Self::Income { source, .. } = self {
            write!(f, ":{source}")?;
        }
        self.name().map_or(Ok(()), |name| write!(f, ":{name}"))
    }
}

impl FromStr for Account {
    type Err = ParseAccountError;
    fn from_str(text: &str) -> Result<Self, ParseAccountError> {
        let wrong = |expected| ParseAccountError { found: text.to_owned(), expected };
        let (kind, rest) = text.split_once(':').ok_or_else(|| wrong("a kind, a colon and the rest"))?;
        let kind: AccountKind = kind.parse().map_err(|_| wrong("a known kind of account before the first colon"))?;
        let name = |name: &str| {
            let name = Name::new(name).ok().filter(|name| !name.is_empty());
            name.ok_or_else(|| wrong("an id or a name of 1 to 47 bytes at the end"))
        };
        let division =
            |code: &str| code.parse::<Division>().map_err(|_| wrong("a division of six digits after the kind"));
        let two = || rest.split_once(':').ok_or_else(|| wrong("a division, a colon and a name"));
        Ok(match kind {
            AccountKind::Fund => Self::Fund { division: division(two()?.0)?, payer: name(two()?.1)? },
            AccountKind::Other => Self::Other { division: division(two()?.0)?, payer: name(two()?.1)? },
            AccountKind::Due => Self::Due { division: division(two()?.0)?, payer: name(two()?.1)? },
            AccountKind::Income => {
                let source = two()?.1.parse().map_err(|_| wrong("a known source of income at the end"))?;
                Self::Income { division: division(two()?.0)?, source }
            }
            AccountKind::Opening => Self::Opening { division: division(rest)? },
            AccountKind::Cross => Self::Cross { province: division(rest)? },
            AccountKind::Province => Self::Province { province: division(rest)? },
            AccountKind::Clearing => Self::Clearing { province: division(rest)? },
            AccountKind::Personal => Self::Personal { person: name(rest)? },
            AccountKind::Family => Self::Family { family: name(rest)? },
            AccountKind::Receivable => Self::Receivable { person: name(rest)? },
            AccountKind::Payable => Self::Payable { institution: name(rest)? },
            AccountKind::Hospital => Self::Hospital { institution: name(rest)? },
            AccountKind::Cash => Self::Cash { person: name(rest)? },
            AccountKind::Limit => Self::Limit { name: name(rest)? },
        })
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

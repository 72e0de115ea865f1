//! Words and their numbers: the name of a generated value without its prefix, in lower case, is the word.

use std::sync::LazyLock;

use pb::policy::v1 as policy_pb;
use pb::settlement::v1 as settlement_pb;
use pb::r#type::v1 as type_pb;
use terms::Word;

use crate::change;

/// A set of words that has its enum on the wire.
pub trait Wired: Word {
    /// The number of each word on the wire, in the order of [`Word::ALL`].
    fn numbers() -> &'static [i32];

    /// How the names of its values begin on the wire: `SCHEME_`.
    fn prefix() -> &'static str;

    /// The name on the wire: `SCHEME_RESIDENT`.
    #[must_use]
    fn name(self) -> String {
        format!("{}{}", Self::prefix(), self.word().to_ascii_uppercase())
    }

    /// The number on the wire.
    #[must_use]
    fn number(self) -> i32 {
        Self::numbers().get(self.index()).copied().unwrap_or(UNSPECIFIED)
    }

    /// The word of this number; none for `UNSPECIFIED` and for numbers that are not known here.
    #[must_use]
    fn of_number(number: i32) -> Option<Self> {
        let at = Self::numbers().iter().position(|known| *known == number && number != UNSPECIFIED)?;
        Self::ALL.get(at).copied()
    }
}

/// The name of a word on the wire, for texts that callers read: `SCHEME_RESIDENT`.
#[must_use]
pub fn name<W: Wired>(word: W) -> String {
    word.name()
}

const UNSPECIFIED: i32 = 0;

/// The numbers of a set of words, found by name.
fn numbers<W: Wired>(number_of: impl Fn(&str) -> Option<i32>) -> Vec<i32> {
    W::ALL.iter().map(|word| number_of(&word.name()).unwrap_or(UNSPECIFIED)).collect()
}

macro_rules! wired {
    ($($package:ident { $($name:ident),+ $(,)? })+) => {$($(
        impl Wired for terms::$name {
            fn numbers() -> &'static [i32] {
                static NUMBERS: LazyLock<Vec<i32>> = LazyLock::new(|| {
                    numbers::<terms::$name>(|name| $package::$name::from_str_name(name).map(i32::from))
                });
                &NUMBERS
            }

            fn prefix() -> &'static str {
                // the enum's first name ends in what is no word
                $package::$name::Unspecified.as_str_name().trim_end_matches("UNSPECIFIED")
            }
        }
    )+)+};
}

wired! {
    type_pb {
        Scheme, Care, Institution, PersonGroup, Category, Place, Filing, Referral, LineClass, LineKind, Epidemic, EnrolHow,
        CountyKind, College, Side,
    }
    policy_pb { HeldWhy }
}

/// Sets of the policy that are no words of facts: their values bear the same names on both sides, and a value that the wire
/// lacks does not compile.
macro_rules! same_names {
    ($($function:ident $name:ident -> $wire:ident { $($variant:ident),+ $(,)? })+) => {$(
        pub(crate) fn $function(value: policy::$name) -> i32 {
            i32::from(match value { $(policy::$name::$variant => policy_pb::$wire::$variant),+ })
        }
    )+};
}

same_names! {
    mark Mark -> Mark { Said, Derived, Assumed }
    severity Severity -> Severity { Error, Warning }
    rule Rule -> Rule {
        OutsideCatalogue, OverLimit, FirstSelfPaid, BorneApart, OffClassB, Elsewhere, Stack, Applied, NotApplied, Base,
        DeductibleStandard, DeductibleFactor, DeductibleFloor, DeductibleMet, Deductible, Ratio, RatioPoints,
        RatioPerYearOfAge, OwnShareFactor, RatioMax, BillCeiling, Ceiling, CeilingExtra, SharedCeiling, Balance, Held, Paid,
        Cash,
    }
    reason Reason -> RefusalReason {
        UnknownDivision, NoScheme, TwoSchemes, WrongGroup, NotCovered, NoBenefit, NoValue, AbsentValue, NotQualified,
        UnknownDisease, NotAtPharmacy, NegativeAmount, AmountTooLarge, SumMismatch, BadDates, BadPlace, BadLine, LinesNeeded,
        TooManyLines, BadHeld, NotFiled, NotAcross, FilingNotNeeded, FilingTooLong, FilingLocked, DocumentMissing,
    }
}

/// Sets that come back too: a value that either side lacks does not compile.
macro_rules! both_ways {
    ($($to:ident $of:ident $ours:ident::$name:ident = $package:ident::$wire:ident { $($variant:ident),+ $(,)? })+) => {$(
        pub(crate) fn $to(value: $ours::$name) -> i32 {
            i32::from(match value { $($ours::$name::$variant => $package::$wire::$variant),+ })
        }

        pub(crate) fn $of(number: i32) -> Option<$ours::$name> {
            match $package::$wire::try_from(number).ok()? {
                $package::$wire::Unspecified => None,
                $($package::$wire::$variant => Some($ours::$name::$variant),)+
            }
        }
    )+};
}

both_ways! {
    payer_kind payer_kind_of policy::PayerKind = policy_pb::PayerKind {
        Fund, Hospital, Other, Account, FamilyAccount, Nobody,
    }
    cause cause_of change::Cause = settlement_pb::RevisionCause {
        Settled, EarlierReversed, EarlierRefunded, EarlierAdded, Refunded, StayEnded, PersonChanged, ThirdFollowed,
        LimitFreed, StartCorrected,
    }
    third_system third_system_of change::ThirdSystem = settlement_pb::ThirdSystem { NotConcerned, Whole, Follows, Short }
}

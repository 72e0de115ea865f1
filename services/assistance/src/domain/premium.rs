use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use policy::{NationalField, Policy, Version};
use terms::{Category, Division, Name};

use super::Month;

/// What the assistance fund pays of one premium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Premium {
    pub(crate) enrolment: Name,
    pub(crate) person: Name,
    pub(crate) division: Division,
    pub(crate) cover_year: i32,
    /// The category under which it was computed.
    pub(crate) category: Category,
    /// Whether that was handed in by who enrolled the person.
    pub(crate) handed_in: bool,
    pub(crate) amount: Fen,
    /// The policy version that computed it.
    pub(crate) version: Version,
    pub(crate) paid: NaiveDate,
}

/// Premium assistance as it was booked; an enrolment's rounds are counted from 1, each after the one before was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BookedPremium {
    pub(crate) premium: Premium,
    pub(crate) round: i64,
    pub(crate) entry: Name,
    pub(crate) booked_at: DateTime<Utc>,
    pub(crate) reversed_at: Option<DateTime<Utc>>,
}

/// The premiums of one division, month and category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PremiumRow {
    pub(crate) division: Division,
    pub(crate) month: Month,
    pub(crate) category: Category,
    pub(crate) sum: PremiumSum,
}

/// A sum over premiums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PremiumSum {
    /// Each once.
    pub(crate) people: u64,
    pub(crate) premiums: u64,
    pub(crate) handed_in: u64,
    pub(crate) amount: Fen,
}

/// The fund that assists with premiums in a division: of those kept here the one whose share the national settlement result calls
/// the medical assistance fund's. None where its packs name none.
pub(crate) fn premium_fund(policy: &Policy, division: Division) -> Option<Name> {
    let kept = policy.held_payers(division);
    let mut payers = (0..u16::MAX).map_while(|number| policy.payer(number));
    let found = payers.find(|payer| payer.field == Some(NationalField::MafPay) && kept.contains(&payer.name));
    found.map(|payer| payer.name)
}

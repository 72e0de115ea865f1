use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use policy::{ContributionFacts, NationalField, Policy, Version};
use terms::{Category, College, CountyKind, Division, Name, PersonGroup, Scheme, Word};

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

/// What a premium is checked with, as far as it was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The day of enrolment, whose categories decide.
    pub(crate) enrolled: Option<NaiveDate>,
    pub(crate) group: Option<PersonGroup>,
    pub(crate) county: Option<CountyKind>,
    pub(crate) college: Option<College>,
}

/// What the fund pays of a resident's premium by a policy, each amount once and above zero: of what was not said, any may be meant.
pub(crate) fn possible(policy: &Policy, premium: &Premium, told: Told) -> Vec<Fen> {
    let mut found = Vec::new();
    for group in any(told.group).into_iter().filter(|group| group.scheme() == Scheme::Resident) {
        for county in any(told.county) {
            for college in any(told.college) {
                let facts = ContributionFacts {
                    division: premium.division,
                    scheme: Scheme::Resident,
                    cover_year: premium.cover_year,
                    group,
                    categories: vec![premium.category],
                    county,
                    college,
                    people: 1,
                    premium_base: Fen::ZERO,
                };
                found.extend(policy.contribution(&facts).ok().map(|one| one.assisted));
            }
        }
    }
    found.retain(|amount| !amount.is_zero());
    found.sort_unstable();
    found.dedup();
    found
}

fn any<W: Word>(said: Option<W>) -> Vec<W> {
    said.map_or_else(|| W::ALL.to_vec(), |said| vec![said])
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

//! The watch list: whose year is above its line, and what departments said to it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use money::Fen;
use terms::{Category, Name};
use wire::change::YearStand;

use super::Office;
use super::words::words;

words! {
    /// Where an entry stands.
    WatchState {
        Listed "listed", LineUnknown "line_unknown", Confirmed "confirmed", Rejected "rejected", Left "left",
    }
    /// What departments are told of an entry.
    WatchNews { Listed "listed", LineUnknown "line_unknown", Left "left" }
    /// Why the list and a computation from scratch differ.
    WatchDifferenceKind { Missing "missing", TooMany "too_many", Amount "amount" }
}

impl WatchState {
    /// Whether the burden is above the line, or may be.
    pub(crate) const fn is_on(self) -> bool {
        !matches!(self, Self::Left)
    }

    /// Whether a department is asked.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Listed | Self::LineUnknown)
    }
}

/// The line of a year, as the policy says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Above it a person is listed.
    Known(Fen),
    /// The pack has one for this person, and nobody has given its value.
    Unknown,
    /// No rule is in force for this person.
    None,
    /// The policy could not be had: it is asked later.
    NotAsked,
}

impl Line {
    /// Whether a burden is above it; of a line that is not known, any burden may be.
    pub(crate) fn is_passed(self, burden: Fen) -> bool {
        match self {
            Self::Known(line) => burden > line,
            Self::Unknown | Self::NotAsked => burden > Fen::ZERO,
            Self::None => false,
        }
    }

    /// The amount, where it is known.
    pub(crate) const fn amount(self) -> Option<Fen> {
        match self {
            Self::Known(line) => Some(line),
            Self::Unknown | Self::None | Self::NotAsked => None,
        }
    }
}

/// How a year stands after a Change, and what its line is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) person: Name,
    pub(crate) stand: &'a YearStand,
    pub(crate) line: Line,
    /// The last Change that is contained.
    pub(crate) sequence: u64,
    /// What brought it.
    pub(crate) about: Name,
}

/// A person's year on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Name,
    pub(crate) person: Name,
    pub(crate) state: WatchState,
    /// The year as last seen, without claims.
    pub(crate) stand: YearStand,
    pub(crate) line: Option<Fen>,
    pub(crate) is_asked: bool,
    pub(crate) sequence: u64,
    pub(crate) steps: u32,
    /// The step of the answer that holds.
    pub(crate) answered: Option<u32>,
    pub(crate) listed_at: DateTime<Utc>,
    pub(crate) changed_at: DateTime<Utc>,
}

/// One step of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) entry: Name,
    pub(crate) number: u32,
    pub(crate) state: WatchState,
    pub(crate) burden: Fen,
    pub(crate) line: Option<Fen>,
    pub(crate) sequence: u64,
    pub(crate) about: Name,
    pub(crate) done_at: DateTime<Utc>,
}

/// What became of an entry: how it stands, its new step, and what departments hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    pub(crate) entry: Entry,
    pub(crate) step: Option<Step>,
    pub(crate) news: Option<WatchNews>,
}

/// Brings an entry up to a Change; none where there was none and the burden is not above the line, or where a later Change counts
/// already.
pub(crate) fn follow(
    before: Option<&Entry>,
    seen: Seen<'_>,
    now: DateTime<Utc>,
    id: impl FnOnce() -> Name,
) -> Option<Followed> {
    let burden = burden(seen.stand);
    let is_above = seen.line.is_passed(burden);
    if before.is_none() && !is_above || before.is_some_and(|before| before.sequence > seen.sequence) {
        return None;
    }
    let was = before.map_or(WatchState::Left, |before| before.state);
    let state = match (is_above, was) {
        (false, _) => WatchState::Left,
        (true, WatchState::Confirmed | WatchState::Rejected) => was,
        (true, _) if seen.line.amount().is_some() => WatchState::Listed,
        (true, _) => WatchState::LineUnknown,
    };
    let line = seen.line.amount();
    let is_same = before.is_some_and(|before| {
        let amounts = (before.line, self::burden(&before.stand)) == (line, burden);
        before.state == state && (amounts || state == WatchState::Left)
    });
    let mut entry = Entry {
        id: before.map_or_else(id, |before| before.id),
        person: seen.person,
        state,
        stand: YearStand { claims: Vec::new(), opening: Vec::new(), ..seen.stand.clone() },
        line,
        is_asked: seen.line != Line::NotAsked,
        sequence: seen.sequence,
        steps: before.map_or(0, |before| before.steps),
        // who falls and rises again is another case: a department is asked again
        answered: before.and_then(|before| before.answered).filter(|_| state.is_on()),
        listed_at: before.map_or(now, |before| before.listed_at),
        changed_at: now,
    };
    // of an entry whose line was not asked for, nobody has heard
    let heard = if before.is_some_and(|before| before.is_asked) { was } else { WatchState::Left };
    let news = match (heard, state) {
        _ if seen.line == Line::NotAsked => None,
        (heard, WatchState::Left) if heard.is_on() => Some(WatchNews::Left),
        (WatchState::Left | WatchState::LineUnknown, WatchState::Listed) => Some(WatchNews::Listed),
        // a place without any line has all its patients here: departments hear of those somebody has named
        (WatchState::Left, WatchState::LineUnknown) if !seen.stand.categories.is_empty() => {
            Some(WatchNews::LineUnknown)
        }
        _ => None,
    };
    let step = (!is_same).then(|| entry.step(seen.about, now));
    Some(Followed { entry, step, news })
}

impl Entry {
    /// The next step, as the entry stands.
    fn step(&mut self, about: Name, done_at: DateTime<Utc>) -> Step {
        self.steps = self.steps.saturating_add(1);
        Step {
            entry: self.id,
            number: self.steps,
            state: self.state,
            burden: burden(&self.stand),
            line: self.line,
            sequence: self.sequence,
            about,
            done_at,
        }
    }

    /// Takes a department's answer; none where nobody is asked.
    pub(crate) fn answer(&mut self, is_confirmed: bool, about: Name, now: DateTime<Utc>) -> Option<Step> {
        if !self.state.is_open() {
            return None;
        }
        self.state = if is_confirmed { WatchState::Confirmed } else { WatchState::Rejected };
        self.changed_at = now;
        let step = self.step(about, now);
        self.answered = Some(step.number);
        Some(step)
    }
}

/// The burden of a year, in fen; where the policy counts none, there is none.
pub(crate) fn burden(stand: &YearStand) -> Fen {
    stand.burden.unwrap_or_default()
}

/// Which departments hear of a person: rural revitalisation of those it monitors, civil affairs of everybody else.
pub(crate) fn offices(categories: &[Category]) -> BTreeSet<Office> {
    let is_monitored = categories.contains(&Category::Monitored);
    let is_other = !is_monitored || categories.len() > 1;
    [(is_monitored, Office::RuralRevitalisation), (is_other, Office::CivilAffairs)]
        .into_iter()
        .filter_map(|(hears, office)| hears.then_some(office))
        .collect()
}

/// A person on whom the list and a computation from scratch differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WatchDifference {
    pub(crate) kind: WatchDifferenceKind,
    pub(crate) person: Name,
    pub(crate) year: i32,
    pub(crate) sequence: u64,
    /// What the list has; none where it has nothing.
    pub(crate) kept: Option<Fen>,
    pub(crate) computed: Fen,
    pub(crate) line: Option<Fen>,
}

/// Compares a year as computed with how the list was after the same Changes.
pub(crate) fn differs(seen: Seen<'_>, kept: Option<&Step>) -> Option<WatchDifference> {
    let computed = burden(seen.stand);
    let kept = kept.filter(|step| step.state.is_on());
    let kind = match (seen.line.is_passed(computed), kept) {
        (true, None) => WatchDifferenceKind::Missing,
        (false, Some(_)) => WatchDifferenceKind::TooMany,
        (true, Some(step)) if (step.burden, step.line) != (computed, seen.line.amount()) => WatchDifferenceKind::Amount,
        _ => return None,
    };
    Some(WatchDifference {
        kind,
        person: seen.person,
        year: seen.stand.year,
        sequence: seen.sequence,
        kept: kept.map(|step| step.burden),
        computed,
        line: seen.line.amount(),
    })
}

#[cfg(test)]
mod tests;

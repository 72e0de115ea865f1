//! A person's desk: what of the person a commit needs, changed in memory as a whole or not at all, and then written.

mod adopt;
mod mend;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Entry, EntryError, Heading, mirror};
use money::Fen;
use terms::{Category, Division, Name};
use wire::change::{Change, ClaimStand, PayerAmount, YearStand};

use super::category::Grant;
use super::hold::{Granted, Hold, HoldState, Limit, Move, MoveKind, Part, Reserved, Reserving};
use super::mend::{Mend, Occasion, Reassess};

pub(crate) use adopt::{Adopting, Over, Tally};

/// What of a person is known, and what is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) person: Name,
    /// The last Change that is kept.
    pub(crate) sequence: u64,
    pub(crate) limits: BTreeMap<(i32, Name), Limit>,
    pub(crate) holds: BTreeMap<Name, Hold>,
    pub(crate) claims: BTreeMap<Name, Standing>,
    pub(crate) opening: BTreeMap<(i32, Name), Fen>,
    /// Changes that are kept, among those in question: their place and the hash of their content.
    pub(crate) changes: BTreeMap<Name, (u64, String)>,
    /// Every version of every grant.
    pub(crate) grants: Arc<Vec<Grant>>,
    /// What claims lack: what is open.
    pub(crate) mends: BTreeMap<(Name, Option<Name>), Mend>,
    /// What settlement is asked and has not answered, by year.
    pub(crate) reassess: BTreeMap<i32, Reassess>,
    /// The limits as they were when somebody last looked for room.
    pub(crate) before: BTreeMap<(i32, Name), Limit>,
    /// Claims that lack something of a payer since somebody last looked for room.
    pub(crate) newly_short: BTreeSet<(Name, Name)>,
    pub(crate) news: News,
}

/// What is to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct News {
    pub(crate) changes: Vec<(Name, u64, String)>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) opening: Vec<Opening>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) moves: Vec<Move>,
    pub(crate) limits: BTreeSet<(i32, Name)>,
    pub(crate) holds: BTreeSet<Name>,
    pub(crate) mends: BTreeMap<(Name, Option<Name>), Mend>,
    /// Years settlement is to be asked about, and those of questions that were added to.
    pub(crate) asks: BTreeMap<i32, Occasion>,
    pub(crate) reassess: BTreeSet<i32>,
    /// The question that was answered.
    pub(crate) answered: Option<Reassess>,
}

/// With which categories a claim that stands was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) claim: Name,
    pub(crate) year: i32,
    pub(crate) rules_date: NaiveDate,
    pub(crate) categories: Vec<Category>,
    /// They were handed in, and are never renewed.
    pub(crate) handed_in: bool,
}

/// What is known of a claim that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) person: Name,
    pub(crate) year: i32,
    /// Whose fund pays: the same for ever, so that what is taken back is taken back there.
    pub(crate) division: Division,
    /// The claim's first entry in the journal; none while every share was zero.
    pub(crate) entry: Option<Name>,
    pub(crate) revision: u32,
    pub(crate) reversed: bool,
    /// The shares of held payers.
    pub(crate) held: BTreeMap<Name, Fen>,
    /// The Change, or the adoption, that said so.
    pub(crate) change: Name,
}

/// How a claim stands now, to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) person: Name,
    pub(crate) year: i32,
    pub(crate) division: Division,
    pub(crate) entry: Option<Name>,
    pub(crate) change: Name,
    pub(crate) stand: ClaimStand,
}

/// What a payer paid elsewhere before the year was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) year: i32,
    pub(crate) payer: Name,
    pub(crate) amount: Fen,
    pub(crate) change: Name,
}

/// What became of a Change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is kept now.
    Now,
    /// It was kept before.
    Known,
    /// One before it has not come.
    TooEarly,
    /// It cannot be kept.
    Refused(Refused),
}

/// Why a Change cannot be kept: each is a defect of one of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("keep another content under a known id or sequence")]
    OtherContent,
    #[error("post a hold that was never asked for")]
    UnknownHold,
    #[error("end a hold that has ended otherwise")]
    HoldEnded,
    #[error("post more than is held")]
    BeyondHold,
    #[error("keep a share beyond the limit, or below zero")]
    BeyondLimit,
    #[error("keep a claim that is another person's or year's")]
    StrangeClaim,
    #[error("book a share")]
    NoEntry,
}

impl From<EntryError> for Refused {
    fn from(_: EntryError) -> Self {
        Self::NoEntry
    }
}

/// What keeping a Change takes besides: the day it is booked on, the moment, and new ids.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) day: NaiveDate,
    pub(crate) now: DateTime<Utc>,
    pub(crate) id: &'a dyn Fn() -> Name,
}

impl Desk {
    /// A person of whom nothing is loaded yet.
    pub(crate) fn new(person: Name, sequence: u64) -> Self {
        Self {
            person,
            sequence,
            limits: BTreeMap::new(),
            holds: BTreeMap::new(),
            claims: BTreeMap::new(),
            opening: BTreeMap::new(),
            changes: BTreeMap::new(),
            grants: Arc::default(),
            mends: BTreeMap::new(),
            reassess: BTreeMap::new(),
            before: BTreeMap::new(),
            newly_short: BTreeSet::new(),
            news: News::default(),
        }
    }

    /// Keeps a Change of this person, whole or not at all; `hash` is that of its content.
    pub(crate) fn keep(&mut self, change: &Change, hash: &str, with: Circumstances<'_>) -> Kept {
        if let Some((sequence, known)) = self.changes.get(&change.id) {
            let same = *sequence == change.sequence && known == hash;
            return if same { Kept::Known } else { Kept::Refused(Refused::OtherContent) };
        }
        if change.sequence <= self.sequence {
            return Kept::Refused(Refused::OtherContent);
        }
        if change.sequence > self.sequence.saturating_add(1) {
            return Kept::TooEarly;
        }
        let mut after = self.clone();
        match after.take(change, with) {
            Ok(()) => {
                after.sequence = change.sequence;
                after.changes.insert(change.id, (change.sequence, hash.to_owned()));
                after.news.changes.push((change.id, change.sequence, hash.to_owned()));
                *self = after;
                Kept::Now
            }
            Err(refused) => Kept::Refused(refused),
        }
    }

    fn take(&mut self, change: &Change, with: Circumstances<'_>) -> Result<(), Refused> {
        for hold in &change.released {
            self.release(*hold, Some(change.id), with.now)?;
        }
        let mut used: BTreeMap<(i32, Name), Fen> = BTreeMap::new();
        for year in &change.years {
            self.open(year, change.id);
            for claim in &year.claims {
                // a claim that was decided before this service heard of it: what it took then is in no hold
                let is_strange = claim.revision > 0 && !self.claims.contains_key(&claim.claim);
                for (payer, grown) in self.stand(year, claim, change.id, with)? {
                    if is_strange {
                        self.taken_before((year.year, payer), grown, change.id)?;
                        continue;
                    }
                    let sum = used.entry((year.year, payer)).or_default();
                    *sum = sum.checked_add(grown).ok_or(Refused::BeyondLimit)?;
                }
            }
        }
        let kind = if change.hold.is_some() { MoveKind::Post } else { MoveKind::Change };
        let mut moved: BTreeSet<(i32, Name)> = used.keys().copied().collect();
        for (key, grown) in &used {
            let limit = self.limits.entry(*key).or_default();
            limit.posted = limit.posted.checked_add(*grown).ok_or(Refused::BeyondLimit)?;
        }
        if let Some(hold) = change.hold {
            moved.extend(self.post(hold, &used, change.id, with.now)?);
        }
        for key in moved {
            self.moved(key, kind, change.id)?;
        }
        Ok(())
    }

    /// Ends a pending hold without use; one that has not come is refused when it does.
    pub(crate) fn release(&mut self, id: Name, change: Option<Name>, now: DateTime<Utc>) -> Result<(), Refused> {
        let person = self.person;
        let hold = self.holds.entry(id).or_insert_with(|| Hold {
            id,
            person,
            under: None,
            owner: String::new(),
            state: HoldState::Pending,
            parts: Vec::new(),
            change: None,
            reserved_at: now,
            expires_at: now,
            asked_at: None,
            ended_at: None,
        });
        match hold.state {
            HoldState::Voided if hold.person == person => return Ok(()),
            HoldState::Pending if hold.person == person => {}
            _ => return Err(Refused::HoldEnded),
        }
        (hold.state, hold.change, hold.ended_at) = (HoldState::Voided, change, Some(now));
        let parts = hold.parts.clone();
        self.news.holds.insert(id);
        for part in parts {
            let key = (part.year, part.payer);
            self.limits.entry(key).or_default().pending -= part.granted;
            self.moved(key, MoveKind::Void, id)?;
        }
        Ok(())
    }

    /// Ends a pending hold with what its Change used of each part; gives the limits that have more room now.
    fn post(
        &mut self,
        id: Name,
        used: &BTreeMap<(i32, Name), Fen>,
        change: Name,
        now: DateTime<Utc>,
    ) -> Result<Vec<(i32, Name)>, Refused> {
        let person = self.person;
        let hold = self.holds.get_mut(&id).filter(|hold| hold.person == person).ok_or(Refused::UnknownHold)?;
        if hold.state != HoldState::Pending {
            return Err(Refused::HoldEnded);
        }
        (hold.state, hold.change, hold.ended_at) = (HoldState::Posted, Some(change), Some(now));
        for part in &mut hold.parts {
            part.posted = used.get(&(part.year, part.payer)).copied().unwrap_or_default();
            if part.posted > part.granted {
                return Err(Refused::BeyondHold);
            }
            self.limits.entry((part.year, part.payer)).or_default().pending -= part.granted;
        }
        let keys = hold.parts.iter().map(|part| (part.year, part.payer)).collect();
        self.news.holds.insert(id);
        Ok(keys)
    }

    /// What was paid elsewhere before the year was opened counts against the limit, and may be more than it.
    fn open(&mut self, year: &YearStand, change: Name) {
        for PayerAmount { payer, amount } in &year.opening {
            let key = (year.year, *payer);
            let before = self.opening.insert(key, *amount).unwrap_or_default();
            let limit = self.limits.entry(key).or_default();
            limit.posted += *amount - before;
            limit.stretch();
            self.note(key, MoveKind::Opening, change);
            self.news.opening.push(Opening { year: year.year, payer: *payer, amount: *amount, change });
        }
    }

    /// Counts what a claim took before this service was connected: it may be more than the limit, as what is adopted may.
    fn taken_before(&mut self, key: (i32, Name), amount: Fen, change: Name) -> Result<(), Refused> {
        let limit = self.limits.entry(key).or_default();
        limit.posted = limit.posted.checked_add(amount).ok_or(Refused::BeyondLimit)?;
        limit.stretch();
        self.note(key, MoveKind::Adopt, change);
        Ok(())
    }

    /// How a claim stands now; gives what each held payer's share grew by.
    fn stand(
        &mut self,
        year: &YearStand,
        claim: &ClaimStand,
        change: Name,
        with: Circumstances<'_>,
    ) -> Result<Vec<(Name, Fen)>, Refused> {
        let before = self.claims.get(&claim.claim);
        if before.is_some_and(|known| known.person != self.person || known.year != year.year) {
            return Err(Refused::StrangeClaim);
        }
        if before.is_some_and(|known| (known.revision, known.reversed) >= (claim.revision, claim.reversed)) {
            return Ok(Vec::new());
        }
        let old = before.map(|known| known.held.clone()).unwrap_or_default();
        let new: BTreeMap<Name, Fen> = claim.held.iter().map(|one| (one.payer, one.amount)).collect();
        let payers: BTreeSet<Name> = old.keys().chain(new.keys()).copied().collect();
        let of = |shares: &BTreeMap<Name, Fen>, payer: &Name| shares.get(payer).copied().unwrap_or_default();
        let grown: Vec<(Name, Fen)> =
            payers.into_iter().map(|payer| (payer, of(&new, &payer) - of(&old, &payer))).collect();
        let division = before.map_or(claim.division, |known| known.division);
        let heading = Heading { id: (with.id)(), date: with.day, reference: claim.claim };
        let settled = before.and_then(|known| known.entry);
        let entry = match settled {
            Some(settled) => mirror::difference(heading, settled, division, &grown)?,
            None => mirror::share(heading, division, &grown)?,
        };
        let first = settled.or_else(|| entry.as_ref().map(|entry| entry.id));
        self.news.entries.extend(entry);
        let (person, year) = (self.person, year.year);
        let (revision, reversed) = (claim.revision, claim.reversed);
        let known = Standing { person, year, division, entry: first, revision, reversed, held: new, change };
        self.claims.insert(claim.claim, known);
        self.news.facts.push(Fact { person, year, division, entry: first, change, stand: claim.clone() });
        self.lacks(year, claim);
        Ok(grown)
    }

    /// Holds what is asked for, as far as the limits allow; the same hold again may grow and never shrinks.
    ///
    /// # Errors
    /// A limit that was not sound before.
    pub(crate) fn reserve(&mut self, asked: &Reserving) -> Result<Reserved, Refused> {
        let Reserving { id, under, owner, asks, now, expires_at } = asked;
        let person = self.person;
        let hold = self.holds.entry(*id).or_insert_with(|| Hold {
            id: *id,
            person,
            under: Some(*under),
            owner: owner.clone(),
            state: HoldState::Pending,
            parts: Vec::new(),
            change: None,
            reserved_at: *now,
            expires_at: *expires_at,
            asked_at: None,
            ended_at: None,
        });
        if hold.person != person {
            return Ok(Reserved::Anothers);
        }
        if hold.state != HoldState::Pending {
            return Ok(Reserved::Over(hold.state));
        }
        hold.expires_at = hold.expires_at.max(*expires_at);
        let (mut granted, mut moved, until) = (Vec::new(), Vec::new(), hold.expires_at);
        for ask in asks {
            let key = (ask.year, ask.payer);
            let at = hold.parts.binary_search_by(|part| (part.year, part.payer).cmp(&key));
            let at = at.unwrap_or_else(|at| {
                let (asked, granted, posted) = (Fen::ZERO, Fen::ZERO, Fen::ZERO);
                hold.parts.insert(at, Part { year: ask.year, payer: ask.payer, asked, granted, posted });
                at
            });
            let Some(part) = hold.parts.get_mut(at) else { continue };
            let limit = self.limits.entry(key).or_default();
            limit.learn(ask.cap);
            let now = part.granted.max(ask.net.min(limit.left(part.granted)));
            limit.pending += now - part.granted;
            (part.asked, part.granted) = (part.asked.max(ask.net), now);
            granted.push(Granted { year: ask.year, payer: ask.payer, asked: ask.net, granted: now });
            moved.push(key);
        }
        self.news.holds.insert(*id);
        for key in moved {
            self.moved(key, MoveKind::Reserve, *id)?;
        }
        Ok(Reserved::Held(granted, until))
    }

    /// Notes that a limit moved, if it is sound.
    fn moved(&mut self, key: (i32, Name), kind: MoveKind, about: Name) -> Result<(), Refused> {
        self.note(key, kind, about);
        let is_sound = self.limits.get(&key).is_none_or(Limit::is_sound);
        if is_sound { Ok(()) } else { Err(Refused::BeyondLimit) }
    }

    fn note(&mut self, key: (i32, Name), kind: MoveKind, about: Name) {
        let limit = self.limits.entry(key).or_default();
        limit.moves += 1;
        let (year, payer) = key;
        let (number, pending_after, posted_after) = (limit.moves, limit.pending, limit.posted);
        self.news.limits.insert(key);
        self.news.moves.push(Move { year, payer, number, kind, about, pending_after, posted_after });
    }
}

#[cfg(test)]
mod model;

//! The batch door: many bills at once, over several threads; values are found once for bills of one kind.

use std::num::NonZeroUsize;
use std::thread;

use chrono::NaiveDate;
use money::{Fen, Rate, Rounding};
use terms::Name;

use crate::adjudicate::{not_applied, situation, sum_shares};
use crate::compile::Benefit;
use crate::condition::Situation;
use crate::decision::{Decision, LayerShare, Reason, Refusal, Shares};
use crate::facts::{Accumulators, Facts, Parts};
use crate::policy::Policy;
use crate::recorder::Silent;
use crate::rules::held::Held;
use crate::rules::layer::{Resolved, Work};
use crate::rules::{category, layer, scope};

impl Policy {
    /// Decides many bills over `threads` threads, in the order given.
    #[must_use]
    pub fn adjudicate_all(&self, facts: &[Facts], threads: NonZeroUsize) -> Vec<Decision> {
        in_parallel(facts, threads, |chunk| chunk.iter().map(|facts| self.adjudicate(facts)).collect())
    }

    /// Decides many bills over `threads` threads and keeps of each decision what `keep` makes of it, in the order given:
    /// for a caller that writes decisions away instead of holding them all.
    pub fn adjudicate_each<U: Send>(
        &self,
        facts: &[&Facts],
        threads: NonZeroUsize,
        keep: impl Fn(Decision) -> U + Sync,
    ) -> Vec<U> {
        in_parallel(facts, threads, |chunk| chunk.iter().map(|facts| keep(self.adjudicate(facts))).collect())
    }

    /// Prepares bills that differ in their amounts alone from `like`: every value is found once.
    ///
    /// # Errors
    /// The refusal that `like` itself would get, but for its amounts.
    pub fn batch<'p>(&'p self, like: &'p Facts) -> Result<Batch<'p>, Refusal> {
        let mut date: NaiveDate = like.bill.to;
        let found = self.find(like, &mut date);
        let found = found.map_err(|refusal| self.cited(refusal, like, date))?;
        let candidates: Result<Vec<Candidate<'p>>, Refusal> = category::candidates(&like.person.categories)
            .map(|category| {
                let candidate = Candidate::resolve(self, found.benefit, situation(like, &found, category), found.date)?;
                candidate.no_lines_needed()?;
                Ok(candidate)
            })
            .collect();
        Ok(Batch { like, candidates: candidates? })
    }
}

/// Bills of one kind, prepared.
#[derive(Debug)]
pub struct Batch<'p> {
    like: &'p Facts,
    candidates: Vec<Candidate<'p>>,
}

/// Every value of a benefit found for one situation.
#[derive(Debug)]
pub(crate) struct Candidate<'p> {
    pub(crate) situation: Situation<'p>,
    pub(crate) layers: Vec<(Option<Resolved<'p>>, LayerShare)>,
    pub(crate) extra: Rate,
    /// A layer that looks at fee lines.
    by_lines: Option<Name>,
    /// The refusal of a bill of which something is borne apart, where nobody bears it.
    none_apart: Option<Refusal>,
}

/// Room that is used again for every bill of a thread.
#[derive(Debug)]
pub(crate) struct Room {
    work: Work,
    /// What each layer did with the last bill.
    pub(crate) shares: Vec<LayerShare>,
}

impl Room {
    pub(crate) fn new(use_account: bool) -> Self {
        let work = Work {
            whole: Parts::default(),
            left: Parts::default(),
            accumulators: Accumulators::default(),
            use_account,
            held: Held::default(),
        };
        Self { work, shares: Vec::new() }
    }
}

impl Batch<'_> {
    /// The shares of each bill, given its parts, over `threads` threads, in the order given. Each bill stands alone:
    /// it meets what `like` had accumulated.
    ///
    /// # Errors
    /// [`Reason::NegativeAmount`], [`Reason::AmountTooLarge`] or [`Reason::SumMismatch`] naming the first row that is out of range,
    /// or the refusal of a row of which something is borne apart where nobody bears it.
    pub fn shares(&self, rows: &[Parts], threads: NonZeroUsize) -> Result<Vec<Shares>, Refusal> {
        if let Some((at, reason)) = rows.iter().enumerate().find_map(|(at, row)| Some((at, out_of_range(row)?))) {
            return Err(Refusal::of(reason, format!("row {at}")));
        }
        if let Some(refusal) = self.candidates.iter().find_map(|candidate| candidate.none_apart.as_ref())
            && rows.iter().any(|row| !row.apart.is_zero())
        {
            return Err(refusal.clone());
        }
        Ok(in_parallel(rows, threads, |chunk| {
            let mut room = Room::new(self.like.person.use_account);
            chunk.iter().map(|parts| self.one(parts, &mut room)).collect()
        }))
    }

    fn one(&self, parts: &Parts, room: &mut Room) -> Shares {
        let mut best: Option<Shares> = None;
        for candidate in &self.candidates {
            room.work.held.begin(&self.like.held);
            let shares = candidate.shares(parts, &self.like.accumulated, room);
            if best.is_none_or(|best| shares.person < best.person) {
                best = Some(shares);
            }
        }
        best.unwrap_or_default()
    }
}

impl<'p> Candidate<'p> {
    /// Finds every value.
    ///
    /// # Errors
    /// The refusal that a bill in this situation would get.
    pub(crate) fn resolve(
        policy: &'p Policy,
        benefit: &'p Benefit,
        situation: Situation<'p>,
        date: NaiveDate,
    ) -> Result<Self, Refusal> {
        let row = benefit.stack.pick(&situation).ok_or_else(|| Refusal::of(Reason::NoValue, "stack"))?;
        let stack = policy.given(row)?;
        // In the order in which a single bill asks, so that the first refusal is the same.
        let of_stack = || stack.iter().filter_map(|at| benefit.layers.get(*at));
        let by_lines = layer::off_class_b(policy, of_stack(), &situation)?.map(|layer| layer.name);
        let extra = benefit.extra_first_self_paid.pick(&situation);
        let extra = extra.map(|row| policy.given(row).copied()).transpose()?.unwrap_or(Rate::ZERO);
        let mut layers = Vec::with_capacity(stack.len());
        for layer in of_stack() {
            layers.push((layer::resolve(policy, layer, &situation, date)?, not_applied(layer)));
        }
        skip_counts_nobody_reads(&mut layers);
        let none_apart = scope::apart_payer(policy, &benefit.scope, &situation).err();
        Ok(Self { situation, layers, extra, by_lines, none_apart })
    }

    /// Parts of a bill do not say which costs are of class B.
    fn no_lines_needed(&self) -> Result<(), Refusal> {
        match self.by_lines {
            Some(layer) => Err(Refusal::of(Reason::LinesNeeded, format!("{layer}.deductible_off_class_b"))),
            None => Ok(()),
        }
    }

    /// Who pays what of the parts of a bill.
    pub(crate) fn shares(&self, parts: &Parts, accumulated: &Accumulators, room: &mut Room) -> Shares {
        let mut whole = Parts {
            within_scope: parts.within_scope - parts.apart,
            over_limit: parts.over_limit - parts.hospital,
            ..*parts
        };
        if self.extra != Rate::ZERO {
            let extra = (self.extra * whole.within_scope).round(Rounding::HalfUp);
            whole.first_self_paid += extra;
            whole.within_scope -= extra;
        }
        room.work.whole = whole;
        room.work.left = whole;
        room.work.accumulators.admissions = accumulated.admissions;
        room.work.accumulators.account = accumulated.account;
        room.work.accumulators.family_account = accumulated.family_account;
        room.work.accumulators.meters.clone_from(&accumulated.meters);
        room.shares.clear();
        for (resolved, not_applied) in &self.layers {
            let share = match resolved {
                Some(resolved) => resolved.pay(&mut room.work, &room.shares, &self.situation, &mut Silent),
                None => *not_applied,
            };
            room.shares.push(share);
        }
        sum_shares(parts.total(), parts.apart, parts.hospital, &room.shares)
    }
}

/// A batch gives shares, not meters: a layer counts only where a later one of the same bill looks.
fn skip_counts_nobody_reads(layers: &mut [(Option<Resolved<'_>>, LayerShare)]) {
    let meters = |resolved: &Resolved<'_>| {
        let layer = resolved.layer;
        [Some(layer.meter), Some(layer.deductible_meter), layer.shared_meter]
    };
    let all: Vec<_> = layers.iter().map(|(resolved, _)| resolved.as_ref().map(meters)).collect();
    for (at, (resolved, _)) in layers.iter_mut().enumerate() {
        let Some(resolved) = resolved else { continue };
        let own = meters(resolved);
        let mut later = all.iter().skip(at + 1).flatten().flatten().flatten();
        resolved.counts = later.any(|meter| own.contains(&Some(*meter)));
    }
}

/// What is wrong with the amounts of a row, if anything is.
fn out_of_range(parts: &Parts) -> Option<Reason> {
    let all = [parts.outside_catalogue, parts.over_limit, parts.first_self_paid, parts.within_scope];
    if all.iter().chain(&[parts.hospital, parts.apart]).any(|part| part.is_negative()) {
        return Some(Reason::NegativeAmount);
    }
    let too_large = all.iter().any(|part| *part > Fen::LIMIT) || parts.total() > Fen::LIMIT;
    let unlike = || (!parts.are_within()).then_some(Reason::SumMismatch);
    too_large.then_some(Reason::AmountTooLarge).or_else(unlike)
}

/// Splits the work into one run of rows a thread.
fn in_parallel<T: Sync, U: Send>(rows: &[T], threads: NonZeroUsize, work: impl Fn(&[T]) -> Vec<U> + Sync) -> Vec<U> {
    let chunk = rows.len().div_ceil(threads.get()).max(1);
    if rows.len() <= chunk {
        return work(rows);
    }
    thread::scope(|scope| {
        let handles: Vec<_> = rows.chunks(chunk).map(|rows| scope.spawn(|| work(rows))).collect();
        let mut all = Vec::with_capacity(rows.len());
        for handle in handles {
            match handle.join() {
                Ok(part) => all.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

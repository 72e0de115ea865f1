use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use money::{Fen, Rate};
use policy::Mark;
use terms::{LineClass, LineKind};

/// An item as the catalogue has it on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'c> {
    /// National code.
    pub code: &'c str,
    /// Chinese name.
    pub zh: &'c str,
    /// Kind of item.
    pub kind: LineKind,
    /// The unit the price limit is for.
    pub unit: &'c str,
    /// Class, and where that is said.
    pub class: (LineClass, &'c Said),
    /// Price limit for a unit; `None` where there is none.
    pub price_limit: Option<(Fen, &'c Said)>,
    /// First self-paid share; `None` where the item has none of its own and the policy's rule applies.
    pub first_self_paid: Option<(Rate, &'c Said)>,
    /// In force from this day.
    pub from: NaiveDate,
    /// No longer in force from this day; `None`: until further notice.
    pub until: Option<NaiveDate>,
}

/// Where a value of the catalogue is from, and how sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How sure.
    pub mark: Mark,
    /// The document, or where an assumed figure was taken from.
    pub source: Arc<str>,
}

/// A value from a day on.
#[derive(Clone, Debug)]
pub(super) struct Dated<T> {
    pub(super) from: NaiveDate,
    /// `None` ends the row: what is said above counts again.
    pub(super) value: Option<T>,
    pub(super) said: Said,
}

/// Values of one thing, in order of their days.
#[derive(Clone, Debug)]
pub(super) struct Row<T>(pub(super) Vec<Dated<T>>);

impl<T> Default for Row<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> Row<T> {
    pub(super) fn on(&self, day: NaiveDate) -> Option<(T, &Said)> {
        let last = self.0.iter().rfind(|dated| dated.from <= day)?;
        last.value.map(|value| (value, &last.said))
    }
}

/// What one division says of an item.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) code: String,
    /// Where an item is said first, it has a name and a unit.
    pub(super) zh: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) kind: LineKind,
    pub(super) class: Row<LineClass>,
    /// `None` as a value: no limit, whatever is said above.
    pub(super) price_limit: Row<Option<Fen>>,
    /// `None` as a value: no share of its own, whatever is said above.
    pub(super) first_self_paid: Row<Option<Rate>>,
    /// Something of it could not be read, so that what is missing says nothing.
    pub(super) is_broken: bool,
    pub(super) file: String,
    pub(super) line: usize,
}

/// What a division and those above it say of one item, nearest first; never empty.
pub(super) struct Chain<'c> {
    nearest: &'c Item,
    items: Vec<&'c Item>,
}

/// What changes from one day to another.
#[derive(PartialEq, Eq)]
struct Terms(LineClass, Option<Fen>, Option<Rate>);

impl<'c> Chain<'c> {
    pub(super) fn of(items: Vec<&'c Item>) -> Option<Self> {
        items.first().copied().map(|nearest| Self { nearest, items })
    }

    /// The item on a day; `None` where no division gives it a class on that day.
    pub(super) fn found(&self, on: NaiveDate) -> Option<Found<'c>> {
        let (from, until) = self.days(on)?;
        let mut found = self.terms(on)?;
        (found.from, found.until) = (from, until);
        Some(found)
    }

    /// The item on a day; the days between which that holds are not worked out.
    pub(super) fn terms(&self, on: NaiveDate) -> Option<Found<'c>> {
        let class = self.nearest(|item| item.class.on(on))?;
        let price_limit = self.nearest(|item| item.price_limit.on(on));
        let first_self_paid = self.nearest(|item| item.first_self_paid.on(on));
        Some(Found {
            code: &self.nearest.code,
            zh: self.nearest(|item| item.zh.as_deref())?,
            kind: self.nearest.kind,
            unit: self.nearest(|item| item.unit.as_deref())?,
            class,
            price_limit: price_limit.and_then(|(limit, said)| Some((limit?, said))),
            first_self_paid: first_self_paid.and_then(|(share, said)| Some((share?, said))),
            from: on,
            until: None,
        })
    }

    fn nearest<T>(&self, say: impl Fn(&'c Item) -> Option<T>) -> Option<T> {
        self.items.iter().copied().find_map(say)
    }

    /// The days around `on` between which the terms stay the same.
    fn days(&self, on: NaiveDate) -> Option<(NaiveDate, Option<NaiveDate>)> {
        let terms = |day| self.terms(day).map(|found| found.bare());
        let now = terms(on);
        let days = self.changes();
        let before = days.range(..=on).rev().copied().take_while(|day| terms(*day) == now);
        let until = days.range(on..).copied().find(|day| terms(*day) != now);
        before.last().map(|from| (from, until))
    }

    /// Every day on which a division gives a value.
    fn changes(&self) -> BTreeSet<NaiveDate> {
        let mut days = BTreeSet::new();
        for item in &self.items {
            days.extend(item.class.0.iter().map(|dated| dated.from));
            days.extend(item.price_limit.0.iter().map(|dated| dated.from));
            days.extend(item.first_self_paid.0.iter().map(|dated| dated.from));
        }
        days
    }
}

impl Found<'_> {
    fn bare(&self) -> Terms {
        Terms(self.class.0, self.price_limit.map(|(limit, _)| limit), self.first_self_paid.map(|(share, _)| share))
    }
}

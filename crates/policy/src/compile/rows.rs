use crate::condition::{Condition, Situation};
use crate::pack::SourceId;

/// The rows of a parameter in force on a day, the most specific first.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T> {
    rows: Box<[PickedRow<T>]>,
}

/// One row: condition, value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct PickedRow<T> {
    pub(crate) condition: Condition,
    pub(crate) value: Given<T>,
    pub(crate) source: SourceId,
    /// The index the value is a share of.
    pub(crate) via: Option<SourceId>,
    /// The place of the row as written, for `all` parameters.
    pub(crate) at: usize,
}

/// A value, or word that none is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given<T> {
    Is(T),
    Absent,
}

impl<T> Rows<T> {
    pub(crate) fn empty() -> Self {
        Self { rows: Box::new([]) }
    }

    pub(crate) fn new(mut rows: Vec<PickedRow<T>>) -> Self {
        rows.sort_by_key(|row| (std::cmp::Reverse(row.condition.rank()), row.at));
        Self { rows: rows.into_boxed_slice() }
    }

    /// The most specific row that holds.
    pub(crate) fn pick(&self, situation: &Situation<'_>) -> Option<&PickedRow<T>> {
        self.rows.iter().find(|row| row.condition.holds(situation))
    }

    /// Every row that holds, in the order written (ranks are equal for `all` parameters' purposes).
    pub(crate) fn all<'r, 's>(
        &'r self,
        situation: &'s Situation<'s>,
    ) -> impl Iterator<Item = &'r PickedRow<T>> + use<'r, 's, T> {
        self.rows.iter().filter(|row| row.condition.holds(situation))
    }

    /// Whether a row's condition names an age.
    pub(crate) fn names_age(&self) -> bool {
        self.rows.iter().any(|row| row.condition.more.as_ref().is_some_and(|more| more.age.is_some()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &PickedRow<T>> {
        self.rows.iter()
    }

    /// Rows of `all` parameters keep the order in which they were written.
    pub(crate) fn in_order(mut self) -> Self {
        self.rows.sort_by_key(|row| row.at);
        self
    }
}

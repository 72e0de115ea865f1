use std::collections::BTreeMap;

use money::Fen;
use terms::Division;

use super::{Month, Place};
use crate::ItemKind;

/// An item as a sheet counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The province of care.
    pub care: Division,
    /// The province of insurance.
    pub insured: Division,
    /// What it is.
    pub kind: ItemKind,
    /// What the place of insurance owes by it, in fen.
    pub owed: Fen,
    /// Where it is cleared.
    pub place: Place,
}

/// What a place of insurance owes a place of care by a month, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// How many items.
    pub count: u64,
    /// What was settled.
    pub settled: Fen,
    /// What was reversed, not above zero.
    pub reversed: Fen,
    /// What was taken off, not above zero.
    pub deducted: Fen,
    /// How many items are disputed; they are in none of the other figures.
    pub disputed_count: u64,
    /// What those come to.
    pub disputed: Fen,
}

/// What a province has to receive and to pay by a month, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Net {
    /// As place of care.
    pub receives: Fen,
    /// As place of insurance.
    pub pays: Fen,
}

/// What a month comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// By place of care and place of insurance.
    pub rows: BTreeMap<(Division, Division), Row>,
}

impl Row {
    /// What is cleared, in fen.
    #[must_use]
    pub fn cleared(&self) -> Fen {
        self.settled + self.reversed + self.deducted
    }

    fn add(&mut self, line: &Line, month: Month) {
        match line.place {
            Place::In { month: of, .. } if of == month => {}
            Place::Disputed { from } if from == month => {
                self.disputed_count += 1;
                self.disputed += line.owed;
                return;
            }
            _ => return,
        }
        self.count += 1;
        match line.kind {
            ItemKind::Settled => self.settled += line.owed,
            ItemKind::Reversed => self.reversed += line.owed,
            ItemKind::Deducted | ItemKind::DeductionReturned | ItemKind::AccountTransfer => self.deducted += line.owed,
        }
    }
}

impl Net {
    /// What it has to receive in all, in fen; below zero: to pay.
    #[must_use]
    pub fn net(&self) -> Fen {
        self.receives - self.pays
    }
}

impl Sheet {
    /// The sheet of a month by its items, in any order.
    #[must_use]
    pub fn of(month: Month, lines: impl IntoIterator<Item = Line>) -> Self {
        let mut rows: BTreeMap<(Division, Division), Row> = BTreeMap::new();
        for line in lines {
            let mut row = rows.remove(&(line.care, line.insured)).unwrap_or_default();
            row.add(&line, month);
            if row != Row::default() {
                rows.insert((line.care, line.insured), row);
            }
        }
        Self { rows }
    }

    /// What each province has to receive and to pay. The nets add up to zero, for each row is received by one and paid by one.
    #[must_use]
    pub fn nets(&self) -> BTreeMap<Division, Net> {
        let mut nets: BTreeMap<Division, Net> = BTreeMap::new();
        for ((care, insured), row) in &self.rows {
            nets.entry(*care).or_default().receives += row.cleared();
            nets.entry(*insured).or_default().pays += row.cleared();
        }
        nets
    }
}

//! Compiles packs into tables of integers: one [`Benefit`] for each division, scheme, kind of care and stretch of days.

mod beside;
mod builder;
mod conditions;
mod conflicts;
mod gaps;
mod held;
mod layer;
mod layers;
mod rows;
mod tables;
mod universe;

pub(crate) use beside::check_all_beside;
pub(crate) use builder::{Index, Place, compile_division, scope_of};
pub(crate) use conditions::check_all_conditions;
pub(crate) use conflicts::check_all_conflicts;
pub(crate) use layer::{Base, CeilingPeriod, How, Layer, Pot};
pub(crate) use rows::{Given, PickedRow, Rows};
pub(crate) use tables::{Bands, Benefit, CompiledDivision, DatedBy, History, Scope};
pub(crate) use universe::{combinations, possible_words, words_of};

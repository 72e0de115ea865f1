//! Compiles packs into tables of integers: one [`Benefit`] for each division, scheme, kind of care and stretch of days.

mod builder;
mod conflicts;
mod gaps;
mod layer;
mod layers;
mod rows;
mod tables;

pub(crate) use builder::{Index, compile_division};
pub(crate) use conflicts::check_all_conflicts;
pub(crate) use layer::{Base, CeilingPeriod, How, Layer, Pot};
pub(crate) use rows::{Given, PickedRow, Rows};
pub(crate) use tables::{Bands, Benefit, CompiledDivision, DatedBy, History, Scope};

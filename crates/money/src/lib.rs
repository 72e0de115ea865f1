//! Money and rates: whole fen, exact rates, named rounding, and splits that lose no fen.
//!
//! Invariant: an amount is a whole number of fen; nothing here is a float.
//! Invariant: a rate times an amount is [`Unrounded`] and becomes an amount only under a named [`Rounding`].
//! Invariant: this crate knows no scheme, no place and no rule.

mod fen;
mod rate;
mod rounding;
mod split;

pub use fen::{Fen, ParseFenError};
pub use rate::{ParseRateError, Rate};
pub use rounding::{Rounding, Unrounded};
pub use split::{split_by_rates, split_evenly};

//! What callers ask, read from the wire and answered on it.

pub mod catalogue;

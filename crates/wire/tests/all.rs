//! The wire carries what the engine takes and gives, and says of every field that cannot be read where it stands.

mod decisions;
mod entries;
mod golden;
mod mistakes;
mod plain;
mod random;
mod support;
mod words;

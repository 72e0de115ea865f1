//! What settlement does: one file a verb, and the commit that all verbs that change something go through.

mod book;
mod context;
mod plan;
mod restate;
mod till;
mod trouble;

pub use context::Context;
pub use trouble::Trouble;

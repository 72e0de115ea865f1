//! Messages between provinces: the envelope, the bodies, and what a body says to the machines of a bill.

mod body;
mod envelope;
mod meaning;

pub use body::{Body, NotABody};
pub use envelope::{NotAnEnvelope, envelope, sealed};
pub use meaning::{About, Meaning, Unmeant, asked, meaning, receipt, said};

//! The process of the assistance service.
//!
//! Invariant: it only reads its configuration and puts the parts together.

use std::process::ExitCode;

fn main() -> ExitCode {
    assistance::process()
}

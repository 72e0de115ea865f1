//! The process of the enrolment service.
//!
//! Invariant: it only reads its configuration and puts the parts together.

use std::process::ExitCode;

fn main() -> ExitCode {
    enrolment::process()
}

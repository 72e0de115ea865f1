//! The process of enrolment, as the tests start it.
//!
//! Invariant: it is the process of the service, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    enrolment::process()
}

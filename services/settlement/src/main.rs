//! The settlement process: configured by `YIBAO_SETTLEMENT_…`, `--check-config` reads the configuration, `migrate` brings the
//! database up to date.
//!
//! Invariant: a broken configuration is refused with all its errors before a port is bound.

use std::process::ExitCode;

fn main() -> ExitCode {
    settlement::process()
}

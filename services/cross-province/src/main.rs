//! The process that settles with other provinces: configured by `YIBAO_CROSS_PROVINCE_…`, `--check-config` reads the configuration,
//! `migrate` brings the database up to date.
//!
//! Invariant: a broken configuration is refused with all its errors before a port is bound.
//! Invariant: other provinces reach it over mutual TLS alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    cross_province::process()
}

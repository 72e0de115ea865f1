//! The command line of the suite, and all of its services in one process: settle case files, check and show policy, print
//! statements, serve, verify.
//!
//! Invariant: it puts services together and asks them; every figure comes from the policy crate, directly or through a service.
//! Invariant: bad input ends with an exit code of its own and a sentence of what to do, never with a panic.

mod cli;
mod commands;
mod error;
mod files;
mod granting;
mod out;
mod process;
mod progress;
mod suite;

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use crate::cli::Cli;
use crate::error::Error;

fn main() -> ExitCode {
    let cli = Cli::read();
    let mut out = out::Out::new(&cli);
    match commands::run(&cli, &mut out).and_then(|code| out.flush().map(|()| code).map_err(Error::from)) {
        Ok(code) => code,
        // The reader of a pipe that has seen enough is no failure.
        Err(Error::Write(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            if out.is_json() {
                let _ = out.json(&error.json()).and_then(|()| out.flush().map_err(Error::from));
            }
            let _ = writeln!(io::stderr(), "{}", error.report());
            ExitCode::from(cli::BAD_INPUT)
        }
    }
}

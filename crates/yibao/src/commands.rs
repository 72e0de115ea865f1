//! The commands, one file each.

mod adjudicate;
mod answers;
mod bench;
mod demo;
mod policy;
mod report;
mod statement;
mod up;
mod verify;
mod what_if;
mod year;

use std::process::ExitCode;

use crate::cli::{Bench, Cli, Command};
use crate::error::Error;
use crate::out::Out;

/// Carries out the command.
pub(crate) fn run(cli: &Cli, out: &mut Out) -> Result<ExitCode, Error> {
    match &cli.command {
        Command::Demo => demo::run(out),
        Command::Up(args) => up::run(args, out),
        Command::Verify(args) => verify::run(args, out),
        Command::Report(args) => report::run(args, out),
        Command::Year(args) => year::run(args, out),
        Command::Adjudicate(args) => adjudicate::run(args, out),
        Command::Statement(args) => statement::run(args, out),
        Command::Policy(command) => policy::run(command, out),
        Command::Bench(Bench::Settle(args)) => bench::run(args, out),
        Command::Bench(Bench::Clearing(args)) => bench::clearing::run(args, out),
    }
}

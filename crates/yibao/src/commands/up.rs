//! `yibao up`: all services in one process.

use std::process::ExitCode;

use host::{Process, Stop, stop_asked};
use serde_json::json;

use crate::cli::Up;
use crate::error::Error;
use crate::out::Out;
use crate::process;
use crate::suite::{Place, Suite};

pub(crate) fn run(args: &Up, out: &mut Out) -> Result<ExitCode, Error> {
    let settings = process::settings()?;
    process::run(&settings, async |process: Process| {
        let stop = Stop::when(stop_asked().map_err(Error::Signals)?);
        let place = Place {
            folder: args.folder.clone(),
            settlement: args.settlement_port,
            enrolment: args.enrolment_port,
            assistance: args.assistance_port,
        };
        let suite = Suite::start(&place, &process, &stop).await?;
        let folder = args.folder.display().to_string();
        if out.is_json() {
            let ports = json!({
                "settlement": suite.settlement.to_string(), "enrolment": suite.enrolment.to_string(),
                "assistance": suite.assistance.to_string(), "folder": folder,
            });
            out.line(ports.to_string())?;
        } else {
            out.line(format!("settlement {}", suite.settlement))?;
            out.line(format!("enrolment {}", suite.enrolment))?;
            out.line(format!("assistance {}", suite.assistance))?;
            out.line(format!("folder {folder}"))?;
        }
        out.flush()?;
        suite.serve(settings.drain, &stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

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
        let (settlement, enrolment) = (args.settlement_port, args.enrolment_port);
        let place = Place { folder: args.folder.clone(), settlement, enrolment };
        let suite = Suite::start(&place, &process, &stop).await?;
        let folder = args.folder.display().to_string();
        if out.is_json() {
            let (settlement, enrolment) = (suite.settlement.to_string(), suite.enrolment.to_string());
            out.line(json!({ "settlement": settlement, "enrolment": enrolment, "folder": folder }).to_string())?;
        } else {
            out.line(format!("settlement {}", suite.settlement))?;
            out.line(format!("enrolment {}", suite.enrolment))?;
            out.line(format!("folder {folder}"))?;
        }
        out.flush()?;
        suite.serve(settings.drain, &stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

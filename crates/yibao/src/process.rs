use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use host::{Process, Reader, Settings};

use crate::error::Error;

/// The prefix of the variables that `yibao up` reads.
const PREFIX: &str = "YIBAO_UP_";

/// What the environment says: `LOG`, `OTLP_ENDPOINT`, `DRAIN_SECONDS`.
pub(crate) fn settings() -> Result<Settings, Error> {
    let mut reader = Reader::of_process(PREFIX);
    let settings = Settings::read(&mut reader);
    if reader.optional::<String>("LISTEN", "nothing").flatten().is_some() {
        reader.add("LISTEN", "is not read here; the services stay on this machine, and their ports are options");
    }
    reader.finish(settings).map_err(Error::Environment)
}

/// For a command whose work is over soon: only what went wrong is logged.
pub(crate) fn quiet() -> Settings {
    let (listen, drain) = ((Ipv4Addr::LOCALHOST, 0).into(), Duration::from_secs(5));
    Settings { listen, drain, log: "error".to_owned(), otlp: None }
}

/// Runs what needs a runtime to its end.
pub(crate) fn run<W>(settings: &Settings, work: impl FnOnce(Process) -> W) -> Result<ExitCode, Error>
where
    W: Future<Output = Result<ExitCode, Error>>,
{
    let mut done = None;
    let kept = &mut done;
    let ended = host::run("yibao", settings, |process| {
        let work = work(process);
        async move {
            *kept = Some(work.await);
            Ok(())
        }
    });
    // without an answer it did not begin, and has said why
    done.unwrap_or(Ok(ended))
}

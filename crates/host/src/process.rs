use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::{Clock, HostError, Ids, Reader, Settings, SystemClock, SystemIds, Telemetry};

/// What a process hands to its parts.
#[derive(Clone)]
pub struct Process {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
}

/// What a process is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Without an argument: serve.
    Serve,
    /// `migrate`: bring the database up to date and end.
    Migrate,
}

/// What a process of a program with works of its own is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// What every service can be started for.
    Command(Command),
    /// One of the program's own, by its argument.
    Work(&'static str),
}

/// Reads the arguments of this process and its configuration from the environment; `--check-config` reads them and ends there.
///
/// # Errors
/// The exit code: 0 if only the check was asked for and nothing is wrong, 2 for errors, which are printed all at once.
pub fn configure<C: Debug>(
    prefix: &str,
    read: impl FnOnce(&mut Reader) -> Option<C>,
) -> Result<(Command, C), ExitCode> {
    match configure_for(prefix, &[], read)? {
        (Start::Command(command), configuration) => Ok((command, configuration)),
        (Start::Work(_), _) => Err(ExitCode::from(2)),
    }
}

/// As [`configure`], of a program that may also be started with one of these arguments.
///
/// # Errors
/// As [`configure`].
pub fn configure_for<C: Debug>(
    prefix: &str,
    works: &[&'static str],
    read: impl FnOnce(&mut Reader) -> Option<C>,
) -> Result<(Start, C), ExitCode> {
    let (mut start, mut check_only) = (Start::Command(Command::Serve), false);
    for argument in std::env::args().skip(1) {
        match (argument.as_str(), works.iter().find(|work| **work == argument)) {
            (_, Some(work)) => start = Start::Work(work),
            ("migrate", _) => start = Start::Command(Command::Migrate),
            ("--check-config", _) => check_only = true,
            _ => {
                let known: String = works.iter().map(|work| format!(", {work}")).collect();
                eprintln!("unknown argument; expected nothing{known}, migrate or --check-config");
                return Err(ExitCode::from(2));
            }
        }
    }
    let mut reader = Reader::of_process(prefix);
    if start == Start::Command(Command::Migrate) {
        reader = reader.to_migrate();
    }
    if let Start::Work(_) = start {
        reader = reader.to_work();
    }
    let configuration = read(&mut reader);
    match reader.finish(configuration) {
        Ok(configuration) if check_only => {
            println!("{configuration:#?}");
            Err(ExitCode::SUCCESS)
        }
        Ok(configuration) => Ok((start, configuration)),
        Err(errors) => {
            eprintln!("{errors}");
            Err(ExitCode::from(2))
        }
    }
}

/// Runs a process to its end: runtime, telemetry, work, what is left of telemetry sent.
pub fn run<F, W>(service: &'static str, settings: &Settings, work: F) -> ExitCode
where
    F: FnOnce(Process) -> W,
    W: Future<Output = Result<(), Box<dyn Error + Send + Sync>>>,
{
    let ended = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(HostError::Process);
    let ended = ended.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            let telemetry = Telemetry::begin(service, settings, std::io::stderr)?;
            log_panics();
            let done = work(Process { clock: Arc::new(SystemClock), ids: Arc::new(SystemIds) }).await;
            telemetry.end().await;
            done
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{service} failed to {}", chain_of(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Waits until Ctrl-C or SIGTERM asks the process to stop.
///
/// # Errors
/// If signals cannot be listened to.
pub fn stop_asked() -> Result<impl Future<Output = ()>, HostError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(HostError::Process)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(HostError::Process)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Logs where a panic was, with the trace of its call, and not what it said: that may quote a request.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

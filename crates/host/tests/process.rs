//! A real process: started, asked, told to stop, and judged by its output and exit code. The program is its own probe: with a
//! variable of the probe's set, it is the process; without, it is the test (a list of itself included, for the runner).

#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ExitCode, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use host::{Command, Process, Reader, Secret, Server, Services, Settings};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const PREFIX: &str = "YIBAO_PROBE_";
const NAME: &str = "a_process_checks_its_configuration_serves_and_drains_when_told_to_stop";
const SOON: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let is_probe = std::env::args().len() <= 3 && is_told();
    if is_probe {
        return probe();
    }
    if std::env::args().any(|argument| argument == "--list") {
        if !std::env::args().any(|argument| argument == "--ignored") {
            println!("{NAME}: test");
        }
        return ExitCode::SUCCESS;
    }
    a_broken_configuration_ends_with_all_its_errors();
    a_check_ends_without_serving();
    the_argument_migrate_is_handed_on_and_another_is_refused();
    a_process_drains_when_told_to_stop();
    println!("test result: ok. 1 passed; 0 failed");
    ExitCode::SUCCESS
}

fn is_told() -> bool {
    #[expect(clippy::disallowed_methods, reason = "whether this is the probe stands in its environment")]
    std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with(PREFIX))
}

#[derive(Debug)]
struct Configuration {
    host: Settings,
    #[expect(dead_code, reason = "read to be printed, or rather not")]
    key: Secret<String>,
}

fn read(reader: &mut Reader) -> Option<Configuration> {
    let (host, key) = (Settings::read(reader), reader.secret("KEY", "a key"));
    Some(Configuration { host: host?, key: key? })
}

fn probe() -> ExitCode {
    match host::configure(PREFIX, read) {
        Ok((Command::Serve, configuration)) => {
            host::run("probe", &configuration.host.clone(), |process| work(configuration.host, process))
        }
        Ok((Command::Migrate, configuration)) => host::run("probe", &configuration.host, |_| async {
            println!("migrated");
            Ok(())
        }),
        Err(code) => code,
    }
}

async fn work(settings: Settings, _: Process) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stop = host::stop_asked()?;
    let server = Server::bind("probe", settings.listen).await?;
    Ok(server.serve(Services::new(), settings.drain, stop).await?)
}

fn start(variables: &[(&str, &str)], arguments: &[&str]) -> Child {
    let this = std::env::current_exe().expect("this program has a path");
    let variables = variables.iter().map(|(name, value)| (format!("{PREFIX}{name}"), *value));
    let mut command = std::process::Command::new(this);
    command.args(arguments).envs(variables).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

fn ended(child: Child) -> Output {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    receiver.recv_timeout(SOON).expect("it ends").expect("its output can be read")
}

fn a_broken_configuration_ends_with_all_its_errors() {
    let output = ended(start(&[("LISTEN", "nowhere"), ("LOG", "a=b=c")], &[]));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 3), "{errors}");
    assert!(output.stdout.is_empty(), "no port is bound");
}

fn a_check_ends_without_serving() {
    let output = ended(start(&[("KEY", "hunter2")], &["--check-config"]));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0));
    assert!(printed.contains("listen") && !printed.contains("listens on") && !printed.contains("hunter2"), "{printed}");
}

fn the_argument_migrate_is_handed_on_and_another_is_refused() {
    let output = ended(start(&[("KEY", "hunter2")], &["migrate"]));
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).trim()), (Some(0), "migrated"));
    let output = ended(start(&[("LOG", "info")], &["migrate"]));
    assert_eq!(
        (output.status.code(), output.stdout.is_empty()),
        (Some(2), true),
        "with a configuration that is whole only"
    );
    let output = ended(start(&[("KEY", "hunter2")], &["migrate", "--check-config"]));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && printed.contains("listen") && !printed.contains("migrated"), "{printed}");
    let output = ended(start(&[("KEY", "hunter2")], &["--migrate"]));
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
}

fn a_process_drains_when_told_to_stop() {
    let mut child = start(&[("KEY", "hunter2")], &[]);
    let mut output = BufReader::new(child.stdout.take().expect("it has an output"));
    let mut line = String::new();
    output.read_line(&mut line).expect("it prints its port");
    let address = line.trim().strip_prefix("probe listens on ").expect("it says where it listens").to_owned();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut client = HealthClient::new(rpc::channel(&format!("http://{address}")).expect("an address"));
        client.check(HealthCheckRequest::default()).await.expect("it answers");
        let told = std::process::Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .expect("kill is there");
        assert!(told.success());
    });
    let stopped = ended(child);
    output.read_to_string(&mut line).expect("its output ends");
    let log = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert_eq!(stopped.status.code(), Some(0), "{log}");
    for message in ["listening", "draining", "drained"] {
        assert!(log.lines().any(|line| line.starts_with('{') && line.contains(message)), "{message}:\n{log}");
    }
}

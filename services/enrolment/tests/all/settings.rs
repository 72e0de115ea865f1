//! The configuration: all errors at once, no secret shown.

use enrolment::{Config, PREFIX};
use host::Reader;

fn read(variables: &[(&str, &str)]) -> Result<Config, host::BadConfiguration> {
    let given = variables.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()));
    let mut reader = Reader::new(PREFIX, given);
    let config = Config::read(&mut reader);
    reader.finish(config)
}

#[test]
fn a_configuration_is_read_with_its_defaults_and_shows_no_secret() {
    let config = read(&[
        ("DATABASE_URL", "postgres://someone:hidden@localhost/enrolment"),
        ("SETTLEMENT_ADDRESS", "http://127.0.0.1:7001"),
        ("REDIS_URL", "redis://:hidden@localhost"),
    ]);
    let config = config.unwrap();
    assert_eq!((config.database_connections, config.policy_poll.as_secs()), (16, 5));
    assert_eq!(config.assistance_address, None);
    assert!(!format!("{config:?}").contains("hidden"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = read(&[
        ("DATABASE_URL", "mysql://x"),
        ("ASSISTANCE_ADDRESS", "nowhere"),
        ("DATABASE_CONNECTIONS", "0"),
        ("POLICY_POLL_SECONDS", "soon"),
        ("COLOUR", "blue"),
    ]);
    let errors = wrong.unwrap_err();
    let names: Vec<&str> = errors.errors().iter().filter_map(|line| line.split(' ').next()).collect();
    let expected = [
        "ASSISTANCE_ADDRESS",
        "COLOUR",
        "DATABASE_CONNECTIONS",
        "DATABASE_URL",
        "POLICY_POLL_SECONDS",
        "SETTLEMENT_ADDRESS",
    ];
    assert_eq!(names, expected.map(|name| format!("{PREFIX}{name}")));
}

#[test]
fn the_process_migrates_its_database_and_refuses_a_broken_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("enrolment.db");
    let run = |url: &str, argument: &str| {
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_enrolment"));
        process.env_clear().env(format!("{PREFIX}DATABASE_URL"), url);
        process.env(format!("{PREFIX}SETTLEMENT_ADDRESS"), "http://127.0.0.1:1");
        process.arg(argument).output().unwrap().status.code()
    };
    let url = format!("sqlite:{}", file.display());
    assert_eq!(run(&url, "--check-config"), Some(0));
    assert!(!file.exists());
    assert_eq!(run(&url, "migrate"), Some(0));
    assert_eq!(run(&url, "migrate"), Some(0), "a second time there is nothing to do");
    assert!(file.exists());
    assert_eq!(run("mysql://x", "migrate"), Some(2));
}

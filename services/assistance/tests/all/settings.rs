//! The configuration: all errors at once, no secret shown.

use assistance::{Config, PREFIX, Sender};
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
        ("DATABASE_URL", "postgres://someone:hidden@localhost/assistance"),
        ("SETTLEMENT_ADDRESS", "http://127.0.0.1:7001"),
        ("REDIS_URL", "redis://:hidden@localhost"),
        ("STREAMS_REDIS_URL", "redis://:hidden@localhost:6380"),
    ]);
    let config = config.unwrap();
    let shown = format!("{config:?}");
    assert_eq!((config.database_connections, config.policy_poll.as_secs()), (16, 5));
    assert_eq!(config.enrolment_address, None);
    assert_eq!((config.hold.as_secs(), config.sweep.as_secs()), (30, 5));
    assert_eq!((config.sms_sender, config.sms_tries), (Sender::Log, 8));
    assert!(!shown.contains("hidden"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = read(&[
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_CONNECTIONS", "0"),
        ("HOLD_SECONDS", "soon"),
        ("STREAMS_REDIS_URL", "nowhere"),
        ("SMS_SENDER", "pigeon"),
        ("SMS_TRIES", "0"),
        ("COLOUR", "blue"),
    ]);
    let errors = wrong.unwrap_err();
    let names: Vec<&str> = errors.errors().iter().filter_map(|line| line.split(' ').next()).collect();
    let expected = [
        "COLOUR",
        "DATABASE_CONNECTIONS",
        "DATABASE_URL",
        "HOLD_SECONDS",
        "SETTLEMENT_ADDRESS",
        "SMS_SENDER",
        "SMS_TRIES",
        "STREAMS_REDIS_URL",
    ];
    assert_eq!(names, expected.map(|name| format!("{PREFIX}{name}")));
}

//! The program as an operator runs it: its configuration checked, its database brought up to date.

use std::process::{Command, Output};

use testkit::on_both;

fn assistance(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let variables = variables.iter().map(|(name, value)| (format!("YIBAO_ASSISTANCE_{name}"), *value));
    let mut command = Command::new(env!("CARGO_BIN_EXE_assistance"));
    let Output { status, stdout, stderr } = command.args(arguments).envs(variables).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_broken_configuration_is_refused_with_all_its_errors_and_2() {
    let wrong = [
        ("DATABASE_URL", "mysql://hidden@localhost"),
        ("DATABASE_CONNECTIONS", "0"),
        ("SETTLEMENT_ADDRESS", "settlement:7001"),
        ("ENROLMENT_ADDRESS", "enrolment:7002"),
        ("POLICY_POLL_SECONDS", "soon"),
        ("HOLD_SECONDS", "0"),
        ("SWEEP_SECONDS", "-1"),
        ("LISTEN", "nowhere"),
        ("COLOUR", "blue"),
    ];
    for arguments in [&["--check-config"][..], &["migrate"], &[]] {
        let (code, output, errors) = assistance(arguments, &wrong);
        assert_eq!((code, output.as_str()), (2, ""), "{errors}");
        let named: Vec<&str> = errors.lines().filter_map(|line| line.split(' ').next()).collect();
        let mut expected: Vec<String> = wrong.iter().map(|(name, _)| format!("YIBAO_ASSISTANCE_{name}")).collect();
        expected.sort();
        assert_eq!(named, expected, "{errors}");
        assert!(!errors.contains("hidden"), "{errors}");
    }
    let (code, _, errors) = assistance(&["--check-config"], &[]);
    assert_eq!((code, errors.contains("YIBAO_ASSISTANCE_DATABASE_URL is not set")), (2, true), "{errors}");
}

#[test]
fn a_checked_configuration_is_printed_without_its_secrets() {
    let given = [
        ("DATABASE_URL", "postgres://someone:hidden@localhost/assistance"),
        ("REDIS_URL", "redis://:hidden@localhost:6379"),
        ("SETTLEMENT_ADDRESS", "http://127.0.0.1:7001"),
    ];
    let (code, output, errors) = assistance(&["--check-config"], &given);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(output.contains("http://127.0.0.1:7001") && !output.contains("hidden"), "{output}");
}

#[test]
fn it_serves_only_a_database_that_was_migrated_and_migrating_twice_does_nothing_more() {
    on_both(|url| async move {
        let at = [("DATABASE_URL", url.as_str()), ("SETTLEMENT_ADDRESS", "http://127.0.0.1:1")];
        let (code, _, errors) = assistance(&[], &at);
        assert_eq!((code, errors.contains("run the migration command")), (1, true), "{errors}");
        let (code, first, errors) = assistance(&["migrate"], &at);
        assert_eq!((code, first.contains("the database is up to date")), (0, true), "{first}{errors}");
        let (code, again, errors) = assistance(&["migrate"], &at);
        assert_eq!((code, again.contains("0 steps applied")), (0, true), "{again}{errors}");
    });
}

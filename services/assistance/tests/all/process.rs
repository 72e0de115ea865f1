//! The program as an operator runs it: its configuration checked, its database brought up to date.

use testkit::Program;

const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_assistance"), "YIBAO_ASSISTANCE_");

#[test]
fn a_broken_configuration_is_refused_with_all_its_errors_and_2() {
    PROGRAM.refuses_all_at_once(&[
        ("DATABASE_URL", "mysql://hidden@localhost"),
        ("DATABASE_CONNECTIONS", "0"),
        ("SETTLEMENT_ADDRESS", "settlement:7001"),
        ("ENROLMENT_ADDRESS", "enrolment:7002"),
        ("POLICY_POLL_SECONDS", "soon"),
        ("REDIS_URL", "hidden:6379"),
        ("HOLD_SECONDS", "0"),
        ("SWEEP_SECONDS", "-1"),
        ("STREAMS_REDIS_URL", "hidden:6379"),
        ("SMS_SENDER", "pigeon"),
        ("SMS_TRIES", "0"),
        ("LISTEN", "nowhere"),
        ("COLOUR", "blue"),
    ]);
}

#[test]
fn a_checked_configuration_is_printed_without_its_secrets() {
    let given = [
        ("DATABASE_URL", "postgres://someone:hidden@localhost/assistance"),
        ("REDIS_URL", "redis://:hidden@localhost:6379"),
        ("SETTLEMENT_ADDRESS", "http://127.0.0.1:7001"),
    ];
    PROGRAM.prints_without_secrets(&given, "http://127.0.0.1:7001");
}

#[test]
fn it_serves_only_a_database_that_was_migrated_and_migrating_twice_does_nothing_more() {
    PROGRAM.serves_only_what_was_migrated(&[("SETTLEMENT_ADDRESS", "http://127.0.0.1:1")]);
}

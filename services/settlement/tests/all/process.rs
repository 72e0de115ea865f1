//! The program as an operator runs it: its configuration checked, its database brought up to date.

use testkit::Program;

pub(crate) const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_settlement"), "YIBAO_SETTLEMENT_");

#[test]
fn a_broken_configuration_is_refused_with_all_its_errors_and_2() {
    PROGRAM.refuses_all_at_once(&[
        ("DATABASE_URL", "mysql://hidden@localhost"),
        ("DATABASE_CONNECTIONS", "0"),
        ("ENROLMENT_ADDRESS", "http://"),
        ("TRUSTED_FACTS", "perhaps"),
        ("REDIS_URL", "hidden:6379"),
        ("LISTEN", "nowhere"),
        ("COLOUR", "blue"),
    ]);
}

#[test]
fn a_checked_configuration_is_printed_without_its_secrets() {
    let given = [
        ("DATABASE_URL", "postgres://someone:hidden@localhost/settlement"),
        ("REDIS_URL", "redis://:hidden@localhost:6379"),
        ("ENROLMENT_ADDRESS", "http://127.0.0.1:7002"),
    ];
    PROGRAM.prints_without_secrets(&given, "http://127.0.0.1:7002");
}

#[test]
fn it_serves_only_a_database_that_was_migrated_and_migrating_twice_does_nothing_more() {
    PROGRAM.serves_only_what_was_migrated(&[]);
}

//! The service over real gRPC on a loopback port, on SQLite and on PostgreSQL.

mod bitemporal;
mod coverage;
mod credits;
mod enrolments;
mod funding;
mod households;
mod imports;
mod people;
mod settings;
mod support;
mod transfers;

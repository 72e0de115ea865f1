//! The service over real gRPC on a loopback port, on SQLite and on PostgreSQL.

// `cfg(test)` on each module: helpers of tests may `unwrap`, as tests may.
#[cfg(test)]
mod again;
#[cfg(test)]
mod assisted;
#[cfg(test)]
mod bitemporal;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod credits;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod enrolments;
#[cfg(test)]
mod funding;
#[cfg(test)]
mod households;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod late;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod people;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod process;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transfers;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod watch;

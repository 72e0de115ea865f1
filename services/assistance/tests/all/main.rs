//! The service over real gRPC on a loopback port, on SQLite and on PostgreSQL.

// `cfg(test)` on each module: helpers of tests may `unwrap`, as tests may.
#[cfg(test)]
mod adoption;
#[cfg(test)]
mod aiding;
#[cfg(test)]
mod applying;
#[cfg(test)]
mod categories;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod comparing;
#[cfg(test)]
mod converge;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod exporting;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod mending;
#[cfg(test)]
mod offers;
#[cfg(test)]
mod once;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod premiums;
#[cfg(test)]
mod process;
#[cfg(test)]
mod reporting;
#[cfg(test)]
mod reports_read_slowly;
#[cfg(test)]
mod reservations;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod states;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sweeps;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod texting;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod watching;

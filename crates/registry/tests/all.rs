//! The registry over real databases and a real Redis.

// `cfg(test)` on each module: helpers of tests may `unwrap`, as tests may.
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod support;

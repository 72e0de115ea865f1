//! The rules of the wire, held against the compiled descriptors: what the services promise of every message at once.
//!
//! Invariant: these tests know the descriptors and the words of `terms` and `policy`; they start no service.

// `cfg(test)` on each module: helpers of tests may `expect`, as tests may.
#[cfg(test)]
mod calls;
#[cfg(test)]
mod carries;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod descriptors;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod personal;
#[cfg(test)]
mod words;

//! The house rules of the repository, as tests: what a crate must not know, how long things may be, and that the
//! documents speak of what is there.
//!
//! Invariant: these tests read the tree and change nothing.

// `cfg(test)` on each module: helpers of tests may `expect`, as tests may.
#[cfg(test)]
mod cases;
#[cfg(test)]
mod code;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod places;
#[cfg(test)]
mod shortcuts;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod walls;

//! What settlement computes without asking anybody.

pub mod reconcile;

//! Policy versions: the database has the truth, Redis a copy by hash, each process a compiled snapshot it decides from.
//!
//! Invariant: a version is named by the hash of its content; content that does not have its name is never used.
//! Invariant: deciding takes no network trip; Redis away, emptied or corrupted changes no decision.

//! The policy's facts, decisions and answers, the ledger's entries and the field's words, to and from their messages.
//!
//! Invariant: it converts and complains of fields; it decides nothing, keeps nothing and chooses no gRPC code.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use crate::{Reason, Violation};

/// Why a call fails: one stable reason, what it speaks of, and the errors behind it.
///
/// `Display` says what the caller may read; the errors behind it are logged where the fault becomes a status, never shown.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    reason: Reason,
    message: String,
    metadata: BTreeMap<&'static str, String>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault with a reason and what the caller reads.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        let (metadata, violations) = (BTreeMap::new(), Vec::new());
        Self { reason, message, metadata, violations, retry_after: None, source: None }
    }

    /// Fields that cannot be read, all of them.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let count = violations.len();
        let message = format!("{count} field{} cannot be read", if count == 1 { "" } else { "s" });
        Self { violations, ..Self::new(Reason::InvalidFields, message) }
    }

    /// No stored thing of this kind and id.
    #[must_use]
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self::new(Reason::NotFound, format!("no {kind} of this id")).with("kind", kind).with("id", id)
    }

    /// The idempotency key was used with other content; `field` is the first that differs.
    #[must_use]
    pub fn key_reused(field: &str) -> Self {
        Self::new(Reason::KeyReused, format!("the idempotency key was used with another {field}")).with("field", field)
    }

    /// The thing is in a state in which the call makes no sense.
    #[must_use]
    pub fn wrong_state(state: &str, message: impl Into<String>) -> Self {
        Self::new(Reason::WrongState, message).with("state", state)
    }

    /// Something this service needs is away; the caller may try again after `retry_after`.
    #[must_use]
    pub fn unavailable(what: &str, retry_after: Duration) -> Self {
        Self::new(Reason::Unavailable, format!("{what} is away")).retry_after(retry_after)
    }

    /// A defect of the service.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Reason::Internal, "a defect of the service; it was logged with the trace id").because(source)
    }

    /// No answer in time.
    #[must_use]
    pub fn late() -> Self {
        Self::new(Reason::Deadline, "no answer in time; the outcome is unknown: try again with the same key")
    }

    /// Adds what the reason speaks of.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.insert(key, value.into());
        self
    }

    /// Adds field violations to a reason that lists them (`CATALOGUE_MISMATCH`, `PACKS_REFUSED`).
    #[must_use]
    pub fn listing(mut self, violations: Vec<Violation>) -> Self {
        self.violations.extend(violations);
        self
    }

    /// Says after how long the caller may try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Carries the error behind it, for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The stable reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What the reason speaks of.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<&'static str, String> {
        &self.metadata
    }

    /// The field violations, all of them.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// After how long the caller may try again.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        self.retry_after
    }
}

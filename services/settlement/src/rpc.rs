//! The wire: reads requests with all their mistakes at once, hands commands on, writes answers.

mod accounts;
mod answer;
mod answers;
mod call;
mod catalogue;
mod claims;
mod one_stop;
mod page;
mod reconciliation;
mod registry;
mod settle;
mod settlement;
mod split;
mod statement;
mod submission;
mod undo;
mod verify;

use std::sync::Arc;

use crate::app::{Bench, Committer, OneStop};
use crate::catalogue::Catalogue;
use crate::clients::Enrolment;

pub use answers::AnswerRpc;
pub use catalogue::CatalogueRpc;
pub use one_stop::OneStopRpc;
pub use reconciliation::ReconciliationRpc;
pub use registry::RegistryRpc;

/// A number of an enum that is none of its values, as a violation says it.
fn numbered(number: i32) -> String {
    if number == 0 { "nothing".to_owned() } else { format!("the number {number}") }
}

/// What every call of the service is answered with.
#[derive(Clone)]
pub struct Settlement {
    /// Database, policy versions, clock and ids.
    pub bench: Bench,
    /// What commits.
    pub committer: Committer,
    /// What commits where the third system is concerned.
    pub one_stop: OneStop,
    /// Enrolment, where there is one.
    pub enrolment: Option<Arc<Enrolment>>,
    /// What fee items are.
    pub catalogue: Arc<Catalogue>,
    /// Whether callers may hand in a person's facts.
    pub trusts_facts: bool,
    /// Whether callers may settle bills of other provinces' hospitals.
    pub trusts_cross_province: bool,
}

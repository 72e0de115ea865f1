//! What the service does, one verb a file: each decides what happens and in which order.

mod admit;
mod book;
pub(crate) mod care;
pub(crate) mod change_filing;
pub(crate) mod clearing;
pub(crate) mod deliver;
pub(crate) mod drive;
pub(crate) mod enquire;
pub(crate) mod fetch;
pub(crate) mod file;
pub(crate) mod filing;
pub(crate) mod forget;
mod insured;
mod problem;
pub(crate) mod reverse;
pub(crate) mod settle;
pub(crate) mod split;
mod to_its_end;
mod verify;
pub(crate) mod wake;

use std::sync::Arc;

use ::crossing::{SigningKey, Terms};
use ::store::Database;
use chrono::{DateTime, Utc};
use host::{Clock, Ids};
use rpc::{Fault, Reason};
use terms::Division;

pub(crate) use problem::Problem;
pub use verify::verify_log;

use crate::clients::{Enrolment, Lines, Policies, Settlement};
use crate::domain::Peers;

/// What every verb is handed.
pub(crate) struct App {
    /// The province this service speaks for.
    pub(crate) province: Division,
    pub(crate) database: Database,
    pub(crate) peers: Peers,
    pub(crate) lines: Lines,
    /// What it signs with.
    pub(crate) key: SigningKey,
    /// Whether it hands on messages between other provinces.
    pub(crate) forwards: bool,
    pub(crate) settlement: Settlement,
    /// The bureau's enrolment; none where nobody is insured here, as at the centre.
    pub(crate) enrolment: Option<Enrolment>,
    pub(crate) policies: Policies,
    pub(crate) clearing: clearing::Clearing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) terms: Terms,
}

impl App {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The bureau's enrolment.
    pub(crate) fn enrolment(&self) -> Result<&Enrolment, Fault> {
        let message = "this service knows no enrolment: nobody is found or filed here";
        self.enrolment.as_ref().ok_or_else(|| Fault::new(Reason::NotAllowed, message))
    }
}

//! What the service does, one verb a file: each decides what happens and in which order.

pub(crate) mod adopt;
pub(crate) mod answer_offer;
pub(crate) mod appeal;
pub(crate) mod application;
pub(crate) mod apply;
pub(crate) mod attach;
pub(crate) mod change;
pub(crate) mod compare;
pub(crate) mod confirm;
pub(crate) mod correct;
pub(crate) mod deliver;
pub(crate) mod end;
pub(crate) mod grant;
pub(crate) mod import;
pub(crate) mod join;
pub(crate) mod keep;
pub(crate) mod mend;
pub(crate) mod monthly;
pub(crate) mod offer;
pub(crate) mod pay_application;
pub(crate) mod plan;
pub(crate) mod premium;
mod problem;
pub(crate) mod propose;
pub(crate) mod report;
pub(crate) mod reserve;
pub(crate) mod sms;
pub(crate) mod standing;
pub(crate) mod sweep;
pub(crate) mod tell;
pub(crate) mod watch;
pub(crate) mod withdraw;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::time::Duration;

use ::store::Database;
use chrono::{DateTime, NaiveDate, Utc};
use host::{Clock, Ids};
use terms::Division;
use tokio::sync::Notify;

pub(crate) use problem::Problem;

use crate::clients::{Directory, OneStop};
use crate::domain::is_within;
use crate::wiring::Policies;

/// What every verb is handed.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) settlement: OneStop,
    /// Whose a document is; none where enrolment is not connected.
    pub(crate) directory: Option<Directory>,
    /// Whether premium assistance is booked for categories that were handed in without a grant here.
    pub(crate) trusts_categories: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// After how long settlement is asked what became of a hold.
    pub(crate) hold: Duration,
    /// How often a Change was refused since the process began.
    pub(crate) refused: Arc<AtomicI64>,
    /// Wakes the relay.
    pub(crate) news: Arc<Notify>,
    /// Whether departments and people are told of anything: only where there are streams to tell them through.
    pub(crate) tells: bool,
    /// Whether the last event for a stream could not be added.
    pub(crate) streams_away: AtomicBool,
}

impl App {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Whether policies are published for a place, for one it is in, or for one in it; of any other nobody here decides.
    pub(crate) fn serves(&self, division: Division) -> bool {
        let Some(policy) = self.policies.head(division) else { return false };
        policy.divisions().any(|pack| is_within(pack.code, division) || is_within(division, pack.code))
    }

    /// Today in China.
    pub(crate) fn today(&self) -> NaiveDate {
        host::china_day(self.now())
    }

    pub(crate) fn id(&self) -> String {
        self.ids.next().to_string()
    }
}

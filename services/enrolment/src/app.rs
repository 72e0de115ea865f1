//! What the service does, one verb a file: each decides what happens and in which order.

pub(crate) mod assisted;
pub(crate) mod book;
pub(crate) mod change;
pub(crate) mod correct;
pub(crate) mod cover;
pub(crate) mod decide;
pub(crate) mod deliver;
pub(crate) mod end;
pub(crate) mod enrol;
pub(crate) mod find;
pub(crate) mod household;
pub(crate) mod import;
pub(crate) mod newborn;
pub(crate) mod pay;
pub(crate) mod premium;
mod problem;
pub(crate) mod qualify;
pub(crate) mod recognise;
pub(crate) mod register;
pub(crate) mod renew;
pub(crate) mod report;
pub(crate) mod resolve;
pub(crate) mod suspend;
pub(crate) mod switch;
pub(crate) mod transfer;
pub(crate) mod verify;

use std::sync::Arc;

use ::store::Database;
use chrono::{DateTime, NaiveDate, Utc};
use host::{Clock, Ids};

pub(crate) use problem::Problem;

use crate::clients::{Assistance, Settlement};
use crate::wiring::Policies;

/// What every verb is handed.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) settlement: Option<Settlement>,
    /// Which categories people have, and whose fund assists with premiums; none where it is not connected.
    pub(crate) assistance: Option<Assistance>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// Wakes the relay of the outbox.
    pub(crate) news: Arc<tokio::sync::Notify>,
    /// Wakes the relay that tells assistance.
    pub(crate) premium_news: Arc<tokio::sync::Notify>,
}

impl App {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Today in China.
    pub(crate) fn today(&self) -> NaiveDate {
        host::china_day(self.now())
    }

    /// Wakes the relays: something was committed.
    pub(crate) fn wake(&self) {
        self.news.notify_one();
        self.premium_news.notify_one();
    }

    pub(crate) fn id(&self) -> String {
        self.ids.next().to_string()
    }

    /// The moment to record something after `earlier`: the clock may have been set back.
    pub(crate) fn after(&self, earlier: DateTime<Utc>) -> DateTime<Utc> {
        self.now().max(earlier)
    }
}

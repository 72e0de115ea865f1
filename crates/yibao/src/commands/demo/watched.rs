//! The watch list shown: a bill leaves a person above the line, and within seconds a department is asked.

use std::time::Duration;

use chrono::Datelike as _;
use money::Fen;
use pb::assistance::v1::{WatchEntry, WatchState};
use policy::case::{Case, Question};
use policy::statement::Lang;
use serde_json::json;
use tokio::time::{Instant, interval};

use super::Demo;
use super::door::difference;
use crate::error::Error;

/// The role of such a bill.
pub(super) const LISTED: &str = "listed";

const SOON: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

impl Demo<'_> {
    /// Waits until the person of this number is on the watch list for the first bill's year, and says so.
    pub(super) async fn watched(&mut self, number: usize, case: &Case) -> Result<(), Error> {
        let Question::Bills(bills) = &case.question else { return Ok(()) };
        let Some(bill) = bills.bills.first() else { return Ok(()) };
        let year = u32::try_from(bill.to.year()).unwrap_or_default();
        let (until, mut looks) = (Instant::now() + SOON, interval(LOOK));
        let entry = loop {
            looks.tick().await;
            let entry = self.window.watched(&format!("demo-{number}"), year).await?;
            if entry.is_some() || Instant::now() > until {
                break entry;
            }
        };
        let Some(entry) = entry.filter(|entry| entry.state() == WatchState::Listed) else {
            self.failures += 1;
            return self.show_differences(&[difference(&case.file, "a person on the watch list", "nobody")]);
        };
        self.show_watched(&entry)
    }

    fn show_watched(&mut self, entry: &WatchEntry) -> Result<(), Error> {
        let burden = entry.stand.as_ref().and_then(|stand| stand.burden_fen).unwrap_or_default();
        if self.out.is_json() {
            self.watch.push(json!({ "state": entry.state().as_str_name(), "burden_fen": burden,
                "line_fen": entry.line_fen }));
            return Ok(());
        }
        let (burden, line) = (Fen::new(burden).grouped(), Fen::new(entry.line_fen.unwrap_or_default()).grouped());
        self.out.line(match self.out.lang {
            Lang::Zh => format!("监测预警：全年负担 {burden}，超过预警线 {line}，已列入名单并推送部门\n"),
            Lang::En => format!(
                "watch list: a burden of {burden} this year, above the line of {line}: listed, and a department is asked\n"
            ),
        })
    }
}

//! Verifies person-years: folds them again and compares with what is stored.

use pb::settlement::v1::verify_years_response::Report;
use pb::settlement::v1::{VerifyDifference, VerifyProgress, VerifyYearsRequest, VerifyYearsResponse};
use rpc::{Fault, Violations};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use wire::read;

use super::Settlement;
use crate::app::{Difference, Progress, Verified, verify};

impl Settlement {
    pub(super) async fn verify(
        &self,
        request: VerifyYearsRequest,
    ) -> Result<ReceiverStream<Result<VerifyYearsResponse, Status>>, Fault> {
        let mut v = Violations::new();
        let person = read::optional_name(&mut v, "person_id", &request.person_id);
        let year = i32::try_from(request.year).ok().filter(|year| *year <= 9999);
        if year.is_none() {
            v.add("year", request.year, "a year, or 0 for all");
        }
        let (person, year) = v.finish(person.zip(year))?;
        let (sender, receiver) = mpsc::channel(64);
        let (bench, person) = (self.bench.clone(), Some(person).filter(|person| !person.is_empty()));
        let year = Some(year).filter(|year| *year != 0);
        tokio::spawn(async move {
            let report = |verified: Verified| {
                let sender = sender.clone();
                async move { sender.send(Ok(written(verified))).await.is_ok() }
            };
            if let Err(fault) = verify(&bench, person, year, report).await {
                // the caller that went away does not want to know
                let _ = sender.send(Err(fault.into())).await;
            }
        });
        Ok(ReceiverStream::new(receiver))
    }
}

fn written(verified: Verified) -> VerifyYearsResponse {
    let report = match verified {
        Verified::Difference(Difference { person, year, about, stored, folded }) => {
            Report::Difference(VerifyDifference {
                person_id: person.to_string(),
                year: u32::try_from(year).unwrap_or_default(),
                about,
                stored,
                folded,
            })
        }
        Verified::Progress(Progress { checked, total, differences, journal, is_done, at }) => {
            Report::Progress(VerifyProgress {
                years_checked: checked,
                years_total: total,
                differences,
                journal_fen: journal.get(),
                done: is_done,
                read_at: Some(wire::write::moment(at)),
            })
        }
    };
    VerifyYearsResponse { report: Some(report) }
}

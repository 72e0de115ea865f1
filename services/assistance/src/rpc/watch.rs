//! The watch list.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use pb::run_comparison_response::Report as ReportPb;
use pb::watch_answer::Verdict;
use pb::watch_service_server::WatchService;
use prost::Message as _;
use rpc::{Fault, Violations};
use store::sea_orm::ConnectionTrait;
use terms::Name;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;
use wire::read as fields;
use wire::write::{moment, year_stand};

use super::page::Behind;
use super::words::{difference_kind_number, watch_state, watch_state_number};
use super::{confirmed, export, read, write};
use crate::app::apply::open_wanted;
use crate::app::change::{Asked, change};
use crate::app::compare::{self, Comparing, KEPT_MOST, Report};
use crate::app::watch::{Answering, answer};
use crate::app::{App, Problem};
use crate::domain::{Step, WatchDifference, WatchState};
use crate::store::comparisons::{self, Comparison};
use crate::store::watches::{self, Listed, Wanted};

/// Keeps the watch list.
#[derive(Clone)]
pub(crate) struct Watching(pub(crate) Arc<App>);

/// Messages as they are sent.
type Stream<T> = ReceiverStream<Result<T, Status>>;

impl Watching {
    async fn get(&self, r: pb::GetWatchEntryRequest) -> Result<pb::GetWatchEntryResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::id(&mut v, "entry_id", &r.entry_id);
        Ok(pb::GetWatchEntryResponse { entry: Some(entry_of(self.0.database.reader(), v.finish(id)?).await?) })
    }

    async fn list(&self, r: pb::ListWatchRequest) -> Result<pb::ListWatchResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListWatchRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Behind::read(&mut v, &question, r.page_size, &r.page_token);
        let division = if r.division.is_empty() {
            Some(None)
        } else {
            fields::division(&mut v, "division", &r.division).map(Some)
        };
        let person =
            if r.person_id.is_empty() { Some(None) } else { fields::id(&mut v, "person_id", &r.person_id).map(Some) };
        if r.division.is_empty() && r.person_id.is_empty() {
            v.add("division", "nothing", "a division, or a person_id");
        }
        let year = if r.year == 0 { Some(None) } else { fields::year(&mut v, "year", r.year).map(Some) };
        let states = states(&mut v, &r.states);
        let wanted = (|| {
            let (division, person, year, states, page) = (division?, person?, year?, states?, page?);
            Some((Wanted { division, person, year, states, after: page.after(), most: page.most() }, page))
        })();
        let (wanted, page) = v.finish(wanted)?;
        let found = watches::list(self.0.database.reader(), &wanted).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.cut(found, |found| found.entry.id);
        let entries = found.iter().map(|found| entry(found, &[])).collect::<Result<_, _>>()?;
        Ok(pb::ListWatchResponse { entries, next_page_token })
    }

    async fn answer(&self, r: pb::AnswerEntryRequest) -> Result<pb::AnswerEntryResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let entry = fields::id(&mut v, "entry_id", &r.entry_id);
        let given = v.required("answer", r.answer.as_ref(), "what the department says");
        let answering = given.and_then(|given| v.within("answer", |v| answering(v, entry, given)));
        let (key, answering) = v.finish(key.zip(answering))?;
        let asked = Asked::new("AnswerEntry", &key, &r);
        change(&self.0, asked, answering, |app, tx, given| async move {
            if let Some(application) = answer(&app, &tx, &given).await? {
                open_wanted(&app, &tx, application, confirmed).await?;
            }
            Ok(pb::AnswerEntryResponse { entry: Some(entry_of(&tx, given.entry).await?) })
        })
        .await
    }

    async fn comparison(&self, r: pb::GetComparisonRequest) -> Result<pb::GetComparisonResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::id(&mut v, "comparison_id", &r.comparison_id);
        let id = v.finish(id)?;
        let reader = self.0.database.reader();
        let found = comparisons::by_id(reader, id).await.map_err(Problem::Store)?;
        let found = found.ok_or_else(|| Fault::not_found("comparison", id.as_str()))?;
        let differences = comparisons::differences(reader, id, KEPT_MOST).await.map_err(Problem::Store)?;
        let differences = differences.iter().map(difference).collect();
        Ok(pb::GetComparisonResponse { comparison: Some(comparison(&found)), differences })
    }

    fn compare(&self, r: &pb::RunComparisonRequest) -> Result<Stream<pb::RunComparisonResponse>, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let division = fields::division(&mut v, "division", &r.division);
        let first = (r.month.len() == 7).then(|| fields::date(&mut Violations::new(), "", &format!("{}-01", r.month)));
        let first = first.flatten().filter(|first| *first <= self.0.today());
        if first.is_none() {
            v.add("month", &r.month, "a month such as 2022-10, not in the future");
        }
        let year = first.map(|first| chrono::Datelike::year(&first));
        let comparing = (|| Some(Comparing { key: key?, division: division?, month: r.month.clone(), year: year? }))();
        let comparing = v.finish(comparing)?;
        let (said, mut heard) = mpsc::channel(16);
        let (sender, receiver) = mpsc::channel(16);
        let app = Arc::clone(&self.0);
        // it goes on although the caller goes away
        let comparing = async move {
            if let Err(fault) = compare::compare(&app, &comparing, &said).await {
                drop(said.send(Err(fault)).await);
            }
        };
        tokio::spawn(comparing.in_current_span());
        tokio::spawn(async move {
            while let Some(report) = heard.recv().await {
                drop(sender.send(report.map(|report| report_message(&report)).map_err(Status::from)).await);
            }
        });
        Ok(ReceiverStream::new(receiver))
    }

    fn export(&self, r: &pb::ExportWatchRequest) -> Result<Stream<pb::ExportWatchResponse>, Fault> {
        let mut v = Violations::new();
        let division = fields::division(&mut v, "division", &r.division);
        let year = fields::year(&mut v, "year", r.year);
        let states = states(&mut v, &r.states);
        let form = match pb::WatchFormat::try_from(r.format) {
            Ok(pb::WatchFormat::Csv) => Some(export::Form::Csv),
            Ok(pb::WatchFormat::Parquet) => Some(export::Form::Parquet),
            _ => {
                v.add("format", r.format, "WATCH_FORMAT_CSV or WATCH_FORMAT_PARQUET");
                None
            }
        };
        let wanted = (|| {
            let (division, year, states) = (Some(division?), Some(year?), states?);
            Some(Wanted { division, person: None, year, states, after: None, most: export::CHUNK })
        })();
        let (form, wanted) = v.finish(form.zip(wanted))?;
        Ok(ReceiverStream::new(export::file(Arc::clone(&self.0), form, wanted)))
    }
}

/// An entry with its answer and its steps.
async fn entry_of(connection: &impl ConnectionTrait, id: Name) -> Result<pb::WatchEntry, Problem> {
    let found = watches::by_id(connection, id).await?;
    let found = found.ok_or_else(|| Fault::not_found("watch_entry", id.as_str()))?;
    Ok(entry(&found, &watches::steps(connection, id).await?)?)
}

fn states(v: &mut Violations, given: &[i32]) -> Option<Vec<WatchState>> {
    read::list(v, "states", given, (0, 100), |v, number| watch_state(v, "", *number))
}

fn answering(v: &mut Violations, entry: Option<Name>, given: &pb::WatchAnswer) -> Option<Answering> {
    let authority = read::authority(v, given.authority.as_ref());
    let operator = fields::text(v, "operator_id", &given.operator_id, 100);
    let confirmed = match &given.verdict {
        Some(Verdict::Confirmed(terms)) => {
            read::terms_of(v, "confirmed", Some(terms)).map(|_| Some(terms.encode_to_vec()))
        }
        Some(Verdict::Rejected(reason)) => fields::text(v, "rejected", reason, 1_000).map(|_| None),
        None => v.required("confirmed", None, "confirmed in a category, or rejected"),
    };
    let (entry, office) = (entry?, authority?.office);
    Some(Answering { entry, office, said: given.encode_to_vec(), operator: operator?, confirmed: confirmed? })
}

/// An entry with its answer, and with steps.
fn entry(found: &Listed, steps: &[Step]) -> Result<pb::WatchEntry, Fault> {
    let Listed { entry, answer, application } = found;
    let answer = answer.as_deref().map(pb::WatchAnswer::decode).transpose().map_err(Fault::internal)?;
    Ok(pb::WatchEntry {
        entry_id: entry.id.to_string(),
        person_id: entry.person.to_string(),
        year: write::year(entry.stand.year),
        state: watch_state_number(entry.state),
        stand: Some(year_stand(&entry.stand)),
        line_fen: entry.line.map(money::Fen::get),
        sequence: entry.sequence,
        answer,
        application_id: application.map(|id| id.to_string()).unwrap_or_default(),
        steps: steps.iter().map(step).collect(),
        listed_at: Some(moment(entry.listed_at)),
        changed_at: Some(moment(entry.changed_at)),
    })
}

fn step(step: &Step) -> pb::WatchStep {
    pb::WatchStep {
        number: step.number,
        state: watch_state_number(step.state),
        burden_fen: step.burden.get(),
        about_id: step.about.to_string(),
        done_at: Some(moment(step.done_at)),
        line_fen: step.line.map(money::Fen::get),
        sequence: step.sequence,
    }
}

fn comparison(done: &Comparison) -> pb::Comparison {
    pb::Comparison {
        comparison_id: done.id.to_string(),
        division: done.division.to_string(),
        month: done.month.clone(),
        people_compared: done.people,
        people_listed: done.listed,
        differences: done.differences,
        begun_at: Some(moment(done.begun_at)),
        done_at: Some(moment(done.done_at)),
    }
}

fn difference(one: &WatchDifference) -> pb::WatchDifference {
    pb::WatchDifference {
        kind: difference_kind_number(one.kind),
        person_id: one.person.to_string(),
        year: write::year(one.year),
        sequence: one.sequence,
        kept_burden_fen: one.kept.map(money::Fen::get),
        computed_burden_fen: one.computed.get(),
        line_fen: one.line.map(money::Fen::get),
    }
}

fn report_message(report: &Report) -> pb::RunComparisonResponse {
    let report = match report {
        Report::Difference(one) => ReportPb::Difference(difference(one)),
        Report::Progress { people, differences } => {
            ReportPb::Progress(pb::ComparisonProgress { people_compared: *people, differences: *differences })
        }
        Report::Done(done) => ReportPb::Done(comparison(done)),
    };
    pb::RunComparisonResponse { report: Some(report) }
}

#[tonic::async_trait]
impl WatchService for Watching {
    type RunComparisonStream = Stream<pb::RunComparisonResponse>;
    type ExportWatchStream = Stream<pb::ExportWatchResponse>;

    async fn get_watch_entry(
        &self,
        request: Request<pb::GetWatchEntryRequest>,
    ) -> Result<Response<pb::GetWatchEntryResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_watch(
        &self,
        request: Request<pb::ListWatchRequest>,
    ) -> Result<Response<pb::ListWatchResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn run_comparison(
        &self,
        request: Request<pb::RunComparisonRequest>,
    ) -> Result<Response<Self::RunComparisonStream>, Status> {
        Ok(Response::new(self.compare(&request.into_inner())?))
    }

    async fn get_comparison(
        &self,
        request: Request<pb::GetComparisonRequest>,
    ) -> Result<Response<pb::GetComparisonResponse>, Status> {
        Ok(Response::new(self.comparison(request.into_inner()).await?))
    }

    async fn answer_entry(
        &self,
        request: Request<pb::AnswerEntryRequest>,
    ) -> Result<Response<pb::AnswerEntryResponse>, Status> {
        Ok(Response::new(self.answer(request.into_inner()).await?))
    }

    async fn export_watch(
        &self,
        request: Request<pb::ExportWatchRequest>,
    ) -> Result<Response<Self::ExportWatchStream>, Status> {
        Ok(Response::new(self.export(&request.into_inner())?))
    }
}

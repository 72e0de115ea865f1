//! Reports.

mod form;
mod message;
mod premiums;

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1::Language;
use pb::report_service_server::ReportService;
use rpc::limits::DEADLINE_DEFAULT;
use rpc::{Call, Deadline, Fault, Violations};
use terms::Scheme;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;
use wire::read as fields;

use self::form::{Form, Names};
use self::premiums::Premiums;
use super::{premium, read};
use crate::app::report::{Part, Reporting, report};
use crate::app::{App, Problem};
use crate::domain::{Month, Territory};
use crate::store::premiums as kept;

/// Reports who was helped.
#[derive(Clone)]
pub(crate) struct Reports(pub(crate) Arc<App>);

/// Messages as they are sent.
type Stream<T> = ReceiverStream<Result<T, Status>>;

/// The most divisions of a report.
const DIVISIONS_MOST: usize = 100;
/// The most months of a report.
const MONTHS_MOST: usize = 120;
/// Parts that wait for a reader; more are read when there is room.
const WAITING_MOST: usize = 16;
/// Bytes of a piece of a file, at least.
const CHUNK: usize = 32 * 1024;

impl Reports {
    fn stream(&self, r: &pb::StreamReportRequest) -> Result<Stream<pb::StreamReportResponse>, Fault> {
        let mut v = Violations::new();
        let asked = reporting(&mut v, r.terms.as_ref());
        let mut parts = self.parts(v.finish(asked)?);
        let (sender, receiver) = mpsc::channel(1);
        let passing = async move {
            while let Some(part) = parts.recv().await {
                let message = part.map(|part| message::part(&part)).map_err(Status::from);
                if sender.send(message).await.is_err() {
                    return;
                }
            }
        };
        tokio::spawn(passing.in_current_span());
        Ok(ReceiverStream::new(receiver))
    }

    fn export(&self, r: &pb::ExportReportRequest) -> Result<Stream<pb::ExportReportResponse>, Fault> {
        let mut v = Violations::new();
        let asked = reporting(&mut v, r.terms.as_ref());
        let form = form(&mut v, r.format, r.language);
        let (asked, form) = v.finish(asked.zip(form))?;
        let names = Names::of(asked.divisions.first().and_then(|division| self.0.policies.head(*division)).as_deref());
        let head = form.head(&asked);
        let mut parts = self.parts(asked.clone());
        let app = Arc::clone(&self.0);
        let (sender, receiver) = mpsc::channel(1);
        let writing = async move {
            let mut text = head;
            while let Some(part) = parts.recv().await {
                let premiums = match &part {
                    Ok(Part::End { .. }) => assisted(&app, &asked).await,
                    _ => Ok(None),
                };
                match part.and_then(|part| Ok((part, premiums?))) {
                    Ok((part, premiums)) => {
                        text.push_str(&premiums.map(|found| found.write(form, &names)).unwrap_or_default());
                        text.push_str(&form.part(&part, &names));
                    }
                    Err(fault) => return drop(sender.send(Err(fault.into())).await),
                }
                if text.len() >= CHUNK {
                    let chunk = std::mem::take(&mut text).into_bytes();
                    if sender.send(Ok(pb::ExportReportResponse { chunk })).await.is_err() {
                        return;
                    }
                }
            }
            if !text.is_empty() {
                drop(sender.send(Ok(pb::ExportReportResponse { chunk: text.into_bytes() })).await);
            }
        };
        tokio::spawn(writing.in_current_span());
        Ok(ReceiverStream::new(receiver))
    }

    async fn premiums(&self, r: &pb::GetPremiumReportRequest) -> Result<pb::GetPremiumReportResponse, Fault> {
        let mut v = Violations::new();
        let asked = reporting(&mut v, r.terms.as_ref());
        if let Some(scheme) = r.terms.as_ref().and_then(|terms| terms.scheme) {
            v.within("terms", |v| v.add("scheme", scheme, "nothing: only residents are assisted with premiums"));
        }
        let asked = v.finish(asked)?;
        let (places, months) = (Territory::apart(&asked.divisions), (asked.from, asked.to));
        let found = kept::report(self.0.database.reader(), months, &places).await;
        let (rows, total) = found.map_err(Problem::Store)?;
        let (rows, total) = (rows.iter().map(premium::row).collect(), Some(premium::sum(total)));
        Ok(pb::GetPremiumReportResponse { rows, total })
    }

    /// The parts of a report, made as they are read, until the call's deadline.
    fn parts(&self, asked: Reporting) -> mpsc::Receiver<Result<Part, Fault>> {
        let (heard, parts) = mpsc::channel(WAITING_MOST);
        let app = Arc::clone(&self.0);
        let deadline = Call::running().map_or_else(|| Deadline::after(DEADLINE_DEFAULT), |call| call.deadline);
        let reporting = async move {
            let done = deadline.run(report(&app, &asked, &heard)).await;
            if let Err(fault) = done.and_then(|done| done) {
                drop(heard.send(Err(fault)).await);
            }
        };
        tokio::spawn(reporting.in_current_span());
        parts
    }
}

/// What was paid of premiums in the months and places of a report; none where it is about employees alone.
async fn assisted(app: &App, asked: &Reporting) -> Result<Option<Premiums>, Fault> {
    if asked.scheme == Some(Scheme::Employee) {
        return Ok(None);
    }
    let (places, months) = (Territory::apart(&asked.divisions), (asked.from, asked.to));
    let found = kept::report(app.database.reader(), months, &places).await.map_err(Problem::Store)?;
    Ok(Some(Premiums::of(found, |division| app.policies.head(division))))
}

fn reporting(v: &mut Violations, terms: Option<&pb::ReportTerms>) -> Option<Reporting> {
    let terms = v.required("terms", terms, "what it is about")?;
    v.within("terms", |v| {
        let from = month(v, "from_month", &terms.from_month);
        let to = month(v, "to_month", &terms.to_month);
        if let Some((from, to)) = from.zip(to) {
            if to < from {
                v.add("to_month", to, format!("a month not before {from}"));
            } else if from.until(to).nth(MONTHS_MOST).is_some() {
                v.add("to_month", to, format!("at most {MONTHS_MOST} months from {from}"));
            }
        }
        let divisions = read::list(v, "divisions", &terms.divisions, (1, DIVISIONS_MOST), |v, division| {
            fields::division(v, "", division)
        });
        let scheme = fields::optional_word(v, "scheme", terms.scheme);
        let mut divisions = divisions?;
        let mut known = std::collections::BTreeSet::new();
        divisions.retain(|division| known.insert(*division));
        Some(Reporting { from: from?, to: to?, divisions, scheme: scheme? })
    })
}

fn month(v: &mut Violations, field: &str, text: &str) -> Option<Month> {
    let first = (text.len() == 7).then(|| fields::date(&mut Violations::new(), "", &format!("{text}-01"))).flatten();
    if first.is_none() {
        v.add(field, if text.is_empty() { "nothing" } else { text }, "a month such as 2022-10");
    }
    first.map(Month::of)
}

fn form(v: &mut Violations, format: i32, language: Option<i32>) -> Option<Form> {
    let is_english = match language.map(Language::try_from) {
        None | Some(Ok(Language::Zh)) => Some(false),
        Some(Ok(Language::En)) => Some(true),
        Some(_) => {
            v.add("language", language.unwrap_or_default(), "LANGUAGE_ZH or LANGUAGE_EN");
            None
        }
    };
    match pb::ReportFormat::try_from(format) {
        Ok(pb::ReportFormat::Text) => Some(if is_english? { Form::English } else { Form::Chinese }),
        Ok(pb::ReportFormat::Csv) => is_english.map(|_| Form::Csv),
        Ok(pb::ReportFormat::Json) => is_english.map(|_| Form::Json),
        _ => {
            v.add("format", format, "REPORT_FORMAT_TEXT, REPORT_FORMAT_CSV or REPORT_FORMAT_JSON");
            None
        }
    }
}

#[tonic::async_trait]
impl ReportService for Reports {
    type StreamReportStream = Stream<pb::StreamReportResponse>;
    type ExportReportStream = Stream<pb::ExportReportResponse>;

    async fn stream_report(
        &self,
        request: Request<pb::StreamReportRequest>,
    ) -> Result<Response<Self::StreamReportStream>, Status> {
        Ok(Response::new(self.stream(request.get_ref())?))
    }

    async fn export_report(
        &self,
        request: Request<pb::ExportReportRequest>,
    ) -> Result<Response<Self::ExportReportStream>, Status> {
        Ok(Response::new(self.export(request.get_ref())?))
    }

    async fn get_premium_report(
        &self,
        request: Request<pb::GetPremiumReportRequest>,
    ) -> Result<Response<pb::GetPremiumReportResponse>, Status> {
        Ok(Response::new(self.premiums(request.get_ref()).await?))
    }
}

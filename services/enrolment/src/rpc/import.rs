//! Bulk import.

use std::sync::Arc;

use pb::enrolment::v1 as pb;
use pb::import_service_server::ImportService;
use prost::Message as _;
use rpc::{Fault, Reason, Violations};
use sha2::{Digest as _, Sha256};
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status, Streaming};
use wire::read as fields;

use super::page::Page;
use super::{read, write};
use crate::app::import::{self, Batch, Good, Row};
use crate::app::{App, Problem};
use crate::domain::{Import, RowProblem};
use crate::store::imports;

/// Imports people.
#[derive(Clone)]
pub(crate) struct Imports(pub(crate) Arc<App>);

/// The most rows of a message, and the most rejects of the answer.
const ROWS_MAX: usize = 1_000;

/// What the first message says of the whole stream.
struct Opened {
    key: String,
    source: String,
    rows_total: u64,
}

impl Imports {
    async fn take(&self, mut stream: Streaming<pb::ImportPeopleRequest>) -> Result<pb::ImportPeopleResponse, Status> {
        let mut opened: Option<Opened> = None;
        let mut import: Option<Import> = None;
        while let Some(message) = stream.next().await {
            let message = message?;
            let of = match opened.take() {
                Some(of) => same(of, &message)?,
                None => open(&message)?,
            };
            // nothing of the last message is kept unless the stream ends with it: rows after it would be lost unseen
            if message.last && stream.next().await.transpose()?.is_some() {
                return Err(after_the_last().into());
            }
            import = Some(import::keep(&self.0, self.batch(&of, &message)?).await?);
            opened = Some(of);
            if message.last {
                break;
            }
        }
        let Some(import) = import else {
            return Err(open(&pb::ImportPeopleRequest::default()).err().unwrap_or_else(Fault::late).into());
        };
        let most = u64::try_from(ROWS_MAX).unwrap_or(u64::MAX);
        let rejects = imports::rejects(self.0.database.reader(), &import.id, (0, most)).await;
        let rejects = rejects.map_err(|error| Fault::from(Problem::Store(error)))?;
        Ok(pb::ImportPeopleResponse {
            import: Some(write::import(&import)),
            rejects: rejects.iter().map(write::reject).collect(),
        })
    }

    fn batch(&self, opened: &Opened, message: &pb::ImportPeopleRequest) -> Result<Batch, Fault> {
        if message.rows.len() > ROWS_MAX {
            let mut v = Violations::new();
            v.add("rows", format!("{} rows", message.rows.len()), format!("at most {ROWS_MAX} a message"));
            v.finish(Some(()))?;
        }
        let today = self.0.today();
        Ok(Batch {
            import: opened.key.clone(),
            source: opened.source.clone(),
            rows_total: opened.rows_total,
            rows: message.rows.iter().map(|given| row(given, today)).collect(),
            last: message.last,
        })
    }

    async fn get(&self, r: pb::GetImportRequest) -> Result<pb::GetImportResponse, Fault> {
        let mut v = Violations::new();
        let id = fields::key(&mut v, "import_id", &r.import_id);
        let import = self.known(&v.finish(id)?).await?;
        Ok(pb::GetImportResponse { import: Some(write::import(&import)) })
    }

    async fn rejects(&self, r: pb::ListImportRejectsRequest) -> Result<pb::ListImportRejectsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListImportRejectsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let id = fields::key(&mut v, "import_id", &r.import_id);
        let (page, id) = v.finish(page.zip(id))?;
        let import = self.known(&id).await?;
        let found = imports::rejects(self.0.database.reader(), &import.id, page.range()).await;
        let (found, next_page_token) = page.cut(found.map_err(Problem::Store)?);
        Ok(pb::ListImportRejectsResponse { rejects: found.iter().map(write::reject).collect(), next_page_token })
    }

    async fn known(&self, id: &str) -> Result<Import, Fault> {
        let found = imports::by_id(self.0.database.reader(), id).await.map_err(Problem::Store)?;
        found.map(|(import, _)| import).ok_or_else(|| Fault::not_found("import", id))
    }
}

fn open(message: &pb::ImportPeopleRequest) -> Result<Opened, Fault> {
    let mut v = Violations::new();
    let key = fields::key(&mut v, "idempotency_key", &message.idempotency_key);
    let source = fields::text(&mut v, "source", &message.source, 1_000);
    let (key, source) = v.finish(key.zip(source))?;
    Ok(Opened { key, source, rows_total: message.rows_total })
}

fn after_the_last() -> Fault {
    let mut v = Violations::new();
    v.add(
        "last",
        "true, and a message after it",
        "true in the last message alone; nothing of these two messages is kept",
    );
    v.finish(Some(())).err().unwrap_or_else(Fault::late)
}

/// A later message says the same of the stream, or nothing.
fn same(opened: Opened, message: &pb::ImportPeopleRequest) -> Result<Opened, Fault> {
    let mut v = Violations::new();
    if !message.idempotency_key.is_empty() && message.idempotency_key != opened.key {
        v.add("idempotency_key", &message.idempotency_key, "empty, or the key of the first message");
    }
    if !message.source.is_empty() && message.source != opened.source {
        v.add("source", &message.source, "empty, or the source of the first message");
    }
    if message.rows_total != 0 && message.rows_total != opened.rows_total {
        v.add("rows_total", message.rows_total, "0, or the number of the first message");
    }
    v.finish(Some(opened))
}

/// A row, or everything that is wrong with it.
fn row(given: &pb::ImportRow, today: chrono::NaiveDate) -> Row {
    let mut v = Violations::new();
    let identity = read::identity(&mut v, "identity", given.identity.as_ref(), today);
    let household = fields::optional_text(&mut v, "household_reference", &given.household_reference, 100);
    let terms = read::terms(&mut v, given.terms.as_ref(), today, None);
    let payment = match &given.payment {
        None => Some(None),
        Some(payment) => read::payment(&mut v, payment, today).map(Some),
    };
    let good = (|| Some(Good { identity: identity?, household: household?, terms: terms?, payment: payment? }))();
    let hash = hash(&given.encode_to_vec());
    Row { number: given.row, hash, read: v.finish(good).map_err(|fault| problems(&fault)) }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with a row. What was found is not kept: it may be personal data.
fn problems(fault: &Fault) -> Vec<RowProblem> {
    let reason = if fault.reason() == Reason::InvalidFields { "invalid_fields" } else { "internal" };
    let violations = fault.violations().iter();
    let problems = violations.map(|violation| RowProblem {
        field: violation.field.clone(),
        reason: reason.to_owned(),
        description: format!("expected {}", violation.expected),
    });
    problems.collect()
}

#[tonic::async_trait]
impl ImportService for Imports {
    async fn import_people(
        &self,
        request: Request<Streaming<pb::ImportPeopleRequest>>,
    ) -> Result<Response<pb::ImportPeopleResponse>, Status> {
        Ok(Response::new(self.take(request.into_inner()).await?))
    }

    async fn get_import(
        &self,
        request: Request<pb::GetImportRequest>,
    ) -> Result<Response<pb::GetImportResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_import_rejects(
        &self,
        request: Request<pb::ListImportRejectsRequest>,
    ) -> Result<Response<pb::ListImportRejectsResponse>, Status> {
        Ok(Response::new(self.rejects(request.into_inner()).await?))
    }
}

//! Imports of departments' lists.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::pb::enrolment::v1 as enrolment_pb;
use enrolment_pb::DocumentType;
use pb::category_row::Who as WhoPb;
use rpc::{Fault, Reason, Violations};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use wire::{read as fields, write as messages};

use super::page::Page;
use super::read::{self, EVIDENCE_AT_MOST};
use super::{words, write};
use crate::app::import::{self, Batch, Row, Who};
use crate::app::{App, Problem};
use crate::clients::Document;
use crate::domain::{Difference, DifferenceKind, Import, ImportState, List, RowProblem, Said};
use crate::store::imports;

/// Differences as they are sent.
pub(super) type Differences = ReceiverStream<Result<pb::StreamCategoryDifferencesResponse, Status>>;

/// The most rows of a message.
const ROWS_MOST: usize = 1_000;
/// How many differences are read at once.
const CHUNK: u32 = 500;

/// What the first message says of the whole stream.
struct Opened {
    key: String,
    list: List,
    said: Option<pb::ListTerms>,
    rows_total: u64,
}

/// Takes a list, message by message.
pub(super) async fn take(
    app: &Arc<App>,
    mut stream: Streaming<pb::ImportCategoriesRequest>,
) -> Result<pb::ImportCategoriesResponse, Status> {
    let (mut opened, mut import): (Option<Opened>, Option<Import>) = (None, None);
    while let Some(message) = stream.next().await {
        let message = message?;
        let of = match opened.take() {
            Some(of) => same(of, &message)?,
            None => open(app, &message)?,
        };
        // nothing of the last message is kept unless the stream ends with it: rows after it would be lost unseen
        if message.last && stream.next().await.transpose()?.is_some() {
            let mut v = Violations::new();
            v.add("last", "true, and a message after it", "true in the last message alone; nothing of the two is kept");
            v.finish(Some(()))?;
        }
        import = Some(import::keep(app, batch(&of, &message)?).await?);
        opened = Some(of);
        if message.last {
            break;
        }
    }
    let Some(import) = import else {
        return Err(open(app, &pb::ImportCategoriesRequest::default()).err().unwrap_or_else(Fault::late).into());
    };
    Ok(pb::ImportCategoriesResponse { import: Some(import_message(&import)) })
}

/// How far an import is.
pub(super) async fn get(
    app: &Arc<App>,
    r: pb::GetCategoryImportRequest,
) -> Result<pb::GetCategoryImportResponse, Fault> {
    let mut v = Violations::new();
    let id = fields::key(&mut v, "import_id", &r.import_id);
    let import = known(app, &v.finish(id)?).await?;
    Ok(pb::GetCategoryImportResponse { import: Some(import_message(&import)) })
}

/// What an import found, read in chunks; ends with the caller.
pub(super) async fn differences(app: &Arc<App>, r: pb::StreamCategoryDifferencesRequest) -> Result<Differences, Fault> {
    let mut v = Violations::new();
    let question = pb::StreamCategoryDifferencesRequest { resume_token: String::new(), ..r.clone() };
    let id = fields::key(&mut v, "import_id", &r.import_id);
    let kinds = read::list(&mut v, "kinds", &r.kinds, (0, 100), |v, number| words::kind(v, "", *number));
    let mut page = Violations::new();
    let from = Page::read(&mut page, &question, 0, &r.resume_token);
    if from.is_none() {
        v.add("resume_token", &r.resume_token, "resume_token of the last message read, of the same question");
    }
    let wanted = (|| Some((id?, kinds?, from?)))();
    let (id, kinds, page) = v.finish(wanted)?;
    known(app, &id).await?;
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(send_all(Arc::clone(app), (id, kinds), page, sender));
    Ok(ReceiverStream::new(receiver))
}

async fn send_all(
    app: Arc<App>,
    (import, kinds): (String, Vec<DifferenceKind>),
    page: Page,
    sender: mpsc::Sender<Result<pb::StreamCategoryDifferencesResponse, Status>>,
) {
    let mut after = page.range().0;
    loop {
        let found = imports::differences(app.database.reader(), (&import, &kinds), after, CHUNK).await;
        let found = match found.map_err(|error| Fault::from(Problem::Store(error))) {
            Ok(found) => found,
            Err(fault) => return drop(sender.send(Err(fault.into())).await),
        };
        for one in &found {
            let (difference, resume_token) = (Some(difference_message(one)), page.token(one.position));
            let message = pb::StreamCategoryDifferencesResponse { difference, resume_token };
            if sender.send(Ok(message)).await.is_err() {
                return;
            }
        }
        match found.last() {
            Some(last) if found.len() == CHUNK as usize => after = last.position,
            _ => return,
        }
    }
}

async fn known(app: &App, id: &str) -> Result<Import, Fault> {
    let found = imports::by_id(app.database.reader(), id).await.map_err(Problem::Store)?;
    found.ok_or_else(|| Fault::not_found("import", id))
}

fn open(app: &App, message: &pb::ImportCategoriesRequest) -> Result<Opened, Fault> {
    let mut v = Violations::new();
    let key = fields::key(&mut v, "idempotency_key", &message.idempotency_key);
    let list = list(&mut v, message.terms.as_ref(), app.today());
    let (key, list) = v.finish(key.zip(list))?;
    Ok(Opened { key, list, said: message.terms.clone(), rows_total: message.rows_total })
}

/// A later message says the same of the stream, or nothing.
fn same(opened: Opened, message: &pb::ImportCategoriesRequest) -> Result<Opened, Fault> {
    let mut v = Violations::new();
    if !message.idempotency_key.is_empty() && message.idempotency_key != opened.key {
        v.add("idempotency_key", &message.idempotency_key, "empty, or the key of the first message");
    }
    if message.terms.is_some() && message.terms != opened.said {
        v.add("terms", "other terms", "nothing, or the terms of the first message");
    }
    if message.rows_total != 0 && message.rows_total != opened.rows_total {
        v.add("rows_total", message.rows_total, "0, or the number of the first message");
    }
    v.finish(Some(opened))
}

fn list(v: &mut Violations, given: Option<&pb::ListTerms>, today: chrono::NaiveDate) -> Option<List> {
    let given = v.required("terms", given, "what the list is")?;
    v.within("terms", |v| {
        let authority = read::authority(v, given.authority.as_ref());
        let division = fields::division(v, "division", &given.division);
        let category = read::category(v, "category", given.category);
        let treated_as = match given.treated_as {
            Some(number) => read::category(v, "treated_as", number).map(Some),
            None => Some(None),
        };
        read::named_by_government(v, category, treated_as, authority.as_ref());
        let as_of = fields::date(v, "as_of_date", &given.as_of_date);
        if let Some(day) = as_of.filter(|day| *day > today) {
            v.add("as_of_date", day, format!("a day not after {today}"));
        }
        let mode = words::mode(v, "mode", given.mode);
        let source = fields::text(v, "source", &given.source, 1_000);
        let operator = fields::text(v, "operator_id", &given.operator_id, 100);
        Some(List {
            authority: authority?,
            division: division?,
            category: category?,
            treated_as: treated_as?,
            as_of: as_of?,
            is_full: given.full_list,
            mode: mode?,
            source: source?,
            operator: operator?,
        })
    })
}

fn batch(opened: &Opened, message: &pb::ImportCategoriesRequest) -> Result<Batch, Fault> {
    let mut v = Violations::new();
    if message.rows.len() > ROWS_MOST {
        v.add("rows", format!("{} rows", message.rows.len()), format!("at most {ROWS_MOST} a message"));
    }
    v.finish(Some(()))?;
    Ok(Batch {
        import: opened.key.clone(),
        list: opened.list.clone(),
        rows_total: opened.rows_total,
        rows: message.rows.iter().map(row).collect(),
        last: message.last,
    })
}

/// A row, or everything that is wrong with it; whom it names is known even then, where that can be read.
fn row(given: &pb::CategoryRow) -> Row {
    let mut v = Violations::new();
    let who = match &given.who {
        Some(WhoPb::PersonId(id)) => fields::id(&mut v, "person_id", id).map(Who::Person),
        Some(WhoPb::Document(document)) => document_of(&mut v, document).map(Who::Document),
        None => v.required("person_id", None, "who it is: a person_id, or a document"),
    };
    let from = fields::optional_date(&mut v, "from_date", &given.from_date);
    let to = fields::optional_date(&mut v, "to_date", &given.to_date);
    let evidence = read::list(&mut v, "evidence", &given.evidence, (0, EVIDENCE_AT_MOST), read::evidence);
    let said = (|| Some(Said { from: from?, to: to?, evidence: evidence? }))();
    Row { number: given.row, who, said: v.finish(said).map_err(|fault| problems(&fault)) }
}

fn document_of(v: &mut Violations, given: &enrolment_pb::PersonDocument) -> Option<Document> {
    v.within("document", |v| {
        let is_known = DocumentType::try_from(given.document_type).is_ok_and(|kind| kind != DocumentType::Unspecified);
        if !is_known {
            v.add("document_type", given.document_type, "a kind of document");
        }
        let number = given.document_number.trim();
        let fits = !number.is_empty() && number.chars().count() <= 100;
        if !fits {
            v.add("document_number", "", "its number, at most 100 characters");
        }
        (is_known && fits).then(|| Document { kind: given.document_type, number: number.to_owned() })
    })
}

/// What is wrong with a row. What was found is not kept: it may be personal data.
fn problems(fault: &Fault) -> Vec<RowProblem> {
    let reason = if fault.reason() == Reason::InvalidFields { "invalid_fields" } else { "internal" };
    let problem = |violation: &rpc::Violation| RowProblem {
        field: violation.field.clone(),
        reason: reason.to_owned(),
        description: format!("expected {}", violation.expected),
    };
    fault.violations().iter().map(problem).collect()
}

fn import_message(import: &Import) -> pb::CategoryImport {
    let List { authority, division, category, treated_as, as_of, is_full, mode, source, operator } = &import.list;
    let terms = pb::ListTerms {
        authority: Some(write::authority(authority)),
        division: division.to_string(),
        category: messages::word(*category),
        treated_as: treated_as.map(messages::word),
        as_of_date: messages::date(*as_of),
        full_list: *is_full,
        mode: words::mode_number(*mode),
        source: source.clone(),
        operator_id: operator.clone(),
    };
    let count =
        |(kind, count): (&DifferenceKind, &u64)| pb::DifferenceCount { kind: words::kind_number(*kind), count: *count };
    pb::CategoryImport {
        import_id: import.id.clone(),
        terms: Some(terms),
        rows_total: import.rows_total,
        rows_read: import.rows_read,
        found: import.found.iter().map(count).collect(),
        done: import.state == ImportState::Done,
        begun_at: Some(messages::moment(import.begun_at)),
        committed_at: Some(messages::moment(import.committed_at)),
    }
}

fn difference_message(one: &Difference) -> pb::CategoryDifference {
    let is_told = one.kind != DifferenceKind::Rejected;
    let problem = |problem: &RowProblem| enrolment_pb::RowProblem {
        field: problem.field.clone(),
        reason: problem.reason.clone(),
        description: problem.description.clone(),
    };
    pb::CategoryDifference {
        kind: words::kind_number(one.kind),
        row: one.row,
        person_id: one.person.clone().filter(|_| is_told).unwrap_or_default(),
        before: one.before.as_ref().map(write::grant),
        after: one.after.as_ref().map(write::grant),
        problems: one.problems.iter().map(problem).collect(),
    }
}

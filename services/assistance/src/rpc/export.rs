//! The watch list as a file, piece by piece: its columns, and the cursor that reads it.

mod csv;
mod parquet;

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use chrono::{DateTime, NaiveDate, Utc};
use rpc::Fault;
use terms::Word as _;
use tokio::sync::mpsc;
use tonic::Status;

use crate::app::{App, Problem};
use crate::store::watches::{self, Listed, Wanted};

use self::csv::Csv;
pub(super) use self::csv::quoted;
use self::parquet::Parquet;

/// Entries read at once.
pub(super) const CHUNK: u64 = 500;
/// Bytes of a piece, far below what a message may have.
const PIECE: usize = 256 * 1024;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// CSV (RFC 4180).
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// What a column has of an entry.
enum Cell {
    Text(fn(&Listed) -> String),
    MaybeText(fn(&Listed) -> Option<String>),
    Day(fn(&Listed) -> NaiveDate),
    Year(fn(&Listed) -> i32),
    Number(fn(&Listed) -> u64),
    MaybeFen(fn(&Listed) -> Option<i64>),
    Moment(fn(&Listed) -> DateTime<Utc>),
}

/// The columns, the same in every form.
const COLUMNS: [(&str, Cell); 15] = [
    ("entry_id", Cell::Text(|one| one.entry.id.to_string())),
    ("person_id", Cell::Text(|one| one.entry.person.to_string())),
    ("year", Cell::Year(|one| one.entry.stand.year)),
    ("state", Cell::Text(|one| one.entry.state.word().to_owned())),
    ("division", Cell::Text(|one| one.entry.stand.division.to_string())),
    ("scheme", Cell::Text(|one| one.entry.stand.scheme.word().to_owned())),
    ("categories", Cell::Text(categories)),
    ("burden_fen", Cell::MaybeFen(|one| one.entry.stand.burden.map(money::Fen::get))),
    ("line_fen", Cell::MaybeFen(|one| one.entry.line.map(money::Fen::get))),
    ("rules_date", Cell::Day(|one| one.entry.stand.rules_date)),
    ("policy_version", Cell::Text(|one| one.entry.stand.version.to_string())),
    ("sequence", Cell::Number(|one| one.entry.sequence)),
    ("application_id", Cell::MaybeText(|one| one.application.map(|id| id.to_string()))),
    ("listed_at", Cell::Moment(|one| one.entry.listed_at)),
    ("changed_at", Cell::Moment(|one| one.entry.changed_at)),
];

fn categories(one: &Listed) -> String {
    let words: Vec<&str> = one.entry.stand.categories.iter().map(|category| category.word()).collect();
    words.join(" ")
}

/// Writes entries in a form.
trait Writes: Send {
    /// Takes entries; what can be sent now.
    fn add(&mut self, found: Vec<Listed>) -> Result<Vec<u8>, Fault>;
    /// The rest of the file.
    fn end(&mut self) -> Result<Vec<u8>, Fault>;
}

type Sent = mpsc::Sender<Result<pb::ExportWatchResponse, Status>>;

/// Sends the list, read by a cursor; ends with the caller.
pub(super) fn file(
    app: Arc<App>,
    form: Form,
    wanted: Wanted,
) -> mpsc::Receiver<Result<pb::ExportWatchResponse, Status>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        if let Err(fault) = send(&app, form, wanted, &sender).await {
            drop(sender.send(Err(fault.into())).await);
        }
    });
    receiver
}

async fn send(app: &App, form: Form, mut wanted: Wanted, sender: &Sent) -> Result<(), Fault> {
    let mut writer: Box<dyn Writes> = match form {
        Form::Csv => Box::new(Csv::new()),
        Form::Parquet => Box::new(Parquet::new()?),
    };
    let mut entries = 0;
    loop {
        let found = watches::list(app.database.reader(), &wanted).await.map_err(Problem::Store)?;
        let Some(last) = found.last().map(|last| last.entry.id) else { break };
        wanted.after = Some(last);
        entries += found.len() as u64;
        let bytes = writer.add(found)?;
        if !pieces(&bytes, entries, sender).await {
            return Ok(());
        }
    }
    pieces(&writer.end()?, entries, sender).await;
    Ok(())
}

/// Sends bytes; whether anybody still listens.
async fn pieces(bytes: &[u8], entries: u64, sender: &Sent) -> bool {
    for chunk in bytes.chunks(PIECE) {
        if sender.send(Ok(pb::ExportWatchResponse { chunk: chunk.to_vec(), entries })).await.is_err() {
            return false;
        }
    }
    true
}

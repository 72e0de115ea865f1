//! The watch list as a file: CSV (RFC 4180), piece by piece.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use rpc::Fault;
use terms::Word as _;
use tokio::sync::mpsc;
use tonic::Status;

use crate::app::{App, Problem};
use crate::domain::Entry;
use crate::store::watches::{self, Listed, Wanted};

/// Entries of a piece.
pub(super) const CHUNK: u64 = 500;

/// The names of the columns.
const NAMES: &str = "entry_id,person_id,year,state,division,scheme,categories,burden_fen,line_fen,rules_date,\
    policy_version,sequence,application_id,listed_at,changed_at";

/// Sends the list, read by a cursor; ends with the caller.
pub(super) fn csv(app: Arc<App>, mut wanted: Wanted) -> mpsc::Receiver<Result<pb::ExportWatchResponse, Status>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let (mut text, mut entries) = (format!("{NAMES}\r\n"), 0);
        loop {
            let found = match watches::list(app.database.reader(), &wanted).await {
                Ok(found) => found,
                Err(error) => return drop(sender.send(Err(Fault::from(Problem::Store(error)).into())).await),
            };
            for one in &found {
                text.push_str(&line(one));
                entries += 1;
            }
            let chunk = std::mem::take(&mut text).into_bytes();
            if !chunk.is_empty() && sender.send(Ok(pb::ExportWatchResponse { chunk, entries })).await.is_err() {
                return;
            }
            let Some(last) = found.last() else { return };
            wanted.after = Some(last.entry.id);
        }
    });
    receiver
}

fn line(one: &Listed) -> String {
    let Entry { id, person, state, stand, line, sequence, listed_at, changed_at, .. } = &one.entry;
    let categories: Vec<&str> = stand.categories.iter().map(|category| category.word()).collect();
    let fields = [
        id.to_string(),
        person.to_string(),
        stand.year.to_string(),
        state.word().to_owned(),
        stand.division.to_string(),
        stand.scheme.word().to_owned(),
        categories.join(" "),
        stand.burden.unwrap_or_default().get().to_string(),
        line.map(|line| line.get().to_string()).unwrap_or_default(),
        stand.rules_date.to_string(),
        stand.version.to_string(),
        sequence.to_string(),
        one.application.map(|id| id.to_string()).unwrap_or_default(),
        listed_at.to_rfc3339(),
        changed_at.to_rfc3339(),
    ];
    let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
    format!("{}\r\n", fields.join(","))
}

/// A field, in quotes where it has to be.
pub(super) fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_would_be_read_otherwise_stands_in_quotes() {
        assert_eq!(quoted("P1"), "P1");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a \"b\"\n"), "\"a \"\"b\"\"\n\"");
    }
}

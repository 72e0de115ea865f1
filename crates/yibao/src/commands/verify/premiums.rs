//! Premium assistance in two journals: what came in by enrolment's is what the fund spent by assistance's, for each enrolment.

use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use serde_json::{Value, json};
use store::{Database, migrations};

use crate::error::Error;

/// What both journals say of one enrolment in one place, where they differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) enrolment: String,
    pub(super) division: String,
    /// What came in by enrolment's books.
    pub(super) came_in: Fen,
    /// What the fund owes them by assistance's.
    pub(super) due: Fen,
}

/// What comparing found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Enrolments with premium assistance in one of the journals.
    pub(super) enrolments: usize,
    pub(super) came_in: Fen,
    pub(super) due: Fen,
    pub(super) differences: Vec<Difference>,
}

impl Compared {
    pub(super) fn json(&self) -> Value {
        let difference = |one: &Difference| {
            let Difference { enrolment, division, came_in, due } = one;
            json!({
                "enrolment": enrolment, "division": division, "enrolment_yuan": came_in.to_string(),
                "assistance_yuan": due.to_string(), "difference_yuan": (*came_in - *due).to_string(),
            })
        };
        json!({
            "enrolments": self.enrolments, "enrolment_yuan": self.came_in.to_string(),
            "assistance_yuan": self.due.to_string(),
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
        })
    }
}

/// Compares enrolment's database with that of assistance.
pub(super) async fn compare(enrolment: &Database, url: &str) -> Result<Compared, Error> {
    let (helped, owners) = super::opened(url).await?;
    if !owners.iter().any(|owner| owner == "assistance") {
        return Err(Error::Nothing("--assistance-database is no database of assistance".to_owned()));
    }
    migrations::check(&helped, assistance::MIGRATIONS).await.map_err(Error::Migration)?;
    // what enrolment books is told later: read first, nothing that was told is missing of it
    let due = assistance::premium_assistance(&helped).await.map_err(Error::Database)?;
    let came_in = enrolment::premium_assistance(enrolment).await.map_err(Error::Database)?;
    helped.close().await.map_err(Error::Database)?;
    Ok(compared(&came_in, &due))
}

/// Debits of one side are credits of the other.
fn compared(came_in: &BTreeMap<(String, String), Fen>, due: &BTreeMap<(String, String), Fen>) -> Compared {
    let of: BTreeSet<&(String, String)> = came_in.keys().chain(due.keys()).collect();
    let mut found = Compared { enrolments: of.len(), ..Compared::default() };
    for key in of {
        let came_in = came_in.get(key).copied().unwrap_or_default();
        let due = Fen::ZERO - due.get(key).copied().unwrap_or_default();
        (found.came_in, found.due) = (found.came_in + came_in, found.due + due);
        if came_in != due {
            let (enrolment, division) = key.clone();
            found.differences.push(Difference { enrolment, division, came_in, due });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books(lines: &[(&str, i64)]) -> BTreeMap<(String, String), Fen> {
        let line = |(enrolment, fen): &(&str, i64)| (((*enrolment).to_owned(), "990100".to_owned()), Fen::new(*fen));
        lines.iter().map(line).collect()
    }

    #[test]
    fn what_one_side_lacks_and_what_both_say_otherwise_is_named_exactly() {
        let found = compared(
            &books(&[("same", 32_000), ("untold", 32_000), ("other", 10_000)]),
            &books(&[("same", -32_000), ("other", -9_999), ("made up", -32_000)]),
        );
        let shown: Vec<_> =
            found.differences.iter().map(|one| (one.enrolment.as_str(), one.came_in.get(), one.due.get())).collect();
        assert_eq!(shown, [("made up", 0, 32_000), ("other", 10_000, 9_999), ("untold", 32_000, 0)]);
        assert_eq!((found.enrolments, found.came_in.get(), found.due.get()), (4, 74_000, 73_999));
        assert!(compared(&books(&[("same", 1)]), &books(&[("same", -1)])).differences.is_empty());
    }
}

//! Figures other values are shares of, such as last year's disposable income.

use chrono::NaiveDate;
use money::Fen;

use crate::pack::{Amount, PackDivision, SourceId, Value, in_force};

/// The figure of `common.index.<name>` in force on a day, and where it stands; the figure is `None` where the pack says
/// that none is known.
pub(crate) fn figure(chain: &[&PackDivision], name: &str, date: NaiveDate) -> Option<(Option<Fen>, SourceId)> {
    let found = in_force(chain, &[format!("common.index.{name}")], date)?;
    let (_, dated) = found.rows.first()?;
    match dated.value {
        Value::Amount(Amount::Fen(fen)) => Some((Some(fen), dated.source)),
        Value::Absent => Some((None, dated.source)),
        _ => None,
    }
}

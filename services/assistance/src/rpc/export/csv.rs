//! CSV (RFC 4180): a line of names, and one for each entry.

use rpc::Fault;

use super::{COLUMNS, Cell, Writes};
use crate::store::watches::Listed;

pub(super) struct Csv {
    text: String,
}

impl Csv {
    pub(super) fn new() -> Self {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        Self { text: format!("{}\r\n", names.join(",")) }
    }
}

impl Writes for Csv {
    fn add(&mut self, found: Vec<Listed>) -> Result<Vec<u8>, Fault> {
        for one in &found {
            let fields: Vec<String> = COLUMNS.iter().map(|(_, cell)| quoted(&field(cell, one))).collect();
            self.text.push_str(&fields.join(","));
            self.text.push_str("\r\n");
        }
        self.end()
    }

    fn end(&mut self) -> Result<Vec<u8>, Fault> {
        Ok(std::mem::take(&mut self.text).into_bytes())
    }
}

fn field(cell: &Cell, one: &Listed) -> String {
    match cell {
        Cell::Text(of) => of(one),
        Cell::MaybeText(of) => of(one).unwrap_or_default(),
        Cell::Day(of) => of(one).to_string(),
        Cell::Year(of) => of(one).to_string(),
        Cell::Number(of) => of(one).to_string(),
        Cell::MaybeFen(of) => of(one).map(|fen| fen.to_string()).unwrap_or_default(),
        Cell::Moment(of) => of(one).to_rfc3339(),
    }
}

/// A field, in quotes where it has to be.
pub(in crate::rpc) fn quoted(field: &str) -> String {
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

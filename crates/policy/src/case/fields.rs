use chrono::NaiveDate;
use money::{Fen, Rate};
use terms::{Name, Word};
use toml::de::DeTable;

use crate::pack::{Document, Key, Node};

/// The keys of one table of a case; a key that is not among those allowed is a problem.
pub(super) struct Fields<'n, 'i> {
    table: &'n DeTable<'i>,
    place: std::ops::Range<usize>,
}

impl<'n, 'i> Fields<'n, 'i> {
    pub(super) fn new(
        document: &mut Document<'_>,
        table: &'n DeTable<'i>,
        place: std::ops::Range<usize>,
        allowed: &[&str],
    ) -> Self {
        for (key, _) in table {
            if !allowed.contains(&key.get_ref().as_ref()) {
                unknown_key(document, key, allowed);
            }
        }
        Self { table, place }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'n Node<'i>> {
        self.table.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    fn missing(&self, document: &mut Document<'_>, name: &str, expected: &str) {
        document.problem(&self.place, "missing", format!("no {name}"), format!("{name} = {expected}"));
    }

    pub(super) fn word<W: Word>(&self, document: &mut Document<'_>, name: &str) -> Option<W> {
        let node = self.get(name)?;
        read_word(document, node)
    }

    pub(super) fn need_word<W: Word>(&self, document: &mut Document<'_>, name: &str) -> Option<W> {
        if !self.has(name) {
            let words: Vec<&str> = W::ALL.iter().map(|word| word.word()).collect();
            self.missing(document, name, &format!("one of {}", words.join(", ")));
        }
        self.word(document, name)
    }

    pub(super) fn words<W: Word>(&self, document: &mut Document<'_>, name: &str) -> Vec<W> {
        let Some(node) = self.get(name) else {
            return Vec::new();
        };
        if let Some(items) = node.get_ref().as_array() {
            return items.iter().filter_map(|item| read_word(document, item)).collect();
        }
        read_word(document, node).into_iter().collect()
    }

    pub(super) fn names(&self, document: &mut Document<'_>, name: &str) -> Vec<Name> {
        let Some(node) = self.get(name) else {
            return Vec::new();
        };
        let texts = document.strings(node, "a list of names").unwrap_or_default();
        let names: Result<Vec<Name>, _> = texts.iter().map(|text| Name::new(text)).collect();
        names.map_err(|error| document.wrong(node, error.to_string())).unwrap_or_default()
    }

    pub(super) fn name(&self, document: &mut Document<'_>, name: &str) -> Option<Name> {
        let node = self.get(name)?;
        let text = document.string(node, "a name")?;
        Name::new(text).map_err(|error| document.wrong(node, error.to_string())).ok()
    }

    pub(super) fn text(&self, document: &mut Document<'_>, name: &str) -> Option<String> {
        let node = self.get(name)?;
        document.string(node, "a text").map(str::to_owned)
    }

    pub(super) fn fen(&self, document: &mut Document<'_>, name: &str) -> Option<Fen> {
        let node = self.get(name)?;
        document.parsed(node, "an amount in yuan such as \"800.00\"")
    }

    pub(super) fn need_fen(&self, document: &mut Document<'_>, name: &str) -> Option<Fen> {
        if !self.has(name) {
            self.missing(document, name, "\"<yuan>.<two decimals>\"");
        }
        self.fen(document, name)
    }

    pub(super) fn rate(&self, document: &mut Document<'_>, name: &str) -> Option<Rate> {
        let node = self.get(name)?;
        document.parsed(node, "a decimal such as \"0.10\"")
    }

    pub(super) fn yes(&self, document: &mut Document<'_>, name: &str) -> Option<bool> {
        let node = self.get(name)?;
        document.boolean(node)
    }

    pub(super) fn whole<T: TryFrom<i64>>(&self, document: &mut Document<'_>, name: &str) -> Option<T> {
        let node = self.get(name)?;
        document.whole(node, "a whole number without quotes, in range")
    }

    pub(super) fn date(&self, document: &mut Document<'_>, name: &str) -> Option<NaiveDate> {
        let node = self.get(name)?;
        document.date(node)
    }

    pub(super) fn need_date(&self, document: &mut Document<'_>, name: &str) -> Option<NaiveDate> {
        if !self.has(name) {
            self.missing(document, name, "a date such as 2022-01-31");
        }
        self.date(document, name)
    }

    pub(super) fn need_division(&self, document: &mut Document<'_>) -> Option<terms::Division> {
        let Some(node) = self.get("division") else {
            self.missing(document, "division", "\"<six digits>\"");
            return None;
        };
        document.parsed(node, "a division code of six digits")
    }
}

pub(super) fn read_word<W: Word>(document: &mut Document<'_>, node: &Node<'_>) -> Option<W> {
    let text = document.string(node, W::DIMENSION)?;
    match W::from_word(text) {
        Ok(word) => Some(word),
        Err(error) => {
            document.problem(
                &node.span(),
                "unknown_name",
                format!("{text:?}"),
                format!("{}: one of {}", W::DIMENSION, error.expected.join(", ")),
            );
            None
        }
    }
}

pub(super) fn unknown_key(document: &mut Document<'_>, key: &Key<'_>, allowed: &[&str]) {
    document.problem(
        &key.span(),
        "unknown_name",
        format!("the key {:?}", key.get_ref()),
        format!("one of {}", allowed.join(", ")),
    );
}

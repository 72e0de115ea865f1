//! The content of a call as hashes: enough to tell whether another call is the same, and to name the field that differs.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// What a call asks, field by field; the content itself is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content(BTreeMap<String, Field>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    hash: [u8; 32],
    /// Of a list: the fields of an item, how many items, and a mark for each field of each.
    shape: String,
}

impl Field {
    /// What tells it apart well enough to name it; whether anything differs, the hash of the whole says.
    fn mark(&self) -> String {
        let mut mark = hex::encode(self.hash.get(..MARK_BYTES).unwrap_or_default());
        mark.push_str(&self.shape);
        mark
    }
}

const MARK_BYTES: usize = 4;

impl Content {
    pub(super) fn field(&mut self, name: &str, canonical: &[u8]) {
        let field = Field { hash: Sha256::digest(canonical).into(), shape: String::new() };
        self.0.insert(name.to_owned(), field);
    }

    pub(super) fn list<I, F>(&mut self, name: &str, fields: &[&str], items: I)
    where
        I: IntoIterator<Item = F>,
        F: IntoIterator,
        F::Item: AsRef<[u8]>,
    {
        let (mut hash, mut marks, mut count) = (Sha256::new(), String::new(), 0_usize);
        for item in items {
            for content in item {
                let content = content.as_ref();
                hash.update(content.len().to_be_bytes());
                hash.update(content);
                if count < MARKED_MOST {
                    marks.push_str(&format!("{:04x}", item_mark(content)));
                }
            }
            count += 1;
        }
        let shape = format!("|{}|{count}|{marks}", fields.join(","));
        self.0.insert(name.to_owned(), Field { hash: hash.finalize().into(), shape });
    }

    fn hash(&self) -> String {
        let mut whole = Sha256::new();
        for (name, field) in &self.0 {
            whole.update(name.len().to_be_bytes());
            whole.update(name);
            whole.update(field.hash);
            whole.update(&field.shape);
        }
        hex::encode(whole.finalize())
    }

    /// As it is kept: the hash of the whole, then a line a field, whose name leaves out what it shares with the one before it.
    pub(super) fn text(&self) -> String {
        let (mut text, mut before) = (self.hash(), "");
        for (name, field) in &self.0 {
            let shared = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
            let shared = (0..=shared).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
            text.push_str(&format!("\n{shared},{}={}", name.get(shared..).unwrap_or(name), field.mark()));
            before = name;
        }
        text
    }
}

/// The content of a call that was made, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Absent of calls kept by an earlier program, which kept a longer hash of each field instead.
    whole: Option<String>,
    marks: BTreeMap<String, String>,
}

impl Stored {
    /// Reads [`Content::text`]; nothing where it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.starts_with('{') {
            return Self::of_earlier(text);
        }
        let mut lines = text.split('\n');
        let whole = Some(lines.next()?.to_owned());
        let (mut marks, mut before) = (BTreeMap::new(), String::new());
        for line in lines {
            let (name, mark) = line.split_once('=')?;
            let (shared, rest) = name.split_once(',')?;
            let name = format!("{}{rest}", before.get(..shared.parse().ok()?)?);
            before.clone_from(&name);
            marks.insert(name, mark.to_owned());
        }
        Some(Self { whole, marks })
    }

    fn of_earlier(text: &str) -> Option<Self> {
        let fields: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        let mark = |hash: &str| Some(format!("{}{}", hash.get(..2 * MARK_BYTES)?, hash.get(64..)?));
        let marks = fields.into_iter().map(|(name, hash)| Some((name, mark(&hash)?)));
        Some(Self { whole: None, marks: marks.collect::<Option<_>>()? })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.marks.contains_key(name)
    }

    pub(super) fn says(&self, name: &str, canonical: &[u8]) -> bool {
        let field = Field { hash: Sha256::digest(canonical).into(), shape: String::new() };
        self.marks.get(name) == Some(&field.mark())
    }

    /// The first field, in order of name, whose content is not the same in both, or that only one has; `method` before all others,
    /// for another call has other fields anyway.
    pub(super) fn first_difference(&self, call: &Content) -> Option<String> {
        if self.whole.as_ref() == Some(&call.hash()) {
            return None;
        }
        let marks: BTreeMap<&String, String> = call.0.iter().map(|(name, field)| (name, field.mark())).collect();
        let differ = self.marks.keys().chain(call.0.keys()).filter(|name| marks.get(name) != self.marks.get(*name));
        let Some(first) = differ.min_by_key(|name| (*name != "method", *name)) else {
            // the marks are the same by chance
            return self.whole.as_ref().map(|_| KEY.to_owned());
        };
        let place = marks.get(first).zip(self.marks.get(first)).and_then(|(a, b)| place(a, b));
        Some(place.map_or_else(|| first.clone(), |place| format!("{first}{place}")))
    }
}

/// What is named where no field can be: the key itself.
const KEY: &str = "idempotency_key";

/// The most items of a list whose fields are marked: of what differs behind them only the list is named.
const MARKED_MOST: usize = 1_000;
const MARK_DIGITS: usize = 4;

fn item_mark(content: &[u8]) -> u16 {
    let hash = content.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    u16::try_from((hash >> 16) ^ (hash & 0xffff)).unwrap_or_default()
}

/// Where two lists of as many items differ first: `[3].quantity`.
fn place(a: &str, b: &str) -> Option<String> {
    let (mut a, mut b) = (a.splitn(4, '|').skip(1), b.splitn(4, '|').skip(1));
    let (fields, other) = (a.next()?, b.next()?);
    if fields != other || a.next()? != b.next()? {
        return None;
    }
    let (a, b) = (a.next()?.as_bytes(), b.next()?.as_bytes());
    let at = a.chunks(MARK_DIGITS).zip(b.chunks(MARK_DIGITS)).position(|(a, b)| a != b)?;
    let fields: Vec<&str> = fields.split(',').collect();
    fields.get(at % fields.len()).map(|field| format!("[{}].{field}", at / fields.len()))
}

#[cfg(test)]
mod tests {
    use super::{Content, Stored};

    fn content(fields: &[(&str, &str)]) -> Content {
        let mut content = Content::default();
        for (name, canonical) in fields {
            content.field(name, canonical.as_bytes());
        }
        content.list("bill.lines", &["item", "amount"], [["A", "1"], ["B", "2"]]);
        content
    }

    #[test]
    fn what_is_kept_reads_back_and_names_the_one_field_that_differs() {
        let fields =
            [("bill.from_date", "a"), ("bill.from", ""), ("bill", "b"), ("account", "c"), ("票据", "d"), ("票号", "e")];
        let asked = content(&fields);
        let kept = Stored::read(&asked.text()).unwrap();
        assert_eq!(kept.first_difference(&asked), None);
        assert!(kept.says("bill.from", b"") && !kept.says("bill.from", b"a") && kept.has("票号") && !kept.has("票"));
        for at in 0..fields.len() {
            let mut other = fields;
            other[at].1 = "other";
            assert_eq!(kept.first_difference(&content(&other)).as_deref(), Some(fields[at].0));
            let fewer: Vec<_> = fields.iter().filter(|field| field.0 != fields[at].0).copied().collect();
            assert_eq!(kept.first_difference(&content(&fewer)).as_deref(), Some(fields[at].0));
        }
        let mut more = asked;
        more.list("bill.lines", &["item", "amount"], [["A", "1"], ["B", "3"]]);
        assert_eq!(kept.first_difference(&more).as_deref(), Some("bill.lines[1].amount"));
    }
}

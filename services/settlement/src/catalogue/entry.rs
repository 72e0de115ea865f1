use std::ops::Range;
use std::sync::Arc;

use money::{Fen, Rate};
use policy::{Mark, Problems};
use terms::{LineClass, LineKind};
use toml::de::DeTable;

use super::File;
use super::folder::Folder;
use super::item::{Dated, Item, Row, Said};
use super::page::{Key, Node, Page};

const CODE: &str = "a national code: 10 to 47 capital letters, digits and dashes";
const ROWS: &str = "class, price_limit or first_self_paid";

/// Mark and source as far as they have been said: of a file, a row, a value; the inner one wins.
#[derive(Clone, Default)]
struct SoFar {
    mark: Option<Mark>,
    source: Option<Arc<str>>,
}

/// What a file says for all its items.
#[derive(Default)]
struct Head {
    kind: Option<LineKind>,
    all: SoFar,
    class: SoFar,
    price_limit: SoFar,
    first_self_paid: SoFar,
}

/// Reads a file of items into its division's folder.
pub(super) fn read_items(file: &File, folder: &mut Folder, problems: &mut Problems) {
    let mut page = Page::new(file, problems);
    let table = page.table();
    let head = read_head(&mut page, &table);
    if head.kind.is_none() {
        page.problem(&(0..0), "missing", "no kind".to_owned(), "kind = \"drug\" (all items of a file are of one kind)");
    }
    for (key, node) in &table {
        let Some(entry) = node.get_ref().as_table().filter(|_| key.get_ref() != "defaults") else {
            continue;
        };
        // The kind stands in for the missing one, so that the rest is checked too.
        let item = read_item(&mut page, key, entry, head.kind.unwrap_or(LineKind::Drug), &head);
        if let Some(before) = folder.items.get(&item.code) {
            let found = format!("{} again", item.code);
            let expected = format!("one entry a division; {} has it in line {}", before.file, before.line);
            page.problem(&key.span(), "overlap", found, expected);
        } else {
            folder.items.insert(item.code.clone(), item);
        }
    }
}

fn read_head(page: &mut Page<'_>, table: &DeTable<'_>) -> Head {
    let mut head = Head::default();
    for (key, node) in table {
        match key.get_ref().as_ref() {
            "kind" => head.kind = page.parsed(node),
            // How sure the codes themselves are; nothing computes with it.
            "codes" => drop(mark(page, node)),
            "note" => drop(page.text(node).map(str::to_owned)),
            name @ ("mark" | "source") => head.all.take(page, name, node),
            "defaults" => read_defaults(page, node, &mut head),
            _ if node.get_ref().is_table() => {}
            _ => page.unknown(key, "kind, codes, mark, source, note, [defaults] or the table of an item"),
        }
    }
    for row in [&mut head.class, &mut head.price_limit, &mut head.first_self_paid] {
        *row = head.all.clone().with(row);
    }
    head
}

fn read_defaults(page: &mut Page<'_>, node: &Node<'_>, head: &mut Head) {
    let Some(table) = node.get_ref().as_table() else {
        return page.wrong(node, "a table of class, price_limit, first_self_paid");
    };
    for (key, node) in table {
        let row = match key.get_ref().as_ref() {
            "class" => &mut head.class,
            "price_limit" => &mut head.price_limit,
            "first_self_paid" => &mut head.first_self_paid,
            _ => {
                page.unknown(key, ROWS);
                continue;
            }
        };
        let Some(said) = node.get_ref().as_table() else {
            page.wrong(node, "{ mark = \"…\", source = \"…\" }");
            continue;
        };
        for (key, node) in said {
            match key.get_ref().as_ref() {
                name @ ("mark" | "source") => row.take(page, name, node),
                _ => page.unknown(key, "mark or source"),
            }
        }
    }
}

fn read_item(page: &mut Page<'_>, key: &Key<'_>, entry: &DeTable<'_>, kind: LineKind, head: &Head) -> Item {
    let problems_before = page.problems();
    let code: &str = key.get_ref().as_ref();
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    if !(10..=47).contains(&code.len()) || !code.bytes().all(is_plain) {
        page.problem(&key.span(), "wrong_value", format!("{code:?}"), CODE);
    }
    let mut item = Item {
        code: code.to_owned(),
        zh: None,
        unit: None,
        kind,
        class: Row::default(),
        price_limit: Row::default(),
        first_self_paid: Row::default(),
        is_broken: false,
        file: page.path().to_owned(),
        line: page.line(key.span().start),
    };
    for (key, node) in entry {
        match key.get_ref().as_ref() {
            "zh" => item.zh = page.text(node).map(str::to_owned),
            "unit" => item.unit = page.text(node).map(str::to_owned),
            "note" => drop(page.text(node).map(str::to_owned)),
            "class" => item.class = row(page, key, node, &head.class, class),
            "price_limit" => item.price_limit = row(page, key, node, &head.price_limit, price_limit),
            "first_self_paid" => item.first_self_paid = row(page, key, node, &head.first_self_paid, share),
            _ => page.unknown(key, "zh, unit, note, class, price_limit or first_self_paid"),
        }
    }
    item.is_broken = page.problems() > problems_before;
    item
}

fn row<T>(
    page: &mut Page<'_>,
    key: &Key<'_>,
    node: &Node<'_>,
    default: &SoFar,
    read: impl Fn(&mut Page<'_>, &Node<'_>) -> Option<T>,
) -> Row<T> {
    let mut row = Row::default();
    let Some(table) = node.get_ref().as_table() else {
        page.wrong(node, "{ 2020-01-01 = \"…\" }");
        return row;
    };
    let mut said = SoFar::default();
    for (key, node) in table {
        if let name @ ("mark" | "source" | "note") = key.get_ref().as_ref() {
            said.take(page, name, node);
        }
    }
    let default = default.clone().with(&said);
    let values = || table.iter().filter(|(key, _)| !matches!(key.get_ref().as_ref(), "mark" | "source" | "note"));
    for (key, node) in values() {
        if let Some(dated) = dated(page, key, node, &default, &read) {
            push(page, &key.span(), dated, &mut row);
        }
    }
    if values().next().is_none() {
        page.problem(&key.span(), "missing", format!("{} without a value", key.get_ref()), "a day and a value");
    }
    row
}

/// Keeps a value; days must ascend, and only what is in force can end.
fn push<T>(page: &mut Page<'_>, at: &Range<usize>, dated: Dated<T>, row: &mut Row<T>) {
    let last = row.0.last();
    if let Some(last) = last.filter(|last| last.from >= dated.from) {
        let (found, before) = (dated.from.to_string(), last.from);
        return page.problem(at, "overlap", found, format!("days in order, so one after {before}"));
    }
    if dated.value.is_none() && last.is_none_or(|last| last.value.is_none()) {
        page.problem(at, "gap", "the end of what is not in force".to_owned(), "a value before it");
    }
    row.0.push(dated);
}

fn dated<T>(
    page: &mut Page<'_>,
    key: &Key<'_>,
    node: &Node<'_>,
    default: &SoFar,
    read: &impl Fn(&mut Page<'_>, &Node<'_>) -> Option<T>,
) -> Option<Dated<T>> {
    let from = page.day(key.get_ref(), &key.span());
    let mut said = SoFar::default();
    let mut value = Some(node);
    if let Some(table) = node.get_ref().as_table() {
        value = None;
        for (key, node) in table {
            match key.get_ref().as_ref() {
                "value" => value = Some(node),
                name @ ("mark" | "source" | "note") => said.take(page, name, node),
                _ => page.unknown(key, "value, mark, source or note"),
            }
        }
    }
    let said = default.clone().with(&said).finish(page, &key.span());
    let Some(value) = value else {
        page.problem(&node.span(), "missing", "no value".to_owned(), "{ value = \"…\" }");
        return None;
    };
    let value = if value.get_ref().as_str() == Some("end") { None } else { Some(read(page, value)?) };
    Some(Dated { from: from?, value, said: said? })
}

fn class(page: &mut Page<'_>, node: &Node<'_>) -> Option<LineClass> {
    page.parsed(node)
}

fn price_limit(page: &mut Page<'_>, node: &Node<'_>) -> Option<Option<Fen>> {
    if node.get_ref().as_str() == Some("none") {
        return Some(None);
    }
    let limit: Fen = page.parsed(node)?;
    if limit.is_negative() || limit > Fen::LIMIT {
        page.wrong(node, "an amount that is not below zero and not above what any bill can have");
    }
    Some(Some(limit))
}

fn share(page: &mut Page<'_>, node: &Node<'_>) -> Option<Option<Rate>> {
    if node.get_ref().as_str() == Some("none") {
        return Some(None);
    }
    let share: Rate = page.parsed(node)?;
    if share != share.clamped(Rate::ONE) {
        page.wrong(node, "a share between \"0\" and \"1\"");
    }
    Some(Some(share))
}

fn mark(page: &mut Page<'_>, node: &Node<'_>) -> Option<Mark> {
    let mark = match page.text(node)? {
        "said" => Some(Mark::Said),
        "derived" => Some(Mark::Derived),
        "assumed" => Some(Mark::Assumed),
        _ => None,
    };
    if mark.is_none() {
        page.wrong(node, "said, derived or assumed");
    }
    mark
}

impl SoFar {
    fn take(&mut self, page: &mut Page<'_>, name: &str, node: &Node<'_>) {
        match name {
            "mark" => self.mark = mark(page, node),
            "source" => self.source = page.text(node).map(Arc::from),
            _ => drop(page.text(node).map(str::to_owned)),
        }
    }

    fn with(self, inner: &Self) -> Self {
        Self { mark: inner.mark.or(self.mark), source: inner.source.clone().or(self.source) }
    }

    fn finish(self, page: &mut Page<'_>, at: &Range<usize>) -> Option<Said> {
        if self.source.is_none() {
            page.problem(at, "no_source", "a value without a source".to_owned(), "source = \"…\" here or further out");
        }
        Some(Said { mark: self.mark.unwrap_or_default(), source: self.source? })
    }
}

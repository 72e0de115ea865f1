use std::collections::BTreeMap;

use chrono::NaiveDate;
use policy::{Problem, Problems, Severity};
use terms::Division;

use super::File;
use super::entry::read_items;
use super::folder::Folder;
use super::item::{Chain, Item, Row};
use super::page::Page;
use super::spelling::Codes;

const HEADER: &str = "division.toml";

/// The root's code, every division's folder and all codes; `None` where no folder is the root.
pub(super) fn folders(files: &[File], problems: &mut Problems) -> Option<(u32, BTreeMap<u32, Folder>, Codes)> {
    let mut folders = BTreeMap::new();
    let mut roots = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with("/division.toml")) {
        let Some(code) = division_of(file, problems) else {
            continue;
        };
        if let Some((folder, is_root)) = header(file, code, problems) {
            roots.extend(is_root.then_some(code.code()));
            folders.insert(code.code(), folder);
        }
    }
    for file in files.iter().filter(|file| !file.path.ends_with("/division.toml")) {
        let Some(code) = division_of(file, problems) else {
            continue;
        };
        match folders.get_mut(&code.code()) {
            Some(folder) => read_items(file, folder, problems),
            None => about(problems, file, "missing", format!("no {code}/{HEADER}"), "a file that describes the folder"),
        }
    }
    let [root] = roots.as_slice() else {
        let found = format!("{} folders with `root = true`", roots.len());
        let file = File { path: HEADER.to_owned(), text: String::new() };
        about(problems, &file, "missing", found, "exactly one, the nation's");
        return None;
    };
    check(*root, &folders, problems);
    let codes = Codes::of(&folders, problems);
    Some((*root, folders, codes))
}

/// The codes of a division and of those above it (GB/T 2260: district, city, province, nation), nearest first.
pub(super) fn upwards(code: u32, root: u32) -> Vec<u32> {
    let mut codes = vec![code, code - code % 100, code - code % 10_000, root];
    codes.dedup();
    if let Some(at) = codes.iter().position(|code| *code == root) {
        codes.truncate(at + 1);
    }
    codes
}

fn about(problems: &mut Problems, file: &File, kind: &'static str, found: String, expected: &str) {
    let (file, expected) = (file.path.clone(), expected.to_owned());
    problems.add(Problem { file, line: 1, column: 1, severity: Severity::Error, kind, found, expected });
}

fn division_of(file: &File, problems: &mut Problems) -> Option<Division> {
    let code =
        file.path.split_once('/').filter(|(_, name)| !name.contains('/')).and_then(|(code, _)| code.parse().ok());
    if code.is_none() {
        let found = format!("{:?}", file.path);
        about(problems, file, "unknown_file", found, "<division code>/<name>.toml");
    }
    code
}

/// What a `division.toml` says, and whether its folder is the root.
fn header(file: &File, code: Division, problems: &mut Problems) -> Option<(Folder, bool)> {
    let mut page = Page::new(file, problems);
    let mut said: (Option<Division>, Option<NaiveDate>, Option<String>, bool) = (None, None, None, false);
    for (key, node) in page.table() {
        match key.get_ref().as_ref() {
            "code" => said.0 = page.parsed(&node),
            "used_from" => {
                let text = page.text(&node).map(str::to_owned);
                said.1 = text.and_then(|text| page.day(&text, &node.span()));
            }
            "source" => said.2 = page.text(&node).map(str::to_owned),
            "root" => match node.get_ref().as_bool() {
                Some(is_root) => said.3 = is_root,
                None => page.wrong(&node, "true or false"),
            },
            "zh" | "note" => drop(page.text(&node).map(str::to_owned)),
            _ => page.unknown(&key, "code, zh, used_from, source, root or note"),
        }
    }
    let (said_code, used_from, source, is_root) = said;
    if said_code.is_some_and(|said| said != code) {
        page.problem(
            &(0..0),
            "wrong_value",
            "a code that is not the folder's".to_owned(),
            format!("code = \"{code}\""),
        );
    }
    for (name, missing) in
        [("code", said_code.is_none()), ("used_from", used_from.is_none()), ("source", source.is_none())]
    {
        if missing {
            page.problem(&(0..0), "missing", format!("no {name}"), format!("{name} = \"…\""));
        }
    }
    Some((Folder { used_from: used_from?, source: source?, items: BTreeMap::new() }, is_root))
}

/// What only shows when a division is seen together with those above it.
fn check(root: u32, folders: &BTreeMap<u32, Folder>, problems: &mut Problems) {
    for (code, folder) in folders {
        let seen: Vec<&Folder> = upwards(*code, root).iter().filter_map(|code| folders.get(code)).collect();
        for (item_code, item) in &folder.items {
            let items: Vec<&Item> = seen.iter().filter_map(|folder| folder.items.get(item_code)).collect();
            check_item(item, items.get(1..).unwrap_or_default(), problems);
            if items.iter().any(|item| item.is_broken) {
                continue;
            }
            if let Some(chain) = Chain::of(items) {
                check_days(item, &chain, problems);
            }
        }
    }
}

/// A name, a unit and a kind are said once, where the item is said first.
fn check_item(item: &Item, above: &[&Item], problems: &mut Problems) {
    let mut problem = |kind, found: String, expected: &str| {
        let (file, expected) = (item.file.clone(), expected.to_owned());
        problems.add(Problem { file, line: item.line, column: 1, severity: Severity::Error, kind, found, expected });
    };
    let code = &item.code;
    for (name, here, is_above) in [
        ("zh", item.zh.is_some(), above.iter().any(|item| item.zh.is_some())),
        ("unit", item.unit.is_some(), above.iter().any(|item| item.unit.is_some())),
    ] {
        if !here && !is_above {
            problem("missing", format!("{code} without {name}"), "a name and a unit, where an item is said first");
        }
        if here && is_above {
            problem("said_above", format!("{code} with {name}"), "only what differs from the division above");
        }
    }
    if above.iter().any(|other| other.kind != item.kind) {
        problem("said_above", format!("{code} as {}", item.kind), "the kind of the division above");
    }
    let has_class = |item: &&Item| !item.class.0.is_empty();
    let is_broken = item.is_broken || above.iter().any(|item| item.is_broken);
    if !is_broken && !has_class(&item) && !above.iter().any(has_class) {
        problem("missing", format!("{code} without class"), "class = { 2020-01-01 = \"class_b\" }");
    }
}

/// A limit or a share counts only while the item has a class.
fn check_days(item: &Item, chain: &Chain<'_>, problems: &mut Problems) {
    let limits = starts(&item.price_limit).map(|day| (day, "price_limit"));
    for (day, name) in limits.chain(starts(&item.first_self_paid).map(|day| (day, "first_self_paid"))) {
        if chain.terms(day).is_none() {
            problems.add(Problem {
                file: item.file.clone(),
                line: item.line,
                column: 1,
                severity: Severity::Error,
                kind: "gap",
                found: format!("{}: {name} from {day}, when the item has no class", item.code),
                expected: "a class from that day on, or the value from a later day".to_owned(),
            });
        }
    }
}

fn starts<T>(row: &Row<T>) -> impl Iterator<Item = NaiveDate> {
    row.0.iter().filter(|dated| dated.value.is_some()).map(|dated| dated.from)
}

//! No place in Rust: division codes and the names of places stand in packs and cases only.

use crate::code::{line_at, pattern};
use crate::tree::{Source, files, product_sources};

struct Division {
    code: String,
    zh: String,
    is_root: bool,
}

/// The divisions that have a pack.
fn divisions() -> Vec<Division> {
    let found: Vec<Division> = files("crates/policy/packs", |path| path.ends_with("division.toml"))
        .iter()
        .map(|file| {
            let table: toml::Table = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
            let word = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            Division {
                code: word("code").unwrap_or_else(|| panic!("{}: no code", file.path)),
                zh: word("zh").unwrap_or_else(|| panic!("{}: no zh", file.path)),
                is_root: word("parent").is_none(),
            }
        })
        .collect();
    assert!(!found.is_empty(), "no division.toml was found below crates/policy/packs");
    found
}

/// The division codes a source holds: any code of a pack that stands alone (not part of an amount such as 150000.00),
/// and, in quotes, any six digits that look like a province or a city. The root's code is a round number too, so it
/// counts in quotes only.
fn codes_in(source: &Source, divisions: &[Division]) -> Vec<String> {
    let looks_like_one = pattern(r"^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)\d\d00$");
    let mut hits = Vec::new();
    for number in pattern(r"\d+").find_iter(&source.text) {
        let (digits, text) = (number.as_str(), &source.text);
        let before = text[..number.start()].chars().next_back().unwrap_or(' ');
        let mut after = text[number.end()..].chars();
        let (next, second) = (after.next().unwrap_or(' '), after.next().unwrap_or(' '));
        let is_part = before.is_alphanumeric()
            || "_.#".contains(before)
            || next.is_alphanumeric()
            || next == '_'
            || (next == '.' && second.is_ascii_digit());
        let quoted = before == '"' && next == '"';
        let known = divisions.iter().find(|division| division.code == digits);
        let is_code = match known {
            Some(division) => quoted || !division.is_root,
            None => quoted && looks_like_one.is_match(digits),
        };
        if is_code && !is_part {
            hits.push(format!("{}:{}: {digits}", source.path, line_at(text, number.start())));
        }
    }
    hits
}

/// A name as packs write it, and without the word for the kind of division.
fn spellings(zh: &str) -> Vec<&str> {
    const KINDS: [&str; 7] = ["壮族自治区", "布依族苗族自治州", "自治区", "自治州", "省", "市", "区"];
    let short = KINDS.iter().find_map(|kind| zh.strip_suffix(kind)).filter(|short| short.chars().count() >= 2);
    [Some(zh), short].into_iter().flatten().collect()
}

#[test]
fn no_division_code_stands_in_rust() {
    let divisions = divisions();
    let hits: Vec<String> = product_sources().iter().flat_map(|source| codes_in(source, &divisions)).collect();
    assert!(hits.is_empty(), "a place belongs in a pack or a case (a figure is written 450_000):\n{}", hits.join("\n"));
}

#[test]
fn no_name_of_a_place_stands_in_rust() {
    let divisions = divisions();
    let mut hits = Vec::new();
    for source in product_sources() {
        for division in divisions.iter().filter(|division| !division.is_root) {
            for name in spellings(&division.zh) {
                let at = source.text.match_indices(name);
                hits.extend(at.map(|(at, _)| format!("{}:{}: {name}", source.path, line_at(&source.text, at))));
            }
        }
    }
    assert!(hits.is_empty(), "a place belongs in a pack or a case:\n{}", hits.join("\n"));
}

#[test]
fn a_code_is_told_from_an_amount() {
    let division = |code: &str, is_root| Division { code: code.to_owned(), zh: String::new(), is_root };
    let divisions = [division("100000", true), division("450000", false)];
    let text = "\"100000\" 100000 \"450000\" 450000 450000.00 450_000 1450000 #450000 \"320500\" 320500 \"990000\"";
    let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    let codes: Vec<String> = codes_in(&source, &divisions);
    assert_eq!(codes, ["a.rs:1: 100000", "a.rs:1: 450000", "a.rs:1: 450000", "a.rs:1: 320500"]);
    assert_eq!(spellings("广西壮族自治区"), ["广西壮族自治区", "广西"]);
}

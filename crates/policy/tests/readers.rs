//! The readers of packs and cases: whatever the text, an answer or problems with a place; never a panic.

use std::sync::LazyLock;

use policy::case::read;
use policy::{PackFile, Policy, Problems};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;

use crate::support::{SHIPPED, config, root, toml_files};
use crate::worlds::WORLDS;

static CASES: LazyLock<Vec<PackFile>> = LazyLock::new(|| {
    let mut files = toml_files(&root().join("tests/cases"));
    files.extend(toml_files(&root().join("tests/variants")).into_iter().filter(|file| !file.path.contains("/packs/")));
    files
});

/// A change to a text, of bytes or of lines; bytes that are no text any more become the replacement character.
#[derive(Clone, Debug)]
enum Change {
    Delete(Index, usize),
    Duplicate(Index, usize),
    Insert(Index, String),
    DeleteLine(Index),
    DuplicateLine(Index, Index),
    SwapLines(Index, Index),
    SwapWords(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let token = prop_oneof![
        "[\\[\\]{}=\",.#\n'\\\\&|+-]{1,3}",
        "\\PC{1,4}",
        "(true|false|none|end|0\\.5|-1|1e9|9999999999999999|2022-02-30|\"-0.01\"|\"99999999999.00\"|all|common|\u{0}|\r\n|统)",
    ];
    let at = any::<Index>;
    prop_oneof![
        (at(), 1..20usize).prop_map(|(at, count)| Change::Delete(at, count)),
        (at(), 1..40usize).prop_map(|(at, count)| Change::Duplicate(at, count)),
        (at(), token).prop_map(|(at, text)| Change::Insert(at, text)),
        at().prop_map(Change::DeleteLine),
        (at(), at()).prop_map(|(one, other)| Change::DuplicateLine(one, other)),
        (at(), at()).prop_map(|(one, other)| Change::SwapLines(one, other)),
        (at(), at()).prop_map(|(one, other)| Change::SwapWords(one, other)),
    ]
}

impl Change {
    fn make(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let cut = |at: &Index, count: usize| -> (usize, usize) {
            let from = at.index(bytes.len() + 1);
            (from, (from + count).min(bytes.len()))
        };
        let glue = |pieces: &[&[u8]]| String::from_utf8_lossy(&pieces.concat()).into_owned();
        let mut lines: Vec<&str> = text.split('\n').collect();
        match self {
            Self::Delete(at, count) => {
                let (from, to) = cut(at, *count);
                return glue(&[&bytes[..from], &bytes[to..]]);
            }
            Self::Duplicate(at, count) => {
                let (from, to) = cut(at, *count);
                return glue(&[&bytes[..to], &bytes[from..]]);
            }
            Self::Insert(at, more) => {
                let (from, _) = cut(at, 0);
                return glue(&[&bytes[..from], more.as_bytes(), &bytes[from..]]);
            }
            Self::SwapWords(one, other) => {
                let mut words: Vec<&str> = text.split_inclusive(' ').collect();
                let (one, other) = (one.index(words.len()), other.index(words.len()));
                words.swap(one, other);
                return words.concat();
            }
            Self::DeleteLine(at) => {
                lines.remove(at.index(lines.len()));
            }
            Self::DuplicateLine(one, other) => {
                lines.insert(other.index(lines.len()), lines[one.index(lines.len())]);
            }
            Self::SwapLines(one, other) => {
                let (one, other) = (one.index(lines.len()), other.index(lines.len()));
                lines.swap(one, other);
            }
        }
        lines.join("\n")
    }
}

/// Every refusal says where, what was found, and names the file.
fn says_where(problems: &Problems, known: impl Fn(&str) -> bool) -> TestCaseResult {
    prop_assert!(problems.has_errors());
    for problem in problems.iter() {
        prop_assert!(problem.line >= 1 && problem.column >= 1, "{}", problem);
        prop_assert!(known(&problem.file), "{}", problem);
        prop_assert!(!problem.found.is_empty() && !problem.kind.is_empty(), "{}", problem);
    }
    Ok(())
}

/// A case that can be read can be answered and compared.
fn read_and_answer(text: &str) -> TestCaseResult {
    match read("case.toml", text) {
        Err(problems) => {
            says_where(&problems, |file| file == "case.toml")?;
            let lines = text.split('\n').count();
            prop_assert!(problems.iter().all(|problem| problem.line <= lines), "{}", problems);
        }
        Ok(case) => {
            let answer = case.answer(&SHIPPED);
            let _ = case.differences(&SHIPPED, &answer);
            let _ = case.what_if("institution", "primary").map(|other| other.answer(&SHIPPED));
        }
    }
    Ok(())
}

fn compile_files(files: &[PackFile]) -> TestCaseResult {
    if let Err(problems) = Policy::compile(files) {
        says_where(&problems, |file| files.iter().any(|known| known.path == file))?;
    }
    Ok(())
}

fn change_file(files: &[PackFile], which: &Index, changes: &[Change]) -> Vec<PackFile> {
    let mut files = files.to_vec();
    let at = which.index(files.len());
    files[at].text = changes.iter().fold(files[at].text.clone(), |text, change| change.make(&text));
    files
}

/// Something that looks like TOML.
fn soup() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        " = ",
        " = ",
        ",",
        ".",
        "\"",
        "\n",
        "\n",
        "#",
        "person",
        "bill",
        "parts",
        "line",
        "expect",
        "division",
        "scheme",
        "all",
        "cite",
        "pooled",
        "ratio",
        "stack",
        "payer",
        "base",
        "\"0.5\"",
        "\"10.00\"",
        "2022-01-01",
        "true",
        "-1",
        "99999999999999999999",
        "统筹",
        "\u{0}",
        "'''",
        "\\",
    ];
    prop::collection::vec(prop::sample::select(WORDS), 0..60).prop_map(|words| words.concat())
}

/// Text of any characters.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..100).prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn any_text_is_a_case_or_a_refusal_with_a_place(text in prop_oneof![text(), soup()]) {
        read_and_answer(&text)?;
    }

    #[test]
    fn a_real_case_changed_anyhow_is_a_case_or_a_refusal_with_a_place(
        which in any::<Index>(),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let text = &which.get(&CASES).text;
        read_and_answer(&changes.iter().fold(text.clone(), |text, change| change.make(&text)))?;
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn any_text_in_any_file_is_a_pack_or_a_refusal_with_a_place(
        which in any::<Index>(),
        world in 1..WORLDS.len(),
        text in prop_oneof![text(), soup()],
    ) {
        let mut files = WORLDS[world].files.clone();
        let at = which.index(files.len());
        files[at].text = text;
        compile_files(&files)?;
    }

    #[test]
    fn a_variants_pack_changed_anyhow_is_a_pack_or_a_refusal_with_a_place(
        which in any::<Index>(),
        world in 1..WORLDS.len(),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        compile_files(&change_file(&WORLDS[world].files, &which, &changes))?;
    }

    #[test]
    fn any_path_of_a_file_is_a_pack_or_a_refusal(path in prop_oneof!["[a-z0-9/.]{0,20}", "990000/[a-z]{1,8}/[a-z]{1,8}\\.toml", "\\PC{0,20}"]) {
        let mut files = WORLDS[1].files.clone();
        files.push(PackFile { path, text: "[deductible]\ncite = \"X\"\nall = { 2022-01-01 = \"1.00\" }\n".to_owned() });
        compile_files(&files)?;
    }
}

proptest! {
    #![proptest_config(config(15))]

    #[test]
    fn a_shipped_pack_changed_anyhow_is_a_pack_or_a_refusal_with_a_place(
        which in any::<Index>(),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        compile_files(&change_file(&WORLDS[0].files, &which, &changes))?;
    }
}

#[test]
fn a_text_nested_as_deep_as_one_likes_is_refused_and_does_not_exhaust_the_stack() {
    let deep =
        |open: &str, close: &str, start: &str| format!("{start}{}1{}", open.repeat(50_000), close.repeat(50_000));
    let dotted = format!("expect.{}a = \"1.00\"\n", "a.".repeat(50_000));
    let header = format!("[expect.{}a]\nb = \"1.00\"\n", "a.".repeat(50_000));
    for text in [deep("[", "]", "x = "), deep("{ a = ", "}", "expect = "), dotted, header] {
        assert!(read("case.toml", &text).is_err());
        let files = [PackFile { path: "990000/resident/inpatient.toml".to_owned(), text }];
        assert!(Policy::compile(&files).is_err());
    }
}

//! What the pure crates must not know: frameworks, clocks, the environment, files, the network, floats.

use crate::code::{in_code, in_text};
use crate::tree::{Source, read, root, rust_files};

/// The pure crates; one that has not been written yet is passed over.
const PURE: [&str; 5] = ["money", "terms", "policy", "ledger", "crossing"];

const FRAMEWORKS: &str = r"\b(tokio|tonic|prost|sea[-_]orm|redis|tracing)(\b|_)";

/// The outside world: modules named in full or out of a `use std::{…}`, and clocks by their own names.
const OUTSIDE: &str = concat!(
    r"\bstd::(env|fs|net|process)\b",
    r"|\buse\s+std::\{[^;]*\b(env|fs|net|process)\b",
    r"|\b(SystemTime|Instant::now|(Utc|Local)::(now|today)|now_utc|now_local)\b",
);

const FLOATS: &str = r"(^|[^A-Za-z])f(32|64)\b";

fn present() -> Vec<String> {
    let folders = PURE.map(|name| format!("crates/{name}"));
    folders.into_iter().filter(|folder| root().join(folder).join("Cargo.toml").is_file()).collect()
}

fn pure_sources() -> Vec<Source> {
    let sources: Vec<Source> = present().iter().flat_map(|folder| rust_files(&format!("{folder}/src"))).collect();
    assert!(!sources.is_empty(), "no source of a pure crate was found");
    sources
}

fn pure_manifests() -> Vec<Source> {
    let mut manifests: Vec<Source> = present().iter().map(|folder| read(&format!("{folder}/Cargo.toml"))).collect();
    for manifest in &mut manifests {
        let lines = manifest.text.lines().map(|line| line.split('#').next().unwrap_or_default());
        manifest.text = lines.collect::<Vec<_>>().join("\n");
    }
    manifests
}

#[test]
fn pure_crates_name_no_runtime_wire_database_cache_or_tracing() {
    let mut hits = in_text(&pure_manifests(), FRAMEWORKS);
    hits.extend(in_code(&pure_sources(), FRAMEWORKS));
    assert!(hits.is_empty(), "a pure crate names a framework:\n{}", hits.join("\n"));
}

#[test]
fn pure_crates_read_no_clock_environment_file_or_network() {
    let hits = in_code(&pure_sources(), OUTSIDE);
    assert!(hits.is_empty(), "a pure crate reaches outside; hand the value in:\n{}", hits.join("\n"));
}

#[test]
fn pure_crates_hold_no_floats() {
    let hits = in_code(&pure_sources(), FLOATS);
    assert!(hits.is_empty(), "use money::Fen or money::Rate:\n{}", hits.join("\n"));
}

#[test]
fn a_broken_wall_is_seen_and_talk_of_it_is_not() {
    let bad = "use std::{fmt, fs};\nlet a = Instant::now();\nlet b = 1.0f64;\nuse sea_orm::Entity;\nx as f32;\n";
    let fine = "// std::fs and f64\nlet a = \"SystemTime redis\";\nlet tracings = buf32;\nlet a = leaf64;\n";
    let source = |text: &str| [Source { path: "a.rs".to_owned(), text: text.to_owned() }];
    let seen = |text| [OUTSIDE, FLOATS, FRAMEWORKS].map(|wall| in_code(&source(text), wall).len());
    assert_eq!(seen(bad), [2, 2, 1]);
    assert_eq!(seen(fine), [0, 0, 0]);
}

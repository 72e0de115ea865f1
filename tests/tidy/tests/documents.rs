//! The documents speak of what is there, and of nothing that is only here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::code::{in_text, line_at, pattern};
use crate::tree::{Source, documents, members, read, root, texts};

#[test]
fn no_text_names_a_registry_or_a_folder_of_one_machine() {
    // written in pieces, or this file would name them
    let names = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("crates", r"\.io"),
        concat!("py", r"pi\.org"),
        concat!("npm", r"js\.(com|org)"),
        concat!(r"\.\./", "shared/"),
    ];
    let hits = in_text(&texts(), &names.join("|"));
    assert!(hits.is_empty(), "say it without the registry or the path:\n{}", hits.join("\n"));
}

#[test]
fn every_crate_says_first_what_it_is_and_what_its_invariant_is() {
    let mut silent = Vec::new();
    for member in members() {
        let roots = ["src/lib.rs", "src/main.rs", "tests/tidy.rs"].map(|file| format!("{member}/{file}"));
        let Some(path) = roots.iter().find(|path| root().join(path).is_file()) else {
            silent.push(format!("{member}: no lib.rs or main.rs"));
            continue;
        };
        let text = read(path).text;
        let mut said = text.lines().map_while(|line| line.strip_prefix("//!"));
        let states = said.any(|line| line.trim().trim_start_matches("**").starts_with("Invariant:"));
        if !states {
            silent.push(format!("{path}: no line `//! Invariant: …` at the top"));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn architecture_names_every_member_of_the_workspace() {
    let text = read("ARCHITECTURE.md").text;
    let missing: Vec<String> = members().into_iter().filter(|member| !text.contains(&format!("`{member}`"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name: {}", missing.join(", "));
    assert!(text.contains("Invariant:"), "ARCHITECTURE.md states no invariant");
}

#[test]
fn the_readme_shows_the_two_commands_and_what_its_commands_name_exists() {
    let readme = read("README.md");
    let commands: Vec<&str> = fenced(&readme.text).collect();
    for wanted in ["cargo run --release -- demo", "tests/run"] {
        assert!(commands.iter().any(|line| line.starts_with(wanted)), "README.md shows no `{wanted}`");
    }
    let mut missing = Vec::new();
    let ours = ["cargo ", "tests/", "yibao ", "$ "];
    for line in commands.iter().filter(|line| ours.iter().any(|start| line.starts_with(start))) {
        let words = line.split('#').next().unwrap_or_default().split_whitespace();
        for path in words.filter(|word| word.starts_with("tests/") || word.starts_with("crates/")) {
            let certain = path.split(['*', '…']).next().unwrap_or_default();
            if !root().join(certain).exists() {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "README.md's commands name what is not there: {}", missing.join(", "));
}

#[test]
fn the_test_commands_can_be_run() {
    for path in ["tests/run", ".ci/run"] {
        let permissions = fs::metadata(root().join(path)).expect("the command is there").permissions();
        assert_ne!(permissions.mode() & 0o111, 0, "{path} is not executable");
    }
}

#[test]
fn every_local_link_of_a_document_leads_somewhere() {
    let dead: Vec<String> = documents().iter().flat_map(dead_links).collect();
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

fn dead_links(document: &Source) -> Vec<String> {
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let text = without_fences(&document.text);
    let mut dead = Vec::new();
    for link in pattern(r#"\]\(([^()\s]+)(?:\s+"[^"]*")?\)"#).captures_iter(&text) {
        let (_, [target]) = link.extract();
        let file = target.split('#').next().unwrap_or_default();
        let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || file.is_empty();
        if !is_elsewhere && !root().join(folder).join(file).exists() {
            let line = line_at(&text, link.get(1).map_or(0, |found| found.start()));
            dead.push(format!("{}:{line}: {target}", document.path));
        }
    }
    dead
}

/// The lines inside code fences.
fn fenced(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        inside && !is_fence
    })
}

/// The text with the lines of code fences emptied.
fn without_fences(text: &str) -> String {
    let mut inside = false;
    let prose = text.lines().map(|line| {
        inside ^= line.trim_start().starts_with("```");
        if inside { "" } else { line }
    });
    prose.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_dead_link_is_seen_and_a_code_block_is_not_prose() {
    let text = "[a](nowhere.md#x) [b](README.md) [c](https://example.org)\n```\n[d](nowhere.md)\n```\n[e](#here)\n";
    let document = Source { path: "A.md".to_owned(), text: text.to_owned() };
    assert_eq!(dead_links(&document), ["A.md:1: nowhere.md#x"]);
    assert_eq!(fenced(text).collect::<Vec<_>>(), ["[d](nowhere.md)"]);
}

//! How long files and functions may be.

use crate::code::functions;
use crate::tree::{Source, rust_files};

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 100;

fn all_rust() -> Vec<Source> {
    let sources: Vec<Source> = ["crates", "services", "tests"].iter().flat_map(|folder| rust_files(folder)).collect();
    assert!(!sources.is_empty(), "no Rust file was found");
    sources
}

#[test]
fn no_rust_file_is_longer_than_600_lines() {
    let sources = all_rust();
    let mut lengths: Vec<(usize, &str)> =
        sources.iter().map(|source| (source.text.lines().count(), source.path.as_str())).collect();
    lengths.sort_unstable();
    let (median, _) = lengths[lengths.len() / 2];
    println!("{} Rust files, median {median} lines", lengths.len());
    let long: Vec<String> = lengths
        .iter()
        .filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "split by what the reader came for (median {median}):\n{}", long.join("\n"));
}

#[test]
fn no_function_is_longer_than_100_lines() {
    let mut long = Vec::new();
    for source in all_rust() {
        for function in functions(&source.text) {
            if function.lines > FUNCTION_LINES {
                let (path, line) = (&source.path, function.line);
                long.push(format!("{path}:{line}: {} has {} lines", function.name, function.lines));
            }
        }
    }
    assert!(long.is_empty(), "split a conversion, a wiring or a match first:\n{}", long.join("\n"));
}

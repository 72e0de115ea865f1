//! The files of the repository, as the other modules read them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// A text file read whole; its path is relative to the root of the repository.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The folder that holds the workspace's Cargo.toml.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One file of the repository.
pub(crate) fn read(path: &str) -> Source {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Source { path: path.to_owned(), text }
}

/// The Rust files below a folder; none when the folder is not there.
pub(crate) fn rust_files(folder: &str) -> Vec<Source> {
    files(folder, |path| path.extension() == Some(OsStr::new("rs")))
}

/// The Rust files of the crates and services themselves, their tests and benchmarks left out.
pub(crate) fn product_sources() -> Vec<Source> {
    let mut sources = rust_files("crates");
    sources.extend(rust_files("services"));
    sources.retain(|source| source.path.contains("/src/"));
    sources
}

/// The Markdown files.
pub(crate) fn documents() -> Vec<Source> {
    files("", |path| path.extension() == Some(OsStr::new("md")))
}

/// Every text file that people write; lock files and build output are not among them.
pub(crate) fn texts() -> Vec<Source> {
    const ENDINGS: [&str; 13] =
        ["rs", "toml", "md", "html", "css", "json", "yaml", "yml", "proto", "sql", "sh", "snap", "txt"];
    files("", |path| match path.extension().and_then(OsStr::to_str) {
        Some(ending) => ENDINGS.contains(&ending),
        None => path.ends_with("run") || path.ends_with(".gitignore"),
    })
}

/// The files below a folder that are `wanted`, in the order of their names.
pub(crate) fn files(folder: &str, wanted: fn(&Path) -> bool) -> Vec<Source> {
    let top = root().join(folder);
    if !top.is_dir() {
        return Vec::new();
    }
    WalkDir::new(&top)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !is_output(entry))
        .map(|entry| entry.expect("the tree can be walked"))
        .filter(|entry| entry.file_type().is_file() && wanted(entry.path()))
        .map(|entry| read(&relative(entry.path())))
        .collect()
}

fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).expect("the walk stays inside the repository");
    inside.to_str().expect("file names are UTF-8").to_owned()
}

/// Folders that tools fill: git's own, those cargo marks with a cache tag, and the fuzzers' and mutation tests'.
fn is_output(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    entry.file_type().is_dir()
        && (name == ".git"
            || name == "target"
            || name == "mutants.out"
            || entry.path().join("CACHEDIR.TAG").exists()
            || entry.path().ends_with("fuzz/corpus")
            || entry.path().ends_with("fuzz/artifacts"))
}

/// The folders of the workspace's members, `crates/*` written out.
pub(crate) fn members() -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml").text.parse().expect("Cargo.toml is TOML");
    let listed = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("members"))
        .and_then(toml::Value::as_array)
        .expect("Cargo.toml lists the members of the workspace");
    let names = listed.iter().filter_map(toml::Value::as_str);
    names.flat_map(|name| name.strip_suffix("/*").map_or_else(|| vec![name.to_owned()], crates_in)).collect()
}

fn crates_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder of members is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| relative(&path))
        .collect();
    names.sort();
    names
}

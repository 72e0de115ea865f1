use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use policy::case::{Case, read};
use policy::{PackFile, Policy};
use proptest::test_runner::Config as ProptestConfig;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every TOML file below a folder, by its path below that folder.
pub(crate) fn toml_files(folder: &Path) -> Vec<PackFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.push(PackFile { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

pub(crate) fn compile(files: &[PackFile]) -> Policy {
    Policy::compile(files).unwrap_or_else(|problems| panic!("the packs are refused:\n{problems}"))
}

/// The packs that ship, compiled once.
pub(crate) static SHIPPED: LazyLock<Policy> = LazyLock::new(|| compile(&Policy::shipped_files()));

pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let files = toml_files(&root().join(folder));
    assert!(!files.is_empty(), "no cases in {folder}");
    files.iter().map(|file| read(&file.path, &file.text).unwrap_or_else(|problems| panic!("{problems}"))).collect()
}

/// One case, by its path from the root.
pub(crate) fn case(path: &str) -> Case {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    read(path, &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every difference between the cases' expectations and the policy's answers, one line each.
pub(crate) fn differences(policy: &Policy, cases: &[Case]) -> Vec<String> {
    let of_case = |case: &Case| {
        let answer = case.answer(policy);
        let differences = case.differences(policy, &answer);
        differences
            .into_iter()
            .map(|d| format!("{}:{}: {}: expected {}, found {}", case.file, d.line, d.about, d.expected, d.found))
            .collect::<Vec<_>>()
    };
    cases.iter().flat_map(of_case).collect()
}

/// A number of cases that fits a test run; `PROPTEST_CASES` asks for another.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if default.cases == 256 { ProptestConfig { cases, ..default } } else { default }
}

use std::fs;
use std::path::{Path, PathBuf};

use policy::case::{Case, read};
use policy::{PackFile, Policy, Problem, Problems, Severity};

use crate::error::Error;

/// The packs of a folder, or those that ship.
pub(crate) fn packs(folder: Option<&Path>) -> Result<Vec<PackFile>, Error> {
    let Some(folder) = folder else { return Ok(Policy::shipped_files()) };
    let (mut files, mut problems) = (Vec::new(), Problems::default());
    collect(folder, folder, &mut files, &mut problems)?;
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    if files.is_empty() {
        return Err(Error::Unknown(format!("no pack (*.toml) in {}", folder.display())));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The compiled policy of a folder, or the one that ships.
pub(crate) fn policy(folder: Option<&Path>) -> Result<Policy, Error> {
    Policy::compile(&packs(folder)?).map_err(Error::Problems)
}

/// Every file that is no link: a link back into the folder would never end.
fn collect(root: &Path, folder: &Path, files: &mut Vec<PackFile>, problems: &mut Problems) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|error| Error::Read(folder.to_owned(), error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Error::Read(folder.to_owned(), error))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(|error| Error::Read(entry.path(), error))?);
        if kind.is_dir() {
            collect(root, &path, files, problems)?;
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "toml") {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let names: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            match text(&path) {
                Ok(text) => files.push(PackFile { path: names.join("/"), text }),
                Err(found) => problems.add(unreadable(&names.join("/"), found)),
            }
        }
    }
    Ok(())
}

/// All cases; the problems of all files together, if there are any.
pub(crate) fn cases(paths: &[PathBuf]) -> Result<Vec<Case>, Error> {
    let mut all = Problems::default();
    let mut cases = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        match text(path).map(|text| read(&name, &text)) {
            Ok(Ok(case)) => cases.push(case),
            Ok(Err(problems)) => problems.iter().for_each(|problem| all.add(problem.clone())),
            Err(found) => all.add(unreadable(&name, found)),
        }
    }
    if all.is_empty() { Ok(cases) } else { Err(Error::Problems(all)) }
}

/// The text of a regular file in UTF-8; a pipe or a device could go on for ever.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let kind = fs::metadata(path).map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("something that is no regular file".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("a byte that is no UTF-8, after {}", error.utf8_error().valid_up_to()))
}

fn unreadable(file: &str, found: String) -> Problem {
    let expected = "a readable text file in UTF-8".to_owned();
    Problem {
        file: file.to_owned(),
        line: 1,
        column: 1,
        severity: Severity::Error,
        kind: "unreadable",
        found,
        expected,
    }
}

/// Names in the cases that the policy does not know.
pub(crate) fn check_names(policy: &Policy, cases: &[Case]) -> Result<(), Error> {
    let mut problems = Problems::default();
    for case in cases {
        for found in case.unknown_names(policy) {
            let (file, expected) = (case.file.clone(), "a name the packs of the division know".to_owned());
            let kind = "unknown_name";
            problems.add(Problem { file, line: 1, column: 1, severity: Severity::Error, kind, found, expected });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Problems(problems)) }
}

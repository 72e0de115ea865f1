use std::fs;
use std::path::{Path, PathBuf};

use policy::case::{Case, read};
use policy::{PackFile, Policy, Problems};

use crate::error::Error;

/// The packs of a folder, or those that ship.
pub(crate) fn packs(folder: Option<&Path>) -> Result<Vec<PackFile>, Error> {
    let Some(folder) = folder else { return Ok(Policy::shipped_files()) };
    let mut files = Vec::new();
    collect(folder, folder, &mut files)?;
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

fn collect(root: &Path, folder: &Path, files: &mut Vec<PackFile>) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|error| Error::Read(folder.to_owned(), error))?;
    for entry in entries {
        let path = entry.map_err(|error| Error::Read(folder.to_owned(), error))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let names: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            files.push(PackFile { path: names.join("/"), text: text(&path)? });
        }
    }
    Ok(())
}

/// All cases; the problems of all files together, if there are any.
pub(crate) fn cases(paths: &[PathBuf]) -> Result<Vec<Case>, Error> {
    let mut all = Problems::default();
    let mut cases = Vec::new();
    for path in paths {
        match read(&path.display().to_string(), &text(path)?) {
            Ok(case) => cases.push(case),
            Err(problems) => problems.iter().for_each(|problem| all.add(problem.clone())),
        }
    }
    if all.is_empty() { Ok(cases) } else { Err(Error::Problems(all)) }
}

fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Read(path.to_owned(), error))
}

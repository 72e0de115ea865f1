use std::path::Path;
use std::process::ExitCode;

use chrono::NaiveDate;
use policy::check::check;
use policy::show::{changes_text, diff, show};
use policy::{Problem, Severity};
use serde_json::json;
use terms::Division;

use crate::cli::{DIFFERENCES, Policy as Command};
use crate::error::Error;
use crate::files;
use crate::out::Out;

/// `yibao policy …`
pub(crate) fn run(command: &Command, out: &mut Out) -> Result<ExitCode, Error> {
    match command {
        Command::Check { dir } => check_packs(dir.as_deref(), out),
        Command::Show { division, on, benefit, policies } => {
            show_division(policies.as_deref(), *division, *on, benefit.as_deref(), out)
        }
        Command::Diff { division, from, to, policies } => {
            diff_division(policies.as_deref(), *division, (*from, *to), out)
        }
    }
}

fn check_packs(dir: Option<&Path>, out: &mut Out) -> Result<ExitCode, Error> {
    let files = files::packs(dir)?;
    let problems = check(&files);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    if out.is_json() {
        let problems: Vec<&Problem> = problems.iter().collect();
        out.json(&json!({ "files": files.len(), "errors": errors, "warnings": warnings, "problems": problems }))?;
    } else {
        for problem in problems.iter() {
            out.line(problem.to_string())?;
        }
        let text = match out.lang {
            policy::Lang::Zh => format!("{} 个文件：{errors} 个错误，{warnings} 个警告", files.len()),
            policy::Lang::En => format!("{} files: {errors} error(s), {warnings} warning(s)", files.len()),
        };
        out.heading(&text)?;
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

fn show_division(
    policies: Option<&Path>,
    division: Division,
    on: NaiveDate,
    benefit: Option<&str>,
    out: &mut Out,
) -> Result<ExitCode, Error> {
    let policy = files::policy(policies)?;
    let shown = show(&policy, division, on, benefit).map_err(|error| Error::Unknown(error.to_string()))?;
    if out.is_json() {
        out.json(&shown)?;
    } else {
        let text = shown.text(out.lang);
        out.line(text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn diff_division(
    policies: Option<&Path>,
    division: Division,
    (from, to): (NaiveDate, NaiveDate),
    out: &mut Out,
) -> Result<ExitCode, Error> {
    let policy = files::policy(policies)?;
    let changes = diff(&policy, division, from, to).map_err(|error| Error::Unknown(error.to_string()))?;
    if out.is_json() {
        out.json(&changes)?;
    } else {
        let text = changes_text(&policy, &changes, out.lang);
        out.line(text)?;
    }
    Ok(ExitCode::SUCCESS)
}

use std::process::ExitCode;

use policy::case::{Case, Difference};
use policy::{Policy, printable};
use serde_json::{Value, json};

use super::{answers, what_if};
use crate::cli::{Adjudicate, CaseFacts, DIFFERENCES};
use crate::error::Error;
use crate::files;
use crate::out::Out;

/// `yibao adjudicate`
pub(crate) fn run(args: &Adjudicate, out: &mut Out) -> Result<ExitCode, Error> {
    let policy = files::policy(args.facts.policies.as_deref())?;
    let cases = cases(&args.cases, &args.facts)?;
    files::check_names(&policy, &cases)?;
    let mut reports: Vec<Value> = Vec::new();
    let (mut compared, mut all) = (0usize, Vec::new());
    for case in &cases {
        let answer = case.answer(&policy);
        let differences = case.differences(&policy, &answer);
        compared += usize::from(!case.expected.is_empty());
        if out.is_json() {
            let what_if = what_if::json(&policy, case, &answer, &args.what_if)?;
            let answer = answers::json(&policy, case, &answer);
            reports.push(json!({
                "file": case.file, "title": case.title, "answer": answer, "differences": differences, "what_if": what_if,
            }));
        } else {
            if !args.quiet {
                show(&policy, case, &answer, out)?;
            }
            what_if::show(&policy, case, &answer, &args.what_if, out)?;
        }
        all.extend(differences.into_iter().map(|difference| (case.file.clone(), difference)));
    }
    if out.is_json() {
        out.json(
            &json!({ "version": policy.version(), "cases": reports, "compared": compared, "differences": all.len() }),
        )?;
    } else {
        summarise(cases.len(), compared, &all, out)?;
    }
    Ok(if all.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

/// The cases, as of another day if one is given.
pub(crate) fn cases(paths: &[std::path::PathBuf], facts: &CaseFacts) -> Result<Vec<Case>, Error> {
    let cases = files::cases(paths)?;
    match facts.on {
        Some(day) => cases.iter().map(|case| case.what_if("on", &day.to_string()).map_err(Error::from)).collect(),
        None => Ok(cases),
    }
}

pub(crate) fn show(policy: &Policy, case: &Case, answer: &policy::case::Answer, out: &mut Out) -> Result<(), Error> {
    out.heading(&printable(&format!("{} ({})", case.title, case.file)))?;
    let text = answers::text(policy, case, answer, out.lang, out.paint);
    out.line(text)
}

fn summarise(cases: usize, compared: usize, all: &[(String, Difference)], out: &mut Out) -> Result<(), Error> {
    for (file, difference) in all {
        let (expected, found) = (out.say("应为", "expected"), out.say("实为", "found"));
        out.line(printable(&format!(
            "{file}:{}: {}: {expected} {}, {found} {}",
            difference.line, difference.about, difference.expected, difference.found
        )))?;
    }
    let text = match out.lang {
        policy::statement::Lang::Zh => format!("{cases} 个案例，{compared} 个有预期结果，{} 处不符", all.len()),
        policy::statement::Lang::En => {
            format!("{cases} case(s), {compared} with expectations, {} difference(s)", all.len())
        }
    };
    out.heading(&text)
}

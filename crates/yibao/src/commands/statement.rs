use std::process::ExitCode;

use super::adjudicate;
use super::answers;
use crate::cli::StatementPage;
use crate::error::Error;
use crate::files;
use crate::out::Out;

/// `yibao statement`
pub(crate) fn run(args: &StatementPage, out: &mut Out) -> Result<ExitCode, Error> {
    let same = |path: &std::path::Path| std::fs::canonicalize(path).ok();
    if same(&args.html).is_some_and(|page| same(&args.case) == Some(page)) {
        return Err(Error::Unknown("the page would overwrite the case: give --html another name".to_owned()));
    }
    let policy = files::policy(args.facts.policies.as_deref())?;
    let cases = adjudicate::cases(std::slice::from_ref(&args.case), &args.facts)?;
    for case in &cases {
        let answer = case.answer(&policy);
        let Some(page) = answers::page(&policy, case, &answer, out.lang) else {
            return Err(Error::Unknown("a page is made of bills; this case asks another question".to_owned()));
        };
        if args.html.as_os_str() == "-" {
            out.line(page)?;
            continue;
        }
        std::fs::write(&args.html, page).map_err(|error| Error::WriteFile(args.html.clone(), error))?;
    }
    if args.html.as_os_str() != "-" {
        out.line(format!("{} {}", out.say("已写入", "wrote"), args.html.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

//! `yibao demo`: bills of five places explained, and the published figures recomputed from the packs.

use std::process::ExitCode;

use money::Fen;
use policy::case::{Answer, Case, Question, read};
use policy::{Contribution, Policy};
use serde_json::json;

use super::{adjudicate, answers};
use crate::cli::DIFFERENCES;
use crate::error::Error;
use crate::files;
use crate::out::Out;

/// The cases of demo.txt: role, name, text.
const CASES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/demo.rs"));

/// How a figure is spelled out.
#[derive(Clone, Copy)]
enum Figure {
    /// People × the county's or district's part of the subsidy.
    CountySubsidy,
    /// People × the premium paid for them.
    AssistedPremium,
    /// The subsidy = its parts.
    SubsidySplit,
    /// The sum of the payers of a bill that reaches every ceiling.
    Payers,
}

impl Figure {
    fn of(role: &str) -> Option<Self> {
        Some(match role {
            "county" => Self::CountySubsidy,
            "assisted" => Self::AssistedPremium,
            "split" => Self::SubsidySplit,
            "payers" => Self::Payers,
            _ => return None,
        })
    }
}

/// The name and text of the first bill that is built in.
pub(super) fn first_case() -> Option<(String, String)> {
    bills().next().map(|(_, name, text)| ((*name).to_owned(), (*text).to_owned()))
}

pub(crate) fn run(out: &mut Out) -> Result<ExitCode, Error> {
    let policy = files::policy(None)?;
    let mut reports = Vec::new();
    let mut failures = 0usize;
    for (_, name, text) in bills() {
        let case = read(name, text).map_err(Error::Problems)?;
        let answer = case.answer(&policy);
        let differences = case.differences(&policy, &answer);
        failures += differences.len();
        if out.is_json() {
            let answer = answers::json(&policy, &case, &answer);
            reports
                .push(json!({ "file": case.file, "title": case.title, "answer": answer, "differences": differences }));
        } else {
            adjudicate::show(&policy, &case, &answer, out)?;
            for difference in &differences {
                out.line(format!(
                    "{}: expected {}, found {}",
                    difference.about, difference.expected, difference.found
                ))?;
            }
        }
    }
    let figures = figures(&policy)?;
    failures += figures.iter().filter(|(_, met)| !met).count();
    if out.is_json() {
        let figures: Vec<_> = figures.iter().map(|(text, met)| json!({ "figure": text, "met": met })).collect();
        out.json(
            &json!({ "version": policy.version(), "cases": reports, "figures": figures, "differences": failures }),
        )?;
    } else {
        show_figures(&figures, failures, out)?;
    }
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

/// The cases that are shown whole.
fn bills() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    CASES.iter().filter(|(role, _, _)| *role == "bill")
}

fn show_figures(figures: &[(String, bool)], failures: usize, out: &mut Out) -> Result<(), Error> {
    out.heading(out.say("公布的数字，由政策包重新算出", "Published figures, recomputed from the packs"))?;
    for (text, met) in figures {
        let mark = if *met { out.say("相符", "agrees") } else { out.say("不符", "DIFFERS") };
        out.line(format!("  {text}   [{mark}]"))?;
    }
    let summary = match out.lang {
        policy::statement::Lang::Zh => {
            format!("{} 个案例，{} 个公布数字，{failures} 处不符", bills().count(), figures.len())
        }
        policy::statement::Lang::En => {
            format!("{} cases, {} published figures, {failures} difference(s)", bills().count(), figures.len())
        }
    };
    out.line("")?;
    out.heading(&summary)
}

/// Each figure spelled out, and whether its case's expectations were met.
fn figures(policy: &Policy) -> Result<Vec<(String, bool)>, Error> {
    let mut spelled = Vec::new();
    for (role, name, text) in CASES {
        let Some(figure) = Figure::of(role) else { continue };
        let case = read(name, text).map_err(Error::Problems)?;
        let answer = case.answer(policy);
        let met = !case.expected.is_empty() && case.differences(policy, &answer).is_empty();
        spelled.push((format!("{}: {}", case.title, spell(policy, figure, &case, &answer)), met));
    }
    Ok(spelled)
}

fn spell(policy: &Policy, figure: Figure, case: &Case, answer: &Answer) -> String {
    match (figure, answer) {
        (Figure::CountySubsidy, Answer::Contribution(Ok(all))) => heads(policy, case, all.county, |one| one.county),
        (Figure::AssistedPremium, Answer::Contribution(Ok(all))) => {
            heads(policy, case, all.assisted, |one| one.assisted)
        }
        (Figure::SubsidySplit, Answer::Contribution(Ok(one))) => split(one),
        (Figure::Payers, Answer::Bills { bills, .. }) => {
            let settlement = bills.first().and_then(|bill| bill.decision.settlement());
            settlement.map_or_else(String::new, |settlement| {
                let payments: Vec<String> = policy.payments(settlement).values().map(|paid| paid.grouped()).collect();
                format!("{} = {}", payments.join(" + "), settlement.shares.fund.grouped())
            })
        }
        _ => String::new(),
    }
}

/// `91,700 × 183.00 = 16,781,100.00`
fn heads(policy: &Policy, case: &Case, all: Fen, part: fn(&Contribution) -> Fen) -> String {
    let Question::Contribution(facts) = &case.question else { return String::new() };
    let mut one = facts.clone();
    one.people = 1;
    let each = policy.contribution(&one).map_or(Fen::ZERO, |one| part(&one));
    let whole = Fen::new(100).times(i64::from(facts.people)).unwrap_or(Fen::ZERO).grouped();
    let people = whole.split_once('.').map_or(whole.as_str(), |(people, _)| people);
    format!("{people} × {each} = {}", all.grouped())
}

/// `610.00 = 488.00 + 91.50 + 30.50`
fn split(one: &Contribution) -> String {
    let parts = [one.central, one.province, one.city, one.county];
    let parts: Vec<String> = parts.iter().filter(|part| !part.is_zero()).map(ToString::to_string).collect();
    format!("{} = {}", one.subsidy, parts.join(" + "))
}

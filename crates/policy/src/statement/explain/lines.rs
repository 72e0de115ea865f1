use money::{Fen, Rounding};

use super::{Entry, amount, rate};
use crate::decision::{Rule, Settlement, Step, Used};
use crate::facts::{Costs, Line};
use crate::statement::escape::plain;
use crate::statement::figures::{self, yuan};
use crate::statement::{Lang, Statement};

/// How the bill was split into its four parts: a sentence for every step before the layers.
pub(in crate::statement) fn entries<'a>(
    statement: &Statement<'a>,
    settlement: &Settlement,
    lang: Lang,
) -> Vec<Entry<'a>> {
    let before = settlement.steps.iter().filter(|step| step.layer.is_none());
    before.filter_map(|step| entry(statement, step, lang)).collect()
}

fn entry<'a>(statement: &Statement<'a>, step: &Step, lang: Lang) -> Option<Entry<'a>> {
    let item = line(statement, step).map(|line| name(step, line, lang)).unwrap_or_default();
    let what = what(step, lang)?;
    let label = if item.is_empty() { what } else { format!("{item}{}{what}", lang.colon()) };
    let mut figures: Vec<String> = figures(step, lang).into_iter().collect();
    if step.source.is_none() && matches!(step.rule, Rule::OverLimit | Rule::FirstSelfPaid) {
        figures.push(lang.of("目录对该项目的规定", "as the catalogue says for this item").to_owned());
    }
    let gave = match step.rule {
        Rule::BorneApart => step.after,
        _ => step.before - step.after,
    };
    Some(Entry { label, basis: statement.sources_of(step), figures, amount: Some(gave) })
}

fn line<'a>(statement: &Statement<'a>, step: &Step) -> Option<&'a Line> {
    match &statement.bill.costs {
        Costs::Lines(lines) => lines.get(usize::from(step.line?)),
        Costs::Parts(_) => None,
    }
}

fn name(step: &Step, line: &Line, lang: Lang) -> String {
    let number = step.line.map_or(0, |line| u32::from(line) + 1);
    let item = plain(line.item.as_str());
    match lang {
        Lang::Zh => format!("第 {number} 行 {item}"),
        Lang::En => format!("Line {number} {item}"),
    }
}

fn what(step: &Step, lang: Lang) -> Option<String> {
    let (zh, en) = match step.rule {
        Rule::OutsideCatalogue => ("目录外，全自费", "outside the catalogue"),
        Rule::OverLimit => ("超限价", "over the price limit"),
        Rule::FirstSelfPaid => ("先行自付", "first self-paid share"),
        Rule::BorneApart => ("单独结算，不占医保待遇", "borne apart from all benefits"),
        Rule::OffClassB => (
            "起付线先从乙类费用中扣除，先行自付减少",
            "deductible taken off class B first; the first self-paid share falls",
        ),
        Rule::Elsewhere => ("异地就医先行自付", "extra first self-paid share for care elsewhere"),
        _ => return None,
    };
    Some(lang.of(zh, en).to_owned())
}

fn figures(step: &Step, lang: Lang) -> Option<String> {
    let (before, gave) = (step.before.grouped(), step.before - step.after);
    match (step.rule, step.used) {
        (Rule::OverLimit, Used::Amount(limit)) => Some(match lang {
            Lang::Zh => format!("限价 {}，{before} 中限价以内 {}", yuan(lang, limit), step.after.grouped()),
            Lang::En => format!("limit {}; of {before} within it: {}", limit.grouped(), step.after.grouped()),
        }),
        (Rule::OffClassB, _) => {
            Some(format!("−{}{}{before} → {}", amount(step.used).grouped(), lang.comma(), step.after.grouped()))
        }
        (_, Used::Rate(_)) => Some(share(step, gave, lang)),
        _ => None,
    }
}

/// `1,000.00 × 0.10 = 100.00` where that is how it came out; bands and rounding in the sum of the bill are said as such.
fn share(step: &Step, gave: Fen, lang: Lang) -> String {
    let (used, before) = (rate(step.used), step.before.grouped());
    let spelled = figures::rate(used);
    if (used * step.before).round(Rounding::HalfUp) == gave {
        return format!("{before} × {spelled} = {}", gave.grouped());
    }
    match lang {
        Lang::Zh => format!("{before} 的 {spelled} 起（分段，或在整单上取整），为 {}", gave.grouped()),
        Lang::En => format!("from {spelled} of {before} on (by bands, or rounded on the bill): {}", gave.grouped()),
    }
}

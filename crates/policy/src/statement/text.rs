//! A statement in 100 columns.

mod page;
mod result;

use super::escape::plain;
use super::explain::{self, Entry, Section};
use super::figures::yuan;
use super::{Lang, Paint, Statement, heading, labels, others, refusal};
use crate::decision::{Refusal, Settlement};
use crate::facts::Costs;
use crate::pack::Clause;

pub(super) use page::{Page, Style};
pub(super) use result::{accumulated, equations};

/// The whole statement.
pub(super) fn statement(statement: &Statement<'_>, lang: Lang, paint: Paint) -> String {
    let mut page = Page::new(lang, paint);
    head(&mut page, statement);
    if let Some(refusal) = statement.decision.refusal() {
        refused(&mut page, statement, refusal);
    }
    if let Some(settlement) = statement.decision.settlement() {
        others::text_of_third(&mut page, statement.held);
        parts(&mut page, statement, settlement);
        layers(&mut page, statement, settlement);
        result::payers(&mut page, statement, settlement);
        result::identities(&mut page, statement);
        result::after(&mut page, statement, settlement);
        others::text(&mut page, statement.others);
    }
    assumed(&mut page, statement);
    clauses(&mut page, statement.clauses().into_values());
    page.finish()
}

fn head(page: &mut Page, statement: &Statement<'_>) {
    let lang = page.lang;
    page.title(match statement.decision.refusal() {
        None => lang.of("医疗费用结算说明", "Settlement statement"),
        Some(_) => lang.of("不予结算说明", "Refusal"),
    });
    for (label, text) in heading::facts(statement, lang) {
        page.fact(label, &text);
    }
    if !statement.knows_its_sources() {
        page.note(
            Style::Warn,
            lang.of(
                "此决定由另一政策版本作出，以下数字照录，但无法注明依据。",
                "Another policy version decided this: the figures are shown as they are, without their sources.",
            ),
        );
    }
}

fn parts(page: &mut Page, statement: &Statement<'_>, settlement: &Settlement) {
    let lang = page.lang;
    page.heading(lang.of("费用构成", "The bill"));
    page.amount(Style::Strong, lang.of("医疗费总额", "Total"), settlement.shares.total);
    for (label, amount) in four_parts(settlement, lang) {
        page.amount(Style::Plain, label, amount);
    }
    if !settlement.apart.is_zero() {
        let label = lang.of("其中单独结算", "of which borne apart");
        page.amount(Style::Plain, label, settlement.apart);
    }
    if matches!(statement.bill.costs, Costs::Parts(_)) {
        let note = lang.of("四部分由就医地划分。", "The place of care has split the four parts.");
        page.note(Style::Dim, note);
    }
    for entry in explain::of_lines(statement, settlement, lang) {
        sentence(page, &entry, 2);
    }
}

/// The four parts with their names.
pub(super) fn four_parts(settlement: &Settlement, lang: Lang) -> [(&'static str, money::Fen); 4] {
    let parts = &settlement.parts;
    [
        (lang.of("全自费（目录外）", "Outside the catalogue"), parts.outside_catalogue),
        (lang.of("超限价自费", "Over price limits"), parts.over_limit),
        (lang.of("先行自付", "First self-paid share"), parts.first_self_paid),
        (lang.of("符合政策范围", "Within policy scope"), parts.within_scope),
    ]
}

fn layers(page: &mut Page, statement: &Statement<'_>, settlement: &Settlement) {
    let lang = page.lang;
    page.heading(lang.of("逐层支付", "Layer by layer"));
    for section in explain::sections(statement, settlement, lang) {
        layer(page, &section);
    }
}

fn layer(page: &mut Page, section: &Section<'_>) {
    let lang = page.lang;
    let title = format!("{}. {}", section.number, section.title);
    if let Some(idle) = &section.idle {
        let sources: Vec<String> = idle.basis.iter().map(|source| source.phrase(lang)).collect();
        let basis = if sources.is_empty() { String::new() } else { lang.brackets(&sources.join(lang.semicolon())) };
        page.paragraph(Style::Dim, 0, 3, &format!("{title}{}{}{basis}", lang.colon(), idle.label));
        return;
    }
    page.amount(Style::Strong, &title, section.paid);
    for entry in &section.entries {
        sentence(page, entry, 3);
    }
}

/// `起付标准 800.00 元（三级医疗机构，TB-6，2022-01-01 起，…）：20,000.00 → 19,200.00`
fn sentence(page: &mut Page, entry: &Entry<'_>, indent: usize) {
    let lang = page.lang;
    let sources: Vec<String> = entry.basis.iter().map(|source| source.phrase(lang)).collect();
    let basis = if sources.is_empty() { String::new() } else { lang.brackets(&sources.join(lang.semicolon())) };
    let mut figures = entry.figures.join(lang.semicolon());
    if figures.is_empty() {
        figures = entry.amount.map(|amount| yuan(lang, amount)).unwrap_or_default();
    }
    let colon = if figures.is_empty() { "" } else { lang.colon() };
    let style = if entry.basis.iter().any(super::source::Source::is_assumed) { Style::Warn } else { Style::Plain };
    page.paragraph(style, indent, indent + 4, &format!("{}{basis}{colon}{figures}", entry.label));
}

fn refused(page: &mut Page, statement: &Statement<'_>, refused: &Refusal) {
    let lang = page.lang;
    page.heading(lang.of("不予结算的原因", "Why this bill is refused"));
    causes(page, refused);
    if !refused.causes.is_empty() {
        let total = yuan(lang, statement.bill.total);
        page.note(
            Style::Dim,
            &match lang {
                Lang::Zh => format!("账单总额 {total}，未作任何支付，也未计入本年累计。"),
                Lang::En => format!("The bill of {total} is paid by nobody and counts in nothing."),
            },
        );
    }
}

/// The reasons of a refusal, each with its clauses and what to do.
pub(super) fn causes(page: &mut Page, refused: &Refusal) {
    let lang = page.lang;
    for (at, cause) in refused.causes.iter().enumerate() {
        let about = refusal::about(cause);
        let about = if about.is_empty() { about } else { format!("{}{about}", lang.colon()) };
        let cite =
            if cause.cite.is_empty() { String::new() } else { lang.brackets(&cause.cite.join(lang.of("、", ", "))) };
        page.paragraph(
            Style::Bad,
            0,
            3,
            &format!("{}. {}{about}{cite}", at + 1, lang.sentence(&refusal::reason(cause, lang))),
        );
        let next = format!(
            "{}{}{}",
            lang.of("下一步", "Next"),
            lang.colon(),
            lang.sentence(refusal::next(cause.reason, lang))
        );
        page.paragraph(Style::Plain, 3, 3, &next);
    }
}

fn assumed(page: &mut Page, statement: &Statement<'_>) {
    let assumed = statement.assumed();
    if !assumed.is_empty() {
        assumed_values(page, &assumed);
    }
}

/// Assumed values, each with its source: said clearly, because no document says them.
pub(super) fn assumed_values(page: &mut Page, assumed: &[super::source::Source<'_>]) {
    let lang = page.lang;
    page.heading(lang.of(
        "使用了假定值（文件未作规定，结果待主管部门确认）",
        "Assumed values used (no document says them; the bureau must confirm)",
    ));
    for source in assumed {
        let (citation, condition) = (source.citation, source.condition(lang));
        let condition = if condition.is_empty() { condition } else { lang.brackets(&condition) };
        let address = labels::address(source.policy, &citation.address, lang);
        let from = plain(citation.source.as_deref().unwrap_or("?"));
        let (ids, since, division) = (source.ids(lang), source.in_force(lang), source.division(lang));
        let text = match lang {
            Lang::Zh => {
                format!("{} = {}{condition}，{since}，{division}，{ids}。来源：{from}", address, citation.value)
            }
            Lang::En => {
                format!("{} = {}{condition}, {since}, {ids} ({division}). Source: {from}", address, citation.value)
            }
        };
        page.paragraph(Style::Warn, 0, 4, &format!("! {text}"));
    }
}

/// What the clause ids mean.
pub(super) fn clauses<'c>(page: &mut Page, clauses: impl Iterator<Item = &'c Clause>) {
    let lang = page.lang;
    let mut clauses = clauses.peekable();
    if clauses.peek().is_none() {
        return;
    }
    page.heading(lang.of("依据", "Clauses"));
    for clause in clauses {
        let wording = lang.of(&clause.zh, &clause.en);
        page.paragraph(Style::Plain, 0, 8, &format!("{}  {wording}", super::columns::left(&clause.id, 6)));
        page.paragraph(Style::Dim, 8, 8, &format!("{}{}{}", clause.document, lang.comma(), clause.place));
    }
}

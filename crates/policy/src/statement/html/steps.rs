//! The tables under the picture: every amount with its rule, its figures and its clause.

use std::collections::BTreeSet;

use super::safe;
use crate::decision::Settlement;
use crate::facts::{Costs, Line};
use crate::pack::{Clause, Mark};
use crate::statement::explain::{self, Entry, Section};
use crate::statement::figures::{per_mille, percent_of_mille};
use crate::statement::source::Source;
use crate::statement::text::four_parts;
use crate::statement::{Lang, Statement};

/// The clauses told so far in one statement: the wording stands at the first place that needs it, later places link to it.
pub(super) struct Clauses {
    /// The statement's number on the page.
    pub(super) statement: usize,
    told: BTreeSet<String>,
}

impl Clauses {
    pub(super) const fn new(statement: usize) -> Self {
        Self { statement, told: BTreeSet::new() }
    }

    fn anchor(&self, id: &str) -> String {
        let plain: String =
            id.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        format!("s{}-{plain}", self.statement)
    }

    /// A clause's id as a link.
    fn chip(&self, id: &str) -> String {
        format!("<a class=\"chip\" href=\"#{}\">{}</a>", self.anchor(id), safe(id))
    }

    /// The clause in full, if it was not told yet.
    pub(super) fn clause(&mut self, clause: &Clause, lang: Lang) -> String {
        if !self.told.insert(clause.id.clone()) {
            return String::new();
        }
        let (anchor, chip) = (self.anchor(&clause.id), safe(&clause.id));
        format!(
            "<div class=\"clause\" id=\"{anchor}\"><b>{chip}</b> {}<cite>{}{}{}</cite></div>\n",
            safe(lang.of(&clause.zh, &clause.en)),
            safe(&clause.document),
            lang.comma(),
            safe(&clause.place)
        )
    }

    /// Where a value stands: for whom, which clauses, since when, who says it, how sure.
    fn source(&mut self, source: &Source<'_>, lang: Lang) -> String {
        let chips: String = source.citation.cite.iter().map(|id| self.chip(id)).collect();
        let mut said = vec![source.condition(lang), source.in_force(lang), source.division(lang)];
        if source.is_inherited() {
            said.push(lang.of("本地沿用", "inherited").to_owned());
        }
        said.retain(|part| !part.is_empty());
        let mark = source.mark(lang).map(|mark| {
            let class = if source.citation.mark == Mark::Assumed { "assumed" } else { "derived" };
            format!(" <mark class=\"{class}\">{mark}</mark>")
        });
        let from = source.citation.source.as_deref().filter(|_| source.is_assumed());
        let from = from.map(|from| {
            let label = lang.of("来源：", "Source: ");
            format!("<div class=\"from\">{label}{}</div>\n", safe(from))
        });
        let wordings: String = source.clauses().map(|clause| self.clause(clause, lang)).collect();
        format!(
            "<div class=\"source\">{chips}<span>{}</span>{}\n{}{wordings}</div>\n",
            safe(&said.join(" · ")),
            mark.unwrap_or_default(),
            from.unwrap_or_default()
        )
    }
}

/// How the bill splits into its four parts.
pub(super) fn bill(statement: &Statement<'_>, settlement: &Settlement, clauses: &mut Clauses, lang: Lang) -> String {
    let total = settlement.shares.total;
    let part = |(label, amount): &(&str, money::Fen)| {
        let share = percent_of_mille(per_mille(*amount, total));
        format!("<div><dt>{label}</dt><dd>{}<small>{share}</small></dd></div>\n", amount.grouped())
    };
    let parts: String = four_parts(settlement, lang).iter().map(part).collect();
    let note = match &statement.bill.costs {
        Costs::Parts(_) => lang.of("四部分由就医地划分。", "The place of care has split the four parts."),
        Costs::Lines(_) => "",
    };
    let note = if note.is_empty() { String::new() } else { format!("<p class=\"soft\">{note}</p>\n") };
    let entries = explain::of_lines(statement, settlement, lang);
    let rows: String = entries.iter().map(|entry| row(entry, clauses, lang)).collect();
    let table =
        if rows.is_empty() { rows } else { format!("<table class=\"steps\"><tbody>\n{rows}</tbody></table>\n") };
    format!(
        "<section>\n<h3>{}</h3>\n<dl class=\"parts\">\n{parts}</dl>\n{note}{}{table}</section>\n",
        lang.of("费用构成", "The bill"),
        lines(statement, settlement, lang)
    )
}

/// The fee lines and their splits.
fn lines(statement: &Statement<'_>, settlement: &Settlement, lang: Lang) -> String {
    let Costs::Lines(lines) = &statement.bill.costs else {
        return String::new();
    };
    let heads = [
        ("项目", "Item"),
        ("类别", "Kind"),
        ("金额", "Amount"),
        ("全自费", "Outside"),
        ("超限价", "Over limit"),
        ("先行自付", "First self-paid"),
        ("范围内", "Within scope"),
    ];
    let heads: String = heads.iter().map(|(zh, en)| format!("<th scope=\"col\">{}</th>", lang.of(zh, en))).collect();
    let row = |(at, (line, split)): (usize, (&Line, &crate::LineSplit))| {
        let class = line.class.map_or(lang.of("目录外", "outside the catalogue"), |class| lang.word(class));
        let parts = &split.parts;
        let figures =
            [line.amount, parts.outside_catalogue, parts.over_limit, parts.first_self_paid, parts.within_scope];
        let figures: String = figures.iter().map(|amount| format!("<td>{}</td>", amount.grouped())).collect();
        let item = safe(line.item.as_str());
        let kind = format!("{}{}{class}", lang.word(line.kind), lang.comma());
        format!("<tr><th scope=\"row\">{}. {item}</th><td class=\"word\">{kind}</td>{figures}</tr>\n", at + 1)
    };
    let rows: String = lines.iter().zip(&settlement.lines).enumerate().map(row).collect();
    format!(
        "<div class=\"scroll\"><table class=\"figures\"><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// Every layer of the stack.
pub(super) fn layers(statement: &Statement<'_>, settlement: &Settlement, clauses: &mut Clauses, lang: Lang) -> String {
    let sections = explain::sections(statement, settlement, lang);
    let layers: String = sections.iter().map(|section| layer(section, clauses, lang)).collect();
    let title = lang.of("逐层支付", "Layer by layer");
    format!("<section>\n<h3>{title}</h3>\n<table class=\"steps\">\n{layers}</table>\n</section>\n")
}

fn layer(section: &Section<'_>, clauses: &mut Clauses, lang: Lang) -> String {
    let (number, title) = (section.number, safe(&section.title));
    if let Some(idle) = &section.idle {
        let sources: String = idle.basis.iter().map(|source| clauses.source(source, lang)).collect();
        return format!(
            "<tbody class=\"idle\"><tr><td><b>{number}</b> {title}{}{}</td><td class=\"amount\">—</td><td>{sources}</td></tr></tbody>\n",
            lang.colon(),
            safe(&idle.label)
        );
    }
    let rows: String = section.entries.iter().map(|entry| row(entry, clauses, lang)).collect();
    let pays = lang.of("支付", "pays");
    format!(
        "<tbody><tr class=\"layer\"><th scope=\"rowgroup\"><b>{number}</b> {title}</th>\
         <th class=\"amount\"><small>{pays}</small> {}</th><th></th></tr>\n{rows}</tbody>\n",
        section.paid.grouped()
    )
}

fn row(entry: &Entry<'_>, clauses: &mut Clauses, lang: Lang) -> String {
    let figures: String =
        entry.figures.iter().map(|figure| format!("<div class=\"sum\">{}</div>", safe(figure))).collect();
    let amount = entry.amount.map_or_else(String::new, money::Fen::grouped);
    let sources: String = entry.basis.iter().map(|source| clauses.source(source, lang)).collect();
    let class = if entry.basis.iter().any(Source::is_assumed) { " class=\"guess\"" } else { "" };
    format!(
        "<tr{class}><td><div class=\"what\">{}</div>{figures}</td><td class=\"amount\">{amount}</td><td>{sources}</td></tr>\n",
        safe(&entry.label)
    )
}

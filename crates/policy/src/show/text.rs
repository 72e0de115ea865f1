//! What is in force as a text for people.

use std::fmt::Write as _;

use terms::{Division, Word};

use super::words::{condition_text, name_text};
use super::{Group, Named, Shown, ShownRow};
use crate::{Clause, Lang, Mark};

impl Shown {
    /// The text in a language: benefits with their stacks, what stands beside them, and what the clauses say.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let mut text = String::new();
        let here = self.chain.first().map_or_else(String::new, |here| named(here, lang));
        let _ = match lang {
            Lang::Zh => writeln!(text, "{here} {} 施行中的政策（版本 {}）", self.date, self.version),
            Lang::En => writeln!(text, "{here}: in force on {} (version {})", self.date, self.version),
        };
        for benefit in &self.benefits {
            let (scheme, care) = (benefit.scheme, benefit.care);
            let title = match lang {
                Lang::Zh => format!("{} · {}", scheme.zh(), care.zh()),
                Lang::En => format!("{}: {}", scheme.en(), care.en()),
            };
            let _ = writeln!(text, "\n{title}  ({scheme}.{care})");
            for group in benefit.before.iter().chain(&benefit.layers) {
                self.write_group(&mut text, group, lang);
            }
        }
        for other in &self.others {
            let both = lang.of("居民和职工", "residents and employees");
            let scheme = other.scheme.map_or(both, |scheme| lang.of(scheme.zh(), scheme.en()));
            let _ = writeln!(text, "\n{scheme}");
            self.write_group(&mut text, &other.group, lang);
        }
        write_clauses(&mut text, &self.clauses, lang);
        text
    }

    fn write_group(&self, text: &mut String, group: &Group, lang: Lang) {
        let payer = group.payer.as_ref().map_or("", |payer| lang.of(&payer.zh, &payer.en));
        let name = name_text(&group.name, lang);
        let _ = write!(text, "  [{}] {}", group.name, if payer.is_empty() { name } else { payer });
        if let Some(keeper) = group.payer.as_ref().and_then(|payer| payer.held_by) {
            let _ = match lang {
                Lang::Zh => write!(text, "（基金由{}方管理）", keeper.zh()),
                Lang::En => write!(text, " (fund kept by {})", keeper.en()),
            };
        }
        text.push('\n');
        for key in &group.mechanism {
            let from = if key.inherited { self.inherited(key.division, lang) } else { String::new() };
            let _ = writeln!(text, "    {} = {}{from}", key.key, key.value);
        }
        for parameter in &group.parameters {
            let _ = writeln!(text, "    {} {}", parameter.name, name_text(&parameter.name, lang));
            for row in &parameter.rows {
                let from = if row.inherited { self.inherited(row.citation.division, lang) } else { String::new() };
                let condition = condition_text(&row.citation.row, lang);
                let _ = writeln!(text, "      {condition}: {}{from}", citation_text(row, lang));
            }
        }
    }

    fn inherited(&self, division: Division, lang: Lang) -> String {
        let known = self.chain.iter().find(|known| known.code == division);
        let name = known.map_or_else(|| division.to_string(), |known| named(known, lang));
        match lang {
            Lang::Zh => format!(" ←承自{name}"),
            Lang::En => format!(" <- inherited from {name}"),
        }
    }
}

fn named(division: &Named, lang: Lang) -> String {
    format!("{} {}", lang.of(&division.zh, &division.en), division.code)
}

/// Value, clauses, since when, and the mark where it is not plainly said.
pub(super) fn citation_text(row: &ShownRow, lang: Lang) -> String {
    let citation = &row.citation;
    let mut text = match citation.value.as_str() {
        "absent" => lang.of("无可靠数值", "no value known").to_owned(),
        "none" => lang.of("无", "none").to_owned(),
        value => value.to_owned(),
    };
    if let Some(amount) = &row.comes_to {
        let _ = write!(text, " = {amount}");
    }
    let since = lang.of("自", "since ");
    let _ = write!(text, "  ({}; {since}{}", citation.cite.join(", "), citation.from);
    match citation.mark {
        Mark::Said => {}
        Mark::Derived => text.push_str(lang.of("；推算", "; derived")),
        Mark::Assumed => {
            text.push_str(lang.of("；暂定", "; assumed"));
            if let Some(source) = &citation.source {
                let _ = write!(text, ": {source}");
            }
        }
    }
    if let Some(note) = &citation.note {
        let _ = write!(text, "; {note}");
    }
    text.push(')');
    text
}

/// What the clause ids mean.
pub(super) fn write_clauses(text: &mut String, clauses: &[Clause], lang: Lang) {
    if clauses.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", lang.of("依据", "Clauses"));
    for clause in clauses {
        let _ = writeln!(text, "  {}  {} {}", clause.id, clause.document, clause.place);
        let _ = writeln!(text, "      {}", lang.of(&clause.zh, &clause.en));
    }
}

use std::fmt::Display;

use chrono::NaiveDate;
use money::Fen;
use policy::{Bill, Costs, Line};
use rpc::Violation;
use terms::Division;
use wire::Wired;
use wire::read::Lookup;

use super::item::Found;
use super::{Catalogue, chain_of};
use crate::domain::{Unlisted, UnlistedWhy};

/// Whether a line's terms are believed where the catalogue has no item to compare them with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// They are: the caller is trusted, as in tests and demonstrations.
    Trusted,
    /// They are not: no institution says by itself what the funds pay.
    Checked,
}

impl Catalogue {
    /// Fills in what the lines of a bill leave open (`lookups`, in order) and checks what they say, each on its day of `days`.
    ///
    /// An item is known however its code is spelled, and its line then has the catalogue's spelling.
    /// A line without terms gets those of its item on its day; an item that is not in the catalogue on that day stays outside
    /// it, and is given back, so that nobody pays for a typing error unawares. A line with terms must say what the catalogue
    /// says; where the catalogue does not have its item on that day, terms are believed of a trusted caller only ([`Words`]), but
    /// those that say nothing: the item is outside. The kind of an item must be right in any case. A bill in parts has nothing to
    /// read.
    ///
    /// # Errors
    /// Every difference, as a violation below `field`, which is where the bill stands in the request. The bill is then of no
    /// use.
    pub fn apply(
        &self,
        (division, words): (Division, Words),
        bill: &mut Bill,
        (lookups, days): (&[Lookup], &[NaiveDate]),
        field: &str,
    ) -> Result<Vec<Unlisted>, Vec<Violation>> {
        let Costs::Lines(lines) = &mut bill.costs else {
            return Ok(Vec::new());
        };
        let seen = self.seen(division);
        let (mut violations, mut unlisted) = (Vec::new(), Vec::new());
        let mut open = lookups.iter().peekable();
        for (place, (line, on)) in lines.iter_mut().zip(days).enumerate() {
            let is_open = open.next_if(|lookup| lookup.line == place).is_some();
            let field = format!("{field}.lines.lines[{place}]");
            let known = self.codes.code(&line.item).and_then(|code| chain_of(&seen, code));
            let Some(found) = known.as_ref().and_then(|chain| chain.terms(*on)) else {
                if is_open {
                    let why = if known.is_some() { UnlistedWhy::NotOnDay } else { UnlistedWhy::UnknownItem };
                    unlisted.push(Unlisted { line: place, on: *on, why });
                } else if words == Words::Checked && says_anything(line) {
                    let expected = "nothing: the catalogue does not have the item on that day".to_owned();
                    violations.push(Violation { field: format!("{field}.terms"), found: "terms".to_owned(), expected });
                }
                continue;
            };
            if line.item != found.code {
                found.code.clone_into(&mut line.item);
            }
            let mut reading = Reading { found, field, violations: &mut violations };
            reading.kind(line);
            if is_open {
                reading.fill(line);
            } else {
                reading.compare(line);
            }
        }
        if violations.is_empty() { Ok(unlisted) } else { Err(violations) }
    }
}

/// Whether a line's terms say more than that its item is outside the catalogue.
const fn says_anything(line: &Line) -> bool {
    line.class.is_some() || line.price_limit.is_some() || line.first_self_paid.is_some()
}

/// A line read against its item of the day.
struct Reading<'a> {
    found: Found<'a>,
    field: String,
    violations: &'a mut Vec<Violation>,
}

impl Reading<'_> {
    fn fill(&self, line: &mut Line) {
        line.class = Some(self.found.class.0);
        line.price_limit = self.found.price_limit.map(|(limit, _)| limit);
        line.first_self_paid = self.found.first_self_paid.map(|(share, _)| share);
    }

    fn kind(&mut self, line: &Line) {
        self.same("kind", Some(line.kind.name()), Some(self.found.kind.name()));
    }

    fn compare(&mut self, line: &Line) {
        let Found { class, price_limit, first_self_paid, .. } = self.found;
        let fen = |limit: Option<Fen>| limit.map(Fen::get);
        self.same("terms.class", line.class.map(Wired::name), Some(class.0.name()));
        self.same("terms.price_limit_fen", fen(line.price_limit), fen(price_limit.map(|(limit, _)| limit)));
        self.same("terms.first_self_paid_rate", line.first_self_paid, first_self_paid.map(|(share, _)| share));
    }

    /// Short words: what fits into a status is little, and a bill has many lines.
    fn same<T: PartialEq + Display>(&mut self, name: &str, given: Option<T>, expected: Option<T>) {
        if given != expected {
            let shown = |value: Option<T>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            let expected = format!("{}, as the catalogue of {} says", shown(expected), self.found.from);
            let field = format!("{}.{name}", self.field);
            self.violations.push(Violation { field, found: shown(given), expected });
        }
    }
}

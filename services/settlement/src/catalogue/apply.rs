use chrono::NaiveDate;
use policy::{Bill, Costs, Line};
use rpc::Violation;
use terms::Division;
use wire::read::Lookup;

use super::item::Found;
use super::{Catalogue, chain_of};

impl Catalogue {
    /// Fills in what the lines of a bill leave open (`lookups`, in order) and checks what they say, each on its day of `days`.
    ///
    /// A line without terms gets those of its item on its day; an item that is not in the catalogue on that day stays outside
    /// it. A line with terms must say what the catalogue says, unless the catalogue does not have its item on that day. The
    /// kind of an item must be right in any case. A bill in parts has nothing to read.
    ///
    /// # Errors
    /// Every difference, as a violation below `field`, which is where the bill stands in the request. The bill is then of no
    /// use.
    pub fn apply(
        &self,
        division: Division,
        bill: &mut Bill,
        lookups: &[Lookup],
        days: &[NaiveDate],
        field: &str,
    ) -> Result<(), Vec<Violation>> {
        let Costs::Lines(lines) = &mut bill.costs else {
            return Ok(());
        };
        let seen = self.seen(division);
        let mut violations = Vec::new();
        let mut open = lookups.iter().peekable();
        for (place, (line, on)) in lines.iter_mut().zip(days).enumerate() {
            let is_open = open.next_if(|lookup| lookup.line == place).is_some();
            let Some(found) = chain_of(&seen, &line.item).and_then(|chain| chain.terms(*on)) else {
                continue;
            };
            let field = format!("{field}.lines.lines[{place}]");
            let mut reading = Reading { found, field, violations: &mut violations };
            reading.kind(line);
            if is_open {
                reading.fill(line);
            } else {
                reading.compare(line);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
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
        if line.kind != self.found.kind {
            self.differs("kind", line.kind.to_string(), self.found.kind.to_string(), None);
        }
    }

    fn compare(&mut self, line: &Line) {
        let Found { class, price_limit, first_self_paid, .. } = self.found;
        if line.class != Some(class.0) {
            let found = line.class.map_or_else(outside, |class| class.to_string());
            self.differs("terms.class", found, class.0.to_string(), Some(&class.1.source));
        }
        if line.price_limit != price_limit.map(|(limit, _)| limit) {
            let found = line.price_limit.map_or_else(nothing, |limit| limit.get().to_string());
            let expected = price_limit.map_or_else(nothing, |(limit, _)| limit.get().to_string());
            self.differs("terms.price_limit_fen", found, expected, price_limit.map(|(_, said)| &*said.source));
        }
        if line.first_self_paid != first_self_paid.map(|(share, _)| share) {
            let found = line.first_self_paid.map_or_else(nothing, |share| share.to_string());
            let expected = first_self_paid.map_or_else(nothing, |(share, _)| share.to_string());
            self.differs("terms.first_self_paid_rate", found, expected, first_self_paid.map(|(_, said)| &*said.source));
        }
    }

    fn differs(&mut self, name: &str, found: String, expected: String, source: Option<&str>) {
        let field = format!("{}.{name}", self.field);
        let expected = source.map_or_else(|| expected.clone(), |source| format!("{expected} ({source})"));
        self.violations.push(Violation { field, found, expected });
    }
}

fn nothing() -> String {
    "nothing".to_owned()
}

fn outside() -> String {
    "nothing (outside the catalogue)".to_owned()
}

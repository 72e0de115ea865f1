use chrono::NaiveDate;
use policy::{Bill, Costs, Line};
use rpc::Violation;
use terms::Division;

use super::folder::Folder;
use super::item::Found;
use super::{Catalogue, chain_of};

/// A fee line's day of service, and whether the caller gave its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The day whose catalogue reads the line.
    pub on: NaiveDate,
    /// Whether the line came with its terms.
    pub has_terms: bool,
}

impl Catalogue {
    /// Fills in what the lines of a bill leave open and checks what they say, line by line with `services`.
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
        services: &[Service],
        field: &str,
    ) -> Result<(), Vec<Violation>> {
        let Costs::Lines(lines) = &mut bill.costs else {
            return Ok(());
        };
        let seen = self.seen(division);
        let mut violations = Vec::new();
        for (place, (line, service)) in lines.iter_mut().zip(services).enumerate() {
            let Some(found) = on_the_day(&seen, line, *service) else {
                continue;
            };
            let mut reading = Reading { found, field: format!("{field}.lines.lines[{place}]"), violations: &mut violations };
            reading.kind(line);
            if service.has_terms {
                reading.compare(line);
            } else {
                reading.fill(line);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

fn on_the_day<'c>(seen: &[&'c Folder], line: &Line, service: Service) -> Option<Found<'c>> {
    chain_of(seen, &line.item)?.terms(service.on)
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

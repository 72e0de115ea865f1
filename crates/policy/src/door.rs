//! What is refused before any rule is asked: facts that cannot be right. All of them at once.

use money::{Fen, Rate};
use terms::{Filing, Place, Scheme};

use crate::decision::{Cause, Reason, Refusal};
use crate::facts::{Accumulators, Bill, Costs, Facts, HeldShare, Line, Person};
use crate::split::SplitFacts;

/// The most fee lines a bill may have.
pub(crate) const LINES_AT_MOST: usize = 10_000;

/// The scheme of a person whose facts hold together.
///
/// # Errors
/// Every cause found.
pub(crate) fn check(facts: &Facts) -> Result<Scheme, Refusal> {
    let mut causes = Causes(Vec::new());
    let scheme = causes.scheme(&facts.person);
    causes.bill(&facts.bill);
    causes.accumulated(&facts.accumulated);
    causes.held(&facts.held);
    match scheme {
        Some(scheme) if causes.0.is_empty() => Ok(scheme),
        _ => Err(Refusal { causes: causes.0 }),
    }
}

/// Refuses a split whose facts do not hold together.
///
/// # Errors
/// Every cause found.
pub(crate) fn check_split(facts: &SplitFacts) -> Result<(), Refusal> {
    let mut causes = Causes(Vec::new());
    if facts.group.scheme() != facts.scheme {
        causes.add(Reason::WrongGroup, format!("group {} in {}", facts.group, facts.scheme));
    }
    causes.days(&facts.bill);
    causes.costs(&facts.bill);
    if causes.0.is_empty() { Ok(()) } else { Err(Refusal { causes: causes.0 }) }
}

/// An amount of a question: not below zero and not over the limit.
///
/// # Errors
/// [`Reason::NegativeAmount`] or [`Reason::AmountTooLarge`].
pub(crate) fn check_amount(amount: Fen, about: &str) -> Result<(), Refusal> {
    let mut causes = Causes(Vec::new());
    causes.amount(amount, || about.to_owned());
    if causes.0.is_empty() { Ok(()) } else { Err(Refusal { causes: causes.0 }) }
}

struct Causes(Vec<Cause>);

impl Causes {
    #[cold]
    fn add(&mut self, reason: Reason, about: impl Into<String>) {
        self.0.push(Cause { reason, about: about.into(), cite: Vec::new() });
    }

    fn scheme(&mut self, person: &Person) -> Option<Scheme> {
        match person.schemes.as_slice() {
            [] => {
                self.add(Reason::NoScheme, "person.schemes");
                None
            }
            [scheme] => {
                if person.group.scheme() != *scheme {
                    self.add(Reason::WrongGroup, format!("person.group {} in {scheme}", person.group));
                }
                Some(*scheme)
            }
            schemes => {
                self.add(Reason::TwoSchemes, schemes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
                None
            }
        }
    }

    fn bill(&mut self, bill: &Bill) {
        self.days(bill);
        if (bill.place == Place::Local) != (bill.filing == Filing::AtHome) {
            self.add(Reason::BadPlace, format!("{} with {}", bill.place, bill.filing));
        }
        self.costs(bill);
    }

    fn days(&mut self, bill: &Bill) {
        if bill.to < bill.from || bill.settled < bill.from {
            self.add(Reason::BadDates, format!("from {} to {} settled {}", bill.from, bill.to, bill.settled));
        }
    }

    fn costs(&mut self, bill: &Bill) {
        self.amount(bill.total, || "bill.total".to_owned());
        let sum = match &bill.costs {
            Costs::Parts(parts) => {
                let all = [parts.outside_catalogue, parts.over_limit, parts.first_self_paid, parts.within_scope];
                for part in all.into_iter().chain([parts.hospital, parts.apart]) {
                    self.amount(part, || "bill.parts".to_owned());
                }
                if parts.hospital > parts.over_limit {
                    let about = format!("the hospital bears {} of {} over limits", parts.hospital, parts.over_limit);
                    self.add(Reason::SumMismatch, about);
                }
                if parts.apart > parts.within_scope {
                    let about = format!("{} of {} within scope are borne apart", parts.apart, parts.within_scope);
                    self.add(Reason::SumMismatch, about);
                }
                checked_sum(all.into_iter())
            }
            Costs::Lines(lines) => {
                if lines.len() > LINES_AT_MOST {
                    self.add(Reason::TooManyLines, format!("{} lines, at most {LINES_AT_MOST}", lines.len()));
                }
                for (at, line) in lines.iter().enumerate() {
                    self.line(at, line);
                }
                checked_sum(lines.iter().map(|line| line.amount))
            }
        };
        if sum != Some(bill.total) {
            let sum = sum.map_or("out of range".to_owned(), |sum| sum.to_string());
            self.add(Reason::SumMismatch, format!("the costs are {sum}, the bill is {}", bill.total));
        }
    }

    fn line(&mut self, at: usize, line: &Line) {
        let number = at + 1;
        self.amount(line.amount, || format!("line {number} amount"));
        self.amount(line.unit_price, || format!("line {number} unit_price"));
        if let Some(limit) = line.price_limit {
            self.amount(limit, || format!("line {number} price_limit"));
        }
        if line.quantity <= Rate::ZERO || line.quantity > Rate::ONE.times(1_000_000) {
            self.add(Reason::BadLine, format!("line {number} quantity {}", line.quantity));
        }
        if line.first_self_paid.is_some_and(|share| share < Rate::ZERO || share > Rate::ONE) {
            self.add(Reason::BadLine, format!("line {number} first_self_paid"));
        }
    }

    fn accumulated(&mut self, accumulated: &Accumulators) {
        self.amount(accumulated.account, || "account".to_owned());
        self.amount(accumulated.family_account, || "family_account".to_owned());
        for meter in &accumulated.meters {
            let counts = meter.counts;
            for count in [counts.base, counts.deductible, counts.paid, counts.cost] {
                self.amount(count, || format!("meter {}", meter.name));
            }
        }
    }

    /// Whether the payers are held at all is asked where the place of insurance is known.
    fn held(&mut self, held: &[HeldShare]) {
        for share in held {
            self.amount(share.most, || format!("held {}", share.payer));
        }
        for (share, next) in held.iter().zip(held.iter().skip(1)).filter(|(share, next)| share.payer >= next.payer) {
            let how = if share.payer == next.payer { "twice" } else { "out of order" };
            self.add(Reason::BadHeld, format!("held {} {how}", next.payer));
        }
    }

    fn amount(&mut self, amount: Fen, about: impl Fn() -> String) {
        if amount.is_negative() {
            self.add(Reason::NegativeAmount, format!("{} {amount}", about()));
        } else if amount > Fen::LIMIT {
            self.add(Reason::AmountTooLarge, format!("{} {amount}, at most {}", about(), Fen::LIMIT));
        }
    }
}

fn checked_sum(mut amounts: impl Iterator<Item = Fen>) -> Option<Fen> {
    amounts.try_fold(Fen::ZERO, Fen::checked_add)
}

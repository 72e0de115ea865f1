use chrono::NaiveDate;
use money::{Fen, Rate};
use pb::policy::v1 as policy_pb;
use policy::{Bill, Costs, Line, Parts};
use rpc::Violations;

use super::lists::list;
use super::plain::{date, fen_any, optional_date, optional_word, rate, word};
use super::texts::{name, optional_name, optional_text, text};

/// The most fee lines that are read at all; from 10,001 the policy refuses the bill.
pub const LINES_READ_AT_MOST: usize = 20_000;

const ITEM_CHARS_MAX: usize = 200;

/// A bill as read, and what it left to the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBill {
    /// The bill; a line without terms is outside the catalogue as long as nobody looked it up.
    pub bill: Bill,
    /// Whether accounts may pay.
    pub use_account: bool,
    /// The lines that came without what the catalogue says of them, in order.
    pub lookups: Vec<Lookup>,
    /// Each line's day, whose catalogue applies: of service, or the bill's last. Empty where the bill came in parts.
    pub days: Vec<NaiveDate>,
}

/// What the lines leave to the catalogue.
#[derive(Default)]
struct Open {
    lookups: Vec<Lookup>,
    days: Vec<NaiveDate>,
}

/// A fee line whose item is to be looked up in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The line, by its place in the bill from 0.
    pub line: usize,
    /// Catalogue code or name of the item; never empty.
    pub item: String,
    /// The day whose catalogue applies: of service, or the bill's last.
    pub on: NaiveDate,
}

/// A bill. `settled` is taken for the day of settlement where the message leaves it out; without it that is a violation.
pub fn bill(v: &mut Violations, bill: &policy_pb::Bill, settled: Option<NaiveDate>) -> Option<ReadBill> {
    let id = name(v, "bill_id", &bill.bill_id);
    let care = word(v, "care", bill.care);
    let institution = word(v, "institution", bill.institution);
    let place = word(v, "place", bill.place);
    let filing = word(v, "filing", bill.filing);
    let referral = word(v, "referral", bill.referral);
    let from = date(v, "from_date", &bill.from_date);
    let to = date(v, "to_date", &bill.to_date);
    let settled = match settled.filter(|_| bill.settled_date.is_empty()) {
        Some(day) => Some(day),
        None => date(v, "settled_date", &bill.settled_date),
    };
    let disease = optional_name(v, "disease", &bill.disease);
    let costs = costs(v, bill.costs.as_ref(), &Days { from, to });
    let (costs, open) = costs?;
    let bill_read = Bill {
        id: id?,
        care: care?,
        institution: institution?,
        place: place?,
        filing: filing?,
        referral: referral?,
        from: from?,
        to: to?,
        settled: settled?,
        disease: disease?,
        total: fen_any(bill.total_fen),
        costs,
    };
    let use_account = bill.use_account.unwrap_or(true);
    Some(ReadBill { bill: bill_read, use_account, lookups: open.lookups, days: open.days })
}

/// The bill's days, as far as they could be read.
struct Days {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

impl Days {
    /// Whether a day is within them. Days in the wrong order are the policy's to refuse, once and not for every line.
    fn hold(&self, day: NaiveDate) -> bool {
        let whole = self.from.zip(self.to).filter(|(from, to)| from <= to);
        whole.is_none_or(|(from, to)| from <= day && day <= to)
    }

    fn named(&self) -> String {
        self.from.zip(self.to).map_or_else(String::new, |(from, to)| format!("a day from {from} to {to}"))
    }
}

fn costs(v: &mut Violations, costs: Option<&policy_pb::bill::Costs>, days: &Days) -> Option<(Costs, Open)> {
    match v.required("costs", costs, "fee lines or parts")? {
        policy_pb::bill::Costs::Parts(parts) => Some((Costs::Parts(read_parts(parts)), Open::default())),
        policy_pb::bill::Costs::Lines(lines) => v.within("lines", |v| {
            if lines.lines.is_empty() {
                v.add("lines", "nothing", "at least one fee line");
                return None;
            }
            let mut open = Open::default();
            let lines = list(v, "lines", &lines.lines, LINES_READ_AT_MOST, |v, at, line| {
                read_line(v, at, line, days, &mut open)
            })?;
            Some((Costs::Lines(lines), open))
        }),
    }
}

const fn read_parts(parts: &policy_pb::Parts) -> Parts {
    Parts {
        outside_catalogue: fen_any(parts.outside_catalogue_fen),
        over_limit: fen_any(parts.over_limit_fen),
        first_self_paid: fen_any(parts.first_self_paid_fen),
        within_scope: fen_any(parts.within_scope_fen),
        hospital: fen_any(parts.hospital_fen),
        apart: fen_any(parts.apart_fen),
    }
}

/// What the catalogue says of a line.
#[derive(Default)]
struct Terms {
    class: Option<terms::LineClass>,
    price_limit: Option<Fen>,
    first_self_paid: Option<Rate>,
}

fn read_line(v: &mut Violations, at: usize, line: &policy_pb::FeeLine, days: &Days, open: &mut Open) -> Option<Line> {
    let item = match line.terms {
        Some(_) => optional_text(v, "item", &line.item, ITEM_CHARS_MAX),
        None => text(v, "item", &line.item, ITEM_CHARS_MAX),
    };
    let kind = word(v, "kind", line.kind);
    let amount = fen_any(line.amount_fen);
    let quantity = if line.quantity.is_empty() { Some(Rate::ONE) } else { rate(v, "quantity", &line.quantity) };
    let unit_price = quantity.and_then(|quantity| read_price(v, line, amount, quantity));
    let epidemic = word(v, "epidemic", line.epidemic);
    let day = read_day(v, line, days);
    let terms = match &line.terms {
        Some(terms) => v.within("terms", |v| read_terms(v, terms)),
        None => Some(Terms::default()),
    };
    let line_read = Line {
        item: item?,
        kind: kind?,
        class: terms.as_ref()?.class,
        amount,
        quantity: quantity?,
        unit_price: unit_price?,
        price_limit: terms.as_ref()?.price_limit,
        first_self_paid: terms?.first_self_paid,
        epidemic: epidemic?,
    };
    if let Some(on) = day?.or(days.to) {
        if line.terms.is_none() {
            open.lookups.push(Lookup { line: at, item: line_read.item.clone(), on });
        }
        open.days.push(on);
    }
    Some(line_read)
}

/// The day of service, if one was given.
fn read_day(v: &mut Violations, line: &policy_pb::FeeLine, days: &Days) -> Option<Option<NaiveDate>> {
    let day = optional_date(v, "service_date", &line.service_date)?;
    if let Some(outside) = day.filter(|day| !days.hold(*day)) {
        v.add("service_date", outside, days.named());
        return None;
    }
    Some(day)
}

fn read_terms(v: &mut Violations, terms: &policy_pb::CatalogueTerms) -> Option<Terms> {
    let class = optional_word(v, "class", terms.class);
    let first_self_paid = match &terms.first_self_paid_rate {
        Some(share) => rate(v, "first_self_paid_rate", share).map(Some),
        None => Some(None),
    };
    Some(Terms { class: class?, price_limit: terms.price_limit_fen.map(fen_any), first_self_paid: first_self_paid? })
}

fn read_price(v: &mut Violations, line: &policy_pb::FeeLine, amount: Fen, quantity: Rate) -> Option<Fen> {
    let price = line.unit_price_fen.map(fen_any).or_else(|| price_of_unit(amount, quantity));
    if price.is_none() {
        let expected = format!("the price of a unit: {} fen over {quantity} are no whole fen", amount.get());
        v.add("unit_price_fen", "nothing", expected);
    }
    price
}

/// Amount over quantity, where that is a whole number of fen.
fn price_of_unit(amount: Fen, quantity: Rate) -> Option<Fen> {
    let scaled = i128::from(amount.get()) * i128::from(Rate::SCALE);
    let quantity = i128::from(quantity.millionths());
    if quantity <= 0 {
        // A quantity that cannot be right is the policy's to refuse; here it only has no price.
        return Some(amount);
    }
    if scaled % quantity != 0 {
        return None;
    }
    i64::try_from(scaled / quantity).ok().map(Fen::new)
}

use money::{Fen, Rate};
use terms::{Epidemic, Filing, Name, Place, Referral};
use toml::de::DeTable;

use super::fields::Fields;
use crate::facts::{Bill, Costs, Line, Parts};
use crate::pack::{Document, Node};

const BILL: &[&str] = &[
    "id",
    "care",
    "institution",
    "place",
    "filing",
    "referral",
    "from",
    "to",
    "settled",
    "disease",
    "total",
    "parts",
    "line",
];

/// Reads one `[[bill]]`, the `number`-th of the case.
pub(super) fn read_bill(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    place: std::ops::Range<usize>,
    number: usize,
) -> Option<Bill> {
    let fields = Fields::new(document, table, place.clone(), BILL);
    let care = fields.need_word(document, "care");
    let institution = fields.need_word(document, "institution");
    let here = fields.word(document, "place").unwrap_or(Place::Local);
    let filing = if here == Place::Local { Some(Filing::AtHome) } else { None };
    let filing = fields.word(document, "filing").or(filing);
    if filing.is_none() {
        document.problem(
            &place,
            "missing",
            format!("care {here} without filing"),
            "filing = long_term, referred, emergency, temporary or unfiled",
        );
    }
    let from = fields.need_date(document, "from");
    let to = fields.date(document, "to").or(from);
    let total = fields.need_fen(document, "total");
    let costs = read_costs(document, &fields, &place);
    Some(Bill {
        id: fields.name(document, "id").or_else(|| Name::new(&format!("B{number}")).ok())?,
        care: care?,
        institution: institution?,
        place: here,
        filing: filing?,
        referral: fields.word(document, "referral").unwrap_or(Referral::Followed),
        from: from?,
        to: to?,
        settled: fields.date(document, "settled").or(to)?,
        disease: fields.name(document, "disease").unwrap_or(Name::EMPTY),
        total: total?,
        costs: costs?,
    })
}

fn read_costs(document: &mut Document<'_>, fields: &Fields<'_, '_>, place: &std::ops::Range<usize>) -> Option<Costs> {
    match (fields.get("parts"), fields.get("line")) {
        (Some(parts), None) => {
            let table = document
                .table(parts, "parts: outside_catalogue, over_limit, first_self_paid, within_scope, hospital, apart")?;
            let fields = Fields::new(
                document,
                table,
                parts.span(),
                &["outside_catalogue", "over_limit", "first_self_paid", "within_scope", "hospital", "apart"],
            );
            let mut part = |name: &str| fields.fen(document, name).unwrap_or(Fen::ZERO);
            Some(Costs::Parts(Parts {
                outside_catalogue: part("outside_catalogue"),
                over_limit: part("over_limit"),
                first_self_paid: part("first_self_paid"),
                within_scope: part("within_scope"),
                hospital: part("hospital"),
                apart: part("apart"),
            }))
        }
        (None, Some(lines)) => {
            let Some(items) = lines.get_ref().as_array() else {
                document.wrong(lines, "[[bill.line]] tables");
                return None;
            };
            let lines: Vec<Option<Line>> = items.iter().map(|item| read_line(document, item)).collect();
            lines.into_iter().collect::<Option<Vec<Line>>>().map(Costs::Lines)
        }
        (Some(_), Some(_)) => {
            document.problem(
                place,
                "wrong_value",
                "both parts and lines".to_owned(),
                "either parts = { … } or [[bill.line]]",
            );
            None
        }
        (None, None) => {
            document.problem(place, "missing", "a bill without costs".to_owned(), "parts = { … } or [[bill.line]]");
            None
        }
    }
}

fn read_line(document: &mut Document<'_>, node: &Node<'_>) -> Option<Line> {
    let table = document.table(node, "a fee line")?;
    let allowed =
        ["item", "kind", "class", "amount", "quantity", "unit_price", "price_limit", "first_self_paid", "epidemic"];
    let fields = Fields::new(document, table, node.span(), &allowed);
    let amount = fields.need_fen(document, "amount");
    let quantity = fields.rate(document, "quantity").unwrap_or(Rate::ONE);
    let given_price = fields.fen(document, "unit_price");
    let epidemic = fields.yes(document, "epidemic").unwrap_or(false);
    let kind = fields.need_word(document, "kind");
    let unit_price = given_price.or_else(|| amount.and_then(|amount| price_of_unit(amount, quantity)));
    if unit_price.is_none() && amount.is_some() {
        document.problem(
            &node.span(),
            "missing",
            "a line whose amount does not divide by its quantity".to_owned(),
            "unit_price = \"…\"",
        );
    }
    if let (Some(price), Some(amount)) = (given_price, amount)
        && !amount_fits(amount, price, quantity)
    {
        let found = format!("an amount of {amount} for {quantity} at {price}");
        document.problem(&node.span(), "wrong_value", found, "quantity × unit_price, to the fen a unit");
    }
    Some(Line {
        item: fields.text(document, "item").unwrap_or_default(),
        kind: kind?,
        class: fields.word(document, "class"),
        amount: amount?,
        quantity,
        unit_price: unit_price?,
        price_limit: fields.fen(document, "price_limit"),
        first_self_paid: fields.rate(document, "first_self_paid"),
        epidemic: if epidemic { Epidemic::Epidemic } else { Epidemic::Ordinary },
    })
}

/// Whether an amount is quantity × price, but for the rounding of the price: at most a fen a unit.
fn amount_fits(amount: Fen, price: Fen, quantity: Rate) -> bool {
    let product = (quantity * price).round(money::Rounding::HalfUp);
    let units = (quantity * Fen::new(1)).round(money::Rounding::Up).get().max(1);
    (product.get() - amount.get()).abs() <= units
}

/// Amount over quantity, where that is a whole number of fen.
fn price_of_unit(amount: Fen, quantity: Rate) -> Option<Fen> {
    let scaled = i128::from(amount.get()) * i128::from(Rate::SCALE);
    let quantity = i128::from(quantity.millionths());
    if quantity <= 0 || scaled % quantity != 0 {
        // A quantity that cannot be right is refused at the door; here it only has no price.
        return if quantity <= 0 { Some(amount) } else { None };
    }
    i64::try_from(scaled / quantity).ok().map(Fen::new)
}

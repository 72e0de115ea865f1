use money::Fen;
use terms::{Division, PersonGroup, Scheme};
use toml::de::DeTable;

use super::fields::Fields;
use crate::facts::{Accumulators, Counts, Meter, Period, Person};
use crate::pack::Document;
use terms::Name;

const PERSON: &[&str] = &[
    "division",
    "scheme",
    "schemes",
    "group",
    "age",
    "categories",
    "plans",
    "diseases",
    "account",
    "family_account",
    "use_account",
    "covered",
];

/// Reads `[person]`; its balances go to the accumulators.
pub(super) fn read_person(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    place: std::ops::Range<usize>,
    state: &mut Accumulators,
) -> Option<Person> {
    let fields = Fields::new(document, table, place, PERSON);
    state.account = fields.fen(document, "account").unwrap_or(Fen::ZERO);
    state.family_account = fields.fen(document, "family_account").unwrap_or(Fen::ZERO);
    let division: Option<Division> = fields.need_division(document);
    let group: Option<PersonGroup> = fields.need_word(document, "group");
    let schemes: Vec<Scheme> = if fields.has("schemes") {
        fields.words(document, "schemes")
    } else {
        fields.need_word(document, "scheme").into_iter().collect()
    };
    let covered = fields.get("covered").and_then(|node| {
        let table = document.table(node, "{ from = date, to = date }")?;
        let fields = Fields::new(document, table, node.span(), &["from", "to"]);
        Some(Period { from: fields.need_date(document, "from")?, to: fields.need_date(document, "to")? })
    });
    Some(Person {
        division: division?,
        schemes,
        group: group?,
        age: fields.whole(document, "age"),
        categories: fields.words(document, "categories"),
        plans: fields.names(document, "plans"),
        diseases: fields.names(document, "diseases"),
        use_account: fields.yes(document, "use_account").unwrap_or(true),
        covered,
    })
}

/// Reads `[accumulated]`.
pub(super) fn read_accumulated(
    document: &mut Document<'_>,
    table: &DeTable<'_>,
    place: std::ops::Range<usize>,
    state: &mut Accumulators,
) {
    let fields = Fields::new(document, table, place, &["admissions", "meters"]);
    state.admissions = fields.whole(document, "admissions").unwrap_or(0);
    let Some(node) = fields.get("meters") else { return };
    let Some(meters) = document.table(node, "meters: \"name\" = { base = …, deductible = …, paid = …, cost = … }")
    else {
        return;
    };
    for (key, node) in meters {
        let Some(table) = document.table(node, "counts: base, deductible, paid, cost") else {
            continue;
        };
        let fields = Fields::new(document, table, node.span(), &["base", "deductible", "paid", "cost"]);
        let mut count = |name: &str| fields.fen(document, name).unwrap_or(Fen::ZERO);
        let counts =
            Counts { base: count("base"), deductible: count("deductible"), paid: count("paid"), cost: count("cost") };
        match meter_name(key.get_ref()) {
            Some((name, part)) => state.meters.push(Meter { name, part, counts }),
            None => document.problem(
                &key.span(),
                "wrong_value",
                format!("{:?}", key.get_ref()),
                "a meter's name, at most 47 bytes",
            ),
        }
    }
}

/// `name` or `name/part`.
pub(super) fn meter_name(text: &str) -> Option<(Name, Name)> {
    let (name, part) = text.split_once('/').unwrap_or((text, ""));
    Name::new(name).ok().zip(Name::new(part).ok())
}

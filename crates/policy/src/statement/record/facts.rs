use chrono::NaiveDate;
use money::Fen;
use serde::Serialize;
use terms::{Care, Category, Filing, Institution, Name, PersonGroup, Place, Referral, Scheme};

use crate::facts::{Bill, Costs, Period};
use crate::statement::Statement;
use crate::statement::figures::as_yuan;

/// The person, on the day of the bill.
#[derive(Serialize)]
pub(super) struct PersonFacts<'a> {
    division: Division<'a>,
    schemes: &'a [Scheme],
    group: PersonGroup,
    age: Option<u8>,
    categories: &'a [Category],
    plans: &'a [Name],
    diseases: &'a [Name],
    use_account: bool,
    covered: Option<Period>,
}

#[derive(Serialize)]
struct Division<'a> {
    code: String,
    zh: &'a str,
    en: &'a str,
    inherits_from: Vec<String>,
}

impl<'a> PersonFacts<'a> {
    pub(super) fn of(statement: &Statement<'a>) -> Self {
        let person = statement.person;
        let chain = statement.policy.chain(person.division);
        let (zh, en) = chain.first().map_or(("", ""), |division| (division.zh.as_str(), division.en.as_str()));
        let inherits_from = chain.iter().skip(1).map(|division| division.code.to_string()).collect();
        Self {
            division: Division { code: person.division.to_string(), zh, en, inherits_from },
            schemes: &person.schemes,
            group: person.group,
            age: person.age,
            categories: &person.categories,
            plans: &person.plans,
            diseases: &person.diseases,
            use_account: person.use_account,
            covered: person.covered,
        }
    }
}

/// The bill as it came.
#[derive(Serialize)]
pub(super) struct BillFacts<'a> {
    id: &'a Name,
    care: Care,
    institution: Institution,
    place: Place,
    filing: Filing,
    referral: Referral,
    from: NaiveDate,
    to: NaiveDate,
    settled: NaiveDate,
    disease: &'a Name,
    #[serde(serialize_with = "as_yuan")]
    total: Fen,
    costs: &'static str,
    lines: usize,
}

impl<'a> BillFacts<'a> {
    pub(super) fn of(bill: &'a Bill) -> Self {
        let (costs, lines) = match &bill.costs {
            Costs::Lines(lines) => ("lines", lines.len()),
            Costs::Parts(_) => ("parts", 0),
        };
        Self {
            id: &bill.id,
            care: bill.care,
            institution: bill.institution,
            place: bill.place,
            filing: bill.filing,
            referral: bill.referral,
            from: bill.from,
            to: bill.to,
            settled: bill.settled,
            disease: &bill.disease,
            total: bill.total,
            costs,
            lines,
        }
    }
}

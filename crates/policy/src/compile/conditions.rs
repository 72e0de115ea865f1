//! Rows whose condition asks for what is not known where they stand, and rows that can never hold.

use terms::{
    Admission, Care, Category, College, CountyKind, EnrolHow, Epidemic, Filing, Institution, LineClass, LineKind,
    PersonGroup, Place, Referral, Scheme, Word,
};

use super::universe::groups_of;
use crate::condition::{Condition, DIMENSIONS, Fact};
use crate::pack::{Home, PackTree, Parameter, Row};
use crate::{Problem, Problems, Severity};

/// Checks every row of every division.
pub(crate) fn check_all_conditions(tree: &PackTree, problems: &mut Problems) {
    for parameter in tree.divisions.values().flat_map(|division| division.parameters.values()) {
        let around = around(&parameter.address);
        for row in &parameter.rows {
            if let Some(unknown) = unknown_there(parameter.spec.home, &row.condition) {
                let found = format!("the row {:?} of {}, which asks for the {unknown}", row.key, parameter.address);
                let expected = format!("only {}", known_there(parameter.spec.home));
                complain(problems, (parameter, row), (Severity::Error, "wrong_condition"), found, expected);
            } else if !around.meets(&row.condition) {
                let found = format!("the row {:?} of {}, which can never hold there", row.key, parameter.address);
                complain(problems, (parameter, row), (Severity::Warning, "never_holds"), found, String::new());
            }
        }
    }
}

/// The bits of the dimensions that are known where parameters of this kind are asked for.
fn known_bits(home: Home) -> u128 {
    let person = Scheme::MASK | PersonGroup::MASK | Category::MASK;
    let place = Institution::MASK | Place::MASK | Filing::MASK | Referral::MASK;
    let bill = person | place | Admission::MASK | Care::MASK;
    match home {
        Home::Benefit | Home::Layer | Home::Elsewhere => bill,
        Home::Scope => bill | LineClass::MASK | LineKind::MASK | Epidemic::MASK,
        Home::Contribution => person | CountyKind::MASK | College::MASK,
        Home::Waiting => person | EnrolHow::MASK,
        Home::Watch => Scheme::MASK | Category::MASK,
        Home::Application => Category::MASK,
        Home::CrossProvince => Place::MASK | Filing::MASK,
        Home::OneStop => Scheme::MASK | PersonGroup::MASK | place | Care::MASK,
        Home::Year | Home::Index | Home::Indicator => 0,
    }
}

/// A dimension that the condition names and nobody knows there: such a row would hold always, or never.
fn unknown_there(home: Home, condition: &Condition) -> Option<&'static str> {
    let known = known_bits(home);
    let is_unknown = |at: usize, mask: u128| condition.named & (1 << at) != 0 && known & mask == 0;
    let word = DIMENSIONS.iter().enumerate().find(|(at, dimension)| is_unknown(*at, dimension.mask));
    let of_bills = matches!(home, Home::Benefit | Home::Layer | Home::Elsewhere | Home::Scope);
    let more = condition.more.as_deref().and_then(|more| {
        let asked = [
            (more.age.is_some(), of_bills, "age"),
            (!more.diseases.is_empty(), of_bills, "disease group"),
            (!more.plans.is_empty(), of_bills, "plan"),
            (more.price.is_some(), home == Home::Scope, "unit price"),
        ];
        asked.into_iter().find(|(asked, known, _)| *asked && !known).map(|(_, _, name)| name)
    });
    word.map(|(_, dimension)| dimension.name).or(more)
}

fn known_there(home: Home) -> String {
    let known = known_bits(home);
    let names: Vec<&str> =
        DIMENSIONS.iter().filter(|dimension| known & dimension.mask != 0).map(|dimension| dimension.name).collect();
    if names.is_empty() { "all".to_owned() } else { names.join(", ") }
}

/// What the address says already: the scheme, and the kind of care where it is a benefit.
fn around(address: &str) -> Condition {
    let mut parts = address.split('.');
    let mut around = Condition::ALWAYS;
    if let Some(scheme) = parts.next().and_then(|word| Scheme::from_word(word).ok()) {
        around.allowed &= !(Scheme::MASK | PersonGroup::MASK) | scheme.bit() | groups_of(scheme);
    }
    if let Some(care) = parts.next().and_then(|word| Care::from_word(word).ok()) {
        around.allowed &= !Care::MASK | care.bit();
    }
    around
}

fn complain(
    problems: &mut Problems,
    (parameter, row): (&Parameter, &Row),
    (severity, kind): (Severity, &'static str),
    found: String,
    expected: String,
) {
    let file = parameter.file.clone();
    problems.add(Problem { file, line: row.line, column: row.column, severity, kind, found, expected });
}

use pb::policy::v1 as policy_pb;
use policy::Person;
use rpc::Violations;

use super::lists::{names, words};
use super::plain::{division, period, word};

/// The person as the rules see them; accounts may be used, until the bill says otherwise ([`super::facts`]).
pub fn person(v: &mut Violations, person: &policy_pb::PersonFacts) -> Option<Person> {
    let division = division(v, "division", &person.division);
    let schemes = words(v, "schemes", &person.schemes);
    let group = word(v, "group", person.group);
    let age = match person.age {
        None => Some(None),
        Some(years) => match u8::try_from(years) {
            Ok(years) => Some(Some(years)),
            Err(_) => {
                v.add("age", years, "whole years, at most 255");
                None
            }
        },
    };
    let categories = words(v, "categories", &person.categories);
    let plans = names(v, "plans", &person.plans);
    let diseases = names(v, "diseases", &person.diseases);
    let covered = period(v, "covered", &person.covered);
    Some(Person {
        division: division?,
        schemes: schemes?,
        group: group?,
        age: age?,
        categories: categories?,
        plans: plans?,
        diseases: diseases?,
        use_account: true,
        covered: covered?,
    })
}

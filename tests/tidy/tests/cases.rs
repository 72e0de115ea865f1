//! The golden cases name rules that exist.

use crate::code::{line_at, pattern};
use crate::tree::{Source, files};

/// The rulebook's documents and how many rules each has.
const RULEBOOK: [(&str, u32); 5] = [("SX", 11), ("SD", 12), ("QN", 14), ("TB", 12), ("GX", 23)];

/// Facts of the domain that are not the rulebook's; their ids are free.
const DOMAIN: &str = "DM";

fn is_rule(id: &str) -> bool {
    let Some((document, number)) = id.split_once('-') else {
        return false;
    };
    if document == DOMAIN {
        return !number.is_empty();
    }
    let last = RULEBOOK.iter().find(|(name, _)| *name == document).map_or(0, |(_, last)| *last);
    number.parse().is_ok_and(|number: u32| (1..=last).contains(&number) && id == format!("{document}-{number}"))
}

/// Every id of every `rules = […]`: where it stands, and the id.
fn rules_of(case: &Source) -> Vec<(String, String)> {
    let lists = pattern(r"(?m)^rules\s*=\s*\[([^\]]*)\]");
    let ids = pattern(r#""([^"]*)""#);
    let mut rules = Vec::new();
    for list in lists.captures_iter(&case.text) {
        let line = line_at(&case.text, list.get(0).map_or(0, |found| found.start()));
        let (_, [inside]) = list.extract();
        for id in ids.captures_iter(inside) {
            let (_, [id]) = id.extract();
            rules.push((format!("{}:{line}", case.path), id.to_owned()));
        }
    }
    rules
}

#[test]
fn every_rule_a_case_names_is_in_the_rulebook() {
    let cases = files("tests/cases", |path| path.extension().is_some_and(|ending| ending == "toml"));
    let rules: Vec<(String, String)> = cases.iter().flat_map(rules_of).collect();
    assert!(!rules.is_empty(), "no case below tests/cases names a rule");
    let unknown: Vec<String> =
        rules.iter().filter(|(_, id)| !is_rule(id)).map(|(place, id)| format!("{place}: {id}")).collect();
    assert!(unknown.is_empty(), "not in the rulebook:\n{}", unknown.join("\n"));
}

#[test]
fn an_id_off_the_rulebook_is_seen() {
    let case = Source {
        path: "a.toml".to_owned(),
        text: "rules = [\n \"TB-12\", \"DM-8\",\n \"TB-13\", \"TB-0\", \"GX-07\", \"TB\"]".to_owned(),
    };
    let unknown: Vec<String> = rules_of(&case).into_iter().map(|(_, id)| id).filter(|id| !is_rule(id)).collect();
    assert_eq!(unknown, ["TB-13", "TB-0", "GX-07", "TB"]);
}

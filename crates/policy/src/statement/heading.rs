//! Who, where, when: what stands above the figures.

use terms::{Category, Filing, Place};

use super::escape::plain;
use super::{Lang, Statement, labels};

/// One fact: what it is, and what it says.
pub(super) type Fact = (&'static str, String);

/// The version's first twelve hexadecimal digits.
pub(super) fn short_version(statement: &Statement<'_>) -> String {
    statement.decision.version.to_string().chars().take(12).collect()
}

/// The facts of the person and of the bill.
pub(super) fn facts(statement: &Statement<'_>, lang: Lang) -> Vec<Fact> {
    let mut facts = person(statement, lang);
    let of_person = facts.len();
    facts.extend(bill(statement, lang));
    let mut facts: Vec<Fact> = facts.into_iter().map(|(label, text)| (label, lang.sentence(&text))).collect();
    // an id stays as the institution writes it
    facts.insert(of_person, (lang.of("账单号", "Bill"), plain(statement.bill.id.as_str())));
    facts.push((
        lang.of("适用政策", "Rules applied"),
        match lang {
            Lang::Zh => format!("{} 当日有效，版本 {}", statement.decision.date, short_version(statement)),
            Lang::En => format!("In force on {}, version {}", statement.decision.date, short_version(statement)),
        },
    ));
    facts
}

fn person(statement: &Statement<'_>, lang: Lang) -> Vec<Fact> {
    let (policy, person) = (statement.policy, statement.person);
    let schemes: Vec<&str> = person.schemes.iter().map(|scheme| lang.word(*scheme)).collect();
    let group = match lang {
        Lang::Zh => {
            format!("{}{}", lang.word(person.group), person.age.map_or(String::new(), |age| format!("，{age} 岁")))
        }
        Lang::En => {
            format!("{}{}", lang.word(person.group), person.age.map_or(String::new(), |age| format!(", aged {age}")))
        }
    };
    let mut facts = vec![
        (lang.of("参保地", "Insured in"), labels::chain(policy, person.division, lang)),
        (lang.of("险种", "Scheme"), schemes.join(lang.of("、", ", "))),
        (lang.of("参保人", "Person"), group),
    ];
    let categories: Vec<&str> =
        person.categories.iter().filter(|one| **one != Category::None).map(|one| lang.word(*one)).collect();
    if !categories.is_empty() {
        let applied = statement.decision.settlement().filter(|_| categories.len() > 1).map(|settlement| {
            let applied = lang.word(settlement.category);
            match lang {
                Lang::Zh => format!("（按最有利的“{applied}”计算）"),
                Lang::En => format!(" (computed as: {applied}, the most favourable)"),
            }
        });
        let names = categories.join(lang.of("、", ", "));
        facts.push((lang.of("救助类别", "Assistance"), format!("{names}{}", applied.unwrap_or_default())));
    }
    let plans: Vec<String> = person.plans.iter().map(|plan| labels::payer(policy, plan.as_str(), lang)).collect();
    if !plans.is_empty() {
        facts.push((lang.of("参加计划", "Member of"), plans.join(lang.of("、", ", "))));
    }
    facts
}

fn bill(statement: &Statement<'_>, lang: Lang) -> Vec<Fact> {
    let (person, bill) = (statement.person, statement.bill);
    let mut care = lang.word(bill.care).to_owned();
    if !bill.disease.is_empty() {
        care.push_str(lang.comma());
        care.push_str(&labels::disease_of_bill(statement.policy, person.division, &bill.disease, lang));
    }
    let mut place = lang.word(bill.place).to_owned();
    if bill.place != Place::Local || bill.filing != Filing::AtHome {
        place = format!("{place}{}{}", lang.comma(), lang.word(bill.filing));
    }
    place = format!("{place}{}{}", lang.comma(), lang.word(bill.referral));
    let dates = match lang {
        Lang::Zh => format!("{} 至 {}，{} 结算", bill.from, bill.to, bill.settled),
        Lang::En => format!("{} to {}, settled {}", bill.from, bill.to, bill.settled),
    };
    vec![
        (lang.of("医疗类别", "Care"), care),
        (lang.of("医疗机构", "Institution"), lang.word(bill.institution).to_owned()),
        (lang.of("就医地", "Place of care"), place),
        (lang.of("日期", "Dates"), dates),
    ]
}

//! Reads what the messages share: days, grants, plans.

use std::collections::BTreeSet;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use chrono::NaiveDate;
use money::Fen;
use rpc::Violations;
use terms::{Category, Name};
use wire::change::Change;
use wire::read;

use super::words::office;
use crate::app::reserve::PlannedDay;
use crate::domain::{Authority, Evidence, Office, Terms};

/// The most proofs of a grant.
pub(super) const EVIDENCE_AT_MOST: usize = 50;

/// Reads a list item by item, each at its place; nothing is read of one that is too long or empty.
pub(super) fn list<I, T>(
    v: &mut Violations,
    field: &str,
    items: &[I],
    (least, most): (usize, usize),
    mut read: impl FnMut(&mut Violations, &I) -> Option<T>,
) -> Option<Vec<T>> {
    if items.len() < least || items.len() > most {
        v.add(field, format!("{} items", items.len()), format!("from {least} to {most} items"));
        return None;
    }
    let read: Vec<Option<T>> =
        items.iter().enumerate().map(|(at, item)| v.within_item(field, at, |v| read(v, item))).collect();
    read.into_iter().collect()
}

/// What is granted.
pub(super) fn terms(v: &mut Violations, given: Option<&pb::CategoryTerms>) -> Option<Terms> {
    terms_of(v, "terms", given)
}

/// What is granted, in a field of another name.
pub(super) fn terms_of(v: &mut Violations, field: &str, given: Option<&pb::CategoryTerms>) -> Option<Terms> {
    let given = v.required(field, given, "what is granted")?;
    v.within(field, |v| {
        let category = category(v, "category", given.category);
        let treated_as = match given.treated_as {
            Some(number) => self::category(v, "treated_as", number).map(Some),
            None => Some(None),
        };
        let from = read::date(v, "from_date", &given.from_date);
        let to = read::optional_date(v, "to_date", &given.to_date);
        if let Some((from, to)) = from.zip(to.flatten()).filter(|(from, to)| to < from) {
            v.add("to_date", to, format!("a day not before {from}"));
        }
        let authority = authority(v, given.authority.as_ref());
        let evidence = list(v, "evidence", &given.evidence, (0, EVIDENCE_AT_MOST), evidence);
        named_by_government(v, category, treated_as, authority.as_ref());
        Some(Terms {
            category: category?,
            treated_as: treated_as?,
            from: from?,
            to: to?,
            authority: authority?,
            evidence: evidence?,
        })
    })
}

pub(super) fn category(v: &mut Violations, field: &str, number: i32) -> Option<Category> {
    let category: Category = read::word(v, field, number)?;
    if category == Category::None {
        v.add(field, "NO_CATEGORY", "a category of people who are assisted");
        return None;
    }
    Some(category)
}

/// People a county names are treated as another category, and only a government names them.
pub(super) fn named_by_government(
    v: &mut Violations,
    category: Option<Category>,
    treated_as: Option<Option<Category>>,
    authority: Option<&Authority>,
) {
    let is_named = category == Some(Category::OtherAssisted);
    match treated_as {
        Some(None) if is_named => v.add("treated_as", "nothing", "the category the person is treated as"),
        Some(Some(Category::OtherAssisted)) => v.add("treated_as", "OTHER_ASSISTED", "another category than this"),
        Some(Some(_)) if category.is_some() && !is_named => {
            v.add("treated_as", "a category", "nothing: only OTHER_ASSISTED is treated as another category");
        }
        _ => {}
    }
    if is_named && authority.is_some_and(|authority| authority.office != Office::Government) {
        v.add("authority.office", "another office", "OFFICE_GOVERNMENT, which names people OTHER_ASSISTED");
    }
}

pub(super) fn authority(v: &mut Violations, given: Option<&pb::Authority>) -> Option<Authority> {
    let given = v.required("authority", given, "who grants it")?;
    v.within("authority", |v| {
        let office = office(v, "office", given.office);
        let division = read::division(v, "division", &given.division);
        let name = read::optional_text(v, "name", &given.name, 100);
        Some(Authority { office: office?, division: division?, name: name? })
    })
}

pub(super) fn evidence(v: &mut Violations, given: &settlement_pb::Evidence) -> Option<Evidence> {
    let kind = read::name(v, "kind", &given.kind);
    let reference = read::text(v, "reference", &given.reference, 200);
    let sha256 = given.sha256.as_str();
    let is_hash =
        sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_hash {
        v.add("sha256", if sha256.is_empty() { "nothing" } else { sha256 }, "64 hexadecimal digits in lower case");
        return None;
    }
    Some(Evidence { kind: kind?.to_string(), reference: reference?, sha256: sha256.to_owned() })
}

/// A version that was seen.
pub(super) fn version(v: &mut Violations, number: u32) -> Option<u32> {
    if number == 0 {
        v.add("version", 0, "the version that was seen, from 1");
        return None;
    }
    Some(number)
}

/// Days, each once.
pub(super) fn days(v: &mut Violations, field: &str, days: &[String], most: usize) -> Option<Vec<NaiveDate>> {
    let mut known = BTreeSet::new();
    list(v, field, days, (1, most), |v, day| {
        let day = read::date(v, "", day)?;
        once(v, "", known.insert(day), day).then_some(day)
    })
}

/// The days of a plan, each once, with categories each once and in the order of the words.
pub(super) fn planned(v: &mut Violations, days: &[pb::PlannedDay]) -> Option<Vec<PlannedDay>> {
    let mut known = BTreeSet::new();
    list(v, "days", days, (1, 400), |v, given| {
        let day = read::date(v, "on_date", &given.on_date);
        let categories = list(v, "categories", &given.categories, (0, 100), |v, number| category(v, "", *number));
        let (day, mut categories) = day.zip(categories)?;
        categories.sort_unstable();
        categories.dedup();
        once(v, "on_date", known.insert(day), day).then_some(PlannedDay { day, categories, pinned: given.pinned })
    })
}

/// What is asked for, each year and payer once.
pub(super) fn asks(v: &mut Violations, asks: &[pb::Ask]) -> Option<Vec<(i32, Name, Fen)>> {
    let mut known = BTreeSet::new();
    list(v, "asks", asks, (1, 20), |v, ask| {
        let year = read::year(v, "year", ask.year);
        let payer = read::name(v, "payer", &ask.payer);
        let net = read::fen(v, "net_fen", ask.net_fen);
        if ask.net_fen == 0 {
            v.add("net_fen", 0, "an amount above zero");
            return None;
        }
        let ((year, payer), net) = year.zip(payer).zip(net)?;
        once(v, "payer", known.insert((year, payer)), payer).then_some((year, payer, net))
    })
}

fn once(v: &mut Violations, field: &str, is_new: bool, found: impl std::fmt::Display) -> bool {
    if !is_new {
        v.add(field, found, "each once");
    }
    is_new
}

/// Changes of settlement; those of `only`, where it is given, and in order.
pub(super) fn changes(
    v: &mut Violations,
    field: &str,
    changes: &[settlement_pb::Change],
    bounds: (usize, usize),
    only: Option<Name>,
) -> Option<Vec<Change>> {
    let mut last = 0;
    list(v, field, changes, bounds, |v, change| {
        let change = read::change(v, change)?;
        let Some(only) = only else { return Some(change) };
        if change.person != only {
            v.add("person_id", change.person, format!("a Change of {only}"));
            return None;
        }
        if change.sequence <= last {
            v.add("sequence", change.sequence, format!("a place after {last}"));
            return None;
        }
        last = change.sequence;
        Some(change)
    })
}

//! Messages to people (TB-11): what they are told, and the Chinese text of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use terms::{EntryKind, Name, Word as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use wire::change::{Cause, ClaimStand, ThirdSystem};

use super::{Act, Application, ApplicationState, ApplicationStep, Decision, Grant, Wanted};

/// What a person is to be told: a template and what fills it in. No name and no number of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Its id, the same in every delivery.
    pub(crate) id: String,
    pub(crate) person_id: String,
    pub(crate) template: String,
    pub(crate) fields: BTreeMap<String, String>,
    /// The claim or grant it is about.
    pub(crate) about_id: String,
    /// RFC 3339.
    pub(crate) happened_at: String,
}

/// Why a message has no text: a defect, which no trying again mends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoText {
    #[error("find the template {0}")]
    Template(String),
    #[error("fill in {0}")]
    Field(String),
    #[error("leave out what reads as the number of a document")]
    Number,
}

struct Template {
    fields: Vec<String>,
    text: String,
}

/// The templates that ship; a test holds that every one can be read.
static TEMPLATES: LazyLock<BTreeMap<String, Template>> = LazyLock::new(|| {
    let read = DeTable::parse(include_str!("../../templates/zh.toml")).map(Spanned::into_inner).unwrap_or_default();
    let template = |value: &DeValue<'_>| {
        let table = value.as_table()?;
        let fields = table.get("fields")?.get_ref().as_array()?;
        let fields = fields.iter().filter_map(|field| field.get_ref().as_str().map(str::to_owned)).collect();
        Some(Template { fields, text: table.get("text")?.get_ref().as_str()?.to_owned() })
    };
    let named = read.iter().filter_map(|(name, value)| Some((name.get_ref().to_string(), template(value.get_ref())?)));
    named.collect()
});

/// The longest run of digits in a text: a number of a document has at least fifteen.
const DIGITS_MOST: usize = 14;

impl Message {
    /// The text of it.
    pub(crate) fn text(&self) -> Result<String, NoText> {
        let template = TEMPLATES.get(&self.template).ok_or_else(|| NoText::Template(self.template.clone()))?;
        let mut text = template.text.clone();
        for field in &template.fields {
            let value = self.fields.get(field).ok_or_else(|| NoText::Field(field.clone()))?;
            text = text.replace(&format!("{{{field}}}"), value);
        }
        if let Some(strange) = self.fields.keys().find(|field| !template.fields.contains(field)) {
            return Err(NoText::Field(strange.clone()));
        }
        if text.split(|char: char| !char.is_ascii_digit()).any(|digits| digits.len() > DIGITS_MOST) {
            return Err(NoText::Number);
        }
        Ok(text)
    }
}

/// A template and what fills it in.
pub(crate) type Telling = (&'static str, BTreeMap<String, String>);

fn said<const N: usize>(template: &'static str, fields: [(&str, String); N]) -> Telling {
    (template, fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect())
}

/// What a person is told of a claim as it stands now.
pub(crate) fn of_claim(stand: &ClaimStand) -> Telling {
    let (date, care) = (stand.settled_date.to_string(), stand.care.zh().to_owned());
    if stand.reversed {
        return said("claim_reversed", [("date", date), ("care", care)]);
    }
    let is_first = stand.cause == Cause::Settled && stand.revision == 0;
    if is_first && stand.third_system == ThirdSystem::Follows {
        let fields = [
            ("date", date),
            ("care", care),
            ("total", stand.total.to_string()),
            ("fund", stand.fund.to_string()),
            ("cash", stand.cash.to_string()),
        ];
        return said("claim_settled_first_of_two", fields);
    }
    let assistance: money::Fen = stand.held.iter().map(|one| one.amount).sum();
    let fields = [
        ("date", date),
        ("care", care),
        ("total", stand.total.to_string()),
        ("fund", stand.fund.to_string()),
        ("assistance", assistance.to_string()),
        ("cash", stand.cash.to_string()),
    ];
    said(if is_first { "claim_settled" } else { "claim_changed" }, fields)
}

/// What a person is told of a grant, in the version that was just recorded.
pub(crate) fn of_grant(grant: &Grant) -> Telling {
    let category = || ("category", grant.terms.category.zh().to_owned());
    let from = || ("from", grant.terms.from.to_string());
    let is_first = grant.version == 1;
    match grant.terms.to.map(|to| ("to", to.to_string())) {
        _ if grant.taken_back => said("category_withdrawn", [category()]),
        Some(to) if is_first => said("category_granted_until", [category(), from(), to]),
        None if is_first => said("category_granted", [category(), from()]),
        Some(to) => said("category_changed_until", [category(), from(), to]),
        None => said("category_changed", [category(), from()]),
    }
}

/// What a person is told of a step of an application, on its day; nothing where the step is no news, or where the category itself is
/// told. The reason of a rejection is text of an officer's and is in no message.
pub(crate) fn of_application(of: &Application, step: &ApplicationStep, day: NaiveDate) -> Option<Telling> {
    let thing = match of.wanted {
        Wanted::Category(category) => category.zh(),
        Wanted::Temporary(_) => EntryKind::Aid.zh(),
    };
    let (date, thing) = (("date", day.to_string()), ("thing", thing.to_owned()));
    let amount = |amount: money::Fen| ("amount", amount.to_string());
    match (step.act, step.state, &of.decision) {
        (Act::Applied, ..) => Some(said("application_received", [date, thing])),
        (Act::Confirmed, ApplicationState::Approved, Some(Decision::Temporary(approved))) => {
            Some(said("application_approved", [date, thing, amount(*approved)]))
        }
        (Act::Confirmed, ApplicationState::Rejected, _) => Some(said("application_rejected", [date, thing])),
        (Act::Paid, ..) => Some(said("application_paid", [date, thing, amount(of.paid)])),
        _ => None,
    }
}

impl Message {
    /// A message to a person about a claim or a grant.
    pub(crate) fn new(id: String, person: &str, about: &str, said: Telling, at: chrono::DateTime<chrono::Utc>) -> Self {
        let (template, fields) = said;
        Self {
            id,
            person_id: person.to_owned(),
            template: template.to_owned(),
            fields,
            about_id: about.to_owned(),
            happened_at: at.to_rfc3339(),
        }
    }

    /// The person, where the id is one.
    pub(crate) fn person(&self) -> Option<Name> {
        Name::new(&self.person_id).ok().filter(|person| !person.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(template: &str, fields: &[(&str, &str)]) -> Message {
        let fields = fields.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect();
        let text = String::new;
        Message {
            id: text(),
            person_id: text(),
            template: template.to_owned(),
            fields,
            about_id: text(),
            happened_at: text(),
        }
    }

    #[test]
    fn every_template_names_exactly_what_its_text_fills_in() {
        assert_eq!(TEMPLATES.len(), 13);
        for (name, template) in &*TEMPLATES {
            let holes: Vec<&str> =
                template.text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
            assert_eq!(holes, template.fields, "{name}");
        }
    }

    #[test]
    fn a_share_that_follows_is_no_silent_zero() {
        let stand = ClaimStand {
            claim: Name::new("C").unwrap(),
            division: "990100".parse().unwrap(),
            revision: 0,
            cause: Cause::Settled,
            reversed: false,
            institution: Name::new("I").unwrap(),
            bill: String::new(),
            stay: String::new(),
            rules_date: "2022-10-10".parse().unwrap(),
            settled_date: "2022-10-10".parse().unwrap(),
            care: terms::Care::Inpatient,
            scheme: terms::Scheme::Resident,
            category: terms::Category::None,
            categories: Vec::new(),
            categories_handed_in: false,
            third_system: ThirdSystem::Follows,
            total: money::Fen::new(100_000),
            within_scope: money::Fen::new(100_000),
            fund: money::Fen::new(60_000),
            cash: money::Fen::new(40_000),
            payers: Vec::new(),
            held: Vec::new(),
            short: Vec::new(),
        };
        let text = |stand: &ClaimStand| {
            let (template, fields) = of_claim(stand);
            let fields: Vec<_> = fields.iter().map(|(field, value)| (field.as_str(), value.as_str())).collect();
            message(template, &fields).text().unwrap()
        };
        let following = text(&stand);
        assert!(following.contains("将另行核定补付") && !following.contains("医疗救助0.00"), "{following}");
        let whole = text(&ClaimStand { third_system: ThirdSystem::Whole, ..stand });
        assert!(whole.contains("其中医疗救助0.00元"), "{whole}");
    }

    #[test]
    fn a_text_is_filled_in_whole_or_not_at_all_and_holds_no_number_of_a_document() {
        let granted = message("category_granted", &[("category", "低保对象"), ("from", "2022-09-05")]);
        let text = "【医疗保障】您已被认定为低保对象，自2022-09-05起享受医疗救助待遇。如有疑问请拨打12393。";
        assert_eq!(granted.text().unwrap(), text);
        let lacking = message("category_granted", &[("category", "低保对象")]);
        assert_eq!(lacking.text(), Err(NoText::Field("from".to_owned())));
        let strange = message("category_withdrawn", &[("category", "低保对象"), ("name", "张三")]);
        assert_eq!(strange.text(), Err(NoText::Field("name".to_owned())));
        let number = message("category_withdrawn", &[("category", "110101199003070000")]);
        assert_eq!(number.text(), Err(NoText::Number));
        assert_eq!(message("another", &[]).text(), Err(NoText::Template("another".to_owned())));
    }
}

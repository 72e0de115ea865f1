//! The content of a call, as its idempotency key is compared by.

use money::Rate;
use pb::policy::v1::bill::Costs;
use pb::policy::v1::{Bill, FeeLine, PersonFacts};
use pb::settlement::v1::{Evidence, LineRefund, Submission};
use prost::Message as _;
use store::idempotency::Call;

/// Whose calls share their keys: those about bills of an institution, whichever of them it makes.
pub(super) fn claims_of(institution: &str) -> String {
    format!("claims/{institution}")
}

/// The calls about bills, by the name that stands in `method`.
pub(super) const METHODS: [&str; 5] = ["Settle", "SettleInterim", "Reimburse", "ReverseClaim", "RefundLines"];

/// Adds a field where it says anything: what is left out and what is its default are one on the wire.
fn said(call: Call, field: &str, content: impl AsRef<[u8]>) -> Call {
    if content.as_ref().is_empty() { call } else { call.field(field, content) }
}

fn number(call: Call, field: &str, number: impl Into<i64>) -> Call {
    let number = number.into();
    if number == 0 { call } else { call.field(field, number.to_be_bytes()) }
}

/// Adds a submission field by field, so that a key used again names what differs.
pub(super) fn submitted(call: Call, submission: &Submission) -> Call {
    let Submission {
        person_id,
        institution_id,
        visit_id,
        stay_id,
        bill: given,
        policy_version,
        person_facts,
        with_steps,
        care_division,
        cross_province,
    } = submission;
    let texts = [
        ("submission.person_id", person_id),
        ("submission.institution_id", institution_id),
        ("submission.visit_id", visit_id),
        ("submission.stay_id", stay_id),
        ("submission.policy_version", policy_version),
        ("submission.care_division", care_division),
    ];
    let call = texts.into_iter().fold(call, |call, (field, text)| said(call, field, text));
    let call = number(call, "submission.with_steps", *with_steps);
    let call = person_facts.iter().fold(call, person);
    let crossing = cross_province.as_ref().map(prost::Message::encode_length_delimited_to_vec).unwrap_or_default();
    let call = said(call, "submission.cross_province", crossing);
    given.iter().fold(call, bill)
}

fn person(call: Call, person: &PersonFacts) -> Call {
    let PersonFacts { division, schemes, group, age, categories, plans, diseases, covered } = person;
    // that facts were handed in at all is content as well
    let call = call.field("submission.person_facts.division", division);
    let words = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let names = |names: &[String]| names.iter().flat_map(String::encode_length_delimited_to_vec).collect::<Vec<u8>>();
    let call = said(call, "submission.person_facts.schemes", words(schemes));
    let call = number(call, "submission.person_facts.group", *group);
    let call = said(call, "submission.person_facts.age", age.map(|age| age.to_be_bytes().to_vec()).unwrap_or_default());
    let call = said(call, "submission.person_facts.categories", words(categories));
    let call = said(call, "submission.person_facts.plans", names(plans));
    let call = said(call, "submission.person_facts.diseases", names(diseases));
    let covered = covered.as_ref().map(prost::Message::encode_length_delimited_to_vec).unwrap_or_default();
    said(call, "submission.person_facts.covered", covered)
}

fn bill(call: Call, bill: &Bill) -> Call {
    let texts = [
        ("submission.bill.bill_id", &bill.bill_id),
        ("submission.bill.from_date", &bill.from_date),
        ("submission.bill.to_date", &bill.to_date),
        ("submission.bill.settled_date", &bill.settled_date),
        ("submission.bill.disease", &bill.disease),
    ];
    let call = texts.into_iter().fold(call, |call, (field, text)| said(call, field, text));
    let numbers = [
        ("submission.bill.care", bill.care.into()),
        ("submission.bill.institution", bill.institution.into()),
        ("submission.bill.place", bill.place.into()),
        ("submission.bill.filing", bill.filing.into()),
        ("submission.bill.referral", bill.referral.into()),
        ("submission.bill.total_fen", bill.total_fen),
        ("submission.bill.use_account", bill.use_account.map_or(0, |uses| 1 + i64::from(uses))),
    ];
    let call = numbers.into_iter().fold(call, |call, (field, content)| number(call, field, content));
    match &bill.costs {
        Some(Costs::Parts(parts)) => {
            let parts = [
                ("submission.bill.parts.outside_catalogue_fen", parts.outside_catalogue_fen),
                ("submission.bill.parts.over_limit_fen", parts.over_limit_fen),
                ("submission.bill.parts.first_self_paid_fen", parts.first_self_paid_fen),
                ("submission.bill.parts.within_scope_fen", parts.within_scope_fen),
                ("submission.bill.parts.hospital_fen", parts.hospital_fen),
                ("submission.bill.parts.apart_fen", parts.apart_fen),
            ];
            parts.into_iter().fold(call, |call, (field, content)| number(call, field, content))
        }
        Some(Costs::Lines(lines)) => call.list("submission.bill.lines.lines", &LINE, lines.lines.iter().map(line)),
        None => call,
    }
}

/// The fields of a fee line, as [`line`] gives them.
const LINE: [&str; 11] = [
    "item",
    "kind",
    "amount_fen",
    "quantity",
    "unit_price_fen",
    "epidemic",
    "service_date",
    "terms",
    "terms.class",
    "terms.price_limit_fen",
    "terms.first_self_paid_rate",
];

fn line(line: &FeeLine) -> [Vec<u8>; LINE.len()] {
    let whole = |number: Option<i64>| number.map(|number| number.to_be_bytes().to_vec()).unwrap_or_default();
    let terms = line.terms.as_ref();
    let quantity = if line.quantity.is_empty() { "1" } else { &line.quantity };
    [
        line.item.clone().into_bytes(),
        whole(Some(line.kind.into())),
        whole(Some(line.amount_fen)),
        decimal(quantity),
        whole(line.unit_price_fen),
        whole(Some(line.epidemic.into())),
        line.service_date.clone().into_bytes(),
        whole(terms.map(|_| 1)),
        whole(terms.and_then(|terms| terms.class).map(i64::from)),
        whole(terms.and_then(|terms| terms.price_limit_fen)),
        terms.and_then(|terms| terms.first_self_paid_rate.as_deref()).map(decimal).unwrap_or_default(),
    ]
}

/// What a refund gives back, as content; the fields are `line`, `amount_fen` and `quantity`.
pub(super) fn refunded(call: Call, lines: &[LineRefund]) -> Call {
    let line = |given: &LineRefund| {
        [given.line.to_be_bytes().to_vec(), given.amount_fen.to_be_bytes().to_vec(), decimal(&given.quantity)]
    };
    call.list("lines", &["line", "amount_fen", "quantity"], lines.iter().map(line))
}

/// Documents, as content.
pub(super) fn proven(call: Call, evidence: &[Evidence]) -> Call {
    let fields = |given: &Evidence| [given.kind.clone(), given.reference.clone(), given.sha256.clone()];
    call.list("evidence", &["kind", "reference", "sha256"], evidence.iter().map(fields))
}

/// A decimal as it is compared: `2` and `2.0` are the same. What is none, or empty, is itself.
fn decimal(text: &str) -> Vec<u8> {
    text.parse::<Rate>().map_or_else(|_| text.to_owned(), |rate| rate.to_string()).into_bytes()
}

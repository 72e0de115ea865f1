//! Requests about accounts, each read into its command with all its mistakes at once.

mod open_year;

use money::Fen;
use pb::settlement::v1::{
    BindFamilyAccountRequest, CreditAccountRequest, DebitAccountRequest, MovementKind as KindPb,
    UnbindFamilyAccountRequest,
};
use pb::r#type::v1::Relation;
use rpc::{Fault, Violations};
use store::idempotency::Call;
use terms::Name;
use wire::read;

pub(super) use open_year::open_year;

use super::super::numbered;
use crate::app::{Bind, Credit, Debit, Unbind};
use crate::domain::MovementKind;

/// Whose calls share their keys.
const CALLER: &str = "accounts";

fn call(key: &str, method: &str) -> Call {
    Call::new(CALLER, key).field("method", method)
}

pub(super) fn credit(request: &CreditAccountRequest) -> Result<Credit, Fault> {
    let mut v = Violations::new();
    let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
    let person = read::id(&mut v, "person_id", &request.person_id);
    let credit = read::id(&mut v, "credit_id", &request.credit_id);
    let kind = match KindPb::try_from(request.kind) {
        Ok(KindPb::Credit) => Some(MovementKind::Credit),
        Ok(KindPb::BroughtIn) => Some(MovementKind::BroughtIn),
        _ => {
            v.add("kind", named(request.kind), "MOVEMENT_KIND_CREDIT or MOVEMENT_KIND_BROUGHT_IN");
            None
        }
    };
    let amount = amount(&mut v, request.amount_fen);
    if request.cover_year != 0 {
        read::year(&mut v, "cover_year", request.cover_year);
    }
    let division = read::division(&mut v, "division", &request.division);
    let payer = match kind {
        Some(MovementKind::Credit) => read::name(&mut v, "payer", &request.payer).map(Some),
        _ => none(&mut v, "payer", &request.payer, "no fund for what is brought in"),
    };
    let command = (|| {
        let call = call(&key?, "CreditAccount")
            .field("person_id", &request.person_id)
            .field("credit_id", &request.credit_id)
            .field("kind", request.kind.to_be_bytes())
            .field("amount_fen", request.amount_fen.to_be_bytes())
            .field("cover_year", request.cover_year.to_be_bytes())
            .field("division", &request.division)
            .field("payer", &request.payer);
        let (person, credit, kind) = (person?, credit?, kind?);
        Some(Credit { call, person, credit, kind, amount: amount?, division: division?, payer: payer? })
    })();
    v.finish(command)
}

pub(super) fn debit(request: &DebitAccountRequest) -> Result<Debit, Fault> {
    let mut v = Violations::new();
    let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
    let person = read::id(&mut v, "person_id", &request.person_id);
    let kind = match KindPb::try_from(request.kind) {
        Ok(KindPb::RelativePremium) => Some(MovementKind::RelativePremium),
        Ok(KindPb::TakenAlong) => Some(MovementKind::TakenAlong),
        Ok(KindPb::TakenBack) => Some(MovementKind::TakenBack),
        _ => {
            let expected = "MOVEMENT_KIND_RELATIVE_PREMIUM, MOVEMENT_KIND_TAKEN_ALONG or MOVEMENT_KIND_TAKEN_BACK";
            v.add("kind", named(request.kind), expected);
            None
        }
    };
    let amount = amount(&mut v, request.amount_fen);
    let about = read::id(&mut v, "about_id", &request.about_id);
    let relative = match kind {
        Some(MovementKind::RelativePremium) => {
            other(&mut v, "relative_person_id", &request.relative_person_id, &request.person_id).map(Some)
        }
        _ => none(&mut v, "relative_person_id", &request.relative_person_id, "no relative for what is taken along"),
    };
    if kind.is_some_and(|kind| kind != MovementKind::TakenBack) && request.brought_in {
        v.add("brought_in", "true", "false: only of what is taken back");
    }
    let back = if kind == Some(MovementKind::TakenBack) {
        let division = read::division(&mut v, "division", &request.division);
        let payer = if request.brought_in {
            none(&mut v, "payer", &request.payer, "no fund for what was brought in")
        } else {
            read::name(&mut v, "payer", &request.payer).map(Some)
        };
        division.zip(payer).map(Some)
    } else {
        let nothing = "nothing: only what is taken back goes to a fund";
        let division = none(&mut v, "division", &request.division, nothing).map(|_: Option<Name>| ());
        division.zip(none(&mut v, "payer", &request.payer, nothing).map(|_: Option<Name>| ())).map(|_| None)
    };
    let command = (|| {
        let call = call(&key?, "DebitAccount")
            .field("person_id", &request.person_id)
            .field("kind", request.kind.to_be_bytes())
            .field("amount_fen", request.amount_fen.to_be_bytes())
            .field("about_id", &request.about_id)
            .field("relative_person_id", &request.relative_person_id);
        // left out where they say nothing: calls made before these fields were there are the same calls
        let call = if back?.is_some() {
            call.field("division", &request.division).field("payer", &request.payer)
        } else {
            call
        };
        let call = if request.brought_in { call.field("brought_in", "true") } else { call };
        let (about, relative, back) = (about?, relative?, back?);
        Some(Debit { call, person: person?, kind: kind?, amount: amount?, about, relative, back })
    })();
    v.finish(command)
}

pub(super) fn bind(request: &BindFamilyAccountRequest) -> Result<Bind, Fault> {
    let mut v = Violations::new();
    let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
    let owner = read::id(&mut v, "owner_person_id", &request.owner_person_id);
    let relative = other(&mut v, "relative_person_id", &request.relative_person_id, &request.owner_person_id);
    let relation = Relation::try_from(request.relation).ok().filter(|relation| SHARING.contains(relation));
    if relation.is_none() {
        let found = match Relation::try_from(request.relation) {
            Ok(Relation::Unspecified) | Err(_) => numbered(request.relation),
            Ok(other) => other.as_str_name().to_owned(),
        };
        v.add("relation", found, "RELATION_SPOUSE, RELATION_PARENT or RELATION_CHILD");
    }
    let from = read::optional_date(&mut v, "from_date", &request.from_date);
    let command = (|| {
        let call = call(&key?, "BindFamilyAccount")
            .field("owner_person_id", &request.owner_person_id)
            .field("relative_person_id", &request.relative_person_id)
            .field("relation", request.relation.to_be_bytes())
            .field("from_date", &request.from_date);
        let relation = relation?.as_str_name().trim_start_matches(PREFIX).to_ascii_lowercase();
        Some(Bind { call, owner: owner?, relative: relative?, relation, from: from? })
    })();
    v.finish(command)
}

/// The relations in which an account may be shared.
const SHARING: [Relation; 3] = [Relation::Spouse, Relation::Parent, Relation::Child];
/// How the names of relations begin; a stored word is the rest in lower case.
pub(super) const PREFIX: &str = "RELATION_";

pub(super) fn unbind(request: &UnbindFamilyAccountRequest) -> Result<Unbind, Fault> {
    let mut v = Violations::new();
    let key = read::key(&mut v, "idempotency_key", &request.idempotency_key);
    let binding = read::id(&mut v, "binding_id", &request.binding_id);
    let to = read::optional_date(&mut v, "to_date", &request.to_date);
    let command = (|| {
        let call = call(&key?, "UnbindFamilyAccount")
            .field("binding_id", &request.binding_id)
            .field("to_date", &request.to_date);
        Some(Unbind { call, binding: binding?, to: to? })
    })();
    v.finish(command)
}

/// A kind of movement as the wire names it.
fn named(kind: i32) -> String {
    match KindPb::try_from(kind) {
        Ok(KindPb::Unspecified) | Err(_) => numbered(kind),
        Ok(other) => other.as_str_name().to_owned(),
    }
}

fn amount(v: &mut Violations, amount: i64) -> Option<Fen> {
    if amount == 0 {
        v.add("amount_fen", amount, "an amount above zero");
        return None;
    }
    read::fen(v, "amount_fen", amount)
}

/// A person who is not the one that is named already.
fn other(v: &mut Violations, field: &str, text: &str, known: &str) -> Option<Name> {
    let person = read::id(v, field, text)?;
    if text == known {
        v.add(field, text, "another person than the owner");
        return None;
    }
    Some(person)
}

/// A field that has to be empty here.
fn none(v: &mut Violations, field: &str, text: &str, expected: &str) -> Option<Option<Name>> {
    if text.is_empty() {
        return Some(None);
    }
    v.add(field, policy::printable(text), expected);
    None
}

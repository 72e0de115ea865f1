//! What happened to accounts, as replies.

use pb::settlement::v1::{
    BindFamilyAccountResponse, CreditAccountResponse, DebitAccountResponse, FamilyBinding, Movement as MovementPb,
    MovementKind as KindPb, OpenYearResponse, UnbindFamilyAccountResponse,
};
use pb::r#type::v1::{JournalEntry, Relation};
use rpc::Fault;

use super::super::answer::{self, Form};
use super::read::PREFIX;
use crate::app::{Done, Moved};
use crate::domain::{Binding, Movement, MovementKind, Policies};

fn other_command() -> Fault {
    Fault::internal("a change of an account got the answer of another command")
}

pub(super) fn credited(done: &Done) -> Result<CreditAccountResponse, Fault> {
    let (movement, entries) = moved(done)?;
    Ok(CreditAccountResponse { movement: Some(movement), entries })
}

pub(super) fn debited(done: &Done) -> Result<DebitAccountResponse, Fault> {
    let (movement, entries) = moved(done)?;
    let Done::Moved(made) = done else { return Err(other_command()) };
    Ok(DebitAccountResponse { movement: Some(movement), entries, owed_fen: made.owed.get() })
}

fn moved(done: &Done) -> Result<(MovementPb, Vec<JournalEntry>), Fault> {
    let Done::Moved(moved) = done else { return Err(other_command()) };
    let Moved { movement: made, entries, .. } = &**moved;
    Ok((movement(made), answer::entries(entries, made.at, Form::default())))
}

pub(super) fn movement(movement: &Movement) -> MovementPb {
    let kind = match movement.kind {
        MovementKind::Credit => KindPb::Credit,
        MovementKind::BroughtIn => KindPb::BroughtIn,
        MovementKind::Bill => KindPb::Bill,
        MovementKind::RelativeBill => KindPb::RelativeBill,
        MovementKind::Returned => KindPb::Returned,
        MovementKind::RelativePremium => KindPb::RelativePremium,
        MovementKind::TakenAlong => KindPb::TakenAlong,
        MovementKind::TakenBack => KindPb::TakenBack,
        MovementKind::Owed => KindPb::Owed,
        MovementKind::OwedPaid => KindPb::OwedPaid,
    };
    MovementPb {
        movement_id: movement.id.to_string(),
        kind: kind.into(),
        amount_fen: movement.amount.get(),
        balance_fen: movement.balance.get(),
        about_id: movement.about.clone(),
        relative_person_id: movement.relative.map(|relative| relative.to_string()).unwrap_or_default(),
        moved_at: Some(wire::write::moment(movement.at)),
        owed_fen: movement.owed.get(),
    }
}

pub(super) fn opened(policies: &Policies, done: &Done) -> Result<OpenYearResponse, Fault> {
    let Done::Opened(opened) = done else { return Err(other_command()) };
    Ok(OpenYearResponse {
        accumulators: Some(wire::write::accumulators(&opened.opening.start)),
        opening_id: opened.opening.id.to_string(),
        adjustments: answer::adjustments(policies, &opened.adjusted, Form::default())?,
    })
}

pub(super) fn bound(done: &Done) -> Result<BindFamilyAccountResponse, Fault> {
    Ok(BindFamilyAccountResponse { binding: Some(done_to(done)?) })
}

pub(super) fn unbound(done: &Done) -> Result<UnbindFamilyAccountResponse, Fault> {
    Ok(UnbindFamilyAccountResponse { binding: Some(done_to(done)?) })
}

fn done_to(done: &Done) -> Result<FamilyBinding, Fault> {
    let Done::Bound(bound) = done else { return Err(other_command()) };
    binding(bound)
}

pub(super) fn binding(binding: &Binding) -> Result<FamilyBinding, Fault> {
    let relation = Relation::from_str_name(&format!("{PREFIX}{}", binding.relation.to_ascii_uppercase()));
    Ok(FamilyBinding {
        binding_id: binding.id.to_string(),
        owner_person_id: binding.owner.to_string(),
        relative_person_id: binding.relative.to_string(),
        relation: relation.ok_or_else(|| Fault::internal("a binding has a relation that is none"))?.into(),
        from_date: wire::write::date(binding.from),
        to_date: wire::write::optional_date(binding.to),
    })
}

use pb::policy::v1 as policy_pb;
use policy::{NationalField, Payer, PayerKind, Policy, Settlement};

use crate::words;

/// What each payer pays, in order of name; only payers who pay something.
#[must_use]
pub fn payments(policy: &Policy, settlement: &Settlement) -> Vec<policy_pb::Payment> {
    let numbers = settlement.apart_payer.into_iter().chain(settlement.layers.iter().map(|layer| layer.payer));
    let payers: Vec<&Payer> = numbers.filter_map(|number| policy.payer(number)).collect();
    let paid = policy.payments(settlement).into_iter().filter(|(_, amount)| !amount.is_zero());
    paid.map(|(name, amount)| {
        let payer = payers.iter().copied().find(|payer| payer.name.as_str() == name).or_else(|| hospital(policy));
        policy_pb::Payment {
            zh: payer.map_or_else(|| "医院负担".to_owned(), |payer| payer.zh.clone()),
            en: payer.map_or_else(|| "borne by the hospital".to_owned(), |payer| payer.en.clone()),
            kind: words::payer_kind(payer.map_or(PayerKind::Hospital, |payer| payer.kind)),
            national_field: payer.and_then(|payer| payer.field).map(field).unwrap_or_default().to_owned(),
            amount_fen: amount.get(),
            payer: name,
        }
    })
    .collect()
}

/// The hospital bears what is over a price limit without being a payer of any layer.
fn hospital(policy: &Policy) -> Option<&Payer> {
    (0..=u16::MAX).map_while(|number| policy.payer(number)).find(|payer| payer.kind == PayerKind::Hospital)
}

fn field(field: NationalField) -> &'static str {
    NationalField::ALL.iter().find(|(known, _)| *known == field).map_or("", |(_, name)| name)
}

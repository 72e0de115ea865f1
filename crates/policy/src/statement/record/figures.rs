use money::{Fen, Rate};
use serde::Serialize;
use terms::{Epidemic, LineClass, LineKind, Name};

use crate::PayerKind;
use crate::decision::{LayerShare, Settlement};
use crate::facts::{Accumulators, Bill, Costs, Meter};
use crate::policy::Policy;
use crate::statement::explain::Payment;
use crate::statement::figures::as_yuan;

/// A row of `setldetail`: what one payer bears. All rows together are the total less cash.
#[derive(Serialize)]
pub(super) struct Payer {
    payer: String,
    fund_pay_type_name: String,
    kind: PayerKind,
    /// What counts for the payer on the national result: a fund's payment within scope, another's whole payment.
    #[serde(serialize_with = "as_yuan")]
    fund_payamt: Fen,
    /// What counts among the other payers: a supplement's payment outside scope, a charity's whole payment.
    #[serde(serialize_with = "as_yuan")]
    other_payers_pay: Fen,
}

impl Payer {
    pub(super) fn of(payment: &Payment) -> Self {
        let counted = match payment.kind {
            PayerKind::Fund => payment.within_scope,
            PayerKind::Other => Fen::ZERO,
            PayerKind::Hospital | PayerKind::Account | PayerKind::FamilyAccount | PayerKind::Nobody => payment.paid,
        };
        Self {
            payer: payment.name.clone(),
            fund_pay_type_name: payment.title.clone(),
            kind: payment.kind,
            fund_payamt: counted,
            other_payers_pay: payment.paid - counted,
        }
    }
}

/// A fee line and its split.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    number: usize,
    item: &'a str,
    kind: LineKind,
    class: Option<LineClass>,
    quantity: Rate,
    #[serde(serialize_with = "as_yuan")]
    unit_price: Fen,
    price_limit: Option<String>,
    first_self_paid: Option<Rate>,
    epidemic: bool,
    #[serde(serialize_with = "as_yuan")]
    det_item_fee_sumamt: Fen,
    #[serde(serialize_with = "as_yuan")]
    fulamt_ownpay_amt: Fen,
    #[serde(serialize_with = "as_yuan")]
    overlmt_amt: Fen,
    #[serde(serialize_with = "as_yuan")]
    preselfpay_amt: Fen,
    #[serde(serialize_with = "as_yuan")]
    inscp_scp_amt: Fen,
    #[serde(serialize_with = "as_yuan")]
    apart: Fen,
    #[serde(serialize_with = "as_yuan")]
    hosp_part_amt: Fen,
}

/// The fee lines with their splits; none where the bill came in parts.
pub(super) fn lines<'a>(bill: &'a Bill, settlement: &Settlement) -> Vec<Line<'a>> {
    let Costs::Lines(lines) = &bill.costs else { return Vec::new() };
    let rows = lines.iter().zip(&settlement.lines).enumerate();
    rows.map(|(at, (line, split))| Line {
        number: at + 1,
        item: &line.item,
        kind: line.kind,
        class: line.class,
        quantity: line.quantity,
        unit_price: line.unit_price,
        price_limit: line.price_limit.map(|limit| limit.to_string()),
        first_self_paid: line.first_self_paid,
        epidemic: line.epidemic == Epidemic::Epidemic,
        det_item_fee_sumamt: line.amount,
        fulamt_ownpay_amt: split.parts.outside_catalogue,
        overlmt_amt: split.parts.over_limit,
        preselfpay_amt: split.parts.first_self_paid,
        inscp_scp_amt: split.parts.within_scope,
        apart: split.apart,
        hosp_part_amt: split.hospital,
    })
    .collect()
}

/// A layer's figures.
#[derive(Serialize)]
pub(super) struct Layer {
    layer: Name,
    payer: Option<Name>,
    kind: PayerKind,
    #[serde(serialize_with = "as_yuan")]
    base: Fen,
    #[serde(serialize_with = "as_yuan")]
    deductible_standard: Fen,
    #[serde(serialize_with = "as_yuan")]
    deductible: Fen,
    #[serde(serialize_with = "as_yuan")]
    cost: Fen,
    #[serde(serialize_with = "as_yuan")]
    cost_paid_on: Fen,
    ratio: Rate,
    #[serde(serialize_with = "as_yuan")]
    computed: Fen,
    #[serde(serialize_with = "as_yuan")]
    paid: Fen,
    #[serde(serialize_with = "as_yuan")]
    paid_within_scope: Fen,
}

impl Layer {
    pub(super) fn of(policy: &Policy, share: &LayerShare) -> Self {
        Self {
            layer: share.layer,
            payer: policy.payer(share.payer).map(|payer| payer.name),
            kind: share.kind,
            base: share.base,
            deductible_standard: share.deductible_standard,
            deductible: share.deductible,
            cost: share.cost,
            cost_paid_on: share.cost_paid_on,
            ratio: share.ratio,
            computed: share.computed,
            paid: share.paid,
            paid_within_scope: share.paid_within_scope,
        }
    }
}

/// What the year holds after the bill.
#[derive(Serialize)]
pub(super) struct After {
    admissions: u16,
    #[serde(serialize_with = "as_yuan")]
    account: Fen,
    #[serde(serialize_with = "as_yuan")]
    family_account: Fen,
    meters: Vec<Count>,
}

#[derive(Serialize)]
struct Count {
    name: Name,
    part: Name,
    #[serde(serialize_with = "as_yuan")]
    base: Fen,
    #[serde(serialize_with = "as_yuan")]
    deductible: Fen,
    #[serde(serialize_with = "as_yuan")]
    paid: Fen,
    #[serde(serialize_with = "as_yuan")]
    cost: Fen,
}

impl After {
    pub(super) fn of(accumulators: &Accumulators) -> Self {
        let count = |meter: &Meter| Count {
            name: meter.name,
            part: meter.part,
            base: meter.counts.base,
            deductible: meter.counts.deductible,
            paid: meter.counts.paid,
            cost: meter.counts.cost,
        };
        Self {
            admissions: accumulators.admissions,
            account: accumulators.account,
            family_account: accumulators.family_account,
            meters: accumulators.meters.iter().map(count).collect(),
        }
    }
}

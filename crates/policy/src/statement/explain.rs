//! A decision's steps as sentences: what both the text and the page say.

mod deductible;
mod layer;
mod limits;
mod lines;
mod ratio;

use money::Fen;

use super::source::Source;
use super::{Lang, Statement, labels};
use crate::PayerKind;
use crate::decision::{LayerShare, Settlement, Used};

pub(super) use lines::entries as of_lines;

/// One sentence: a label, where its value stands, the figures, and what comes out.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) label: String,
    pub(super) basis: Vec<Source<'a>>,
    pub(super) figures: Vec<String>,
    /// What the sentence comes to, where it comes to an amount.
    pub(super) amount: Option<Fen>,
}

impl Entry<'_> {
    fn plain(label: impl Into<String>, amount: Option<Fen>) -> Self {
        Self { label: label.into(), basis: Vec::new(), figures: Vec::new(), amount }
    }
}

/// One layer of the stack, explained.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// From 1.
    pub(super) number: usize,
    /// The payer.
    pub(super) title: String,
    pub(super) paid: Fen,
    /// Why the layer did nothing, where it did nothing.
    pub(super) idle: Option<Entry<'a>>,
    pub(super) entries: Vec<Entry<'a>>,
}

/// What one payer bears of a bill.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    /// As packs spell it.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) kind: PayerKind,
    pub(super) paid: Fen,
    /// Of that, within scope.
    pub(super) within_scope: Fen,
}

/// The name of a layer for people: its payer's, or its own where it only counts.
pub(super) fn title(statement: &Statement<'_>, share: &LayerShare, lang: Lang) -> String {
    match statement.policy.payer(share.payer) {
        Some(payer) => lang.of(&payer.zh, &payer.en).to_owned(),
        None => format!("{}{}", lang.of("累计", "Counter"), lang.brackets(share.layer.as_str())),
    }
}

/// Every layer, explained.
pub(super) fn sections<'a>(statement: &Statement<'a>, settlement: &'a Settlement, lang: Lang) -> Vec<Section<'a>> {
    let benefit = labels::benefit(statement.policy, statement.person, statement.bill, statement.decision);
    let explained = |(at, share): (usize, &'a LayerShare)| {
        let layer = benefit.and_then(|benefit| benefit.layers.iter().find(|layer| layer.name == share.layer));
        layer::Layered { statement: *statement, settlement, share, at, how: layer.map(|layer| &layer.how), lang }
            .section()
    };
    settlement.layers.iter().enumerate().map(explained).collect()
}

/// What each payer bears, in the order in which they pay; several layers of one payer together. Only who bears something.
pub(super) fn payments(statement: &Statement<'_>, settlement: &Settlement, lang: Lang) -> Vec<Payment> {
    let mut found: Vec<Payment> = Vec::new();
    let mut add = |payment: Payment| match found.iter_mut().find(|known| known.name == payment.name) {
        Some(known) => {
            known.paid += payment.paid;
            known.within_scope += payment.within_scope;
        }
        None => found.push(payment),
    };
    let of = |number: u16, paid: Fen, within_scope: Fen| {
        let payer = statement.policy.payer(number)?;
        let title = lang.of(&payer.zh, &payer.en).to_owned();
        Some(Payment { name: payer.name.to_string(), title, kind: payer.kind, paid, within_scope })
    };
    if let Some(apart) = settlement.apart_payer.and_then(|payer| of(payer, settlement.apart, settlement.apart)) {
        add(apart);
    }
    for share in &settlement.layers {
        if let Some(payment) = of(share.payer, share.paid, share.paid_within_scope) {
            add(payment);
        }
    }
    add(hospital(statement, settlement.hospital_over_limit(), lang));
    found.retain(|payment| !payment.paid.is_zero());
    found
}

/// What the hospital bears of costs over price limits.
fn hospital(statement: &Statement<'_>, paid: Fen, lang: Lang) -> Payment {
    let known = statement.policy.index.payers.iter().find(|payer| payer.kind == PayerKind::Hospital);
    let name = known.map_or_else(|| "hospital".to_owned(), |payer| payer.name.to_string());
    let title = known.map_or(lang.of("医院负担", "Borne by the hospital"), |payer| lang.of(&payer.zh, &payer.en));
    Payment { name, title: title.to_owned(), kind: PayerKind::Hospital, paid, within_scope: Fen::ZERO }
}

const fn amount(used: Used) -> Fen {
    match used {
        Used::Amount(fen) => fen,
        Used::Nothing | Used::Rate(_) => Fen::ZERO,
    }
}

const fn rate(used: Used) -> money::Rate {
    match used {
        Used::Rate(rate) => rate,
        Used::Nothing | Used::Amount(_) => money::Rate::ZERO,
    }
}

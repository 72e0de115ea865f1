//! What a reversal or a late bill changed in a later bill.

use std::collections::BTreeMap;

use money::Fen;
use serde::Serialize;
use serde_json::Value;

use super::escape::plain;
use super::figures::signed;
use super::text::{Page, Style, causes};
use super::{Lang, Paint, canonical, labels};
use crate::decision::Decision;
use crate::policy::Policy;
use crate::year::Adjustment;

/// The differences of one bill: per payer and in cash, what was, what is.
#[must_use]
pub fn adjustment_text(policy: &Policy, adjustment: &Adjustment, lang: Lang) -> String {
    let mut page = Page::new(lang, Paint::Plain);
    let bill = plain(adjustment.bill.as_str());
    page.heading(&match lang {
        Lang::Zh => format!("账单 {bill} 重新计算后的差额"),
        Lang::En => format!("Bill {bill}: differences after it was decided anew"),
    });
    for change in changes(policy, adjustment) {
        let name = change.payer.map_or_else(
            || lang.of("个人现金", "Cash, paid by the person").to_owned(),
            |payer| labels::payer(policy, payer, lang),
        );
        let remark = format!("   {} → {}", change.before.grouped(), change.after.grouped());
        page.row(Style::Plain, &name, &signed(change.difference), &remark);
    }
    if adjustment.payers.is_empty() && adjustment.cash.is_zero() {
        page.note(
            Style::Plain,
            lang.of("金额不变，累计或说明有变。", "No amount changes; what was counted or explained does."),
        );
    }
    match (adjustment.before.refusal(), adjustment.after.refusal()) {
        (Some(_), None) => page.note(Style::Plain, lang.of("此前未予结算，现予结算。", "Refused before, settled now.")),
        (_, Some(refusal)) => {
            page.note(Style::Bad, lang.of("现不予结算：", "Refused now:"));
            causes(&mut page, refusal);
        }
        (None, None) => {}
    }
    page.finish()
}

/// The same as a value; amounts are decimal strings in yuan.
#[must_use]
pub fn adjustment_json(policy: &Policy, adjustment: &Adjustment) -> Value {
    let changes = changes(policy, adjustment);
    let record = |change: &Change<'_>| ChangeRecord {
        payer: change.payer.unwrap_or("cash").to_owned(),
        before: change.before.to_string(),
        after: change.after.to_string(),
        difference: change.difference.to_string(),
    };
    let word = |decision: &Decision| if decision.refusal().is_some() { "refused" } else { "settled" };
    canonical::value(&AdjustmentRecord {
        bill: adjustment.bill.to_string(),
        before: word(&adjustment.before),
        after: word(&adjustment.after),
        changes: changes.iter().map(record).collect(),
    })
}

#[derive(Serialize)]
struct AdjustmentRecord {
    bill: String,
    before: &'static str,
    after: &'static str,
    changes: Vec<ChangeRecord>,
}

#[derive(Serialize)]
struct ChangeRecord {
    payer: String,
    before: String,
    after: String,
    difference: String,
}

/// One payer's difference; no payer is cash.
struct Change<'a> {
    payer: Option<&'a str>,
    before: Fen,
    after: Fen,
    difference: Fen,
}

fn changes<'a>(policy: &Policy, adjustment: &'a Adjustment) -> Vec<Change<'a>> {
    let payments = |decision: &Decision| -> BTreeMap<String, Fen> {
        decision.settlement().map(|settlement| policy.payments(settlement)).unwrap_or_default()
    };
    let cash = |decision: &Decision| decision.settlement().map_or(Fen::ZERO, |settlement| settlement.shares.cash);
    let (before, after) = (payments(&adjustment.before), payments(&adjustment.after));
    let of = |payments: &BTreeMap<String, Fen>, name: &str| payments.get(name).copied().unwrap_or_default();
    let mut changes: Vec<Change<'a>> = Vec::new();
    for (name, difference) in &adjustment.payers {
        let (before, after) = (of(&before, name), of(&after, name));
        changes.push(Change { payer: Some(name), before, after, difference: *difference });
    }
    if !adjustment.cash.is_zero() {
        let (before, after) = (cash(&adjustment.before), cash(&adjustment.after));
        changes.push(Change { payer: None, before, after, difference: adjustment.cash });
    }
    changes
}

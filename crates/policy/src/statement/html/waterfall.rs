//! The picture of who pays what: from the total, payer by payer, down to cash. Widths are whole per mille.

use money::Fen;

use super::safe;
use crate::PayerKind;
use crate::decision::Settlement;
use crate::statement::explain::{Payment, payments};
use crate::statement::figures::{per_mille, percent_of_mille};
use crate::statement::{Lang, Statement};

const ROW: usize = 50;
const LABEL: usize = 17;
const BAR: usize = 25;
const THICK: usize = 16;
/// How many shades of a fund there are.
const SHADES: usize = 6;

struct Bar {
    class: String,
    label: String,
    amount: Fen,
    /// What was left after it.
    left: Fen,
}

/// The picture with its caption.
pub(super) fn figure(statement: &Statement<'_>, settlement: &Settlement, lang: Lang) -> String {
    let total = settlement.shares.total;
    let bars = bars(&payments(statement, settlement, lang), settlement, lang);
    let drawn: String = bars.iter().enumerate().map(|(at, bar)| draw(at, bar, total, at + 1 == bars.len())).collect();
    let height = bars.len() * ROW;
    let caption = lang.of("谁付了多少：从总额逐项减到个人现金", "Who pays what: from the total down to cash");
    format!(
        "<figure>\n<figcaption>{caption}</figcaption>\n\
         <svg role=\"img\" aria-label=\"{caption}\" width=\"100%\" height=\"{height}\">\n{drawn}</svg>\n</figure>\n"
    )
}

fn bars(payments: &[Payment], settlement: &Settlement, lang: Lang) -> Vec<Bar> {
    let total = settlement.shares.total;
    let label = lang.of("医疗费总额", "Total").to_owned();
    let mut bars = vec![Bar { class: "total".to_owned(), label, amount: total, left: Fen::ZERO }];
    let mut left = total;
    let mut shade = 0;
    for payment in payments {
        left -= payment.paid;
        let class = match payment.kind {
            PayerKind::Fund => {
                shade += 1;
                format!("fund f{}", (shade - 1) % SHADES)
            }
            PayerKind::Hospital => "hospital".to_owned(),
            PayerKind::Other | PayerKind::Nobody => "other".to_owned(),
            PayerKind::Account => "account".to_owned(),
            PayerKind::FamilyAccount => "family".to_owned(),
        };
        bars.push(Bar { class, label: payment.title.clone(), amount: payment.paid, left });
    }
    let label = lang.of("个人现金支付", "Cash, paid by the person").to_owned();
    bars.push(Bar { class: "cash".to_owned(), label, amount: settlement.shares.cash, left: Fen::ZERO });
    bars
}

/// A row: label and amount above, the bar below where it stands between what was left before and after.
fn draw(at: usize, bar: &Bar, total: Fen, is_last: bool) -> String {
    let top = at * ROW;
    let (label, bar_top, bottom) = (top + LABEL, top + BAR, top + BAR + THICK);
    let from = per_mille(bar.left, total);
    let to = per_mille(bar.left + bar.amount, total);
    let (x, width, share) =
        (percent_of_mille(from), percent_of_mille(to - from), percent_of_mille(per_mille(bar.amount, total)));
    let (class, text, amount) = (&bar.class, safe(&bar.label), bar.amount.grouped());
    // What is left after this row is where the next row's bar ends.
    let guide = if at == 0 { "100.0%".to_owned() } else { x.clone() };
    let line = if is_last {
        String::new()
    } else {
        format!("<line class=\"guide\" x1=\"{guide}\" x2=\"{guide}\" y1=\"{bottom}\" y2=\"{}\"/>\n", bar_top + ROW)
    };
    let hair = if bar.amount.is_zero() { "" } else { " hair" };
    format!(
        "{line}<rect class=\"track\" x=\"0\" y=\"{bar_top}\" width=\"100%\" height=\"{THICK}\" rx=\"3\"/>\n\
         <rect class=\"bar {class}{hair}\" x=\"{x}\" y=\"{bar_top}\" width=\"{width}\" height=\"{THICK}\" rx=\"2\">\
         <title>{text} {amount} ({share})</title></rect>\n\
         <text x=\"0\" y=\"{label}\">{text}</text>\n\
         <text class=\"amount\" x=\"100%\" y=\"{label}\" text-anchor=\"end\">{amount}\
         <tspan class=\"share\" dx=\"10\">{share}</tspan></text>\n"
    )
}

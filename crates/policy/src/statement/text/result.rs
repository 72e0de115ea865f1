//! The result: who pays, the identities, what the year holds.

use money::Fen;

use super::page::{Page, Style};
use crate::decision::Settlement;
use crate::statement::figures::{per_mille, percent_of_mille};
use crate::statement::national::NationalResult;
use crate::statement::{Lang, Statement, explain, labels};

pub(super) fn payers(page: &mut Page, statement: &Statement<'_>, settlement: &Settlement) {
    let lang = page.lang;
    page.heading(lang.of("支付结果", "Who pays"));
    let total = settlement.shares.total;
    let share = |amount: Fen| format!("  {:>6}", percent_of_mille(per_mille(amount, total)));
    for payment in explain::payments(statement, settlement, lang) {
        page.row(Style::Plain, &payment.title, &payment.paid.grouped(), &share(payment.paid));
    }
    let cash = settlement.shares.cash;
    page.row(Style::Strong, lang.of("个人现金支付", "Cash, paid by the person"), &cash.grouped(), &share(cash));
    page.row(Style::Plain, lang.of("合计", "Together"), &total.grouped(), &share(total));
}

/// The identities of the national result with this bill's figures.
pub(in crate::statement) fn equations(national: &NationalResult, lang: Lang) -> Vec<String> {
    let n = national;
    let terms = |terms: &[(&'static str, &'static str, Fen)]| -> String {
        let one =
            |(zh, en, amount): &(&'static str, &'static str, Fen)| format!("{} {}", lang.of(zh, en), amount.grouped());
        terms.iter().map(one).collect::<Vec<_>>().join(" + ")
    };
    let funds = n.funds().iter().filter(|fund| !fund.is_zero()).map(|fund| fund.grouped()).collect::<Vec<_>>();
    let funds = if funds.is_empty() { Fen::ZERO.grouped() } else { funds.join(" + ") };
    let of =
        |zh: &str, en: &str, amount: Fen, right: String| format!("{} {} = {right}", lang.of(zh, en), amount.grouped());
    vec![
        of(
            "总额",
            "Total",
            n.medfee_sumamt,
            terms(&[
                ("全自费", "outside", n.fulamt_ownpay_amt),
                ("超限价", "over limits", n.overlmt_selfpay),
                ("先行自付", "first self-paid", n.preselfpay_amt),
                ("政策范围内", "within scope", n.inscp_scp_amt),
            ]),
        ),
        of(
            "总额",
            "Total",
            n.medfee_sumamt,
            terms(&[
                ("基金", "funds", n.fund_pay_sumamt),
                ("个人", "person", n.psn_part_amt),
                ("医院", "hospital", n.hosp_part_amt),
            ]),
        ),
        of(
            "个人负担",
            "Person",
            n.psn_part_amt,
            terms(&[
                ("个人账户", "account", n.acct_pay),
                ("家庭共济", "relatives", n.acct_mulaid_pay),
                ("其他支付方", "other payers", n.other_payers_pay),
                ("现金", "cash", n.psn_cash_pay),
            ]),
        ),
        of("基金支付", "Funds", n.fund_pay_sumamt, funds),
    ]
}

pub(super) fn identities(page: &mut Page, statement: &Statement<'_>) {
    let lang = page.lang;
    page.heading(lang.of("核对", "Check"));
    for equation in equations(&statement.national(), lang) {
        page.paragraph(Style::Plain, 0, 4, &equation);
    }
}

/// What the year holds after the bill.
pub(super) fn after(page: &mut Page, statement: &Statement<'_>, settlement: &Settlement) {
    let lang = page.lang;
    page.heading(lang.of("结算后的本年累计", "The year after this bill"));
    for (label, figures) in accumulated(statement, settlement, lang) {
        page.paragraph(Style::Plain, 0, 4, &format!("{}{}{figures}", lang.sentence(&label), lang.colon()));
    }
}

/// Admissions, balances and every meter, in words.
pub(in crate::statement) fn accumulated(
    statement: &Statement<'_>,
    settlement: &Settlement,
    lang: Lang,
) -> Vec<(String, String)> {
    let held = &settlement.accumulators;
    let mut rows = vec![(lang.of("住院次数", "Admissions").to_owned(), held.admissions.to_string())];
    for (zh, en, balance) in [
        ("个人账户余额", "Balance of the own account", held.account - statement.repaid),
        ("退回个人账户后抵还欠款", "Came back to the own account and paid what was owed", statement.repaid),
        ("家庭共济可用", "Relatives' accounts", held.family_account),
    ] {
        if !balance.is_zero() {
            rows.push((lang.of(zh, en).to_owned(), balance.grouped()));
        }
    }
    let benefit = labels::benefit(statement.policy, statement.person, statement.bill, statement.decision);
    for meter in &held.meters {
        let counts = &meter.counts;
        let figures = [
            ("费用", "costs", counts.base),
            ("起付线", "deductible", counts.deductible),
            ("支付所依费用", "costs paid on", counts.cost),
            ("已付", "paid", counts.paid),
        ];
        let spelled = |(zh, en, amount): &(&'static str, &'static str, Fen)| match lang {
            Lang::Zh => format!("{zh} {}", amount.grouped()),
            Lang::En => format!("{en} {}", amount.grouped()),
        };
        let spelled: Vec<String> = figures.iter().filter(|(_, _, amount)| !amount.is_zero()).map(spelled).collect();
        rows.push((
            labels::meter(statement.policy, benefit, &meter.name, &meter.part, lang),
            spelled.join(lang.comma()),
        ));
    }
    rows
}

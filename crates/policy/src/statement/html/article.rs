use super::steps::Clauses;
use super::{facts, result, safe, steps, waterfall};
use crate::decision::{Refusal, Settlement};
use crate::statement::figures::{per_mille, percent_of_mille};
use crate::statement::{Lang, Statement, others, refusal};

/// The statement of one bill.
pub(super) fn article(statement: &Statement<'_>, number: usize, lang: Lang) -> String {
    let bill = statement.bill;
    let title = format!("{} · {}", lang.word(bill.care), bill.id);
    let mut clauses = Clauses::new(number);
    let body = match (statement.decision.settlement(), statement.decision.refusal()) {
        (Some(settlement), _) => settled(statement, settlement, &mut clauses, lang),
        (None, Some(refused)) => refused_bill(statement, refused, &mut clauses, lang),
        (None, None) => String::new(),
    };
    let foreign = if statement.knows_its_sources() {
        ""
    } else {
        lang.of(
            "<p class=\"warn\">此决定由另一政策版本作出：数字照录，依据无法列出。</p>\n",
            "<p class=\"warn\">Another policy version decided this: figures without their sources.</p>\n",
        )
    };
    format!(
        "<article class=\"card\" id=\"s{number}\">\n<h2>{}</h2>\n{}{foreign}{body}</article>\n",
        safe(&lang.sentence(&title)),
        facts(statement, lang)
    )
}

fn settled(statement: &Statement<'_>, settlement: &Settlement, clauses: &mut Clauses, lang: Lang) -> String {
    let assumed = statement.assumed();
    let notice = if assumed.is_empty() {
        String::new()
    } else {
        let (count, number) = (assumed.len(), clauses.statement);
        let text = match lang {
            Lang::Zh => format!("本结果使用了 {count} 个假定值，有待主管部门确认"),
            Lang::En => format!("This result rests on {count} assumed values, which the bureau must confirm"),
        };
        format!("<p class=\"warn\"><a href=\"#s{number}-assumed\">{text}</a></p>\n")
    };
    [
        tiles(settlement, lang),
        notice,
        others::html_of_third(statement.held, lang),
        waterfall::figure(statement, settlement, lang),
        steps::bill(statement, settlement, clauses, lang),
        steps::layers(statement, settlement, clauses, lang),
        result::national(statement, lang),
        result::after(statement, settlement, lang),
        others::html(statement.others, lang),
        result::assumed(&assumed, clauses.statement, lang),
    ]
    .concat()
}

/// The four amounts a person looks for first.
fn tiles(settlement: &Settlement, lang: Lang) -> String {
    let shares = &settlement.shares;
    let mut tiles = vec![
        ("total", lang.of("医疗费总额", "Total"), shares.total),
        ("fund", lang.of("基金支付", "Paid by funds"), shares.fund),
    ];
    for (class, zh, en, amount) in [
        ("hospital", "医院负担", "Borne by the hospital", shares.hospital),
        ("other", "其他支付方", "Other payers", shares.other),
        ("account", "个人账户及共济", "From accounts", shares.account + shares.family_account),
    ] {
        if !amount.is_zero() {
            tiles.push((class, lang.of(zh, en), amount));
        }
    }
    tiles.push(("cash", lang.of("个人现金", "Cash"), shares.cash));
    let tile = |(class, label, amount): &(&str, &str, money::Fen)| {
        let share = percent_of_mille(per_mille(*amount, shares.total));
        format!(
            "<div class=\"tile {class}\"><span>{label}</span><strong>{}</strong><small>{share}</small></div>\n",
            amount.grouped()
        )
    };
    format!("<div class=\"tiles\">\n{}</div>\n", tiles.iter().map(tile).collect::<String>())
}

/// A refusal: every reason with its clauses, and what to do next.
fn refused_bill(statement: &Statement<'_>, refused: &Refusal, clauses: &mut Clauses, lang: Lang) -> String {
    let mut reasons = String::new();
    for cause in &refused.causes {
        let about = refusal::about(cause);
        let about =
            if about.is_empty() { about } else { format!("<p class=\"about\"><code>{}</code></p>\n", safe(&about)) };
        let known = cause.cite.iter().filter_map(|id| statement.policy.clause(id));
        let cited: String = known.map(|clause| clauses.clause(clause, lang)).collect();
        reasons.push_str(&format!(
            "<li><h4>{}</h4>\n{about}{cited}<p class=\"next\"><b>{}</b>{}</p></li>\n",
            lang.sentence(&refusal::reason(cause, lang)),
            lang.of("下一步：", "Next: "),
            lang.sentence(refusal::next(cause.reason, lang))
        ));
    }
    let (title, total) = (lang.of("不予结算", "Refused"), statement.bill.total.grouped());
    let nothing = match lang {
        Lang::Zh => format!("账单总额 {total} 元，未作任何支付，也未计入本年累计。"),
        Lang::En => format!("The bill of {total} is paid by nobody and counts in nothing."),
    };
    format!("<section class=\"refused\">\n<h3>{title}</h3>\n<ol>\n{reasons}</ol>\n<p>{nothing}</p>\n</section>\n")
}

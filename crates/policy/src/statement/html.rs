//! Statements as one page that stands alone: style and pictures inside, no scripts, nothing fetched.

mod article;
mod result;
mod steps;
mod waterfall;

use super::escape::html as safe;
use super::figures::{per_mille, percent_of_mille};
use super::{Lang, Statement, heading};

/// The style of the page.
const STYLE: &str = include_str!("html/style.css");

/// One page with a statement of every bill.
#[must_use]
pub fn html(title: &str, statements: &[Statement<'_>], lang: Lang) -> String {
    let (title, tag) = (safe(title), lang.of("zh-CN", "en"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<header class=\"page\"><h1>{title}</h1></header>\n<main>\n"
    );
    if statements.len() > 1 {
        page.push_str(&overview(statements, lang));
    }
    for (at, statement) in statements.iter().enumerate() {
        page.push_str(&article::article(statement, at + 1, lang));
    }
    page.push_str("</main>\n");
    page.push_str(&footer(statements, lang));
    page.push_str("</body>\n</html>\n");
    page
}

/// A table of all bills, each with a link to its statement.
fn overview(statements: &[Statement<'_>], lang: Lang) -> String {
    let heads = [
        ("账单", "Bill"),
        ("总额", "Total"),
        ("基金支付", "Funds"),
        ("个人负担", "Person"),
        ("其中现金", "of it cash"),
    ];
    let heads: String = heads.iter().map(|(zh, en)| format!("<th scope=\"col\">{}</th>", lang.of(zh, en))).collect();
    let row = |(at, statement): (usize, &Statement<'_>)| {
        let (number, bill) = (at + 1, statement.bill);
        let what = format!("{} · {} · {}", bill.id, lang.word(bill.care), bill.to);
        let what = format!("<th scope=\"row\"><a href=\"#s{number}\">{}</a></th>", safe(&what));
        let total = bill.total.grouped();
        match statement.decision.settlement() {
            None => {
                format!("<tr>{what}<td>{total}</td><td colspan=\"3\">{}</td></tr>\n", lang.of("不予结算", "refused"))
            }
            Some(settlement) => {
                let shares = &settlement.shares;
                let of_total = percent_of_mille(per_mille(shares.fund, shares.total));
                format!(
                    "<tr>{what}<td>{total}</td><td>{} <small>{of_total}</small></td><td>{}</td><td>{}</td></tr>\n",
                    shares.fund.grouped(),
                    shares.person.grouped(),
                    shares.cash.grouped()
                )
            }
        }
    };
    let rows: String = statements.iter().enumerate().map(row).collect();
    format!(
        "<nav class=\"card\"><div class=\"scroll\"><table class=\"figures\"><thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div></nav>\n"
    )
}

/// The versions that decided, in full.
fn footer(statements: &[Statement<'_>], lang: Lang) -> String {
    let mut versions: Vec<String> = statements.iter().map(|statement| statement.decision.version.to_string()).collect();
    versions.sort_unstable();
    versions.dedup();
    let label = lang.of("政策版本", "Policy version");
    let versions: String = versions.iter().map(|version| format!("<p>{label} <code>{version}</code></p>\n")).collect();
    let promise = lang.of(
        "同一政策版本、同一事实，任何时候重算都得到同一结果。",
        "The same version and the same facts give the same result at any time.",
    );
    format!("<footer>\n{versions}<p>{promise}</p>\n</footer>\n")
}

/// A list of facts.
fn facts(statement: &Statement<'_>, lang: Lang) -> String {
    let one = |(label, text): heading::Fact| format!("<div><dt>{label}</dt><dd>{}</dd></div>\n", safe(&text));
    let facts: String = heading::facts(statement, lang).into_iter().map(one).collect();
    format!("<dl class=\"facts\">\n{facts}</dl>\n")
}

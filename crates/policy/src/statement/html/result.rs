//! What follows the steps: the national result with its identities, the year, and the assumed values.

use super::safe;
use crate::decision::Settlement;
use crate::statement::source::Source;
use crate::statement::text::{accumulated, equations};
use crate::statement::{Lang, Statement, labels};

/// The fields of the national result and the identities that hold between them.
pub(super) fn national(statement: &Statement<'_>, lang: Lang) -> String {
    let national = statement.national();
    let field = |(code, zh, en, figure): (&str, &str, &str, String)| {
        format!("<div><dt>{}<code>{code}</code></dt><dd>{figure}</dd></div>\n", lang.of(zh, en))
    };
    let fields: String = national.fields().into_iter().map(field).collect();
    let checks: String =
        equations(&national, lang).iter().map(|equation| format!("<li>{}</li>\n", safe(equation))).collect();
    format!(
        "<section>\n<h3>{}</h3>\n<ul class=\"checks\">\n{checks}</ul>\n<dl class=\"fields\">\n{fields}</dl>\n</section>\n",
        lang.of("国家结算结果", "National settlement result")
    )
}

/// What the year holds after the bill.
pub(super) fn after(statement: &Statement<'_>, settlement: &Settlement, lang: Lang) -> String {
    let row = |(label, figures): (String, String)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"word\">{}</td></tr>\n",
            safe(&lang.sentence(&label)),
            safe(&figures)
        )
    };
    let rows: String = accumulated(statement, settlement, lang).into_iter().map(row).collect();
    let title = lang.of("结算后的本年累计", "The year after this bill");
    format!("<section>\n<h3>{title}</h3>\n<table class=\"year\"><tbody>\n{rows}</tbody></table>\n</section>\n")
}

/// The assumed values used, with where each is from; nothing where none was used.
pub(super) fn assumed(assumed: &[Source<'_>], number: usize, lang: Lang) -> String {
    if assumed.is_empty() {
        return String::new();
    }
    let one = |source: &Source<'_>| {
        let citation = source.citation;
        let address = labels::address(source.policy, &citation.address, lang);
        let condition = source.condition(lang);
        let condition = if condition.is_empty() { condition } else { lang.brackets(&condition) };
        format!(
            "<li><b>{}{} = {}</b> <code>{}</code>\n<div>{} · {} · {}</div>\n<div class=\"from\">{}{}</div></li>\n",
            safe(&address),
            safe(&condition),
            safe(&citation.value),
            safe(&citation.address),
            source.in_force(lang),
            safe(&source.division(lang)),
            safe(&source.ids(lang)),
            lang.of("来源：", "Source: "),
            safe(citation.source.as_deref().unwrap_or("?"))
        )
    };
    let values: String = assumed.iter().map(one).collect();
    let (title, why) = (
        lang.of("使用了假定值", "Assumed values used"),
        lang.of(
            "文件对下列数值未作规定。结果有待主管部门确认。",
            "No document says these values. The bureau must confirm them.",
        ),
    );
    format!(
        "<section class=\"guesses\" id=\"s{number}-assumed\">\n<h3>{title}</h3>\n<p>{why}</p>\n<ul>\n{values}</ul>\n</section>\n"
    )
}

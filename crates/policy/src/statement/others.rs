//! What payers behind the decision promise and have paid (SD-12): never in its shares, so it stands by itself.

use money::Fen;
use serde::Serialize;
use terms::HeldWhy;

use super::escape::{html as safe, plain};
use super::text::{Page, Style};
use super::{Lang, Others};
use crate::HeldShare;

/// Where a payer's promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// The payer has not answered.
    Offered,
    /// It will pay.
    Confirmed,
    /// It will not pay.
    Declined,
    /// It has paid.
    Paid,
    /// Another promise, or none, stands in its place: what was paid of it was paid all the same.
    Superseded,
}

/// What a payer behind the decision promises of a bill, and what it paid; amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPayer {
    /// Its name, as packs name payers.
    pub payer: String,
    /// Its Chinese name.
    pub zh: String,
    /// Its English name; may be empty.
    pub en: String,
    /// Where its promise stands.
    pub promise: Promise,
    /// What its plan promises.
    pub promised: Fen,
    /// What it has confirmed; zero until then.
    pub confirmed: Fen,
    /// What it has paid; zero until then.
    pub paid: Fen,
}

impl OtherPayer {
    /// What still stands of the promise: what was confirmed, where it was; nothing where it was declined or replaced.
    fn stands(&self) -> Fen {
        match self.promise {
            Promise::Offered => self.promised,
            Promise::Confirmed | Promise::Paid => self.confirmed,
            Promise::Declined | Promise::Superseded => Fen::ZERO,
        }
    }

    fn name(&self, lang: Lang) -> String {
        let named = [lang.of(&self.zh, &self.en), &self.zh, &self.payer].into_iter().find(|name| !name.is_empty());
        plain(named.unwrap_or_default())
    }
}

impl Promise {
    fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Offered => lang.of("待答复", "not answered yet"),
            Self::Confirmed => lang.of("已确认", "confirmed"),
            Self::Declined => lang.of("不予支付", "declined"),
            Self::Paid => lang.of("已支付", "paid"),
            Self::Superseded => lang.of("原承诺已变更", "since replaced"),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
            Self::Paid => "paid",
            Self::Superseded => "superseded",
        }
    }
}

/// The payers a statement names: whose promise was replaced, only where it had paid of it.
fn shown<'a>(payers: &'a [OtherPayer]) -> impl Iterator<Item = &'a OtherPayer> + Clone + use<'a> {
    payers.iter().filter(|one| one.promise != Promise::Superseded || one.paid > Fen::ZERO)
}

/// What stands promised and what was paid, together.
fn sums(payers: &[OtherPayer]) -> (Fen, Fen) {
    (shown(payers).map(OtherPayer::stands).sum(), shown(payers).map(|one| one.paid).sum())
}

fn title(lang: Lang) -> &'static str {
    lang.of(
        "其他支付方（本次结算之后另行支付，不计入以上各方）",
        "Other payers (after this settlement, not in the shares above)",
    )
}

fn away(lang: Lang) -> &'static str {
    lang.of(
        "其他支付方的承诺与支付情况暂时无法查询，请稍后重新出具本说明。",
        "What other payers promise and have paid could not be asked for; ask for this statement again later.",
    )
}

/// Of a bill that was settled while the service that keeps the third system was away: a share that is not counted yet is not nothing.
fn follows(lang: Lang) -> &'static str {
    lang.of(
        "结算时医疗救助服务未能联系上，本次未计入医疗救助；如有应得份额，将自动重新核定并补付，届时请重新出具本说明。",
        "Medical assistance could not be reached when this was settled and is not counted yet; what is due follows by itself, in a new \
         decision of this bill. Ask for this statement again then.",
    )
}

/// The same for the text; nothing where the third system was asked.
pub(super) fn text_of_third(page: &mut Page, held: &[HeldShare]) {
    if is_to_follow(held) {
        page.note(Style::Warn, follows(page.lang));
    }
}

/// The same for the page.
pub(super) fn html_of_third(held: &[HeldShare], lang: Lang) -> String {
    if is_to_follow(held) { format!("<p class=\"warn\">{}</p>\n", follows(lang)) } else { String::new() }
}

/// Whether a share of the third system follows.
pub(super) fn is_to_follow(held: &[HeldShare]) -> bool {
    held.iter().any(|share| share.why == HeldWhy::Away)
}

fn each_by_itself(lang: Lang) -> &'static str {
    lang.of(
        "各项承诺分别计算；实际支付合计不超过您的现金支出。",
        "Each promise is worked out by itself; together no more than your cash is paid.",
    )
}

/// Whether several promises stand, which together may be more than the person's cash.
fn are_several(payers: &[OtherPayer]) -> bool {
    shown(payers).filter(|one| one.stands() > Fen::ZERO).nth(1).is_some()
}

/// The section of the text; nothing where there is nothing to say.
pub(super) fn text(page: &mut Page, others: Others<'_>) {
    let lang = page.lang;
    let payers = match others {
        Others::NotAsked => return,
        Others::Away => {
            page.heading(title(lang));
            return page.note(Style::Warn, away(lang));
        }
        Others::Known(payers) => payers,
    };
    if shown(payers).next().is_none() {
        return;
    }
    page.heading(title(lang));
    for one in shown(payers) {
        let (name, of) = (one.name(lang), lang.of("：", ": "));
        let row = |page: &mut Page, what: &str, amount: Fen, remark: &str| {
            page.row(Style::Plain, &format!("{name}{of}{what}"), &amount.grouped(), remark);
        };
        let remark = format!("  {}", one.promise.words(lang));
        row(page, lang.of("承诺", "promised"), one.promised, &remark);
        if one.confirmed != one.promised && one.confirmed > Fen::ZERO {
            row(page, lang.of("确认", "confirmed"), one.confirmed, "");
        }
        row(page, lang.of("已付", "paid"), one.paid, "");
    }
    let (promised, paid) = sums(payers);
    page.amount(Style::Strong, lang.of("合计承诺", "Promised together"), promised);
    page.amount(Style::Strong, lang.of("合计已付", "Paid together"), paid);
    if are_several(payers) {
        page.note(Style::Plain, each_by_itself(lang));
    }
}

/// The section of the page; nothing where there is nothing to say.
pub(super) fn html(others: Others<'_>, lang: Lang) -> String {
    let payers = match others {
        Others::NotAsked => return String::new(),
        Others::Away => {
            let (title, away) = (title(lang), away(lang));
            return format!("<section>\n<h3>{title}</h3>\n<p class=\"warn\">{away}</p>\n</section>\n");
        }
        Others::Known(payers) => payers,
    };
    if shown(payers).next().is_none() {
        return String::new();
    }
    let row = |name: &str, figures: [Fen; 3], word: &str| {
        let figures: String = figures.iter().map(|amount| format!("<td>{}</td>", amount.grouped())).collect();
        format!("<tr><th scope=\"row\">{}</th>{figures}<td class=\"word\">{word}</td></tr>\n", safe(name))
    };
    let rows: String = shown(payers)
        .map(|one| row(&one.name(lang), [one.promised, one.confirmed, one.paid], one.promise.words(lang)))
        .collect();
    let (promised, paid) = sums(payers);
    let confirmed = shown(payers).filter(|one| one.promise != Promise::Superseded).map(|one| one.confirmed).sum();
    let sum = row(lang.of("合计", "Together"), [promised, confirmed, paid], "");
    let heads = [("支付方", "Payer"), ("承诺", "Promised"), ("确认", "Confirmed"), ("已付", "Paid"), ("状态", "State")];
    let heads: String = heads.iter().map(|(zh, en)| format!("<th scope=\"col\">{}</th>", lang.of(zh, en))).collect();
    let note = if are_several(payers) { format!("<p>{}</p>\n", each_by_itself(lang)) } else { String::new() };
    format!(
        "<section>\n<h3>{}</h3>\n<table class=\"figures\"><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}{sum}</tbody></table>\n{note}</section>\n",
        title(lang)
    )
}

/// The section of the canonical form; none where there is nothing to say.
pub(super) fn record(others: Others<'_>) -> Option<Record> {
    match others {
        Others::NotAsked => None,
        Others::Away => Some(Record { away: true, ..Record::default() }),
        Others::Known(payers) => {
            let one = |one: &OtherPayer| Line {
                payer: one.payer.clone(),
                zh: one.zh.clone(),
                en: one.en.clone(),
                state: one.promise.word(),
                promised: one.promised.to_string(),
                confirmed: one.confirmed.to_string(),
                paid: one.paid.to_string(),
            };
            let offers: Vec<Line> = shown(payers).map(one).collect();
            let (promised, paid) = sums(payers);
            let (promised, paid) = (Some(promised.to_string()), Some(paid.to_string()));
            (!offers.is_empty()).then_some(Record { away: false, offers, promised, paid })
        }
    }
}

/// What is promised and paid apart from the decision.
#[derive(Default, Serialize)]
pub(super) struct Record {
    /// Whether it could not be asked for: then nothing else is said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    away: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promised: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<String>,
}

#[derive(Serialize)]
struct Line {
    payer: String,
    zh: String,
    en: String,
    state: &'static str,
    promised: String,
    confirmed: String,
    paid: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Paint;

    fn payer(promise: Promise, promised: i64, confirmed: i64, paid: i64) -> OtherPayer {
        let (payer, zh, en) = ("charity_b".to_owned(), "乙慈善会".to_owned(), String::new());
        let (promised, confirmed, paid) = (Fen::new(promised), Fen::new(confirmed), Fen::new(paid));
        OtherPayer { payer, zh, en, promise, promised, confirmed, paid }
    }

    fn spoken(others: Others<'_>, lang: Lang) -> String {
        let mut page = Page::new(lang, Paint::Plain);
        text(&mut page, others);
        page.finish()
    }

    #[test]
    fn promised_and_paid_stand_apart_and_a_declined_promise_counts_nowhere() {
        let payers = [
            payer(Promise::Paid, 420_000, 400_000, 400_000),
            payer(Promise::Offered, 100, 0, 0),
            payer(Promise::Declined, 900, 0, 0),
            payer(Promise::Superseded, 700, 700, 0),
            payer(Promise::Superseded, 5_000, 5_000, 5_000),
        ];
        assert_eq!(sums(&payers), (Fen::new(400_100), Fen::new(405_000)));
        let known = Others::Known(&payers);
        let text = spoken(known, Lang::Zh);
        for wanted in
            ["乙慈善会：承诺", "4,200.00", "乙慈善会：确认", "不予支付", "原承诺已变更", "4,001.00", "4,050.00"]
        {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert!(!text.contains(" 7.00"), "what was replaced unpaid is not shown: {text}");
        let english = spoken(known, Lang::En);
        assert!(english.contains("乙慈善会: promised") && english.contains("not answered yet"), "{english}");
        assert!(html(known, Lang::Zh).contains("<td>4,200.00</td><td>4,000.00</td><td>4,000.00</td>"));
        let record = serde_json::to_value(record(known)).unwrap();
        assert_eq!((record["promised"].as_str(), record["paid"].as_str()), (Some("4001.00"), Some("4050.00")));
        assert_eq!(record["offers"].as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn what_could_not_be_asked_for_is_said_and_nothing_is_nothing() {
        assert!(spoken(Others::Away, Lang::Zh).contains("暂时无法查询"));
        assert!(html(Others::Away, Lang::En).contains("could not be asked for"));
        assert_eq!(serde_json::to_value(record(Others::Away)).unwrap(), serde_json::json!({"away": true}));
        for nothing in [Others::NotAsked, Others::Known(&[])] {
            assert_eq!(spoken(nothing, Lang::Zh) + &html(nothing, Lang::Zh), "");
            assert!(record(nothing).is_none());
        }
    }
}

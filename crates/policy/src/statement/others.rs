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
    /// Of what it has paid of the bill or stay, what is beyond what its plan promises now; with one of its promises only.
    pub overpaid: Fen,
}

impl OtherPayer {
    /// What it promises, where no other promise stands in its place.
    fn promises(&self) -> Fen {
        if self.promise == Promise::Superseded { Fen::ZERO } else { self.promised }
    }

    /// What it has confirmed, where that stands.
    fn confirms(&self) -> Fen {
        if self.promise == Promise::Superseded { Fen::ZERO } else { self.confirmed }
    }

    /// What it has declined to pay.
    fn declines(&self) -> Fen {
        if self.promise == Promise::Declined { self.promised } else { Fen::ZERO }
    }

    /// What may still come: what was confirmed, where it was; else what is promised and not answered.
    fn comes(&self) -> Fen {
        match self.promise {
            Promise::Offered => self.promised,
            Promise::Confirmed => self.confirmed,
            Promise::Declined | Promise::Paid | Promise::Superseded => Fen::ZERO,
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

/// The sums of what is shown, each of its own column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sums {
    promised: Fen,
    confirmed: Fen,
    declined: Fen,
    paid: Fen,
    overpaid: Fen,
    comes: Fen,
}

impl Sums {
    fn of(payers: &[OtherPayer]) -> Self {
        let sum = |of: fn(&OtherPayer) -> Fen| shown(payers).map(of).sum();
        Self {
            promised: sum(OtherPayer::promises),
            confirmed: sum(OtherPayer::confirms),
            declined: sum(OtherPayer::declines),
            paid: sum(|one| one.paid),
            overpaid: sum(|one| one.overpaid),
            comes: sum(OtherPayer::comes),
        }
    }

    /// What is said of them all: each with what it takes, and what there is none of only where it is looked for.
    fn lines(self, lang: Lang) -> Vec<(&'static str, Fen)> {
        let always = [
            (lang.of("合计承诺", "Promised together"), self.promised, true),
            (lang.of("其中已确认支付", "of these confirmed"), self.confirmed, true),
            (lang.of("其中不予支付", "of these declined"), self.declined, false),
            (lang.of("合计已付", "Paid together"), self.paid, true),
            (lang.of("其中多付", "of these paid too much"), self.overpaid, false),
            (lang.of("尚待支付（已确认未付及待答复）", "Still to come (confirmed or not answered)"), self.comes, true),
        ];
        let said = always.into_iter().filter(|(_, amount, always)| *always || !amount.is_zero());
        said.map(|(what, amount, _)| (what, amount)).collect()
    }
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
        "尚未答复的各项承诺分别计算；实际支付合计不超过您的现金支出。",
        "Promises not answered yet are worked out each by itself; together no more than your cash is paid.",
    )
}

/// Whether several promises stand, which together may be more than the person's cash.
fn are_several(payers: &[OtherPayer]) -> bool {
    shown(payers).filter(|one| one.comes() > Fen::ZERO).nth(1).is_some()
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
        if one.promise == Promise::Superseded {
            // what it promised stands no longer, and is in no sum
            row(page, lang.of("已付", "paid"), one.paid, &remark);
        } else {
            row(page, lang.of("承诺", "promised"), one.promised, &remark);
            if !matches!(one.promise, Promise::Offered | Promise::Declined) {
                row(page, lang.of("确认", "confirmed"), one.confirmed, "");
            }
            row(page, lang.of("已付", "paid"), one.paid, "");
        }
        if one.overpaid > Fen::ZERO {
            let remark = lang.of("  超出现应支付数额", "  beyond what is promised now");
            row(page, lang.of("多付", "paid too much"), one.overpaid, remark);
        }
    }
    for (what, amount) in Sums::of(payers).lines(lang) {
        page.amount(Style::Strong, what, amount);
    }
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
    let cell = |amount: Option<Fen>| amount.map_or_else(|| "—".to_owned(), Fen::grouped);
    let row = |name: &str, figures: &[Option<Fen>], word: &str| {
        let figures: String = figures.iter().map(|amount| format!("<td>{}</td>", cell(*amount))).collect();
        format!("<tr><th scope=\"row\">{}</th>{figures}<td class=\"word\">{word}</td></tr>\n", safe(name))
    };
    let sums = Sums::of(payers);
    let has_more = !sums.overpaid.is_zero();
    // what was replaced stands no longer, and is in no sum
    let of = |one: &OtherPayer| {
        let stands = one.promise != Promise::Superseded;
        let promised = [one.promises(), one.confirms()].map(|amount| stands.then_some(amount));
        let more = has_more.then_some(Some(one.overpaid));
        promised.into_iter().chain([Some(one.paid)]).chain(more).collect::<Vec<_>>()
    };
    let rows: String = shown(payers).map(|one| row(&one.name(lang), &of(one), one.promise.words(lang))).collect();
    let together = [sums.promised, sums.confirmed, sums.paid].into_iter().chain(has_more.then_some(sums.overpaid));
    let together: Vec<Option<Fen>> = together.map(Some).collect();
    let sum = row(lang.of("合计", "Together"), &together, "");
    let lines: String =
        sums.lines(lang).iter().map(|(what, amount)| format!("<li>{what} {}</li>\n", amount.grouped())).collect();
    let heads = [("支付方", "Payer"), ("承诺", "Promised"), ("确认", "Confirmed"), ("已付", "Paid")];
    let more = has_more.then_some(("多付", "Paid too much"));
    let heads = heads.into_iter().chain(more).chain([("状态", "State")]);
    let heads: String = heads.map(|(zh, en)| format!("<th scope=\"col\">{}</th>", lang.of(zh, en))).collect();
    let note = if are_several(payers) { format!("<p>{}</p>\n", each_by_itself(lang)) } else { String::new() };
    format!(
        "<section>\n<h3>{}</h3>\n<table class=\"figures\"><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}{sum}</tbody></table>\n<ul>\n{lines}</ul>\n{note}</section>\n",
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
                overpaid: (!one.overpaid.is_zero()).then(|| one.overpaid.to_string()),
            };
            let offers: Vec<Line> = shown(payers).map(one).collect();
            let sums = Sums::of(payers);
            let said = |amount: Fen| Some(amount.to_string());
            (!offers.is_empty()).then_some(Record {
                away: false,
                offers,
                promised: said(sums.promised),
                confirmed: said(sums.confirmed),
                declined: said(sums.declined),
                paid: said(sums.paid),
                overpaid: said(sums.overpaid).filter(|_| !sums.overpaid.is_zero()),
                still_to_come: said(sums.comes),
            })
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
    /// What stands promised, whatever was answered: the sum of the offers but those that were superseded.
    #[serde(skip_serializing_if = "Option::is_none")]
    promised: Option<String>,
    /// Of that, what was confirmed, and what was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    declined: Option<String>,
    /// What was paid, of superseded offers too.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<String>,
    /// Of that, what is beyond what is promised now; only where there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    overpaid: Option<String>,
    /// What was confirmed and not paid, and what was not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    still_to_come: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    overpaid: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Paint;

    fn payer(promise: Promise, promised: i64, confirmed: i64, paid: i64) -> OtherPayer {
        let (payer, zh, en) = ("charity_b".to_owned(), "乙慈善会".to_owned(), String::new());
        let (promised, confirmed, paid) = (Fen::new(promised), Fen::new(confirmed), Fen::new(paid));
        OtherPayer { payer, zh, en, promise, promised, confirmed, paid, overpaid: Fen::ZERO }
    }

    fn spoken(others: Others<'_>, lang: Lang) -> String {
        let mut page = Page::new(lang, Paint::Plain);
        text(&mut page, others);
        page.finish()
    }

    /// The golden ones: 4,240.00 of which 1,000.00 were confirmed, 2,120.00 declined, 1.00 not answered, 500.00 paid of 600.00, and 50.00
    /// paid of what was replaced, of which 20.00 too much.
    fn payers() -> [OtherPayer; 6] {
        [
            payer(Promise::Confirmed, 424_000, 100_000, 0),
            payer(Promise::Declined, 212_000, 0, 0),
            payer(Promise::Offered, 100, 0, 0),
            payer(Promise::Paid, 60_000, 50_000, 50_000),
            payer(Promise::Superseded, 700, 700, 0),
            OtherPayer { overpaid: Fen::new(2_000), ..payer(Promise::Superseded, 9_000, 5_000, 5_000) },
        ]
    }

    #[test]
    fn each_sum_is_that_of_its_column_and_says_what_it_takes() {
        let payers = payers();
        let sums = Sums::of(&payers);
        let all = [sums.promised, sums.confirmed, sums.declined, sums.paid, sums.overpaid, sums.comes];
        assert_eq!(all.map(Fen::get), [696_100, 150_000, 212_000, 55_000, 2_000, 100_100]);
        let known = Others::Known(&payers);
        let said = |lang: Lang, wanted: &[(&str, &str)]| {
            let text = spoken(known, lang);
            for (what, amount) in wanted {
                let line = text.lines().find(|line| line.contains(what) && line.contains(amount));
                assert!(line.is_some(), "{what} {amount}: {text}");
            }
            assert!(!text.contains("90.00") && !text.contains(" 7.00"), "what was replaced promises nothing: {text}");
        };
        said(
            Lang::Zh,
            &[
                ("乙慈善会：承诺", "4,240.00"),
                ("乙慈善会：确认", "1,000.00"),
                ("不予支付", "2,120.00"),
                ("待答复", "1.00"),
                ("原承诺已变更", "50.00"),
                ("乙慈善会：多付", "20.00"),
                ("合计承诺", "6,961.00"),
                ("其中已确认支付", "1,500.00"),
                ("其中不予支付", "2,120.00"),
                ("合计已付", "550.00"),
                ("其中多付", "20.00"),
                ("尚待支付", "1,001.00"),
            ],
        );
        said(
            Lang::En,
            &[
                ("乙慈善会: promised", "4,240.00"),
                ("not answered yet", "1.00"),
                ("Promised together", "6,961.00"),
                ("of these confirmed", "1,500.00"),
                ("of these declined", "2,120.00"),
                ("Paid together", "550.00"),
                ("paid too much", "20.00"),
                ("Still to come", "1,001.00"),
            ],
        );
    }

    #[test]
    fn the_page_and_the_canonical_form_say_the_same_sums() {
        let payers = payers();
        let page = html(Others::Known(&payers), Lang::Zh);
        for wanted in [
            "<td>4,240.00</td><td>1,000.00</td><td>0.00</td><td>0.00</td>",
            "<td>—</td><td>—</td><td>50.00</td><td>20.00</td>",
            "合计</th><td>6,961.00</td><td>1,500.00</td><td>550.00</td><td>20.00</td>",
            "<li>其中不予支付 2,120.00</li>",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        let record = serde_json::to_value(record(Others::Known(&payers))).unwrap();
        let said = ["promised", "confirmed", "declined", "paid", "overpaid", "still_to_come"]
            .map(|field| record[field].as_str().unwrap_or_default().to_owned());
        assert_eq!(said, ["6961.00", "1500.00", "2120.00", "550.00", "20.00", "1001.00"]);
        assert_eq!(record["offers"].as_array().map(Vec::len), Some(5));
        assert_eq!(record["offers"][4]["overpaid"].as_str(), Some("20.00"));
        // without an amount that was paid too much nothing is said of it
        let right = [payer(Promise::Paid, 420_000, 400_000, 400_000)];
        let known = Others::Known(&right);
        assert!(html(known, Lang::Zh).contains("<td>4,200.00</td><td>4,000.00</td><td>4,000.00</td><td class"));
        assert!(!spoken(known, Lang::Zh).contains("多付") && !spoken(known, Lang::Zh).contains("不予支付"));
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

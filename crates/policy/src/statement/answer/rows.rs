use std::collections::BTreeMap;

use money::Fen;
use terms::{Category, Scheme, Word};

use super::Answered;
use crate::policy::Policy;
use crate::question::Contribution;
use crate::statement::figures::{rate, yuan};
use crate::statement::heading::Fact;
use crate::statement::{Lang, labels};

/// One line of an answer.
pub(super) enum Row {
    /// A label and a figure.
    Figure(&'static str, String),
    /// A sentence.
    Sentence(String),
}

/// What was asked, for people.
pub(super) fn asked(policy: &Policy, answered: &Answered<'_>, lang: Lang) -> Vec<Fact> {
    let whom = |categories: &[Category], who: &str| {
        let named = categories.iter().filter(|one| **one != Category::None).map(|one| lang.word(*one));
        std::iter::once(who).chain(named).collect::<Vec<_>>().join(lang.of("、", ", "))
    };
    let label = lang.of("对象", "Who");
    match answered {
        Answered::Contribution(facts, _) => {
            let mut rows = vec![
                (lang.of("险种", "Scheme"), lang.word(facts.scheme).to_owned()),
                (label, whom(&facts.categories, lang.word(facts.group))),
                (lang.of("参保年度", "Cover year"), facts.cover_year.to_string()),
                (lang.of("人数", "People"), facts.people.to_string()),
            ];
            if !facts.premium_base.is_zero() {
                rows.push((lang.of("缴费基数", "Premium base"), yuan(lang, facts.premium_base)));
            }
            rows
        }
        Answered::Coverage(facts, _) => vec![
            (lang.of("险种", "Scheme"), lang.word(facts.scheme).to_owned()),
            (label, whom(&facts.categories, lang.word(facts.group))),
            (lang.of("参保方式", "Enrolled"), lang.word(facts.how).to_owned()),
            (lang.of("参保年度", "Cover year"), facts.cover_year.to_string()),
            (lang.of("缴费日期", "Paid on"), facts.paid.to_string()),
        ],
        Answered::Watch(facts, _) => vec![
            (lang.of("险种", "Scheme"), lang.word(facts.scheme).to_owned()),
            (label, whom(&facts.categories, lang.of("参保人", "insured person"))),
            (lang.of("日期", "Day"), facts.on.to_string()),
            (lang.of("本年负担", "Burden so far"), yuan(lang, facts.burden)),
        ],
        Answered::Indicator(facts, _) => vec![
            (lang.of("指标", "Indicator"), labels::address(policy, &format!("common.{}", facts.name), lang)),
            (lang.of("日期", "Day"), facts.on.to_string()),
            (lang.of("基金支付", "Paid by funds"), yuan(lang, facts.fund)),
            (lang.of("政策范围内费用", "Within scope"), yuan(lang, facts.within_scope)),
        ],
    }
}

/// What comes out, for people; nothing where the question is refused.
pub(super) fn answer(policy: &Policy, answered: &Answered<'_>, lang: Lang) -> Vec<Row> {
    match answered {
        Answered::Contribution(facts, Ok(answer)) => contribution(facts.scheme, answer, lang),
        Answered::Coverage(_, Ok(answer)) => {
            let (from, to, months, how) = (answer.from, answer.to, answer.waiting_months, lang.word(answer.counts_as));
            vec![Row::Sentence(match lang {
                Lang::Zh => format!("按“{how}”计，等待期 {months} 个月，待遇享受期 {from} 至 {to}。"),
                Lang::En => format!("Counts as: {how}. {months} months of waiting; benefits from {from} to {to}."),
            })]
        }
        Answered::Watch(facts, Ok(answer)) => {
            let (burden, line) = (yuan(lang, facts.burden), yuan(lang, answer.line));
            let none = terms::Name::EMPTY;
            let meter = answer.meter.map(|meter| labels::meter(policy, None, &meter, &none, lang));
            let meter = meter.map_or_else(String::new, |meter| lang.brackets(&meter));
            vec![Row::Sentence(match (lang, answer.listed) {
                (Lang::Zh, true) => format!("负担 {burden}{meter}超过预警线 {line}，列入监测。"),
                (Lang::Zh, false) => format!("负担 {burden}{meter}未超过预警线 {line}，不列入监测。"),
                (Lang::En, true) => format!("The burden {burden}{meter} is above the line of {line}: on the list."),
                (Lang::En, false) => {
                    format!("The burden {burden}{meter} is not above the line of {line}: not on the list.")
                }
            })]
        }
        Answered::Indicator(facts, Ok(answer)) => {
            let (share, target) = (rate(answer.share), rate(answer.target));
            let (fund, scope) = (facts.fund.grouped(), facts.within_scope.grouped());
            vec![Row::Sentence(match (lang, answer.below) {
                (Lang::Zh, true) => format!("{fund} ÷ {scope} = {share}，低于目标 {target}。"),
                (Lang::Zh, false) => format!("{fund} ÷ {scope} = {share}，不低于目标 {target}。"),
                (Lang::En, true) => format!("{fund} ÷ {scope} = {share}, below the target of {target}."),
                (Lang::En, false) => format!("{fund} ÷ {scope} = {share}, not below the target of {target}."),
            })]
        }
        _ => Vec::new(),
    }
}

fn contribution(scheme: Scheme, answer: &Contribution, lang: Lang) -> Vec<Row> {
    let unknown = || lang.of("依据未给出", "not given").to_owned();
    let names = [
        ("个人缴费标准", "Individual premium"),
        ("财政补助", "Government subsidy"),
        ("　其中中央", "  centre"),
        ("　其中省（区）", "  province or region"),
        ("　其中市", "  city"),
        ("　其中县（区）", "  county or district"),
        ("医疗救助资助", "Paid by medical assistance"),
        ("划入个人账户", "Credited to personal accounts"),
        ("个人实缴", "Paid by the person"),
        ("单位缴费", "Employer's premium"),
        ("职工缴费", "Employee's premium"),
        ("筹资合计", "Together"),
    ];
    let asked = |name: &str| scheme == Scheme::Employee || !matches!(name, "employer" | "employee");
    let shown = |(name, amount): &(&'static str, Option<Fen>)| *amount != Some(Fen::ZERO) && asked(name);
    let figures = names.iter().zip(amounts(answer)).filter(|(_, figure)| shown(figure));
    figures
        .map(|((zh, en), (_, amount))| Row::Figure(lang.of(zh, en), amount.map_or_else(unknown, Fen::grouped)))
        .collect()
}

/// The amounts of a contribution, in the order in which they are shown.
const fn amounts(answer: &Contribution) -> [(&'static str, Option<Fen>); 12] {
    [
        ("premium", Some(answer.premium)),
        ("subsidy", Some(answer.subsidy)),
        ("central", Some(answer.central)),
        ("province", Some(answer.province)),
        ("city", Some(answer.city)),
        ("county", Some(answer.county)),
        ("assisted", Some(answer.assisted)),
        ("credit", Some(answer.credit)),
        ("own", answer.own),
        ("employer", answer.employer),
        ("employee", answer.employee),
        ("total", answer.total),
    ]
}

/// What was asked, by the names of the case format.
pub(super) fn asked_fields(answered: &Answered<'_>) -> BTreeMap<&'static str, String> {
    let words = |categories: &[Category]| categories.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ");
    let date = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    let fields: Vec<(&'static str, String)> = match answered {
        Answered::Contribution(facts, _) => vec![
            ("scheme", facts.scheme.to_string()),
            ("cover_year", facts.cover_year.to_string()),
            ("group", facts.group.to_string()),
            ("categories", words(&facts.categories)),
            ("county", facts.county.to_string()),
            ("college", facts.college.to_string()),
            ("people", facts.people.to_string()),
            ("premium_base", facts.premium_base.to_string()),
        ],
        Answered::Coverage(facts, _) => vec![
            ("scheme", facts.scheme.to_string()),
            ("group", facts.group.to_string()),
            ("categories", words(&facts.categories)),
            ("how", facts.how.to_string()),
            ("cover_year", facts.cover_year.to_string()),
            ("paid", facts.paid.to_string()),
            ("enrolled", facts.enrolled.to_string()),
            ("born", date(facts.born)),
            ("employee_ended", date(facts.employee_ended)),
            ("broken_years", facts.broken_years.to_string()),
            ("repaid_years", facts.repaid_years.to_string()),
        ],
        Answered::Watch(facts, _) => vec![
            ("scheme", facts.scheme.to_string()),
            ("categories", words(&facts.categories)),
            ("on", facts.on.to_string()),
            ("burden", facts.burden.to_string()),
        ],
        Answered::Indicator(facts, _) => vec![
            ("name", facts.name.clone()),
            ("on", facts.on.to_string()),
            ("fund", facts.fund.to_string()),
            ("within_scope", facts.within_scope.to_string()),
        ],
    };
    fields.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// What comes out, by the names of the case format; a figure nobody has given is null.
pub(super) fn answer_fields(answered: &Answered<'_>) -> Option<BTreeMap<&'static str, Option<String>>> {
    let fields: Vec<(&'static str, Option<String>)> = match answered {
        Answered::Contribution(_, answer) => {
            amounts(answer.ok()?).map(|(name, amount)| (name, amount.map(|amount| amount.to_string()))).to_vec()
        }
        Answered::Coverage(_, answer) => {
            let answer = answer.ok()?;
            vec![
                ("from", Some(answer.from.to_string())),
                ("to", Some(answer.to.to_string())),
                ("waiting_months", Some(answer.waiting_months.to_string())),
                ("counts_as", Some(answer.counts_as.to_string())),
            ]
        }
        Answered::Watch(_, answer) => {
            let answer = answer.ok()?;
            vec![
                ("listed", Some(answer.listed.to_string())),
                ("line", Some(answer.line.to_string())),
                ("meter", answer.meter.map(|meter| meter.to_string())),
            ]
        }
        Answered::Indicator(_, answer) => {
            let answer = answer.ok()?;
            vec![
                ("share", Some(answer.share.to_string())),
                ("target", Some(answer.target.to_string())),
                ("below", Some(answer.below.to_string())),
            ]
        }
    };
    Some(fields.into_iter().collect())
}

//! Names for people: divisions, payers, layers, meters, diseases, and the conditions of a pack's rows.

use terms::{
    Admission, Care, Category, College, CountyKind, Division, EnrolHow, Epidemic, Filing, Institution, LineClass,
    LineKind, Name, PersonGroup, Place, Referral, Scheme, Word,
};

use super::Lang;
use super::escape::plain;
use crate::compile::Benefit;
use crate::pack::Payer;
use crate::policy::Policy;
use crate::{Bill, Decision, Person};

/// A division's name; its code where there is no pack for it.
pub(super) fn division(policy: &Policy, code: Division, lang: Lang) -> String {
    match policy.tree.divisions.get(&code) {
        Some(division) => lang.of(&division.zh, &division.en).to_owned(),
        None => code.to_string(),
    }
}

/// A division's names up to the root: `place ‹ city ‹ province`.
pub(super) fn chain(policy: &Policy, code: Division, lang: Lang) -> String {
    let names: Vec<&str> = policy.chain(code).iter().map(|division| lang.of(&division.zh, &division.en)).collect();
    if names.is_empty() { code.to_string() } else { names.join(" ‹ ") }
}

/// A payer by its name in packs and results.
pub(super) fn payer_named<'p>(policy: &'p Policy, name: &str) -> Option<&'p Payer> {
    policy.index.payers.iter().find(|payer| payer.name.as_str() == name)
}

/// A payer's name for people; as packs spell it where there is none.
pub(super) fn payer(policy: &Policy, name: &str, lang: Lang) -> String {
    payer_named(policy, name).map_or_else(|| plain(name), |payer| lang.of(&payer.zh, &payer.en).to_owned())
}

/// The disease group of a bill, or its code.
pub(super) fn disease_of_bill(policy: &Policy, of: Division, code: &Name, lang: Lang) -> String {
    let group = policy.divisions.get(&of).and_then(|division| division.disease_group(code.as_str()));
    match group {
        Some(group) => format!("{}{}", disease(policy, &group, lang), lang.brackets(&plain(code.as_str()))),
        None => plain(code.as_str()),
    }
}

/// A disease group's name.
pub(super) fn disease(policy: &Policy, group: &Name, lang: Lang) -> String {
    let found = policy.divisions().find_map(|division| division.diseases.get(group));
    let name = found.map(|disease| lang.of(&disease.zh, &disease.en)).filter(|name| !name.is_empty());
    name.map_or_else(|| plain(group.as_str()), str::to_owned)
}

/// The benefit a decision was made under.
pub(super) fn benefit<'p>(
    policy: &'p Policy,
    person: &Person,
    bill: &Bill,
    decision: &Decision,
) -> Option<&'p Benefit> {
    let scheme = person.schemes.first()?;
    let history = policy.divisions.get(&person.division)?.history(*scheme, bill.care)?;
    history.on(decision.date).map(AsRef::as_ref)
}

/// A meter for people: scheme, care and payer, as far as they are known; else as it is spelled.
pub(super) fn meter(policy: &Policy, benefit: Option<&Benefit>, name: &Name, part: &Name, lang: Lang) -> String {
    let layers = benefit.map_or(&[][..], |benefit| &benefit.layers);
    let layer = layers.iter().find(|layer| layer.meter == *name);
    let mut words: Vec<String> = name.as_str().split('.').map(|part| word(part, lang)).collect();
    if let Some(last) = words.last_mut() {
        let spelled = lang.brackets(last);
        let role = |zh, en| Some(format!("{}{spelled}", lang.of(zh, en)));
        let named = match layer.map(|layer| policy.payer(layer.payer)) {
            Some(Some(payer)) => Some(lang.of(&payer.zh, &payer.en).to_owned()),
            Some(None) => role("累计", "counter"),
            None if layers.iter().any(|layer| layer.shared_meter == Some(*name)) => role("合并限额", "shared ceiling"),
            None if layers.iter().any(|layer| layer.deductible_meter == *name) => {
                role("合并起付线", "shared deductible")
            }
            None => None,
        };
        *last = named.unwrap_or_else(|| last.clone());
    }
    words.extend(part.as_str().split('/').filter(|part| !part.is_empty()).map(|part| meter_part(policy, part, lang)));
    words.join(" · ")
}

fn word(word: &str, lang: Lang) -> String {
    let scheme = Scheme::from_word(word).map(|scheme| lang.word(scheme));
    let care = || Care::from_word(word).map(|care| lang.word(care));
    scheme.or_else(|_| care()).map_or_else(|_| plain(word), str::to_owned)
}

/// A parameter's address for people: scheme, care, payer, and what the parameter is.
pub(super) fn address(policy: &Policy, address: &str, lang: Lang) -> String {
    let parts: Vec<&str> = address.split('.').collect();
    let mut path = String::new();
    let mut words = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let known = TERMS.iter().find(|(name, _, _)| at > 0 && name == part);
        let dot = if at == 0 { "" } else { "." };
        path = format!("{path}{dot}{part}");
        match known {
            _ if at == 0 && *part == "common" => {}
            Some((_, zh, en)) => words.push(lang.of(zh, en).to_owned()),
            None => words.push(payer_of(policy, &path, lang).unwrap_or_else(|| word(part, lang))),
        }
    }
    words.join(" · ")
}

/// Who pays in the layer at this address.
fn payer_of(policy: &Policy, layer: &str, lang: Lang) -> Option<String> {
    let key = format!("{layer}.payer");
    let written = policy.divisions().find_map(|division| division.mechanisms.get(&key));
    let own = layer.rsplit('.').next().and_then(|name| payer_named(policy, name)).map(|payer| payer.name.to_string());
    let name = written.and_then(|mechanism| mechanism.words.first().cloned()).or(own)?;
    payer_named(policy, &name).map(|payer| lang.of(&payer.zh, &payer.en).to_owned())
}

/// What the files, parameters and figures of packs are called, for people.
const TERMS: &[(&str, &str, &str)] = &[
    ("stack", "支付顺序", "stack of payers"),
    ("applies", "适用范围", "whether it applies"),
    ("deductible", "起付标准", "deductible"),
    ("deductible_factor", "起付标准系数", "factor on the deductible"),
    ("deductible_floor", "起付标准下限", "least deductible"),
    ("ratio", "支付比例", "ratio"),
    ("ratio_points", "支付比例增减", "points on the ratio"),
    ("ratio_per_year_of_age", "每岁增加的比例", "points a year of age"),
    ("own_share_factor", "自付部分系数", "factor on the own share"),
    ("ratio_max", "支付比例上限", "highest ratio"),
    ("bill_ceiling", "单次最高支付限额", "ceiling of a bill"),
    ("ceiling", "最高支付限额", "ceiling"),
    ("ceiling_extra", "限额增加额", "addition to the ceiling"),
    ("shared_ceiling", "合并最高支付限额", "shared ceiling"),
    ("first_self_paid", "先行自付比例", "first self-paid share"),
    ("price_limit", "限价", "price limit"),
    ("over_limit_borne_by", "超限价负担方", "who bears what is over the price limit"),
    ("borne_apart", "单独结算的支付方", "who bears costs apart"),
    ("extra_first_self_paid", "异地就医先行自付比例", "extra first self-paid share elsewhere"),
    ("order", "年度计算次序", "order of the year"),
    ("schemes", "同时有效的险种", "schemes held at once"),
    ("scope", "费用范围", "scope"),
    ("elsewhere", "异地就医", "care elsewhere"),
    ("year", "年度", "year"),
    ("waiting", "等待期", "waiting"),
    ("watch", "因病致贫监测", "watch list"),
    ("index", "基准数值", "index"),
    ("disposable_income", "人均可支配收入", "disposable income"),
    ("indicator", "监测指标", "indicator"),
    ("inpatient_fund_share", "住院费用基金支付占比", "funds' share of inpatient costs"),
    ("contribution", "筹资", "contribution"),
    ("premium", "个人缴费标准", "premium"),
    ("subsidy", "财政补助", "subsidy"),
    ("subsidy_central", "中央补助", "subsidy, centre"),
    ("subsidy_province", "省级补助", "subsidy, province"),
    ("subsidy_city", "市级补助", "subsidy, city"),
    ("subsidy_county", "县级补助", "subsidy, county"),
    ("premium_assistance", "资助参保", "premium assistance"),
    ("account_credit", "个人账户划入", "account credit"),
    ("employee_rate", "职工缴费率", "employee's rate"),
    ("employer_rate", "单位缴费率", "employer's rate"),
    ("fixed_months", "固定等待期（月）", "fixed waiting months"),
    ("months_per_broken_year", "每断保一年增加（月）", "months per broken year"),
    ("months_off_per_repaid_year", "每补缴一年减少（月）", "months off per repaid year"),
    ("long_break_years", "长期断保年数", "years that make a long break"),
    ("long_break_floor_months", "长期断保最短等待期（月）", "least months after a long break"),
    ("newborn_days", "新生儿参保期限（天）", "days for a newborn"),
    ("switch_gap_months", "转换险种期限（月）", "months for switching schemes"),
    ("central_period_days", "集中参保期延入参保年度（天）", "days of the cover year in the central period"),
    ("benefit_from", "待遇起始", "start of benefits"),
    ("line", "预警线", "line"),
];

fn meter_part(policy: &Policy, part: &str, lang: Lang) -> String {
    if let Some(quarter) = part.strip_prefix('Q').filter(|rest| rest.len() == 1) {
        return match lang {
            Lang::Zh => format!("第 {quarter} 季度"),
            Lang::En => format!("quarter {quarter}"),
        };
    }
    if let Some(month) = part.strip_prefix('M').filter(|rest| rest.len() == 2) {
        return match lang {
            Lang::Zh => format!("{month} 月"),
            Lang::En => format!("month {month}"),
        };
    }
    if part == "no_disease" {
        return lang.of("未填病种", "no disease").to_owned();
    }
    Name::new(part).map_or_else(|_| plain(part), |group| disease(policy, &group, lang))
}

/// The condition of a row, for people; empty where it always holds.
pub(super) fn condition(policy: &Policy, row: &str, lang: Lang) -> String {
    if row.trim() == "all" || row.trim().is_empty() {
        return String::new();
    }
    let alternatives = |part: &str| {
        let words: Vec<String> = part.split('|').map(|word| condition_word(policy, word.trim(), lang)).collect();
        words.join(lang.of("或", " or "))
    };
    row.split('&').map(alternatives).collect::<Vec<_>>().join(lang.of("、", ", "))
}

macro_rules! word_in {
    ($word:expr, $lang:expr, $($set:ty),+) => {
        None $(.or_else(|| <$set as Word>::from_word($word).ok().map(|word| $lang.word(word))))+
    };
}

fn condition_word(policy: &Policy, word: &str, lang: Lang) -> String {
    let known: Option<&'static str> = word_in!(
        word,
        lang,
        Institution,
        PersonGroup,
        Scheme,
        Category,
        Place,
        Filing,
        Referral,
        Admission,
        Care,
        LineClass,
        LineKind,
        Epidemic,
        EnrolHow,
        CountyKind,
        College
    );
    if let Some(known) = known {
        return known.to_owned();
    }
    if let Some(name) = word.strip_prefix("disease_").and_then(|name| Name::new(name).ok()) {
        return disease(policy, &name, lang);
    }
    if let Some(plan) = word.strip_prefix("plan_") {
        let name = payer(policy, plan, lang);
        return match lang {
            Lang::Zh => format!("参加{name}"),
            Lang::En => format!("member of: {name}"),
        };
    }
    range(word, lang).unwrap_or_else(|| plain(word))
}

/// `age_60_on`, `price_200_to_5000`.
fn range(word: &str, lang: Lang) -> Option<String> {
    let age = word.strip_prefix("age_");
    let bounds = age.or_else(|| word.strip_prefix("price_"))?;
    let (zh, en) = if age.is_some() { ("岁", "aged") } else { ("元（单价）", "unit price") };
    Some(match (bounds.strip_suffix("_on"), bounds.split_once("_to_")) {
        (Some(from), _) => match lang {
            Lang::Zh => format!("{from} {zh}及以上"),
            Lang::En => format!("{en} {from} or over"),
        },
        (None, Some((from, to))) => match lang {
            Lang::Zh => format!("{from} 至 {to} {zh}"),
            Lang::En => format!("{en} {from} to {to}"),
        },
        (None, None) => return None,
    })
}

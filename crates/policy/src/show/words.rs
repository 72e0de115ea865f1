//! The words of packs in the languages of people.

use terms::{
    Admission, Care, Category, College, CountyKind, EnrolHow, Epidemic, Filing, Institution, LineClass, LineKind,
    PersonGroup, Place, Referral, Scheme, Word,
};

use crate::Lang;

/// Names of parameters and groups: as in packs, Chinese, English.
const NAMES: &[(&str, &str, &str)] = &[
    ("benefit", "待遇", "benefit"),
    ("stack", "支付顺序", "order of payers"),
    ("applies", "适用", "applies"),
    ("deductible", "起付标准", "deductible"),
    ("deductible_factor", "起付标准系数", "factor on the deductible"),
    ("deductible_floor", "起付标准下限", "floor of the deductible"),
    ("ratio", "支付比例", "ratio"),
    ("ratio_points", "比例增减", "points on the ratio"),
    ("ratio_per_year_of_age", "每岁比例", "ratio per year of age"),
    ("own_share_factor", "自付比例系数", "factor on the own share"),
    ("ratio_max", "比例上限", "upper end of the ratio"),
    ("bill_ceiling", "单次限额", "ceiling of a bill"),
    ("ceiling", "最高支付限额", "ceiling"),
    ("ceiling_extra", "限额增加", "addition to the ceiling"),
    ("shared_ceiling", "合并限额", "shared ceiling"),
    ("scope", "支付范围", "scope"),
    ("first_self_paid", "先行自付比例", "first self-paid share"),
    ("price_limit", "限价", "price limit"),
    ("over_limit_borne_by", "超限价由谁负担", "who bears what is over the limit"),
    ("borne_apart", "单独结算", "borne apart"),
    ("elsewhere", "异地就医", "care elsewhere"),
    ("extra_first_self_paid", "异地先行自付比例", "extra first self-paid share"),
    ("contribution", "筹资", "contribution"),
    ("premium", "个人缴费", "premium"),
    ("subsidy", "财政补助", "subsidy"),
    ("subsidy_central", "中央补助", "subsidy, centre"),
    ("subsidy_province", "省级补助", "subsidy, province"),
    ("subsidy_city", "市级补助", "subsidy, city"),
    ("subsidy_county", "县级补助", "subsidy, county"),
    ("premium_assistance", "资助参保", "premium assistance"),
    ("account_credit", "个人账户划入", "credit to the account"),
    ("employee_rate", "个人费率", "employee's rate"),
    ("employer_rate", "单位费率", "employer's rate"),
    ("waiting", "待遇等待期", "waiting period"),
    ("fixed_months", "固定等待月数", "months of waiting"),
    ("months_per_broken_year", "每断缴一年增加月数", "months per broken year"),
    ("months_off_per_repaid_year", "每补缴一年减少月数", "months off per repaid year"),
    ("long_break_years", "长期断缴年数", "years of a long break"),
    ("long_break_floor_months", "长期断缴最低月数", "least months after a long break"),
    ("newborn_days", "新生儿参保天数", "days for a newborn"),
    ("switch_gap_months", "转接间隔月数", "months between schemes"),
    ("central_period_days", "集中参保期延入参保年度天数", "days of the cover year in the central period"),
    ("benefit_from", "待遇起始", "benefits from"),
    ("watch", "监测", "watch list"),
    ("line", "预警线", "line"),
    ("one_stop", "一站式结算", "one-stop settlement"),
    ("assistance_away", "救助系统不可用时", "while medical assistance is not reached"),
    ("settle_two", "先结算前两重", "settle the two systems before it"),
    ("refuse", "暂不结算", "settle nothing"),
    ("application", "依申请救助", "assistance on application"),
    ("looks_back", "身份追溯起点", "an approved category counts from"),
    ("decision", "认定所述之日", "the day the decision says"),
    ("temporary", "临时救助基金", "fund of temporary assistance"),
    ("cross_province", "跨省异地就医", "care in another province"),
    ("needed", "是否须备案", "whether filing is needed"),
    ("valid_months", "备案最长有效月数", "most months a filing is valid"),
    ("lock_months", "变更或取消时限月数", "months before a filing may be changed or cancelled"),
    ("documents", "备案材料", "documents of a filing"),
    ("residence_proof", "异地居住证明", "proof of residence elsewhere"),
    ("referral_proof", "转诊证明", "proof of referral"),
    ("promise", "可否承诺补交材料", "whether a promise stands for documents"),
    ("precedence", "多项备案的先后", "which filing counts before which"),
    ("direct", "可否直接结算", "whether it is settled directly"),
    ("diseases", "跨省直接结算病种", "diseases settled directly"),
    ("year", "年度", "year"),
    ("order", "结算次序", "order of bills"),
    ("schemes", "同时有效的险种", "schemes held at once"),
    ("one", "一种", "one"),
    ("index", "指标", "index"),
    ("disposable_income", "居民人均可支配收入", "per-capita disposable income"),
    ("indicator", "考核指标", "indicator"),
    ("inpatient_fund_share", "住院基金支付比例", "fund's share of inpatient costs"),
    ("all", "一律", "always"),
    ("common", "居民和职工", "residents and employees"),
];

/// The name for people; a name that a pack chose itself stays as it is.
pub(super) fn name_text(name: &str, lang: Lang) -> &str {
    let known = NAMES.iter().find(|(known, _, _)| *known == name);
    known.map_or_else(|| word_text(name, lang).unwrap_or(name), |(_, zh, en)| lang.of(zh, en))
}

/// A condition with its words in the language.
pub(super) fn condition_text(condition: &str, lang: Lang) -> String {
    let alternatives = |part: &str| {
        let words: Vec<&str> = part.split('|').map(|word| name_text(word.trim(), lang)).collect();
        words.join(lang.of("或", " or "))
    };
    let parts: Vec<String> = condition.split('&').map(alternatives).collect();
    parts.join(lang.of("，且", "; "))
}

/// `resident.inpatient.pooled.ratio` in words.
pub(super) fn place_text(place: &str, lang: Lang) -> String {
    let parts: Vec<&str> = place.split('.').map(|part| name_text(part, lang)).collect();
    parts.join(lang.of("·", ", "))
}

macro_rules! first_of {
    ($text:ident, $lang:ident: $($set:ident),+ $(,)?) => {
        None$(.or_else(|| $set::from_word($text).ok().map(|word| $lang.of(word.zh(), word.en()))))+
    };
}

fn word_text(text: &str, lang: Lang) -> Option<&'static str> {
    first_of!(
        text, lang: Institution, PersonGroup, Scheme, Category, Place, Filing, Referral, Admission, Care, LineClass,
        LineKind, Epidemic, EnrolHow, CountyKind, College,
    )
}

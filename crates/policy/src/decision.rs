//! What a decision is: shares that add up, each line's split, the steps with their clauses, or a refusal.

use chrono::NaiveDate;
use money::{Fen, Rate};
use serde::{Deserialize, Serialize};
use terms::{Category, Name};

use crate::facts::{Accumulators, Parts};
use crate::pack::SourceId;
use crate::{PayerKind, Version};

/// The answer to a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The policy version that decided; with the facts it reproduces this decision for ever.
    pub version: Version,
    /// The day whose rules applied.
    pub date: NaiveDate,
    /// Settled, or refused.
    pub outcome: Outcome,
}

/// Settled or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every fen has a payer.
    Settled(Box<Settlement>),
    /// A "no", with its reasons and clauses.
    Refused(Refusal),
}

impl Decision {
    /// The settlement, if it is one.
    #[must_use]
    pub fn settlement(&self) -> Option<&Settlement> {
        match &self.outcome {
            Outcome::Settled(settlement) => Some(settlement),
            Outcome::Refused(_) => None,
        }
    }

    /// The refusal, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.outcome {
            Outcome::Settled(_) => None,
            Outcome::Refused(refusal) => Some(refusal),
        }
    }
}

/// Who pays what of a bill, and why. All amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The category under which the bill was computed.
    pub category: Category,
    /// The four parts of the bill.
    pub parts: Parts,
    /// Of the part within scope, what is borne apart from all benefits (GX-19).
    pub apart: Fen,
    /// Who bears it.
    pub apart_payer: Option<u16>,
    /// Each fee line's split; empty where the bill came in parts.
    pub lines: Vec<LineSplit>,
    /// The layers of the stack, in order.
    pub layers: Vec<LayerShare>,
    /// The sums of the layers.
    pub shares: Shares,
    /// What the year holds after this bill.
    pub accumulators: Accumulators,
    /// The steps, in order; empty where they were not asked for.
    pub steps: Vec<Step>,
}

impl Settlement {
    /// What the hospital bears of costs over price limits, fen: of the lines, or of a bill that came in parts.
    #[must_use]
    pub fn hospital_over_limit(&self) -> Fen {
        self.parts.hospital + self.lines.iter().map(|line| line.hospital).sum()
    }
}

/// The sums of a settlement. `total = fund + hospital + person`; `person = other + account + family_account + cash`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// The bill.
    pub total: Fen,
    /// All funds, within scope (`fund_pay_sumamt`).
    pub fund: Fen,
    /// Borne by the hospital (`hosp_part_amt`).
    pub hospital: Fen,
    /// The person's part (`psn_part_amt`).
    pub person: Fen,
    /// Of the person's part, what payers beside the funds bear: charity, commercial insurance, supplements outside scope.
    pub other: Fen,
    /// Of the person's part, from the own personal account (`acct_pay`).
    pub account: Fen,
    /// Of the person's part, from relatives' accounts (`acct_mulaid_pay`).
    pub family_account: Fen,
    /// Of the person's part, cash (`psn_cash_pay`).
    pub cash: Fen,
}

/// How one fee line was split. The four parts sum to the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineSplit {
    /// The four parts.
    pub parts: Parts,
    /// Of the part within scope, what is borne apart.
    pub apart: Fen,
    /// Of the part over the limit, what the hospital bears.
    pub hospital: Fen,
}

/// What one layer of the stack did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerShare {
    /// Its name in the stack.
    pub layer: Name,
    /// Its payer, in the policy's list.
    pub payer: u16,
    /// What kind of payer it is.
    pub kind: PayerKind,
    /// Costs it looked at.
    pub base: Fen,
    /// The deductible standard in force for these facts.
    pub deductible_standard: Fen,
    /// The deductible actually applied to this bill.
    pub deductible: Fen,
    /// Costs above the deductible.
    pub cost: Fen,
    /// Of those, the costs it paid on (below its ceilings).
    pub cost_paid_on: Fen,
    /// The ratio of the first band that was reached, after all modifiers.
    pub ratio: Rate,
    /// What its ratios give before ceilings.
    pub computed: Fen,
    /// What it pays.
    pub paid: Fen,
    /// Of that, within scope.
    pub paid_within_scope: Fen,
}

/// One step of the explanation: the rule, the value it used and where that stands, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// The layer, by its place in the settlement's layers; `None` before the layers.
    pub layer: Option<u8>,
    /// The fee line, by its place in the bill.
    pub line: Option<u16>,
    /// The value used.
    pub used: Used,
    /// Where the value stands.
    pub source: Option<SourceId>,
    /// Where the figure it is a share of stands (an index).
    pub via: Option<SourceId>,
    /// The amount the rule looked at.
    pub before: Fen,
    /// The amount it gave.
    pub after: Fen,
}

/// A value a step used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Used {
    /// None.
    Nothing,
    /// An amount in fen.
    Amount(Fen),
    /// A rate.
    Rate(Rate),
}

/// The rules a step can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A fee line outside the catalogue.
    OutsideCatalogue,
    /// A fee line above its price limit.
    OverLimit,
    /// The first self-paid share of a fee line.
    FirstSelfPaid,
    /// A fee line borne apart from all benefits.
    BorneApart,
    /// The deductible taken off class B costs first.
    OffClassB,
    /// An extra first self-paid share for care elsewhere.
    Elsewhere,
    /// The stack of payers.
    Stack,
    /// A layer applies to these facts, by a row that says so.
    Applied,
    /// A layer does not apply to these facts.
    NotApplied,
    /// The costs a layer looks at.
    Base,
    /// The deductible standard.
    DeductibleStandard,
    /// A factor on the deductible.
    DeductibleFactor,
    /// The floor under the deductible.
    DeductibleFloor,
    /// What was paid of deductibles this year counts.
    DeductibleMet,
    /// The deductible applied.
    Deductible,
    /// A band of cost at its ratio.
    Ratio,
    /// Points on the ratio.
    RatioPoints,
    /// Points a year of age.
    RatioPerYearOfAge,
    /// A factor on the own share.
    OwnShareFactor,
    /// The ratio's upper end.
    RatioMax,
    /// The ceiling of a bill.
    BillCeiling,
    /// The ceiling of a period.
    Ceiling,
    /// An addition to the ceiling.
    CeilingExtra,
    /// A ceiling shared by several layers.
    SharedCeiling,
    /// The balance of an account.
    Balance,
    /// What the service that keeps the payer's fund lets the bill take.
    Held,
    /// What the layer pays.
    Paid,
    /// What is left in cash.
    Cash,
}

/// A "no": every reason found, each with its clause where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// At least one.
    pub causes: Vec<Cause>,
}

/// One reason of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The stable reason.
    pub reason: Reason,
    /// What it is about: a parameter's address, a field, a line.
    pub about: String,
    /// Clause ids.
    pub cite: Vec<String>,
}

impl Refusal {
    pub(crate) fn of(reason: Reason, about: impl Into<String>) -> Self {
        Self { causes: vec![Cause { reason, about: about.into(), cite: Vec::new() }] }
    }

    pub(crate) fn cited(reason: Reason, about: impl Into<String>, cite: Vec<String>) -> Self {
        Self { causes: vec![Cause { reason, about: about.into(), cite }] }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $word:literal $zh:literal $en:literal),+ $(,)?) => {
        /// Stable reasons of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $(#[doc = $en] $(#[$doc])* $variant),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable spelling.
            #[must_use]
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// What it means, Chinese.
            #[must_use]
            pub const fn zh(self) -> &'static str { match self { $(Self::$variant => $zh),+ } }
            /// What it means, English.
            #[must_use]
            pub const fn en(self) -> &'static str { match self { $(Self::$variant => $en),+ } }
        }
    };
}

reasons! {
    UnknownDivision "unknown_division" "没有该统筹区的政策" "no pack for this division",
    NoScheme "no_scheme" "未参加任何基本医疗保险" "no active scheme",
    TwoSchemes "two_schemes" "同时有两个有效险种，须先清理重复参保" "two active schemes at once: the duplicate enrolment must be cleared first",
    WrongGroup "wrong_group" "人员类别与险种不符" "the group of person is not of this scheme",
    NotCovered "not_covered" "就医日不在待遇享受期内" "the day is outside the benefit period",
    NoBenefit "no_benefit" "该日当地没有此项待遇" "no such benefit in force there on that day",
    NoValue "no_value" "政策对此情形没有规定数值" "no value in force for these facts",
    AbsentValue "absent_value" "政策要求此数值，但没有可靠依据，须先由主管部门填写" "the rule asks for a value nobody has given: the bureau must set it first",
    NotQualified "not_qualified" "未取得该病种门诊慢特病资格" "the disease is not among the person's recognised ones",
    UnknownDisease "unknown_disease" "病种代码不在目录中" "the disease code is in no disease group there",
    NotAtPharmacy "not_at_pharmacy" "此项待遇不能在药店结算" "this benefit cannot be billed by a pharmacy",
    NegativeAmount "negative_amount" "金额为负" "an amount below zero",
    AmountTooLarge "amount_too_large" "金额超过上限" "an amount over the limit",
    SumMismatch "sum_mismatch" "明细合计与总额不符" "the lines or parts do not add up to the bill",
    BadDates "bad_dates" "日期顺序有误" "dates in the wrong order",
    BadPlace "bad_place" "就医地与备案类型不符" "place of care and filing do not fit",
    BadLine "bad_line" "费用明细有误" "a fee line that cannot be right",
    LinesNeeded "lines_needed" "按此政策须提供费用明细" "this policy needs fee lines, not parts",
    TooManyLines "too_many_lines" "费用明细过多" "too many fee lines",
    BadHeld "bad_held" "代管基金的支付额度有误" "a share of a fund kept by another service that cannot be right",
    NotFiled "not_filed" "未办理异地就医备案，不能跨省直接结算" "care elsewhere was not filed, and is not settled directly",
    NotAcross "not_across" "该病种不在跨省直接结算范围" "the disease is not settled directly between provinces",
    FilingNotNeeded "filing_not_needed" "该就医地无需备案" "no filing is needed there",
    FilingTooLong "filing_too_long" "超过备案最长有效期" "longer than a filing is valid",
    FilingLocked "filing_locked" "未到变更或取消备案的时限" "the filing may not be changed or cancelled yet",
    DocumentMissing "document_missing" "缺少备案材料" "a document of the filing is missing",
}

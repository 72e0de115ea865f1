use std::collections::BTreeMap;

use serde::Serialize;
use terms::{Category, Division as DivisionCode, HeldBy, Name};

use super::clause::{Citation, Clause, SourceId};
use super::parameter::Parameter;

/// All packs of a policy version, as read.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackTree {
    pub(crate) divisions: BTreeMap<DivisionCode, Division>,
    pub(crate) clauses: BTreeMap<String, Clause>,
    pub(crate) citations: Vec<Citation>,
}

/// One administrative division's pack.
#[derive(Clone, Debug)]
pub struct Division {
    /// Its code.
    pub code: DivisionCode,
    /// The division it inherits from.
    pub parent: Option<DivisionCode>,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) mechanisms: BTreeMap<String, Mechanism>,
    pub(crate) payers: BTreeMap<String, Payer>,
    pub(crate) diseases: BTreeMap<Name, Disease>,
    pub(crate) list: Option<NationalList>,
    pub(crate) file: String,
}

/// What the division and those below it may set, and who is poorer than whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct NationalList {
    /// Patterns of addresses.
    pub(crate) parameters: Vec<String>,
    /// Ranks of assistance categories, the poorest first; those of one rank are not compared.
    pub(crate) poorer_first: Vec<Vec<Category>>,
    pub(crate) file: String,
}

/// A mechanism key as written: one word, or the pots of a base.
#[derive(Clone, Debug)]
pub(crate) struct Mechanism {
    pub(crate) words: Vec<String>,
    /// The division whose pack says it.
    pub(crate) division: DivisionCode,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What kind of payer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayerKind {
    /// A fund of the medical security system: counts in `fund_pay_sumamt`.
    Fund,
    /// The hospital bears it.
    Hospital,
    /// A charity, a union, a commercial insurer: beside the funds.
    Other,
    /// The person's own account.
    Account,
    /// The relatives' accounts.
    FamilyAccount,
    /// Nobody: the layer only counts.
    Nobody,
}

/// Someone who may pay a part of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payer {
    /// Name in packs and results.
    pub name: Name,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// What kind of payer it is.
    pub kind: PayerKind,
    /// The field of the national settlement result, for a fund.
    pub field: Option<NationalField>,
    /// The service that keeps the fund and its yearly limits, where it is not the one that settles bills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
}

/// Fields of the national settlement result that a fund's payment goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NationalField {
    /// 基本医疗保险统筹基金支出.
    HifpPay,
    /// 公务员医疗补助资金支出.
    CvlservPay,
    /// 企业补充医疗保险基金支出.
    HifesPay,
    /// 居民大病保险资金支出.
    HifmiPay,
    /// 职工大额医疗费用补助基金支出.
    HifobPay,
    /// 医疗救助基金支出.
    MafPay,
    /// 伤残人员医疗保障基金支出.
    HifdmPay,
    /// 其他支出.
    OthPay,
}

impl NationalField {
    /// Every field and its spelling.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::HifpPay, "hifp_pay"),
        (Self::CvlservPay, "cvlserv_pay"),
        (Self::HifesPay, "hifes_pay"),
        (Self::HifmiPay, "hifmi_pay"),
        (Self::HifobPay, "hifob_pay"),
        (Self::MafPay, "maf_pay"),
        (Self::HifdmPay, "hifdm_pay"),
        (Self::OthPay, "oth_pay"),
    ];
}

/// A group of outpatient chronic or special diseases.
#[derive(Clone, Debug)]
pub(crate) struct Disease {
    pub(crate) codes: Vec<String>,
    pub(crate) zh: String,
    pub(crate) en: String,
}

impl PackTree {
    /// The division and its ancestors, nearest first; empty where the division is unknown. A loop ends.
    pub(crate) fn chain(&self, division: DivisionCode) -> Vec<&Division> {
        let mut chain: Vec<&Division> = Vec::new();
        let mut next = self.divisions.get(&division);
        while let Some(here) = next {
            if chain.iter().any(|seen| seen.code == here.code) {
                break;
            }
            chain.push(here);
            next = here.parent.and_then(|parent| self.divisions.get(&parent));
        }
        chain
    }

    pub(crate) fn citation(&self, source: SourceId) -> Option<&Citation> {
        self.citations.get(usize::try_from(source.0).ok()?)
    }
}

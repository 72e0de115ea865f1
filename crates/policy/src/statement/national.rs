use money::{Fen, Rate};
use serde::Serialize;

use super::figures::{as_ratio, as_yuan, four_decimals};
use crate::decision::Settlement;
use crate::pack::NationalField;
use crate::policy::Policy;

/// The fields of the national settlement result (`setlinfo`), by their names there, and one of our own.
///
/// The identities of the national interface hold by construction: the four parts are the total; funds, person and hospital
/// are the total; accounts, [`other_payers_pay`](Self::other_payers_pay) and cash are the person's part; the eight funds
/// are the funds' total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NationalResult {
    /// 医疗费总额: the bill.
    #[serde(serialize_with = "as_yuan")]
    pub medfee_sumamt: Fen,
    /// 全自费金额: outside the catalogue.
    #[serde(serialize_with = "as_yuan")]
    pub fulamt_ownpay_amt: Fen,
    /// 超限价自费费用: above price limits.
    #[serde(serialize_with = "as_yuan")]
    pub overlmt_selfpay: Fen,
    /// 先行自付金额: first self-paid share.
    #[serde(serialize_with = "as_yuan")]
    pub preselfpay_amt: Fen,
    /// 符合政策范围金额: within policy scope.
    #[serde(serialize_with = "as_yuan")]
    pub inscp_scp_amt: Fen,
    /// 实际支付起付线: the deductible of the first fund, as applied to this bill.
    #[serde(serialize_with = "as_yuan")]
    pub act_pay_dedc: Fen,
    /// 基本医疗保险统筹基金支出.
    #[serde(serialize_with = "as_yuan")]
    pub hifp_pay: Fen,
    /// 基本医疗保险统筹基金支付比例: the fund's ratio, whatever the field's name says; four decimals.
    #[serde(serialize_with = "as_ratio")]
    pub pool_prop_selfpay: Rate,
    /// 公务员医疗补助资金支出.
    #[serde(serialize_with = "as_yuan")]
    pub cvlserv_pay: Fen,
    /// 企业补充医疗保险基金支出.
    #[serde(serialize_with = "as_yuan")]
    pub hifes_pay: Fen,
    /// 居民大病保险资金支出.
    #[serde(serialize_with = "as_yuan")]
    pub hifmi_pay: Fen,
    /// 职工大额医疗费用补助基金支出.
    #[serde(serialize_with = "as_yuan")]
    pub hifob_pay: Fen,
    /// 医疗救助基金支出.
    #[serde(serialize_with = "as_yuan")]
    pub maf_pay: Fen,
    /// 伤残人员医疗保障基金支出.
    #[serde(serialize_with = "as_yuan")]
    pub hifdm_pay: Fen,
    /// 其他支出.
    #[serde(serialize_with = "as_yuan")]
    pub oth_pay: Fen,
    /// 基金支付总额: all funds, within scope.
    #[serde(serialize_with = "as_yuan")]
    pub fund_pay_sumamt: Fen,
    /// 个人负担总金额: the person's part.
    #[serde(serialize_with = "as_yuan")]
    pub psn_part_amt: Fen,
    /// 个人账户支出: from the own account, without mutual aid.
    #[serde(serialize_with = "as_yuan")]
    pub acct_pay: Fen,
    /// 个人账户共济支付金额: from relatives' accounts.
    #[serde(serialize_with = "as_yuan")]
    pub acct_mulaid_pay: Fen,
    /// Ours, not the nation's: what charity, commercial insurance and supplements outside scope bear of the person's part.
    #[serde(serialize_with = "as_yuan")]
    pub other_payers_pay: Fen,
    /// 个人现金支出: cash.
    #[serde(serialize_with = "as_yuan")]
    pub psn_cash_pay: Fen,
    /// 医院负担金额: borne by the hospital.
    #[serde(serialize_with = "as_yuan")]
    pub hosp_part_amt: Fen,
    /// 余额: balance of the own account after the settlement.
    #[serde(serialize_with = "as_yuan")]
    pub balc: Fen,
}

impl NationalResult {
    /// The result of a settlement under the policy version that decided it.
    #[must_use]
    pub fn of(policy: &Policy, settlement: &Settlement) -> Self {
        let (parts, shares) = (&settlement.parts, &settlement.shares);
        let pays_into = |field: NationalField| policy.national_field(settlement, field);
        let is_basic = |payer: u16| policy.payer(payer).and_then(|payer| payer.field) == Some(NationalField::HifpPay);
        let first_fund = settlement.layers.iter().find(|layer| layer.kind == crate::PayerKind::Fund);
        let basic = settlement.layers.iter().find(|layer| is_basic(layer.payer));
        Self {
            medfee_sumamt: shares.total,
            fulamt_ownpay_amt: parts.outside_catalogue,
            overlmt_selfpay: parts.over_limit,
            preselfpay_amt: parts.first_self_paid,
            inscp_scp_amt: parts.within_scope,
            act_pay_dedc: first_fund.map_or(Fen::ZERO, |layer| layer.deductible),
            hifp_pay: pays_into(NationalField::HifpPay),
            pool_prop_selfpay: basic.map_or(Rate::ZERO, |layer| layer.ratio),
            cvlserv_pay: pays_into(NationalField::CvlservPay),
            hifes_pay: pays_into(NationalField::HifesPay),
            hifmi_pay: pays_into(NationalField::HifmiPay),
            hifob_pay: pays_into(NationalField::HifobPay),
            maf_pay: pays_into(NationalField::MafPay),
            hifdm_pay: pays_into(NationalField::HifdmPay),
            oth_pay: pays_into(NationalField::OthPay),
            fund_pay_sumamt: shares.fund,
            psn_part_amt: shares.person,
            acct_pay: shares.account,
            acct_mulaid_pay: shares.family_account,
            other_payers_pay: shares.other,
            psn_cash_pay: shares.cash,
            hosp_part_amt: shares.hospital,
            balc: settlement.accumulators.account,
        }
    }

    /// The eight funds, in the order of the national interface.
    #[must_use]
    pub const fn funds(&self) -> [Fen; 8] {
        [
            self.hifp_pay,
            self.cvlserv_pay,
            self.hifes_pay,
            self.hifmi_pay,
            self.hifob_pay,
            self.maf_pay,
            self.hifdm_pay,
            self.oth_pay,
        ]
    }
}

impl NationalResult {
    /// Every field: its name, what it is in Chinese and in English, and its figure for people.
    pub(super) fn fields(&self) -> [(&'static str, &'static str, &'static str, String); 23] {
        let yuan = |name, zh, en, amount: Fen| (name, zh, en, amount.grouped());
        [
            yuan("medfee_sumamt", "医疗费总额", "Total", self.medfee_sumamt),
            yuan("fulamt_ownpay_amt", "全自费金额", "Outside the catalogue", self.fulamt_ownpay_amt),
            yuan("overlmt_selfpay", "超限价自费费用", "Over price limits", self.overlmt_selfpay),
            yuan("preselfpay_amt", "先行自付金额", "First self-paid share", self.preselfpay_amt),
            yuan("inscp_scp_amt", "符合政策范围金额", "Within policy scope", self.inscp_scp_amt),
            yuan("act_pay_dedc", "实际支付起付线", "Deductible applied", self.act_pay_dedc),
            yuan("hifp_pay", "基本医疗保险统筹基金支出", "Basic pooling fund", self.hifp_pay),
            ("pool_prop_selfpay", "统筹基金支付比例", "The fund's ratio", four_decimals(self.pool_prop_selfpay)),
            yuan("cvlserv_pay", "公务员医疗补助", "Civil servants' subsidy", self.cvlserv_pay),
            yuan("hifes_pay", "企业补充医疗保险", "Enterprise supplement", self.hifes_pay),
            yuan("hifmi_pay", "居民大病保险", "Residents' serious illness", self.hifmi_pay),
            yuan("hifob_pay", "职工大额医疗费用补助", "Employees' large amounts", self.hifob_pay),
            yuan("maf_pay", "医疗救助基金", "Medical assistance", self.maf_pay),
            yuan("hifdm_pay", "伤残人员医疗保障基金", "Disabled servicemen", self.hifdm_pay),
            yuan("oth_pay", "其他支出", "Other funds", self.oth_pay),
            yuan("fund_pay_sumamt", "基金支付总额", "All funds", self.fund_pay_sumamt),
            yuan("psn_part_amt", "个人负担总金额", "The person's part", self.psn_part_amt),
            yuan("acct_pay", "个人账户支出", "Own account", self.acct_pay),
            yuan("acct_mulaid_pay", "个人账户共济支付", "Relatives' accounts", self.acct_mulaid_pay),
            yuan("other_payers_pay", "其他支付方（本系统扩展）", "Other payers (our extension)", self.other_payers_pay),
            yuan("psn_cash_pay", "个人现金支出", "Cash", self.psn_cash_pay),
            yuan("hosp_part_amt", "医院负担金额", "Borne by the hospital", self.hosp_part_amt),
            yuan("balc", "账户余额", "Balance of the account", self.balc),
        ]
    }
}

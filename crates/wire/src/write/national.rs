use pb::policy::v1 as policy_pb;
use policy::statement::NationalResult;
use policy::{Policy, Settlement};

/// A settlement in the fields of the national interface, under the policy version that decided it.
#[must_use]
pub fn national(policy: &Policy, settlement: &Settlement) -> policy_pb::NationalResult {
    let result = NationalResult::of(policy, settlement);
    policy_pb::NationalResult {
        medfee_sumamt_fen: result.medfee_sumamt.get(),
        fulamt_ownpay_amt_fen: result.fulamt_ownpay_amt.get(),
        overlmt_selfpay_fen: result.overlmt_selfpay.get(),
        preselfpay_amt_fen: result.preselfpay_amt.get(),
        inscp_scp_amt_fen: result.inscp_scp_amt.get(),
        act_pay_dedc_fen: result.act_pay_dedc.get(),
        hifp_pay_fen: result.hifp_pay.get(),
        pool_prop_selfpay_ratio: result.pool_prop_selfpay.to_string(),
        cvlserv_pay_fen: result.cvlserv_pay.get(),
        hifes_pay_fen: result.hifes_pay.get(),
        hifmi_pay_fen: result.hifmi_pay.get(),
        hifob_pay_fen: result.hifob_pay.get(),
        maf_pay_fen: result.maf_pay.get(),
        hifdm_pay_fen: result.hifdm_pay.get(),
        oth_pay_fen: result.oth_pay.get(),
        fund_pay_sumamt_fen: result.fund_pay_sumamt.get(),
        psn_part_amt_fen: result.psn_part_amt.get(),
        acct_pay_fen: result.acct_pay.get(),
        acct_mulaid_pay_fen: result.acct_mulaid_pay.get(),
        psn_cash_pay_fen: result.psn_cash_pay.get(),
        hosp_part_amt_fen: result.hosp_part_amt.get(),
        balc_fen: result.balc.get(),
    }
}

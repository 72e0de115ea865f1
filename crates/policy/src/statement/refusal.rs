//! A "no" in words: the reason, what it is about, and what to do next.

use super::Lang;
use super::escape::plain;
use crate::decision::{Cause, Reason};

/// The reason in one sentence.
pub(super) fn reason(cause: &Cause, lang: Lang) -> String {
    lang.of(cause.reason.zh(), cause.reason.en()).to_owned()
}

/// What the reason is about; empty where the decision does not say.
pub(super) fn about(cause: &Cause) -> String {
    plain(&cause.about)
}

/// What whoever reads the refusal can do.
pub(super) const fn next(reason: Reason, lang: Lang) -> &'static str {
    let (zh, en) = match reason {
        Reason::UnknownDivision | Reason::NoBenefit | Reason::NoValue => of_missing_rules(reason),
        Reason::NoScheme | Reason::TwoSchemes | Reason::WrongGroup | Reason::NotCovered => of_enrolment(reason),
        Reason::AbsentValue => (
            "请主管医保部门在政策包中填写该数值并注明依据，然后重新结算。",
            "the bureau sets the value in its pack with a citation; then settle again",
        ),
        Reason::NotQualified => (
            "请先为参保人办理该病种的资格认定，或改按普通门诊结算。",
            "have the disease recognised for the person first, or settle as general outpatient care",
        ),
        Reason::UnknownDisease => (
            "请核对病种代码；确属当地病种的，由主管部门补入病种目录。",
            "check the disease code; if the place does cover it, the bureau adds it to the disease groups",
        ),
        Reason::NotAtPharmacy => ("请在定点医疗机构结算此项待遇。", "settle this benefit at a designated hospital"),
        Reason::NotFiled
        | Reason::NotAcross
        | Reason::FilingNotNeeded
        | Reason::FilingTooLong
        | Reason::FilingLocked
        | Reason::DocumentMissing => of_filing(reason),
        _ => of_bill(reason),
    };
    lang.of(zh, en)
}

const fn of_missing_rules(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::UnknownDivision => (
            "请核对参保地代码；如代码无误，须先建立该地的政策包。",
            "check the place of insurance; if it is right, a pack for it must be written first",
        ),
        Reason::NoBenefit => (
            "请核对医疗类别和就医日期；当地确有此项待遇的，由主管部门补充政策包。",
            "check the kind of care and the dates; if the place does grant it, the bureau adds it to its pack",
        ),
        _ => (
            "请核对账单的各项事实；如无误，由主管部门为此情形补充规定。",
            "check the facts of the bill; if they are right, the bureau adds a row for them to its pack",
        ),
    }
}

const fn of_enrolment(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::NoScheme => ("请先为参保人办理参保登记。", "enrol the person first"),
        Reason::TwoSchemes => (
            "请先清理重复参保，只保留一个险种，再重新结算。",
            "clear the duplicate enrolment so that one scheme remains; then settle again",
        ),
        Reason::WrongGroup => ("请核对参保人的人员类别与险种。", "check the person's group and scheme"),
        _ => (
            "请核对缴费与待遇享受期；待遇期外的费用由个人负担。",
            "check the payments and the benefit period; costs outside it are the person's own",
        ),
    }
}

const fn of_filing(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::NotFiled => (
            "请在出院结算前补办备案；否则由本人垫付，回参保地申请手工报销。",
            "file before the settlement at discharge; else the patient pays and claims at home",
        ),
        Reason::NotAcross => ("请由本人垫付，回参保地申请手工报销。", "the patient pays and claims at home"),
        Reason::FilingNotNeeded => ("无需备案，直接就医结算。", "nothing to file: care there is settled as it is"),
        Reason::FilingTooLong => {
            ("请缩短备案的结束日期，到期后可再次备案。", "let it end earlier; it may be filed again")
        }
        Reason::FilingLocked => ("请在时限届满后变更或取消。", "change or cancel it when the time is over"),
        _ => (
            "请补交所列材料；允许承诺的，可先承诺后补交。",
            "hand in the documents that are named, or promise them where that is allowed",
        ),
    }
}

const fn of_bill(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::BadDates => ("请更正账单的日期后重新上传。", "correct the dates of the bill and send it again"),
        Reason::BadPlace => (
            "请核对就医地和异地就医备案，更正后重新上传。",
            "check the place of care against the filing, correct and send again",
        ),
        Reason::LinesNeeded => ("请上传费用明细后重新结算。", "send the fee lines and settle again"),
        Reason::BadHeld => (
            "请核对救助等代管基金的支付额度，更正后重新结算。",
            "check the shares of the funds that another service keeps, correct and settle again",
        ),
        Reason::TooManyLines => ("请将账单拆分后分次上传。", "cut the bill into several and send each"),
        _ => (
            "请医疗机构更正金额或明细，使其与总额一致后重新上传。",
            "the institution corrects the amounts or lines so that they add up, and sends the bill again",
        ),
    }
}

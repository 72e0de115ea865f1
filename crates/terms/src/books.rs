use crate::word::words;

words! {
    /// The side of a line in the books (借贷方向).
    Side is "side" {
        Debit "debit" "借方" "debit",
        Credit "credit" "贷方" "credit",
    }
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

words! {
    /// What kind of account a line goes to (账户类别).
    AccountKind is "kind of account" {
        Fund "fund" "医疗保障基金" "fund of the medical security system",
        Income "income" "基金收入来源" "source of a fund's income",
        Personal "personal" "个人账户" "personal account",
        Family "family" "家庭共济账户" "family account",
        Receivable "receivable" "应收个人款" "receivable from a person",
        Other "other" "应收其他支付方" "receivable from a payer beside the funds",
        /// Debited where a bill is settled, credited in the books that keep the fund: over both it is zero.
        Due "due" "与代管基金往来" "between the books that settle and those that keep a fund",
        Payable "payable" "应付定点医药机构" "payable to an institution",
        /// Debited in the books between provinces, credited where the bill is settled: over both it is zero.
        Cross "cross" "与异地结算往来" "between the books that settle and those between provinces",
        Province "province" "省际往来" "owed between provinces",
        /// What the books between provinces turn into once a month is cleared.
        Clearing "clearing" "省际清算往来" "to be paid or received between provinces by notices",
        Opening "opening" "期初余额" "balances brought forward",
        Hospital "hospital" "医院负担（备查）" "borne by the hospital, memorandum",
        Cash "cash" "个人现金支付（备查）" "paid by the person in cash, memorandum",
        Limit "limit" "限额（备查）" "limit that reservations hold, memorandum",
    }
}

words! {
    /// What an entry records (分录类别).
    EntryKind is "kind of entry" {
        Opening "opening" "期初余额" "balances brought forward",
        Contribution "contribution" "筹资" "contribution for a cover year",
        AccountCredit "account_credit" "个人账户划入" "credit to a personal account",
        Settlement "settlement" "结算" "settlement of a bill",
        Adjustment "adjustment" "差额调整" "adjustment of a settled bill",
        Refund "refund" "部分退费" "refund of a part of a bill",
        Reversal "reversal" "冲正" "reversal of an entry",
        /// From the owner's account to what is offered to a relative, and back.
        Sharing "sharing" "家庭共济划转" "shared with a relative",
        /// A relative's premium, the balance taken along to another pooling area, a credit taken back, or what is owed paid.
        AccountDebit "account_debit" "个人账户支出" "payment from a personal account",
        /// What came in for an enrolment that never was, and is owed to who paid it.
        OwedBack "owed_back" "应退保费" "premium owed back to who paid it",
        /// What officers gave a person in need beside any bill.
        Aid "aid" "临时救助" "temporary assistance",
        /// Of a bill whose places of care and of insurance are in two provinces.
        Crossing "crossing" "跨省异地就医结算" "bill between two provinces",
        /// What a month comes to between two provinces, once its notices are issued.
        Clearing "clearing" "跨省清算" "month cleared between two provinces",
    }
}

words! {
    /// Who a fund's income is from (基金收入来源).
    IncomeSource is "source of income" {
        PremiumOwn "premium_own" "个人缴费" "premium paid by the person",
        PremiumEmployer "premium_employer" "单位缴费" "premium paid by the employer",
        PremiumAssisted "premium_assisted" "医疗救助资助参保" "premium paid by medical assistance",
        SubsidyCentral "subsidy_central" "中央财政补助" "subsidy of the centre",
        SubsidyProvince "subsidy_province" "省级财政补助" "subsidy of the province or region",
        SubsidyCity "subsidy_city" "市级财政补助" "subsidy of the city",
        SubsidyCounty "subsidy_county" "县级财政补助" "subsidy of the county or district",
        /// Where the pack says no split.
        SubsidyUnsplit "subsidy" "财政补助（未分级）" "subsidy not split by level of government",
    }
}

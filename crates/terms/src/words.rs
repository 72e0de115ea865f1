use crate::word::words;

words! {
    /// Which insurance a person is in (险种).
    Scheme is "scheme" {
        Resident "resident" "城乡居民基本医疗保险" "residents' basic medical insurance",
        Employee "employee" "职工基本医疗保险" "employees' basic medical insurance",
    }
}

words! {
    /// The kind of care a bill is for (医疗类别). Each has a benefit of its own in the packs.
    Care is "kind of care" {
        Inpatient "inpatient" "住院" "inpatient care",
        DaySurgery "day_surgery" "日间手术" "day surgery",
        MaternityInpatient "maternity_inpatient" "生育住院" "maternity, inpatient",
        Outpatient "outpatient" "普通门诊" "general outpatient care",
        MaternityOutpatient "maternity_outpatient" "生育门诊" "maternity, outpatient",
        Chronic "chronic" "门诊慢性病" "outpatient chronic disease",
        Special "special" "门诊特殊疾病" "outpatient special disease",
        TwoDisease "two_disease" "“两病”门诊用药" "two-disease outpatient drugs",
        SpecialDrug "special_drug" "特药" "special drugs",
        NegotiatedDrug "negotiated_drug" "国家谈判药品" "negotiated drugs",
        EmergencyCare "emergency_care" "急诊抢救" "emergency care",
    }
}

words! {
    /// Where the care was given: the level of the hospital, or a pharmacy (医疗机构等级).
    Institution is "institution" {
        Primary "primary" "一级及以下医疗机构" "primary institution (or below)",
        Secondary "secondary" "二级医疗机构" "secondary hospital",
        Tertiary "tertiary" "三级医疗机构" "tertiary hospital",
        Pharmacy "pharmacy" "定点零售药店" "designated pharmacy",
    }
}

words! {
    /// The group of insured people a person is in (人员类别).
    PersonGroup is "group of person" {
        Active "active" "在职职工" "active employee",
        Retired "retired" "退休人员" "retired employee",
        Flexible "flexible" "灵活就业人员" "flexibly employed",
        Adult "adult" "成年居民" "adult resident",
        Minor "minor" "未成年居民" "resident minor",
        Student "student" "大学生" "university student",
        Elderly "elderly" "老年居民" "elderly resident",
        Newborn "newborn" "新生儿" "newborn",
    }
}

impl PersonGroup {
    /// The scheme this group can be in.
    #[must_use]
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Active | Self::Retired | Self::Flexible => Scheme::Employee,
            Self::Adult | Self::Minor | Self::Student | Self::Elderly | Self::Newborn => Scheme::Resident,
        }
    }
}

words! {
    /// The category under which a person is assisted (救助对象类别), SD-1 and GX-7.
    Category is "assistance category" {
        None "no_category" "非救助对象" "no assistance category",
        Destitute "destitute" "特困人员" "destitute",
        Orphan "orphan" "孤儿" "orphan",
        UnattendedChild "unattended_child" "事实无人抚养儿童" "child without actual care",
        LowIncome "low_income" "低保对象" "subsistence-allowance recipient",
        ReturnedToPoverty "returned_to_poverty" "返贫致贫人口" "returned to or fallen into poverty",
        LowIncomeEdge "low_income_edge" "低保边缘家庭成员" "member of a family at the edge of the allowance",
        Monitored "monitored" "防止返贫监测帮扶对象" "monitored against falling back into poverty",
        IllnessPoor "illness_poor" "因病致贫重病患者" "impoverished by a serious illness",
        SeverelyDisabled "severely_disabled" "重度残疾人" "severely disabled",
        FormerlyPoor "formerly_poor" "脱贫人口" "formerly poor",
        OtherAssisted "other_assisted" "其他救助对象" "otherwise assisted",
    }
}

words! {
    /// Where the care was given, seen from the place of insurance (就医地).
    Place is "place of care" {
        Local "local" "统筹区内" "in the pooling area",
        InProvince "in_province" "省内异地" "elsewhere in the province",
        OutOfProvince "out_of_province" "跨省异地" "outside the province",
    }
}

words! {
    /// How care elsewhere was filed (异地就医备案).
    Filing is "filing" {
        AtHome "at_home" "无需备案（参保地就医）" "at home, nothing to file",
        LongTerm "long_term" "异地长期居住备案" "filed as long-term resident elsewhere",
        Referred "referred" "转诊备案" "filed as referred",
        Emergency "emergency" "急诊抢救（视同备案）" "emergency, counts as filed",
        Temporary "temporary" "临时外出备案" "filed as temporarily away",
        Unfiled "unfiled" "未备案" "not filed",
    }
}

words! {
    /// Whether the referral rules were followed (分级转诊).
    Referral is "referral rules" {
        Followed "followed_referral" "按规定转诊" "referral rules followed",
        Skipped "skipped_referral" "未按规定转诊" "referral rules not followed",
    }
}

words! {
    /// Which admission of the year a stay is (住院次数).
    Admission is "admission of the year" {
        First "admission_1" "当年首次住院" "first admission of the year",
        Second "admission_2" "当年第二次住院" "second admission of the year",
        Third "admission_3" "当年第三次住院" "third admission of the year",
        Later "admission_4_on" "当年第四次及以上住院" "fourth admission of the year or later",
    }
}

impl Admission {
    /// The word for the admission that follows `before` admissions of the same year.
    #[must_use]
    pub const fn after(before: u16) -> Self {
        match before {
            0 => Self::First,
            1 => Self::Second,
            2 => Self::Third,
            _ => Self::Later,
        }
    }
}

words! {
    /// The class of a fee line in the catalogue (收费项目等级).
    LineClass is "class of fee line" {
        A "class_a" "甲类" "class A",
        B "class_b" "乙类" "class B",
        C "class_c" "丙类（目录外）" "class C, outside the catalogue",
    }
}

words! {
    /// The kind of a fee line (收费项目类别).
    LineKind is "kind of fee line" {
        Drug "drug" "药品" "drug",
        Service "service" "诊疗项目" "medical service",
        Examination "examination" "检查检验" "examination",
        Consumable "consumable" "医用耗材" "consumable",
        Implant "implant" "植入材料" "implant",
        Bed "bed" "床位" "bed",
        Herbal "herbal" "中药饮片" "herbal medicine",
        Blood "blood" "血液及血液制品" "blood product",
    }
}

words! {
    /// Whether a fee line belongs to a designated epidemic (GX-19).
    Epidemic is "epidemic" {
        Ordinary "ordinary" "普通费用" "ordinary cost",
        Epidemic "epidemic" "重大疫情医疗费用" "cost of a designated epidemic",
    }
}

words! {
    /// How a person came to be enrolled (参保方式).
    EnrolHow is "way of enrolment" {
        CentralPeriod "central_period" "集中参保期参保" "paid in the central enrolment period",
        AfterEmployee "after_employee" "职工医保中断后转入" "joined after employee insurance stopped",
        NewBirth "new_birth" "新生儿参保" "newborn",
        AfterResident "after_resident" "居民医保转入" "joined after residents' insurance",
        Late "late" "集中参保期外参保" "joined outside the central period",
    }
}

words! {
    /// The kind of county that shares the subsidy (GX-1).
    CountyKind is "kind of county" {
        Other "other_county" "其他县（市、区）" "other county",
        Poor "poor_county" "脱贫县" "county lifted out of poverty",
    }
}

words! {
    /// Whether a student is at a college directly under the region (GX-1).
    College is "college" {
        No "no_college" "非区直高校学生" "not at a college under the region",
        Region "region_college" "区直高校学生" "student of a college under the region",
    }
}

words! {
    /// The service that keeps a payer's fund, where it is not the one that settles bills (基金管理方).
    HeldBy is "service that keeps a fund" {
        Assistance "assistance" "医疗救助" "medical assistance",
    }
}

words! {
    /// Why a payer whose fund another service keeps lets a bill take no more.
    HeldWhy is "reason of a held share" {
        /// Other bills have used, or hold, the rest of the year's limit.
        Limit "limit" "年度限额已被其他费用占用" "other bills have used or hold the rest of the year's limit",
        /// The service was not reached; the share follows by itself.
        Away "away" "救助系统暂不可用，随后补付" "medical assistance is not reached; its share follows",
    }
}

words! {
    /// What becomes of a bill while medical assistance is not reached.
    Away is "way to settle without assistance" {
        SettleTwo "settle_two" "先结算前两重，救助随后补付" "settle the two systems before it; its share follows",
        Refuse "refuse" "暂不结算" "settle nothing until it is back",
    }
}

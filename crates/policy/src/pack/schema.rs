//! What can be set where: the one table of parameter and mechanism names.

/// The type of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Yuan, none, or a share of an index.
    Amount,
    /// 0 to 1.
    Rate,
    /// 0 and up.
    Factor,
    /// −1 to +1, signed.
    Points,
    /// A rate or bands of rates.
    Bands,
    Number,
    YesNo,
    List,
    Word(&'static [&'static str]),
    /// A name of payers.toml.
    Payer,
    /// A level of government's part of a subsidy.
    Part,
    /// What assistance pays of a premium.
    Assistance,
    /// A yearly credit to a personal account.
    Credit,
}

impl Kind {
    pub(crate) const fn expected(&self) -> &'static str {
        match self {
            Self::Amount => {
                "an amount in yuan such as \"800.00\", \"none\", or a share of an index such as \"0.50 of disposable_income\""
            }
            Self::Rate => "a rate from 0 to 1 such as \"0.85\"",
            Self::Factor => "a factor such as \"0.5\"",
            Self::Points => "signed points such as \"+0.05\"",
            Self::Bands => "a rate such as \"0.85\", or bands such as [\"0.60 to 100000.00\", \"0.75\"]",
            Self::Number => "a whole number in quotes such as \"90\"",
            Self::YesNo => "\"yes\" or \"no\"",
            Self::List => "a list of names",
            Self::Word(_) => "one of the words this parameter allows",
            Self::Payer => "a name of payers.toml",
            Self::Part => "an amount such as \"488.00\", a rate such as \"0.30\", or \"rest\"",
            Self::Assistance => "\"full\", an amount such as \"30.00\", or a rate such as \"0.60\"",
            Self::Credit => "an amount a year such as \"1200.00\", or \"0.02 of premium_base\"",
        }
    }
}

/// Which rows of a parameter count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combine {
    /// Exactly one, and one for every combination of the named dimensions.
    One,
    /// At most one.
    AtMostOne,
    /// Every row that holds.
    All,
}

/// The kind of place a parameter stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Benefit,
    Layer,
    Scope,
    Elsewhere,
    Year,
    Contribution,
    Waiting,
    Watch,
    OneStop,
    Application,
    CrossProvince,
    Index,
    Indicator,
}

/// A parameter that can be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) home: Home,
    pub(crate) kind: Kind,
    pub(crate) combine: Combine,
}

const fn one(home: Home, name: &'static str, kind: Kind) -> Spec {
    Spec { name, home, kind, combine: Combine::One }
}

const fn at_most_one(home: Home, name: &'static str, kind: Kind) -> Spec {
    Spec { name, home, kind, combine: Combine::AtMostOne }
}

const fn all(home: Home, name: &'static str, kind: Kind) -> Spec {
    Spec { name, home, kind, combine: Combine::All }
}

/// Every parameter, but for the names of `index` and `indicator`, which are free.
pub(crate) const PARAMETERS: &[Spec] = &[
    one(Home::Benefit, "stack", Kind::List),
    at_most_one(Home::Layer, "applies", Kind::YesNo),
    one(Home::Layer, "deductible", Kind::Amount),
    all(Home::Layer, "deductible_factor", Kind::Factor),
    at_most_one(Home::Layer, "deductible_floor", Kind::Amount),
    one(Home::Layer, "ratio", Kind::Bands),
    all(Home::Layer, "ratio_points", Kind::Points),
    at_most_one(Home::Layer, "ratio_per_year_of_age", Kind::Rate),
    at_most_one(Home::Layer, "own_share_factor", Kind::Rate),
    at_most_one(Home::Layer, "ratio_max", Kind::Rate),
    one(Home::Layer, "bill_ceiling", Kind::Amount),
    one(Home::Layer, "ceiling", Kind::Amount),
    all(Home::Layer, "ceiling_extra", Kind::Amount),
    one(Home::Layer, "shared_ceiling", Kind::Amount),
    one(Home::Scope, "first_self_paid", Kind::Bands),
    at_most_one(Home::Scope, "price_limit", Kind::Amount),
    at_most_one(Home::Scope, "over_limit_borne_by", Kind::Word(&["patient", "hospital"])),
    at_most_one(Home::Scope, "borne_apart", Kind::Payer),
    one(Home::Elsewhere, "extra_first_self_paid", Kind::Rate),
    one(Home::Year, "order", Kind::Word(&["settlement", "service_date"])),
    at_most_one(Home::Year, "schemes", Kind::Word(&["one"])),
    at_most_one(Home::Year, "division", Kind::Word(&["of_insurance"])),
    at_most_one(Home::Year, "groups", Kind::Word(&["of_scheme"])),
    at_most_one(Home::Year, "filing", Kind::Word(&["of_place"])),
    at_most_one(Home::Year, "diseases", Kind::Word(&["recognised"])),
    at_most_one(Home::Year, "pharmacy", Kind::Word(&["where_granted"])),
    at_most_one(Home::Year, "amounts", Kind::Word(&["add_up"])),
    one(Home::Contribution, "premium", Kind::Amount),
    one(Home::Contribution, "subsidy", Kind::Amount),
    one(Home::Contribution, "subsidy_central", Kind::Part),
    one(Home::Contribution, "subsidy_province", Kind::Part),
    one(Home::Contribution, "subsidy_city", Kind::Part),
    one(Home::Contribution, "subsidy_county", Kind::Part),
    at_most_one(Home::Contribution, "premium_assistance", Kind::Assistance),
    at_most_one(Home::Contribution, "account_credit", Kind::Credit),
    at_most_one(Home::Contribution, "employee_rate", Kind::Rate),
    at_most_one(Home::Contribution, "employer_rate", Kind::Rate),
    one(Home::Waiting, "fixed_months", Kind::Number),
    at_most_one(Home::Waiting, "months_per_broken_year", Kind::Number),
    at_most_one(Home::Waiting, "months_off_per_repaid_year", Kind::Number),
    at_most_one(Home::Waiting, "long_break_years", Kind::Number),
    at_most_one(Home::Waiting, "long_break_floor_months", Kind::Number),
    at_most_one(Home::Waiting, "newborn_days", Kind::Number),
    at_most_one(Home::Waiting, "switch_gap_months", Kind::Number),
    at_most_one(Home::Waiting, "central_period_days", Kind::Number),
    one(
        Home::Waiting,
        "benefit_from",
        Kind::Word(&["cover_year_start", "month_of_enrolment", "day_of_payment", "day_after_payment", "birth"]),
    ),
    one(Home::Watch, "line", Kind::Amount),
    one(Home::OneStop, "assistance_away", Kind::Word(&["settle_two", "refuse"])),
    one(Home::Application, "looks_back", Kind::Word(&["decision", "year"])),
    at_most_one(Home::Application, "temporary", Kind::Payer),
    at_most_one(Home::CrossProvince, "needed", Kind::YesNo),
    at_most_one(Home::CrossProvince, "valid_months", Kind::Number),
    at_most_one(Home::CrossProvince, "lock_months", Kind::Number),
    at_most_one(Home::CrossProvince, "documents", Kind::List),
    at_most_one(Home::CrossProvince, "promise", Kind::YesNo),
    at_most_one(Home::CrossProvince, "precedence", Kind::List),
    at_most_one(Home::CrossProvince, "direct", Kind::YesNo),
    at_most_one(Home::CrossProvince, "diseases", Kind::List),
];

/// The parameter of this name in a place of this kind.
pub(crate) fn spec(home: Home, name: &str) -> Option<Spec> {
    match home {
        Home::Index => Some(one(Home::Index, "index", Kind::Amount)),
        Home::Indicator => Some(one(Home::Indicator, "indicator", Kind::Rate)),
        _ => PARAMETERS.iter().find(|spec| spec.home == home && spec.name == name).copied(),
    }
}

/// The type of a mechanism key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MechanismKind {
    /// A word out of these, the first the default.
    Word(&'static [&'static str]),
    Yes,
    /// A name.
    Name,
    /// Pots, or a phrase about an earlier layer.
    Base,
}

const ROUNDING: MechanismKind = MechanismKind::Word(&["half_up", "half_down", "down", "up", "half_even"]);

const MECHANISMS: &[(Home, &str, MechanismKind)] = &[
    (Home::Layer, "payer", MechanismKind::Name),
    (Home::Layer, "base", MechanismKind::Base),
    (Home::Layer, "measure", MechanismKind::Word(&["left", "whole"])),
    (Home::Layer, "deductible_period", MechanismKind::Word(&["bill", "year"])),
    (Home::Layer, "deductible_meter", MechanismKind::Name),
    (Home::Layer, "top_up", MechanismKind::Yes),
    (Home::Layer, "deductible_off_class_b", MechanismKind::Yes),
    (Home::Layer, "bands_over", MechanismKind::Word(&["bill", "year"])),
    (Home::Layer, "bands_from", MechanismKind::Word(&["zero", "deductible"])),
    (Home::Layer, "increment", MechanismKind::Word(&["formula", "less_paid"])),
    (Home::Layer, "ceiling_counts", MechanismKind::Word(&["paid", "cost"])),
    (Home::Layer, "ceiling_period", MechanismKind::Word(&["year", "quarter", "month"])),
    (Home::Layer, "ceiling_per", MechanismKind::Word(&["person", "disease"])),
    (Home::Layer, "shared_meter", MechanismKind::Name),
    (Home::Layer, "meter", MechanismKind::Name),
    (Home::Layer, "rounding", ROUNDING),
    (Home::Layer, "round_at", MechanismKind::Word(&["payer", "band"])),
    (Home::Layer, "plan", MechanismKind::Name),
    (Home::Layer, "obligatory", MechanismKind::Yes),
    (Home::Benefit, "dated_by", MechanismKind::Word(&["discharge", "admission", "settlement"])),
    (Home::Benefit, "counts_admission", MechanismKind::Yes),
    (Home::Benefit, "needs_qualification", MechanismKind::Yes),
    (Home::Benefit, "at_pharmacy", MechanismKind::Yes),
    (Home::Scope, "rounding", ROUNDING),
    (Home::Scope, "round_at", MechanismKind::Word(&["line", "bill"])),
    (Home::Watch, "meter", MechanismKind::Name),
];

/// The mechanism key of this name in a place of this kind.
pub(crate) fn mechanism_spec(home: Home, name: &str) -> Option<MechanismKind> {
    MECHANISMS.iter().find(|(place, key, _)| *place == home && *key == name).map(|(_, _, kind)| *kind)
}

/// The names of the parameters of a place of this kind.
pub(crate) fn parameters_of(home: Home) -> impl Iterator<Item = &'static str> {
    PARAMETERS.iter().filter(move |spec| spec.home == home).map(|spec| spec.name)
}

/// The mechanism keys of a place of this kind.
pub(crate) fn mechanisms_of(home: Home) -> impl Iterator<Item = &'static str> {
    MECHANISMS.iter().filter(move |(place, _, _)| *place == home).map(|(_, name, _)| *name)
}

/// Every name that may stand in a place of this kind, for messages.
pub(crate) fn names_in(home: Home) -> Vec<&'static str> {
    let parameters = PARAMETERS.iter().filter(|spec| spec.home == home).map(|spec| spec.name);
    parameters.chain(MECHANISMS.iter().filter(|(place, _, _)| *place == home).map(|(_, name, _)| *name)).collect()
}

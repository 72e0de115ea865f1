use pb::policy::v1 as policy_pb;
use policy::{
    Accumulators, Bill, ContributionFacts, Costs, CoverageFacts, Facts, HeldShare, IndicatorFacts, Line, Meter, Parts,
    Person, WatchFacts,
};
use terms::Name;

use super::plain::{date, optional_date, period, word, words};

/// Everything a decision is made from; an empty year is left out.
#[must_use]
pub fn facts(facts: &Facts) -> policy_pb::Facts {
    policy_pb::Facts {
        person: Some(person(&facts.person)),
        bill: Some(bill(&facts.bill, facts.person.use_account)),
        accumulated: (facts.accumulated != Accumulators::default()).then(|| accumulators(&facts.accumulated)),
        held: facts.held.iter().map(held_share).collect(),
    }
}

fn held_share(share: &HeldShare) -> policy_pb::HeldShare {
    policy_pb::HeldShare { payer: share.payer.to_string(), most_fen: share.most.get(), why: word(share.why) }
}

/// The person. Whether accounts may be used goes with the bill.
#[must_use]
pub fn person(person: &Person) -> policy_pb::PersonFacts {
    policy_pb::PersonFacts {
        division: person.division.to_string(),
        schemes: words(&person.schemes),
        group: word(person.group),
        age: person.age.map(u32::from),
        categories: words(&person.categories),
        plans: names(&person.plans),
        diseases: names(&person.diseases),
        covered: person.covered.map(period),
    }
}

fn names(names: &[Name]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The bill; each fee line says what the catalogue says of it.
#[must_use]
pub fn bill(bill: &Bill, use_account: bool) -> policy_pb::Bill {
    policy_pb::Bill {
        bill_id: bill.id.to_string(),
        care: word(bill.care),
        institution: word(bill.institution),
        place: word(bill.place),
        filing: word(bill.filing),
        referral: word(bill.referral),
        from_date: date(bill.from),
        to_date: date(bill.to),
        settled_date: date(bill.settled),
        disease: bill.disease.to_string(),
        total_fen: bill.total.get(),
        use_account: Some(use_account),
        costs: Some(match &bill.costs {
            Costs::Parts(sums) => policy_pb::bill::Costs::Parts(parts(sums)),
            Costs::Lines(lines) => {
                policy_pb::bill::Costs::Lines(policy_pb::FeeLines { lines: lines.iter().map(line).collect() })
            }
        }),
    }
}

fn line(line: &Line) -> policy_pb::FeeLine {
    policy_pb::FeeLine {
        item: line.item.clone(),
        kind: word(line.kind),
        amount_fen: line.amount.get(),
        quantity: line.quantity.to_string(),
        unit_price_fen: Some(line.unit_price.get()),
        epidemic: word(line.epidemic),
        service_date: String::new(),
        terms: Some(policy_pb::CatalogueTerms {
            class: line.class.map(word),
            price_limit_fen: line.price_limit.map(money::Fen::get),
            first_self_paid_rate: line.first_self_paid.map(|share| share.to_string()),
        }),
    }
}

/// The four parts.
#[must_use]
pub const fn parts(parts: &Parts) -> policy_pb::Parts {
    policy_pb::Parts {
        outside_catalogue_fen: parts.outside_catalogue.get(),
        over_limit_fen: parts.over_limit.get(),
        first_self_paid_fen: parts.first_self_paid.get(),
        within_scope_fen: parts.within_scope.get(),
        hospital_fen: parts.hospital.get(),
        apart_fen: parts.apart.get(),
    }
}

/// What a person's year has accumulated.
#[must_use]
pub fn accumulators(accumulators: &Accumulators) -> policy_pb::Accumulators {
    policy_pb::Accumulators {
        admissions: u32::from(accumulators.admissions),
        account_fen: accumulators.account.get(),
        family_account_fen: accumulators.family_account.get(),
        meters: accumulators.meters.iter().map(meter).collect(),
    }
}

fn meter(meter: &Meter) -> policy_pb::Meter {
    policy_pb::Meter {
        name: meter.name.to_string(),
        part: meter.part.to_string(),
        base_fen: meter.counts.base.get(),
        deductible_fen: meter.counts.deductible.get(),
        paid_fen: meter.counts.paid.get(),
        cost_fen: meter.counts.cost.get(),
    }
}

/// A year on the wire is no negative number.
fn year(year: i32) -> u32 {
    u32::try_from(year).unwrap_or(0)
}

/// Who asks what a year's contribution is.
#[must_use]
pub fn contribution_facts(facts: &ContributionFacts) -> policy_pb::ContributionFacts {
    policy_pb::ContributionFacts {
        division: facts.division.to_string(),
        scheme: word(facts.scheme),
        cover_year: year(facts.cover_year),
        group: word(facts.group),
        categories: words(&facts.categories),
        county: word(facts.county),
        college: word(facts.college),
        people: facts.people,
        premium_base_fen: facts.premium_base.get(),
    }
}

/// Who asks from when to when a person is covered.
#[must_use]
pub fn coverage_facts(facts: &CoverageFacts) -> policy_pb::CoverageFacts {
    policy_pb::CoverageFacts {
        division: facts.division.to_string(),
        scheme: word(facts.scheme),
        group: word(facts.group),
        categories: words(&facts.categories),
        how: word(facts.how),
        cover_year: year(facts.cover_year),
        paid_date: date(facts.paid),
        enrolled_date: date(facts.enrolled),
        born_date: optional_date(facts.born),
        employee_ended_date: optional_date(facts.employee_ended),
        broken_years: facts.broken_years,
        repaid_years: facts.repaid_years,
        joined_date: optional_date(facts.joined),
    }
}

/// Who asks whether a person is on the watch list.
#[must_use]
pub fn watch_facts(facts: &WatchFacts) -> policy_pb::WatchFacts {
    policy_pb::WatchFacts {
        division: facts.division.to_string(),
        scheme: word(facts.scheme),
        categories: words(&facts.categories),
        on_date: date(facts.on),
        burden_fen: facts.burden.get(),
    }
}

/// Who asks how an aggregate compares with its target.
#[must_use]
pub fn indicator_facts(facts: &IndicatorFacts) -> policy_pb::IndicatorFacts {
    policy_pb::IndicatorFacts {
        division: facts.division.to_string(),
        name: facts.name.clone(),
        on_date: date(facts.on),
        fund_fen: facts.fund.get(),
        within_scope_fen: facts.within_scope.get(),
    }
}

use money::Fen;
use pb::policy::v1 as policy_pb;
use policy::{Contribution, Coverage, FoundValue, Indicator, Period, Policy, Watch};

use super::citation::{cause, citation};
use super::plain::{period, word};

/// A value that was used, under the policy version that answered.
#[must_use]
pub fn found_value(policy: &Policy, value: &FoundValue) -> policy_pb::FoundValue {
    policy_pb::FoundValue { name: value.name.clone(), citation: policy.citation(value.source).map(citation) }
}

fn found_values(policy: &Policy, values: &[FoundValue]) -> Vec<policy_pb::FoundValue> {
    values.iter().map(|value| found_value(policy, value)).collect()
}

/// What a year's contribution is, under the policy version that answered.
#[must_use]
pub fn contribution(policy: &Policy, contribution: &Contribution) -> policy_pb::Contribution {
    policy_pb::Contribution {
        premium_fen: contribution.premium.get(),
        subsidy_fen: contribution.subsidy.get(),
        central_fen: contribution.central.get(),
        province_fen: contribution.province.get(),
        city_fen: contribution.city.get(),
        county_fen: contribution.county.get(),
        assisted_fen: contribution.assisted.get(),
        own_fen: contribution.own.map(Fen::get),
        employer_fen: contribution.employer.map(Fen::get),
        employee_fen: contribution.employee.map(Fen::get),
        credit_fen: contribution.credit.get(),
        total_fen: contribution.total.map(Fen::get),
        values: found_values(policy, &contribution.values),
        unknown: contribution.unknown.iter().map(cause).collect(),
    }
}

/// From when to when a person is covered, under the policy version that answered.
#[must_use]
pub fn coverage(policy: &Policy, coverage: &Coverage) -> policy_pb::Coverage {
    policy_pb::Coverage {
        covered: Some(period(Period { from: coverage.from, to: coverage.to })),
        waiting_months: coverage.waiting_months,
        counts_as: word(coverage.counts_as),
        values: found_values(policy, &coverage.values),
    }
}

/// Whether a person is on the watch list, under the policy version that answered.
#[must_use]
pub fn watch(policy: &Policy, watch: &Watch) -> policy_pb::Watch {
    policy_pb::Watch {
        listed: watch.listed,
        line_fen: watch.line.get(),
        meter: watch.meter.map(|meter| meter.to_string()).unwrap_or_default(),
        values: found_values(policy, &watch.values),
    }
}

/// How an aggregate compares with its target, under the policy version that answered.
#[must_use]
pub fn indicator(policy: &Policy, indicator: &Indicator) -> policy_pb::Indicator {
    policy_pb::Indicator {
        share_rate: indicator.share.to_string(),
        target_rate: indicator.target.to_string(),
        below: indicator.below,
        values: found_values(policy, &indicator.values),
    }
}

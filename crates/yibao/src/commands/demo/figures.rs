//! Published figures, spelled out from what their cases answer.

use money::Fen;
use policy::case::{Answer, Case, Question};
use policy::{Contribution, Policy};

/// How a figure is spelled out.
#[derive(Clone, Copy)]
pub(super) enum Figure {
    /// People × the county's or district's part of the subsidy.
    CountySubsidy,
    /// People × the premium paid for them.
    AssistedPremium,
    /// The subsidy = its parts.
    SubsidySplit,
    /// The sum of the payers of a bill that reaches every ceiling.
    Payers,
}

impl Figure {
    pub(super) fn of(role: &str) -> Option<Self> {
        Some(match role {
            "county" => Self::CountySubsidy,
            "assisted" => Self::AssistedPremium,
            "split" => Self::SubsidySplit,
            "payers" => Self::Payers,
            _ => return None,
        })
    }
}

pub(super) fn spell(policy: &Policy, figure: Figure, case: &Case, answer: &Answer) -> String {
    match (figure, answer) {
        (Figure::CountySubsidy, Answer::Contribution(Ok(all))) => heads(policy, case, all.county, |one| one.county),
        (Figure::AssistedPremium, Answer::Contribution(Ok(all))) => {
            heads(policy, case, all.assisted, |one| one.assisted)
        }
        (Figure::SubsidySplit, Answer::Contribution(Ok(one))) => split(one),
        (Figure::Payers, Answer::Bills { bills, .. }) => {
            let settlement = bills.first().and_then(|bill| bill.decision.settlement());
            settlement.map_or_else(String::new, |settlement| {
                let payments: Vec<String> = policy.payments(settlement).values().map(|paid| paid.grouped()).collect();
                format!("{} = {}", payments.join(" + "), settlement.shares.fund.grouped())
            })
        }
        _ => String::new(),
    }
}

/// `91,700 × 183.00 = 16,781,100.00`
fn heads(policy: &Policy, case: &Case, all: Fen, part: fn(&Contribution) -> Fen) -> String {
    let Question::Contribution(facts) = &case.question else { return String::new() };
    let mut one = facts.clone();
    one.people = 1;
    let each = policy.contribution(&one).map_or(Fen::ZERO, |one| part(&one));
    let whole = Fen::new(100).times(i64::from(facts.people)).unwrap_or(Fen::ZERO).grouped();
    let people = whole.split_once('.').map_or(whole.as_str(), |(people, _)| people);
    format!("{people} × {each} = {}", all.grouped())
}

/// `610.00 = 488.00 + 91.50 + 30.50`
fn split(one: &Contribution) -> String {
    let parts = [one.central, one.province, one.city, one.county];
    let parts: Vec<String> = parts.iter().filter(|part| !part.is_zero()).map(ToString::to_string).collect();
    format!("{} = {}", one.subsidy, parts.join(" + "))
}

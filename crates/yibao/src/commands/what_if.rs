//! The same bill under another fact: the difference a payer.

use std::collections::BTreeMap;

use money::Fen;
use policy::case::{Answer, Case};
use policy::{Decision, Policy};
use serde_json::{Value, json};

use crate::error::Error;
use crate::out::Out;

/// A bill under another fact.
struct Compared {
    fact: String,
    bill: String,
    /// Name, then new less old; `fund` and `cash` among them.
    differences: Vec<(String, Fen)>,
    /// The refusal, where it is refused under the other fact.
    refused: Option<String>,
}

pub(crate) fn show(
    policy: &Policy,
    case: &Case,
    answer: &Answer,
    facts: &[(String, String)],
    out: &mut Out,
) -> Result<(), Error> {
    for compared in compare_all(policy, case, answer, facts)? {
        let had = out.say("若", "had it been");
        let prefix = format!("{had} {} [{}]", compared.fact, compared.bill);
        if let Some(refused) = compared.refused {
            out.line(format!("{prefix}: {} {refused}", out.say("不予结算", "refused:")))?;
        } else if compared.differences.is_empty() {
            out.line(format!("{prefix}: {}", out.say("没有差别", "no difference")))?;
        }
        for (name, difference) in compared.differences {
            let sign = if difference.is_negative() { "" } else { "+" };
            out.line(format!("{prefix}: {name} {sign}{}", difference.grouped()))?;
        }
    }
    Ok(())
}

pub(crate) fn json(
    policy: &Policy,
    case: &Case,
    answer: &Answer,
    facts: &[(String, String)],
) -> Result<Vec<Value>, Error> {
    let compared = compare_all(policy, case, answer, facts)?;
    let one = |compared: Compared| {
        let differences: BTreeMap<String, String> =
            compared.differences.into_iter().map(|(name, fen)| (name, fen.to_string())).collect();
        json!({ "fact": compared.fact, "bill": compared.bill, "differences": differences, "refused": compared.refused })
    };
    Ok(compared.into_iter().map(one).collect())
}

fn compare_all(
    policy: &Policy,
    case: &Case,
    answer: &Answer,
    facts: &[(String, String)],
) -> Result<Vec<Compared>, Error> {
    let mut all = Vec::new();
    for (fact, value) in facts {
        let other = case.what_if(fact, value)?.answer(policy);
        let (Answer::Bills { bills, .. }, Answer::Bills { bills: others, .. }) = (answer, &other) else { continue };
        for (bill, other) in bills.iter().zip(others) {
            all.push(compare(
                policy,
                &format!("{fact}={value}"),
                bill.bill.id.as_str(),
                &bill.decision,
                &other.decision,
            ));
        }
    }
    Ok(all)
}

fn compare(policy: &Policy, fact: &str, bill: &str, before: &Decision, after: &Decision) -> Compared {
    let old = sums(policy, before);
    let mut differences: Vec<(String, Fen)> = Vec::new();
    for (name, amount) in
        sums(policy, after).into_iter().chain(old.iter().map(|(name, amount)| (name.clone(), -*amount)))
    {
        match differences.iter_mut().find(|(known, _)| *known == name) {
            Some((_, difference)) => *difference += amount,
            None => differences.push((name, amount)),
        }
    }
    differences.retain(|(_, difference)| !difference.is_zero());
    let refused = after.refusal().map(|refusal| {
        let words: Vec<&str> = refusal.causes.iter().map(|cause| cause.reason.word()).collect();
        words.join(", ")
    });
    let differences = if refused.is_some() { Vec::new() } else { differences };
    Compared { fact: fact.to_owned(), bill: bill.to_owned(), differences, refused }
}

/// Fund, each payer, cash.
fn sums(policy: &Policy, decision: &Decision) -> Vec<(String, Fen)> {
    let Some(settlement) = decision.settlement() else { return Vec::new() };
    let mut sums = vec![("fund".to_owned(), settlement.shares.fund)];
    sums.extend(policy.payments(settlement));
    sums.push(("cash".to_owned(), settlement.shares.cash));
    sums
}

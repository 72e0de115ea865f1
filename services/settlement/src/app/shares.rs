//! How person-years stand, as the keeper of the third system is told: folded anew where it asks for burdens.

use std::collections::btree_map::Entry;

use policy::Accumulators;
use rpc::Fault;
use terms::{Division, Name};
use wire::change::{StandingYear, YearStand};

use super::change::{claim_stand, paid_before, stand_of_start, stand_of_year};
use super::commit::{Bench, fault, store_fault};
use super::day_of;
use crate::domain::{Claim, Desk, PersonYear, Policies, after};
use crate::store::{self as tables, Needs};

/// How many person-years are read at once.
const CHUNK: u32 = 100;

/// Which years are asked for, and of what.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only this person.
    pub person: Option<Name>,
    /// Only this year.
    pub year: Option<i32>,
    /// Only years whose last claim is of this division or one below it.
    pub division: Option<Division>,
    /// Where to go on: behind this year.
    pub after: Option<(Name, i32)>,
    /// Whether the burden is folded anew from the claims, which are left out.
    pub is_burden: bool,
}

/// Reports years in order of person and year; ends early where `report` gives false. Years without a claim that stands are left out,
/// but those that were given a start of which there is something to say.
///
/// # Errors
/// The database, or a policy version that is gone.
pub async fn shares<F, Fut>(bench: &Bench, mut asked: Asked, report: F) -> Result<(), Fault>
where
    F: Fn(StandingYear) -> Fut,
    Fut: Future<Output = bool>,
{
    let mut policies = Policies::new();
    loop {
        let reader = bench.database.reader();
        let years = tables::years(reader, asked.person.as_ref(), asked.year, asked.after.as_ref(), CHUNK).await;
        let years = years.map_err(store_fault)?;
        for year in &years {
            if let Some(standing) = standing(bench, &mut policies, year, &asked).await?
                && !report(standing).await
            {
                return Ok(());
            }
        }
        asked.after = years.last().map(|year| (year.person, year.year));
        if years.len() < CHUNK as usize {
            return Ok(());
        }
    }
}

/// A year with the claims of one moment: they and the number of the last Change are read in one transaction.
async fn standing(
    bench: &Bench,
    policies: &mut Policies,
    year: &PersonYear,
    asked: &Asked,
) -> Result<Option<StandingYear>, Fault> {
    let key = (year.person, year.year);
    let day = day_of(bench.clock.now());
    let needs = Needs { persons: [year.person].into(), whole: [key].into(), ..Needs::default() };
    let desk = bench
        .database
        .transaction(|tx| {
            let needs = needs.clone();
            async move { Ok::<Desk, super::Trouble>(tables::load(&tx, Some(&tx), &needs, day).await?) }
        })
        .await
        .map_err(fault)?;
    let year = desk.year(key.0, key.1);
    let claims = desk.standing(&year);
    let sequence = u64::try_from(desk.account(&key.0).changes).unwrap_or_default();
    let is_asked = |of: Division| {
        let mut chain = std::iter::successors(Some(of), |division| division.above());
        asked.division.is_none_or(|division| chain.any(|one| one == division))
    };
    let Some(last) = claims.last() else {
        let started = stand_of_start(&year).filter(|year| is_asked(year.division));
        // of a year without claims there is something to say where the third system paid, or is compared with a list
        let started = started.filter(|year| asked.is_burden || !year.opening.is_empty());
        let bare = |year: YearStand| if asked.is_burden { YearStand { opening: Vec::new(), ..year } } else { year };
        return Ok(started.map(|year| StandingYear { person: key.0, sequence, year: bare(year) }));
    };
    let division = last.decided.facts.person.division;
    if !is_asked(division) {
        return Ok(None);
    }
    for claim in &claims {
        fetch(bench, policies, claim).await?;
    }
    let policy = |claim: &Claim| policies.get(&claim.decided.decision.version).ok_or_else(gone);
    let mut stands = Vec::new();
    let mut folded = year.clone();
    if asked.is_burden {
        folded.state = claims.iter().fold(year.start(), |state, claim| refolded(policies, claim, state));
    } else {
        for claim in &claims {
            stands.push(claim_stand(policy(claim)?, claim));
        }
    }
    let mut year = stand_of_year(policy(last)?, &folded, last, stands);
    if !asked.is_burden {
        year.opening = paid_before(policy(last)?, &folded, division);
    }
    Ok(Some(StandingYear { person: key.0, sequence, year }))
}

fn refolded(policies: &Policies, claim: &Claim, state: Accumulators) -> Accumulators {
    let Some(policy) = policies.get(&claim.decided.decision.version) else { return state };
    let held = &claim.decided.facts.accumulated;
    let accumulated = crate::domain::balances_of(&state, held.account, held.family_account);
    let decision = policy.adjudicate(&policy::Facts { accumulated, ..policy::Facts::clone(&claim.decided.facts) });
    after(&decision, &state)
}

async fn fetch(bench: &Bench, policies: &mut Policies, claim: &Claim) -> Result<(), Fault> {
    let version = claim.decided.decision.version;
    if let Entry::Vacant(free) = policies.entry(version) {
        let found = bench.registry.version(version).await.map_err(Fault::internal)?;
        free.insert(found.ok_or_else(gone)?);
    }
    Ok(())
}

fn gone() -> Fault {
    Fault::internal("the policy version of a claim is gone")
}

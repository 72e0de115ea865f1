//! Folds person-years again and compares with what is stored: accumulators, decisions, accounts, journal.

use chrono::{DateTime, Utc};
use ledger::Account as LedgerAccount;
use money::Fen;
use policy::{Accumulators, Facts};
use rpc::Fault;
use store::{Tx, journal};
use terms::Name;

use super::commit::{Bench, fault, store_fault};
use super::{Context, Trouble, day_of};
use crate::domain::{Account, Desk, PersonYear, Policies, Third, after, balances_of};
use crate::store::{self as tables, Needs};

/// How many person-years are looked at between two words about how far it is.
const CHUNK: u32 = 100;

/// A stored figure that is not what folding gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The person.
    pub person: Name,
    /// The year.
    pub year: i32,
    /// What differs.
    pub about: String,
    /// What is stored.
    pub stored: String,
    /// What folding gives.
    pub folded: String,
}

/// How far verifying is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Person-years looked at.
    pub checked: u64,
    /// Person-years to look at in all.
    pub total: u64,
    /// Differences found.
    pub differences: u64,
    /// Debits less credits of the whole journal, in fen; looked at last.
    pub journal: Fen,
    /// Whether it is over.
    pub is_done: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// What verifying says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// A difference.
    Difference(Difference),
    /// How far it is.
    Progress(Progress),
}

/// Verifies person-years in order and reports; ends early where `report` gives false. What looks wrong is looked at again under
/// the person's lock before it is reported, for settling goes on meanwhile.
///
/// # Errors
/// The database, or a policy version that is gone.
pub async fn verify<F, Fut>(bench: &Bench, person: Option<Name>, year: Option<i32>, report: F) -> Result<(), Fault>
where
    F: Fn(Verified) -> Fut,
    Fut: Future<Output = bool>,
{
    let reader = bench.database.reader();
    let total = tables::count_years(reader, person.as_ref(), year).await.map_err(store_fault)?;
    let at = bench.clock.now();
    let mut progress = Progress { checked: 0, total, differences: 0, journal: Fen::ZERO, is_done: false, at };
    let mut policies = Policies::new();
    let mut after = None;
    loop {
        let years = tables::years(reader, person.as_ref(), year, after.as_ref(), CHUNK).await.map_err(store_fault)?;
        for year in &years {
            for difference in checked(bench, &mut policies, year).await? {
                progress.differences += 1;
                if !report(Verified::Difference(difference)).await {
                    return Ok(());
                }
            }
            progress.checked += 1;
        }
        after = years.last().map(|year| (year.person, year.year));
        progress.at = bench.clock.now();
        if years.len() < CHUNK as usize {
            break;
        }
        if !report(Verified::Progress(progress)).await {
            return Ok(());
        }
    }
    if year.is_none() && !without_year(bench, &mut policies, person.as_ref(), (&mut progress, &report)).await? {
        return Ok(());
    }
    progress.journal = journal::sum(reader).await.map_err(store_fault)?;
    report(Verified::Progress(Progress { is_done: true, ..progress })).await;
    Ok(())
}

/// Accounts of people without a bill of their own, such as those that pay for relatives: they are no year and are not counted
/// as one. Gives false where the report ended early.
async fn without_year<F, Fut>(
    bench: &Bench,
    policies: &mut Policies,
    person: Option<&Name>,
    (progress, report): (&mut Progress, &F),
) -> Result<bool, Fault>
where
    F: Fn(Verified) -> Fut,
    Fut: Future<Output = bool>,
{
    let mut after = None;
    loop {
        let found = tables::without_year(bench.database.reader(), person, after.as_ref(), CHUNK).await;
        let found = found.map_err(store_fault)?;
        for person in &found {
            for difference in checked(bench, policies, &PersonYear::new(*person, 0)).await? {
                progress.differences += 1;
                if !report(Verified::Difference(difference)).await {
                    return Ok(false);
                }
            }
        }
        after = found.last().copied();
        if found.len() < CHUNK as usize {
            return Ok(true);
        }
    }
}

async fn checked(bench: &Bench, policies: &mut Policies, year: &PersonYear) -> Result<Vec<Difference>, Fault> {
    let is_clean = round(bench, policies, year, false).await?.is_empty();
    if is_clean { Ok(Vec::new()) } else { round(bench, policies, year, true).await }
}

/// Looks at a person-year, fetching policy versions as they are asked for.
async fn round(
    bench: &Bench,
    policies: &mut Policies,
    year: &PersonYear,
    under_lock: bool,
) -> Result<Vec<Difference>, Fault> {
    loop {
        let looked = if under_lock {
            let (known, key) = (policies.clone(), (year.person, year.year));
            let work = |tx: Tx| {
                let (bench, known) = (bench.clone(), known.clone());
                async move { look(&bench, &tx, Some(&tx), &known, key).await }
            };
            bench.database.transaction(work).await
        } else {
            look(bench, bench.database.reader(), None, policies, (year.person, year.year)).await
        };
        match looked {
            Ok(differences) => return Ok(differences),
            Err(Trouble::NeedVersion(version)) => {
                let found = bench.registry.version(version).await.map_err(Fault::internal)?;
                let gone = || Fault::internal(format!("policy version {version} is gone"));
                policies.insert(version, found.ok_or_else(gone)?);
            }
            Err(trouble) => return Err(fault(trouble)),
        }
    }
}

async fn look(
    bench: &Bench,
    connection: &impl sea_orm::ConnectionTrait,
    lock: Option<&Tx>,
    policies: &Policies,
    key: (Name, i32),
) -> Result<Vec<Difference>, Trouble> {
    let needs = Needs { persons: [key.0].into(), whole: [key].into(), ..Needs::default() };
    let now = bench.clock.now();
    let desk = tables::load(connection, lock, &needs, day_of(now)).await?;
    let context = Context { policies, now, ids: &*bench.ids, third: &Third::Whole };
    let mut found = Found { key, differences: Vec::new() };
    fold(&context, &desk, &mut found)?;
    accounts(connection, &desk, &mut found).await?;
    Ok(found.differences)
}

struct Found {
    key: (Name, i32),
    differences: Vec<Difference>,
}

impl Found {
    fn compare<T: PartialEq + ToString>(&mut self, about: impl Into<String>, stored: &T, folded: &T) {
        if stored != folded {
            let ((person, year), about) = (self.key, about.into());
            let (stored, folded) = (stored.to_string(), folded.to_string());
            self.differences.push(Difference { person, year, about, stored, folded });
        }
    }
}

/// The fold: each claim is decided again from what the claims before it accumulated.
fn fold(context: &Context<'_>, desk: &Desk, found: &mut Found) -> Result<(), Trouble> {
    let year = desk.year(found.key.0, found.key.1);
    let standing = desk.standing(&year);
    let mut state = year.start();
    for claim in &standing {
        let decided = &claim.decided;
        let held = &decided.facts.accumulated;
        let version = decided.decision.version;
        let policy = context.policies.get(&version).ok_or(Trouble::NeedVersion(version))?;
        let accumulated = balances_of(&state, held.account, held.family_account);
        let decision = policy.adjudicate(&Facts { accumulated, ..Facts::clone(&decided.facts) });
        let bytes = |decision| tables::bytes_of(decision).map(|bytes| tables::sha256(&bytes));
        found.compare(format!("decision.{}", claim.id), &bytes(&decided.decision)?, &bytes(&decision)?);
        state = after(&decision, &state);
    }
    let count = i64::try_from(standing.len()).unwrap_or(i64::MAX);
    found.compare("claims", &year.claims, &count);
    meters(&year.state, &state, found);
    Ok(())
}

fn meters(stored: &Accumulators, folded: &Accumulators, found: &mut Found) {
    found.compare("admissions", &stored.admissions, &folded.admissions);
    for meter in stored.meters.iter().chain(&folded.meters) {
        let (a, b) = (stored.counts(&meter.name, &meter.part), folded.counts(&meter.name, &meter.part));
        let part = if meter.part.is_empty() { String::new() } else { format!("[{}]", meter.part) };
        let figures = [
            ("base", a.base, b.base),
            ("deductible", a.deductible, b.deductible),
            ("paid", a.paid, b.paid),
            ("cost", a.cost, b.cost),
        ];
        for (figure, a, b) in figures {
            let about = format!("meters.{}{part}.{figure}", meter.name);
            if !found.differences.iter().any(|known| known.about == about) {
                found.compare(about, &a, &b);
            }
        }
    }
}

/// The account is what its movements and its journal add up to, and claims say what their decisions do.
async fn accounts(connection: &impl sea_orm::ConnectionTrait, desk: &Desk, found: &mut Found) -> Result<(), Trouble> {
    let person = found.key.0;
    let Account { balance, owed, .. } = desk.account(&person);
    let (moved, owing) = tables::moved(connection, &person).await?;
    found.compare("account", &balance, &moved);
    found.compare("owed", &owed, &owing);
    let booked = journal::balance(connection, &LedgerAccount::Personal { person }).await?;
    found.compare("journal", &balance, &-booked.net());
    let booked = journal::balance(connection, &LedgerAccount::Receivable { person }).await?;
    found.compare("journal.owed", &owed, &booked.net());
    for (id, figures) in tables::figures(connection, found.key).await? {
        let shares = desk.claims.get(&id).and_then(|claim| claim.decided.decision.settlement());
        let shares = shares.map(|settlement| settlement.shares).unwrap_or_default();
        let told = [shares.total, shares.fund, shares.account + shares.family_account, shares.cash];
        let names = ["total", "fund", "account", "cash"];
        for ((name, stored), folded) in names.into_iter().zip(figures).zip(told) {
            found.compare(format!("claim.{id}.{name}"), &stored, &folded);
        }
    }
    Ok(())
}

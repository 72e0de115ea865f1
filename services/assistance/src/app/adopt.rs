//! Keeps how years stood before this service was connected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use money::Fen;
use policy::{LimitFacts, Policy};
use rpc::{Fault, Reason};
use store::Tx;
use terms::{Category, Division, Name, Scheme};
use wire::change::{StandingYear, YearStand};

use super::change::to_its_end;
use super::watch::{self, Lines};
use super::{App, Problem, mend, offer};
use crate::domain::{Adopting, Circumstances, Seen, Tally};
use crate::store::{adoptions, desks};

/// Years of one message.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) key: String,
    pub(crate) years: Vec<StandingYear>,
    pub(crate) last: bool,
    /// What the messages before it brought.
    pub(crate) tally: Tally,
}

/// How far an adoption is.
pub(crate) enum Adopted {
    /// With how many people who have more than a limit.
    SoFar(Tally, u64),
    /// It was done before: its answer.
    Before(Vec<u8>),
}

/// Keeps a message's years in one commit; `answer` writes the answer, which is kept with the last.
///
/// # Errors
/// `POLICY_VERSION`; `WRONG_STATE` where Changes of a person are on their way: the stream is sent again once they have come.
pub(crate) async fn adopt(app: &Arc<App>, batch: Batch, answer: fn(&Tally, u64) -> Vec<u8>) -> Result<Adopted, Fault> {
    let mut years = Vec::with_capacity(batch.years.len());
    for standing in batch.years {
        let caps = caps(app, &standing.year).await?;
        years.push(Adopting { standing, caps });
    }
    let lines = watch::lines(app, years.iter().map(|one| &one.standing.year).collect()).await;
    let (app, years) = (Arc::clone(app), Arc::new((years, lines)));
    let (key, tally, is_last) = (batch.key, batch.tally, batch.last);
    let committing = async move {
        let work = |tx: Tx| {
            let (app, years, key, tally) = (Arc::clone(&app), Arc::clone(&years), key.clone(), tally.clone());
            async move {
                let id = Name::new(&app.id()).map_err(Fault::internal)?;
                let (id, before) = adoptions::begin(&tx, &key, id, app.now()).await?;
                if let Some(answer) = before {
                    return Ok(Adopted::Before(answer));
                }
                let (tally, over) = keep(&app, &tx, id, (&years.0, &years.1), tally).await?;
                if is_last {
                    adoptions::end(&tx, id, answer(&tally, over), app.now()).await?;
                }
                Ok::<_, Problem>(Adopted::SoFar(tally, over))
            }
        };
        let adopted = app.database.transaction(work).await;
        app.news.notify_one();
        adopted
    };
    to_its_end(committing).await
}

async fn keep(
    app: &App,
    tx: &Tx,
    adoption: Name,
    (years, lines): (&[Adopting], &Lines),
    mut tally: Tally,
) -> Result<(Tally, u64), Problem> {
    let people: BTreeSet<Name> = years.iter().map(|one| one.standing.person).collect();
    let mut desks = desks::load(tx, &people, &[], &[]).await?;
    desks::load_openings(tx, &mut desks, &people.iter().copied().collect::<Vec<_>>()).await?;
    let claims = |one: &Adopting| {
        let person = one.standing.person;
        one.standing.year.claims.iter().map(|claim| (person, claim.claim)).collect::<Vec<_>>()
    };
    desks::load_claims(tx, &mut desks, &years.iter().flat_map(claims).collect::<Vec<_>>()).await?;
    let now = app.now();
    let id = || Name::new(&app.id()).unwrap_or(Name::EMPTY);
    let with = Circumstances { day: host::china_day(now), now, id: &id };
    let mut over = Vec::new();
    for one in years {
        let person = one.standing.person;
        let desk = desks.get_mut(&person).ok_or_else(|| Fault::internal("a year of a person who is not on a desk"))?;
        if desk.sequence < one.standing.sequence {
            let message = "Changes of a person are on their way; send the stream again when they are kept";
            return Err(Fault::wrong_state("changes_on_their_way", message).with("person_id", person.as_str()).into());
        }
        over.extend(desk.adopt(one, adoption, &mut tally, with).map_err(Fault::internal)?);
    }
    adoptions::list_over(tx, adoption, &over).await?;
    mend::write(app, tx, &mut desks).await?;
    let seen = years.iter().map(|Adopting { standing, .. }| Seen {
        person: standing.person,
        stand: &standing.year,
        line: lines.of(&standing.year),
        sequence: standing.sequence,
        about: adoption,
    });
    watch::adopt(app, tx, &seen.collect::<Vec<_>>()).await?;
    let touched = years.iter().map(|one| (one.standing.person, one.standing.year.year));
    offer::renew(app, tx, &touched.collect()).await?;
    Ok((tally, adoptions::people_over(tx, adoption).await?))
}

/// The limit of each payer who paid in a year: the highest of its claims; of a policy that cannot be had or knows none, nothing.
async fn caps(app: &App, year: &YearStand) -> Result<BTreeMap<Name, Option<Fen>>, Fault> {
    let policy = match app.policies.version(year.version).await {
        Ok(Some(policy)) => policy,
        Ok(None) => return Ok(BTreeMap::new()),
        Err(error) => {
            let fault = Fault::new(Reason::PolicyVersion, "this policy version cannot be had here");
            return Err(fault.with("policy_version", year.version.to_string()).because(error));
        }
    };
    let mut caps: BTreeMap<Name, Option<Fen>> = BTreeMap::new();
    let mut learn = |payer: Name, found: Option<Option<Fen>>| {
        if let Some(found) = found {
            let cap = caps.entry(payer).or_insert(Some(Fen::ZERO));
            *cap = (*cap).zip(found).map(|(a, b)| a.max(b));
        }
    };
    for opening in &year.opening {
        let under = (year.division, year.scheme);
        learn(opening.payer, cap(&policy, under, opening.payer, (&year.categories, year.rules_date)));
    }
    for claim in &year.claims {
        for share in &claim.held {
            let under = (claim.division, claim.scheme);
            learn(share.payer, cap(&policy, under, share.payer, (&claim.categories, claim.rules_date)));
        }
    }
    Ok(caps)
}

fn cap(
    policy: &Policy,
    (division, scheme): (Division, Scheme),
    payer: Name,
    (categories, on): (&[Category], chrono::NaiveDate),
) -> Option<Option<Fen>> {
    policy.yearly_limit(&LimitFacts { division, scheme, payer, categories: categories.to_vec(), on }).ok()
}

//! Finds what is to be put right in claims that are settled, and asks settlement to do it: once for a person's year.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rpc::Fault;
use store::Tx;
use terms::{Division, Name};
use wire::change::Cause;

use super::{App, Problem};
use crate::domain::{
    Answer, Desk, Grant, Occasion, Reassess, Refused, Settled, TakenBack, categories_on, known, owed_on,
};
use crate::store::{categories, claims, desks, mends};

/// Refused questions looked at in one go.
const MOST: u32 = 500;

/// Years of people.
pub(crate) type Years = BTreeMap<Name, BTreeSet<i32>>;

/// Writes desks, and what follows from them: where a limit has room again for what was cut short, and every year that is to be
/// decided anew, settlement is asked once.
///
/// # Errors
/// What the database said.
pub(crate) async fn write(app: &App, tx: &Tx, desks: &mut BTreeMap<Name, Desk>) -> Result<(), Problem> {
    let now = app.now();
    let mut asked = Vec::new();
    desks.values_mut().for_each(Desk::look_for_room);
    let is_asking = |desk: &&Desk| !desk.news.asks.is_empty() && desk.news.answered.is_none();
    let asking: Vec<Name> = desks.values().filter(is_asking).map(|desk| desk.person).collect();
    desks::load_asked(tx, desks, &asking).await?;
    for desk in desks.values_mut() {
        for (year, occasion) in desk.take_asks() {
            asked.push(Reassess::new(app.id(), desk.person, year, occasion, now));
        }
    }
    let trace = rpc::trace::parent();
    desks::write(tx, desks, (&asked, trace.as_deref()), now).await?;
    Ok(())
}

/// Asks about claims whose day has other categories by versions of grants that were just recorded, where that adds something or
/// takes back what is to be taken back; and once more about what settlement refused. Gives the years.
///
/// # Errors
/// What the database said.
pub(crate) async fn recategorised(app: &App, tx: &Tx, recorded: &[Grant]) -> Result<Years, Problem> {
    let mut new: BTreeMap<Name, Vec<&Grant>> = BTreeMap::new();
    for grant in recorded {
        let person = Name::new(&grant.person).map_err(Fault::internal)?;
        new.entry(person).or_default().push(grant);
    }
    let people: Vec<Name> = new.keys().copied().collect();
    let mut desks = desks::load(tx, &people.iter().copied().collect(), &[], &[]).await?;
    let mut settled: BTreeMap<Name, Vec<Settled>> = BTreeMap::new();
    for (person, claim) in claims::standing(tx, &people).await? {
        settled.entry(person).or_default().push(claim);
    }
    let mut years = Years::new();
    for (person, claims) in settled {
        let (Some(desk), Some(new)) = (desks.get_mut(&person), new.get(&person)) else { continue };
        let asked = of_person(desk, new, &claims)?;
        if !asked.is_empty() {
            years.insert(person, asked);
        }
    }
    for (person, year) in mends::refused(tx, &people).await? {
        let (Some(desk), Some(grant)) = (desks.get_mut(&person), new.get(&person).and_then(|new| new.first())) else {
            continue;
        };
        let about = Name::new(&grant.id).map_err(Fault::internal)?;
        desk.ask(year, Occasion { cause: Cause::PersonChanged, about, claw_back: false });
        years.entry(person).or_default().insert(year);
    }
    write(app, tx, &mut desks).await?;
    Ok(years)
}

/// The years of a person's claims that new versions of grants concern.
fn of_person(desk: &mut Desk, new: &[&Grant], claims: &[Settled]) -> Result<BTreeSet<i32>, Problem> {
    let is_new = |grant: &&Grant| new.iter().any(|new| (&new.id, new.version) == (&grant.id, grant.version));
    let before = known(desk.grants.iter().filter(|grant| !is_new(grant)).cloned().collect(), None);
    let after = known(desk.grants.to_vec(), None);
    let Some(first) = new.first() else { return Ok(BTreeSet::new()) };
    let about = Name::new(&first.id).map_err(Fault::internal)?;
    let mut years = BTreeSet::new();
    for claim in claims {
        let on = |known: &[Grant]| categories_on(known, claim.rules_date).0;
        // what ended before without its money may be taken back with it now: the day's categories stay the same
        let may_lack = on(&before) != on(&after) || new.iter().any(|grant| grant.claw_back);
        if may_lack && desk.lacks_category(claim, about) {
            years.insert(claim.year);
        }
    }
    Ok(years)
}

/// Which categories of the claims of a year an officer took back with what was paid for them, by day; what the person has on the
/// day all the same is not taken.
///
/// # Errors
/// What the database said.
pub(crate) async fn taken_back(app: &App, asked: &Reassess) -> Result<TakenBack, Problem> {
    if !asked.occasion.claw_back {
        return Ok(TakenBack::new());
    }
    let reader = app.database.reader();
    let versions = categories::of_person(reader, asked.person.as_str()).await?;
    let claims = claims::standing(reader, &[asked.person]).await?;
    let days = claims.iter().filter(|(_, claim)| claim.year == asked.year).map(|(_, claim)| claim.rules_date);
    let owed = days.map(|day| (day, owed_on(&versions, day)));
    Ok(owed.filter(|(_, owed)| !owed.is_empty()).collect())
}

/// Records what settlement answered, under the policy in use now.
///
/// # Errors
/// What the database said.
pub(crate) async fn answered(app: &Arc<App>, asked: &Reassess, answer: Answer) -> Result<(), Problem> {
    let answer = match answer {
        Answer::Refused(refused) => Answer::Refused(Refused { under: under(app, asked).await?, ..refused }),
        other => other,
    };
    let work = |tx: Tx| {
        let (app, asked, answer) = (Arc::clone(app), asked.clone(), answer.clone());
        async move {
            let mut desks = desks::load(&tx, &BTreeSet::from([asked.person]), &[], &[]).await?;
            desks::load_asked(&tx, &mut desks, &[asked.person]).await?;
            for desk in desks.values_mut() {
                desk.answered(&asked.id, answer.clone(), app.now());
            }
            write(&app, &tx, &mut desks).await
        }
    };
    app.database.transaction(work).await
}

/// Where a year is insured, and the policy in use there; none where either is not known.
async fn under(app: &App, asked: &Reassess) -> Result<Option<(String, String)>, Problem> {
    let division = claims::division(app.database.reader(), asked.person, asked.year).await?;
    Ok(division.and_then(|division| head(app, &division).map(|version| (division, version))))
}

/// The policy in use in a division.
fn head(app: &App, division: &str) -> Option<String> {
    let division: Division = division.parse().ok()?;
    app.policies.head(division).map(|policy| policy.version().to_string())
}

/// Asks once more about what settlement refused under another policy than the one in use now; how many years that are.
///
/// # Errors
/// What the database or the journal said.
pub(crate) async fn under_another_policy(app: &Arc<App>) -> Result<usize, Problem> {
    let (mut after, mut asked) = (String::new(), 0);
    loop {
        let found = mends::all_refused(app.database.reader(), &after, MOST).await?;
        let Some(last) = found.last() else { return Ok(asked) };
        after.clone_from(&last.id);
        for one in &found {
            let under = one.refused.as_ref().and_then(|refused| refused.under.as_ref());
            let is_other =
                |(division, version): &(String, String)| head(app, division).is_some_and(|head| head != *version);
            if under.is_some_and(is_other) {
                once_more(app, one).await?;
                asked += 1;
            }
        }
    }
}

async fn once_more(app: &Arc<App>, one: &Reassess) -> Result<(), Problem> {
    let work = |tx: Tx| {
        let (app, one) = (Arc::clone(app), one.clone());
        async move {
            let mut desks = desks::load(&tx, &BTreeSet::from([one.person]), &[], &[]).await?;
            // a grant, or another replica, may have asked meanwhile
            if mends::refused(&tx, &[one.person]).await?.contains(&(one.person, one.year)) {
                for desk in desks.values_mut() {
                    desk.ask(one.year, one.occasion);
                }
            }
            write(&app, &tx, &mut desks).await
        }
    };
    app.database.transaction(work).await?;
    app.news.notify_one();
    Ok(())
}

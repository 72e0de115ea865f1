//! Applies, on a person's wish or by itself on a department's answer.

use std::sync::Arc;

use chrono::NaiveDate;
use rpc::{Fault, Violations};
use store::Tx;
use terms::{Category, Division, Name};

use super::application::{attached, duplicate, told};
use super::{App, Problem};
use crate::domain::{Act, Application, ApplicationState, ApplicationStep, By, Evidence, Wanted, is_within};
use crate::store::{applications, people};

/// Wishes opened in one go.
const MOST: u32 = 100;

/// What is applied for, for whom, and with what proof.
#[derive(Clone, Debug)]
pub(crate) struct Applying {
    pub(crate) person: Name,
    pub(crate) division: Division,
    pub(crate) year: i32,
    pub(crate) wanted: Wanted,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) by: By,
}

/// Applies; gives the application's id.
///
/// # Errors
/// `DUPLICATE` where an application of the person for the same year and thing is open; `INVALID_FIELDS` where nobody pays temporary
/// assistance.
pub(crate) async fn apply(app: &App, tx: &Tx, asked: &Applying) -> Result<Name, Problem> {
    let mut v = Violations::new();
    has_a_fund(app, asked, &mut v);
    finished(v)?;
    people::lock(tx, &[asked.person].into()).await?;
    let others = applications::of_year(tx, asked.person, asked.year).await?;
    if let Some(other) = others.iter().find(|other| other.is_open() && other.wanted.is_same_thing(asked.wanted)) {
        return Err(duplicate("an application of the person for this year and thing is open", other.id).into());
    }
    let id = Name::new(&app.id()).map_err(Fault::internal)?;
    let now = app.now();
    open(app, tx, id, asked, (None, now)).await?;
    Ok(id)
}

/// Asks enrolment, where it is connected, whether who wants temporary assistance of a fund was insured with it: outside any transaction.
///
/// # Errors
/// `INVALID_FIELDS` with everything the division is not; `UNAVAILABLE` where enrolment does not say.
pub(crate) async fn is_insured(app: &App, asked: &Applying) -> Result<(), Fault> {
    let Some(directory) = app.directory.as_ref().filter(|_| matches!(asked.wanted, Wanted::Temporary(_))) else {
        return Ok(());
    };
    let mut v = Violations::new();
    has_a_fund(app, asked, &mut v);
    if !app.serves(asked.division) {
        return finished(v);
    }
    let day = |month, day| NaiveDate::from_ymd_opt(asked.year, month, day).unwrap_or_default();
    let (from, to) = (day(1, 1), day(12, 31).min(app.today()));
    let places = directory.places(asked.person, (from, to)).await?;
    if !places.iter().any(|place| is_within(asked.division, *place)) {
        let known: Vec<String> = places.iter().map(ToString::to_string).collect();
        let known = if known.is_empty() { "nowhere".to_owned() } else { known.join(", ") };
        let expected = format!("where the person was insured from {from} to {to}: {known}");
        v.add("terms.division", asked.division, expected);
    }
    finished(v)
}

fn finished(v: Violations) -> Result<(), Fault> {
    let is_right = v.is_empty().then_some(());
    v.finish(is_right)
}

fn has_a_fund(app: &App, asked: &Applying, v: &mut Violations) {
    match app.policies.head(asked.division).filter(|_| app.serves(asked.division)) {
        None => v.add("terms.division", asked.division, "a division whose policy is published"),
        Some(policy) => {
            let is_temporary = matches!(asked.wanted, Wanted::Temporary(_));
            if is_temporary && policy.pays_temporary(asked.division, app.today()).is_none() {
                v.add("terms.temporary", asked.division, "a division where a fund pays temporary assistance");
            }
        }
    }
}

async fn open(
    app: &App,
    tx: &Tx,
    id: Name,
    asked: &Applying,
    (watch_entry, applied_at): (Option<Name>, chrono::DateTime<chrono::Utc>),
) -> Result<(), Problem> {
    let application = Application {
        id,
        person: asked.person,
        division: asked.division,
        year: asked.year,
        wanted: asked.wanted,
        state: ApplicationState::Applied,
        decided: None,
        steps: 1,
        proposal: None,
        decision: None,
        grant: None,
        approved: money::Fen::ZERO,
        paid: money::Fen::ZERO,
        watch_entry,
        applied_at,
    };
    let By { operator, remark } = asked.by.clone();
    let (act, state) = (Act::Applied, ApplicationState::Applied);
    let step = ApplicationStep { number: 1, act, operator, remark, state, done_at: applied_at };
    applications::add(tx, &application, &step).await?;
    attached(tx, &application, &asked.evidence).await?;
    told(app, tx, &application, &step).await
}

/// What a department said: the category it confirmed, and its proof.
pub(crate) type Confirmed = (Category, Vec<Evidence>);

/// Opens the application an answer of a department wants, unless it is open: under the id that the entry of the watch list names. It
/// stands beside one the person may have handed in.
///
/// # Errors
/// What the database said; an answer that cannot be read.
pub(crate) async fn open_wanted(
    app: &App,
    tx: &Tx,
    application: Name,
    read: impl Fn(&[u8]) -> Result<Confirmed, Fault>,
) -> Result<(), Problem> {
    let Some(wish) = applications::wish(tx, application).await? else { return Ok(()) };
    people::lock(tx, &[wish.person].into()).await?;
    if applications::by_id(tx, application).await?.is_some() {
        return Ok(());
    }
    let (category, evidence) = read(&wish.terms)?;
    let asked = Applying {
        person: wish.person,
        division: wish.division,
        year: wish.year,
        wanted: Wanted::Category(category),
        evidence,
        by: By { operator: wish.operator, remark: String::new() },
    };
    open(app, tx, application, &asked, (Some(wish.entry), wish.wanted_at)).await
}

/// Opens what earlier answers want; how many there were.
///
/// # Errors
/// What the database said.
pub(crate) async fn open_all_wanted(
    app: &Arc<App>,
    read: impl Fn(&[u8]) -> Result<Confirmed, Fault> + Copy + Send + Sync,
) -> Result<usize, Problem> {
    let mut opened = 0;
    loop {
        let found = applications::wishes(app.database.reader(), MOST).await?;
        if found.is_empty() {
            return Ok(opened);
        }
        for wish in &found {
            let work = |tx: Tx| {
                let (app, id) = (Arc::clone(app), *wish);
                async move { open_wanted(&app, &tx, id, read).await }
            };
            app.database.transaction::<_, Problem, _, _>(work).await?;
            opened += 1;
        }
    }
}

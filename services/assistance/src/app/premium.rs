//! Books what the assistance fund pays of premiums, once for each enrolment, and takes it back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Entry, Heading, book, mirror};
use money::Fen;
use rpc::{Fault, Reason, Violations};
use store::{Database, Tx, journal};
use terms::{Category, Name};

use super::{App, Problem};
use crate::domain::{BookedPremium, Premium, Told, possible, premium_fund, was_granted};
use crate::store::{categories, people, premiums};

/// What these books say of premium assistance: by enrolment and place the net of `due:<place>:premium_assisted`, debits above zero, in
/// fen; those at zero left out.
///
/// # Errors
/// What the database said.
pub async fn premium_assistance(database: &Database) -> Result<BTreeMap<(String, String), Fen>, store::Error> {
    premiums::due(database.reader()).await
}

/// Checks what is known here of a premium, before the transaction: nobody is believed about it.
///
/// # Errors
/// `INVALID_FIELDS` with everything that is not so; `UNAVAILABLE` where the registry does not say.
pub(crate) async fn check(app: &App, premium: &Premium, told: Told) -> Result<(), Problem> {
    let away = || Fault::unavailable("the policy", std::time::Duration::from_secs(5));
    if app.policies.head(premium.division).is_none() {
        return Err(away().into());
    }
    let policy = app.policies.version(premium.version).await.map_err(|error| away().because(error))?;
    let policy = policy.filter(|policy| !policy.chain(premium.division).is_empty());
    let versions = categories::of_person(app.database.reader(), premium.person.as_str()).await?;
    let mut v = Violations::new();
    v.within("assistance", |v| {
        let today = app.today();
        if premium.paid > today {
            v.add("paid_date", premium.paid, format!("a day not after {today}"));
        }
        granted(app, v, premium, (&versions, told.enrolled));
        match policy {
            None => v.add("policy_version", premium.version, format!("a version published for {}", premium.division)),
            Some(_) if premium.category == Category::None => {}
            Some(policy) => {
                let amounts = possible(&policy, premium, told);
                if amounts.is_empty() {
                    let expected = "a category for which the policy says what the fund pays of the premium";
                    v.add("category", wire::name(premium.category), expected);
                } else if !amounts.contains(&premium.amount) {
                    let amounts: Vec<String> = amounts.iter().map(|amount| amount.get().to_string()).collect();
                    let expected = format!("what the policy says for the category: {}", amounts.join(" or "));
                    v.add("amount_fen", premium.amount.get(), expected);
                }
            }
        }
    });
    let is_right = v.is_empty().then_some(());
    Ok(v.finish(is_right)?)
}

/// Adds what is wrong with the category: none at all, or one that nobody granted for the day.
fn granted(
    app: &App,
    v: &mut Violations,
    premium: &Premium,
    (versions, enrolled): (&[crate::domain::Grant], Option<NaiveDate>),
) {
    let category = premium.category;
    if category == Category::None {
        v.add("category", wire::name(category), "the category for which the fund assists");
        return;
    }
    if premium.handed_in && app.trusts_categories {
        return;
    }
    let (field, day) = enrolled.map_or(("paid_date", premium.paid), |day| ("enrolled_date", day));
    match was_granted(versions, category, day) {
        Ok(()) => {}
        Err(None) => v.add("category", wire::name(category), "a category that the person was granted"),
        Err(Some(from)) => {
            v.add(field, day, format!("a day on which the category was granted, which begins on {from}"));
        }
    }
}

/// Books premium assistance; gives what was booked, and when.
///
/// # Errors
/// `DUPLICATE` where some stands for the enrolment already; `WRONG_STATE` where no fund assists with premiums there; `UNAVAILABLE`
/// where the place's policy was not seen yet.
pub(crate) async fn booked(app: &App, tx: &Tx, premium: &Premium) -> Result<(Entry, DateTime<Utc>), Problem> {
    people::lock(tx, &BTreeSet::from([premium.person])).await?;
    let before = premiums::newest(tx, premium.enrolment).await?;
    if before.as_ref().is_some_and(|before| before.reversed_at.is_none()) {
        let fault = Fault::new(Reason::Duplicate, "the enrolment has premium assistance already");
        return Err(fault
            .with("kind", "premium_assistance")
            .with("enrolment_id", premium.enrolment.to_string())
            .into());
    }
    let Premium { division, version, .. } = *premium;
    let nothing = || Fault::unavailable("the policy", std::time::Duration::from_secs(5));
    let policy = app.policies.head(division).ok_or_else(nothing)?;
    let nobody = || Fault::wrong_state("no_fund", "no fund kept here assists with premiums there");
    let payer = premium_fund(&policy, division).ok_or_else(nobody)?;
    let heading = Heading { id: id(app)?, date: premium.paid, reference: premium.enrolment };
    let entry = mirror::premium(heading, version, (division, payer), premium.amount).map_err(Fault::internal)?;
    journal::append_new(tx, std::slice::from_ref(&entry)).await?;
    let (round, booked_at) = (before.map_or(1, |before| before.round + 1), app.now());
    let booked = BookedPremium { premium: premium.clone(), round, entry: entry.id, booked_at, reversed_at: None };
    premiums::add(tx, &booked).await?;
    Ok((entry, booked_at))
}

/// Takes premium assistance back; gives what was booked, and when.
///
/// # Errors
/// `NOT_FOUND` where the enrolment never had any; `WRONG_STATE` where it was taken back before; `INVALID_FIELDS` for a day on which it
/// cannot have been.
pub(crate) async fn reversed(
    app: &App,
    tx: &Tx,
    (enrolment, on): (Name, NaiveDate),
) -> Result<(Entry, DateTime<Utc>), Problem> {
    let unknown = || Fault::not_found("premium_assistance", enrolment.as_str());
    let person = premiums::newest(tx, enrolment).await?.ok_or_else(unknown)?.premium.person;
    people::lock(tx, &BTreeSet::from([person])).await?;
    let standing = premiums::newest(tx, enrolment).await?.ok_or_else(unknown)?;
    if standing.reversed_at.is_some() {
        return Err(Fault::wrong_state("reversed", "the premium assistance was taken back before").into());
    }
    let (paid, today) = (standing.premium.paid, app.today());
    if on < paid || on > today {
        let mut v = Violations::new();
        v.add("reversed_date", on, format!("a day from {paid}, on which the premium was paid, to {today}"));
        v.finish(None::<()>)?;
    }
    let entries = journal::by_ids(tx, &[standing.entry.as_str()]).await?;
    let original = entries.first().ok_or_else(|| Fault::internal("premium assistance without its entry"))?;
    let entry = book::reverse(id(app)?, on, original).map_err(Fault::internal)?;
    journal::append_new(tx, std::slice::from_ref(&entry)).await?;
    let reversed_at = app.now();
    premiums::reverse(tx, &standing, (entry.id, on), reversed_at).await?;
    Ok((entry, reversed_at))
}

fn id(app: &App) -> Result<Name, Fault> {
    Name::new(&app.id()).map_err(Fault::internal)
}

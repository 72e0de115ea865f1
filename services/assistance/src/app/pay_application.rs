//! Records that what was approved has been paid, once.

use money::Fen;
use rpc::{Fault, Violations};
use store::Tx;
use terms::Name;

use super::application::{awarded, done, duplicate, may, seen};
use super::{App, Problem};
use crate::domain::{Act, Application, AskState, By, Payment, Verb};
use crate::store::{applications, mends};

/// Which application was paid, and how.
#[derive(Clone, Debug)]
pub(crate) struct Paying {
    pub(crate) application: Name,
    pub(crate) payment: Payment,
    pub(crate) by: By,
}

/// Records it.
///
/// # Errors
/// `NOT_FOUND`; `WRONG_STATE`, also while settlement decides the bills anew and where nothing is due; `DUPLICATE` for a payment that was
/// recorded before; `INVALID_FIELDS` for another amount than what is due, and for a day before it was applied for.
pub(crate) async fn pay(app: &App, tx: &Tx, asked: &Paying) -> Result<(), Problem> {
    let (mut application, _) = seen(tx, asked.application).await?;
    let to = may(&application, Verb::Pay)?;
    let Payment { reference, amount, day } = &asked.payment;
    if let Some(other) = applications::paid_by(tx, reference).await? {
        return Err(duplicate("this payment was recorded before", other).into());
    }
    is_decided_anew(tx, &application).await?;
    let awarded = awarded(tx, std::slice::from_ref(&application)).await?;
    let due = awarded.get(&application.id).copied().unwrap_or_default() - application.paid;
    if due <= Fen::ZERO {
        return Err(
            Fault::wrong_state("nothing_due", "nothing is due that is not paid: nothing is to be recorded").into()
        );
    }
    let mut v = Violations::new();
    if *amount != due {
        v.add("amount_fen", amount.get(), format!("{}, what was awarded and is not paid", due.get()));
    }
    let applied = host::china_day(application.applied_at);
    if *day < applied {
        v.add("paid_date", day, format!("a day not before {applied}, on which it was applied for"));
    }
    let is_right = v.is_empty().then_some(());
    v.finish(is_right)?;
    application.paid += due;
    done(app, tx, &mut application, (Act::Paid, to), &asked.by).await?;
    Ok(applications::pay(tx, &application, &asked.payment).await?)
}

/// Refuses while settlement has a question about the year, or refused it.
async fn is_decided_anew(tx: &Tx, application: &Application) -> Result<(), Problem> {
    if application.grant.is_none() {
        return Ok(());
    }
    let states = vec![AskState::Asked, AskState::Refused];
    let (person, year) = (Some(application.person), Some(application.year));
    let open = mends::list(tx, &mends::Wanted { person, year, states, offset: 0, most: 2 }).await?;
    if open.iter().any(|one| one.state == AskState::Asked) {
        let message = "settlement is deciding the year's bills anew; try again when it has";
        return Err(Fault::wrong_state("reassessing", message).into());
    }
    match open.first() {
        Some(refused) => {
            let message = "settlement could not decide the year's bills anew; see ListReassessments";
            Err(Fault::wrong_state("refused", message).with("reassessment_id", refused.id.clone()).into())
        }
        None => Ok(()),
    }
}

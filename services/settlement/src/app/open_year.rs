//! Gives a person's year a start from elsewhere, and corrects one: the bills of the year are then decided anew.

use std::collections::BTreeMap;

use money::Fen;
use policy::Accumulators;
use rpc::Fault;
use store::idempotency::Call;
use terms::{Division, Name};
use wire::change::PayerAmount;

use super::book::{Adjusted, Because, put_on_record};
use super::plan::Edit;
use super::restate::restate;
use super::{Context, Trouble};
use crate::domain::{Cause, Desk, Opened, OpenedThird, Opening, PersonYear, Touched};

/// A year to open with figures from elsewhere.
#[derive(Clone, Debug)]
pub struct OpenYear {
    /// The call.
    pub call: Call,
    /// The person.
    pub person: Name,
    /// The year.
    pub year: i32,
    /// The place of insurance whose policy knows the meters.
    pub division: Division,
    /// What it starts from; balances zero.
    pub start: Accumulators,
    /// Where the figures are from.
    pub source: String,
    /// Who opens it.
    pub operator: String,
    /// The start that this one corrects.
    pub replaces: Option<Name>,
    /// What of it the third system paid.
    pub third: Option<OpenedThird>,
}

/// A year that was opened.
#[derive(Clone, Debug)]
pub struct YearOpened {
    /// The start that stands now.
    pub opening: Opening,
    /// The claims that were decided anew, in the year's order.
    pub adjusted: Vec<Adjusted>,
}

pub(super) fn open_year(context: &Context<'_>, desk: &mut Desk, open: &OpenYear) -> Result<YearOpened, Trouble> {
    let before = desk.year(open.person, open.year);
    may_open(&before, open.replaces)?;
    let opening = Opening {
        id: context.id()?,
        division: Some(open.division),
        start: open.start.clone(),
        source: open.source.clone(),
        operator: open.operator.clone(),
        third: open.third.clone(),
    };
    let told = told(before.opening.as_ref(), &opening);
    let year = PersonYear { opening: Some(opening.clone()), ..before };
    let adjusted = if year.claims == 0 {
        let key = (year.person, year.year);
        desk.years.insert(key, PersonYear { state: open.start.clone(), ..year });
        desk.writes.years.insert(key);
        if open.third.is_some() {
            let year = desk.year(open.person, open.year);
            desk.writes.touched.push(Touched { year, claims: Vec::new(), opening: told });
        }
        Vec::new()
    } else {
        let adjusted = decide_anew(context, desk, year)?;
        if let Some(touched) = desk.writes.touched.last_mut() {
            touched.opening = told;
        }
        adjusted
    };
    let (person, year, replaces, at) = (open.person, open.year, open.replaces, context.now);
    desk.writes.openings.push(Opened { person, year, opening: opening.clone(), replaces, at });
    Ok(YearOpened { opening, adjusted })
}

/// What the keeper of the third system is told of a start: who paid of the one before and not of this one paid nothing.
fn told(before: Option<&Opening>, now: &Opening) -> Vec<PayerAmount> {
    let held = |opening: &Opening| opening.third.as_ref().map(|third| third.held.clone()).unwrap_or_default();
    let mut told: BTreeMap<Name, Fen> = before.map(held).unwrap_or_default();
    told.values_mut().for_each(|amount| *amount = Fen::ZERO);
    told.extend(held(now));
    told.into_iter().map(|(payer, amount)| PayerAmount { payer, amount }).collect()
}

/// A year begins once; a start it has is corrected by naming it.
fn may_open(year: &PersonYear, replaces: Option<Name>) -> Result<(), Fault> {
    match (&year.opening, replaces) {
        (Some(opening), Some(replaced)) if opening.id == replaced => Ok(()),
        (Some(opening), None) => {
            let message = "the year has a start already; name it in replaces to correct it";
            Err(Fault::wrong_state("begun", message).with("opening_id", opening.id.as_str()))
        }
        (Some(opening), Some(_)) => {
            let message = "the year starts from another start than the one named; read it and correct that one";
            Err(Fault::wrong_state("replaced", message).with("opening_id", opening.id.as_str()))
        }
        (None, Some(replaced)) => Err(Fault::not_found("opening", replaced.as_str())),
        (None, None) if year.numbers > 0 => {
            Err(Fault::wrong_state("begun", "the year has claims already; a year is opened before its first bill"))
        }
        (None, None) => Ok(()),
    }
}

/// The whole year from its new start, by the fold that reversals use.
fn decide_anew(context: &Context<'_>, desk: &mut Desk, year: PersonYear) -> Result<Vec<Adjusted>, Trouble> {
    let edit = Edit { restarts: true, ..Edit::default() };
    let restated = restate(context, desk, &year, &edit)?;
    if let Some(refused) = restated.redone.iter().find(|one| one.decision.settlement().is_none()) {
        let message =
            "with this start a bill of the year could not be decided; reverse it first, or correct the figures";
        return Err(Fault::wrong_state("refused", message).with("claim_id", refused.claim.id.as_str()).into());
    }
    let because = Because { cause: Cause::StartCorrected, claim: None };
    let booked = put_on_record(context, desk, year, (&edit, restated), None, because)?;
    booked.put_on(desk);
    Ok(booked.adjusted)
}

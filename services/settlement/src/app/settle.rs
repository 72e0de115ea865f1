//! Settles a bill: directly, as a part of a long stay, or by hand after the fact. Pre-settling is the same on a desk that is
//! thrown away.

use std::sync::Arc;

use chrono::Datelike as _;
use money::Fen;
use policy::{Bill, Costs, Decision, Outcome, Policy};
use rpc::{Fault, Reason};
use sha2::{Digest as _, Sha256};
use store::idempotency::Call;
use terms::Name;
use unicode_normalization::UnicodeNormalization as _;

use super::book::{Because, Booked, first, put_on_record};
use super::plan::{Edit, NewBill};
use super::restate::restate;
use super::settled_day::{SettledDay, on_its_day};
use super::{Context, Trouble};
use crate::domain::{Cause, Claim, Desk, Evidence, Kind, Origin, PersonYear, State, Unlisted};

/// A bill to settle, all of it read and its facts gathered.
#[derive(Clone, Debug)]
pub struct Settle {
    /// The call.
    pub call: Call,
    /// By which door it comes.
    pub kind: Kind,
    /// The insured person.
    pub person: Name,
    /// The institution that bills.
    pub institution: Name,
    /// The institution's visit; may be empty.
    pub visit: String,
    /// The stay; empty where there is none.
    pub stay: String,
    /// The person's facts, the bill and the policy.
    pub new: NewBill,
    /// What was handed in.
    pub origin: Origin,
    /// Whose word its day of settlement is.
    pub day: SettledDay,
    /// What another province was offered, owed and cash in fen: it is settled exactly so or not at all.
    pub expected: Option<(Fen, Fen)>,
    /// The clauses on which enrolment's answer for the day rests: a refusal for want of coverage cites them.
    pub clauses: Vec<String>,
}

/// What became of a bill.
#[derive(Clone, Debug)]
pub enum Settled {
    /// Settled.
    Claim(Box<Booked>),
    /// Refused by the policy.
    Refused(Arc<Policy>, Arc<Decision>),
}

impl Settle {
    /// The year whose accumulators the bill counts in.
    #[must_use]
    pub fn year(&self) -> i32 {
        self.new.policy.day_of_rules(&self.new.person, &self.new.bill).year()
    }

    /// The invoices it rests on, by fingerprint: what was paid once is not paid again.
    pub fn invoices(&self) -> impl Iterator<Item = String> {
        let evidence = self.origin.reimbursement.iter().flat_map(|reimbursement| &reimbursement.evidence);
        evidence.filter(|evidence| is_invoice(&evidence.kind)).flat_map(fingerprints)
    }
}

/// The kinds of evidence that may be used once.
const INVOICE: [&str; 3] = ["invoice", "invoices", "发票"];

/// Whether a document is what was paid by, however it is called.
#[must_use]
pub fn is_invoice(kind: &str) -> bool {
    INVOICE.contains(&compared(kind).as_str())
}

/// A text as it is compared: one invoice written in two ways, with spaces, dashes or what nobody sees, in capitals, in full-width
/// digits, is one invoice.
fn compared(text: &str) -> String {
    text.nfkc().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn fingerprints(evidence: &Evidence) -> [String; 2] {
    let reference = Sha256::digest(compared(&evidence.reference).as_bytes());
    let reference = reference.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    [format!("content:{}", evidence.sha256), format!("reference:{reference}")]
}

pub(super) fn settle(context: &Context<'_>, desk: &mut Desk, settle: &Settle) -> Result<Settled, Trouble> {
    refuse_duplicates(desk, settle)?;
    let settle = &on_its_day(context, desk, settle)?;
    let interim = desk.stays.get(&(settle.institution, settle.stay.clone())).filter(|_| !settle.stay.is_empty());
    let interim = interim.and_then(|id| desk.claims.get(id)).cloned();
    if interim.as_ref().is_some_and(|claim| claim.person != settle.person) {
        // nothing is said of the other's claim
        let message = "the stay is another person's: a stay's id is of one person as long as a claim of it stands";
        return Err(Fault::wrong_state("anothers", message).with("field", "submission.stay_id").into());
    }
    if let Some(ended) = interim.as_ref().filter(|claim| claim.kind != Kind::Interim) {
        let fault =
            Fault::wrong_state("ended", "the stay was settled to its end; reverse that claim to settle it anew");
        return Err(fault.with("claim_id", ended.id.as_str()).into());
    }
    let Some(interim) = interim else { return add(context, desk, settle, settle.new.clone(), None) };
    let bill = whole_stay(&interim, settle)?;
    let settle = &Settle { origin: whole_origin(&interim, settle), ..Settle::clone(settle) };
    let new = NewBill { bill, ..settle.new.clone() };
    let year = settle.new.policy.day_of_rules(&new.person, &new.bill).year();
    if year == interim.year {
        return add(context, desk, settle, new, Some(interim));
    }
    // The stay ends in another year than it was settled in so far: two years change, both or neither.
    let mut scratch = desk.clone();
    let edit = Edit { goes: Some(interim.clone()), ..Edit::default() };
    let old = desk.year(interim.person, interim.year);
    let restated = restate(context, &scratch, &old, &edit)?;
    let because = Because { cause: Cause::StayEnded, claim: Some(interim.id) };
    let gone = put_on_record(context, &scratch, old, (&edit, restated), None, because)?;
    gone.put_on(&mut scratch);
    let settled = add(context, &mut scratch, settle, new, None)?;
    let Settled::Claim(mut booked) = settled else { return Ok(settled) };
    *desk = scratch;
    booked.gone = gone.gone;
    booked.adjusted.splice(0..0, gone.adjusted);
    Ok(Settled::Claim(booked))
}

/// Adds a bill to its year, in the place of the interim claim that it takes in.
fn add(
    context: &Context<'_>,
    desk: &mut Desk,
    settle: &Settle,
    new: NewBill,
    goes: Option<Claim>,
) -> Result<Settled, Trouble> {
    let day = new.policy.day_of_rules(&new.person, &new.bill);
    if !desk.known.contains(&(settle.person, day.year())) {
        return Err(Trouble::internal("a year was not looked for before it is changed"));
    }
    let mut year = desk.year(settle.person, day.year());
    if year.numbers == 0 {
        year.by_service_date = new.policy.folds_by_service_date(&new.person, &new.bill);
    }
    let id = context.id()?;
    let cause = if goes.is_some() { Cause::StayEnded } else { Cause::EarlierAdded };
    let because = Because { cause, claim: Some(id) };
    let (policy, bill_was) = (Arc::clone(&new.policy), settle.new.bill.id);
    let edit = Edit { goes, comes: Some(new), ..Edit::default() };
    let restated = restate(context, desk, &year, &edit)?;
    let Some(decided) = restated.new.clone() else {
        return Err(Trouble::internal("a bill was added and not decided"));
    };
    let Some(settlement) = decided.1.settlement() else {
        return Ok(Settled::Refused(policy, cited(decided.1, &settle.clauses)));
    };
    as_offered(settle, &settlement.shares)?;
    year.numbers += 1;
    let claim = claim(context, settle, &year, id, decided)?;
    debug_assert_eq!(claim.bill().id, bill_was, "a stay's last bill names the whole");
    let mut booked = put_on_record(context, desk, year, (&edit, restated), Some(claim), because)?;
    booked.put_on(desk);
    if let Some(new) = &mut booked.new {
        new.place = place(desk, &booked.year, id);
    }
    for fingerprint in settle.invoices() {
        desk.evidence.insert(fingerprint.clone(), id);
        desk.writes.evidence.push((fingerprint, id));
    }
    if !settle.stay.is_empty() {
        desk.stays.insert((settle.institution, settle.stay.clone()), id);
    }
    Ok(Settled::Claim(Box::new(booked)))
}

/// Whether a bill is settled as another province was offered it: its patient has been told, and its funds were reserved, so.
fn as_offered(settle: &Settle, shares: &policy::Shares) -> Result<(), Fault> {
    let now = (shares.total - shares.hospital - shares.cash, shares.cash);
    match settle.expected {
        Some(expected) if expected != now => {
            let message = "the bill would not be settled as it was offered: the person's year has changed since";
            let fault = Fault::new(Reason::SharesChanged, message);
            Err(fault.with("owed_fen", now.0.get().to_string()).with("cash_fen", now.1.get().to_string()))
        }
        _ => Ok(()),
    }
}

/// A refusal for want of coverage with enrolment's clauses: they are those of what keeps the person from benefits on the day,
/// waiting, suspended or unpaid, where the packs cite when benefits begin.
fn cited(decision: Arc<Decision>, clauses: &[String]) -> Arc<Decision> {
    if clauses.is_empty() {
        return decision;
    }
    let mut decision = Arc::unwrap_or_clone(decision);
    if let Outcome::Refused(refusal) = &mut decision.outcome {
        use policy::Reason::{NoScheme, NotCovered, TwoSchemes};
        let causes = refusal.causes.iter_mut();
        for cause in causes.filter(|cause| matches!(cause.reason, NoScheme | NotCovered | TwoSchemes)) {
            cause.cite = clauses.to_vec();
        }
    }
    Arc::new(decision)
}

/// A claim's place in its year, from 1.
fn place(desk: &Desk, year: &PersonYear, claim: Name) -> u32 {
    let at = if year.by_service_date {
        desk.standing(year).iter().position(|standing| standing.id == claim).and_then(|at| u32::try_from(at + 1).ok())
    } else {
        u32::try_from(year.claims).ok()
    };
    at.unwrap_or_default()
}

fn claim(
    context: &Context<'_>,
    settle: &Settle,
    year: &PersonYear,
    id: Name,
    decided: (Arc<policy::Facts>, Arc<Decision>),
) -> Result<Claim, Trouble> {
    // What was handed in names the bill; of a stay, the whole of it.
    let origin = Origin { bill: decided.0.bill.clone(), ..settle.origin.clone() };
    Ok(Claim {
        id,
        person: settle.person,
        institution: settle.institution,
        visit: settle.visit.clone(),
        stay: settle.stay.clone(),
        kind: settle.kind,
        state: State::Settled,
        year: year.year,
        number: year.numbers,
        key: settle.call.key().to_owned(),
        settled_at: context.now,
        entry: context.id()?,
        origin: Arc::new(origin),
        decided: first(context, decided),
    })
}

fn refuse_duplicates(desk: &Desk, settle: &Settle) -> Result<(), Trouble> {
    let duplicate = |message: &str, kind: &'static str, claim: &Name| {
        let fault = Fault::new(Reason::Duplicate, message).with("kind", kind).with("claim_id", claim.as_str());
        Err(Trouble::Fault(fault))
    };
    let bill = (settle.institution, settle.new.bill.id.to_string());
    if let Some(claim) = desk.bills.get(&bill) {
        return duplicate("the institution has a settled bill of this id", "bill", claim);
    }
    let used = settle.invoices().find_map(|fingerprint| desk.evidence.get(&fingerprint));
    used.map_or(Ok(()), |claim| duplicate("an invoice was reimbursed before", "invoice", claim))
}

/// What was handed in now is not yet checked: the policy refuses an amount beyond all bounds, and its sum.
fn sum(so_far: Fen, now: Fen) -> Fen {
    so_far.checked_add(now).unwrap_or(Fen::UNLIMITED)
}

/// What was handed in of a stay: the lines the catalogue does not have stand behind those of what was settled so far.
fn whole_origin(interim: &Claim, settle: &Settle) -> Origin {
    let so_far = match &interim.bill().costs {
        Costs::Lines(lines) => lines.len(),
        Costs::Parts(_) => 0,
    };
    let behind = |unlisted: &Unlisted| Unlisted { line: unlisted.line + so_far, ..unlisted.clone() };
    let now = settle.origin.unlisted.iter().map(behind);
    let unlisted = interim.origin.unlisted.iter().cloned().chain(now).collect();
    Origin { unlisted, ..settle.origin.clone() }
}

/// The bill of a stay: what was settled so far and what is handed in now, as one admission.
fn whole_stay(interim: &Claim, settle: &Settle) -> Result<Bill, Fault> {
    let (so_far, now) = (interim.bill(), &settle.new.bill);
    let state = interim.state.word();
    let unlike = |what: &str| Fault::wrong_state(state, format!("the stay was settled so far with another {what}"));
    if so_far.care != now.care || so_far.institution != now.institution {
        return Err(unlike("kind of care or institution"));
    }
    let costs = match (&so_far.costs, &now.costs) {
        (Costs::Lines(so_far), Costs::Lines(now)) => Costs::Lines(so_far.iter().chain(now).cloned().collect()),
        (Costs::Parts(a), Costs::Parts(b)) => Costs::Parts(policy::Parts {
            outside_catalogue: sum(a.outside_catalogue, b.outside_catalogue),
            over_limit: sum(a.over_limit, b.over_limit),
            first_self_paid: sum(a.first_self_paid, b.first_self_paid),
            within_scope: sum(a.within_scope, b.within_scope),
            hospital: sum(a.hospital, b.hospital),
            apart: sum(a.apart, b.apart),
        }),
        _ => return Err(unlike("form of costs (lines or parts)")),
    };
    let total = sum(so_far.total, now.total);
    Ok(Bill { from: so_far.from.min(now.from), to: so_far.to.max(now.to), total, costs, ..now.clone() })
}

//! What a payment puts into the journal, and what it credits to an account.

use chrono::{DateTime, Utc};
use ledger::{Account, Draft, Entry, Heading};
use money::Fen;
use policy::{Contribution, NationalField, PayerKind, Policy};
use rpc::Fault;
use store::outbox::Event;
use store::{Tx, journal, outbox};
use terms::{Division, EntryKind, IncomeSource, Name, Scheme};

use super::{App, Problem, premium};
use crate::domain::{AccountCredit, CreditKind, Enrolment, PremiumSource, TakenBack};
use crate::store::credits;

/// The topic of an account credit's event; its payload is the credit's id.
pub(crate) const CREDIT_TOPIC: &str = "account_credit";

/// The topic of a credit that is taken back; its payload is the credit's id.
pub(crate) const RETURN_TOPIC: &str = "account_credit_return";

/// The entry of an enrolment's contribution; none where nobody pays anything.
pub(crate) fn entry(app: &App, policy: &Policy, enrolment: &Enrolment) -> Result<Option<Entry>, Fault> {
    let amounts = amounts(enrolment);
    let parts = [amounts.own, amounts.employer, Some(amounts.assisted), Some(amounts.subsidy)];
    if parts.into_iter().all(|part| part.unwrap_or_default().is_zero()) {
        return Ok(None);
    }
    let name = |text: &str| Name::new(text).map_err(Fault::internal);
    let date = enrolment.payment.as_ref().map_or(enrolment.terms.enrolled, |payment| payment.paid);
    let heading = Heading { id: name(&app.id())?, date, reference: name(&enrolment.id)? };
    let division = enrolment.terms.division;
    let entry = ledger::book::contribution(heading, policy, (division, fund(policy, division)?), &amounts);
    // the version that computed the contribution may be an earlier one than the policy at hand
    let mut draft = entry.map_err(Fault::internal)?.into_draft();
    draft.policy = Some(enrolment.contribution_version.parse().map_err(Fault::internal)?);
    let values = enrolment.contribution.values.iter();
    let cites = values.filter_map(|value| value.citation.as_ref()).flat_map(|citation| citation.cite.iter().cloned());
    draft.clauses = cites.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    draft.seal().map(Some).map_err(Fault::internal)
}

/// The fund contributions go to: the one whose share the national settlement result calls the pooled fund's.
pub(super) fn fund(policy: &Policy, division: Division) -> Result<Name, Fault> {
    let pooled = |payer: &&policy::Payer| {
        payer.kind == PayerKind::Fund
            && payer.field == Some(NationalField::HifpPay)
            && policy.knows_payer(division, payer.name.as_str())
    };
    let fund = (0..u16::MAX).map_while(|number| policy.payer(number)).find(pooled);
    fund.map(|payer| payer.name).ok_or_else(|| Fault::internal("the packs name no pooled fund"))
}

/// The amounts of a contribution as it was answered, and of the employer's premium what was paid where no rate is known.
fn amounts(enrolment: &Enrolment) -> Contribution {
    let contribution = &enrolment.contribution;
    let known = |amount: Option<i64>| amount.map(Fen::new);
    let employer = if enrolment.terms.scheme == Scheme::Employee { enrolment.employer() } else { Some(0) };
    let of_both = || contribution.employee_fen?.checked_add(employer?);
    Contribution {
        premium: Fen::new(contribution.premium_fen),
        subsidy: Fen::new(contribution.subsidy_fen),
        central: Fen::new(contribution.central_fen),
        province: Fen::new(contribution.province_fen),
        city: Fen::new(contribution.city_fen),
        county: Fen::new(contribution.county_fen),
        assisted: Fen::new(contribution.assisted_fen),
        own: known(contribution.own_fen),
        employer: known(employer),
        employee: known(contribution.employee_fen),
        credit: Fen::new(contribution.credit_fen),
        total: known(contribution.total_fen.or_else(of_both)),
        values: Vec::new(),
        unknown: Vec::new(),
    }
}

/// What a paid enrolment credits to the person's account, if anything.
pub(crate) fn credit(app: &App, enrolment: &Enrolment, at: DateTime<Utc>) -> Option<AccountCredit> {
    let amount_fen = enrolment.contribution.credit_fen;
    (amount_fen > 0).then(|| AccountCredit {
        id: app.id(),
        person: enrolment.person.clone(),
        enrolment: enrolment.id.clone(),
        cover_year: enrolment.terms.cover_year,
        kind: CreditKind::Credit,
        amount_fen,
        delivered: false,
        recorded_at: at,
        taken_back: None,
    })
}

/// What came in for a paid enrolment, by source, in fen.
pub(crate) fn income(enrolment: &Enrolment) -> Vec<(IncomeSource, Fen)> {
    let amounts = amounts(enrolment);
    let Contribution { central, province, city, county, subsidy, assisted, .. } = amounts;
    vec![
        (IncomeSource::PremiumOwn, amounts.own.unwrap_or_default()),
        (IncomeSource::PremiumEmployer, amounts.employer.unwrap_or_default()),
        (IncomeSource::PremiumAssisted, assisted),
        (IncomeSource::SubsidyCentral, central),
        (IncomeSource::SubsidyProvince, province),
        (IncomeSource::SubsidyCity, city),
        (IncomeSource::SubsidyCounty, county),
        (IncomeSource::SubsidyUnsplit, subsidy - central - province - city - county),
    ]
}

/// What undoes everything that was booked for an enrolment that never was: each entry's reversal, then what came in as premium,
/// which is owed to who paid it.
pub(crate) fn undone(app: &App, enrolment: &Enrolment, booked: &[Entry]) -> Result<Vec<Entry>, Fault> {
    let name = |text: &str| Name::new(text).map_err(Fault::internal);
    let (division, today) = (enrolment.terms.division, app.today());
    let mut entries = Vec::with_capacity(booked.len() + 1);
    for entry in booked {
        entries.push(ledger::book::reverse(name(&app.id())?, today, entry).map_err(Fault::internal)?);
    }
    let came_in = |source: IncomeSource| {
        let account = Account::Income { division, source };
        let lines = booked.iter().flat_map(|entry| entry.lines.iter()).filter(|line| line.account == account);
        (source, lines.map(ledger::Line::signed).sum::<Fen>())
    };
    let premiums = [IncomeSource::PremiumOwn, IncomeSource::PremiumEmployer].map(came_in);
    let heading = Heading { id: name(&app.id())?, date: today, reference: name(&enrolment.id)? };
    let owed = ledger::book::owe_back(heading, division, &premiums, payer(enrolment)?).map_err(Fault::internal)?;
    entries.extend(owed);
    Ok(entries)
}

/// What books again what an end had undone that itself is undone: what was owed back is owed no more, and the contribution that
/// was reversed last is booked as it was.
pub(crate) fn redone(app: &App, booked: &[Entry]) -> Result<Vec<Entry>, Fault> {
    let name = |text: &str| Name::new(text).map_err(Fault::internal);
    let reversed = |entry: &&Entry| booked.iter().any(|other| other.original == Some(entry.id));
    let mut entries = Vec::new();
    for owed in booked.iter().filter(|entry| entry.kind == EntryKind::OwedBack && !reversed(entry)) {
        entries.push(ledger::book::reverse(name(&app.id())?, app.today(), owed).map_err(Fault::internal)?);
    }
    let mut contributions = booked.iter().filter(|entry| entry.kind == EntryKind::Contribution).filter(reversed);
    if let Some(last) = contributions.next_back() {
        let draft = Draft { id: name(&app.id())?, date: app.today(), ..last.clone().into_draft() };
        entries.push(draft.seal().map_err(Fault::internal)?);
    }
    Ok(entries)
}

/// Who paid the premium: the person, the relative whose account did, or the employer. An employer without an id that an account
/// can bear is named by the enrolment, whose payment says whose receipt it was.
fn payer(enrolment: &Enrolment) -> Result<Name, Fault> {
    let of = |text: &str| Name::new(text).ok().filter(|name| !name.is_empty());
    let payment = enrolment.payment.as_ref();
    let found = match payment.map(|payment| payment.source) {
        Some(PremiumSource::Employer) => of(&enrolment.terms.employer).or_else(|| of(&enrolment.id)),
        Some(PremiumSource::RelativeAccount) => payment.and_then(|payment| of(payment.owner.as_ref()?)),
        _ => of(&enrolment.person),
    };
    found.ok_or_else(|| Fault::internal("nobody is known to whom a premium is owed back"))
}

/// Writes entries into the journal, and credits beside the events that will tell settlement; of premium assistance assistance is told.
pub(crate) async fn write(app: &App, tx: &Tx, entries: &[Entry], owed: &[AccountCredit]) -> Result<(), Problem> {
    if !entries.is_empty() {
        journal::append(tx, entries).await?;
        premium::tell(app, tx, entries).await?;
    }
    if !owed.is_empty() {
        credits::add(tx, owed).await?;
        tell(tx, owed, (CREDIT_TOPIC, ""), None).await?;
    }
    Ok(())
}

/// Takes back what an enrolment credited; settlement hears it after the credit itself, for a person's events keep their order.
pub(crate) async fn take_back(tx: &Tx, enrolment: &Enrolment) -> Result<Vec<AccountCredit>, Problem> {
    let credited = credits::of_enrolment(tx, &enrolment.id).await?;
    // a balance that was brought along is the person's own money
    let ours = credited.into_iter().filter(|credit| credit.kind == CreditKind::Credit).collect();
    take_these_back(tx, ours, enrolment.recorded_at).await
}

/// Takes credits back, but those that are taken back already.
pub(crate) async fn take_these_back(
    tx: &Tx,
    mut given: Vec<AccountCredit>,
    at: DateTime<Utc>,
) -> Result<Vec<AccountCredit>, Problem> {
    given.retain(|credit| credit.taken_back.is_none());
    for credit in &mut given {
        credit.taken_back = Some(TakenBack { amount_fen: None });
    }
    if !given.is_empty() {
        credits::take_back(tx, &given, at).await?;
        tell(tx, &given, (RETURN_TOPIC, RETURN_SUFFIX), Some(at)).await?;
    }
    Ok(given)
}

/// What the id of a credit's event, and of its debit at settlement, ends in when it is taken back.
pub(crate) const RETURN_SUFFIX: &str = "-back";

async fn tell(
    tx: &Tx,
    credits: &[AccountCredit],
    (topic, suffix): (&str, &str),
    at: Option<DateTime<Utc>>,
) -> Result<(), Problem> {
    let event = |credit: &AccountCredit| Event {
        id: format!("{}{suffix}", credit.id),
        key: credit.person.clone(),
        topic: topic.to_owned(),
        payload: credit.id.clone().into_bytes(),
        trace_context: rpc::trace::parent(),
        created_at: at.unwrap_or(credit.recorded_at).timestamp_micros(),
    };
    Ok(outbox::put(tx, &credits.iter().map(event).collect::<Vec<_>>()).await?)
}

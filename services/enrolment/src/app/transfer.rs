//! Transfers people between places: years carried, no gap, no overlap (GX-18).

use chrono::NaiveDate;
use ledger::Entry;
use rpc::{Fault, Violations};
use store::Tx;
use store::outbox::{self, Event};
use terms::{Division, Scheme};

use super::decide::Refused;
use super::end::Closed;
use super::enrol::{self, Done, NEWEST, locked, locked_enrolment};
use super::{App, Problem, book, end};
use crate::domain::{
    AccountCredit, Certificate, Confirmation, CreditKind, Days, EndReason, Enrolment, State, Terms, Transfer,
};
use crate::store::{credits, enrolments, transfers};

/// The topic of a balance that is to be taken along; its payload is the transfer's id.
pub(crate) const BALANCE_TOPIC: &str = "account_balance";

/// Asks to transfer a person out.
pub(crate) struct TransferOut {
    pub(crate) enrolment: String,
    pub(crate) to_division: Division,
    pub(crate) to: NaiveDate,
}

/// Asks to transfer a person in.
pub(crate) struct TransferIn {
    pub(crate) person: String,
    pub(crate) certificate: Certificate,
    pub(crate) terms: Terms,
    pub(crate) confirmed: Option<Confirmation>,
}

/// A transfer out, with what was undone where cover never began, and the days with benefits that are lost.
pub(crate) struct Left {
    pub(crate) transfer: Transfer,
    pub(crate) entries: Vec<Entry>,
    pub(crate) lost: Vec<Days>,
}

/// Ends the enrolment here and issues a certificate.
pub(crate) async fn out(app: &App, tx: &Tx, command: &TransferOut) -> Result<Left, Problem> {
    let (person, enrolment) = locked_enrolment(tx, &command.enrolment).await?;
    if enrolment.state != State::Active {
        return Err(Fault::wrong_state(enrolment.state.word(), "only an active enrolment is transferred out").into());
    }
    let from_division = enrolment.terms.division;
    let mut violations = Violations::new();
    another_place(app, &mut violations, "to_division", (from_division, command.to_division));
    violations.finish(Some(()))?;
    let (scheme, before) = (enrolment.terms.scheme, enrolment.benefits());
    let ended = end::ended(enrolment, command.to, EndReason::Transferred)?;
    let Closed { enrolment: ended, entries, .. } = end::close(app, tx, ended).await?;
    let lost = end::without(before, &ended.benefits());
    let all = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let (paid_months, unbroken_months) = months(tx, &all, scheme, command.to).await?;
    let account = scheme == Scheme::Employee;
    let certificate = Certificate {
        id: app.id(),
        person: person.id.clone(),
        from_division: from_division.to_string(),
        to_division: command.to_division.to_string(),
        scheme,
        to: command.to,
        paid_months,
        unbroken_months,
        account_fen: 0,
        issued_at: ended.recorded_at,
    };
    let transfer = Transfer {
        id: app.id(),
        inward: false,
        done: !account,
        undone: false,
        certificate,
        person: person.id.clone(),
        enrolment: ended.id,
        account,
        credit: None,
        confirmed: None,
        recorded_at: ended.recorded_at,
    };
    transfers::add(tx, &transfer).await?;
    if account {
        let (payload, trace_context) = (transfer.id.clone().into_bytes(), rpc::trace::parent());
        let (id, topic) = (transfer.id.clone(), BALANCE_TOPIC.to_owned());
        let created_at = transfer.recorded_at.timestamp_micros();
        outbox::put(tx, &[Event { id, key: person.id, topic, payload, trace_context, created_at }]).await?;
    }
    Ok(Left { transfer, entries, lost })
}

/// Undoes the transfer by which an enrolment began that was a mistake: its certificate is free again, and the balance it brought
/// along is taken back. Gives what is taken back.
pub(super) async fn undo(app: &App, tx: &Tx, mistake: &Enrolment) -> Result<Vec<AccountCredit>, Problem> {
    let Some(transfer) = transfers::began(tx, &mistake.id).await? else { return Ok(Vec::new()) };
    transfers::undo(tx, &transfer.id, app.after(transfer.recorded_at)).await?;
    let brought = match &transfer.credit {
        Some(id) => credits::by_id(tx, id).await?,
        None => None,
    };
    book::take_these_back(tx, brought.into_iter().collect(), mistake.recorded_at).await
}

/// A transfer is between two pooling areas: codes that can be divisions', not the same place, and neither above the other.
/// `field` is the place that is said, whose counterpart is known.
fn another_place(app: &App, v: &mut Violations, field: &str, (known, said): (Division, Division)) {
    if !said.is_well_formed() {
        v.add(field, said, "the code of a division: a district's begins as that of its prefecture");
    } else if said == known {
        v.add(field, said, format!("another place than {known}"));
    } else if above(app, said, known) || above(app, known, said) {
        v.add(field, said, format!("another pooling area: a place neither above nor below {known}"));
    }
}

/// Whether one division is above another, by the packs or by the codes.
fn above(app: &App, upper: Division, lower: Division) -> bool {
    let policy = app.policies.head(lower);
    let packs = policy.is_some_and(|policy| policy.chain(lower).iter().skip(1).any(|pack| pack.code == upper));
    packs || std::iter::successors(lower.above(), |code| code.above()).any(|code| code == upper)
}

/// Months paid for in a scheme until a day, and those of them without a break before it.
async fn months(tx: &Tx, all: &[Enrolment], scheme: Scheme, until: NaiveDate) -> Result<(u32, u32), Problem> {
    let mut paid: Vec<&Enrolment> =
        all.iter().filter(|one| one.terms.scheme == scheme && one.paid_months(until) > 0).collect();
    paid.sort_by_key(|one| one.days.map(|days| days.from));
    let (mut sum, mut unbroken) = (0_u32, 0_u32);
    // what was carried into the enrolment before, and its last day with benefits
    let mut before: Option<(u32, Option<NaiveDate>)> = None;
    for one in paid {
        let (carried, benefits) = (one.terms.history.carried_months, one.benefits());
        let (first, last) = (benefits.first().map(|days| days.from), benefits.last().map(|days| days.to));
        if carried > 0 && before.is_none_or(|(known, _)| known != carried) {
            // a certificate counts all months before it, those on the books here too; a renewal says the same again
            let certificate = transfers::began(tx, &one.id).await?.map(|transfer| transfer.certificate);
            sum = carried;
            unbroken = certificate.map_or(carried, |certificate| certificate.unbroken_months);
        } else if before.is_some_and(|(_, last)| first.is_none() || last.and_then(|last| last.succ_opt()) != first) {
            unbroken = 0;
        }
        let months = one.paid_months(until);
        (sum, unbroken) = (sum.saturating_add(months), unbroken.saturating_add(months));
        before = Some((carried, last));
    }
    Ok((sum, unbroken))
}

/// Enrols a person with a certificate, from the day after it ended elsewhere.
pub(crate) async fn take_in(
    app: &App,
    tx: &Tx,
    command: &TransferIn,
) -> Result<Result<(Done, Transfer), Refused>, Problem> {
    let person = locked(tx, &command.person).await?;
    let certificate = &command.certificate;
    if transfers::of_certificate(tx, &certificate.id, true).await?.is_some() {
        return Err(taken(&certificate.id).into());
    }
    let issued = transfers::of_certificate(tx, &certificate.id, false).await?;
    believed(app, command, issued.as_ref())?;
    let mut terms = command.terms.clone();
    terms.after(certificate.to, app.today());
    terms.history.carried_months = certificate.paid_months;
    let others = enrolments::of_person(tx, &person.id, NEWEST).await?;
    let done = match enrol::begin(app, tx, &person, terms, &others).await? {
        Ok(done) => done,
        Err(refused) => return Ok(Err(refused)),
    };
    let transfer = Transfer {
        id: app.id(),
        inward: true,
        done: certificate.account_fen == 0,
        undone: false,
        certificate: certificate.clone(),
        person: person.id,
        enrolment: done.enrolment.id.clone(),
        account: false,
        credit: (certificate.account_fen > 0).then(|| app.id()),
        confirmed: command.confirmed.clone(),
        recorded_at: done.enrolment.recorded_at,
    };
    if !transfers::add(tx, &transfer).await? {
        return Err(taken(&certificate.id).into());
    }
    if done.enrolment.payment.is_some() {
        book::write(app, tx, &[], &brought_in(tx, &done.enrolment).await?).await?;
    }
    Ok(Ok((done, transfer)))
}

fn taken(certificate: &str) -> Fault {
    let fault = Fault::new(rpc::Reason::Duplicate, "the certificate was taken before");
    fault.with("kind", "certificate").with("id", certificate.to_owned())
}

/// Whether a certificate can be believed: one that was issued here equals what was issued and is the person's own; one from
/// elsewhere has an officer's word. `issued` is the transfer out with its id.
fn believed(app: &App, command: &TransferIn, issued: Option<&Transfer>) -> Result<(), Fault> {
    let (given, terms) = (&command.certificate, &command.terms);
    let mut violations = Violations::new();
    fits(app, &mut violations, given, terms);
    // until the balance is taken along, the certificate does not say it yet
    let issued_done = issued.is_none_or(|issued| issued.done);
    if let Some(issued) = issued {
        violations.within("certificate", |v| {
            for (field, found) in differing(given, &issued.certificate) {
                if issued_done || field != "account_fen" {
                    v.add(field, found, "what the certificate says as it was issued");
                }
            }
        });
        if command.person != issued.certificate.person {
            violations.add("person_id", &command.person, "the person of the certificate");
        }
    } else if given.from_division.parse().is_ok_and(|from| is_served(app, from)) {
        let expected = format!("a certificate that was issued here, as all of {} are", given.from_division);
        violations.within("certificate", |v| v.add("certificate_id", &given.id, expected));
    } else if command.confirmed.is_none() {
        let expected =
            "the officer who checked the contact letter of the place that is left, and the letter's reference";
        violations.add("confirmed_by", "nothing", expected);
    }
    violations.finish(Some(()))?;
    if !issued_done {
        let message = "the certificate's account balance is on its way; ask GetTransfer until the transfer out is DONE";
        return Err(Fault::wrong_state("in_progress", message));
    }
    Ok(())
}

/// Adds what a certificate contradicts: the terms, the clock, or itself.
pub(crate) fn fits(app: &App, violations: &mut Violations, given: &Certificate, terms: &Terms) {
    violations.within("terms", |v| {
        if given.to_division != terms.division.to_string() {
            let expected = format!("the place the certificate is for, {}", given.to_division);
            v.add("division", terms.division, expected);
        }
        if given.scheme != terms.scheme {
            v.add("scheme", wire::name(terms.scheme), "the certificate's scheme");
        }
    });
    violations.within("certificate", |v| {
        if let Ok(from) = given.from_division.parse() {
            another_place(app, v, "from_division", (terms.division, from));
        }
        if given.scheme != Scheme::Employee && given.account_fen > 0 {
            v.add("account_fen", given.account_fen, "0: residents' insurance has no personal account");
        }
        if given.issued_at > app.now() {
            v.add("issued_at", given.issued_at.to_rfc3339(), "a moment that is past");
        }
    });
}

/// Whether people of a division are enrolled here: it has a pack of its own.
fn is_served(app: &App, division: Division) -> bool {
    let policy = app.policies.head(division);
    policy.is_some_and(|policy| policy.chain(division).first().is_some_and(|pack| pack.code == division))
}

/// The fields in which a certificate is not as it was issued, and what they say.
fn differing(given: &Certificate, issued: &Certificate) -> Vec<(&'static str, String)> {
    let fields = [
        ("person_id", given.person == issued.person, given.person.clone()),
        ("from_division", given.from_division == issued.from_division, given.from_division.clone()),
        ("to_division", given.to_division == issued.to_division, given.to_division.clone()),
        ("scheme", given.scheme == issued.scheme, given.scheme.to_string()),
        ("to_date", given.to == issued.to, given.to.to_string()),
        ("paid_months", given.paid_months == issued.paid_months, given.paid_months.to_string()),
        ("unbroken_months", given.unbroken_months == issued.unbroken_months, given.unbroken_months.to_string()),
        ("account_fen", given.account_fen == issued.account_fen, given.account_fen.to_string()),
        ("issued_at", given.issued_at == issued.issued_at, given.issued_at.to_rfc3339()),
    ];
    fields.into_iter().filter(|(_, same, _)| !same).map(|(field, _, found)| (field, found)).collect()
}

/// The balances a person brought along that wait for an enrolment of their scheme to be paid: it is paid now.
pub(super) async fn brought_in(tx: &Tx, paid: &Enrolment) -> Result<Vec<AccountCredit>, Problem> {
    let waiting = transfers::waiting(tx, &paid.person).await?;
    let ours = waiting.into_iter().filter(|transfer| transfer.certificate.scheme == paid.terms.scheme);
    let credit = |transfer: Transfer| {
        Some(AccountCredit {
            id: transfer.credit?,
            person: paid.person.clone(),
            enrolment: paid.id.clone(),
            cover_year: paid.terms.cover_year,
            kind: CreditKind::BroughtIn,
            amount_fen: transfer.certificate.account_fen,
            delivered: false,
            recorded_at: paid.recorded_at,
            taken_back: None,
        })
    };
    Ok(ours.filter_map(credit).collect())
}

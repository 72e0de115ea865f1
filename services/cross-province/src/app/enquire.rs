//! Asks another province who a person is to it, and answers other provinces that ask.

use std::sync::Arc;
use std::time::Duration;

use ::pb::enrolment::v1::InsuredPerson;
use ::pb::r#type::v1::Period;
use ::policy::Refusal;
use chrono::NaiveDate;
use crossing::Sealed;
use pb::cross_province::v1 as pb;
use pb::{Enquire, Enquired, Insured, NotInsured, enquired::Known};
use rpc::{Fault, Reason, Violations};
use store::Tx;
use terms::{Care, Division, Name};
use wire::crossing::Body;
use wire::{read, write};

use super::admit::{self, Came};
use super::filing::{self, Elsewhere};
use super::{App, Problem};
use crate::store::links;

/// When another province is asked again that was not reached.
const AGAIN: Duration = Duration::from_secs(1);

/// An enquiry, read.
struct Question {
    document_sha256: String,
    place: Division,
    on: NaiveDate,
    care: Care,
    disease: String,
    is_emergency: bool,
}

/// Asks another province.
///
/// # Errors
/// `UNAVAILABLE` where it does not answer, or with nothing that is believed: nothing is held, and it may be asked again.
pub(crate) async fn ask(app: &Arc<App>, peer: Division, wanted: Enquire) -> Result<Enquired, Fault> {
    let (asking, body) = (Arc::clone(app), Body::from(wanted));
    let work = |tx: Tx| {
        let (app, body) = (Arc::clone(&asking), body.clone());
        async move { admit::append(&app, &tx, peer, &body, None, None).await }
    };
    let question = app.database.transaction::<_, Problem, _, _>(work).await?;
    let away = |error| Fault::unavailable("the province of insurance", AGAIN).because(error);
    let answer = app.lines.deliver(&question).await.map_err(away)?;
    let header = &answer.header;
    if header.sender != peer || header.reply_to != Some(question.header.message_id) {
        return Err(Fault::new(Reason::WrongProvince, "the answer is not that of who was asked"));
    }
    let Body::Enquired(said) = admit::believed(app, &answer)? else {
        return Err(Fault::new(Reason::WrongProvince, "what was asked about a person was not answered"));
    };
    let (keeping, answer) = (Arc::clone(app), Arc::new(answer));
    let work = |tx: Tx| {
        let (app, answer) = (Arc::clone(&keeping), Arc::clone(&answer));
        async move { admit::take(&app, &tx, &answer, None).await.map(drop) }
    };
    app.database.transaction::<_, Problem, _, _>(work).await?;
    Ok(said)
}

/// Answers another province that asks.
///
/// # Errors
/// What cannot be read, or is not the sender's to ask; `UNAVAILABLE`: nothing was kept, and the same may be sent again.
pub(super) async fn answer(app: &Arc<App>, sealed: Sealed, wanted: Enquire) -> Result<Sealed, Fault> {
    let unread = || Fault::new(Reason::NotAuthentic, "the enquiry cannot be read").with("why", "format");
    let question = question(&wanted).ok_or_else(unread)?;
    if question.place.province() != sealed.header.sender {
        let message = "the place of care is not the sender's";
        return Err(Fault::new(Reason::WrongProvince, message).with("field", "care_division"));
    }
    let found = app.enrolment()?.find(question.document_sha256.clone(), question.on).await?;
    let body = Body::from(Enquired { known: Some(known(app, &question, found).await?) });
    let (working, kept) = (Arc::clone(app), Arc::new((sealed, body)));
    let committing = async move {
        let work = |tx: Tx| {
            let (app, kept) = (Arc::clone(&working), Arc::clone(&kept));
            async move {
                let (sealed, body) = &*kept;
                let came = admit::take(&app, &tx, sealed, None).await?;
                if came == Came::Again
                    && let Some(before) = links::answer_to(&tx, sealed.header.message_id).await?
                    && before.body == body.encode()
                {
                    return Ok(before);
                }
                admit::append(&app, &tx, sealed.header.sender, body, None, Some(sealed)).await
            }
        };
        working.database.transaction::<_, Problem, _, _>(work).await
    };
    super::to_its_end::to_its_end(committing).await
}

fn question(wanted: &Enquire) -> Option<Question> {
    let mut v = Violations::new();
    let hash = &wanted.document_sha256;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let document_sha256 = (hash.len() == 64 && hash.bytes().all(is_digit)).then(|| hash.clone())?;
    let place = read::division(&mut v, "care_division", &wanted.care_division);
    let on = read::date(&mut v, "on_date", &wanted.on_date);
    let care = read::word(&mut v, "care", wanted.care);
    let disease = read::optional_name(&mut v, "disease", &wanted.disease)?.to_string();
    let is_emergency = wanted.emergency;
    Some(Question { document_sha256, place: place?, on: on?, care: care?, disease, is_emergency })
}

/// What is known of whose document it is. Somebody insured in another province, or nowhere on the day, is told as nobody.
async fn known(app: &App, question: &Question, found: Option<InsuredPerson>) -> Result<Known, Fault> {
    let insured = found.and_then(|person| {
        let division: Division = person.division.parse().ok()?;
        (division.province() == app.province).then_some((person, division))
    });
    let Some((person, division)) = insured else {
        let advice = "nobody with this document is insured in this province on the day: check the document and the place of insurance, \
             or let the patient pay and claim at home";
        return Ok(Known::NotInsured(NotInsured { advice: advice.to_owned() }));
    };
    let of = Elsewhere {
        person: &person.person_id,
        division,
        place: question.place,
        from: question.on,
        care: question.care,
        disease: &question.disease,
        is_emergency: question.is_emergency,
    };
    let counted = filing::counted(app, &of).await?;
    let mut said = (Vec::new(), Vec::new());
    if !is_covered(person.covered.as_ref(), question.on) {
        said.0.push("the day is outside the person's days of benefits: the patient pays".to_owned());
        said.1.extend(person.cite.iter().cloned());
    }
    let policy = app.policies.head(division);
    let codes: Vec<Name> = person.diseases.iter().filter_map(|code| Name::new(code).ok()).collect();
    let recognised =
        policy.map(|policy| policy.recognised(division, (question.care, &question.disease), &codes, app.today()));
    let refusals = counted.refused.into_iter().map(|(refusal, _)| refusal);
    for refusal in refusals.chain(recognised.and_then(Result::err)) {
        said.0.push(filing::advice(&refusal));
        said.1.extend(clauses(&refusal));
    }
    let (advice, mut clauses) = said;
    clauses.sort_unstable();
    clauses.dedup();
    Ok(Known::Insured(Insured {
        insured_id: person.person_id.clone(),
        division: division.to_string(),
        scheme: person.scheme,
        group: person.group,
        filing: write::word(counted.filing),
        filing_id: counted.filing_id,
        direct: advice.is_empty(),
        advice: advice.join("; "),
        clauses,
    }))
}

fn is_covered(covered: Option<&Period>, on: NaiveDate) -> bool {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let days = covered.and_then(|covered| day(&covered.from_date).zip(day(&covered.to_date)));
    days.is_some_and(|(from, to)| from <= on && on <= to)
}

fn clauses(refusal: &Refusal) -> impl Iterator<Item = String> {
    refusal.causes.iter().flat_map(|cause| cause.cite.clone())
}

//! Files care elsewhere.

use std::sync::Arc;

use ::policy::FilingFacts;
use chrono::NaiveDate;
use rpc::{Fault, Reason};
use store::Tx;
use store::idempotency::Call;
use terms::{Division, Filing, Name};

use super::filing::{self, Outcome};
use super::{App, Problem};
use crate::clients::Insurance;
use crate::domain::{Act, Channel, Evidence, Filed, Version};
use crate::store::filings;

/// A filing that is asked for, read.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) call: Call,
    pub(crate) person: Name,
    pub(crate) kind: Filing,
    pub(crate) destination: Division,
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) documents: Vec<Evidence>,
    pub(crate) promise: bool,
    pub(crate) operator: String,
    pub(crate) channel: Channel,
}

/// Files it where the packs of the person's place of insurance let it be; the same call again finds it as it was filed.
///
/// # Errors
/// `NOT_FOUND` for somebody unknown, `DUPLICATE`, `KEY_REUSED`; `UNAVAILABLE` where enrolment or the policy is away.
pub(crate) async fn file(app: &Arc<App>, file: File) -> Result<Outcome, Fault> {
    let call = file.call.clone();
    let asked = |tx: Tx| {
        let call = call.clone();
        async move { filing::before(&tx, &call).await }
    };
    // an answer that was given is given again, whoever is away now
    if let Some(filed) = app.database.transaction::<_, Problem, _, _>(asked).await? {
        return Ok(Outcome::Kept(filed));
    }
    let today = app.today();
    let (division, scheme) = match app.enrolment()?.insurance(file.person, today).await? {
        Insurance::At(division, scheme) => (division, scheme),
        Insurance::None(refusal) => return Ok(Outcome::said_no(refusal, String::new())),
    };
    if division.province() != app.province {
        let message = "the person is insured in another province: it is filed there";
        return Err(Fault::new(Reason::WrongProvince, message).with("division", division.to_string()));
    }
    let policy = app.policy(division)?;
    let facts = FilingFacts {
        division,
        kind: file.kind,
        destination: file.destination,
        filed: today,
        from: file.from,
        to: file.to,
        documents: file.documents.iter().map(|document| document.kind).collect(),
        promise: file.promise,
    };
    let terms = match policy.files(&facts) {
        Ok(terms) => terms,
        Err(refusal) => return Ok(Outcome::refused(&policy, &refusal)),
    };
    let first = Version {
        number: 1,
        act: Act::Filed,
        destination: file.destination,
        from: file.from,
        to: terms.to,
        due: terms.due,
        documents: file.documents,
        operator: file.operator,
        reason: String::new(),
        policy_version: policy.version().to_string(),
        recorded_at: app.now(),
    };
    let (id, versions) = (app.ids.next().to_string(), vec![first]);
    let (person, kind, channel) = (file.person, file.kind, file.channel);
    kept(app, call, Filed { id, person, division, scheme, kind, channel, versions }).await
}

async fn kept(app: &Arc<App>, call: Call, filed: Filed) -> Result<Outcome, Fault> {
    let (working, kept) = (Arc::clone(app), Arc::new((call, filed)));
    let committing = async move {
        let work = |tx: Tx| {
            let kept = Arc::clone(&kept);
            async move {
                let (call, filed) = &*kept;
                filings::lock(&tx, filed.person.as_str()).await?;
                if let Some(before) = filing::before(&tx, call).await? {
                    return Ok(before);
                }
                filing::is_alone(&tx, filed).await?;
                filing::keep(&tx, call, filed).await
            }
        };
        working.database.transaction::<_, Problem, _, _>(work).await
    };
    Ok(Outcome::Kept(super::to_its_end::to_its_end(committing).await?))
}

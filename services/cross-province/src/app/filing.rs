//! What the verbs about filings share: the filing as a call left it, and as what a bill is filed.

use std::sync::Arc;
use std::time::Duration;

use ::pb::policy::v1::Refusal as RefusalPb;
use ::policy::{Policy, Refusal};
use chrono::NaiveDate;
use pb::cross_province::v1 as pb;
use rpc::Fault;
use store::Tx;
use store::idempotency::{self, Answered, Call, IdempotencyError};
use terms::{Care, Division, Filing};
use wire::write;

use super::{App, Problem};
use crate::domain::{Filed, Stay, Version, counts};
use crate::store::filings;

/// When it is asked again where no policy was seen yet.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of a call about a filing.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It is on record.
    Kept(Filed),
    /// The packs, or enrolment, say no; nothing was kept.
    Refused(Box<pb::FilingRefused>),
}

impl Outcome {
    /// What a policy refuses.
    pub(super) fn refused(policy: &Policy, refusal: &Refusal) -> Self {
        Self::said_no(write::refusal(policy, refusal), policy.version().to_string())
    }

    /// A refusal out of another service's answer.
    pub(super) fn said_no(refusal: RefusalPb, policy_version: String) -> Self {
        Self::Refused(Box::new(pb::FilingRefused { refusal: Some(refusal), policy_version }))
    }
}

impl App {
    /// The policy in use for a place of insurance.
    pub(super) fn policy(&self, division: Division) -> Result<Arc<Policy>, Fault> {
        self.policies.head(division).ok_or_else(|| Fault::unavailable("the policy of the place of insurance", AGAIN))
    }

    pub(crate) fn today(&self) -> NaiveDate {
        host::china_day(self.now())
    }
}

/// The filing as a call left it that was made before. The person is locked.
pub(super) async fn before(tx: &Tx, call: &Call) -> Result<Option<Filed>, Problem> {
    let Some(kept) = idempotency::look_up(tx, &[call]).await?.pop().flatten() else { return Ok(None) };
    if let Some(field) = kept.first_difference(call) {
        return Err(IdempotencyError::OtherContent { field }.into());
    }
    as_answered(tx, &kept.answer).await.map(Some)
}

/// Keeps a filing's last version, and the whole filing where that is its first, under a call's key.
pub(super) async fn keep(tx: &Tx, call: &Call, filed: &Filed) -> Result<Filed, Problem> {
    let made = async {
        let last = filed.last().ok_or_else(|| Fault::internal("a filing without a version"))?;
        if filed.versions.len() == 1 {
            filings::add(tx, filed).await?;
        } else {
            filings::add_version(tx, &filed.id, last).await?;
        }
        Ok::<_, Problem>(format!("{} {}", filed.id, last.number).into_bytes())
    };
    match idempotency::once::<Problem, _, _>(tx, call, || made).await? {
        Answered::Now(_) => Ok(filed.clone()),
        Answered::Before(answer) => as_answered(tx, &answer).await,
    }
}

/// A filing as it was when a call was answered.
async fn as_answered(tx: &Tx, answer: &[u8]) -> Result<Filed, Problem> {
    let unread = || Fault::internal("a kept answer is no filing");
    let text = std::str::from_utf8(answer).map_err(Fault::internal)?;
    let (id, number) = text.split_once(' ').ok_or_else(unread)?;
    let number: i64 = number.parse().map_err(Fault::internal)?;
    let mut filed = filings::of_id(tx, id).await?.ok_or_else(unread)?;
    filed.versions.retain(|version| version.number <= number);
    Ok(filed)
}

/// Whom a filing is of, who is to be locked before it is read again.
pub(super) async fn person_of(app: &App, id: &str) -> Result<String, Fault> {
    let found = filings::of_id(app.database.reader(), id).await.map_err(Problem::Store)?;
    Ok(found.ok_or_else(|| Fault::not_found("filing", id))?.person.to_string())
}

/// A filing that stands, and its last version.
pub(super) async fn standing(tx: &Tx, id: &str, today: NaiveDate) -> Result<(Filed, Version), Problem> {
    let (filed, last) = on_record(tx, id).await?;
    if last.to.is_some_and(|to| to < today) {
        let message = "the filing has ended: file again";
        return Err(Fault::wrong_state("ended", message).with("filing_id", id).into());
    }
    Ok((filed, last))
}

/// A filing that was not cancelled, and its last version.
pub(super) async fn on_record(tx: &Tx, id: &str) -> Result<(Filed, Version), Problem> {
    let filed = filings::of_id(tx, id).await?.ok_or_else(|| Fault::not_found("filing", id))?;
    if filed.is_cancelled() {
        let message = "the filing was cancelled: file again";
        return Err(Fault::wrong_state("cancelled", message).with("filing_id", id).into());
    }
    let last = filed.last().cloned().ok_or_else(|| Fault::internal("a filing without a version"))?;
    Ok((filed, last))
}

/// That no other filing of the person and kind is valid for the same destination on a day of this one's last version.
pub(super) async fn is_alone(tx: &Tx, filed: &Filed) -> Result<(), Problem> {
    let Some(last) = filed.last() else { return Ok(()) };
    for other in filings::of_person(tx, filed.person.as_str()).await? {
        let is_same =
            |span: &crate::domain::Span| span.destination == last.destination && span.meets(last.from, last.to);
        if other.id != filed.id && other.kind == filed.kind && other.spans().iter().any(is_same) {
            let message =
                "a filing of this kind to this destination is valid on some of these days: change or cancel that one";
            let fault = Fault::new(rpc::Reason::Duplicate, message).with("kind", "filing").with("filing_id", other.id);
            return Err(fault.into());
        }
    }
    Ok(())
}

/// As what care is filed here, and whether it is settled directly.
pub(super) struct Counted {
    pub(super) filing: Filing,
    /// Empty where none is on record.
    pub(super) filing_id: String,
    /// Why it is not settled directly, and the policy that says so.
    pub(super) refused: Option<(Refusal, Arc<Policy>)>,
}

/// A person's care in another province.
pub(super) struct Elsewhere<'a> {
    pub(super) person: &'a str,
    /// The place of insurance.
    pub(super) division: Division,
    /// Where the care is.
    pub(super) place: Division,
    pub(super) from: NaiveDate,
    pub(super) care: Care,
    /// The code on the bill; empty.
    pub(super) disease: &'a str,
    pub(super) is_emergency: bool,
}

/// As what somebody's care is filed by what is on record now. A division without any pack is settlement's to refuse.
///
/// # Errors
/// `UNAVAILABLE` where no policy was seen yet.
pub(super) async fn counted(app: &App, of: &Elsewhere<'_>) -> Result<Counted, Fault> {
    let today = app.today();
    if !app.policies.is_known() {
        return Err(Fault::unavailable("the policies of settlement", AGAIN));
    }
    let policy = app.policies.head(of.division);
    let precedence = policy.as_ref().and_then(|policy| policy.filing_precedence(of.division, today).ok());
    let all = filings::of_person(app.database.reader(), of.person).await.map_err(Problem::Store)?;
    let stay = Stay { care: of.place, from: of.from, settled: today.max(of.from) };
    let precedence = precedence.unwrap_or_else(|| vec![Filing::Emergency]);
    let (filing, found) = counts(&all, &stay, of.is_emergency, &precedence);
    let filing_id = found.map(|filed| filed.id.clone()).unwrap_or_default();
    let crossed = policy.and_then(|policy| {
        let no = policy.crosses(of.division, filing, (of.care, of.disease), today).err()?;
        Some((no, policy))
    });
    Ok(Counted { filing, filing_id, refused: crossed })
}

/// A refusal in a sentence, English, for people.
pub(super) fn advice(refusal: &Refusal) -> String {
    let said: Vec<String> =
        refusal.causes.iter().map(|cause| format!("{} ({})", cause.reason.en(), cause.about)).collect();
    let is_unfiled = refusal.causes.iter().any(|cause| cause.reason == ::policy::Reason::NotFiled);
    let file = if is_unfiled { "file it before it is settled, or " } else { "" };
    format!("{}: {file}let the patient pay and claim at home", said.join("; "))
}

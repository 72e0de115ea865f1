//! Resolves a duplicate: the enrolments that do not stand end before the days both hold. One of which no day is left never was: what
//! was paid for it is owed back, and no report counts it.

use rpc::{Fault, Violations};
use store::Tx;

use super::enrol::{NEWEST, locked};
use super::{App, Problem, end, recognise, suspend};
use crate::domain::{Days, Duplicate, EndReason, Enrolment, Resolution};
use crate::store::duplicates::{self, Wanted};
use crate::store::enrolments;

/// Asks to resolve a duplicate.
pub(crate) struct Resolve {
    pub(crate) duplicate: String,
    /// The enrolment to keep; none: the one that stands by the rule.
    pub(crate) keep: Option<String>,
    pub(crate) reason: String,
    pub(crate) operator: String,
}

/// Resolves a duplicate; gives it with its enrolments as they are now, and the days with benefits that those lose which end.
pub(crate) async fn resolve(
    app: &App,
    tx: &Tx,
    command: &Resolve,
) -> Result<(Duplicate, Vec<Enrolment>, Vec<Days>), Problem> {
    let unknown = || Fault::not_found("duplicate", &command.duplicate);
    let person = duplicates::by_id(tx, &command.duplicate).await?.ok_or_else(unknown)?.person;
    locked(tx, &person).await?;
    let mut duplicate = duplicates::by_id(tx, &command.duplicate).await?.ok_or_else(unknown)?;
    if duplicate.resolved {
        return Err(Fault::wrong_state("resolved", "the duplicate is resolved").into());
    }
    let kept = command.keep.clone().unwrap_or_else(|| duplicate.standing.clone());
    let mut violations = Violations::new();
    if !duplicate.enrolments.contains(&kept) {
        violations.add("standing_enrolment_id", &kept, "one of the duplicate's enrolments");
    } else if kept != duplicate.standing && command.reason.is_empty() {
        violations.add("reason", "nothing", "why another one is kept than stands by the rule");
    }
    violations.finish(Some(()))?;
    let found = enrolments::by_ids(tx, &duplicate.enrolments, NEWEST).await?;
    let stays = found.iter().find(|one| one.id == kept).and_then(|one| one.days);
    let (mut now, mut lost) = (Vec::with_capacity(found.len()), Vec::new());
    for enrolment in found {
        let shared = stays.zip(enrolment.days).and_then(|(stays, days)| stays.shared(days));
        let ends = enrolment.id != kept;
        match shared.filter(|_| ends) {
            Some(shared) => {
                let last = shared.from.pred_opt().unwrap_or(shared.from);
                let before = enrolment.benefits();
                let ended = end::shortened(enrolment, last, EndReason::Duplicate)?;
                let ended = suspend::next(app, tx, ended).await?;
                if ended.never_was() {
                    recognise::is_free(tx, &ended).await?;
                    end::undo(app, tx, &ended).await?;
                }
                lost.extend(end::without(before, &ended.benefits()));
                now.push(ended);
            }
            None => now.push(enrolment),
        }
    }
    let recorded_at = app.after(duplicate.recorded_at);
    let (reason, operator) = (command.reason.clone(), command.operator.clone());
    duplicates::resolve(tx, &duplicate.id, &Resolution { kept, reason, operator, recorded_at }).await?;
    duplicate.resolved = true;
    let why = format!("no day is shared any more since duplicate {} was resolved", duplicate.id);
    apart(app, tx, &duplicate.person, Some(&duplicate.id), &why).await?;
    lost.sort_by_key(|days| days.from);
    Ok((duplicate, now, lost))
}

/// Resolves the person's other duplicates whose enrolments share no day any more, and says why.
pub(super) async fn apart(app: &App, tx: &Tx, person: &str, but: Option<&str>, why: &str) -> Result<(), Problem> {
    let wanted = Wanted { person: Some(person.to_owned()), ..Wanted::default() };
    let all = enrolments::of_person(tx, person, NEWEST).await?;
    let days = |id: &String| all.iter().find(|one| one.id == *id).and_then(|one| one.days);
    for other in duplicates::list(tx, &wanted, (0, u64::MAX)).await? {
        let held: Vec<Days> = other.enrolments.iter().filter_map(days).collect();
        let shares =
            held.iter().enumerate().any(|(at, one)| held.iter().skip(at + 1).any(|two| one.shared(*two).is_some()));
        if but != Some(other.id.as_str()) && !shares {
            let (recorded_at, reason) = (app.after(other.recorded_at), why.to_owned());
            let resolution = Resolution { kept: other.standing, reason, operator: String::new(), recorded_at };
            duplicates::resolve(tx, &other.id, &resolution).await?;
        }
    }
    Ok(())
}

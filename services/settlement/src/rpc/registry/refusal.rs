//! Why nothing is published, as the caller reads it.

use policy::{Problem, Severity, Version, printable};
use registry::{Change, ChangeError, PublishError, SIZE_AT_MOST};
use rpc::{Fault, Reason, Violation, Violations};
use store::idempotency::IdempotencyError;

use crate::app::{Unpublished, registry_fault, store_fault};

/// How much of a problem's words goes into a status, which has room for several.
const WORDS_CHARS_MAX: usize = 300;

/// What a caller is told of a change that is not published; of another version where there is no change.
pub(super) fn unpublished(change: Option<&Change>, why: Unpublished) -> Fault {
    match why {
        Unpublished::Refused(why) => refused(change, why),
        Unpublished::Call(IdempotencyError::OtherContent { field }) => Fault::key_reused(&field),
        Unpublished::Call(IdempotencyError::Store(error)) => store_fault(error),
        Unpublished::BrokenOff(error) => Fault::internal(error),
    }
}

/// What a caller is told of a change that is refused.
pub(super) fn refused(change: Option<&Change>, why: PublishError) -> Fault {
    match why {
        PublishError::Change(why) => unfit(change, why),
        PublishError::Refused(problems) => packs(&problems),
        PublishError::HeadMoved { head } => {
            let fault = Fault::new(Reason::PolicyVersion, "the head is another version than the one that is replaced");
            fault.with("policy_version", head.map(|head| head.to_string()).unwrap_or_default())
        }
        PublishError::AlreadyHead(version) => {
            let message = "this version is the division's head already; nothing would change, and nothing is recorded";
            Fault::wrong_state("head", message).with("policy_version", version.to_string())
        }
        PublishError::UnknownDivision(division) => {
            one("division", &division.to_string(), "a division that the packs have")
        }
        PublishError::UnknownVersion(version) => Fault::not_found("policy_version", &version.to_string()),
        PublishError::NoRoot => Fault::internal(why),
        PublishError::Registry(error) => registry_fault(error),
    }
}

fn unfit(change: Option<&Change>, why: ChangeError) -> Fault {
    let (unknown, twice) = match why {
        ChangeError::UnknownBase(base) => return unknown_base(base),
        ChangeError::TooLarge(size) => {
            return one("change.files", &format!("{size} bytes"), &format!("at most {SIZE_AT_MOST} bytes"));
        }
        ChangeError::Paths { unknown, twice } => (unknown, twice),
    };
    let mut v = Violations::new();
    let (files, removed) = change.map(|change| (&*change.files, &*change.removed)).unwrap_or_default();
    for at in unknown {
        let path = removed.get(at).map(|path| printable(path)).unwrap_or_default();
        v.add(&format!("change.removed_paths[{at}]"), path, "a path of the base that is not removed yet");
    }
    for at in twice {
        let path = files.get(at).map(|file| printable(&file.path)).unwrap_or_default();
        v.add(&format!("change.files[{at}].path"), path, "a path that is named once");
    }
    invalid(v)
}

fn unknown_base(base: Version) -> Fault {
    let fault = Fault::new(Reason::PolicyVersion, "the base is not a policy version that was published here");
    fault.with("policy_version", base.to_string())
}

/// Every problem at its place, errors first: a status may not hold all, and then says how many are left off.
fn packs(problems: &[Problem]) -> Fault {
    let (errors, warnings): (Vec<&Problem>, Vec<&Problem>) =
        problems.iter().partition(|problem| problem.severity == Severity::Error);
    let message = format!("the packs have {} errors; CheckPacks gives them all", errors.len());
    let violations = errors.into_iter().chain(warnings).map(violation).collect();
    Fault::new(Reason::PacksRefused, message).listing(violations)
}

fn violation(problem: &Problem) -> Violation {
    let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
    let found = format!("{severity}[{}] {}", problem.kind, problem.found);
    let expected = if problem.expected.is_empty() { "nothing of the kind" } else { &problem.expected };
    let field = format!("{}:{}:{}", words(&problem.file), problem.line, problem.column);
    Violation { field, found: words(&found), expected: words(expected) }
}

fn words(text: &str) -> String {
    printable(text).chars().take(WORDS_CHARS_MAX).collect()
}

fn one(field: &str, found: &str, expected: &str) -> Fault {
    let mut v = Violations::new();
    v.add(field, found, expected);
    invalid(v)
}

fn invalid(v: Violations) -> Fault {
    match v.finish::<()>(None) {
        Err(fault) => fault,
        Ok(()) => Fault::internal("nothing was found to be wrong"),
    }
}

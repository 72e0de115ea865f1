//! The one place where a gRPC code is chosen.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::limits::VIOLATION_BYTES_MAX;
use crate::log::chain_of;
use crate::{Fault, Reason, Violation};

const DOMAIN: &str = "yibao";
/// What converters find where a field is not given.
const NOTHING: &str = "nothing";

/// The gRPC code of a reason: nine in all.
pub(crate) fn code_of(reason: Reason) -> Code {
    match reason {
        Reason::InvalidFields => Code::InvalidArgument,
        Reason::NotFound => Code::NotFound,
        Reason::KeyReused | Reason::Duplicate | Reason::Replayed => Code::AlreadyExists,
        Reason::WrongState
        | Reason::ReversedBefore
        | Reason::RefundExceedsLine
        | Reason::BalanceTooLow
        | Reason::CatalogueMismatch
        | Reason::WrongPremium
        | Reason::PolicyVersion
        | Reason::PacksRefused
        | Reason::ChainBroken
        | Reason::SharesChanged => Code::FailedPrecondition,
        Reason::NotAllowed | Reason::NotAuthentic | Reason::WrongPeer | Reason::WrongProvince => Code::PermissionDenied,
        Reason::TooMuch => Code::ResourceExhausted,
        Reason::Unavailable | Reason::Contended => Code::Unavailable,
        Reason::Deadline => Code::DeadlineExceeded,
        Reason::Internal | Reason::Unspecified => Code::Internal,
    }
}

/// The reason as `google.rpc.ErrorInfo` spells it: without the enum's prefix.
pub(crate) fn word_of(reason: Reason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

impl From<Fault> for Status {
    /// Logs the fault with the errors behind it and gives the caller code, reason, violations and when to try again.
    fn from(fault: Fault) -> Self {
        log(&fault);
        let (kept, left_off) = fitting(fault.violations());
        let mut metadata: HashMap<String, String> =
            fault.metadata().iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        if left_off > 0 {
            metadata.insert("left_off".to_owned(), left_off.to_string());
        }
        let mut details = ErrorDetails::with_error_info(word_of(fault.reason()), DOMAIN, metadata);
        if !kept.is_empty() {
            details.set_bad_request(kept);
        }
        if let Some(wait) = fault.retry_delay() {
            details.set_retry_info(Some(wait));
        }
        Self::with_error_details(code_of(fault.reason()), fault.to_string(), details)
    }
}

/// The violations that fit into a status, and how many did not.
fn fitting(violations: &[Violation]) -> (Vec<FieldViolation>, usize) {
    let mut room = VIOLATION_BYTES_MAX;
    let mut kept = Vec::new();
    for violation in violations {
        let description = match violation.found.as_str() {
            NOTHING => format!("is not given; expected {}", violation.expected),
            found => format!("found {found}; expected {}", violation.expected),
        };
        let Some(left) = room.checked_sub(violation.field.len() + description.len()) else {
            break;
        };
        room = left;
        kept.push(FieldViolation::new(violation.field.clone(), description));
    }
    let left_off = violations.len() - kept.len();
    (kept, left_off)
}

/// What goes wrong here is an error, what goes wrong around us a warning, what the caller did a matter of debugging.
fn log(fault: &Fault) {
    let (reason, violations) = (word_of(fault.reason()), fault.violations().len());
    match code_of(fault.reason()) {
        Code::Internal => tracing::error!(reason, chain = chain_of(fault), "call failed"),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
            tracing::warn!(reason, chain = chain_of(fault), "call failed");
        }
        _ => tracing::debug!(reason, violations, chain = chain_of(fault), "call refused"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_reason_has_one_of_nine_codes() {
        let reasons = (1..).map_while(|number| Reason::try_from(number).ok());
        let codes: Vec<Code> = reasons.map(code_of).collect();
        assert_eq!(codes.len(), 24, "a new reason needs its code");
        assert_eq!(codes.iter().map(|code| *code as i32).collect::<BTreeSet<_>>().len(), 9);
    }

    #[test]
    fn a_status_carries_reason_violations_and_retry_and_shows_no_source() {
        let violation = Violation { field: "a.b".into(), found: "x".into(), expected: "y".into() };
        let missing = Violation { field: "c".into(), found: "nothing".into(), ..violation.clone() };
        let fault = Fault::invalid(vec![violation, missing])
            .with("list", "lines")
            .retry_after(Duration::from_secs(2))
            .because("disk on fire");
        let status = Status::from(fault);
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "2 fields cannot be read"));
        let details = status.get_error_details();
        let info = details.error_info().expect("there is always an ErrorInfo");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INVALID_FIELDS", "yibao"));
        assert_eq!(info.metadata.get("list").map(String::as_str), Some("lines"));
        let fields = &details.bad_request().expect("fields are listed").field_violations;
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[0].description, "found x; expected y");
        assert_eq!(fields[1].description, "is not given; expected y");
        assert_eq!(details.retry_info().and_then(|retry| retry.retry_delay), Some(Duration::from_secs(2)));
        assert!(!format!("{status:?}").contains("fire"));
    }

    #[test]
    fn violations_beyond_what_headers_hold_are_counted() {
        let violation = Violation { field: "f".repeat(50), found: "x".into(), expected: "y".into() };
        let status = Status::from(Fault::invalid(vec![violation; 1000]));
        assert!(status.details().len() < 8 * 1024);
        let details = status.get_error_details();
        let kept = details.bad_request().expect("fields are listed").field_violations.len();
        let left_off =
            details.error_info().and_then(|info| info.metadata.get("left_off")).expect("the rest is counted");
        assert_eq!(left_off, &(1000 - kept).to_string());
    }
}

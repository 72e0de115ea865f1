//! Gathers what a decision needs before anything is locked: the person's facts, the policy, what the catalogue says.

use std::sync::Arc;

use pb::enrolment::v1::get_coverage_response::Outcome;
use pb::policy::v1::Refusal;
use policy::{Person, Policy, Version};
use registry::Registry;
use rpc::{Fault, Reason, Violations};
use terms::{Division, Name};

use crate::clients::Enrolment;

/// A person's facts on a day, or why there are none.
#[derive(Clone, Debug)]
pub enum Gathered {
    /// The facts, and the clauses that enrolment's answer for the day rests on; none where the caller handed the facts in.
    Person(Box<Person>, Vec<String>),
    /// Enrolment's "no", with its clauses.
    Refused(Refusal),
}

/// The person's facts: as handed in by a caller that is trusted with them, else as enrolment knows them on the bill's last day.
///
/// # Errors
/// `NOT_ALLOWED` for facts from a caller that is not trusted; what enrolment answered, or that it is away.
pub async fn person(
    enrolment: Option<&Enrolment>,
    is_trusted: bool,
    given: Option<Person>,
    (id, on): (&Name, chrono::NaiveDate),
) -> Result<Gathered, Fault> {
    if let Some(person) = given {
        if !is_trusted {
            let message = "this caller may not hand in a person's facts; leave person_facts out";
            return Err(Fault::new(Reason::NotAllowed, message).with("field", "submission.person_facts"));
        }
        return Ok(Gathered::Person(Box::new(person), Vec::new()));
    }
    let enrolment = enrolment.ok_or_else(|| {
        let message = "this service is not connected to enrolment; hand in submission.person_facts";
        Fault::new(Reason::Unavailable, message)
    })?;
    let answer = enrolment.coverage(id.as_str(), &on.to_string()).await?;
    match answer.outcome {
        Some(Outcome::Refused(refusal)) => Ok(Gathered::Refused(refusal)),
        Some(Outcome::Person(facts)) => {
            let mut violations = Violations::new();
            let person = wire::read::person(&mut violations, &facts);
            // What enrolment says cannot be the caller's mistake.
            let person = violations.finish(person).map_err(Fault::internal)?;
            Ok(Gathered::Person(Box::new(person), answer.cite))
        }
        None => Err(Fault::internal("enrolment answered nothing")),
    }
}

/// The policy to decide by: the version named, else the head of the place of insurance.
///
/// # Errors
/// `POLICY_VERSION` for a version that cannot be had; `UNAVAILABLE` where no policy was ever published here.
pub async fn policy(registry: &Registry, version: Option<Version>, division: Division) -> Result<Arc<Policy>, Fault> {
    let Some(version) = version else {
        let any = || registry.any_head();
        let nothing = || Fault::unavailable("the policy: nothing is published yet", std::time::Duration::from_secs(5));
        return registry.head(division).or_else(any).ok_or_else(nothing);
    };
    let found = registry.version(version).await;
    let unknown = || {
        let fault = Fault::new(Reason::PolicyVersion, "this policy version cannot be had here");
        fault.with("policy_version", version.to_string())
    };
    match found {
        Ok(found) => found.ok_or_else(unknown),
        Err(error) => Err(unknown().because(error)),
    }
}

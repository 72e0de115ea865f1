//! `AnswerService`: the pure policy, asked over the wire.

use std::sync::Arc;

use pb::policy::v1 as policy_pb;
use pb::policy::v1::answer_service_server::AnswerService;
use pb::policy::v1::{
    compare_burden_response, compare_indicator_response, compute_contribution_response, compute_coverage_response,
};
use policy::{Policy, Refusal};
use prost::Message;
use registry::Registry;
use rpc::limits::MESSAGE_BYTES_MAX;
use rpc::{Fault, Reason, Violations};
use terms::Division;
use tonic::{Request, Response, Status};
use wire::{read, write};

use crate::app;

/// Answers by the policy versions of a registry, and looks nothing else up.
#[derive(Clone, Debug)]
pub struct AnswerRpc {
    registry: Registry,
}

impl AnswerRpc {
    /// Answers by this registry's versions.
    #[must_use]
    pub const fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// Reads the facts and gets the policy they are to be answered by.
    async fn asked<G, F>(
        &self,
        given: Option<&G>,
        version: &str,
        read: impl FnOnce(&mut Violations, &G) -> Option<F>,
        place: impl FnOnce(&F) -> Division,
    ) -> Result<(F, Arc<Policy>), Fault> {
        let mut v = Violations::new();
        let given = v.required("facts", given, "the facts");
        let facts = given.and_then(|given| v.within("facts", |v| read(v, given)));
        let version = read::optional_version(&mut v, "policy_version", version);
        let (facts, version) = v.finish(facts.zip(version))?;
        let policy = app::policy(&self.registry, version, place(&facts)).await?;
        Ok((facts, policy))
    }

    async fn adjudicate(
        &self,
        request: &policy_pb::AdjudicateFactsRequest,
    ) -> Result<policy_pb::AdjudicateFactsResponse, Fault> {
        let asked =
            self.asked(request.facts.as_ref(), &request.policy_version, read::facts, |facts| facts.person.division);
        let (facts, policy) = asked.await?;
        let decision = match request.with_steps {
            true => policy.adjudicate(&facts),
            false => policy.adjudicate_without_steps(&facts),
        };
        let decision = write::decision(&policy, &decision, request.with_steps);
        fitting(policy_pb::AdjudicateFactsResponse { decision: Some(decision) })
    }

    async fn contribution(
        &self,
        request: &policy_pb::ComputeContributionRequest,
    ) -> Result<policy_pb::ComputeContributionResponse, Fault> {
        use compute_contribution_response::Outcome::{Contribution, Refused};
        let (facts, version) = (request.facts.as_ref(), &request.policy_version);
        let (facts, policy) = self.asked(facts, version, read::contribution_facts, |facts| facts.division).await?;
        let outcome = either(&policy, policy.contribution(&facts), write::contribution, Contribution, Refused);
        let policy_version = policy.version().to_string();
        Ok(policy_pb::ComputeContributionResponse { policy_version, outcome: Some(outcome) })
    }

    async fn coverage(
        &self,
        request: &policy_pb::ComputeCoverageRequest,
    ) -> Result<policy_pb::ComputeCoverageResponse, Fault> {
        use compute_coverage_response::Outcome::{Coverage, Refused};
        let (facts, version) = (request.facts.as_ref(), &request.policy_version);
        let (facts, policy) = self.asked(facts, version, read::coverage_facts, |facts| facts.division).await?;
        let outcome = either(&policy, policy.coverage(&facts), write::coverage, Coverage, Refused);
        let policy_version = policy.version().to_string();
        Ok(policy_pb::ComputeCoverageResponse { policy_version, outcome: Some(outcome) })
    }

    async fn burden(
        &self,
        request: &policy_pb::CompareBurdenRequest,
    ) -> Result<policy_pb::CompareBurdenResponse, Fault> {
        use compare_burden_response::Outcome::{Refused, Watch};
        let (facts, version) = (request.facts.as_ref(), &request.policy_version);
        let (facts, policy) = self.asked(facts, version, read::watch_facts, |facts| facts.division).await?;
        let outcome = either(&policy, policy.watch(&facts), write::watch, Watch, Refused);
        let policy_version = policy.version().to_string();
        Ok(policy_pb::CompareBurdenResponse { policy_version, outcome: Some(outcome) })
    }

    async fn indicator(
        &self,
        request: &policy_pb::CompareIndicatorRequest,
    ) -> Result<policy_pb::CompareIndicatorResponse, Fault> {
        use compare_indicator_response::Outcome::{Indicator, Refused};
        let (facts, version) = (request.facts.as_ref(), &request.policy_version);
        let (facts, policy) = self.asked(facts, version, read::indicator_facts, |facts| facts.division).await?;
        let outcome = either(&policy, policy.indicator(&facts), write::indicator, Indicator, Refused);
        let policy_version = policy.version().to_string();
        Ok(policy_pb::CompareIndicatorResponse { policy_version, outcome: Some(outcome) })
    }
}

/// An answer or a "no", in the reply's own words.
fn either<A, W, O>(
    policy: &Policy,
    answer: Result<A, Refusal>,
    written: impl FnOnce(&Policy, &A) -> W,
    answered: impl FnOnce(W) -> O,
    refused: impl FnOnce(policy_pb::Refusal) -> O,
) -> O {
    match answer {
        Ok(answer) => answered(written(policy, &answer)),
        Err(refusal) => refused(write::refusal(policy, &refusal)),
    }
}

/// A reply that the caller can take: a bill of thousands of lines with all its steps may be none.
pub(super) fn fitting<M: Message>(reply: M) -> Result<M, Fault> {
    if reply.encoded_len() <= MESSAGE_BYTES_MAX {
        return Ok(reply);
    }
    let message = format!("the answer has more than {MESSAGE_BYTES_MAX} bytes; ask without steps, or for fewer lines");
    Err(Fault::new(Reason::TooMuch, message).with("bytes_max", MESSAGE_BYTES_MAX.to_string()))
}

#[tonic::async_trait]
impl AnswerService for AnswerRpc {
    async fn adjudicate_facts(
        &self,
        request: Request<policy_pb::AdjudicateFactsRequest>,
    ) -> Result<Response<policy_pb::AdjudicateFactsResponse>, Status> {
        Ok(Response::new(self.adjudicate(request.get_ref()).await?))
    }

    async fn compute_contribution(
        &self,
        request: Request<policy_pb::ComputeContributionRequest>,
    ) -> Result<Response<policy_pb::ComputeContributionResponse>, Status> {
        Ok(Response::new(self.contribution(request.get_ref()).await?))
    }

    async fn compute_coverage(
        &self,
        request: Request<policy_pb::ComputeCoverageRequest>,
    ) -> Result<Response<policy_pb::ComputeCoverageResponse>, Status> {
        Ok(Response::new(self.coverage(request.get_ref()).await?))
    }

    async fn compare_burden(
        &self,
        request: Request<policy_pb::CompareBurdenRequest>,
    ) -> Result<Response<policy_pb::CompareBurdenResponse>, Status> {
        Ok(Response::new(self.burden(request.get_ref()).await?))
    }

    async fn compare_indicator(
        &self,
        request: Request<policy_pb::CompareIndicatorRequest>,
    ) -> Result<Response<policy_pb::CompareIndicatorResponse>, Status> {
        Ok(Response::new(self.indicator(request.get_ref()).await?))
    }
}

//! The services as the demonstration asks them, each answer compared with the policy's own.

use pb::policy::v1 as policy_pb;
use pb::policy::v1::ComputeContributionRequest;
use pb::policy::v1::answer_service_client::AnswerServiceClient;
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{
    GetClaimRequest, GetStatementRequest, Language, ReplayClaimRequest, ReverseClaimRequest, SettleRequest,
    StatementFormat, Submission, ThirdSystem, VerifyYearsRequest, reverse_claim_request, settle_response,
};
use policy::case::{Answer, Bills, Difference};
use policy::statement::Lang;
use policy::{Adjustment, Bill, Contribution, ContributionFacts, Decision, Policy};
use tonic::Status;

use crate::commands::verify::{Found, over_grpc};
use crate::error::Error;

/// The clients, and the policy that every answer should come out of.
pub(super) struct Door<'p> {
    claims: SettlementServiceClient<rpc::Client>,
    answers: AnswerServiceClient<rpc::Client>,
    policy: &'p Policy,
}

/// A bill that went through the door.
#[derive(Clone)]
pub(super) struct Settled {
    /// The claim's id; empty where the bill was refused.
    pub(super) claim: String,
    /// The institution that billed.
    pub(super) institution: String,
    /// Where the service's decision is not the policy's.
    pub(super) differences: Vec<Difference>,
}

impl<'p> Door<'p> {
    /// Behind an address.
    pub(super) fn new(address: &str, policy: &'p Policy) -> Result<Self, Error> {
        let channel = rpc::channel(address)?;
        let (claims, answers) = (SettlementServiceClient::new(channel.clone()), AnswerServiceClient::new(channel));
        Ok(Self { claims, answers, policy })
    }

    /// Settles a person's bill of the institution of this number; what became of the third system.
    pub(super) async fn settle(
        &mut self,
        number: usize,
        person: &str,
        bills: &Bills,
        bill: &Bill,
        told: &Decision,
    ) -> Result<(Settled, ThirdSystem), Error> {
        let institution = institution(number, bill);
        let submission = Submission {
            person_id: person.to_owned(),
            institution_id: institution.clone(),
            bill: Some(wire::write::bill(bill, bills.person.use_account)),
            person_facts: Some(wire::write::person(&bills.person)),
            with_steps: true,
            ..Submission::default()
        };
        let request = SettleRequest { idempotency_key: format!("{number}-{}", bill.id), submission: Some(submission) };
        let failed = |status| Error::call(format!("settle bill {}", bill.id), status);
        let answer = self.claims.settle(request).await.map_err(failed)?.into_inner();
        let (claim, third, decision) = match answer.outcome {
            Some(settle_response::Outcome::Claim(claim)) => {
                let third = claim.third_system();
                (claim.claim_id, third, claim.decision)
            }
            Some(settle_response::Outcome::Refused(decision)) => {
                (String::new(), ThirdSystem::Unspecified, Some(decision))
            }
            None => (String::new(), ThirdSystem::Unspecified, None),
        };
        let differences = self.compare(&format!("{}.decision", bill.id), decision.as_ref(), told).into_iter().collect();
        Ok((Settled { claim, institution, differences }, third))
    }

    /// Whether a claim stands as told, and what the third system is to it.
    pub(super) async fn stands(&mut self, claim: &str, told: &Decision) -> Result<(bool, ThirdSystem), Error> {
        let request = GetClaimRequest { claim_id: claim.to_owned(), revision: None, with_steps: true };
        let answer = self.claims.get_claim(request).await.map_err(|status| Error::call("get a claim", status))?;
        let claim = answer.into_inner().claim.unwrap_or_default();
        Ok((self.compare("", claim.decision.as_ref(), told).is_none(), claim.third_system()))
    }

    fn compare(&self, about: &str, got: Option<&policy_pb::Decision>, told: &Decision) -> Option<Difference> {
        let is_same = got == Some(&wire::write::decision(self.policy, told, true));
        (!is_same).then(|| difference(about, "what the policy decides", "another decision from the service"))
    }

    /// A claim's statement.
    pub(super) async fn statement(&mut self, claim: &str, lang: Lang, as_json: bool) -> Result<String, Error> {
        let language = match lang {
            Lang::Zh => Language::Zh,
            Lang::En => Language::En,
        };
        let format = if as_json { StatementFormat::Json } else { StatementFormat::Text };
        let (claim_id, language) = (claim.to_owned(), Some(language.into()));
        let request = GetStatementRequest { claim_id, revision: None, format: format.into(), language };
        let answer = self.claims.get_statement(request).await;
        Ok(answer.map_err(|status| Error::call("get a statement", status))?.into_inner().text)
    }

    /// Reverses a claim; the adjustments should be these.
    pub(super) async fn reverse(&mut self, settled: &Settled, told: &[Adjustment]) -> Result<Vec<Difference>, Error> {
        let request = ReverseClaimRequest {
            idempotency_key: format!("reverse-{}", settled.claim),
            institution_id: settled.institution.clone(),
            reason: "the demonstration shows what it changes".to_owned(),
            original: Some(reverse_claim_request::Original::ClaimId(settled.claim.clone())),
        };
        let failed = |status| Error::call("reverse a claim", status);
        let got = self.claims.reverse_claim(request).await.map_err(failed)?.into_inner().adjustments;
        let mut differences = Vec::new();
        if got.len() != told.len() {
            differences.push(difference("adjustments", &told.len().to_string(), &got.len().to_string()));
        }
        for (got, told) in got.iter().zip(told) {
            let about = format!("adjustments.{}", told.bill);
            let payers = got.payers.iter().map(|payer| (payer.payer.as_str(), payer.amount_fen));
            let expected = told.payers.iter().map(|(payer, amount)| (payer.as_str(), amount.get()));
            if got.bill_id != told.bill.as_str() || got.cash_fen != told.cash.get() || !payers.eq(expected) {
                differences.push(difference(&about, "the differences of the policy", "others"));
            }
            differences.extend(self.compare(&format!("{about}.after"), got.after.as_ref(), &told.after));
        }
        Ok(differences)
    }

    /// Whether a stored decision comes out byte for byte when it is decided again.
    pub(super) async fn replays(&mut self, claim: &str) -> Result<bool, Error> {
        let request = ReplayClaimRequest { claim_id: claim.to_owned(), revision: None };
        let answer = self.claims.replay_claim(request).await.map_err(|status| Error::call("replay a claim", status))?;
        Ok(answer.into_inner().identical)
    }

    /// Folds every year again.
    pub(super) async fn verify(&mut self) -> Result<Found, Error> {
        over_grpc(&mut self.claims, VerifyYearsRequest::default()).await
    }

    /// Whether the service answers a contribution as the policy does.
    pub(super) async fn contribution(&mut self, facts: &ContributionFacts, told: &Contribution) -> Result<bool, Error> {
        use pb::policy::v1::compute_contribution_response::Outcome;
        let facts = Some(wire::write::contribution_facts(facts));
        let request = ComputeContributionRequest { facts, ..ComputeContributionRequest::default() };
        let failed = |status: Status| Error::call("compute a contribution", status);
        let answer = self.answers.compute_contribution(request).await.map_err(failed)?.into_inner();
        Ok(answer.outcome == Some(Outcome::Contribution(wire::write::contribution(self.policy, told))))
    }
}

/// What the case would answer with its first bill reversed.
pub(super) fn adjustments_of(answer: Answer) -> Vec<Adjustment> {
    if let Answer::Bills { adjustments, .. } = answer { adjustments } else { Vec::new() }
}

pub(super) fn difference(about: &str, expected: &str, found: &str) -> Difference {
    Difference { about: about.to_owned(), expected: expected.to_owned(), found: found.to_owned(), line: 1 }
}

/// The id of an institution of a number: a hospital's begins with H, a pharmacy's with P.
pub(in crate::commands) fn institution(number: usize, bill: &Bill) -> String {
    let letter = if bill.institution == terms::Institution::Pharmacy { 'P' } else { 'H' };
    format!("{letter}{number:011}")
}

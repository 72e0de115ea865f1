//! Other payers (SD-12): what their plans offer of settled bills, what they answer, and what they paid.

mod again;
mod ceiling;
mod late;
mod paying;
mod plans;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1 as type_pb;
use pb::answer_offer_request::Answer;
use settlement_pb::{Change, ClaimStand};
use tonic::Status;
use type_pb::Category;

use crate::support::{World, change, key, stand};

/// 10,000.00 in fen.
pub(crate) const LEFT: i64 = 1_000_000;

/// 60 % of what is left within scope above 3,000.00, for each bill of insured people of 370800 from 2022 on.
pub(crate) fn sixty_percent() -> pb::PlanTerms {
    pb::PlanTerms {
        payer: "charity_b".to_owned(),
        zh: "乙慈善会".to_owned(),
        en: "Charity B".to_owned(),
        kind: pb::OtherPayerKind::Charity.into(),
        division: "370800".to_owned(),
        from_date: "2022-01-01".to_owned(),
        until_date: String::new(),
        base: pb::OfferBase::LeftWithinScope.into(),
        period: pb::OfferPeriod::Bill.into(),
        cares: Vec::new(),
        deductible_fen: 300_000,
        bands: vec![pb::PlanBand { from_fen: 0, ratio: "0.6".to_owned() }],
        ceiling_fen: None,
        tilts: Vec::new(),
        source: "agreement 7".to_owned(),
    }
}

/// How a claim of 20,000.00 stands of which funds leave an amount within scope, all of it to be paid in cash.
pub(crate) fn leaving(claim: &str, revision: u32, left: i64) -> ClaimStand {
    ClaimStand {
        categories: Vec::new(),
        category: Category::NoCategory.into(),
        categories_handed_in: true,
        third_system: settlement_pb::ThirdSystem::NotConcerned.into(),
        total_fen: 2_000_000,
        within_scope_fen: 2_000_000,
        fund_fen: 2_000_000 - left,
        cash_fen: left,
        ..stand(claim, revision, 0)
    }
}

/// The same claim, reversed.
pub(crate) fn taken_back(claim: &str, revision: u32) -> ClaimStand {
    ClaimStand { reversed: true, fund_fen: 0, cash_fen: 0, ..leaving(claim, revision, 0) }
}

/// A Change of a person that says how claims stand.
pub(crate) fn changed(person: &str, sequence: u64, claims: Vec<ClaimStand>) -> Change {
    let mut change = change(person, sequence, "", &[("any", 0, 0)]);
    change.years[0].claims = claims;
    change.years[0].categories = Vec::new();
    change
}

pub(crate) fn registering(plan: &str, terms: pb::PlanTerms) -> pb::RegisterPlanRequest {
    pb::RegisterPlanRequest {
        idempotency_key: key(),
        plan_id: plan.to_owned(),
        terms: Some(terms),
        operator_id: "officer".to_owned(),
    }
}

fn member(person: &str, from: &str, to: &str) -> pb::PlanMember {
    let days = type_pb::Period { from_date: from.to_owned(), to_date: to.to_owned() };
    pb::PlanMember { person_id: person.to_owned(), days: Some(days) }
}

pub(crate) fn joining(key: &str, plan: &str, members: &[(&str, &str, &str)]) -> pb::JoinMembersRequest {
    let members = members.iter().map(|(person, from, to)| member(person, from, to)).collect();
    pb::JoinMembersRequest { idempotency_key: key.to_owned(), plan_id: plan.to_owned(), members }
}

pub(crate) fn confirming(offer: &str, amount_fen: i64, reason: &str) -> pb::AnswerOfferRequest {
    let answer = Answer::Confirmed(pb::OfferConfirmed { amount_fen, reason: reason.to_owned() });
    pb::AnswerOfferRequest { idempotency_key: key(), offer_id: offer.to_owned(), answer: Some(answer) }
}

pub(crate) fn paid(offer: &str, amount_fen: i64, reference: &str) -> pb::RecordOfferPaidRequest {
    pb::RecordOfferPaidRequest {
        idempotency_key: key(),
        offer_id: offer.to_owned(),
        amount_fen,
        paid_date: "2022-10-10".to_owned(),
        payment_reference: reference.to_owned(),
    }
}

impl World {
    pub(crate) async fn try_register(&self, request: pb::RegisterPlanRequest) -> Result<pb::Plan, Status> {
        Ok(self.payers.clone().register_plan(request).await?.into_inner().plan.unwrap())
    }

    /// Registers a plan with members for all of 2022, and gives its id.
    pub(crate) async fn plan(&self, terms: pb::PlanTerms, members: &[&str]) -> String {
        let plan = self.try_register(registering("", terms)).await.unwrap().plan_id;
        let members: Vec<_> = members.iter().map(|person| (*person, "2022-01-01", "2022-12-31")).collect();
        self.try_join(vec![joining(&key(), &plan, &members)]).await.unwrap();
        plan
    }

    pub(crate) async fn try_join(
        &self,
        messages: Vec<pb::JoinMembersRequest>,
    ) -> Result<pb::JoinMembersResponse, Status> {
        Ok(self.payers.clone().join_members(tokio_stream::iter(messages)).await?.into_inner())
    }

    pub(crate) async fn try_offers(&self, request: pb::ListOffersRequest) -> Result<pb::ListOffersResponse, Status> {
        Ok(self.payers.clone().list_offers(request).await?.into_inner())
    }

    /// A person's offers that stand, the oldest first.
    pub(crate) async fn offered(&self, person: &str) -> Vec<pb::Offer> {
        let request = pb::ListOffersRequest { person_id: person.to_owned(), ..Default::default() };
        self.try_offers(request).await.unwrap().offers
    }

    /// A person's offers that no longer stand.
    pub(crate) async fn superseded(&self, person: &str) -> Vec<pb::Offer> {
        let states = vec![pb::OfferState::Superseded.into()];
        let request = pb::ListOffersRequest { person_id: person.to_owned(), states, ..Default::default() };
        self.try_offers(request).await.unwrap().offers
    }

    /// What stands promised to a person: claim and amount in fen.
    pub(crate) async fn promised(&self, person: &str) -> Vec<(String, i64)> {
        self.offered(person).await.into_iter().map(|offer| (offer.claim_id, offer.promised_fen)).collect()
    }

    pub(crate) async fn try_answer_offer(&self, request: pb::AnswerOfferRequest) -> Result<pb::Offer, Status> {
        Ok(self.payers.clone().answer_offer(request).await?.into_inner().offer.unwrap())
    }

    pub(crate) async fn try_pay_offer(&self, request: pb::RecordOfferPaidRequest) -> Result<pb::Offer, Status> {
        Ok(self.payers.clone().record_offer_paid(request).await?.into_inner().offer.unwrap())
    }
}

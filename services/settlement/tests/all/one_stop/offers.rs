//! A statement shows apart what other payers promise and have paid of a claim, and says where it could not ask.

use std::sync::Arc;

use pb::assistance::v1 as pb_assistance;
use pb::settlement::v1::{GetStatementRequest, Language, StatementFormat};
use pb::r#type::v1::Period;
use pb_assistance::answer_offer_request::Answer;
use pb_assistance::payer_service_client::PayerServiceClient;
use serde_json::Value as Json;
use testkit::on_both;

use super::town::{Ahead, Town, packs};
use super::{DAYS, SMALL};
use crate::world::{BY_SETTLEMENT, split, stay, until};

/// 60 % of what is left within scope above 300.00.
fn terms() -> pb_assistance::PlanTerms {
    pb_assistance::PlanTerms {
        payer: "charity_b".to_owned(),
        zh: "乙慈善会".to_owned(),
        en: "Charity B".to_owned(),
        kind: pb_assistance::OtherPayerKind::Charity.into(),
        division: BY_SETTLEMENT.to_owned(),
        from_date: "2035-01-01".to_owned(),
        base: pb_assistance::OfferBase::LeftWithinScope.into(),
        period: pb_assistance::OfferPeriod::Bill.into(),
        deductible_fen: 30_000,
        bands: vec![pb_assistance::PlanBand { from_fen: 0, ratio: "0.6".to_owned() }],
        source: "a test".to_owned(),
        ..pb_assistance::PlanTerms::default()
    }
}

async fn joins(payers: &mut PayerServiceClient<rpc::Client>, who: &str) {
    let request = pb_assistance::RegisterPlanRequest {
        idempotency_key: "plan".to_owned(),
        plan_id: String::new(),
        terms: Some(terms()),
        operator_id: "officer".to_owned(),
    };
    let plan = payers.register_plan(request).await.expect("registered").into_inner().plan.expect("a plan");
    let days = Period { from_date: "2035-01-01".to_owned(), to_date: "2035-12-31".to_owned() };
    let joining = pb_assistance::JoinMembersRequest {
        idempotency_key: "members".to_owned(),
        plan_id: plan.plan_id,
        members: vec![pb_assistance::PlanMember { person_id: who.to_owned(), days: Some(days) }],
    };
    payers.join_members(tokio_stream::iter(vec![joining])).await.expect("joined");
}

async fn statement(town: &Town, claim: &str, format: StatementFormat, language: Language) -> String {
    let request = GetStatementRequest {
        claim_id: claim.to_owned(),
        revision: None,
        format: format.into(),
        language: Some(language.into()),
    };
    town.house.client().get_statement(request).await.expect("a statement").into_inner().text
}

async fn json(town: &Town, claim: &str) -> Json {
    serde_json::from_str(&statement(town, claim, StatementFormat::Json, Language::Zh).await).expect("JSON")
}

#[test]
fn a_statement_shows_what_other_payers_promise_and_have_paid_apart_from_the_claim() {
    on_both(|url| async move {
        let mut town = Town::without(&url, packs()).await;
        town.clock = Arc::new(Ahead);
        town.keeper_comes().await;
        let mut payers = PayerServiceClient::new(town.channel());
        joins(&mut payers, "p").await;
        // 1,300.00: 800.00 pooled, 500.00 left, and 60 % of 200.00 are promised
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!(split(&claim), [80_000, 0, 0, 50_000]);
        town.told().await;
        let id = claim.claim_id.as_str();
        let before = json(&town, id).await;
        assert_eq!(before["other_payers"]["promised"].as_str(), Some("120.00"));
        assert_eq!(before["other_payers"]["paid"].as_str(), Some("0.00"));
        assert_eq!(before["settlement"]["national"]["psn_cash_pay"].as_str(), Some("500.00"), "no share of the claim");

        let request = pb_assistance::ListOffersRequest { claim_id: id.to_owned(), ..Default::default() };
        let offer = payers.list_offers(request).await.expect("offers").into_inner().offers.remove(0);
        let confirmed = pb_assistance::OfferConfirmed { amount_fen: 10_000, reason: "rounded down".to_owned() };
        let answer = pb_assistance::AnswerOfferRequest {
            idempotency_key: "answer".to_owned(),
            offer_id: offer.offer_id.clone(),
            answer: Some(Answer::Confirmed(confirmed)),
        };
        payers.answer_offer(answer).await.expect("confirmed");
        let paid = pb_assistance::RecordOfferPaidRequest {
            idempotency_key: "paid".to_owned(),
            offer_id: offer.offer_id,
            amount_fen: 10_000,
            paid_date: "2035-03-20".to_owned(),
            payment_reference: "T-1".to_owned(),
        };
        payers.record_offer_paid(paid).await.expect("paid");
        let text = statement(&town, id, StatementFormat::Text, Language::Zh).await;
        for said in ["其他支付方", "乙慈善会：承诺", "120.00", "乙慈善会：确认", "乙慈善会：已付", "100.00"]
        {
            assert!(text.contains(said), "{said}: {text}");
        }
        let text = statement(&town, id, StatementFormat::Text, Language::En).await;
        assert!(text.contains("Charity B: promised") && text.contains("Charity B: paid"), "{text}");
        let page = statement(&town, id, StatementFormat::Html, Language::Zh).await;
        assert!(page.contains("<td>120.00</td><td>100.00</td><td>100.00</td>"), "{page}");

        // reversed: nothing is promised any more, and what was paid is said
        town.house.reverses("K2", &claim).await.expect("reversed");
        town.told().await;
        let after = json(&town, id).await;
        assert_eq!(after["other_payers"]["offers"][0]["state"].as_str(), Some("superseded"));
        let sums = (after["other_payers"]["promised"].as_str(), after["other_payers"]["paid"].as_str());
        assert_eq!(sums, (Some("0.00"), Some("100.00")));
        assert_eq!(after["other_payers"]["overpaid"].as_str(), Some("100.00"));

        // billed again with 1,500.00: 960.00 pooled, 540.00 left, 60 % of 240.00 are 144.00, of which 100.00 are paid
        let again = town.house.settles("K3", "p", &stay("B1", DAYS, 150_000)).await;
        assert_eq!(split(&again), [96_000, 0, 0, 54_000]);
        town.told().await;
        let after = json(&town, &again.claim_id).await;
        let said = ["promised", "confirmed", "paid", "still_to_come"]
            .map(|field| after["other_payers"][field].as_str().unwrap_or_default().to_owned());
        assert_eq!(said, ["44.00", "0.00", "100.00", "44.00"]);
        assert_eq!(after["other_payers"].get("overpaid"), None);
        town.close().await;
    });
}

#[test]
fn a_statement_is_given_while_the_keeper_is_away_and_says_so() {
    on_both(|url| async move {
        let mut town = Town::without(&url, packs()).await;
        let claim = town.house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        let id = claim.claim_id.as_str();
        assert!(statement(&town, id, StatementFormat::Text, Language::Zh).await.contains("暂时无法查询"));
        let text = statement(&town, id, StatementFormat::Text, Language::En).await;
        assert!(text.contains("could not be asked for"), "{text}");
        assert!(statement(&town, id, StatementFormat::Html, Language::Zh).await.contains("暂时无法查询"));
        assert_eq!(json(&town, id).await["other_payers"], serde_json::json!({"away": true}));
        // nor is a share of the third system that follows a silent zero
        assert_eq!(json(&town, id).await["third_system_follows"], serde_json::json!(true));
        assert!(statement(&town, id, StatementFormat::Html, Language::Zh).await.contains("本次未计入医疗救助"));
        let text: String = statement(&town, id, StatementFormat::Text, Language::En).await.replace('\n', " ");
        assert!(text.contains("could not be reached when this was settled"), "{text}");
        town.keeper_comes().await;
        // with nobody's promise there is nothing to say
        until("the keeper is asked", async || json(&town, id).await.get("other_payers").is_none()).await;
        assert!(!statement(&town, id, StatementFormat::Text, Language::Zh).await.contains("其他支付方（"));
        // when the Change is told says nothing here: its relay may pause longer than a test waits
        town.close().await;
    });
}

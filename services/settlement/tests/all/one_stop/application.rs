//! Made poor by illness, on application: what two officers approve looks back over the year's bills, and pays the difference.

use pb::assistance::v1 as pb_assistance;
use pb::policy::v1 as policy_pb;
use pb::settlement::v1::{Claim, SettleRequest};
use pb::r#type::v1::Category;
use pb_assistance::application_service_client::ApplicationServiceClient;
use pb_assistance::{
    Application, ApplicationState, ApplyRequest, Approval, ConfirmDecisionRequest, GetApplicationRequest,
    PayApplicationRequest, ProposeDecisionRequest, ProposedDecision, application_terms, proposed_decision,
};
use policy::Policy;
use policy::case::{Bills, Question, read};
use testkit::on_both;

use super::town::{Town, today};
use crate::support::{institution, submission};
use crate::world::{claim_of, split, until};

/// What assistance pays of the bill, worked out in the case: (25,792.00 - 8,926.25) x 0.60.
const AWARD: i64 = 1_011_945;

/// The bill of the golden case, of a person nobody has named yet.
fn bill() -> Bills {
    let file = "370000/illness-poor-above-quarter-of-income-2022.toml";
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let case = read(file, &std::fs::read_to_string(folder.join(file)).unwrap()).expect("a case");
    let Question::Bills(mut bills) = case.question else { panic!("a case of bills") };
    assert_eq!(bills.person.categories, [terms::Category::IllnessPoor]);
    bills.person.categories.clear();
    *bills
}

fn proposing(id: &str) -> ProposeDecisionRequest {
    // the decision is of November, and the bill of October
    let category = pb_assistance::CategoryTerms {
        category: Category::IllnessPoor.into(),
        from_date: "2022-11-01".to_owned(),
        authority: Some(pb_assistance::Authority {
            office: pb_assistance::Office::MedicalSecurity.into(),
            division: "370800".to_owned(),
            name: "the bureau".to_owned(),
        }),
        ..pb_assistance::CategoryTerms::default()
    };
    let verdict = proposed_decision::Verdict::Approval(Approval { category: Some(category), temporary_fen: 0 });
    ProposeDecisionRequest {
        idempotency_key: "propose".to_owned(),
        application_id: id.to_owned(),
        decision: Some(ProposedDecision { verdict: Some(verdict) }),
        operator_id: "first".to_owned(),
        remark: String::new(),
    }
}

async fn settled(town: &Town) -> Claim {
    let bills = bill();
    let mut submission = submission("p", &institution(1), &bills.person, &bills.bills[0]);
    submission.with_steps = false;
    let request = SettleRequest { idempotency_key: "K1".to_owned(), submission: Some(submission) };
    claim_of(town.house.client().settle(request).await.expect("settled").into_inner())
}

async fn standing(client: &ApplicationServiceClient<rpc::Client>, id: &str) -> Application {
    let request = GetApplicationRequest { application_id: id.to_owned() };
    client.clone().get_application(request).await.expect("an answer").into_inner().application.expect("an application")
}

#[test]
fn who_is_made_poor_by_illness_is_paid_the_years_bills_more_by_what_the_case_says() {
    on_both(|url| async move {
        let mut town = Town::without(&url, Policy::shipped_files()).await;
        town.keeper_comes().await;
        assert_eq!(split(&settled(&town).await), [7_420_800, 0, 0, 2_579_200]);
        town.told().await;
        let mut client = town.applications();
        let wanted = application_terms::Wanted::Category(Category::IllnessPoor.into());
        let terms = pb_assistance::ApplicationTerms { division: "370800".to_owned(), year: 2022, wanted: Some(wanted) };
        let request = ApplyRequest {
            idempotency_key: "apply".to_owned(),
            person_id: "p".to_owned(),
            terms: Some(terms),
            operator_id: "window".to_owned(),
            ..ApplyRequest::default()
        };
        let id = client.apply(request).await.expect("applied").into_inner().application.unwrap().application_id;

        // what it would bring is what it brings, and until two officers have said so it brings nothing
        let proposed = client.propose_decision(proposing(&id)).await.expect("proposed").into_inner();
        assert_eq!((proposed.would_award_fen, proposed.would_change.len(), proposed.refused), (AWARD, 1, None));
        assert_eq!(proposed.would_change[0].cash_fen, -AWARD);
        let one = |decision: &Option<policy_pb::Decision>| decision.is_some();
        assert!(one(&proposed.would_change[0].before) && one(&proposed.would_change[0].after));
        assert_eq!(split(&town.standing("K1").await), [7_420_800, 0, 0, 2_579_200]);
        let request = ConfirmDecisionRequest {
            idempotency_key: "confirm".to_owned(),
            application_id: id.clone(),
            proposal: 2,
            operator_id: "second".to_owned(),
            ..ConfirmDecisionRequest::default()
        };
        let confirmed = client.confirm_decision(request).await.expect("confirmed").into_inner();
        assert_eq!(confirmed.grant.unwrap().terms.unwrap().from_date, "2022-01-01");
        town.becomes("K1", [7_420_800 + AWARD, 0, 0, 1_567_255]).await;
        town.told().await;
        town.mended().await;
        assert_eq!(town.balance("payable:p").await, -AWARD, "the difference is the patient's");
        let due = "due:370800:assistance";
        assert_eq!((town.balance(due).await, town.kept(due).await), (AWARD, -AWARD));
        assert_eq!(town.kept("fund:370800:assistance").await, AWARD);

        let application = standing(&client, &id).await;
        assert_eq!((application.state(), application.awarded_fen), (ApplicationState::Approved, AWARD));
        let paying = |amount_fen| PayApplicationRequest {
            idempotency_key: format!("pay {amount_fen}").replace(' ', "-"),
            application_id: id.clone(),
            amount_fen,
            paid_date: today(),
            payment_reference: "B-1".to_owned(),
            operator_id: "cashier".to_owned(),
        };
        client.pay_application(paying(AWARD - 1)).await.expect_err("another amount than what is due");
        let paid = client.pay_application(paying(AWARD)).await.expect("paid").into_inner().application.unwrap();
        assert_eq!((paid.state(), paid.paid_fen), (ApplicationState::Paid, AWARD));
        until("nothing is asked any more", async || standing(&client, &id).await == paid).await;
        town.close().await;
    });
}

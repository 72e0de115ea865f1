//! Claims read: pages, streams that are taken up again, statements for people.

use pb::settlement::v1::{
    Claim, ClaimState, GetStatementRequest, Language, ListClaimsRequest, StatementFormat, StreamClaimsRequest,
};
use pb::r#type::v1::Period;
use testkit::on_both;

use crate::support::{House, institution};
use crate::world::{fields, reason, town, visit};

fn bills(claims: &[Claim]) -> Vec<String> {
    claims.iter().map(|claim| claim.bill.as_ref().unwrap().bill_id.clone()).collect()
}

async fn seven(house: &House) {
    for at in 1..=7 {
        let claim = house.settles(&format!("K{at}"), "p", &visit(&format!("B{at}"), "2035-03-01", 10_000)).await;
        if at == 4 {
            house.reverses("R4", &claim).await.expect("reversed");
        }
    }
}

#[test]
fn pages_hold_every_claim_once_in_order_of_settlement() {
    on_both(|url| async move {
        let house = town(&url).await;
        seven(&house).await;
        let mut request = ListClaimsRequest { person_id: "p".to_owned(), page_size: 3, ..ListClaimsRequest::default() };
        let mut pages = Vec::new();
        loop {
            let page = house.client().list_claims(request.clone()).await.expect("a page").into_inner();
            pages.push(bills(&page.claims));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(pages, [vec!["B1", "B2", "B3"], vec!["B4", "B5", "B6"], vec!["B7"]]);
        // a token is good for the question it was given for
        request.page_token = String::new();
        let token = house.client().list_claims(request.clone()).await.unwrap().into_inner().next_page_token;
        let other = ListClaimsRequest { institution_id: institution(1), page_token: token, ..request.clone() };
        assert_eq!(fields(&house.client().list_claims(other).await.expect_err("another question")), ["page_token"]);
        let reversed = ListClaimsRequest { states: vec![ClaimState::Reversed.into()], ..request.clone() };
        assert_eq!(bills(&house.client().list_claims(reversed).await.unwrap().into_inner().claims), ["B4"]);
        let day = |day: &str| Some(Period { from_date: day.to_owned(), to_date: day.to_owned() });
        let before = ListClaimsRequest { settled: day("2035-02-28"), ..request.clone() };
        assert!(house.client().list_claims(before).await.unwrap().into_inner().claims.is_empty());
        let nobody = ListClaimsRequest::default();
        assert_eq!(fields(&house.client().list_claims(nobody).await.expect_err("everybody's")), ["person_id"]);
        house.close().await;
    });
}

#[test]
fn a_stream_that_broke_goes_on_after_the_last_claim_that_was_read() {
    on_both(|url| async move {
        let house = town(&url).await;
        seven(&house).await;
        let settled = Some(Period { from_date: "2035-03-01".to_owned(), to_date: "2035-03-01".to_owned() });
        let mut request =
            StreamClaimsRequest { institution_id: institution(1), settled, ..StreamClaimsRequest::default() };
        let mut stream = house.client().stream_claims(request.clone()).await.expect("a stream").into_inner();
        let mut read = Vec::new();
        for _ in 0..3 {
            let message = stream.message().await.expect("a message").expect("a claim");
            request.resume_token = message.resume_token;
            read.extend(message.claim);
        }
        drop(stream);
        let mut stream = house.client().stream_claims(request.clone()).await.expect("a stream").into_inner();
        while let Some(message) = stream.message().await.expect("a message") {
            read.extend(message.claim);
        }
        assert_eq!(bills(&read), ["B1", "B2", "B3", "B4", "B5", "B6", "B7"]);
        request.institution_id = institution(2);
        let status = house.client().stream_claims(request).await.expect_err("another question");
        assert_eq!(fields(&status), ["resume_token"]);
        house.close().await;
    });
}

#[test]
fn a_statement_has_three_forms_and_two_languages_and_names_nobody() {
    on_both(|url| async move {
        let house = town(&url).await;
        let claim = house.settles("K1", "somebody", &visit("B1", "2035-03-01", 100_000)).await;
        let mut texts = Vec::new();
        for (format, media_type) in [
            (StatementFormat::Text, "text/plain; charset=utf-8"),
            (StatementFormat::Json, "application/json"),
            (StatementFormat::Html, "text/html; charset=utf-8"),
        ] {
            for language in [None, Some(Language::Zh), Some(Language::En)] {
                let (claim_id, language) = (claim.claim_id.clone(), language.map(Into::into));
                let request = GetStatementRequest { claim_id, revision: None, format: format.into(), language };
                let statement = house.client().get_statement(request).await.expect("a statement").into_inner();
                assert_eq!(statement.media_type, media_type);
                assert!(
                    statement.text.contains("560.00") && !statement.text.contains("somebody"),
                    "{}",
                    statement.text
                );
                texts.push(statement.text);
            }
        }
        // Chinese where nobody says; JSON holds both
        assert!(texts[0] == texts[1] && texts[1] != texts[2] && texts[6] == texts[7] && texts[7] != texts[8]);
        serde_json::from_str::<serde_json::Value>(&texts[3]).expect("JSON");
        let request = GetStatementRequest { claim_id: claim.claim_id.clone(), ..GetStatementRequest::default() };
        assert_eq!(fields(&house.client().get_statement(request).await.expect_err("no form")), ["format"]);
        let (claim_id, format) = ("unknown".to_owned(), StatementFormat::Text.into());
        let request = GetStatementRequest { claim_id, format, ..GetStatementRequest::default() };
        assert_eq!(reason(&house.client().get_statement(request).await.expect_err("unknown")), "NOT_FOUND");

        assert!(
            !texts
                .iter()
                .any(|text| text.contains("REVERSED") || text.contains("已冲正") || text.contains("reversed\""))
        );
        house.reverses("K2", &claim).await.expect("reversed");
        for (format, said) in [
            (StatementFormat::Text, "REVERSED"),
            (StatementFormat::Json, "\"reversed\":true"),
            (StatementFormat::Html, "REVERSED"),
        ] {
            let (claim_id, language) = (claim.claim_id.clone(), Some(Language::En.into()));
            let request = GetStatementRequest { claim_id, revision: None, format: format.into(), language };
            let statement = house.client().get_statement(request).await.expect("a statement").into_inner();
            assert!(statement.text.contains(said), "{}", statement.text);
        }
        house.close().await;
    });
}

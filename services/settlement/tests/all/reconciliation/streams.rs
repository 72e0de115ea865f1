use pb::settlement::v1::{
    GetReconciliationRequest, ListDifferencesRequest, ReconcileDetailsRequest, ReconcileTotalsRequest,
    ReconciliationState, TheirClaim,
};
use pb::r#type::v1::{Period, Scheme};
use testkit::on_both;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{DAY, books, compared, copy, day, group, settled, streamed};
use crate::counter::{fields, reason, said};
use crate::support::{House, institution};

#[test]
fn a_stream_that_breaks_keeps_nothing() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let claims = settled(&house, &hospital, &[("a", 1_000)]).await;
        let id = compared(&mut client, day("k", &hospital, vec![])).await.reconciliation_id;
        let message = ReconcileDetailsRequest {
            idempotency_key: "d".to_owned(),
            reconciliation_id: id.clone(),
            claims: vec![TheirClaim { bill_id: "b".to_owned(), ..copy(&claims[0]) }],
        };
        let (sender, receiver) = mpsc::channel(1);
        let mut broken = client.clone();
        let call = tokio::spawn(async move { broken.reconcile_details(ReceiverStream::new(receiver)).await });
        sender.send(message.clone()).await.expect("the call listens");
        // both places are taken, so that the first message is under way
        sender.send(ReconcileDetailsRequest { claims: vec![], ..message }).await.expect("the call listens");
        call.abort();
        assert!(call.await.expect_err("the caller went away").is_cancelled());
        let asked = GetReconciliationRequest { reconciliation_id: id.clone() };
        let stored = client.get_reconciliation(asked).await.expect("it is there").into_inner();
        assert_eq!(stored.reconciliation.expect("a reconciliation").state(), ReconciliationState::Different);
        let listed = ListDifferencesRequest { reconciliation_id: id.clone(), ..Default::default() };
        assert_eq!(client.list_differences(listed).await.expect("a page").into_inner().differences, []);
        // the key is free for what the institution streams now
        let told = streamed(&mut client, "d", &id, &[copy(&claims[0])]).await.expect("compared");
        assert_eq!(told.differences, []);
        let other = streamed(&mut client, "d", &id, &[]).await.expect_err("other claims");
        assert_eq!(said(&other, "field"), ("KEY_REUSED".into(), "claims".into()));
        house.close().await;
    });
}

#[test]
fn all_that_is_wrong_with_totals_or_with_a_message_is_said_at_once() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let nothing = client.reconcile_totals(ReconcileTotalsRequest::default()).await.expect_err("nothing of it");
        assert_eq!(fields(&nothing), ["idempotency_key", "institution_id", "settled"]);
        let mut twice = group(Scheme::Employee, 1, 0, -1);
        twice.care = 0;
        let groups = vec![group(Scheme::Employee, 1, 0, 1), group(Scheme::Employee, 2, 0, 1), twice];
        let settled = Some(Period { from_date: DAY.to_owned(), to_date: "2022-06-16".to_owned() });
        let wrong = ReconcileTotalsRequest { settled, ..day("k", &hospital, groups) };
        let wrong = client.reconcile_totals(wrong).await.expect_err("tomorrow");
        let expected = ["settled.to_date", "totals[1]", "totals[2].care", "totals[2].total_fen", "totals[2].cash_fen"];
        assert_eq!(fields(&wrong), expected);
        let first = ReconcileDetailsRequest { claims: vec![TheirClaim::default()], ..Default::default() };
        let refused = client.reconcile_details(tokio_stream::iter([first])).await.expect_err("nothing of it");
        let of_claim = ["bill_id", "scheme", "care"].map(|field| format!("messages[0].claims[0].{field}"));
        let expected = [vec!["idempotency_key".to_owned(), "reconciliation_id".to_owned()], of_claim.to_vec()].concat();
        assert_eq!(fields(&refused), expected);
        let empty = client.reconcile_details(tokio_stream::iter([])).await.expect_err("no message");
        assert_eq!(fields(&empty), ["idempotency_key", "reconciliation_id"]);
        let message = |key: &str, claims| ReconcileDetailsRequest {
            idempotency_key: key.to_owned(),
            reconciliation_id: "r".to_owned(),
            claims,
        };
        let many = vec![TheirClaim::default(); 1_001];
        let refused = client.reconcile_details(tokio_stream::iter([message("a", vec![]), message("b", many)])).await;
        assert_eq!(fields(&refused.expect_err("another key")), ["messages[1].idempotency_key", "messages[1].claims"]);
        let unknown = streamed(&mut client, "d", "nobody", &[]).await.expect_err("unknown");
        assert_eq!(said(&unknown, "kind"), ("NOT_FOUND".into(), "reconciliation".into()));
        let listed = ListDifferencesRequest { reconciliation_id: "nobody".to_owned(), ..Default::default() };
        assert_eq!(reason(&client.list_differences(listed).await.expect_err("unknown")), "NOT_FOUND");
        house.close().await;
    });
}

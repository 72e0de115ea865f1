use std::time::Duration;

use http::{HeaderMap, Request};
use pb::settlement::v1::catalogue_service_server::CatalogueServiceServer;
use pb::settlement::v1::{ListCatalogueVersionsRequest, ListItemsRequest};
use rpc::RpcLayer;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::{Layer as _, Service as _};

use crate::catalogue::{Catalogue, SOON, item, serve};

fn reason_of(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_faulty_request_is_answered_with_all_its_violations() {
    let serving = serve(Catalogue::default(), SOON).await;
    let request = ListItemsRequest { page_size: 1001, kind: Some(0), ..ListItemsRequest::default() };
    let status = serving.client().list_items(request).await.expect_err("three fields are wrong");
    assert_eq!((status.code(), reason_of(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("fields are listed").field_violations;
    let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["division", "page_size", "kind"]);
    assert_eq!(violations[1].description, "found 1001; expected at most 1000");
}

#[tokio::test]
async fn a_panic_and_a_defect_are_internal_and_the_service_goes_on() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = serving.client();
    let panicked = client.get_item(item("panic")).await.expect_err("the handler panicked");
    assert_eq!((panicked.code(), reason_of(&panicked).as_str()), (Code::Internal, "INTERNAL"));
    let broken = client.list_catalogue_versions(ListCatalogueVersionsRequest::default()).await.expect_err("a defect");
    assert_eq!(reason_of(&broken), "INTERNAL");
    assert!(!broken.message().contains("disk"), "the source is for the log: {}", broken.message());
    client.get_item(item("drug")).await.expect("the service goes on");
}

#[tokio::test]
async fn a_missing_thing_is_named_and_the_request_id_comes_back() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut request = tonic::Request::new(item("XN-7"));
    request.metadata_mut().insert("x-request-id", "till-7".parse().expect("an id"));
    let status = serving.client().get_item(request).await.expect_err("there is no such item");
    assert_eq!(status.code(), Code::NotFound);
    let details = status.get_error_details();
    let info = details.error_info().expect("there is always an ErrorInfo");
    assert_eq!(info.metadata.get("id").map(String::as_str), Some("XN-7"));
    assert_eq!(status.metadata().get("x-request-id").and_then(|id| id.to_str().ok()), Some("till-7"));
}

#[tokio::test]
async fn a_call_without_an_answer_ends_at_its_deadline_with_its_reason() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut request = tonic::Request::new(item("wait"));
    request.set_timeout(Duration::from_millis(50));
    let status = serving.client().get_item(request).await.expect_err("nobody opens the gate");
    assert_eq!((status.code(), reason_of(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE"));
}

#[tokio::test]
async fn a_call_that_comes_too_late_never_reaches_its_handler() {
    let catalogue = Catalogue::default();
    let mut service = RpcLayer::new().layer(CatalogueServiceServer::new(catalogue.clone()));
    let path = "/yibao.settlement.v1.CatalogueService/GetItem";
    let request = Request::post(path).header("grpc-timeout", "0S").body(Body::empty()).expect("a request");
    let response = service.call(request).await.expect("an answer");
    let headers: &HeaderMap = response.headers();
    assert_eq!(headers.get("grpc-status").map(http::HeaderValue::as_bytes), Some(b"4".as_slice()));
    let entered = tokio::time::timeout(Duration::from_millis(1), catalogue.entered.notified()).await;
    assert!(entered.is_err(), "the handler was called");
}

#[tokio::test]
async fn a_service_that_is_away_is_unavailable_with_a_word_when_to_try_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let channel = rpc::channel(&format!("http://{address}")).expect("the address is one");
    let mut client = pb::settlement::v1::catalogue_service_client::CatalogueServiceClient::new(channel);
    let status = client.get_item(item("drug")).await.expect_err("nobody listens");
    assert_eq!((status.code(), reason_of(&status).as_str()), (Code::Unavailable, "UNAVAILABLE"));
    assert!(status.get_error_details().retry_info().is_some());
}

#[tokio::test]
async fn the_request_id_travels_to_the_next_service() {
    let last = serve(Catalogue::default(), SOON).await;
    let first = serve(Catalogue { next: Some(last.client()), ..Catalogue::default() }, SOON).await;
    let mut request = tonic::Request::new(item("forward"));
    request.metadata_mut().insert("x-request-id", "till-8".parse().expect("an id"));
    let answer = first.client().get_item(request).await.expect("both answer");
    assert_eq!(answer.into_inner().catalogue_version, "till-8");
}

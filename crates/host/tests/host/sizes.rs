//! How large a message may be, as its sender sees it.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use http_body::Frame;
use pb::settlement::v1::ListItemsRequest;
use prost::Message as _;
use rpc::limits::MESSAGE_BYTES_MAX;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::Service as _;

use crate::catalogue::{Catalogue, SOON, item, serve};

/// A request of so many bytes; its fields are wrong, which is seen once it has been read.
fn request_of(bytes: usize) -> ListItemsRequest {
    let mut request = ListItemsRequest { page_token: "x".repeat(bytes), ..ListItemsRequest::default() };
    let over = request.encoded_len() - bytes;
    request.page_token.truncate(bytes - over);
    assert_eq!(request.encoded_len(), bytes);
    request
}

fn assert_too_much(status: &Status) {
    let details = status.get_error_details();
    let info = details.error_info().expect("there is always an ErrorInfo");
    assert_eq!((status.code(), info.reason.as_str()), (Code::ResourceExhausted, "TOO_MUCH"));
    assert_eq!(info.metadata.get("bytes_max").map(String::as_str), Some("4194304"));
}

#[tokio::test]
async fn a_message_of_four_mebibytes_is_read_and_one_byte_more_is_too_much() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = serving.client();
    let read = client.list_items(request_of(MESSAGE_BYTES_MAX)).await.expect_err("its fields are wrong");
    assert_eq!(read.code(), Code::InvalidArgument);
    for bytes in [MESSAGE_BYTES_MAX + 1, 10_000_000] {
        assert_too_much(&client.list_items(request_of(bytes)).await.expect_err("it is too large"));
    }
    client.get_item(item("drug")).await.expect("the service goes on");
}

/// The first five bytes of a message, which say how long it is, and nothing more, ever.
struct Announced(Option<u32>);

impl http_body::Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(bytes) = self.0.take() else { return Poll::Pending };
        let head: Vec<u8> = std::iter::once(0).chain(bytes.to_be_bytes()).collect();
        Poll::Ready(Some(Ok(Frame::data(head.into()))))
    }
}

#[tokio::test]
async fn a_message_that_says_it_has_ten_megabytes_is_refused_before_they_come() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut channel = Endpoint::from_shared(serving.uri()).expect("an address").connect().await.expect("it listens");
    let call = Request::post("/yibao.settlement.v1.CatalogueService/ListItems")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(Announced(Some(10_000_000))))
        .expect("a request");
    poll_fn(|context| channel.poll_ready(context)).await.expect("it takes calls");
    let answered = timeout(SOON, channel.call(call)).await.expect("nobody waits for the rest").expect("an answer");
    assert_too_much(&Status::from_header_map(answered.headers()).expect("the head says how it ended"));
}

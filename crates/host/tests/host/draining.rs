use std::time::Duration;

use host::HostError;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

use crate::catalogue::{Catalogue, SOON, item, serve};

#[tokio::test]
async fn draining_lets_a_running_call_finish_and_refuses_new_ones() {
    let catalogue = Catalogue::default();
    let serving = serve(catalogue.clone(), SOON).await;
    let mut client = serving.client();
    let mut same_connection = client.clone();
    let running = tokio::spawn(async move { client.get_item(item("wait")).await });
    timeout(SOON, catalogue.entered.notified()).await.expect("the call is running");

    serving.stop.send(()).expect("the server runs");
    let refused = async { while TcpStream::connect(serving.address).await.is_ok() {} };
    timeout(SOON, refused).await.expect("new connections are refused");
    let status = timeout(SOON, same_connection.get_item(item("drug"))).await.expect("an answer");
    assert_eq!(status.expect_err("it takes no new calls").code(), Code::Unavailable);

    catalogue.gate.notify_one();
    running.await.expect("the call was not cut off").expect("it is answered");
    timeout(SOON, serving.ended).await.expect("it ends").expect("without a panic").expect("and without an error");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_given_up_when_the_time_to_drain_is_over() {
    let catalogue = Catalogue::default();
    let serving = serve(catalogue.clone(), Duration::from_millis(20)).await;
    let mut client = serving.client();
    let running = tokio::spawn(async move { client.get_item(item("wait")).await });
    timeout(SOON, catalogue.entered.notified()).await.expect("the call is running");
    serving.stop.send(()).expect("the server runs");
    let ended = timeout(SOON, serving.ended).await.expect("it ends").expect("without a panic");
    assert!(matches!(ended, Err(HostError::Drain(_))), "{ended:?}");
    running.abort();
}

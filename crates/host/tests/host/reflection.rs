use std::collections::BTreeSet;

use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::catalogue::{Catalogue, NAME, SOON, Serving, item, serve};

async fn channel(serving: &Serving) -> Channel {
    Endpoint::from_shared(serving.uri()).expect("an address").connect().await.expect("it listens")
}

#[tokio::test]
async fn reflection_lists_what_is_served_and_describes_it_with_comments() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel(&serving).await);
    let ask = |ask| v1::ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
    let asked =
        [ask(MessageRequest::ListServices(String::new())), ask(MessageRequest::FileContainingSymbol(NAME.to_owned()))];
    let mut answers = client.server_reflection_info(tokio_stream::iter(asked)).await.expect("it reflects").into_inner();
    let listed = answers.message().await.expect("an answer").and_then(|answer| answer.message_response);
    let Some(MessageResponse::ListServicesResponse(list)) = listed else { panic!("no list: {listed:?}") };
    let names: BTreeSet<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    let reflections = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
    assert_eq!(names, BTreeSet::from([NAME, "grpc.health.v1.Health", reflections[0], reflections[1]]));
    let described = answers.message().await.expect("an answer").and_then(|answer| answer.message_response);
    let Some(MessageResponse::FileDescriptorResponse(files)) = described else { panic!("no file: {described:?}") };
    let comment = b"Asks for an item.";
    assert!(files.file_descriptor_proto[0].windows(comment.len()).any(|window| window == comment));
}

#[tokio::test]
async fn the_older_reflection_is_answered_too() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel(&serving).await);
    let ask = MessageRequest::FileContainingSymbol(NAME.to_owned());
    let asked = [v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(ask) }];
    let mut answers = client.server_reflection_info(tokio_stream::iter(asked)).await.expect("it reflects").into_inner();
    let described = answers.message().await.expect("an answer").and_then(|answer| answer.message_response);
    assert!(matches!(described, Some(MessageResponse::FileDescriptorResponse(_))), "{described:?}");
}

#[tokio::test]
async fn health_is_answered_for_each_service_and_for_the_process() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = HealthClient::new(channel(&serving).await);
    for service in ["", NAME] {
        assert_eq!(health(&mut client, service).await, Ok(ServingStatus::Serving));
    }
    serving.readiness.set(NAME, false).await;
    for service in ["", NAME] {
        assert_eq!(health(&mut client, service).await, Ok(ServingStatus::NotServing));
    }
    let alive = health(&mut client, "grpc.health.v1.Health").await;
    assert_eq!(alive, Ok(ServingStatus::Serving), "the process need not be killed");
    serving.readiness.set(NAME, true).await;
    assert_eq!(health(&mut client, "").await, Ok(ServingStatus::Serving));
    assert_eq!(health(&mut client, "yibao.nobody.v1.Nobody").await, Err(Code::NotFound));
}

#[tokio::test]
async fn a_process_that_waits_for_another_says_so_and_serves_once_it_waits_no_more() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = HealthClient::new(channel(&serving).await);
    serving.readiness.waits_for(Some("settlement")).await;
    for service in ["", NAME] {
        assert_eq!(health(&mut client, service).await, Ok(ServingStatus::NotServing));
    }
    let away = serving.client().get_item(item("drug")).await.expect_err("it waits");
    assert_eq!((away.code(), away.message().contains("waits for settlement")), (Code::Unavailable, true));
    serving.readiness.waits_for(None).await;
    for service in ["", NAME] {
        assert_eq!(health(&mut client, service).await, Ok(ServingStatus::Serving));
    }
    serving.client().get_item(item("drug")).await.expect("it serves");
}

#[tokio::test]
async fn what_is_degraded_is_told_apart_and_the_service_serves_on() {
    let serving = serve(Catalogue::default(), SOON).await;
    let mut client = HealthClient::new(channel(&serving).await);
    assert_eq!(health(&mut client, "degraded.registry").await, Err(Code::NotFound), "nobody has spoken of it");
    for (is_degraded, told) in
        [(false, ServingStatus::Serving), (true, ServingStatus::NotServing), (false, ServingStatus::Serving)]
    {
        serving.readiness.degraded("registry", is_degraded).await;
        assert_eq!(health(&mut client, "degraded.registry").await, Ok(told));
        for service in ["", NAME] {
            assert_eq!(health(&mut client, service).await, Ok(ServingStatus::Serving));
        }
    }
}

async fn health(client: &mut HealthClient<Channel>, service: &str) -> Result<ServingStatus, Code> {
    let answer = client.check(HealthCheckRequest { service: service.to_owned() }).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

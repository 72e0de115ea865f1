//! The program as an operator runs it: its configuration checked, its database brought up to date.

use std::time::Duration;

use host::{Server, Services};
use pb::assistance::v1::GetCategoriesRequest;
use pb::assistance::v1::category_service_client::CategoryServiceClient;
use pb::policy::v1::registry_service_server::RegistryServiceServer;
use testkit::{Program, on_both};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::crash::One;
use crate::support::{eventually, fault};

const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_assistance"), "YIBAO_ASSISTANCE_");

#[test]
fn a_broken_configuration_is_refused_with_all_its_errors_and_2() {
    PROGRAM.refuses_all_at_once(&[
        ("DATABASE_URL", "mysql://hidden@localhost"),
        ("DATABASE_CONNECTIONS", "0"),
        ("SETTLEMENT_ADDRESS", "http://:7001"),
        ("ENROLMENT_ADDRESS", "http://"),
        ("POLICY_POLL_SECONDS", "soon"),
        ("REDIS_URL", "hidden:6379"),
        ("HOLD_SECONDS", "0"),
        ("SWEEP_SECONDS", "-1"),
        ("STREAMS_REDIS_URL", "hidden:6379"),
        ("SMS_SENDER", "pigeon"),
        ("SMS_TRIES", "0"),
        ("LISTEN", "nowhere"),
        ("COLOUR", "blue"),
    ]);
}

#[test]
fn a_checked_configuration_is_printed_without_its_secrets() {
    let given = [
        ("DATABASE_URL", "postgres://someone:hidden@localhost/assistance"),
        ("REDIS_URL", "redis://:hidden@localhost:6379"),
        ("SETTLEMENT_ADDRESS", "http://127.0.0.1:7001"),
    ];
    PROGRAM.prints_without_secrets(&given, "http://127.0.0.1:7001");
}

#[test]
fn it_serves_only_a_database_that_was_migrated_and_migrating_twice_does_nothing_more() {
    PROGRAM.serves_only_what_was_migrated(&[("SETTLEMENT_ADDRESS", "http://127.0.0.1:1")]);
}

#[test]
fn it_starts_where_settlement_is_away_and_serves_once_it_is_there() {
    on_both(|url| async move {
        let migrated = PROGRAM.run(&["migrate"], &[("DATABASE_URL", &url)]);
        assert_eq!(migrated.code, 0, "migrating needs the database alone: {migrated:?}");
        let settlement = Server::bind("free", "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let place = settlement.address();
        drop(settlement);
        let address = format!("http://{place}");
        let process = PROGRAM.serve(&[("DATABASE_URL", &url), ("SETTLEMENT_ADDRESS", &address)]).await;
        let channel = rpc::channel(&format!("http://{}", process.address())).unwrap();
        let health = async |service: &str| {
            let request = HealthCheckRequest { service: service.to_owned() };
            HealthClient::new(channel.clone()).check(request).await.unwrap().into_inner().status()
        };
        let ask = async || {
            let request = GetCategoriesRequest { person_id: "nobody".to_owned(), ..Default::default() };
            CategoryServiceClient::new(channel.clone()).get_categories(request).await
        };
        for service in ["", "yibao.assistance.v1.ReservationService"] {
            assert_eq!(health(service).await, ServingStatus::NotServing);
        }
        assert_eq!(health("grpc.health.v1.Health").await, ServingStatus::Serving, "it lives");
        let away = ask().await.unwrap_err();
        assert_eq!((fault(&away).0.as_str(), away.message().contains("waits for settlement")), ("UNAVAILABLE", true));
        let settlement = Server::bind("settlement", place).await.unwrap();
        let services = Services::new().with(RegistryServiceServer::new(One));
        let serving = settlement.serve(services, Duration::from_secs(1), std::future::pending());
        let serving = tokio::spawn(serving);
        let served = async || (health("").await == ServingStatus::Serving).then_some(());
        eventually(served).await;
        assert!(ask().await.unwrap().into_inner().categories.is_empty());
        process.kill();
        serving.abort();
    });
}

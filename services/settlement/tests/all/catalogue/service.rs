use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use host::{Clock, Server, Services};
use pb::settlement::v1::catalogue_service_client::CatalogueServiceClient;
use pb::settlement::v1::catalogue_service_server::CatalogueServiceServer;
use pb::settlement::v1::{GetItemRequest, ListCatalogueVersionsRequest, ListItemsRequest};
use pb::r#type::v1::{LineClass, LineKind};
use rpc::Client;
use settlement::rpc::CatalogueRpc;
use tokio::sync::oneshot;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::catalogue;

/// The longest any test waits for anything.
const SOON: Duration = Duration::from_secs(60);

/// A clock that says what it is told.
struct Told(Mutex<DateTime<Utc>>);

impl Told {
    fn at(moment: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(moment.parse().expect("a moment"))))
    }

    fn tell(&self, moment: &str) {
        *self.0.lock().expect("nobody panicked") = moment.parse().expect("a moment");
    }
}

impl Clock for Told {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("nobody panicked")
    }
}

/// Serves the test catalogue on a real port while `body` asks it.
fn served<Fut: Future<Output = ()>>(clock: Arc<Told>, body: impl FnOnce(CatalogueServiceClient<Client>) -> Fut) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let server = Server::bind("settlement", (Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port");
        let client = rpc::channel(&format!("http://{}", server.address())).expect("the address is one");
        let service = CatalogueServiceServer::new(CatalogueRpc::new(Arc::new(catalogue()), clock));
        let (stop, stopped) = oneshot::channel::<()>();
        let asked = async move { drop(stopped.await) };
        let serving = tokio::spawn(server.serve(Services::new().with(service), SOON, asked));
        let asking = tokio::time::timeout(SOON, body(CatalogueServiceClient::new(client)));
        asking.await.expect("the test ends in time");
        drop(stop);
        serving.await.expect("the server ends").expect("it drained");
    });
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let listed = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    listed.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn an_item_is_given_as_of_the_day_and_today_is_chinas() {
    let clock = Told::at("2023-02-28T15:59:59Z");
    served(Arc::clone(&clock), |mut client| async move {
        let asked = |on_date: &str| GetItemRequest {
            item: "X000000001".to_owned(),
            on_date: on_date.to_owned(),
            division: "990101".to_owned(),
        };
        let reply = client.get_item(asked("2022-03-01")).await.expect("it is there").into_inner();
        assert_eq!(reply.catalogue_version, catalogue().version());
        let item = reply.item.expect("there is an item");
        assert_eq!((item.zh.as_str(), item.unit.as_str(), item.kind()), ("甲药", "盒", LineKind::Drug));
        assert_eq!((item.from_date.as_str(), item.until_date.as_str()), ("2022-01-01", "2022-07-01"));
        let terms = item.terms.expect("there are terms");
        assert_eq!(
            (terms.class(), terms.price_limit_fen, terms.first_self_paid_rate()),
            (LineClass::ClassB, Some(400), "0.1")
        );
        let today = client.get_item(asked("")).await.expect("it is there").into_inner().item.expect("an item");
        assert_eq!(today.until_date, "2023-03-01");
        clock.tell("2023-02-28T16:00:00Z");
        let today = client.get_item(asked("")).await.expect("it is there").into_inner().item.expect("an item");
        assert_eq!((today.from_date.as_str(), today.until_date.as_str()), ("2023-03-01", ""));
        let missing = client.get_item(asked("2019-01-01")).await.expect_err("it is not in the catalogue yet");
        assert_eq!(missing.code(), Code::NotFound);
    });
}

#[test]
fn all_wrong_fields_of_a_question_are_named() {
    served(Told::at("2023-03-01T00:00:00Z"), |mut client| async move {
        let item = GetItemRequest { on_date: "2023-02-30".to_owned(), ..GetItemRequest::default() };
        let refused = client.get_item(item).await.expect_err("nothing of it can be read");
        assert_eq!(
            (refused.code(), fields(&refused).join(" ")),
            (Code::InvalidArgument, "item on_date division".to_owned())
        );
        let list = ListItemsRequest {
            kind: Some(0),
            page_size: 1001,
            page_token: "x".to_owned(),
            ..ListItemsRequest::default()
        };
        let refused = client.list_items(list).await.expect_err("nothing of it can be read");
        assert_eq!(fields(&refused), ["division", "kind", "page_size", "page_token"]);
        let versions =
            ListCatalogueVersionsRequest { page_token: "é".to_owned(), ..ListCatalogueVersionsRequest::default() };
        let refused = client.list_catalogue_versions(versions).await.expect_err("nothing of it can be read");
        assert_eq!(fields(&refused), ["division", "page_token"]);
    });
}

#[test]
fn pages_hold_every_item_once_and_stay_on_the_day_of_the_first() {
    let clock = Told::at("2023-12-31T12:00:00Z");
    served(Arc::clone(&clock), |mut client| async move {
        let mut asked = ListItemsRequest { division: "990101".to_owned(), page_size: 1, ..ListItemsRequest::default() };
        let mut codes = Vec::new();
        loop {
            let page = client.list_items(asked.clone()).await.expect("there is a page").into_inner();
            codes.extend(page.items.into_iter().map(|item| item.item));
            // X000000002 leaves the list with this day, but not out of a list that was begun before it.
            clock.tell("2024-01-02T12:00:00Z");
            asked.page_token = page.next_page_token;
            if asked.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(codes, ["001102000010000-9", "X000000001", "X000000002", "X000000003"]);
    });
}

#[test]
fn a_page_token_serves_its_own_question_only() {
    served(Told::at("2022-06-01T00:00:00Z"), |mut client| async move {
        let asked = ListItemsRequest { division: "990101".to_owned(), page_size: 2, ..ListItemsRequest::default() };
        let page_token = client.list_items(asked.clone()).await.expect("a page").into_inner().next_page_token;
        let other_size = ListItemsRequest { page_token: page_token.clone(), page_size: 7, ..asked.clone() };
        assert_eq!(client.list_items(other_size).await.expect("the same list").into_inner().items.len(), 2);
        let others = [
            ListItemsRequest { division: "990100".to_owned(), ..asked.clone() },
            ListItemsRequest { on_date: "2022-06-01".to_owned(), ..asked.clone() },
            ListItemsRequest { kind: Some(LineKind::Drug.into()), ..asked.clone() },
        ];
        for other in others {
            let refused = client.list_items(ListItemsRequest { page_token: page_token.clone(), ..other }).await;
            assert_eq!(fields(&refused.expect_err("the token is another question's")), ["page_token"]);
        }
        for cut in [&page_token[..16], &page_token[..17], &page_token[..40]] {
            let broken = ListItemsRequest { page_token: format!("{cut}g"), ..asked.clone() };
            assert_eq!(fields(&client.list_items(broken).await.expect_err("the token is broken")), ["page_token"]);
        }
    });
}

#[test]
fn the_version_is_listed_with_its_items_and_its_documents() {
    served(Told::at("2022-06-01T00:00:00Z"), |mut client| async move {
        let asked =
            ListCatalogueVersionsRequest { division: "990000".to_owned(), ..ListCatalogueVersionsRequest::default() };
        let versions = client.list_catalogue_versions(asked).await.expect("versions").into_inner().versions;
        assert_eq!(versions.len(), 1);
        assert_eq!((versions[0].items, versions[0].from_date.as_str()), (3, "2024-01-01"));
        assert_eq!(versions[0].source, "list of 990000；list of 980000");
        assert_eq!(versions[0].catalogue_version, catalogue().version());
    });
}

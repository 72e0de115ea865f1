//! A small service of the real contract, served as a process would serve it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use host::{HostError, Readiness, Server, Services};
use pb::settlement::v1::catalogue_service_client::CatalogueServiceClient;
use pb::settlement::v1::catalogue_service_server::{CatalogueService, CatalogueServiceServer};
use pb::settlement::v1::{
    GetItemRequest, GetItemResponse, ListCatalogueVersionsRequest, ListCatalogueVersionsResponse, ListItemsRequest,
    ListItemsResponse,
};
use rpc::{Call, Client, Fault, Violations};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};

pub(crate) const NAME: &str = "yibao.settlement.v1.CatalogueService";

/// The longest any test waits for anything.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What a call for an item does depends on the item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) entered: Arc<Notify>,
    pub(crate) gate: Arc<Notify>,
    pub(crate) next: Option<CatalogueServiceClient<Client>>,
}

#[tonic::async_trait]
impl CatalogueService for Catalogue {
    async fn get_item(&self, request: Request<GetItemRequest>) -> Result<Response<GetItemResponse>, Status> {
        let request = request.into_inner();
        self.entered.notify_one();
        let mut catalogue_version = Call::running().map(|call| call.request_id).unwrap_or_default();
        match request.item.as_str() {
            "wait" => self.gate.notified().await,
            "panic" => panic!("{} is in {}", request.division, request.on_date),
            "forward" => {
                let mut next = self.next.clone().expect("there is a next service");
                let asked = GetItemRequest { item: "drug".to_owned(), ..request };
                catalogue_version = next.get_item(asked).await?.into_inner().catalogue_version;
            }
            "drug" => {}
            _ => return Err(Fault::not_found("item", &request.item).into()),
        }
        Ok(Response::new(GetItemResponse { item: None, catalogue_version }))
    }

    async fn list_items(&self, request: Request<ListItemsRequest>) -> Result<Response<ListItemsResponse>, Status> {
        let request = request.into_inner();
        let mut violations = Violations::new();
        if request.division.len() != 6 {
            violations.add("division", &request.division, "six digits");
        }
        if request.page_size > 1000 {
            violations.add("page_size", request.page_size, "at most 1000");
        }
        if request.kind == Some(0) {
            violations.add("kind", "LINE_KIND_UNSPECIFIED", "a kind of item");
        }
        let converted = violations.is_empty().then(ListItemsResponse::default);
        Ok(Response::new(violations.finish(converted)?))
    }

    async fn list_catalogue_versions(
        &self,
        _: Request<ListCatalogueVersionsRequest>,
    ) -> Result<Response<ListCatalogueVersionsResponse>, Status> {
        Err(Fault::internal(std::io::Error::other("the disk is full")).into())
    }
}

/// A process that serves the catalogue.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Readiness,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<Result<(), HostError>>,
}

impl Serving {
    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn client(&self) -> CatalogueServiceClient<Client> {
        CatalogueServiceClient::new(rpc::channel(&self.uri()).expect("the address is one"))
    }
}

pub(crate) async fn serve(catalogue: Catalogue, drain: Duration) -> Serving {
    let server = Server::bind("catalogue", (Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port");
    let address = server.address();
    let services = Services::new().with(CatalogueServiceServer::new(catalogue));
    let readiness = services.readiness();
    let (stop, stopped) = oneshot::channel();
    let asked = async move {
        // A test that is over drops its end.
        drop(stopped.await);
    };
    let ended = tokio::spawn(server.serve(services, drain, asked));
    Serving { address, readiness, stop, ended }
}

pub(crate) fn item(item: &str) -> GetItemRequest {
    GetItemRequest { item: item.to_owned(), ..GetItemRequest::default() }
}

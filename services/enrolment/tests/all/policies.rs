//! The policy comes from settlement's registry, asked over the wire.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::pb::policy::v1 as pb;
use enrolment::{Policies, Publications};
use pb::registry_service_server::{RegistryService, RegistryServiceServer};
use policy::Policy;
use registry::{Registry, Settings, Source};
use rpc::Fault;
use tokio_stream::{Stream, iter};
use tonic::{Request, Response, Status};

use crate::support::{packs, serve};

/// A registry with one publication: the packs of these tests, for their root.
pub(crate) struct One(pub(crate) Policy);

impl One {
    fn publication(&self) -> pb::Publication {
        pb::Publication {
            publication_id: "1".to_owned(),
            policy_version: self.0.version().to_string(),
            division: "990000".to_owned(),
            operator_id: "officer".to_owned(),
            published_at: Some(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 }),
            ..Default::default()
        }
    }
}

#[tonic::async_trait]
impl RegistryService for One {
    type StreamVersionStream = Pin<Box<dyn Stream<Item = Result<pb::StreamVersionResponse, Status>> + Send>>;

    async fn list_publications(
        &self,
        _: Request<pb::ListPublicationsRequest>,
    ) -> Result<Response<pb::ListPublicationsResponse>, Status> {
        let publications = vec![self.publication()];
        Ok(Response::new(pb::ListPublicationsResponse { publications, next_page_token: String::new() }))
    }

    async fn stream_version(
        &self,
        request: Request<pb::StreamVersionRequest>,
    ) -> Result<Response<Self::StreamVersionStream>, Status> {
        if request.into_inner().policy_version != self.0.version().to_string() {
            return Err(Fault::not_found("policy_version", "").into());
        }
        let message = |file: policy::PackFile| {
            Ok(pb::StreamVersionResponse { file: Some(pb::PackFile { path: file.path, text: file.text }) })
        };
        Ok(Response::new(Box::pin(iter(packs().into_iter().map(message)))))
    }

    async fn check_packs(&self, _: Request<pb::CheckPacksRequest>) -> Result<Response<pb::CheckPacksResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn publish_version(
        &self,
        _: Request<pb::PublishVersionRequest>,
    ) -> Result<Response<pb::PublishVersionResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn roll_forward(
        &self,
        _: Request<pb::RollForwardRequest>,
    ) -> Result<Response<pb::RollForwardResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn get_head(&self, _: Request<pb::GetHeadRequest>) -> Result<Response<pb::GetHeadResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }

    async fn diff_versions(
        &self,
        _: Request<pb::DiffVersionsRequest>,
    ) -> Result<Response<pb::DiffVersionsResponse>, Status> {
        Err(Fault::wrong_state("not_asked", "enrolment does not ask this").into())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_decides_with_the_version_that_settlement_publishes() {
    let one = One(Policy::compile(&packs()).unwrap());
    let version = one.0.version();
    let address = serve(host::Services::new().with(RegistryServiceServer::new(one))).await;
    let source = Source::Remote(Arc::new(Publications::new(rpc::channel(&address).unwrap())));
    let registry = Registry::open(source, Settings { redis: None, poll: Duration::from_secs(5) }).await.unwrap();
    let policies = Policies::Registry(registry.clone());
    let of = |division: &str| policies.head(division.parse().unwrap()).map(|policy| policy.version());
    assert_eq!((of("990101"), of("990200")), (Some(version), Some(version)));
    assert!(registry.version(Policy::compile(&[]).unwrap().version()).await.unwrap().is_none());
}

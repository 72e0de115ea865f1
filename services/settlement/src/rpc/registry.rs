//! `RegistryService`: publishes policy versions and says which one is in use where.

mod publish;
mod refusal;
mod token;
mod write;

use pb::policy::v1 as policy_pb;
use pb::policy::v1::registry_service_server::RegistryService;
use policy::Version;
use rpc::{Fault, Violations};
use terms::Division;
use tokio_stream::Iter;
use tonic::{Request, Response, Status};
use wire::read;

use crate::app::{Bench, registry_fault};

/// Answers for the policy registry.
#[derive(Clone)]
pub struct RegistryRpc {
    bench: Bench,
}

/// The files of a version, one after the other.
pub(super) type Files = Iter<std::vec::IntoIter<Result<policy_pb::StreamVersionResponse, Status>>>;

impl RegistryRpc {
    /// Publishes with this bench.
    #[must_use]
    pub const fn new(bench: Bench) -> Self {
        Self { bench }
    }

    async fn head(&self, request: &policy_pb::GetHeadRequest) -> Result<policy_pb::GetHeadResponse, Fault> {
        let mut v = Violations::new();
        let division = read::division(&mut v, "division", &request.division);
        let division = v.finish(division)?;
        let registry = &self.bench.registry;
        let (publication, is_asked) = match registry.present_publication(division).await {
            Ok(publication) => (publication, true),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the head is told as it was last seen");
                (registry.head_publication(division), false)
            }
        };
        let publication = publication.ok_or_else(|| Fault::not_found("head", &request.division))?;
        let serving = registry.head(division).map(|policy| policy.version());
        let degraded = registry.health().degraded;
        let is_seen = is_asked && !degraded.iter().any(|what| ["database", "registry"].contains(what));
        let is_usable = serving == Some(publication.version) || !degraded.contains(&"head");
        Ok(policy_pb::GetHeadResponse {
            publication: Some(write::publication(&publication)),
            serving_version: serving.map(|version| version.to_string()).unwrap_or_default(),
            stale: !(is_seen && is_usable),
        })
    }

    async fn publications(
        &self,
        request: &policy_pb::ListPublicationsRequest,
    ) -> Result<policy_pb::ListPublicationsResponse, Fault> {
        let mut v = Violations::new();
        let question = format!("publications|{}", request.division);
        let division = optional_division(&mut v, &request.division);
        let size = read::page(&mut v, request.page_size);
        let after = token::after::<String>(&mut v, &request.page_token, &question);
        let (division, (size, after)) = v.finish(division.zip(size.zip(after)))?;
        let connection = self.bench.database.reader();
        let page = self.bench.registry.publications(connection, division, size, after.as_deref()).await;
        let page = page.map_err(registry_fault)?;
        Ok(policy_pb::ListPublicationsResponse {
            publications: page.publications.iter().map(write::publication).collect(),
            next_page_token: page.next.map(|last| token::token(&question, &last)).unwrap_or_default(),
        })
    }

    async fn files(&self, request: &policy_pb::StreamVersionRequest) -> Result<Files, Fault> {
        let mut v = Violations::new();
        let version = read::version(&mut v, "policy_version", &request.policy_version);
        let version = v.finish(version)?;
        let files = self.bench.registry.files(version).await.map_err(registry_fault)?;
        let files = files.ok_or_else(|| Fault::not_found("policy_version", &request.policy_version))?;
        let messages = files.into_iter().map(|file| Ok(write::file(file)));
        Ok(tokio_stream::iter(messages.collect::<Vec<_>>()))
    }

    async fn differences(
        &self,
        request: &policy_pb::DiffVersionsRequest,
    ) -> Result<policy_pb::DiffVersionsResponse, Fault> {
        let mut v = Violations::new();
        let policy_pb::DiffVersionsRequest { from_version, to_version, division, .. } = request;
        let question = format!("differences|{from_version}|{to_version}|{division}");
        let from = read::version(&mut v, "from_version", from_version);
        let to = read::version(&mut v, "to_version", to_version);
        let division = optional_division(&mut v, division);
        let size = read::page(&mut v, request.page_size);
        let first = token::after::<usize>(&mut v, &request.page_token, &question);
        let ((from, to), (division, (size, first))) = v.finish(from.zip(to).zip(division.zip(size.zip(first))))?;
        let changes = self.bench.registry.diff(from, to, division).await.map_err(registry_fault)?;
        let Some(changes) = changes else { return Err(self.unknown_of([from, to]).await) };
        let (first, size) = (first.unwrap_or_default(), usize::try_from(size).map_err(Fault::internal)?);
        let next = first.saturating_add(size);
        let next_page_token =
            if next < changes.len() { token::token(&question, &next.to_string()) } else { String::new() };
        let changes = changes.into_iter().skip(first).take(size).map(write::change).collect();
        Ok(policy_pb::DiffVersionsResponse { changes, next_page_token })
    }

    /// The fault for the first of two versions that is not known.
    async fn unknown_of(&self, versions: [Version; 2]) -> Fault {
        let [first, second] = versions;
        let unknown = match self.bench.registry.version(first).await {
            Ok(Some(_)) => second,
            Ok(None) => first,
            Err(error) => return registry_fault(error),
        };
        Fault::not_found("policy_version", &unknown.to_string())
    }
}

/// A division, or none where the text is empty.
fn optional_division(v: &mut Violations, text: &str) -> Option<Option<Division>> {
    if text.is_empty() { Some(None) } else { read::division(v, "division", text).map(Some) }
}

#[tonic::async_trait]
impl RegistryService for RegistryRpc {
    type StreamVersionStream = Files;

    async fn check_packs(
        &self,
        request: Request<policy_pb::CheckPacksRequest>,
    ) -> Result<Response<policy_pb::CheckPacksResponse>, Status> {
        Ok(Response::new(self.check(request.into_inner()).await?))
    }

    async fn publish_version(
        &self,
        request: Request<policy_pb::PublishVersionRequest>,
    ) -> Result<Response<policy_pb::PublishVersionResponse>, Status> {
        Ok(Response::new(self.publish(request.into_inner()).await?))
    }

    async fn roll_forward(
        &self,
        request: Request<policy_pb::RollForwardRequest>,
    ) -> Result<Response<policy_pb::RollForwardResponse>, Status> {
        Ok(Response::new(self.roll(request.get_ref()).await?))
    }

    async fn get_head(
        &self,
        request: Request<policy_pb::GetHeadRequest>,
    ) -> Result<Response<policy_pb::GetHeadResponse>, Status> {
        Ok(Response::new(self.head(request.get_ref()).await?))
    }

    async fn list_publications(
        &self,
        request: Request<policy_pb::ListPublicationsRequest>,
    ) -> Result<Response<policy_pb::ListPublicationsResponse>, Status> {
        Ok(Response::new(self.publications(request.get_ref()).await?))
    }

    async fn stream_version(
        &self,
        request: Request<policy_pb::StreamVersionRequest>,
    ) -> Result<Response<Files>, Status> {
        Ok(Response::new(self.files(request.get_ref()).await?))
    }

    async fn diff_versions(
        &self,
        request: Request<policy_pb::DiffVersionsRequest>,
    ) -> Result<Response<policy_pb::DiffVersionsResponse>, Status> {
        Ok(Response::new(self.differences(request.get_ref()).await?))
    }
}

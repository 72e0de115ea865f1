//! Policy versions: handed in, or those that settlement's registry publishes.

use std::error::Error;
use std::sync::Arc;

use ::pb::policy::v1::registry_service_client::RegistryServiceClient;
use ::pb::policy::v1::{ListPublicationsRequest, Publication as PublicationPb, StreamVersionRequest};
use policy::{PackFile, Policy, Version};
use registry::{Answer, Page, Publication, Registry, Remote};
use rpc::{Client, Violations};
use terms::Division;
use tonic::Code;
use wire::read;

/// Where policy versions come from.
#[derive(Clone, Debug)]
pub enum Policies {
    /// One version, and no other.
    Fixed(Arc<Policy>),
    /// Those of a registry; whoever opened it lets it follow the truth.
    Registry(Registry),
}

impl Policies {
    /// The policy in use for a division; none where no pack is known for it or above it.
    #[must_use]
    pub fn head(&self, division: Division) -> Option<Arc<Policy>> {
        match self {
            Self::Fixed(policy) => (!policy.chain(division).is_empty()).then(|| Arc::clone(policy)),
            Self::Registry(registry) => registry.head(division),
        }
    }

    /// Whether any policy is known at all: one that starts knows none until settlement was reached.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Registry(registry) => registry.any_head().is_some(),
        }
    }
}

/// The publications and versions of settlement's registry.
#[derive(Clone, Debug)]
pub(crate) struct Publications(RegistryServiceClient<Client>);

impl Publications {
    /// Asks through this client.
    pub(crate) fn new(client: Client) -> Self {
        Self(RegistryServiceClient::new(client))
    }
}

impl Remote for Publications {
    fn publications(&self, size: u32, after: Option<String>) -> Answer<'_, Page> {
        Box::pin(async move {
            let request = ListPublicationsRequest {
                division: String::new(),
                page_size: size,
                page_token: after.unwrap_or_default(),
            };
            let page = self.0.clone().list_publications(request).await?.into_inner();
            let publications = page.publications.iter().map(publication).collect::<Result<_, _>>()?;
            Ok(Page { publications, next: Some(page.next_page_token).filter(|token| !token.is_empty()) })
        })
    }

    fn files(&self, version: Version) -> Answer<'_, Option<Vec<PackFile>>> {
        Box::pin(async move {
            let request = StreamVersionRequest { policy_version: version.to_string() };
            let mut stream = match self.0.clone().stream_version(request).await {
                Ok(answer) => answer.into_inner(),
                Err(status) if status.code() == Code::NotFound => return Ok(None),
                Err(status) => return Err(status.into()),
            };
            let mut files = Vec::new();
            while let Some(message) = stream.message().await? {
                files.extend(message.file.map(|file| PackFile { path: file.path, text: file.text }));
            }
            Ok(Some(files))
        })
    }
}

/// A publication of its message. What cannot be read is a defect of the other side.
fn publication(given: &PublicationPb) -> Result<Publication, Box<dyn Error + Send + Sync>> {
    let mut v = Violations::new();
    let division = read::division(&mut v, "division", &given.division);
    let version = read::version(&mut v, "policy_version", &given.policy_version);
    let replaced = read::optional_version(&mut v, "replaced_version", &given.replaced_version);
    let at = read::moment(&mut v, "published_at", &given.published_at).flatten();
    let at = v.required("published_at", at, "a moment");
    let read = division.zip(version).zip(replaced.zip(at)).map(|((division, version), (replaced, at))| Publication {
        id: given.publication_id.clone(),
        division,
        version,
        replaced,
        operator: given.operator_id.clone(),
        reason: given.reason.clone(),
        source: given.source.clone(),
        at,
        rolled_forward: given.rolled_forward,
    });
    Ok(v.finish(read)?)
}

use std::error::Error;

use pb::policy::v1::registry_service_client::RegistryServiceClient;
use pb::policy::v1::{self as policy_pb, ListPublicationsRequest, StreamVersionRequest};
use policy::{PackFile, Version};
use registry::{Answer, Page, Publication, Remote};
use rpc::{Client, Violations};
use tonic::Code;
use wire::read;

/// Policy versions and their publications, as settlement serves them.
#[derive(Clone, Debug)]
pub struct Publications {
    registry: RegistryServiceClient<Client>,
}

impl Publications {
    /// Asks through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { registry: RegistryServiceClient::new(client) }
    }
}

impl Remote for Publications {
    fn publications(&self, size: u32, after: Option<String>) -> Answer<'_, Page> {
        Box::pin(async move {
            let (division, page_token) = (String::new(), after.unwrap_or_default());
            let request = ListPublicationsRequest { division, page_size: size, page_token };
            let page = self.registry.clone().list_publications(request).await?.into_inner();
            let publications = page.publications.iter().map(publication).collect::<Result<_, _>>()?;
            Ok(Page { publications, next: Some(page.next_page_token).filter(|token| !token.is_empty()) })
        })
    }

    fn files(&self, version: Version) -> Answer<'_, Option<Vec<PackFile>>> {
        Box::pin(async move {
            let request = StreamVersionRequest { policy_version: version.to_string() };
            let mut stream = match self.registry.clone().stream_version(request).await {
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
fn publication(given: &policy_pb::Publication) -> Result<Publication, Box<dyn Error + Send + Sync>> {
    let mut v = Violations::new();
    let division = read::division(&mut v, "division", &given.division);
    let version = read::version(&mut v, "policy_version", &given.policy_version);
    let replaced = read::optional_version(&mut v, "replaced_version", &given.replaced_version);
    let at = read::moment(&mut v, "published_at", &given.published_at);
    let at = at.and_then(|at| v.required("published_at", at, "a moment"));
    let read = (|| {
        Some(Publication {
            id: given.publication_id.clone(),
            division: division?,
            version: version?,
            replaced: replaced?,
            operator: given.operator_id.clone(),
            reason: given.reason.clone(),
            source: given.source.clone(),
            at: at?,
            rolled_forward: given.rolled_forward,
        })
    })();
    Ok(v.finish(read)?)
}

//! `CatalogueService`: the catalogue, asked for over the wire.

mod token;

use std::sync::Arc;

use chrono::NaiveDate;
use host::{Clock, china_day};
use pb::policy::v1::CatalogueTerms;
use pb::settlement::v1 as wire_pb;
use pb::settlement::v1::catalogue_service_server::CatalogueService;
use rpc::{Fault, Violations};
use terms::{Division, LineKind};
use tonic::{Request, Response, Status};
use wire::{read, write};

use crate::catalogue::{Catalogue, Edition, Found};
use token::Token;

/// The longest code anybody asks for, in characters.
const CODE_CHARS_MAX: usize = 47;

/// Answers questions about a catalogue.
#[derive(Clone)]
pub struct CatalogueRpc {
    catalogue: Arc<Catalogue>,
    clock: Arc<dyn Clock>,
}

impl CatalogueRpc {
    /// Answers from this catalogue; the clock says what today is.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, clock: Arc<dyn Clock>) -> Self {
        Self { catalogue, clock }
    }

    fn today(&self) -> NaiveDate {
        china_day(self.clock.now())
    }

    fn item(&self, request: &wire_pb::GetItemRequest) -> Result<wire_pb::GetItemResponse, Fault> {
        let mut v = Violations::new();
        let code = read::text(&mut v, "item", &request.item, CODE_CHARS_MAX);
        let on = read::optional_date(&mut v, "on_date", &request.on_date);
        let division = read::division(&mut v, "division", &request.division);
        let (code, on, division) = v.finish(code.zip(on).zip(division).map(|((code, on), at)| (code, on, at)))?;
        let found = self.catalogue.item(division, &code, on.unwrap_or_else(|| self.today()));
        let item = found.as_ref().map(item_of).ok_or_else(|| Fault::not_found("item", &code))?;
        Ok(wire_pb::GetItemResponse { item: Some(item), catalogue_version: self.catalogue.version().to_owned() })
    }

    fn items(&self, request: &wire_pb::ListItemsRequest) -> Result<wire_pb::ListItemsResponse, Fault> {
        let asked = self.read_items(request)?;
        let size = usize::try_from(asked.size).map_err(Fault::internal)?;
        let Question { division, on, kind, .. } = asked;
        // One more than the page holds says whether there is another page.
        let mut found = self.catalogue.items(division, on, kind, asked.after.as_deref(), size.saturating_add(1));
        let is_last = found.len() <= size;
        found.truncate(size);
        let last = found.last().filter(|_| !is_last);
        let next = last.map(|item| Token { on, last: item.code.to_owned() }.write(&self.question(request)));
        Ok(wire_pb::ListItemsResponse {
            items: found.iter().map(item_of).collect(),
            catalogue_version: self.catalogue.version().to_owned(),
            next_page_token: next.unwrap_or_default(),
        })
    }

    fn read_items(&self, request: &wire_pb::ListItemsRequest) -> Result<Question, Fault> {
        let mut v = Violations::new();
        let on = read::optional_date(&mut v, "on_date", &request.on_date);
        let division = read::division(&mut v, "division", &request.division);
        let kind = read::optional_word::<LineKind>(&mut v, "kind", request.kind);
        let size = read::page(&mut v, request.page_size);
        let token = token::read(&mut v, &request.page_token, &self.question(request));
        let asked = (|| {
            let (on, token) = (on?, token?);
            // Pages of "today" stay on the day of the first, whatever the clock says meanwhile.
            let on = on.or(token.as_ref().map(|token| token.on)).unwrap_or_else(|| self.today());
            Some(Question { division: division?, on, kind: kind?, size: size?, after: token.map(|token| token.last) })
        })();
        v.finish(asked)
    }

    /// What makes a list of items the same list on every page.
    fn question(&self, request: &wire_pb::ListItemsRequest) -> String {
        let wire_pb::ListItemsRequest { on_date, division, kind, .. } = request;
        format!("items|{}|{on_date}|{division}|{kind:?}", self.catalogue.version())
    }

    fn versions(
        &self,
        request: &wire_pb::ListCatalogueVersionsRequest,
    ) -> Result<wire_pb::ListCatalogueVersionsResponse, Fault> {
        let mut v = Violations::new();
        let division = read::division(&mut v, "division", &request.division);
        read::page(&mut v, request.page_size);
        if !request.page_token.is_empty() {
            // A build holds one version, so no page was ever cut.
            v.add("page_token", &request.page_token, "the next_page_token of the page before");
        }
        let division = v.finish(division)?;
        let versions = self.catalogue.versions(division).into_iter().map(version_of).collect();
        Ok(wire_pb::ListCatalogueVersionsResponse { versions, next_page_token: String::new() })
    }
}

/// A list of items as asked for.
struct Question {
    division: Division,
    on: NaiveDate,
    kind: Option<LineKind>,
    size: u32,
    after: Option<String>,
}

fn item_of(found: &Found<'_>) -> wire_pb::Item {
    let terms = CatalogueTerms {
        class: Some(write::word(found.class.0)),
        price_limit_fen: found.price_limit.map(|(limit, _)| limit.get()),
        first_self_paid_rate: found.first_self_paid.map(|(share, _)| share.to_string()),
    };
    wire_pb::Item {
        item: found.code.to_owned(),
        zh: found.zh.to_owned(),
        kind: write::word(found.kind),
        terms: Some(terms),
        unit: found.unit.to_owned(),
        from_date: write::date(found.from),
        until_date: write::optional_date(found.until),
    }
}

fn version_of(edition: Edition) -> wire_pb::CatalogueVersion {
    let Edition { version, items, from, source } = edition;
    wire_pb::CatalogueVersion { catalogue_version: version, items, from_date: write::date(from), source }
}

#[tonic::async_trait]
impl CatalogueService for CatalogueRpc {
    async fn get_item(
        &self,
        request: Request<wire_pb::GetItemRequest>,
    ) -> Result<Response<wire_pb::GetItemResponse>, Status> {
        Ok(Response::new(self.item(request.get_ref())?))
    }

    async fn list_items(
        &self,
        request: Request<wire_pb::ListItemsRequest>,
    ) -> Result<Response<wire_pb::ListItemsResponse>, Status> {
        Ok(Response::new(self.items(request.get_ref())?))
    }

    async fn list_catalogue_versions(
        &self,
        request: Request<wire_pb::ListCatalogueVersionsRequest>,
    ) -> Result<Response<wire_pb::ListCatalogueVersionsResponse>, Status> {
        Ok(Response::new(self.versions(request.get_ref())?))
    }
}

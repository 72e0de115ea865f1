//! Reports on funds.

use std::sync::Arc;

use pb::enrolment::v1 as pb;
use pb::report_service_server::ReportService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::read as fields;

use super::{read, write};
use crate::app::{App, report};

/// Adds up what came in.
#[derive(Clone)]
pub(crate) struct Reports(pub(crate) Arc<App>);

impl Reports {
    async fn funding(&self, r: pb::GetFundingReportRequest) -> Result<pb::GetFundingReportResponse, Fault> {
        let mut v = Violations::new();
        let division = fields::division(&mut v, "division", &r.division);
        let scheme = fields::word(&mut v, "scheme", r.scheme);
        let year = read::year(&mut v, r.cover_year);
        let known_at = read::known_at(&mut v, &r.known_at);
        let (((division, scheme), year), known_at) = v.finish(division.zip(scheme).zip(year).zip(known_at))?;
        let known_at = known_at.unwrap_or_else(|| self.0.now());
        let report = report::funding(&self.0, division, scheme, year, known_at).await?;
        let category = |(category, funding): (&terms::Category, &report::Funding)| pb::CategoryFunding {
            category: wire::write::word(*category),
            funding: Some(write::funding(scheme, funding)),
        };
        let place = |(division, funding): (&terms::Division, &report::Funding)| pb::DivisionFunding {
            division: division.to_string(),
            funding: Some(write::funding(scheme, funding)),
        };
        Ok(pb::GetFundingReportResponse {
            total: Some(write::funding(scheme, &report.total)),
            categories: report.categories.iter().map(category).collect(),
            divisions: report.divisions.iter().map(place).collect(),
            known_at: Some(wire::write::moment(known_at)),
        })
    }
}

#[tonic::async_trait]
impl ReportService for Reports {
    async fn get_funding_report(
        &self,
        request: Request<pb::GetFundingReportRequest>,
    ) -> Result<Response<pb::GetFundingReportResponse>, Status> {
        Ok(Response::new(self.funding(request.into_inner()).await?))
    }
}

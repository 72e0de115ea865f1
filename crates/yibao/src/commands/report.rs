//! `yibao report`: a report of the assistance service, as it comes.

use std::process::ExitCode;

use host::Process;
use pb::assistance::v1::report_service_client::ReportServiceClient;
use pb::assistance::v1::{ExportReportRequest, ReportFormat, ReportTerms};
use pb::settlement::v1::Language;
use policy::statement::Lang;
use rpc::limits::DEADLINE_MAX;
use tonic::Request;

use super::verify::channel;
use crate::cli::{Format, Report};
use crate::error::Error;
use crate::out::Out;
use crate::process;

pub(crate) fn run(args: &Report, out: &mut Out) -> Result<ExitCode, Error> {
    process::run(&process::quiet(), async |_: Process| {
        let terms = ReportTerms {
            from_month: args.from.clone(),
            to_month: args.to.clone().unwrap_or_else(|| args.from.clone()),
            divisions: args.divisions.iter().map(ToString::to_string).collect(),
            scheme: args.scheme.map(wire::write::word),
        };
        export(ReportServiceClient::new(channel(&args.address)?), terms, out).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes a report in the form that is asked for.
pub(super) async fn export(
    mut client: ReportServiceClient<rpc::Client>,
    terms: ReportTerms,
    out: &mut Out,
) -> Result<(), Error> {
    let format = match out.format {
        Format::Text => ReportFormat::Text,
        Format::Json => ReportFormat::Json,
        Format::Csv => ReportFormat::Csv,
    };
    let language = match out.lang {
        Lang::Zh => Language::Zh,
        Lang::En => Language::En,
    };
    let request = ExportReportRequest { terms: Some(terms), format: format.into(), language: Some(language.into()) };
    let mut request = Request::new(request);
    request.set_timeout(DEADLINE_MAX);
    let failed = |status| Error::call("report", status);
    let mut pieces = client.export_report(request).await.map_err(failed)?.into_inner();
    while let Some(piece) = pieces.message().await.map_err(failed)? {
        out.piece(&piece.chunk)?;
    }
    Ok(())
}

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::{Registry, registry};

use crate::log::{JsonLog, filter};
use crate::{HostError, Settings};

/// Logs, traces and metrics of this process, from [`Telemetry::begin`] to [`Telemetry::end`].
///
/// Traces are made even where nobody collects them: their ids stand in the logs and travel with calls.
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// Begins telemetry for the whole process; logs go to `writer`. Needs a running tokio.
    ///
    /// # Errors
    /// If it was begun before, the filter is none, or the collector's address is none.
    pub fn begin<W>(service: &'static str, settings: &Settings, writer: W) -> Result<Self, HostError>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let resource = Resource::builder_empty().with_attribute(KeyValue::new("service.name", service)).build();
        let mut traces = SdkTracerProvider::builder().with_resource(resource.clone());
        let mut metrics = SdkMeterProvider::builder().with_resource(resource);
        if let Some(uri) = &settings.otlp {
            let span_exporter = SpanExporter::builder().with_tonic().with_endpoint(uri.to_string()).build();
            let metric_exporter = MetricExporter::builder().with_tonic().with_endpoint(uri.to_string()).build();
            traces = traces.with_batch_exporter(span_exporter.map_err(failed)?);
            metrics = metrics.with_periodic_exporter(metric_exporter.map_err(failed)?);
        }
        let begun = Self { traces: traces.build(), metrics: metrics.build() };
        let spans = tracing_opentelemetry::layer::<Registry>().with_tracer(begun.traces.tracer(service));
        // What is traced does not depend on what is logged.
        let spans = spans.with_filter(filter("info").map_err(failed)?);
        let log = JsonLog::new(service, writer).with_filter(filter(&settings.log).map_err(failed)?);
        let subscriber = registry().with(spans).with(log);
        tracing::subscriber::set_global_default(subscriber).map_err(failed)?;
        global::set_meter_provider(begun.metrics.clone());
        Ok(begun)
    }

    /// Sends what has not been sent yet, and goes on. What cannot be sent is logged.
    pub async fn flush(&self) {
        let (traces, metrics) = (self.traces.clone(), self.metrics.clone());
        blocking(move || [traces.force_flush(), metrics.force_flush()]).await;
    }

    /// Sends what has not been sent yet and stops. What cannot be sent is logged.
    pub async fn end(self) {
        blocking(move || [self.traces.shutdown(), self.metrics.shutdown()]).await;
    }
}

/// The exporters block until they have sent.
async fn blocking(work: impl FnOnce() -> [Result<(), OTelSdkError>; 2] + Send + 'static) {
    if let Ok(done) = tokio::task::spawn_blocking(work).await {
        for error in done.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "telemetry was not sent");
        }
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> HostError {
    HostError::Telemetry(Box::new(error))
}

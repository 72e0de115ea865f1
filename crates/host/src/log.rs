//! Logs: one JSON object a line, with the ids of trace and span.

use std::io::Write as _;

use chrono::SecondsFormat;
use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};

use crate::{Clock, SystemClock};

/// The filter of a configuration. Libraries of the wire stay silent whatever it says: they would log what they carry, and
/// sending telemetry would make more of it.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    let mut filter = EnvFilter::try_new(text)?;
    for library in
        ["h2", "hyper", "hyper_util", "tonic", "tower", "opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp"]
    {
        filter = filter.add_directive(format!("{library}=warn").parse()?);
    }
    Ok(filter)
}

/// Writes events; fields of spans are left to the trace.
pub(crate) struct JsonLog<W> {
    service: &'static str,
    writer: W,
}

impl<W> JsonLog<W> {
    pub(crate) fn new(service: &'static str, writer: W) -> Self {
        Self { service, writer }
    }
}

impl<S, W> Layer<S> for JsonLog<W>
where
    S: Subscriber,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Map::new();
        let now = SystemClock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
        line.insert("at".to_owned(), now.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("service".to_owned(), self.service.into());
        line.insert("target".to_owned(), event.metadata().target().into());
        // Entering a span makes its trace the current one, whether or not the log's filter shows the span.
        let current = opentelemetry::Context::current();
        let ids = current.span().span_context().clone();
        if ids.is_valid() {
            line.insert("trace_id".to_owned(), ids.trace_id().to_string().into());
            line.insert("span_id".to_owned(), ids.span_id().to_string().into());
        }
        event.record(&mut Fields(&mut line));
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // A log that cannot be written has nowhere to say so.
        drop(self.writer.make_writer().write_all(text.as_bytes()));
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

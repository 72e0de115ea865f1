use std::sync::Arc;

use opentelemetry::metrics::{Histogram, UpDownCounter};
use opentelemetry::{KeyValue, global};
use tokio::time::Instant;
use tonic::Code;
use tracing::Span;

/// Rate, errors and duration of calls, by service, method and code.
#[derive(Debug)]
pub(crate) struct Measures {
    duration: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
}

impl Measures {
    pub(crate) fn server() -> Arc<Self> {
        Arc::new(Self::named("rpc.server.call.duration", "rpc.server.calls_in_flight"))
    }

    pub(crate) fn client() -> Arc<Self> {
        Arc::new(Self::named("rpc.client.call.duration", "rpc.client.calls_in_flight"))
    }

    fn named(duration: &'static str, in_flight: &'static str) -> Self {
        let meter = global::meter("rpc");
        Self {
            duration: meter.f64_histogram(duration).with_unit("s").build(),
            in_flight: meter.i64_up_down_counter(in_flight).build(),
        }
    }
}

/// Service and method of a path; a path no service of ours could have is not repeated.
pub(crate) fn names_of(path: &str) -> (String, String) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '/';
    let known = path.len() <= 200 && path.chars().all(plain);
    match path.strip_prefix('/').filter(|_| known).and_then(|path| path.split_once('/')) {
        Some((service, method)) => (service.to_owned(), method.to_owned()),
        None => ("unknown".to_owned(), "unknown".to_owned()),
    }
}

/// One call being measured; it is recorded when this is dropped, as cancelled unless an end was seen.
#[derive(Debug)]
pub(crate) struct Measured {
    measures: Arc<Measures>,
    span: Span,
    names: (String, String),
    began: Instant,
    code: Code,
}

impl Measured {
    pub(crate) fn new(measures: Arc<Measures>, span: Span, names: (String, String)) -> Self {
        measures.in_flight.add(1, &[]);
        Self { measures, span, names, began: Instant::now(), code: Code::Cancelled }
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn ended(&mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.span.record("rpc.grpc.status_code", self.code as i32);
        if matches!(self.code, Code::Internal | Code::Unknown | Code::Unavailable | Code::DeadlineExceeded) {
            self.span.record("otel.status_code", "ERROR");
        }
        let (service, method) = &self.names;
        // What nobody serves anybody can name: one series for all of it.
        let is_ours = self.code != Code::Unimplemented;
        let named = |name: &String| if is_ours { name.clone() } else { "unknown".to_owned() };
        let labels = [
            KeyValue::new("rpc.service", named(service)),
            KeyValue::new("rpc.method", named(method)),
            KeyValue::new("rpc.grpc.status_code", i64::from(self.code as i32)),
        ];
        self.measures.duration.record(self.began.elapsed().as_secs_f64(), &labels);
        self.measures.in_flight.add(-1, &[]);
    }
}

use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use host::{Gauge, Settings, Telemetry};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use pb::settlement::v1::GetItemRequest;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tracing::{Instrument as _, info_span};

use crate::catalogue::{Catalogue, SOON, item, serve};

/// Shared by all tests of a process, as telemetry is: a collector, its clients' process, and what was logged.
struct Collected {
    runtime: Runtime,
    telemetry: Telemetry,
    collector: Collector,
    log: Log,
}

#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        held(&self.spans).extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        held(&self.metrics).extend(scopes.flat_map(|scope| scope.metrics).map(|metric| format!("{metric:?}")));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        held(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn collected() -> &'static Collected {
    static COLLECTED: OnceLock<Collected> = OnceLock::new();
    COLLECTED.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let (collector, log) = (Collector::default(), Log::default());
        let telemetry = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
            let address = listener.local_addr().expect("an address");
            let receiving = tonic::transport::Server::builder()
                .add_service(TraceServiceServer::new(collector.clone()))
                .add_service(MetricsServiceServer::new(collector.clone()))
                .serve_with_incoming(TcpIncoming::from(listener));
            tokio::spawn(receiving);
            let otlp = Some(format!("http://{address}").parse().expect("an address"));
            let listen = (Ipv4Addr::LOCALHOST, 0).into();
            let settings = Settings { listen, drain: SOON, log: "warn,rpc::status=debug".to_owned(), otlp };
            let log = log.clone();
            Telemetry::begin("hospital", &settings, move || log.clone()).expect("telemetry begins")
        });
        Collected { runtime, telemetry, collector, log }
    })
}

impl Collected {
    /// The spans of a trace, once as many have arrived as are wanted.
    async fn spans(&self, trace_id: &str, wanted: usize) -> Vec<Span> {
        let arriving = async {
            loop {
                self.telemetry.flush().await;
                let spans = held(&self.collector.spans).clone();
                let ours: Vec<Span> = spans.into_iter().filter(|span| hex(&span.trace_id) == trace_id).collect();
                if ours.len() >= wanted {
                    return ours;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, arriving).await.expect("the spans arrive")
    }

    /// Waits for a report of a metric that says all of this.
    async fn metric(&self, name: &str, says: &[&str]) {
        let name = format!("name: \"{name}\"");
        let arriving = async {
            loop {
                self.telemetry.flush().await;
                let metrics = held(&self.collector.metrics).clone();
                let mut ours = metrics.iter().filter(|metric| metric.contains(&name));
                if ours.any(|metric| says.iter().all(|wanted| metric.contains(wanted))) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let arrived = tokio::time::timeout(SOON, arriving).await;
        assert!(arrived.is_ok(), "{name} does not say {says:?}:\n{}", held(&self.collector.metrics).join("\n"));
    }

    fn log(&self) -> String {
        String::from_utf8(held(&self.log.0).clone()).expect("logs are UTF-8")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of the trace of the current span.
fn trace_id() -> String {
    let parent = rpc::trace::parent().expect("there is a trace");
    parent.split('-').nth(1).expect("it is of four parts").to_owned()
}

#[test]
fn a_call_through_two_services_is_one_tree_with_one_trace_id() {
    let collected = collected();
    let (trace_id, spans) = collected.runtime.block_on(async {
        let last = serve(Catalogue::default(), SOON).await;
        let first = serve(Catalogue { next: Some(last.client()), ..Catalogue::default() }, SOON).await;
        let calling = async {
            first.client().get_item(item("forward")).await.expect("both answer");
            trace_id()
        };
        let trace_id = calling.instrument(info_span!("hospital")).await;
        let spans = collected.spans(&trace_id, 5).await;
        (trace_id, spans)
    });
    assert_eq!(spans.len(), 5, "{trace_id}");
    let mut parent = Vec::new();
    let kinds = [SpanKind::Internal, SpanKind::Client, SpanKind::Server, SpanKind::Client, SpanKind::Server];
    for kind in kinds {
        let span = spans.iter().find(|span| span.parent_span_id == parent).expect("each has one child");
        assert_eq!(span.kind(), kind, "{}", span.name);
        if kind != SpanKind::Internal {
            assert_eq!(span.name, "yibao.settlement.v1.CatalogueService/GetItem");
        }
        parent.clone_from(&span.span_id);
    }
}

#[test]
fn logs_carry_the_trace_id_and_neither_logs_nor_telemetry_a_name_of_the_request() {
    let collected = collected();
    let (name, number) = ("张三丰", "990100199003070011");
    let (trace_id, spans) = collected.runtime.block_on(async {
        let serving = serve(Catalogue::default(), SOON).await;
        let mut client = serving.client();
        let calling = async {
            let named = GetItemRequest { item: name.to_owned(), on_date: number.to_owned(), division: name.to_owned() };
            let status = client.get_item(named.clone()).await.expect_err("there is no such item");
            assert_eq!(status.code(), Code::NotFound);
            let panicking = GetItemRequest { item: "panic".to_owned(), ..named };
            client.get_item(panicking).await.expect_err("the handler panicked");
            trace_id()
        };
        let trace_id = calling.instrument(info_span!("hospital")).await;
        let spans = collected.spans(&trace_id, 5).await;
        (trace_id, spans)
    });
    let log = collected.log();
    for message in ["call refused", "a handler panicked"] {
        let is_it = |line: &&str| line.contains(message) && line.contains(&trace_id);
        let line = log.lines().find(is_it).unwrap_or_else(|| panic!("{message} of {trace_id}:\n{log}"));
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert_eq!((line["trace_id"].as_str(), line["service"].as_str()), (Some(trace_id.as_str()), Some("hospital")));
    }
    let metrics = held(&collected.collector.metrics).join("\n");
    for told in [&log, &format!("{spans:?}"), &metrics] {
        assert!(!told.contains(name) && !told.contains(number), "{told}");
    }
}

#[test]
fn every_rpc_is_counted_with_its_code_and_its_duration() {
    let collected = collected();
    let arriving = async {
        let serving = serve(Catalogue::default(), SOON).await;
        serving.client().get_item(item("drug")).await.expect("it answers");
        serving.client().get_item(item("none")).await.expect_err("there is no such item");
        loop {
            collected.telemetry.flush().await;
            let metrics = held(&collected.collector.metrics).join("\n");
            let all =
                ["rpc.server.call.duration", "rpc.client.call.duration", "rpc.server.calls_in_flight", "IntValue(5)"];
            if all.iter().all(|wanted| metrics.contains(wanted)) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let waiting = async { tokio::time::timeout(SOON + Duration::from_secs(1), arriving).await };
    collected.runtime.block_on(waiting).expect("the metrics arrive");
}

#[test]
fn a_gauge_is_sent_with_every_report_and_what_is_degraded_is_one() {
    let collected = collected();
    collected.runtime.block_on(async {
        let gauge = Gauge::register("yibao.test.age", "s", "How old the test is.");
        gauge.set(41);
        gauge.set(42);
        collected.metric("yibao.test.age", &["unit: \"s\"", "How old the test is.", "AsInt(42)"]).await;
        held(&collected.collector.metrics).clear();
        collected.metric("yibao.test.age", &["AsInt(42)"]).await;
        gauge.set_for("division", "990100", -7);
        collected.metric("yibao.test.age", &["AsInt(42)", "990100", "AsInt(-7)"]).await;

        let serving = serve(Catalogue::default(), SOON).await;
        serving.readiness.degraded("registry", true).await;
        collected.metric("yibao.degraded", &["key: \"what\"", "\"registry\"", "AsInt(1)"]).await;
        serving.readiness.degraded("registry", false).await;
        collected.metric("yibao.degraded", &["\"registry\"", "AsInt(0)"]).await;
    });
}

//! What the service says of itself: books and outbox as gauges, and what was delivered long ago is removed.

use std::time::Duration;

use opentelemetry::global;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, GaugeDataPoint, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use pb::enrolment::v1 as pb;
use store::outbox::{self, Event};
use testkit::on_both;

use crate::support::{World, employee, eventually, paid};

/// The values of the gauges of this name that say whose books they are of.
fn values(metrics: &SdkMeterProvider, exporter: &InMemoryMetricExporter, name: &str) -> Vec<i64> {
    exporter.reset();
    drop(metrics.force_flush());
    let finished = exporter.get_finished_metrics().unwrap_or_default();
    let all = finished.iter().flat_map(ResourceMetrics::scope_metrics).flat_map(ScopeMetrics::metrics);
    let of = all.filter(|metric| metric.name() == name).filter_map(|metric| match metric.data() {
        AggregatedMetrics::I64(MetricData::Gauge(gauge)) => Some(gauge),
        _ => None,
    });
    of.flat_map(|gauge| gauge.data_points().map(GaugeDataPoint::value)).collect()
}

#[test]
fn books_and_outbox_show_as_gauges() {
    on_both(|url| async move {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3_600)).build();
        let metrics = SdkMeterProvider::builder().with_reader(reader).build();
        global::set_meter_provider(metrics.clone());
        let world = World::new(&url).await;
        world.resident(1).await;
        for name in ["yibao.ledger.sum", "yibao.outbox.waiting", "yibao.outbox.lag"] {
            let look = || async { values(&metrics, &exporter, name).first().copied() };
            assert_eq!(eventually(look).await, 0, "{name}");
        }
    });
}

#[test]
fn an_event_delivered_long_ago_is_removed_and_a_young_one_stays() {
    on_both(|url| async move {
        let old = World::new(&url).await;
        // a month and a half before the second process begins, and a day before
        for (number, day) in [(1, "2021-10-01"), (2, "2021-11-14")] {
            old.noon(day);
            let person = old.person(number).await;
            let enrolment = old.enrol(&person, employee()).await;
            assert_eq!(paid(old.pay(&enrolment, day).await).state(), pb::EnrolmentState::Active);
            let delivered = || async { (outbox::waiting(&old.database).await.unwrap() == 0).then_some(()) };
            eventually(delivered).await;
        }
        let credits = old.accounts.credits.lock().unwrap().clone();
        let known = |id: String| {
            let database = old.database.clone();
            async move {
                // an id the table knows is passed over
                let event = Event {
                    id,
                    key: "k".to_owned(),
                    topic: "t".to_owned(),
                    payload: Vec::new(),
                    trace_context: None,
                    created_at: 0,
                };
                let before = outbox::waiting(&database).await.unwrap();
                let put = |tx: store::Tx| {
                    let event = event.clone();
                    async move { outbox::put(&tx, &[event]).await }
                };
                drop(database.transaction::<_, store::Error, _, _>(put).await);
                outbox::waiting(&database).await.unwrap() == before
            }
        };
        World::new(&url).await;
        let ids: Vec<String> = credits.into_iter().map(|credit| credit.credit_id).collect();
        let gone = || async { (!known(ids[0].clone()).await).then_some(()) };
        eventually(gone).await;
        assert!(known(ids[1].clone()).await, "a young one stays");
    });
}

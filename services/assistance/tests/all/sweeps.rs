//! A hold nobody has heard of in time: settlement is asked, and its answer ends the hold.

use std::time::Duration;

use ::pb::r#type::v1::EntryState;
use opentelemetry::global;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, GaugeDataPoint, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use testkit::on_both;

use crate::support::{LIMIT, World, change, eventually};

async fn ended(world: &World, hold: &str) -> EntryState {
    let look = || async { Some(world.hold(hold).await.state()).filter(|state| *state != EntryState::Pending) };
    eventually(look).await
}

#[test]
fn an_overdue_hold_is_voided_where_no_commit_used_it_and_posted_where_one_did() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("used", "P1", 1_000).await;
        world.reserve("unused", "P2", 1_000).await;
        let made = vec![change("P1", 1, "", &[("C0", 0, 0)]), change("P1", 2, "used", &[("C1", 0, 900)])];
        *world.settlement.made.lock().unwrap() = made.clone();
        assert!(world.settlement.asked.lock().unwrap().is_empty(), "nobody asks before its time");
        world.later(31);
        assert_eq!(ended(&world, "used").await, EntryState::Posted);
        assert_eq!(ended(&world, "unused").await, EntryState::Voided);
        assert_eq!((world.limit("P1").await, world.limit("P2").await), ((Some(LIMIT), 0, 900), (Some(LIMIT), 0, 0)));
        // the relay's own delivery comes late
        let answers = world.post(&made).await;
        assert!(answers.iter().all(|answer| *answer == ::pb::assistance::v1::PostOutcome::Known), "{answers:?}");
        assert_eq!(world.books().await["fund:370800:assistance"], 900);
    });
}

#[test]
fn a_hold_behind_more_changes_than_one_answer_has_is_asked_about_again() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("used", "P1", 1_000).await;
        let mut made: Vec<_> = (1..5).map(|sequence| change("P1", sequence, "", &[])).collect();
        made.push(change("P1", 5, "used", &[("C1", 0, 1_000)]));
        *world.settlement.made.lock().unwrap() = made;
        *world.settlement.most.lock().unwrap() = Some(2);
        world.later(31);
        assert_eq!(ended(&world, "used").await, EntryState::Posted);
        let after: Vec<u64> = world.settlement.asked.lock().unwrap().iter().map(|one| one.after_sequence).collect();
        assert_eq!(after, [0, 2, 4]);
    });
}

#[test]
fn while_settlement_is_away_a_hold_stays_and_its_limit_stays_held() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        *world.settlement.away.lock().unwrap() = true;
        world.reserve("A", "P1", LIMIT).await;
        world.later(31);
        eventually(|| async { (!world.settlement.asked.lock().unwrap().is_empty()).then_some(()) }).await;
        assert_eq!(world.hold("A").await.state(), EntryState::Pending);
        assert_eq!(world.reserve("B", "P1", 1).await, 0, "nobody else gets it");
        assert!(world.hold("A").await.asked_at.is_some());
        *world.settlement.away.lock().unwrap() = false;
        // beyond the lease under which it was asked
        world.later(60);
        assert_eq!(ended(&world, "A").await, EntryState::Voided);
        assert_eq!(world.reserve("C", "P1", LIMIT).await, LIMIT);
    });
}

/// The last values of a gauge.
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
fn a_hold_that_stays_pending_too_long_shows_as_a_gauge() {
    on_both(|url| async move {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3_600)).build();
        let metrics = SdkMeterProvider::builder().with_reader(reader).build();
        global::set_meter_provider(metrics.clone());
        let world = World::new(&url).await;
        *world.settlement.away.lock().unwrap() = true;
        world.reserve("A", "P1", 100).await;
        world.later(31);
        // other tests of this process have their own holds, on the same gauge
        let look = |name: &'static str, least| {
            let (metrics, exporter) = (metrics.clone(), exporter.clone());
            move || {
                let value = values(&metrics, &exporter, name).first().copied().filter(|value| *value >= least);
                async move { value }
            }
        };
        eventually(look("yibao.holds.overdue", 1)).await;
        world.later(100);
        eventually(look("yibao.holds.overdue_age", 100)).await;
        let beyond = change("P1", 1, "A", &[("C1", 0, 101)]);
        world.post(&[beyond]).await;
        eventually(look("yibao.changes.refused", 1)).await;
        assert_eq!(eventually(look("yibao.ledger.sum", 0)).await, 0);
    });
}

#[test]
fn a_hold_whose_end_cannot_be_kept_keeps_the_sweep_from_no_other() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.reserve("bad", "P1", 100).await;
        world.reserve("good", "P2", 1_000).await;
        // more than was held: a defect, and the hold stays
        *world.settlement.made.lock().unwrap() = vec![change("P1", 1, "bad", &[("C1", 0, 900)])];
        world.later(31);
        assert_eq!(ended(&world, "good").await, EntryState::Voided);
        assert_eq!(world.hold("bad").await.state(), EntryState::Pending);
        assert_eq!((world.limit("P1").await, world.limit("P2").await), ((Some(LIMIT), 100, 0), (Some(LIMIT), 0, 0)));
    });
}

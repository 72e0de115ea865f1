//! Benchmarks of the policy engine: `cargo bench -p policy`.
//!
//! One decision with and without steps, a batch of a million full decisions over both cores, and the small peer task
//! (a deductible, four bands, a ceiling, half up; a million rows) written as a pack and run through the batch door,
//! beside the same arithmetic in ten lines of integers as the machine's own limit in the same run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark may fail")]

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use money::Fen;
use policy::case::{Question, read};
use policy::{Facts, PackFile, Parts, Policy};

fn main() {
    check_peer();
    divan::main();
}

const MILLION: usize = 1_000_000;

static SHIPPED: LazyLock<Policy> =
    LazyLock::new(|| Policy::compile(&Policy::shipped_files()).unwrap_or_else(|problems| panic!("{problems}")));

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap()
}

fn facts_of(file: &str, text: &str) -> Facts {
    let case = read(file, text).unwrap_or_else(|problems| panic!("{problems}"));
    let Question::Bills(bills) = case.question else { panic!("a case with a bill") };
    Facts {
        person: bills.person,
        bill: bills.bills.into_iter().next().unwrap(),
        accumulated: bills.accumulated,
        held: Vec::new(),
    }
}

fn three_systems() -> Facts {
    let facts = facts_of("three-systems.toml", include_str!("three-systems.toml"));
    let decision = SHIPPED.adjudicate(&facts);
    let paid: Vec<String> = SHIPPED.payments(decision.settlement().unwrap()).into_keys().collect();
    assert!(
        ["pooled_fund", "serious_illness", "assistance", "tilt"].iter().all(|name| paid.iter().any(|p| p == name)),
        "{paid:?}"
    );
    facts
}

mod one {
    use super::*;

    #[divan::bench(sample_count = 100, sample_size = 1000)]
    fn three_system_decision_with_steps(bencher: Bencher<'_, '_>) {
        let facts = three_systems();
        bencher.counter(ItemsCount::new(1usize)).bench_local(|| SHIPPED.adjudicate(divan::black_box(&facts)));
    }

    #[divan::bench(sample_count = 100, sample_size = 1000)]
    fn three_system_decision_without_steps(bencher: Bencher<'_, '_>) {
        let facts = three_systems();
        bencher
            .counter(ItemsCount::new(1usize))
            .bench_local(|| SHIPPED.adjudicate_without_steps(divan::black_box(&facts)));
    }
}

mod million {
    use super::*;

    /// Full decisions with steps, each counted and let go as it is made (a store would have written it).
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn full_decisions_over_all_cores(bencher: Bencher<'_, '_>) {
        let facts = three_systems();
        let all: Vec<&Facts> = vec![&facts; MILLION];
        bencher.counter(ItemsCount::new(MILLION)).bench_local(|| {
            let settled = SHIPPED.adjudicate_each(&all, cores(), |decision| decision.settlement().is_some());
            assert!(settled.iter().all(|settled| *settled));
        });
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn peer_rows_through_the_batch_door(bencher: Bencher<'_, '_>) {
        let policy = peer_policy();
        let like = facts_of("peer", PEER_CASE);
        let rows = peer_rows();
        let batch = policy.batch(&like).unwrap();
        bencher
            .counter(ItemsCount::new(MILLION))
            .bench_local(|| batch.shares(divan::black_box(&rows), cores()).unwrap());
    }

    /// The machine's own limit: the same task in bare integers, one core.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn peer_rows_in_bare_integers_one_core(bencher: Bencher<'_, '_>) {
        let rows = peer_rows();
        bencher.counter(ItemsCount::new(MILLION)).bench_local(|| {
            divan::black_box(&rows).iter().map(|row| bare(row.within_scope.get())).collect::<Vec<i64>>()
        });
    }
}

/// Deductible 800.00; 60 % to 10,000, 65 % to 30,000, 70 % to 80,000, 75 % above; ceiling 100,000.00; half up.
const PEER_CASE: &str = r#"
title = "peer"
[person]
division = "990000"
scheme = "resident"
group = "adult"
[[bill]]
care = "inpatient"
institution = "tertiary"
from = 2022-01-01
total = "0.00"
parts = {}
"#;

fn peer_policy() -> Policy {
    let file = |path: &str, text: &str| PackFile { path: path.to_owned(), text: text.to_owned() };
    let files = [
        file(
            "clauses.toml",
            "[P-1]\ndocument = \"peer task\"\nplace = \"limits C6\"\nzh = \"对比任务\"\nen = \"peer task\"\n",
        ),
        file("990000/division.toml", "zh = \"对比\"\nen = \"peer\"\n"),
        file(
            "990000/payers.toml",
            "[pooled_fund]\nzh = \"统筹\"\nen = \"pool\"\nkind = \"fund\"\nfield = \"hifp_pay\"\n",
        ),
        file(
            "990000/resident/inpatient.toml",
            r#"
cite = "P-1"
[stack]
all = { 2020-01-01 = ["pooled"] }
[pooled]
payer = "pooled_fund"
[pooled.deductible]
all = { 2020-01-01 = "800.00" }
[pooled.ratio]
all = { 2020-01-01 = ["0.60 to 10000.00", "0.65 to 30000.00", "0.70 to 80000.00", "0.75"] }
[pooled.ceiling]
all = { 2020-01-01 = "100000.00" }
"#,
        ),
    ];
    Policy::compile(&files).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A million distinct amounts up to 200,000.00, by a fixed linear congruence.
fn peer_rows() -> Vec<Parts> {
    let mut state = 12_345u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % 20_000_000).unwrap()
    };
    (0..MILLION).map(|_| Parts { within_scope: Fen::new(next()), ..Parts::default() }).collect()
}

fn bare(cost: i64) -> i64 {
    const BANDS: [(i64, i64, i64); 4] = [
        (0, 1_000_000, 6_000),
        (1_000_000, 3_000_000, 6_500),
        (3_000_000, 8_000_000, 7_000),
        (8_000_000, i64::MAX, 7_500),
    ];
    let from = 80_000;
    let exact: i64 = BANDS.iter().map(|(low, high, rate)| (cost.min(*high) - (*low).max(from)).max(0) * rate).sum();
    ((exact + 5_000) / 10_000).min(10_000_000)
}

/// No row may be wrong by a fen.
fn check_peer() {
    let policy = peer_policy();
    let like = facts_of("peer", PEER_CASE);
    let rows = peer_rows();
    let shares = policy.batch(&like).unwrap().shares(&rows, cores()).unwrap();
    let wrong =
        rows.iter().zip(&shares).filter(|(row, shares)| bare(row.within_scope.get()) != shares.fund.get()).count();
    assert_eq!(wrong, 0, "rows that differ from exact fen");
    println!("peer task: {MILLION} rows, {wrong} differ from exact fen");
}

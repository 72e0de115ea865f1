//! The seeds that are run: a thousand, those that once found something, and a fresh one each time.

use std::hash::{BuildHasher as _, RandomState};

use crate::sim::flaws::Flaw;
use crate::sim::world::{Counts, World};

/// Seeds that found something, each with what it was.
const FOUND: &[u64] = &[];

const SHARDS: u64 = 8;
const SEEDS: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "a person who looks for a fault sets it")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn run(seed: u64) -> Counts {
    let mut world = World::new(seed, Flaw::None);
    world.trace = setting("YIBAO_SIM_TRACE").is_some();
    if let Some(wrong) = world.run() {
        panic!("seed {seed}, step {}, at {} ms: {wrong}", world.steps, world.now);
    }
    world.counts
}

fn shard(number: u64) {
    for seed in (0..SEEDS).filter(|seed| seed % SHARDS == number) {
        run(seed);
    }
}

macro_rules! shards {
    ($($name:ident $number:literal),+) => { $(#[test] fn $name() { shard($number); })+ };
}

shards!(no_seed_of_eight_0 0, no_seed_of_eight_1 1, no_seed_of_eight_2 2, no_seed_of_eight_3 3);
shards!(no_seed_of_eight_4 4, no_seed_of_eight_5 5, no_seed_of_eight_6 6, no_seed_of_eight_7 7);

#[test]
fn seeds_that_once_found_something_find_nothing_now() {
    for seed in FOUND {
        run(*seed);
    }
}

#[test]
fn a_seed_nobody_has_seen_finds_nothing() {
    let fresh = RandomState::new().hash_one("a fresh seed");
    let seed = setting("YIBAO_SIM_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(fresh);
    println!("fresh seed: YIBAO_SIM_SEED={seed}");
    run(seed);
}

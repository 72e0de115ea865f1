//! Latencies counted in buckets: whole microseconds, each known to better than two in a hundred.

/// Linear buckets within each doubling.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts of latencies in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    /// Counts one.
    pub(super) fn record(&mut self, micros: u64) {
        let bucket = bucket(micros);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(micros);
    }

    /// Adds the counts of another.
    pub(super) fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// How many were counted.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The longest, in microseconds.
    pub(super) const fn max(&self) -> u64 {
        self.max
    }

    /// The latency that so many of a thousand do not pass, in microseconds: the upper end of its bucket.
    pub(super) fn permille(&self, permille: u64) -> u64 {
        let wanted = (self.total * permille).div_ceil(1_000);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return upper(bucket).min(self.max);
            }
        }
        self.max
    }
}

/// Below `STEPS` each value has a bucket; above, each doubling has `STEPS` of them.
fn bucket(micros: u64) -> usize {
    let doublings = (u64::BITS - micros.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let bucket = u64::from(doublings) * STEPS + (micros >> doublings);
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

fn upper(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket < 2 * STEPS {
        return bucket;
    }
    let doublings = bucket / STEPS - 1;
    ((bucket - doublings * STEPS + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bucket_that_ends_less_than_two_hundredths_above_it() {
        for micros in (0..100_000).chain([1 << 20, (1 << 20) + 1, 60_000_000]) {
            let end = upper(bucket(micros));
            assert!(end >= micros && end - micros <= micros / 64 + 1, "{micros} ends at {end}");
        }
    }

    #[test]
    fn a_thousand_values_have_their_quantiles() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|micros| histogram.record(micros));
        let about = |permille, value: u64| histogram.permille(permille).abs_diff(value) <= value / 64 + 1;
        assert!(about(500, 500) && about(990, 990) && about(999, 999));
        assert_eq!((histogram.permille(1_000), histogram.max(), histogram.total()), (1_000, 1_000, 1_000));
    }
}

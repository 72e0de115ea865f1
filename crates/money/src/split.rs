use crate::{Fen, Rate, Rounding};

/// Splits `total` by rates that sum to one; fen left over by rounding down go to the largest remainders, the
/// earlier part first. The parts always sum to `total`.
///
/// Returns `None` where the rates do not sum to one, one is negative, or the total is.
#[must_use]
pub fn split_by_rates(total: Fen, rates: &[Rate]) -> Option<Vec<Fen>> {
    let whole: i64 = rates.iter().map(|rate| rate.millionths()).sum();
    if whole != Rate::SCALE || total.is_negative() || rates.iter().any(|rate| *rate < Rate::ZERO) {
        return None;
    }
    let exact: Vec<_> = rates.iter().map(|rate| *rate * total).collect();
    let mut parts: Vec<Fen> = exact.iter().map(|part| part.round(Rounding::Down)).collect();
    let mut left = total - parts.iter().copied().sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&at| {
        exact.get(at).map(|part| std::cmp::Reverse(part.millionths_of_fen() % i128::from(Rate::SCALE)))
    });
    for at in order {
        if left.is_zero() {
            break;
        }
        if let Some(part) = parts.get_mut(at) {
            *part += Fen::new(1);
            left -= Fen::new(1);
        }
    }
    Some(parts)
}

/// Splits `total` into `count` parts that differ by at most one fen, the larger first. They sum to `total`.
#[must_use]
pub fn split_evenly(total: Fen, count: u32) -> Vec<Fen> {
    let parts = i64::from(count);
    if parts == 0 {
        return Vec::new();
    }
    let (each, more) = (total.get().div_euclid(parts), total.get().rem_euclid(parts));
    (0..parts).map(|at| Fen::new(each + i64::from(at < more))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn guangxi_subsidy_of_610_splits_into_488_and_122() {
        let rates = ["0.8", "0.2"].map(|rate| rate.parse().unwrap());
        let parts = split_by_rates(Fen::new(61_000), &rates).unwrap();
        assert_eq!(parts, [Fen::new(48_800), Fen::new(12_200)]);
    }

    #[test]
    fn a_fen_left_over_goes_to_the_largest_remainder() {
        let rates = ["0.333333", "0.333333", "0.333334"].map(|rate| rate.parse().unwrap());
        assert_eq!(split_by_rates(Fen::new(100), &rates).unwrap(), [Fen::new(33), Fen::new(33), Fen::new(34)]);
        assert_eq!(split_by_rates(Fen::new(100), rates.get(..2).unwrap()), None);
    }

    proptest! {
        #[test]
        fn no_split_loses_a_fen(total in 0i64..100_000_000_000, cuts in proptest::collection::vec(0i64..=1_000_000, 0..6), count in 1u32..40) {
            let mut ends = cuts;
            ends.sort_unstable();
            ends.push(1_000_000);
            let mut from = 0;
            let rates: Vec<Rate> = ends.iter().map(|end| { let rate = Rate::from_millionths(end - from); from = *end; rate }).collect();
            let parts = split_by_rates(Fen::new(total), &rates).unwrap();
            prop_assert_eq!(parts.iter().copied().sum::<Fen>(), Fen::new(total));
            prop_assert!(parts.iter().all(|part| !part.is_negative()));
            prop_assert_eq!(split_evenly(Fen::new(total), count).into_iter().sum::<Fen>(), Fen::new(total));
        }
    }
}

//! Banded ratios: costs from here to there, each stretch at the ratio of its band.

use money::{Fen, Rate, Rounding, Unrounded};

use crate::pack::Band;

/// What the bands give for the costs from `from` to `to`, rounded in the sum or at each band.
pub(crate) fn graduated(bands: &[Band], (rounding, each_band): (Rounding, bool), from: Fen, to: Fen) -> Fen {
    let mut sum = Unrounded::ZERO;
    let mut rounded = Fen::ZERO;
    let mut low = Fen::ZERO;
    for band in bands {
        let stretch = overlap(low, band.to, from, to);
        if !stretch.is_zero() {
            let exact = band.ratio * stretch;
            if each_band {
                rounded += exact.round(rounding);
            } else {
                sum = sum + exact;
            }
        }
        if band.to >= to {
            break;
        }
        low = band.to;
    }
    if each_band { rounded } else { sum.round(rounding) }
}

/// The smallest place above `from`, at most `to`, up to which the bands give at least `payment` before rounding.
pub(crate) fn reaches(bands: &[Band], from: Fen, to: Fen, payment: Fen) -> Fen {
    let mut left = Rate::ONE * payment;
    let mut low = Fen::ZERO;
    for band in bands {
        let stretch = overlap(low, band.to, from, to);
        let gives = band.ratio * stretch;
        if gives >= left && left > Unrounded::ZERO {
            return from.max(low) + left.cost_at(band.ratio);
        }
        left = left - gives;
        low = band.to;
    }
    if payment.is_zero() { from } else { to }
}

/// How much of `from..to` lies in `low..high`.
pub(crate) fn overlap(low: Fen, high: Fen, from: Fen, to: Fen) -> Fen {
    to.min(high).above(from.max(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(list: &[(i64, &str)]) -> Vec<Band> {
        list.iter().map(|(to, ratio)| Band { to: Fen::new(*to), ratio: ratio.parse::<Rate>().unwrap() }).collect()
    }

    const BILL: (Rounding, bool) = (Rounding::HalfUp, false);

    #[test]
    fn costs_are_paid_stretch_by_stretch() {
        let bands = bands(&[(10_000, "0.6"), (20_000, "0.65"), (i64::MAX / 4, "0.7")]);
        let paid = |from, to| graduated(&bands, BILL, Fen::new(from), Fen::new(to)).get();
        assert_eq!(paid(0, 10_000), 6_000);
        assert_eq!(paid(0, 25_000), 6_000 + 6_500 + 3_500);
        assert_eq!(paid(9_999, 10_001), 1); // 0.6 + 0.65 = 1.25
        assert_eq!(paid(5, 5), 0);
    }

    #[test]
    fn a_payment_is_reached_at_the_smallest_whole_fen_of_cost() {
        let flat = bands(&[(i64::MAX / 4, "0.6")]);
        let reached = |bands: &[Band], from, payment| {
            reaches(bands, Fen::new(from), Fen::new(1_000_000), Fen::new(payment)).get()
        };
        assert_eq!(reached(&flat, 0, 200_000), 333_334); // 2,000 at 60 % is 3,333.34 (domain 6.1)
        assert_eq!(reached(&flat, 15_000, 200_000), 348_334);
        assert_eq!(reached(&flat, 15_000, 0), 15_000);
        let two = bands(&[(10_000, "0"), (i64::MAX / 4, "0.5")]);
        assert_eq!(reached(&two, 0, 1), 10_002);
        assert_eq!(reached(&two, 0, 900_000), 1_000_000);
    }

    #[test]
    fn rounding_each_band_can_differ_by_a_fen_from_rounding_the_sum() {
        let bands = bands(&[(1, "0.5"), (i64::MAX / 4, "0.5")]);
        assert_eq!(graduated(&bands, (Rounding::HalfUp, true), Fen::ZERO, Fen::new(2)), Fen::new(2));
        assert_eq!(graduated(&bands, (Rounding::HalfUp, false), Fen::ZERO, Fen::new(2)), Fen::new(1));
    }
}

//! How long to wait before something is sent again: doubling, with a share of the bill's own id instead of a lot.

use chrono::Duration;

use crate::{BillId, Terms};

/// The wait after so many attempts (0: the first): between a half and the whole of `first_wait` doubled that often, and never
/// more than `most_wait`. The share depends on the bill and the attempt alone, so that what was woken together spreads out.
#[must_use]
pub fn wait(bill: &BillId, attempts: u32, terms: &Terms) -> Duration {
    let most = terms.most_wait.num_milliseconds().max(1);
    let doubled = terms.first_wait.num_milliseconds().max(1).saturating_mul(1_i64 << attempts.min(40));
    let whole = doubled.min(most);
    let lot = bill.0.iter().fold(attempts, |lot, byte| lot.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let half = whole / 2;
    Duration::milliseconds(whole - half + half * i64::from(lot % 1024) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        let seconds = Duration::seconds;
        Terms {
            offer: seconds(120),
            first_wait: Duration::milliseconds(250),
            most_wait: seconds(60),
            give_up_asking: seconds(5),
            rounds: 3,
        }
    }

    #[test]
    fn waits_double_up_to_the_most_and_spread_by_the_bill() {
        let bills: Vec<BillId> = (0..64).map(|number| BillId([number; 16])).collect();
        for attempts in 0..64 {
            let whole = Duration::milliseconds(250 * (1_i64 << attempts.min(20))).min(Duration::seconds(60));
            let waits: Vec<Duration> = bills.iter().map(|bill| wait(bill, attempts, &terms())).collect();
            assert!(waits.iter().all(|wait| *wait >= whole / 2 && *wait <= whole), "{attempts}: {waits:?}");
            assert!(waits.iter().max() > waits.iter().min(), "all at once after {attempts}");
            assert_eq!(waits[7], wait(&bills[7], attempts, &terms()), "the same again");
        }
    }

    #[test]
    fn a_wait_of_nothing_still_passes_time() {
        let none = Terms { first_wait: Duration::zero(), most_wait: Duration::zero(), ..terms() };
        assert!(wait(&BillId([9; 16]), 0, &none) > Duration::zero());
    }
}

//! Bills drawn from a seed: the same again whenever they are drawn, so that none has to be kept.

use std::collections::BTreeMap;

use crossing::clearing::Month;
use pb::cross_province::v1 as pb;

/// How many items a message has: at most what the service takes.
const ITEMS: usize = 5_000;
/// One of so many bills is reversed.
const REVERSED: u64 = 100;
/// The largest bill, in fen.
const LARGEST: u64 = 2_000_000;

/// What is drawn.
#[derive(Clone, Debug)]
pub(super) struct Bills {
    pub(super) count: u64,
    pub(super) provinces: u8,
    pub(super) seed: u64,
    pub(super) month: Month,
}

/// What a place of care is owed by a place of insurance, by the caller's own count. Amounts in fen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) items: u64,
    pub(super) settled_fen: i64,
    pub(super) reversed_fen: i64,
}

/// By place of care and of insurance.
pub(super) type Sums = BTreeMap<(String, String), Sum>;

/// The code of a generated province; the centre's is that after the last.
pub(super) fn code(province: u8) -> String {
    (60 * 10_000 + u32::from(province) * 10_000).to_string()
}

impl Bills {
    /// The items of a place of care, in order of day.
    fn items(&self, care: u8) -> impl Iterator<Item = pb::ClearingItem> + Send + use<> {
        let (seed, others, month) = (self.seed, u64::from(self.provinces) - 1, self.month);
        let own = (u64::from(care)..self.count).step_by(usize::from(self.provinces));
        own.flat_map(move |number| {
            let [id, with, owed, day] = [1, 2, 3, 4].map(|what| drawn(seed, number, what));
            let insured = (u64::from(care) + 1 + with % others) % (others + 1);
            let owed_fen = i64::try_from(owed % LARGEST).unwrap_or_default() + 1;
            let item = |kind: pb::ClearingItemKind, owed_fen| pb::ClearingItem {
                // the number makes it the only one
                bill_id: format!("{id:016x}{number:016x}"),
                kind: kind.into(),
                insured_division: code(u8::try_from(insured).unwrap_or_default()),
                booked_date: month.day(u32::try_from(day % 28).unwrap_or_default() + 1).to_string(),
                owed_fen,
            };
            let reversal = number.is_multiple_of(REVERSED).then(|| item(pb::ClearingItemKind::Reversed, -owed_fen));
            std::iter::once(item(pb::ClearingItemKind::Settled, owed_fen)).chain(reversal)
        })
    }

    /// What a place of care declares, message by message.
    pub(super) fn messages(&self, care: u8) -> impl Iterator<Item = pb::DeclareItemsRequest> + Send + use<> {
        let mut items = self.items(care);
        let month = self.month.to_string();
        std::iter::from_fn(move || {
            let items: Vec<_> = items.by_ref().take(ITEMS).collect();
            let message = pb::DeclareItemsRequest { items, month: month.clone(), care_division: code(care) };
            (!message.items.is_empty()).then_some(message)
        })
    }

    /// What they come to.
    pub(super) fn sums(&self, care: u8) -> Sums {
        let mut sums = Sums::new();
        for item in self.items(care) {
            let sum = sums.entry((code(care), item.insured_division)).or_default();
            sum.items += 1;
            if item.owed_fen > 0 { sum.settled_fen += item.owed_fen } else { sum.reversed_fen += item.owed_fen }
        }
        sums
    }
}

/// A number of a bill: the splitmix64 finaliser over seed, bill and what is drawn.
fn drawn(seed: u64, number: u64, what: u64) -> u64 {
    let mut mixed =
        seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03) ^ (what << 60);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 31)
}

//! Figures as people read them. Widths of pictures are whole per mille; nothing here is a float.

use money::{Fen, Rate};
use serde::Serializer;

use super::Lang;

/// A rate with at least two decimals: `0.60`, `0.125`.
pub(super) fn rate(rate: Rate) -> String {
    let plain = rate.to_string();
    match plain.split_once('.').map(|(_, decimals)| decimals.len()) {
        None => format!("{plain}.00"),
        Some(1) => format!("{plain}0"),
        Some(_) => plain,
    }
}

/// A rate in per cent without needless decimals: `60`, `12.5`.
pub(super) fn per_cent(rate: Rate) -> String {
    rate.times(100).to_string()
}

/// A rate with four decimals, as the national interface reports ratios.
pub(super) fn four_decimals(rate: Rate) -> String {
    let ten_thousandths = (rate.millionths() + 50).div_euclid(100);
    format!("{}.{:04}", ten_thousandths.div_euclid(10_000), ten_thousandths.rem_euclid(10_000))
}

/// A difference with its sign: `+312.40`.
pub(super) fn signed(difference: Fen) -> String {
    let sign = if difference > Fen::ZERO { "+" } else { "" };
    format!("{sign}{}", difference.grouped())
}

/// An amount with its unit, where the language puts one.
pub(super) fn yuan(lang: Lang, amount: Fen) -> String {
    match lang {
        Lang::Zh => format!("{} 元", amount.grouped()),
        Lang::En => amount.grouped(),
    }
}

/// How many per mille `part` is of `whole`, half up; 0 of nothing.
pub(super) fn per_mille(part: Fen, whole: Fen) -> i64 {
    let (part, whole) = (i128::from(part.get()), i128::from(whole.get()));
    if whole <= 0 {
        return 0;
    }
    i64::try_from((part * 2000 + whole).div_euclid(whole * 2)).unwrap_or(0)
}

/// Per mille as per cent with one decimal: `57.6%`.
pub(super) fn percent_of_mille(mille: i64) -> String {
    format!("{}.{}%", mille.div_euclid(10), mille.rem_euclid(10))
}

/// For serde: an amount as a decimal string in yuan.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) fn as_yuan<S: Serializer>(amount: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// For serde: a ratio with four decimals.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) fn as_ratio<S: Serializer>(ratio: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&four_decimals(*ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_at_least_two_decimals() {
        let spelled = |text: &str| rate(text.parse().unwrap());
        assert_eq!(["1", "0.6", "0.65", "0.125"].map(spelled), ["1.00", "0.60", "0.65", "0.125"]);
        assert_eq!(four_decimals("0.123456".parse().unwrap()), "0.1235");
        assert_eq!(four_decimals(Rate::ONE), "1.0000");
    }

    #[test]
    fn shares_are_whole_per_mille() {
        assert_eq!(per_mille(Fen::new(1), Fen::new(3)), 333);
        assert_eq!(per_mille(Fen::new(2), Fen::new(3)), 667);
        assert_eq!(per_mille(Fen::new(5), Fen::ZERO), 0);
        assert_eq!(percent_of_mille(576), "57.6%");
    }
}

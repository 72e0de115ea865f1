use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount of money in whole fen (1 yuan = 100 fen).
///
/// Addition and subtraction are checked in every build profile (`overflow-checks` is on for release too) and
/// cannot overflow behind a door that admits at most [`Fen::LIMIT`]. There is no multiplication and no division:
/// use `Rate * Fen` and a named rounding, or a split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(i64);

/// Why a text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount in yuan with two decimals, such as \"800.00\"")]
pub struct ParseFenError;

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount any door of the suite admits: 1,000,000,000.00 yuan.
    pub const LIMIT: Self = Self(100_000_000_000);
    /// Above every admissible amount: the end of an open band, or no limit at all.
    pub const UNLIMITED: Self = Self(i64::MAX / 4);

    /// An amount of `fen` fen.
    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The amount as a number of fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, or `None` where it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` where it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The same amount `count` times (heads, months), or `None` where it does not fit. Not a rate: exact.
    #[must_use]
    pub const fn times(self, count: i64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(product) => Some(Self(product)),
            None => None,
        }
    }

    /// What is left of this amount above `other`, never below zero.
    #[must_use]
    pub fn above(self, other: Self) -> Self {
        if self.0 > other.0 { Self(self.0 - other.0) } else { Self::ZERO }
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether the amount is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount in yuan with thousands separated, for people: `16,781,100.00`.
    #[must_use]
    pub fn grouped(self) -> String {
        let plain = self.to_string();
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
        let mut grouped = String::with_capacity(plain.len() + whole.len() / 3);
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}.{cents}")
    }
}

impl Add for Fen {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Fen {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Fen {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Fen {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Fen {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Fen {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// In yuan with two decimals: `-800.05`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let text = format!("{sign}{}.{:02}", size / 100, size % 100);
        f.pad(&text)
    }
}

/// From yuan with exactly two decimals: `"800.05"`, `"-0.10"`.
impl FromStr for Fen {
    type Err = ParseFenError;
    fn from_str(text: &str) -> Result<Self, ParseFenError> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, cents) = digits.split_once('.').ok_or(ParseFenError)?;
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if cents.len() != 2 || whole.len() > 15 || !all_digits(whole) || !all_digits(cents) {
            return Err(ParseFenError);
        }
        let yuan: i64 = whole.parse().map_err(|_| ParseFenError)?;
        let fen: i64 = cents.parse().map_err(|_| ParseFenError)?;
        let size = yuan * 100 + fen;
        Ok(Self(if negative { -size } else { size }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_back_as_it_was_written() {
        for text in ["0.00", "0.05", "-0.05", "800.00", "16781100.00", "-1450000.99"] {
            assert_eq!(text.parse::<Fen>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_amount_without_two_decimals_is_refused() {
        for text in ["", "1", "1.", "1.0", "1.000", ".50", "1,000.00", "+1.00", "--1.00", "1e3", "9999999999999999.00"]
        {
            assert_eq!(text.parse::<Fen>(), Err(ParseFenError), "{text}");
        }
    }

    #[test]
    fn thousands_are_separated_for_people() {
        assert_eq!(Fen::new(1_678_110_000).grouped(), "16,781,100.00");
        assert_eq!(Fen::new(-99_999).grouped(), "-999.99");
        assert_eq!(Fen::new(-100_000).grouped(), "-1,000.00");
    }
}

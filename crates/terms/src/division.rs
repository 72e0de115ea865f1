use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An administrative division by its six-digit code (GB/T 2260, 行政区划代码).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Division(u32);

/// Why a text is no division code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a division code of six digits, the first not 0")]
pub struct ParseDivisionError;

impl Division {
    /// The code as a number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }

    /// The prefecture of a district's code, the province of a prefecture's; what is above a province the code does not say.
    #[must_use]
    pub fn above(self) -> Option<Self> {
        let above = if self.0.is_multiple_of(100) { self.0 - self.0 % 10_000 } else { self.0 - self.0 % 100 };
        (above != self.0).then_some(Self(above))
    }

    /// The province of the code: itself, where it is one.
    #[must_use]
    pub const fn province(self) -> Self {
        Self(self.0 - self.0 % 10_000)
    }

    /// The prefecture of a district's code; a prefecture or province itself.
    #[must_use]
    pub const fn prefecture(self) -> Self {
        Self(self.0 - self.0 % 100)
    }

    /// Whether the code has the shape of one: a district is in a prefecture, also where that has a number of its own kind (90).
    #[must_use]
    pub const fn is_well_formed(self) -> bool {
        self.0.is_multiple_of(100) || !(self.0 / 100).is_multiple_of(100)
    }
}

impl fmt::Display for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl FromStr for Division {
    type Err = ParseDivisionError;
    fn from_str(text: &str) -> Result<Self, ParseDivisionError> {
        let well_formed = text.len() == 6 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if !well_formed {
            return Err(ParseDivisionError);
        }
        text.parse().map(Self).map_err(|_| ParseDivisionError)
    }
}

impl Serialize for Division {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Division {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_make_a_division() {
        assert_eq!("990100".parse::<Division>().unwrap().to_string(), "990100");
        for text in ["", "99010", "9901000", "099010", "99O100", "９90100"] {
            assert_eq!(text.parse::<Division>(), Err(ParseDivisionError), "{text}");
        }
    }

    #[test]
    fn a_code_says_what_is_above_it_and_no_district_is_in_a_province_itself() {
        let of = |text: &str| text.parse::<Division>().unwrap();
        assert_eq!(of("990102").above(), Some(of("990100")));
        assert_eq!(of("990100").above(), Some(of("990000")));
        assert_eq!(of("990000").above(), None);
        assert_eq!([of("990102"), of("990100"), of("990000")].map(Division::province), [of("990000"); 3]);
        assert_eq!(
            ["990102", "990100", "990000"].map(|code| of(code).prefecture()),
            ["990100", "990100", "990000"].map(of)
        );
        assert!(of("990102").is_well_formed() && of("990000").is_well_formed() && of("999001").is_well_formed());
        assert!(!of("990012").is_well_formed());
    }
}

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const CAPACITY: usize = 47;

/// A short name out of a pack (layer, meter, plan, disease group), kept in place: copied without allocation.
///
/// At most 47 bytes, so that a meter can be found by comparing a few words on the hot path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    bytes: [u8; CAPACITY],
    length: u8,
}

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name of at most 47 bytes")]
pub struct NameTooLong;

impl Name {
    /// The empty name.
    pub const EMPTY: Self = Self { bytes: [0; CAPACITY], length: 0 };

    /// A name of this text.
    ///
    /// # Errors
    /// [`NameTooLong`] where the text has more than 47 bytes.
    pub fn new(text: &str) -> Result<Self, NameTooLong> {
        let mut name = Self::EMPTY;
        let room = name.bytes.get_mut(..text.len()).ok_or(NameTooLong)?;
        room.copy_from_slice(text.as_bytes());
        name.length = u8::try_from(text.len()).map_err(|_| NameTooLong)?;
        Ok(name)
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// Whether the name is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_text_and_its_limit() {
        assert_eq!(Name::new("resident.inpatient.pooled").unwrap().as_str(), "resident.inpatient.pooled");
        assert!(Name::new(&"x".repeat(47)).is_ok());
        assert_eq!(Name::new(&"x".repeat(48)), Err(NameTooLong));
    }
}

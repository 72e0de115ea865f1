/// One of the closed sets of words that facts and conditions are made of.
pub trait Word: Copy + Eq + Sized + 'static {
    /// What the set is called in messages: "institution".
    const DIMENSION: &'static str;
    /// Every word, in the order in which the set is listed.
    const ALL: &'static [Self];

    /// The spelling in packs, cases and results.
    fn word(self) -> &'static str;
    /// The Chinese term.
    fn zh(self) -> &'static str;
    /// The English term, for people.
    fn en(self) -> &'static str;
    /// The place in [`Word::ALL`].
    fn index(self) -> usize;

    /// The word with this spelling.
    ///
    /// # Errors
    /// [`UnknownWord`] names what was found and what the set holds.
    fn from_word(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.iter().copied().find(|word| word.word() == text).ok_or_else(|| UnknownWord {
            found: text.to_owned(),
            dimension: Self::DIMENSION,
            expected: Self::ALL.iter().map(|word| word.word()).collect(),
        })
    }
}

/// A word that is not in its set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no {dimension}: one of {}", expected.join(", "))]
pub struct UnknownWord {
    /// What was written.
    pub found: String,
    /// Which set it should be in.
    pub dimension: &'static str,
    /// What the set holds.
    pub expected: Vec<&'static str>,
}

/// Declares an enum whose variants are words: `Variant "spelling" "中文" "English"`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident is $dimension:literal { $($(#[$vdoc:meta])* $variant:ident $word:literal $zh:literal $en:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = concat!($en, " (", $zh, ").")] $(#[$vdoc])* $variant),+ }

        impl $crate::Word for $name {
            const DIMENSION: &'static str = $dimension;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            fn zh(self) -> &'static str { match self { $(Self::$variant => $zh),+ } }
            fn en(self) -> &'static str { match self { $(Self::$variant => $en),+ } }
            fn index(self) -> usize { self as usize }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::Word::word(*self))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> { $crate::Word::from_word(text) }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::Word::word(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use words;

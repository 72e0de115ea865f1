use terms::Word;

use crate::Lang;

/// Whether a text may hold colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Paint {
    /// Letters only.
    #[default]
    Plain,
    /// With the escape sequences of a terminal.
    Ansi,
}

impl Lang {
    /// A word's name.
    pub(super) fn word<W: Word>(self, word: W) -> &'static str {
        self.of(word.zh(), word.en())
    }

    /// The text with a capital at its beginning, where the language has them.
    pub(super) fn sentence(self, text: &str) -> String {
        let mut letters = text.chars();
        match (self, letters.next()) {
            (Self::En, Some(first)) => first.to_uppercase().chain(letters).collect(),
            _ => text.to_owned(),
        }
    }

    /// What stands between the parts of a list.
    pub(super) const fn comma(self) -> &'static str {
        self.of("，", ", ")
    }

    /// What stands between two sentences of one line.
    pub(super) const fn semicolon(self) -> &'static str {
        self.of("；", "; ")
    }

    /// What stands between a label and what it says.
    pub(super) const fn colon(self) -> &'static str {
        self.of("：", ": ")
    }

    /// A text in brackets, close to what stands before it.
    pub(super) fn brackets(self, text: &str) -> String {
        match self {
            Self::Zh => format!("（{text}）"),
            Self::En => format!(" ({text})"),
        }
    }
}

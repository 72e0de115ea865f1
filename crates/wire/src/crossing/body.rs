use pb::cross_province::v1 as pb;
use prost::Message;
use terms::Name;

/// Why bytes are no body of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABody {
    /// The kind is not known here.
    #[error("a known kind of message")]
    Kind,
    /// The bytes are not the one form of such a message, or hold what this side does not know.
    #[error("a message of its kind in its one form")]
    Form,
}

macro_rules! bodies {
    ($($name:ident),+ $(,)?) => {
        /// What one province says to another.
        #[expect(clippy::large_enum_variant, reason = "a body is read, looked at and dropped: none is kept among others")]
        #[derive(Clone, Debug, PartialEq)]
        pub enum Body {
            $(
                #[doc = concat!("`yibao.cross_province.v1.", stringify!($name), "`.")]
                $name(pb::$name),
            )+
        }

        impl Body {
            /// What it is.
            #[must_use]
            pub const fn kind(&self) -> pb::BodyKind {
                match self { $(Self::$name(_) => pb::BodyKind::$name),+ }
            }

            /// Its one form in bytes.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                match self { $(Self::$name(body) => body.encode_to_vec()),+ }
            }

            /// Reads a body, strictly: one content has one form.
            ///
            /// # Errors
            /// [`NotABody`].
            pub fn read(kind: pb::BodyKind, bytes: &[u8]) -> Result<Self, NotABody> {
                match kind {
                    pb::BodyKind::Unspecified => Err(NotABody::Kind),
                    $(pb::BodyKind::$name => strictly(bytes).map(Self::$name),)+
                }
            }
        }

        $(
            impl From<pb::$name> for Body {
                fn from(body: pb::$name) -> Self {
                    Self::$name(body)
                }
            }
        )+
    };
}

bodies! {
    Enquire, Enquired, Prepare, Offered, Refused, Confirm, Confirmed, Finish, Finished, Cancel, Reverse, Reversed, Ask, Ended,
    InProgress, NeverSeen, Stale, Explain, Explained, Fetch, Fetched,
}

impl Body {
    /// The word that is signed: the name of the kind without the enum's prefix, in lower case.
    #[must_use]
    pub fn word(&self) -> Name {
        word_of(self.kind())
    }

    /// The kind of a word.
    ///
    /// # Errors
    /// [`NotABody::Kind`].
    pub fn kind_of(word: &str) -> Result<pb::BodyKind, NotABody> {
        let name = format!("{PREFIX}{}", word.to_ascii_uppercase());
        let kind = pb::BodyKind::from_str_name(&name).filter(|kind| *kind != pb::BodyKind::Unspecified);
        kind.filter(|kind| word_of(*kind).as_str() == word).ok_or(NotABody::Kind)
    }
}

const PREFIX: &str = "BODY_KIND_";

/// The word of a kind that is signed.
pub(super) fn word_of(kind: pb::BodyKind) -> Name {
    let name = kind.as_str_name();
    Name::new(&name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase()).unwrap_or(Name::EMPTY)
}

/// A message whose bytes are those this side would write: with a field it does not know, or in another order, it is none.
pub(super) fn strictly<M: Message + Default>(bytes: &[u8]) -> Result<M, NotABody> {
    let message = M::decode(bytes).map_err(|_| NotABody::Form)?;
    if message.encode_to_vec() == bytes { Ok(message) } else { Err(NotABody::Form) }
}

//! Signing and checking: keys by province and day, Ed25519, the algorithm as a field.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use terms::{Division, Name};

use crate::{Header, Sha};

/// How a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// SM2 with SM3 (GB/T 32918): known by name, not accepted yet.
    Sm2Sm3,
}

impl Algorithm {
    /// The spelling in headers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Sm2Sm3 => "sm2_sm3",
        }
    }

    /// The algorithm with this spelling.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ed25519, Self::Sm2Sm3].into_iter().find(|algorithm| algorithm.word() == word)
    }
}

/// Who signs.
pub trait Sign {
    /// How.
    fn algorithm(&self) -> Algorithm;
    /// Which key, as the peers' tables name it.
    fn key_id(&self) -> Name;
    /// The signature of these bytes.
    fn sign(&self, bytes: &[u8]) -> Vec<u8>;
}

/// An Ed25519 key that signs.
pub struct SigningKey {
    id: Name,
    pair: Ed25519KeyPair,
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PKCS#8 document of an Ed25519 key.
    #[error("an Ed25519 key in PKCS#8")]
    NotEd25519,
    /// A key of this id is listed for the province already.
    #[error("a key id that is listed once")]
    Twice,
}

impl SigningKey {
    /// The key of a PKCS#8 document, version 1 or 2.
    ///
    /// # Errors
    /// [`KeyError::NotEd25519`].
    pub fn from_pkcs8(id: Name, document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).map_err(|_| KeyError::NotEd25519)?;
        Ok(Self { id, pair })
    }

    /// The key of a 32-byte seed (RFC 8032's secret key).
    ///
    /// # Errors
    /// [`KeyError::NotEd25519`].
    pub fn from_seed(id: Name, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::NotEd25519)?;
        Ok(Self { id, pair })
    }

    /// The public half: 32 bytes.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        let bytes = ring::signature::KeyPair::public_key(&self.pair).as_ref();
        public.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        public
    }
}

impl Sign for SigningKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn key_id(&self) -> Name {
        self.id
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// A signed message. The body is what was hashed, as transported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What is signed.
    pub header: Header,
    /// The signature of [`Header::bytes`].
    pub signature: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

/// A public key and its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The 32 bytes of the key.
    pub bytes: [u8; 32],
    /// The first day on which it signs.
    pub from: NaiveDate,
    /// The first day on which it signs no longer; none where that is not known.
    pub until: Option<NaiveDate>,
}

impl PublicKey {
    /// What people compare when a key is handed over: SHA-256 of its bytes.
    #[must_use]
    pub fn fingerprint(&self) -> Sha {
        Sha256::digest(self.bytes).into()
    }
}

/// The public keys of all provinces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    keys: BTreeMap<(Division, Name), PublicKey>,
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthentic {
    /// It is signed in a way that is not accepted.
    #[error("an accepted algorithm")]
    Algorithm,
    /// The sender has no such key.
    #[error("a key of the sender")]
    Key,
    /// The key does not sign on that day.
    #[error("a key of its day")]
    Day,
    /// The signature is not the key's.
    #[error("a signature of the header")]
    Signature,
    /// The body is not the one of the header.
    #[error("the body the header names")]
    Body,
}

impl Keys {
    /// No keys.
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: BTreeMap::new() }
    }

    /// Lists a province's key.
    ///
    /// # Errors
    /// [`KeyError::Twice`].
    pub fn add(&mut self, province: Division, id: Name, key: PublicKey) -> Result<(), KeyError> {
        match self.keys.insert((province, id), key) {
            None => Ok(()),
            Some(before) => {
                self.keys.insert((province, id), before);
                Err(KeyError::Twice)
            }
        }
    }

    /// Whether a province's key of this id is this one.
    #[must_use]
    pub fn has(&self, province: Division, key: &SigningKey) -> bool {
        self.keys.get(&(province, key.id)).is_some_and(|listed| listed.bytes == key.public())
    }

    /// Whether a message is its sender's, on a day: of its arrival where it is admitted, of its sending where it is proved later.
    ///
    /// # Errors
    /// [`NotAuthentic`], the first in the order in which it lists them.
    pub fn check(&self, sealed: &Sealed, on: NaiveDate) -> Result<(), NotAuthentic> {
        self.signed(&sealed.header, &sealed.signature, on)?;
        body_is(&sealed.header, &sealed.body)
    }

    /// The same of a header whose body is not at hand.
    ///
    /// # Errors
    /// [`NotAuthentic`], all but `Body`.
    pub fn signed(&self, header: &Header, signature: &[u8], on: NaiveDate) -> Result<(), NotAuthentic> {
        if header.algorithm != Algorithm::Ed25519 {
            return Err(NotAuthentic::Algorithm);
        }
        let key = self.keys.get(&(header.sender, header.key_id)).ok_or(NotAuthentic::Key)?;
        if on < key.from || key.until.is_some_and(|until| on >= until) {
            return Err(NotAuthentic::Day);
        }
        let public = UnparsedPublicKey::new(&ED25519, key.bytes);
        public.verify(&header.bytes(), signature).map_err(|_| NotAuthentic::Signature)
    }
}

/// Whether a body is the one a header names.
///
/// # Errors
/// [`NotAuthentic::Body`].
pub(crate) fn body_is(header: &Header, body: &[u8]) -> Result<(), NotAuthentic> {
    let hash: Sha = Sha256::digest(body).into();
    if hash == header.body_sha256 { Ok(()) } else { Err(NotAuthentic::Body) }
}

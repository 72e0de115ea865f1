//! How messages are signed in a run: mostly a keyed hash, which is quick; in some runs Ed25519, and then the logs are verified too.

use chrono::NaiveDate;
use crossing::{Algorithm, Keys, PublicKey, Sealed, Sign, SigningKey};
use sha2::{Digest as _, Sha256};
use terms::{Division, Name};

pub(crate) enum Seals {
    Hash,
    Ed25519(Vec<SigningKey>, Keys),
}

/// A keyed hash that stands in for a signature.
struct Keyed(Division);

impl Sign for Keyed {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn key_id(&self) -> Name {
        Name::EMPTY
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.0.to_string());
        hash.update(bytes);
        hash.finalize().to_vec()
    }
}

pub(crate) fn division(node: usize) -> Division {
    format!("{}", 990_100 + node * 100).parse().unwrap()
}

impl Seals {
    pub(crate) fn ed25519(provinces: usize) -> Self {
        let mut keys = Keys::new();
        let id = Name::new("first").unwrap();
        let from = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        let pairs = (0..provinces).map(|node| {
            let seed: [u8; 32] = Sha256::digest(format!("simulated province {node}")).into();
            let pair = SigningKey::from_seed(id, &seed).unwrap();
            keys.add(division(node), id, PublicKey { bytes: pair.public(), from, until: None }).unwrap();
            pair
        });
        let pairs = pairs.collect();
        Self::Ed25519(pairs, keys)
    }

    pub(crate) fn with<T>(&self, node: usize, sign: impl FnOnce(&dyn Sign) -> T) -> T {
        match self {
            Self::Hash => sign(&Keyed(division(node))),
            Self::Ed25519(pairs, _) => sign(&pairs[node]),
        }
    }

    pub(crate) fn believes(&self, sealed: &Sealed, on: NaiveDate) -> bool {
        match self {
            Self::Hash => {
                let body: [u8; 32] = Sha256::digest(&sealed.body).into();
                body == sealed.header.body_sha256
                    && Keyed(sealed.header.sender).sign(&sealed.header.bytes()) == sealed.signature
            }
            Self::Ed25519(_, keys) => keys.check(sealed, on).is_ok(),
        }
    }
}

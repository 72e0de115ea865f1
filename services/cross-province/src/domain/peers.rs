//! The table of peers: which provinces there are, where each is reached, and by which keys it signs.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use crossing::{Keys, PublicKey};
use serde::Deserialize;
use terms::{Division, Name};

/// A province, or the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it is called.
    pub address: String,
    /// The name in its certificate, as a URI; empty where connections need none.
    pub uri: String,
    /// The province that hands on what is for it and what is of it; none: it is called, and calls, by itself.
    pub via: Option<Division>,
    /// Whether it is the centre, which clears months between the others and has no hospitals and no insured.
    pub centre: bool,
}

/// All of them, with their keys.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    peers: BTreeMap<Division, Peer>,
    keys: Keys,
}

/// Why a table of peers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// It is no such table.
    #[error("read the table of peers")]
    Form(#[source] Box<toml::de::Error>),
    /// Something in it is wrong.
    #[error("use the table of peers: {province}: {what}")]
    Wrong {
        /// Of which province.
        province: String,
        /// What.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    peer: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    province: Division,
    address: String,
    #[serde(default)]
    uri: String,
    via: Option<Division>,
    #[serde(default)]
    centre: bool,
    key: Vec<KeyRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRow {
    id: Name,
    public: String,
    from: NaiveDate,
    until: Option<NaiveDate>,
}

impl Peers {
    /// Reads the table: `[[peer]]` with `province`, `address`, `uri`, `via`, `centre` and its `[[peer.key]]` with `id`, `public` (64 hexadecimal
    /// digits), `from` and `until` (the first day on which it signs no longer).
    ///
    /// # Errors
    /// [`PeersError`]: the first thing that is wrong.
    pub fn read(text: &str) -> Result<Self, PeersError> {
        let file: File = toml::from_str(text).map_err(|error| PeersError::Form(Box::new(error)))?;
        let mut peers = Self::default();
        for row in file.peer {
            let wrong = |what| PeersError::Wrong { province: row.province.to_string(), what };
            if row.province.province() != row.province {
                return Err(wrong("a province's code ends in 0000"));
            }
            for key in &row.key {
                let mut bytes = [0; 32];
                hex::decode_to_slice(&key.public, &mut bytes).map_err(|_| wrong("a key has 64 hexadecimal digits"))?;
                let public = PublicKey { bytes, from: key.from, until: key.until };
                peers.keys.add(row.province, key.id, public).map_err(|_| wrong("a key id is listed once"))?;
            }
            let peer = Peer { address: row.address.clone(), uri: row.uri.clone(), via: row.via, centre: row.centre };
            if row.centre && peers.centre().is_some() {
                return Err(wrong("there is one centre"));
            }
            if peers.peers.insert(row.province, peer).is_some() {
                return Err(wrong("a province is listed once"));
            }
        }
        for (province, peer) in &peers.peers {
            let hub = peer.via.map(|via| peers.peers.get(&via));
            if hub.is_some_and(|hub| hub.is_none_or(|hub| hub.via.is_some())) {
                let what = "via names a province of this table that is called directly";
                return Err(PeersError::Wrong { province: province.to_string(), what });
            }
        }
        Ok(peers)
    }

    /// Whom `own` calls to reach a province: that province, or the one that hands on to it.
    #[must_use]
    pub fn next(&self, own: Division, province: Division) -> Option<&Peer> {
        let (from, peer) = (self.get(own)?, self.get(province)?);
        let hub = peer.via.or(from.via).filter(|hub| *hub != own);
        hub.map_or(Some(peer), |hub| self.get(hub))
    }

    /// Whether whoever has this URI in the certificate may bring `own` what a province says: that province, or the one that hands on
    /// for it.
    #[must_use]
    pub fn may_bring(&self, own: Division, uri: &str, province: Division) -> bool {
        self.next(own, province).is_some_and(|peer| peer.uri == uri)
    }

    /// A province.
    #[must_use]
    pub fn get(&self, province: Division) -> Option<&Peer> {
        self.peers.get(&province)
    }

    /// Every province, in order of code.
    pub fn all(&self) -> impl Iterator<Item = (Division, &Peer)> {
        self.peers.iter().map(|(province, peer)| (*province, peer))
    }

    /// The centre, where there is one.
    #[must_use]
    pub fn centre(&self) -> Option<Division> {
        self.all().find(|(_, peer)| peer.centre).map(|(province, _)| province)
    }

    /// Their keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[peer]]\nprovince = \"990000\"\naddress = \"http://127.0.0.1:1\"\n[[peer.key]]\nid = \"k1\"\n\
         public = \"0000000000000000000000000000000000000000000000000000000000000001\"\nfrom = \"2026-01-01\"\n";

    #[test]
    fn a_table_is_read_and_a_wrong_one_says_what_is_wrong() {
        let peers = Peers::read(GOOD).unwrap();
        assert_eq!(peers.all().count(), 1);
        assert_eq!(peers.get("990000".parse().unwrap()).unwrap().address, "http://127.0.0.1:1");
        let wrong = [
            ("990000\"\na", "990100\"\na", "ends in 0000"),
            ("01\"\nfrom", "1\"\nfrom", "64 hexadecimal"),
            ("from =", "frm =", "read the table"),
        ];
        for (from, to, what) in wrong {
            let error = Peers::read(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
        }
        let via = |hub: &str| GOOD.replace("[[peer.key]]", &format!("uri = \"u\"\nvia = \"{hub}\"\n[[peer.key]]"));
        assert!(Peers::read(&via("100000")).unwrap_err().to_string().contains("called directly"));
        assert!(Peers::read(&via("990000")).unwrap_err().to_string().contains("called directly"));
        let hub = GOOD.replace("990000", "100000").replace("[[peer.key]]", "uri = \"hub\"\n[[peer.key]]");
        let other = GOOD.replace("990000", "980000").replace("[[peer.key]]", "uri = \"o\"\n[[peer.key]]");
        let peers = Peers::read(&(via("100000") + &hub + &other)).unwrap();
        let [far, hub, other] = ["990000", "100000", "980000"].map(|code| code.parse().unwrap());
        // both ends of a line know the same hub, whichever of them is behind it
        assert_eq!((&*peers.next(other, far).unwrap().uri, &*peers.next(far, other).unwrap().uri), ("hub", "hub"));
        assert!(peers.may_bring(other, "hub", far) && !peers.may_bring(other, "u", far));
        assert!(peers.may_bring(far, "hub", other) && !peers.may_bring(far, "o", other));
        // the hub itself speaks with each directly
        assert_eq!((&*peers.next(hub, far).unwrap().uri, &*peers.next(far, hub).unwrap().uri), ("u", "hub"));
        assert!(peers.may_bring(hub, "u", far) && peers.may_bring(far, "hub", hub));
        let centre = |text: &str| text.replace("address", "centre = true\naddress");
        assert_eq!(
            (Peers::read(GOOD).unwrap().centre(), Peers::read(&centre(GOOD)).unwrap().centre()),
            (None, Some(far))
        );
        assert!(
            Peers::read(&centre(&(GOOD.replace("990000", "980000") + GOOD)))
                .unwrap_err()
                .to_string()
                .contains("one centre")
        );
        assert!(Peers::read(&GOOD.repeat(2)).unwrap_err().to_string().contains("listed once"));
    }
}

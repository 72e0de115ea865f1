//! What the process is told by its environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use crossing::SigningKey;
use host::{Reader, Secret, Settings};
use rpc::Tls;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use terms::{Division, Name};

use crate::domain::Peers;

/// The prefix of the variables.
pub const PREFIX: &str = "YIBAO_CROSS_PROVINCE_";

/// The configuration of a process that settles with other provinces.
#[derive(Debug)]
pub struct Config {
    /// What every process is told. `LISTEN` is what hospitals and officers call.
    pub host: Settings,
    /// `DATABASE_URL`: `sqlite:<path>` or `postgres://…`.
    pub database: Secret<String>,
    /// `DATABASE_CONNECTIONS`: the most connections for transactions, and as many again for reading.
    pub connections: u32,
    /// What only serving needs; none where the process migrates.
    pub serving: Option<Serving>,
}

/// What serving needs.
#[derive(Debug)]
pub struct Serving {
    /// `PEER_LISTEN`: what other provinces call, over mutual TLS.
    pub peer_listen: SocketAddr,
    /// `PROVINCE`: the province it speaks for.
    pub province: Division,
    /// `PEERS`: the table of provinces.
    pub peers: Peers,
    /// `SIGNING_KEY_ID` and `SIGNING_KEY`: what it signs messages with.
    pub key: SigningKey,
    /// `TLS_CERTIFICATE`, `TLS_KEY`, `TLS_AUTHORITY`: who it is on connections between provinces.
    pub tls: Tls,
    /// `SETTLEMENT_ADDRESS`: the bureau's settlement.
    pub settlement: String,
    /// `ENROLMENT_ADDRESS`: the bureau's enrolment; without it nobody is found or filed here.
    pub enrolment: Option<String>,
    /// `REDIS_URL`: copies of policy versions; may be left out.
    pub redis: Option<Secret<String>>,
    /// `POLICY_POLL_SECONDS`: how often the registry is asked whether a head moved.
    pub policy_poll: Duration,
    /// `RETRY_SECONDS_MAX`: the longest that is waited before something unanswered is sent again.
    pub retry_most: Duration,
    /// `FORWARDS`: whether it hands on messages between other provinces, as the centre does.
    pub forwards: bool,
}

impl Config {
    /// Reads the configuration; errors stay in the reader. All variables are read before the first error ends it.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let host = Settings::read(reader);
        let database = reader.secret("DATABASE_URL", "sqlite:<path> or postgres://<user>@<host>/<database>");
        if let Some(url) = &database
            && !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.expose().starts_with(scheme))
        {
            reader.add("DATABASE_URL", "names no database that is supported; expected sqlite:<path> or postgres://…");
        }
        let sixteen = NonZeroU32::MIN.saturating_add(15);
        let connections = reader.or("DATABASE_CONNECTIONS", sixteen, "a whole number above zero");
        let serving = serving(reader);
        Some(Self { host: host?, database: database?, connections: connections?.get(), serving: serving? })
    }
}

#[expect(clippy::option_option, reason = "to migrate nothing of it is needed, and `?` ends on what is given wrongly")]
fn serving(reader: &mut Reader) -> Option<Option<Serving>> {
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let peer_listen = reader.or("PEER_LISTEN", local, "an address with a port, such as 0.0.0.0:7104");
    let province = reader.to_serve::<Division>("PROVINCE", "a province's code of six digits");
    let peers = reader.file("PEERS", "the path of the table of peers");
    let key_id = reader.to_serve::<String>("SIGNING_KEY_ID", "the key's id in the table of peers");
    let key_id = key_id.flatten().and_then(|id| {
        let name = Name::new(&id);
        if name.is_err() {
            reader.add("SIGNING_KEY_ID", "is no id; expected the key's id in the table of peers");
        }
        name.ok()
    });
    let key = reader.file("SIGNING_KEY", "the path of an Ed25519 key, PKCS#8 as PEM");
    let certificate = reader.file("TLS_CERTIFICATE", "the path of a certificate with its chain, PEM");
    let private = reader.file("TLS_KEY", "the path of the certificate's key, PEM");
    let authority = reader.file("TLS_AUTHORITY", "the path of the certificates of the provinces' authority, PEM");
    let settlement = reader.address("SETTLEMENT_ADDRESS", "http://settlement:7001");
    let enrolment = reader.optional_address("ENROLMENT_ADDRESS", "http://enrolment:7002");
    let redis = reader.optional_secret("REDIS_URL", "redis://host:port");
    if let Some(Some(url)) = &redis
        && !registry::is_redis_address(url.expose())
    {
        reader.add("REDIS_URL", "is no address of Redis; expected redis://<host>:<port>");
    }
    let five = NonZeroU32::MIN.saturating_add(4);
    let poll = reader.or("POLICY_POLL_SECONDS", five, "whole seconds above zero");
    let minute = NonZeroU32::MIN.saturating_add(59);
    let retry_most = reader.or("RETRY_SECONDS_MAX", minute, "whole seconds above zero");
    let forwards = reader.or("FORWARDS", false, "true or false");
    if reader.is_to_migrate() {
        return Some(None);
    }
    let peers = peers.and_then(|text| {
        Peers::read(text.expose())
            .inspect_err(|error| reader.add("PEERS", format!("cannot be used: {}", said(error))))
            .ok()
    });
    let key = key_id.zip(key).and_then(|(id, text)| {
        let key = signing_key(id, text.expose());
        if key.is_none() {
            reader.add("SIGNING_KEY", "is no Ed25519 key; expected PKCS#8 as PEM, as openssl genpkey writes it");
        }
        key
    });
    let tls = certificate.zip(private).zip(authority);
    let tls =
        tls.map(|((certificate, key), authority)| Tls::new(certificate.expose(), key.expose(), authority.expose()));
    let (peers, key, tls, province) = (peers?, key?, tls?, province??);
    who_it_is(reader, province, &peers, (&key, &tls))?;
    let (peer_listen, settlement, forwards) = (peer_listen?, settlement?, forwards?);
    let (enrolment, redis, policy_poll) = (enrolment?, redis?, Duration::from_secs(poll?.get().into()));
    let retry_most = Duration::from_secs(retry_most?.get().into());
    Some(Some(Serving {
        peer_listen,
        province,
        peers,
        key,
        tls,
        settlement,
        enrolment,
        redis,
        policy_poll,
        retry_most,
        forwards,
    }))
}

/// Its own row in the table has the key it signs with and the name in its certificate: what is wrong here, every other province
/// would refuse.
fn who_it_is(reader: &mut Reader, province: Division, peers: &Peers, (key, tls): (&SigningKey, &Tls)) -> Option<()> {
    let Some(own) = peers.get(province) else {
        reader.add("PROVINCE", "is not in the table of peers");
        return None;
    };
    if !peers.keys().has(province, key) {
        reader.add("SIGNING_KEY", "is not the key that the table of peers lists under this id");
        return None;
    }
    match tls.uri() {
        Some(uri) if uri == own.uri => {}
        Some(_) => {
            reader.add("TLS_CERTIFICATE", "names another URI than this province's row in the table of peers");
            return None;
        }
        None => {
            reader.add("TLS_CERTIFICATE", "is no certificate with a URI among its names");
            return None;
        }
    }
    if let Some((without, _)) = peers.all().find(|(_, peer)| peer.uri.is_empty()) {
        reader.add("PEERS", format!("has no uri for {without}: nobody could tell who calls"));
        return None;
    }
    if let Some((plain, _)) = peers.all().find(|(_, peer)| !peer.address.starts_with("https://")) {
        reader.add("PEERS", format!("calls {plain} without TLS; expected an address that begins with https://"));
        return None;
    }
    Some(())
}

fn signing_key(id: Name, pem: &str) -> Option<SigningKey> {
    let document = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    SigningKey::from_pkcs8(id, document.secret_pkcs8_der()).ok()
}

/// An error with what it came from, in one line.
fn said(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    let text = sources.fold(error.to_string(), |text, error| format!("{text}: {error}"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

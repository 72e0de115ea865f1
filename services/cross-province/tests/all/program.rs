//! The program, as an operator runs it: what it is told, and what it says to that.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Authority, Program, signing_key};

use crate::pair::{CARE, uri_of};

pub(crate) const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_cross-province"), "YIBAO_CROSS_PROVINCE_");

/// The files of a province: its key and certificate, and the table of peers, as far as it is written.
pub(crate) struct Files {
    folder: TempDir,
    public: Vec<u8>,
}

impl Files {
    pub(crate) fn of(province: &str, authority: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ((key, public), issued) = (signing_key(), authority.issue(&uri_of(province)));
        let files = Self { folder, public };
        for (name, text) in [
            ("signing.pem", key),
            ("tls.crt", issued.certificate),
            ("tls.key", issued.key),
            ("ca.crt", authority.certificate()),
        ] {
            fs::write(files.path(name), text).unwrap();
        }
        files
    }

    /// Its row in the table of peers.
    pub(crate) fn row(&self, province: &str, address: &str) -> String {
        format!(
            "[[peer]]\nprovince = \"{province}\"\naddress = \"{address}\"\nuri = \"{}\"\n[[peer.key]]\nid = \"2026\"\n\
             public = \"{}\"\nfrom = \"2026-01-01\"\n",
            uri_of(province),
            hex::encode(&self.public)
        )
    }

    pub(crate) fn knows(&self, table: &str) {
        fs::write(self.path("peers.toml"), table).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    /// The variables that name them.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let named = [
            ("SIGNING_KEY", "signing.pem"),
            ("TLS_CERTIFICATE", "tls.crt"),
            ("TLS_KEY", "tls.key"),
            ("TLS_AUTHORITY", "ca.crt"),
            ("PEERS", "peers.toml"),
        ];
        named.into_iter().map(|(variable, name)| (variable, self.path(name).display().to_string())).collect()
    }
}

/// All that the program needs beside its files.
const BESIDE: [(&str, &str); 4] = [
    ("DATABASE_URL", "sqlite:/tmp/hidden"),
    ("PROVINCE", CARE),
    ("SIGNING_KEY_ID", "2026"),
    ("SETTLEMENT_ADDRESS", "http://127.0.0.1:7001"),
];

/// What is wrong with a configuration, without the values.
fn wrong_with(beside: &[(&str, &str)], files: &Files) -> Vec<String> {
    let named = files.variables();
    let named = named.iter().map(|(name, path)| (*name, path.as_str()));
    let ended = PROGRAM.run(&["--check-config"], &beside.iter().copied().chain(named).collect::<Vec<_>>());
    assert!(!ended.errors.contains("hidden") && !ended.output.contains("hidden"), "{ended:?}");
    ended.errors.lines().map(|line| line.trim_start_matches("YIBAO_CROSS_PROVINCE_").to_owned()).collect()
}

#[test]
fn everything_wrong_with_its_configuration_is_said_at_once() {
    PROGRAM.refuses_all_at_once(&[
        ("DATABASE_URL", "mysql://hidden@localhost"),
        ("DATABASE_CONNECTIONS", "0"),
        ("LISTEN", "nowhere"),
        ("PEER_LISTEN", "nowhere"),
        ("PROVINCE", "hidden"),
        ("SETTLEMENT_ADDRESS", "http://"),
        ("PEERS", "/hidden/peers.toml"),
        ("SIGNING_KEY_ID", "hidden-and-longer-than-any-id-that-is-kept-anywhere-here"),
        ("SIGNING_KEY", "/hidden/key.pem"),
        ("TLS_CERTIFICATE", "/hidden/tls.crt"),
        ("TLS_KEY", "/hidden/tls.key"),
        ("TLS_AUTHORITY", "/hidden/ca.crt"),
        ("FORWARDS", "perhaps"),
        ("COLOUR", "blue"),
    ]);
    let ended = PROGRAM.run(&["--check-config"], &[]);
    let needed = ["PEERS", "PROVINCE", "SIGNING_KEY", "SIGNING_KEY_ID", "TLS_AUTHORITY", "TLS_CERTIFICATE", "TLS_KEY"];
    for name in needed {
        assert!(ended.errors.contains(&format!("YIBAO_CROSS_PROVINCE_{name} is not set")), "{name}: {ended:?}");
    }
}

#[test]
fn it_starts_only_as_the_province_that_the_table_of_peers_lists() {
    let authority = Authority::new();
    let (own, other) = (Files::of(CARE, &authority), Files::of(CARE, &authority));
    let address = "https://127.0.0.1:7104";
    let of = |table: &str| {
        own.knows(table);
        wrong_with(&BESIDE, &own)
    };
    let good = own.row(CARE, address);
    assert_eq!(of(&good), Vec::<String>::new());
    let starts = |errors: Vec<String>, with: &str| {
        assert!(errors.len() == 1 && errors[0].starts_with(with), "{with}: {errors:?}");
    };
    starts(of("[[peer]]"), "PEERS cannot be used");
    starts(of(&own.row("980000", address)), "PROVINCE is not in the table of peers");
    starts(of(&other.row(CARE, address)), "SIGNING_KEY is not the key that the table of peers lists");
    starts(of(&good.replace("spiffe://yibao.test", "spiffe://another")), "TLS_CERTIFICATE names another URI");
    starts(of(&good.replace("https://", "http://")), "PEERS calls 990000 without TLS");
    let nameless = other.row("980000", address).replace(&format!("uri = \"{}\"\n", uri_of("980000")), "");
    starts(of(&(good.clone() + &nameless)), "PEERS has no uri for 980000");
    fs::write(own.path("signing.pem"), "none").unwrap();
    starts(of(&good), "SIGNING_KEY is no Ed25519 key");
}

#[test]
fn it_serves_only_a_database_that_was_migrated_and_migrating_needs_nothing_else() {
    // to migrate needs the database alone; to serve, all of it, which a static list of variables cannot name
    testkit::on_both(|url| async move {
        let authority = Authority::new();
        let files = Files::of(CARE, &authority);
        files.knows(&files.row(CARE, "https://127.0.0.1:7104"));
        let migrate = || PROGRAM.run(&["migrate"], &[("DATABASE_URL", url.as_str())]);
        let named = files.variables();
        let mut all: Vec<(&str, &str)> = named.iter().map(|(name, path)| (*name, path.as_str())).collect();
        all.extend(BESIDE.iter().filter(|(name, _)| *name != "DATABASE_URL"));
        all.push(("DATABASE_URL", &url));
        let early = PROGRAM.run(&[], &all);
        assert!(early.code == 1 && early.errors.contains("run the migration command"), "{early:?}");
        assert!(!format!("{}{}", early.output, early.errors).contains("listen"), "it listened: {early:?}");
        assert!(migrate().output.contains("the database is up to date"));
        assert!(migrate().output.contains("0 steps applied"));
    });
}

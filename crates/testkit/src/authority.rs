use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ED25519, PublicKeyData as _, SanType,
};

/// Signs certificates for tests, and nobody outside them believes it.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate of an authority, with its key: PEM texts.
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new one, with a key of its own.
    ///
    /// # Panics
    /// Where no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        Self(CertifiedIssuer::self_signed(params, key).expect("it signs itself"))
    }

    /// Its own certificate, PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A certificate for whoever has this URI, on this machine.
    ///
    /// # Panics
    /// Where the URI is none.
    #[must_use]
    pub fn issue(&self, uri: &str) -> Issued {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.subject_alt_names.push(SanType::URI(uri.try_into().expect("a URI")));
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.0).expect("it is signed");
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A new Ed25519 key that signs: PKCS#8 as PEM, and the 32 bytes of its public half.
///
/// # Panics
/// Where no key can be made.
#[must_use]
pub fn signing_key() -> (String, Vec<u8>) {
    let key = KeyPair::generate_for(&PKCS_ED25519).expect("a key can be made");
    (key.serialize_pem(), key.der_bytes().to_vec())
}

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// Who a process is on its connections, and whose word it takes for who others are: three PEM texts. The key is never printed.
#[derive(Clone)]
pub struct Tls {
    certificate: Arc<str>,
    key: Arc<str>,
    authority: Arc<str>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}

impl Tls {
    /// A certificate with its chain, its key, and the certificates of the authority that signs those of all others.
    #[must_use]
    pub fn new(certificate: &str, key: &str, authority: &str) -> Self {
        Self { certificate: certificate.into(), key: key.into(), authority: authority.into() }
    }

    fn identity(&self) -> Identity {
        Identity::from_pem(&*self.certificate, &*self.key)
    }

    fn authority(&self) -> Certificate {
        Certificate::from_pem(&*self.authority)
    }

    pub(crate) fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new().identity(self.identity()).ca_certificate(self.authority())
    }

    /// For a server that takes no caller without a certificate of the authority.
    #[must_use]
    pub fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new().identity(self.identity()).client_ca_root(self.authority()).timeout(HANDSHAKE_MAX)
    }

    /// The URI in its own certificate: what others know this process by. None where it has none or is no certificate.
    #[must_use]
    pub fn uri(&self) -> Option<String> {
        let (_, pem) = x509_parser::pem::parse_x509_pem(self.certificate.as_bytes()).ok()?;
        uri_of(&pem.contents)
    }
}

/// Who makes a call: known where its connection came with a certificate, and found then in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The first URI among the certificate's names; empty where it has none.
    pub uri: String,
}

impl Caller {
    /// The caller at the other end of the connection a request came over.
    pub(crate) fn of(extensions: &http::Extensions) -> Option<Self> {
        let connection = extensions.get::<TlsConnectInfo<TcpConnectInfo>>()?;
        let certificates = connection.peer_certs()?;
        let uri = certificates.first().and_then(|certificate| uri_of(certificate)).unwrap_or_default();
        Some(Self { uri })
    }
}

fn uri_of(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    })
}

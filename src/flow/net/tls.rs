//! TLS to a server: the system's trusted roots, the server's name checked, words that tell what is wrong.

use crate::api::notice::{Cause, End};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore, crypto};

/// Longest wait for a TLS handshake.
const LIMIT: Duration = Duration::from_secs(5);

/// Shakes hands over `tcp` with the server that must be able to prove it is `host`.
///
/// The roots are read anew for each handshake (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), so that a
/// certificate store that was renewed is seen without a restart.
pub(super) async fn handshake(host: &str, tcp: TcpStream) -> Result<TlsStream<TcpStream>, End> {
    match tokio::task::spawn_blocking(system_roots).await {
        Ok(Ok(roots)) => handshake_trusting(roots, host, tcp).await,
        Ok(Err(words)) => Err(End { cause: Cause::Handshake, words }),
        Err(error) => Err(End { cause: Cause::Handshake, words: error.to_string() }),
    }
}

/// Shakes hands with a server whose certificate one of `roots` vouches for.
pub(super) async fn handshake_trusting(
    roots: RootCertStore,
    host: &str,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, End> {
    let fail = |words: String| End { cause: Cause::Handshake, words: format!("TLS with {host}: {words}") };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| fail(error.to_string()))?;
    let config = config(roots).map_err(fail)?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    match tokio::time::timeout(LIMIT, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(fail(words(&error))),
        Err(_) => Err(fail("no answer within 5 s".into())),
    }
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        return Err("no trusted root certificates on this system (install ca-certificates or set SSL_CERT_FILE)".into());
    }
    Ok(roots)
}

fn config(roots: RootCertStore) -> Result<ClientConfig, String> {
    ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|error| error.to_string())
}

/// Why a handshake failed, for the technician.
fn words(error: &std::io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let Some(Error::InvalidCertificate(reason)) = tls else { return error.to_string() };
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired (or this device's clock is wrong)".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet: this device's clock is probably behind, waiting for time \
             synchronisation"
                .into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name".into()
        }
        CertificateError::UnknownIssuer => "the certificate's issuer is not trusted".into(),
        other => format!("the certificate is not accepted: {other}"),
    }
}

//! Servers that speak TLS, with certificates of a test's own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The certificate, to be trusted.
    pub pem: String,
}

/// A certificate for `name` by issuer number `issuer`, valid from and until the first days of these years.
pub fn identity(issuer: usize, name: &str, from: i32, until: i32) -> Identity {
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::OrganizationName, format!("issuer {issuer}"));
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let pem = certificate.pem();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Identity { certificate: certificate.der().clone(), key, pem }
}

/// Speaks TLS as `identity` in front of `server`; its port.
pub fn in_front_of(server: SocketAddr, identity: Identity) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![identity.certificate], identity.key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(mut near) = acceptor.accept(near).await else { continue };
                let mut far = tokio::net::TcpStream::connect(server).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        });
    });
    port
}

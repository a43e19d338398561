//! The fingerprint of the site's own certificate, which devices that are paired go by.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use tracing::debug;

use crate::config::Fingerprint;
use crate::http::public_origin::PublicOrigin;
use crate::state::App;

const ASKED_FOR: Duration = Duration::from_secs(3);

/// The configured fingerprint, or that of the certificate under which the site is reached from here. None where the
/// site is reached without TLS, or not at all from here: devices then go by their own list of authorities.
pub(super) async fn find_fingerprint(app: &App) -> Option<Fingerprint> {
    if let Some(fingerprint) = app.config.tls_fingerprint {
        return Some(fingerprint);
    }
    let origin = app.public_origin.as_ref().filter(|origin| origin.is_https())?;
    match timeout(ASKED_FOR, ask_for_certificate(origin)).await {
        Ok(Ok(certificate)) => fingerprint_of(&certificate),
        Ok(Err(error)) => {
            debug!(%error, "the site's own certificate could not be looked at");
            None
        }
        Err(_) => None,
    }
}

/// SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469, section 2.4).
fn fingerprint_of(certificate: &CertificateDer<'_>) -> Option<Fingerprint> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(Fingerprint(Sha256::digest(parsed.subject_public_key_info()).into()))
}

async fn ask_for_certificate(origin: &PublicOrigin) -> std::io::Result<CertificateDer<'static>> {
    let host = origin.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Onlooker(provider)))
        .with_no_client_auth();
    let stream = TcpStream::connect((host.as_str(), origin.port())).await?;
    let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let (_, connection) = stream.get_ref();
    let leaf = connection.peer_certificates().and_then(|chain| chain.first());
    leaf.map(|leaf| leaf.clone().into_owned())
        .ok_or_else(|| std::io::Error::other("no certificate was shown"))
}

/// Takes every certificate whose key the server has: nothing is sent over the connection, and what is wanted is the
/// key of a certificate that no authority may know.
#[derive(Debug)]
struct Onlooker(Arc<CryptoProvider>);

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PublicKeyData};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    use super::*;

    #[tokio::test]
    async fn the_key_of_a_certificate_that_nobody_knows_is_seen() {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["other.example".to_owned()]).unwrap().self_signed(&key);
        let certificate = certificate.unwrap().der().clone();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answering = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            // The onlooker goes away as soon as it has seen the certificate.
            let _ = TlsAcceptor::from(Arc::new(server)).accept(stream).await;
        });
        let origin = PublicOrigin::read(&format!("https://{address}")).unwrap();
        let seen = ask_for_certificate(&origin).await.unwrap();
        let expected: [u8; 32] = Sha256::digest(key.subject_public_key_info()).into();
        assert_eq!(fingerprint_of(&seen), Some(Fingerprint(expected)));
        answering.await.unwrap();
    }
}

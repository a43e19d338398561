//! TLS by a connection's policy.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use serde::Serialize;
use thiserror::Error;

use crate::files::read_file;
use crate::trust::{Fingerprint, TlsPolicy};

const CA_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Why a policy cannot be followed.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file of authorities could not be read.
    #[error("the file of certificate authorities could not be read")]
    CaFile(#[source] io::Error),
    /// There is no certificate in it that can be used.
    #[error("the file of certificate authorities has none that can be used")]
    NoAuthority,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Setup(#[source] TlsError),
    /// The connection could not be set up.
    #[error("connections to the site could not be set up")]
    Client(#[source] reqwest::Error),
}

/// A site showed another key than the one it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// The key that it is known by.
    pub expected: Fingerprint,
    /// The key that it showed.
    pub found: Fingerprint,
}

/// Tells of the last key that was refused. What a failed call says of it gets lost on the way.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Option<KeyChange>>>);

impl Watch {
    /// What was refused since it was asked last.
    pub fn take(&self) -> Option<KeyChange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, change: KeyChange) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
    }
}

/// TLS that follows a policy, and nothing but it.
pub fn client_config(policy: &TlsPolicy, watch: &Watch) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(policy, watch, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Setup)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// What decides about certificates under a policy.
pub(super) fn verifier(
    policy: &TlsPolicy,
    watch: &Watch,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TrustError> {
    match policy {
        TlsPolicy::System => {
            let verifier =
                rustls_platform_verifier::Verifier::new(provider.clone()).map_err(TrustError::Setup)?;
            Ok(Arc::new(verifier))
        }
        TlsPolicy::CaFile { path } => {
            let roots = Arc::new(read_authorities(path)?);
            let built = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            let verifier = built.map_err(|_| TrustError::NoAuthority)?;
            Ok(verifier)
        }
        TlsPolicy::PinnedKey { fingerprint } => Ok(Arc::new(PinnedKey {
            expected: *fingerprint,
            watch: watch.clone(),
            algorithms: provider.signature_verification_algorithms,
        })),
    }
}

fn read_authorities(path: &Path) -> Result<RootCertStore, TrustError> {
    if is_share(path) {
        return Err(TrustError::CaFile(io::ErrorKind::InvalidFilename.into()));
    }
    let bytes = read_file(path, CA_FILE_BYTES_MAX)
        .and_then(|found| found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)))
        .map_err(TrustError::CaFile)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|_| TrustError::NoAuthority)?;
        roots.add(certificate).map_err(|_| TrustError::NoAuthority)?;
    }
    if roots.is_empty() { Err(TrustError::NoAuthority) } else { Ok(roots) }
}

/// Whether a path names another computer. The system would sign in there to read it, and a file of connections may come
/// from anybody.
fn is_share(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    matches!(text, [b'/' | b'\\', b'/' | b'\\', ..])
}

/// The fingerprint of a certificate's key.
pub(super) fn fingerprint_of(certificate: &CertificateDer<'_>) -> Result<Fingerprint, TlsError> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(Fingerprint::of_key(parsed.subject_public_key_info().as_ref()))
}

/// Believes one key. Names and dates do not count: whoever has the key is the site, and the key is what was compared
/// when it was paired. That the server really has the key is shown by the handshake's signature, which is checked.
#[derive(Debug)]
struct PinnedKey {
    expected: Fingerprint,
    watch: Watch,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let found = fingerprint_of(end_entity)?;
        if found == self.expected {
            return Ok(ServerCertVerified::assertion());
        }
        self.watch.note(KeyChange { expected: self.expected, found });
        Err(TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_not_read_from_other_computers() {
        for path in
            ["\\\\evil.example\\share\\ca.pem", "//evil.example/share/ca.pem", "\\/evil.example\\ca.pem"]
        {
            let policy = TlsPolicy::CaFile { path: path.into() };
            let refused = client_config(&policy, &Watch::default());
            let kind = match refused {
                Err(TrustError::CaFile(error)) => Some(error.kind()),
                _ => None,
            };
            assert_eq!(kind, Some(io::ErrorKind::InvalidFilename), "{path}");
        }
    }
}

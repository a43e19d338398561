//! Looking at a site's certificate before it is believed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use serde::Serialize;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::connections::SiteAddress;
use crate::trust::verifier::{fingerprint_of, verifier};
use crate::trust::{Fingerprint, TlsPolicy, TrustError, Watch};

const PATIENCE: Duration = Duration::from_secs(10);

/// The certificate that a site shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SeenCertificate {
    /// Its key.
    pub fingerprint: Fingerprint,
    /// Whether this system believes it too.
    pub is_trusted: bool,
}

/// Why a site's certificate could not be looked at.
#[derive(Debug, Error)]
pub enum LookError {
    /// The site was not reached.
    #[error("the site cannot be reached")]
    Connection(#[source] io::Error),
    /// It did not answer in time.
    #[error("the site does not answer")]
    Late,
    /// What answers does not speak TLS.
    #[error("the site's TLS cannot be understood")]
    Tls(#[source] TlsError),
    /// TLS could not be set up.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Looks at the certificate that a site shows. Nothing is sent to it; whoever looks decides.
pub async fn look_at_certificate(address: &SiteAddress) -> Result<SeenCertificate, LookError> {
    timeout(PATIENCE, look(address)).await.map_err(|_| LookError::Late)?
}

async fn look(address: &SiteAddress) -> Result<SeenCertificate, LookError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let onlooker = Arc::new(Onlooker {
        system: verifier(&TlsPolicy::System, &Watch::default(), &provider)?,
        seen: Mutex::new(None),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(LookError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(onlooker.clone())
        .with_no_client_auth();
    let host = address.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let stream = TcpStream::connect((host.as_str(), address.port())).await.map_err(LookError::Connection)?;
    let name = ServerName::try_from(host).map_err(|error| LookError::Connection(io::Error::other(error)))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(LookError::Connection)?;
    let seen = *onlooker.seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.ok_or_else(|| LookError::Connection(io::Error::other("no certificate was shown")))
}

/// Notes the certificate and what the system says of it. It takes every certificate whose key the server has, as the
/// connection is for looking only.
#[derive(Debug)]
struct Onlooker {
    system: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Option<SeenCertificate>>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let fingerprint = fingerprint_of(end_entity)?;
        let judged = self.system.verify_server_cert(end_entity, intermediates, name, status, now);
        let seen = SeenCertificate { fingerprint, is_trusted: judged.is_ok() };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.system.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.system.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

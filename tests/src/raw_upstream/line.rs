//! One connection, plain or encrypted.

use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// What a script is played on.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + Send {
    /// Breaks the line off: the other side gets a reset when this end is dropped.
    fn reset(&self);

    /// Waits until the other side has gone.
    fn gone(&mut self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        async {
            let mut rest = [0; 256];
            while matches!(self.read(&mut rest).await, Ok(1..)) {}
        }
    }
}

impl Line for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().expect("the option is known");
    }
}

impl Line for TlsStream<TcpStream> {
    fn reset(&self) {
        self.get_ref().0.reset();
    }
}

/// A certificate for `localhost` that is its own authority.
pub struct SelfSigned(CertifiedKey<KeyPair>);

impl SelfSigned {
    /// Makes one that nobody has seen before.
    pub fn new() -> SelfSigned {
        let names = vec!["localhost".to_owned()];
        SelfSigned(rcgen::generate_simple_self_signed(names).expect("the name is valid"))
    }

    /// The certificate as a file of trusted ones holds it.
    pub fn pem(&self) -> String {
        self.0.cert.pem()
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.0.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the usual versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.0.cert.der().clone()], key)
            .expect("the key is the certificate's");
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for SelfSigned {
    fn default() -> Self {
        SelfSigned::new()
    }
}

/// The body of the next call; nothing when the client goes away before its end.
pub(super) async fn read_call(line: &mut impl Line) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let body_start = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if line.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..body_start]).to_ascii_lowercase();
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    while bytes.len() < body_start + length {
        if line.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(bytes.split_off(body_start))
}

//! TLS in front of a site, under a certificate of its own, as a proxy has it.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use waystation_desktop::trust::Fingerprint;

/// A key and its certificate, which nobody vouches for.
pub struct Identity {
    key: KeyPair,
    pub pem: String,
    pub fingerprint: Fingerprint,
}

impl Identity {
    pub fn draw() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let fingerprint = Fingerprint::of_key(&key.subject_public_key_info());
        Identity { key, pem: certificate.pem(), fingerprint }
    }

    /// A certificate for this identity's name whose holder has another key: it cannot sign for it.
    fn config(&self, signing: &KeyPair) -> Arc<ServerConfig> {
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::try_from(signing.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        let signing = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let certified = rustls::sign::CertifiedKey::new(vec![certificate], signing);
        Arc::new(config_with(config, certified))
    }
}

fn config_with(
    builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    certified: rustls::sign::CertifiedKey,
) -> ServerConfig {
    #[derive(Debug)]
    struct Always(Arc<rustls::sign::CertifiedKey>);
    impl rustls::server::ResolvesServerCert for Always {
        fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
            Some(self.0.clone())
        }
    }
    builder.with_cert_resolver(Arc::new(Always(Arc::new(certified))))
}

/// A front that answers until it is dropped.
pub struct Front {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Front {
    /// Takes a place to answer at. Nothing answers there yet.
    pub async fn reserve() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").await.unwrap()
    }

    /// Answers at a place for the site at `behind`.
    pub fn answer(listener: TcpListener, identity: &Identity, behind: &str) -> Self {
        Front::answer_signing(listener, identity, &identity.key, behind)
    }

    /// The same by somebody who shows the certificate and does not have its key.
    pub fn answer_as_thief(listener: TcpListener, identity: &Identity, behind: &str) -> Self {
        Front::answer_signing(listener, identity, &KeyPair::generate().unwrap(), behind)
    }

    fn answer_signing(listener: TcpListener, identity: &Identity, signing: &KeyPair, behind: &str) -> Self {
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(identity.config(signing));
        let behind = behind.trim_start_matches("http://").to_owned();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    let Ok(mut outer) = acceptor.accept(stream).await else { return };
                    let Ok(mut inner) = TcpStream::connect(behind).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
                });
            }
        });
        Front { address, task }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Gives the place up, for another front to take.
    pub async fn leave(self) -> TcpListener {
        self.task.abort();
        // The listener goes with the task.
        let address = self.address;
        drop(self);
        loop {
            if let Ok(listener) = TcpListener::bind(address).await {
                return listener;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

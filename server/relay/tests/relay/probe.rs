//! Upstreams asked outside of calls.

use std::time::Duration;

use waystation_relay::{CredentialSecret, ProbeFailureKind, ProbedUpstream, Prober};

fn upstream(base_url: &str, allow_private_network: bool) -> ProbedUpstream {
    ProbedUpstream {
        base_url: base_url.parse().unwrap(),
        allow_private_network,
        secret: Some(CredentialSecret::new("sk-upstream")),
    }
}

#[tokio::test]
async fn a_private_address_is_refused_as_it_is_written_and_as_a_name_resolves() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let prober = Prober::new(Duration::from_secs(5));
    for host in ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "2130706433"] {
        let private = upstream(&format!("http://{host}:{port}/v1"), false);
        let chat = prober.ask_chat(&private, "model", None).await.unwrap();
        let list = prober.list_models(&private).await.unwrap();
        assert_eq!((chat.status, chat.first_byte), (None, None), "{host}");
        for failure in [chat.outcome.unwrap_err(), list.outcome.unwrap_err()] {
            assert_eq!(failure.kind, ProbeFailureKind::AddressRefused, "{host}: {failure:?}");
        }
    }
    let connected = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(connected.is_err(), "somebody connected");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let prober = Prober::new(Duration::from_secs(5));
    let odd = ProbedUpstream {
        secret: Some(CredentialSecret::new("line\nbreak")),
        ..upstream("http://127.0.0.1:1/v1", true)
    };
    let asked = prober.list_models(&odd).await.unwrap();
    let failure = asked.outcome.unwrap_err();
    assert_eq!(failure.kind, ProbeFailureKind::CredentialRefused);
    assert!(!format!("{failure:?}").contains("break"), "{failure:?}");
}

#[tokio::test]
async fn where_nobody_listens_no_connection_is_made() {
    let prober = Prober::new(Duration::from_secs(5));
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let asked =
        prober.ask_chat(&upstream(&format!("http://{closed}/v1"), true), "model", None).await.unwrap();
    assert_eq!(asked.outcome.unwrap_err().kind, ProbeFailureKind::ConnectFailed);
}

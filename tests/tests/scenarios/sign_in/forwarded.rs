//! Who a caller is taken for, where a proxy is trusted.

use serde_json::json;
use waystation_tests::MailServer;

use super::{ask_from, open_site, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_with_a_network_of_addresses_is_one_client() {
    let mails = MailServer::start();
    let world = start(open_site(&mails));
    let ask = async |client: &str| {
        let body = json!({ "email": "nobody@example.org" });
        ask_from(&world, client, "/api/auth/password-reset", body).await.status
    };
    for host in 1..=30 {
        assert_eq!(ask(&format!("2001:db8:1:1:{host:x}::{host:x}")).await, 202, "{host}");
    }
    assert_eq!(ask("2001:db8:1:1:ffff::1").await, 429);
    // What a client wrote before its address is not it, be it the address of somebody else.
    assert_eq!(ask("203.0.113.9, 2001:db8:1:1::ab").await, 429);
    assert_eq!(ask("2001:db8:1:2::1").await, 202);
    assert_eq!(ask("203.0.113.9").await, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_but_that_of_the_trusted_proxy_names_a_client() {
    let mails = MailServer::start();
    let world = start(open_site(&mails));
    let http = reqwest::Client::new();
    let url = format!("{}/api/auth/password-reset", world.base_urls()[0]);
    let mut statuses = Vec::new();
    for number in 0..40 {
        let other = format!("198.51.100.{number}");
        let mut request = http.post(&url).header("x-forwarded-for", "203.0.113.1");
        for name in [
            "x-real-ip",
            "cf-connecting-ip",
            "true-client-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "client-ip",
        ] {
            request = request.header(name, &other);
        }
        let request = request.header("forwarded", format!("for={other}")).header("via", &other);
        let request = request.header("content-type", "application/json");
        let sent = request.body(json!({ "email": "nobody@example.org" }).to_string()).send();
        statuses.push(sent.await.expect("the server answers").status().as_u16());
    }
    assert_eq!(statuses[..30], [202; 30]);
    assert_eq!(statuses[30..], [429; 10]);
}

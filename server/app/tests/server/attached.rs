use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::browser::{send, set_up};
use crate::world::Site;

#[tokio::test]
async fn an_attached_server_says_where_it_is_and_is_known_again_by_its_nonce() {
    let site = Site::new();
    let (server, announced) = site.attach().await;
    assert_eq!(announced["needs_setup"], json!(true));
    assert_eq!(announced["version"], json!(env!("CARGO_PKG_VERSION")));
    let nonce = announced["nonce"].as_str().unwrap();
    assert_eq!(nonce.len(), 32);
    let alive = send(&server.url, "GET", "/healthz", &[], None).await;
    assert_eq!((alive.status, alive.header("x-waystation-launch")), (200, nonce));
    // Nothing but that address shows it.
    assert_eq!(send(&server.url, "GET", "/api/setup", &[], None).await.header("x-waystation-launch"), "");
    set_up(&site, &server).await;
    server.stop().await;

    let (server, second) = site.attach().await;
    assert_eq!(second["needs_setup"], json!(false));
    assert_ne!(second["nonce"], announced["nonce"]);
    server.stop().await;
    let server = site.serve(&[]).await;
    assert_eq!(send(&server.url, "GET", "/healthz", &[], None).await.header("x-waystation-launch"), "");
    server.stop().await;
}

#[tokio::test]
async fn an_attached_server_ends_in_order_when_its_input_does() {
    let site = Site::new();
    let (mut server, _) = site.attach().await;
    let mut input = server.input().unwrap();
    // What is written to it means nothing.
    input.write_all(b"stop\n").await.unwrap();
    assert_eq!(send(&server.url, "GET", "/healthz", &[], None).await.status, 200);
    drop(input);
    assert!(server.wait().await.success());
    // The data folder is free again.
    let (server, _) = site.attach().await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_attached_does_not_mind_its_input() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    assert_eq!(send(&server.url, "GET", "/healthz", &[], None).await.status, 200);
    server.stop().await;
}

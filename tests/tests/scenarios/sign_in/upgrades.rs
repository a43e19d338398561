//! No connection is handed over to another protocol: there is none to be checked less than a call.

use std::time::Duration;

use serde_json::Value;
use waystation_tests::{DatabaseKind, RawConnection, World};

/// Where other servers of this kind take web sockets, and what might.
const OTHERS: [&str; 16] = [
    "/v1/realtime",
    "/v1/realtime?model=echo",
    "/api/v1/realtime",
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/models",
    "/api/v1/models",
    "/v1beta/models/echo:streamGenerateContent",
    "/ws",
    "/api/ws",
    "/socket",
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/setup",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_address_takes_an_upgrade_from_anybody() {
    let world = World::start(DatabaseKind::Sqlite);
    let key = world.add_customer("1").await.secret;
    let arguments = ["admin", "access-token", "--email", "owner@example.org", "--json"];
    let token = world.first_server().options().run_json(&arguments, "");
    let token = token["access_token"].as_str().expect("a token");
    let own = world.first_server().base_url().to_owned();
    let mut paths: Vec<String> = OTHERS.map(str::to_owned).into();
    let description = world.get("/api/openapi.json").await;
    let described = description["paths"].as_object().expect("paths").keys();
    paths.extend(described.map(|path| path.replace(['{', '}'], "")));
    let credentials = [
        String::new(),
        format!("Authorization: Bearer {key}\r\n"),
        format!("Authorization: Bearer {token}\r\n"),
        format!("Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{key}\r\n"),
    ];
    let mut tried = 0;
    for path in &paths {
        for origin in ["", "Origin: https://evil.example\r\n", &format!("Origin: {own}\r\n")] {
            for credential in &credentials {
                for upgrade in [
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
                ] {
                    let request = format!(
                        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{origin}{credential}{upgrade}\r\n"
                    );
                    assert_is_not_taken(&world, &request).await;
                    tried += 1;
                }
            }
        }
    }
    println!("proof: upgrades asked for, none taken; {tried}; -");
    // Nor by the way of HTTP/1.0, or as a tunnel.
    for request in [
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
        "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n\r\n",
    ] {
        let mut connection = RawConnection::connect(world.first_server().address()).await.unwrap();
        connection.write(request.as_bytes()).await.unwrap();
        let answer = connection.read_answer(Duration::from_secs(20)).await;
        assert!(answer.as_ref().is_none_or(|answer| answer.status >= 400), "{request}: {answer:?}");
    }
    assert!(paths.iter().any(|path| path == "/api/me"), "{:?}", Value::from(paths));
}

async fn assert_is_not_taken(world: &World, request: &str) {
    let mut connection = RawConnection::connect(world.first_server().address()).await.unwrap();
    connection.write(request.as_bytes()).await.unwrap();
    let answer = connection.read_answer(Duration::from_secs(20)).await.expect("an answer");
    let head = answer.head.to_ascii_lowercase();
    assert!(answer.status != 101, "{request}: {head}");
    assert!(!head.contains("sec-websocket-accept") && !head.contains("\r\nupgrade:"), "{request}: {head}");
}

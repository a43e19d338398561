use serde_json::Value;

use crate::world::{Server, Site};

const TOKEN: &str = "a-token-that-only-the-collector-has";

async fn get(url: &str, token: Option<&str>) -> (u16, String) {
    let request = reqwest::Client::new().get(url);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn port_of(server: &Server) -> u16 {
    server.url.rsplit(':').next().unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_default_install_opens_one_port_and_shows_no_numbers() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    assert_eq!(server.listening_ports(), [port_of(&server)]);
    for path in ["/metrics", "/v1/metrics", "/api/metrics", "/debug/pprof", "/debug", "/metrics/"] {
        let (status, text) = get(&format!("{}{path}", server.url), None).await;
        assert!(matches!(status, 404 | 503), "{path}: {status}");
        assert!(!text.contains("waystation_"), "{path}: {text}");
    }
    server.stop().await;
}

#[tokio::test]
async fn numbers_on_the_servers_own_address_need_the_token() {
    let site = Site::new().with_variable("WAYSTATION_METRICS_TOKEN", TOKEN);
    let server = site.serve(&[]).await;
    let url = format!("{}/metrics", server.url);
    for wrong in [None, Some(""), Some("a"), Some(&TOKEN[1..])] {
        let (status, text) = get(&url, wrong).await;
        assert_eq!(status, 401, "{wrong:?}");
        assert!(!text.contains("waystation_"), "{text}");
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(error["error"]["code"], "invalid_token");
    }
    let (status, page) = get(&url, Some(TOKEN)).await;
    assert_eq!(status, 200);
    assert!(page.contains("waystation_unauthorized_total 4\n"), "{page}");
    assert!(page.contains("waystation_database_up 1\n"), "{page}");
    server.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn numbers_may_have_a_listener_of_their_own() {
    let site = Site::new().with_variable("WAYSTATION_METRICS_LISTEN", "127.0.0.1:0");
    let server = site.serve(&[]).await;
    let ports = server.listening_ports();
    let [port] = ports.iter().filter(|port| **port != port_of(&server)).collect::<Vec<_>>()[..] else {
        panic!("{ports:?}")
    };
    let (status, page) = get(&format!("http://127.0.0.1:{port}/metrics"), None).await;
    assert_eq!(status, 200);
    for name in ["waystation_build_info", "waystation_live_calls", "process_resident_memory_bytes"] {
        assert!(page.contains(&format!("\n{name}")), "{name} in {page}");
    }
    // Nothing else is there, and the numbers are nowhere else.
    assert_eq!(get(&format!("http://127.0.0.1:{port}/api/openapi.json"), None).await.0, 404);
    assert_eq!(get(&format!("{}/metrics", server.url), None).await.0, 404);
    server.stop().await;
}

#[tokio::test]
async fn numbers_are_not_shown_to_other_hosts_without_a_token() {
    let site = Site::new().with_variable("WAYSTATION_METRICS_LISTEN", "0.0.0.0:0");
    let ran = site.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("metrics.token"), "{}", ran.stderr);
}

#[tokio::test]
async fn every_line_of_the_page_is_one_of_prometheus() {
    let site = Site::new().with_variable("WAYSTATION_METRICS_TOKEN", TOKEN);
    let server = site.serve(&[]).await;
    let (_, page) = get(&format!("{}/metrics", server.url), Some(TOKEN)).await;
    let mut described = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            described = rest.split(' ').next().unwrap();
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with(described), "{line} stands below {described}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(!page.contains(TOKEN));
    server.stop().await;
}

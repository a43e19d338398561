use std::collections::BTreeSet;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::{Seen, send, set_up};
use crate::world::{Server, Site};

const HTML: &str = "text/html; charset=utf-8";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A site with an owner, so that every page answers.
async fn ready_site() -> (Site, Server) {
    let site = Site::new();
    let server = site.serve(&[]).await;
    set_up(&site, &server).await;
    (site, server)
}

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Seen {
    send(&server.url, "GET", path, headers, None).await
}

/// What a page loads: its own files, by their addresses. None for the page that stands in where no interface was
/// built, which says how to build it.
fn parts_of(page: &Seen) -> BTreeSet<String> {
    let marked = page.text.split(['"', '\'']).filter(|text| text.starts_with('/') && text.contains('.'));
    let parts: BTreeSet<String> =
        marked.filter(|text| !text.starts_with("/api/")).map(str::to_owned).collect();
    let is_placeholder = page.text.contains("npm run build");
    assert_eq!(parts.is_empty(), is_placeholder, "{}", page.text);
    parts
}

/// Sends bytes that no client would; gives the status and the head of the answer.
async fn send_raw(server: &Server, target: &str) -> (u16, String) {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        [b"GET ", target.as_bytes(), b" HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"].concat();
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase())
}

#[tokio::test]
async fn every_page_address_answers_with_its_program_under_the_strict_policy() {
    let (_site, server) = ready_site().await;
    let portal = get(&server, "/", &[]).await;
    let console = get(&server, "/console", &[]).await;
    for (paths, page) in [
        (["/setup", "/sign-in", "/app", "/app/", "/app/keys?a=b.c", "/nothing"], &portal),
        (
            [
                "/console",
                "/console/",
                "/console?a=/app",
                "/console/people",
                "/console/people/usr_x",
                "/console/a/b",
            ],
            &console,
        ),
    ] {
        for path in paths {
            let seen = get(&server, path, &[("accept", "text/html")]).await;
            assert_eq!((seen.status, seen.header("content-type")), (200, HTML), "{path}");
            assert_eq!(seen.header("content-security-policy"), POLICY, "{path}");
            assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(seen.header("cache-control"), "no-cache", "{path}");
            assert!(seen.text == page.text, "{path}");
        }
    }
    assert_eq!(portal.text == console.text, parts_of(&portal).is_empty());
    // No exception from the policy is needed: nothing stands inside of a page that it would forbid.
    for page in [&portal, &console] {
        let is_lowercase = |letter: char| letter.is_ascii_lowercase();
        let mut handlers = page.text.split(" on").skip(1);
        assert!(!handlers.any(|rest| rest.trim_start_matches(is_lowercase).starts_with('=')));
        assert!(!page.text.contains("<style") && !page.text.contains(" style="));
        let scripts: Vec<&str> = page.text.split("<script").skip(1).collect();
        assert!(scripts.iter().all(|script| {
            let (tag, rest) = script.split_once('>').unwrap();
            tag.contains(" src=\"/") && rest.starts_with("</script>")
        }));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_a_page_loads_is_kept_for_ever_and_the_page_is_asked_about() {
    let (_site, server) = ready_site().await;
    for path in ["/", "/console"] {
        let page = get(&server, path, &[]).await;
        for part in parts_of(&page) {
            let seen = get(&server, &part, &[]).await;
            let media_type = match part.rsplit('.').next().unwrap() {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "svg" => "image/svg+xml",
                other => panic!("{other}"),
            };
            assert_eq!((seen.status, seen.header("content-type")), (200, media_type), "{part}");
            let caching =
                if part.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
            assert_eq!(seen.header("cache-control"), caching, "{part}");
            assert!(seen.header("content-security-policy").starts_with("default-src 'none'; form-action"));
        }
        let tag = page.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = get(&server, path, &[("if-none-match", &known)]).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
            assert_eq!((again.header("etag"), again.header("cache-control")), (tag.as_str(), "no-cache"));
            assert_eq!(again.header("vary"), "accept-encoding");
        }
        assert_eq!(get(&server, path, &[("if-none-match", "\"other\"")]).await.status, 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_is_sent_packed_as_the_browser_wishes_and_each_packing_has_its_own_tag() {
    let (_site, server) = ready_site().await;
    let page = get(&server, "/", &[]).await;
    let large = parts_of(&page).into_iter().find(|part| part.ends_with(".css"));
    let path = large.as_deref().unwrap_or("/");
    let is_packed = large.is_some();
    let plain = get(&server, path, &[]).await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    let mut tags = BTreeSet::from([plain.header("etag").to_owned()]);
    for (wish, packing, begins) in [
        ("br", "br", None),
        ("gzip", "gzip", Some([0x1f_u8, 0x8b])),
        ("gzip;q=0.5, br;q=0.1", "gzip", Some([0x1f, 0x8b])),
        ("deflate, zstd", "", None),
        ("br;q=0, gzip;q=0", "", None),
    ] {
        let url = format!("{}{path}", server.url);
        let request = reqwest::Client::new().get(&url).header("accept-encoding", wish);
        let answer = request.send().await.unwrap();
        let named = |name: &str| {
            answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let packing = if is_packed { packing } else { "" };
        assert_eq!(
            (named("content-encoding").as_str(), named("vary").as_str()),
            (packing, "accept-encoding")
        );
        assert_eq!(named("content-type"), plain.header("content-type"));
        let tag = named("etag");
        assert_eq!(tag == plain.header("etag"), packing.is_empty(), "{wish}");
        tags.insert(tag.clone());
        let length: usize = named("content-length").parse().unwrap();
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes.len(), length, "{wish}");
        if let (Some(begins), true) = (begins, is_packed) {
            assert_eq!(bytes[..2], begins);
        }
        assert!(packing.is_empty() || bytes.len() * 2 < plain.text.len(), "{wish}");
        let again = get(&server, path, &[("accept-encoding", wish), ("if-none-match", &tag)]).await;
        assert_eq!(again.status, 304, "{wish}");
    }
    assert_eq!(tags.len(), if is_packed { 3 } else { 1 });
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_file_is_not_there_and_never_a_page() {
    let (_site, server) = ready_site().await;
    for path in [
        "/assets",
        "/assets/",
        "/assets/x",
        "/assets/x.js",
        "/assets/index.html",
        "/index.html",
        "/console.html",
        "/desktop.html",
        "/app/index.html",
        "/console/x.js",
        "/favicon.ico",
        "/robots.txt",
        "/mark.svg/",
        "/MARK.SVG",
        "/assets/mark.svg",
        "/mark.svg.br",
        "/index.html.gz",
        "/.vite/manifest.json",
        "/.vite/served.txt",
        "/.git/HEAD",
        "/.env",
        "/waystation.toml",
        "/setup/page.js",
        "/v1beta",
        "/v1beta/models",
        "/dashboard/billing/usage",
        "/metrics",
        "/healthz/x",
        "/api/nothing",
        "/api",
    ] {
        let seen = get(&server, path, &[("accept", "text/html")]).await;
        assert_eq!((seen.status, seen.code().as_str()), (404, "unknown_url"), "{path}");
        assert_eq!(seen.header("content-type"), "application/json", "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_hides_a_slash_a_dot_or_a_device_leads_nowhere() {
    let (_site, server) = ready_site().await;
    for target in [
        "/../mark.svg",
        "/assets/../mark.svg",
        "/assets/../../etc/passwd",
        "/app/../mark.svg",
        "/./mark.svg",
        "/..%2fmark.svg",
        "/%2e%2e/mark.svg",
        "/%2e%2e%2fmark.svg",
        "/assets%2f..%2fmark.svg",
        "/%252e%252e/mark.svg",
        "/mark%2esvg",
        "/%6dark.svg",
        "/mark.svg%00",
        "/mark.svg%00.js",
        "/%00",
        "/app/%00",
        "/..\\mark.svg",
        "/..%5cmark.svg",
        "/assets\\x.js",
        "/C:/windows/win.ini",
        "/C:",
        "/mark.svg::$DATA",
        "/mark.svg:",
        "/con.html",
        "/aux.svg",
        "/nul.",
        "/app/..",
        "/app/...",
        "//mark.svg",
        "//etc/passwd",
        "/app//x",
        "/.",
        "/..",
        "/.htaccess",
        "/app/.ssh/id",
        "/%c0%ae%c0%ae/mark.svg",
        "/\u{ff0e}\u{ff0e}/mark.svg",
        "/app;x=.js",
        "/~root",
        "/a b",
    ] {
        let (status, head) = send_raw(&server, target).await;
        // What is no address at all is refused before it is looked up.
        let is_page = target == "/~root";
        assert!(if is_page { status == 200 } else { matches!(status, 400 | 404) }, "{target}: {status}");
        assert!(is_page || !head.contains("text/html"), "{target}: {head}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_and_files_are_read_only() {
    let (_site, server) = ready_site().await;
    let page = get(&server, "/", &[]).await;
    let mut paths = vec!["/".to_owned(), "/console".to_owned(), "/setup".to_owned(), "/nothing".to_owned()];
    paths.extend(parts_of(&page));
    for path in &paths {
        let seen = get(&server, path, &[]).await;
        let head = send(&server.url, "HEAD", path, &[], None).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in
            ["content-type", "etag", "vary", "cache-control", "content-length", "content-security-policy"]
        {
            assert!(!head.header(name).is_empty(), "{path} {name}");
            assert_eq!(head.header(name), seen.header(name), "{path} {name}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let seen = send(&server.url, method, path, &[], None).await;
            assert_eq!((seen.status, seen.code().as_str()), (405, "method_not_allowed"), "{method} {path}");
            assert_eq!(seen.header("allow"), "GET, HEAD");
        }
    }
    assert_eq!(send(&server.url, "POST", "/assets/x.js", &[], Some(json!({}))).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn before_the_first_owner_a_person_is_led_to_where_it_is_made() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let browser = [("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];
    for path in ["/", "/app", "/sign-in", "/console/people", "/nothing"] {
        let seen = get(&server, path, &browser).await;
        assert_eq!((seen.status, seen.header("content-type")), (503, HTML), "{path}");
        assert!(seen.text.contains("href=\"/setup\"") && seen.text.contains("url=/setup"), "{path}");
        assert_eq!((seen.header("cache-control"), seen.header("vary")), ("no-store", "accept"), "{path}");
        assert_eq!(seen.header("content-security-policy"), POLICY);
        let seen = get(&server, path, &[]).await;
        assert_eq!((seen.status, seen.code().as_str()), (503, "setup_required"), "{path}");
    }
    let setup = get(&server, "/setup", &browser).await;
    assert_eq!((setup.status, setup.header("content-type")), (200, HTML));
    for part in parts_of(&setup) {
        assert_eq!(get(&server, &part, &[]).await.status, 200, "{part}");
    }
    set_up(&site, &server).await;
    assert!(get(&server, "/", &browser).await.text == setup.text);
    server.stop().await;
}

//! What people put into queries, headers and paths to reach the database.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waystation_ids::Role;

use crate::access_rules::operations::operations;
use crate::access_rules::site::Site;

/// Far more than any of these calls takes, and less than one that sleeps.
const PATIENCE: Duration = Duration::from_secs(2);

fn injections() -> Vec<String> {
    let mut corpus: Vec<String> = [
        "'",
        "\"",
        "`",
        "' OR '1'='1",
        "' OR 1=1 -- ",
        "\" OR \"\"=\"",
        "1; DROP TABLE users",
        "'; DROP TABLE users; --",
        "' UNION SELECT email, password_hash FROM users --",
        "') OR sleep(5)=0 LIMIT 1 -- ",
        "1' AND (SELECT 1 FROM (SELECT SLEEP(5))x) -- ",
        "'; SELECT pg_sleep(5) --",
        "'||(SELECT randomblob(1000000000))||'",
        "admin'--",
        "\\'; --",
        "%27%20OR%201=1",
        "$1",
        "?",
        ":id",
        "{{7*7}}",
        "${7*7}",
        "../../../../etc/passwd",
        "..\\..\\",
        "\u{202e}",
        "'\u{ff07} OR 1=1",
        "\u{0}",
        "\n",
        "\r\nx-injected: 1",
        "NULL",
        "true",
        "-1",
        "9223372036854775808",
        "1e309",
        "NaN",
        "[]",
        "{}",
        "%",
        "_",
        "!",
        "*",
        "(",
        "(a+)+$",
        ".*",
    ]
    .map(str::to_owned)
    .into();
    corpus.push("%_".repeat(120));
    corpus.push("_".repeat(254));
    corpus.push("%a".repeat(127));
    corpus.push("!%".repeat(100));
    corpus.push("a".repeat(5_000));
    corpus.push("字".repeat(254));
    corpus
}

/// As a query writes it.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_is_read_as_anything_but_a_value() {
    let site = Site::new("filters").await;
    let owner = site.enter("owner", Role::Owner).await;
    for number in 0..30 {
        site.enter(&format!("aaaa-aaaa-aaaa-{number}"), Role::User).await;
    }
    let token = site.token(&owner).await;
    let mut tried = 0;
    for operation in operations().iter().filter(|operation| operation.is_read()) {
        let path = operation.path_with(&owner.id.to_string());
        let unfiltered = site.ask(&token, "GET", &path, Value::Null).await;
        let all = unfiltered.body["items"].as_array().map(Vec::len);
        for parameter in &operation.query {
            for text in injections() {
                let uri = format!("{path}?{parameter}={}", encoded(&text));
                let begun = Instant::now();
                let answer = site.ask(&token, "GET", &uri, Value::Null).await;
                let context = format!("{path} {parameter}={text:?}: {} {}", answer.status, answer.text);
                assert!(matches!(answer.status.as_u16(), 200 | 400 | 404 | 414), "{context}");
                assert!(begun.elapsed() < PATIENCE, "{context}");
                assert!(!answer.headers.contains_key("x-injected"), "{context}");
                let is_filter = !matches!(parameter.as_str(), "limit" | "cursor");
                let found = answer.body["items"].as_array().map(Vec::len);
                if is_filter && all.is_some_and(|all| all > 0) && !text.trim().is_empty() {
                    assert!(found.unwrap_or(0) == 0 || !looks_hostile(&text), "{context}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
    let left = site.get_done(&token, "GET", "/api/admin/users?limit=100", Value::Null).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 31);
    site.finish().await;
}

/// Whether finding something by it could only be a wildcard or a statement at work.
fn looks_hostile(text: &str) -> bool {
    text.contains(['\'', '"', '%', '_', ';', '(', '*', '!'])
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_or_path_is_read_as_anything_but_a_value() {
    let site = Site::new("credentials-corpus").await;
    let owner = site.enter("owner", Role::Owner).await;
    let token = site.token(&owner).await;
    for text in injections() {
        let line: String = text.chars().filter(|letter| !letter.is_control()).collect();
        for header in ["authorization", "x-api-key", "x-goog-api-key", "cookie", "idempotency-key", "x-proof"]
        {
            for value in
                [line.clone(), format!("Bearer {line}"), format!("Bearer sk-{line}"), format!("a={line}")]
            {
                for path in ["/api/admin/users", "/api/me", "/v1/models"] {
                    let begun = Instant::now();
                    let answer = site.send("GET", path, &[(header, value.clone())], None).await;
                    let context = format!("{path} {header}: {value:?}: {} {}", answer.status, answer.text);
                    assert_eq!(answer.status.as_u16(), 401, "{context}");
                    assert!(begun.elapsed() < PATIENCE, "{context}");
                }
            }
        }
        for path in ["users", "channels", "models", "requests"] {
            let uri = format!("/api/admin/{path}/{}", encoded(&text));
            let answer = site.ask(&token, "GET", &uri, Value::Null).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 404 | 414),
                "{uri}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_for_wildcards_at_once_hold_nobody_up() {
    let site = Site::new("wildcards").await;
    let owner = site.enter("owner", Role::Owner).await;
    for number in 0..200 {
        site.enter(&format!("{}-{number}", "ab".repeat(25)), Role::User).await;
    }
    let token = site.token(&owner).await;
    let patterns = ["%_".repeat(120), "%a%b".repeat(60), "_".repeat(250), "ab".repeat(127)];
    let searches = (0..50).map(|number| {
        let uri = format!("/api/admin/users?limit=100&q={}", encoded(&patterns[number % patterns.len()]));
        let (site, token) = (&site, &token);
        async move {
            let begun = Instant::now();
            let answer = site.ask(token, "GET", &uri, Value::Null).await;
            assert_eq!(answer.status.as_u16(), 200, "{uri}: {}", answer.text);
            assert_eq!(answer.body["items"], json!([]), "{uri}");
            begun.elapsed()
        }
    });
    let longest = futures_util::future::join_all(searches).await.into_iter().max().unwrap();
    assert!(longest < PATIENCE, "{longest:?}");
    site.finish().await;
}

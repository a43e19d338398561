//! What a browser or a program sends to a site, and what it sees.

use std::path::Path;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::world::{Server, Site};

pub const PASSWORD: &str = "correct horse battery";

/// An answer, read to its end.
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of an error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// One header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The cookie that the answer sets, as it is sent back.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

/// Sends a request with these headers; `body` as JSON where there is one.
pub async fn send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Seen {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = client.request(method.parse().unwrap(), format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    Seen {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await.unwrap(),
    }
}

/// What a browser sends along from one of the site's own pages.
pub async fn browse(server: &Server, cookie: &str, method: &str, path: &str, body: Option<Value>) -> Seen {
    send(&server.url, method, path, &[("origin", &server.url), ("cookie", cookie)], body).await
}

/// What a program sends.
pub async fn program(server: &Server, token: &str, method: &str, path: &str, body: Option<Value>) -> Seen {
    let bearer = format!("Bearer {token}");
    send(&server.url, method, path, &[("authorization", &bearer)], body).await
}

/// The token that lies in the data folder.
pub fn setup_token(data_dir: &Path) -> String {
    let content = std::fs::read_to_string(data_dir.join("setup-token")).unwrap();
    content.lines().next().unwrap().to_owned()
}

/// What the first owner is made with.
pub fn owner(token: &str) -> Value {
    json!({"token": token, "email": "owner@example.com", "password": PASSWORD})
}

/// Sets a site up from its page; gives the answer, which signs the owner in.
pub async fn set_up(site: &Site, server: &Server) -> Seen {
    let token = setup_token(&site.data_dir());
    let seen = send(&server.url, "POST", "/api/setup", &[("origin", &server.url)], Some(owner(&token))).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    seen
}

/// Pairs a device with whom the cookie belongs to; gives its sign-in.
pub async fn pair(server: &Server, cookie: &str) -> Value {
    let asked =
        browse(server, cookie, "POST", "/api/me/devices/pairing", Some(json!({"name": "Desk"}))).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    let code = asked.json()["code"].clone();
    let paired = send(&server.url, "POST", "/api/auth/pair", &[], Some(json!({"code": code}))).await;
    assert_eq!(paired.status, 200, "{}", paired.text);
    paired.json()
}

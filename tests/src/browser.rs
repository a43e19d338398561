//! A browser as far as signing in needs one: cookies, and links that are followed when asked to.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::reply::Reply;

/// One browser at one site.
#[derive(Debug)]
pub struct Browser {
    http: reqwest::Client,
    base_url: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    /// A browser without cookies, for the site at this address.
    pub fn new(base_url: &str) -> Browser {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .expect("a plain client can be built");
        Browser { http, base_url: base_url.to_owned(), cookies: Mutex::default() }
    }

    /// Opens a link, as a page of another site or the person would. One without a host is the site's own.
    pub async fn open(&self, url: &str) -> Reply {
        let is_own = url.starts_with('/') || url.starts_with(&format!("{}/", self.base_url));
        let url = if url.starts_with('/') { format!("{}{url}", self.base_url) } else { url.to_owned() };
        let request = self.http.get(url);
        self.send(if is_own { self.with_cookies(request) } else { request }, is_own).await
    }

    /// What a page of the site asks of its API.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.ask_with_headers(method, path, body, HeaderMap::new()).await
    }

    /// The same with further headers.
    pub async fn ask_with_headers(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: HeaderMap,
    ) -> Reply {
        let mut request = self
            .with_cookies(self.http.request(method, format!("{}{path}", self.base_url)))
            .header("origin", &self.base_url)
            .header("sec-fetch-site", "same-origin")
            .headers(headers);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.send(request, true).await
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    /// Puts a cookie into the browser, or takes it out.
    pub fn set_cookie(&self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.jar().insert(name.to_owned(), value.to_owned()),
            None => self.jar().remove(name),
        };
    }

    fn with_cookies(&self, request: RequestBuilder) -> RequestBuilder {
        let pairs: Vec<String> = self.jar().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { request } else { request.header("cookie", pairs.join("; ")) }
    }

    async fn send(&self, request: RequestBuilder, is_own: bool) -> Reply {
        let reply = Reply::read(request.send().await.expect("the server answers")).await;
        if is_own {
            for value in reply.headers.get_all(SET_COOKIE) {
                self.keep(value.to_str().expect("a cookie is text"));
            }
        }
        reply
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a value");
        let attributes: Vec<String> =
            attributes.split(';').map(|attribute| attribute.trim().to_ascii_lowercase()).collect();
        let has = |wanted: &str| attributes.iter().any(|attribute| attribute == wanted);
        // What a browser demands of a cookie with this prefix (RFC 6265bis, section 4.1.3.2).
        if name.starts_with("__Host-") {
            let names_host = attributes.iter().any(|attribute| attribute.starts_with("domain"));
            assert!(has("secure") && has("path=/") && !names_host, "{cookie}");
        }
        assert!(has("httponly") && has("samesite=lax"), "{cookie}");
        let value = (!has("max-age=0")).then_some(value);
        self.set_cookie(name.trim(), value);
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

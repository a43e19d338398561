//! A site of its own without a listener, with people of every role and one thing of every kind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use waystation_ids::{ChannelId, Email, KeyId, PriceVersionId, RequestId, Role, SessionId};
use waystation_ledger::{AttemptRecord, CallRecord, CallStatus, OutputCap, Reserve, Settlement, UsageRecord};
use waystation_pricing::{Multiplier, Price, Usage, UsageSource};
use waystation_store::{NewSession, SessionKind, User};

use crate::audit_trail::Doer;
use crate::auth::{COOKIE_NAME, create_access_token};
use crate::clock::now_ms;
use crate::config::{Config, Flags, load_values};
use crate::drawn_secret::DrawnSecret;
use crate::http::build_router;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::relay_start::start_relay;
use crate::sign_in::{ProvedBy, Reception, complete_sign_in};
use crate::state::App;
use crate::users::{Entry, enter_user};

/// The first part of the guard's own refusal, as against that of a handler, which looks at whom it is about.
pub(super) const LACKS: &str = "Your role lacks the permission";

pub(super) struct Site {
    pub(super) app: App,
    router: Router,
    folder: PathBuf,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(super) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }

    /// Whether the guard let nobody through.
    pub(super) fn lacks_permission(&self) -> bool {
        self.status == StatusCode::FORBIDDEN && self.message().starts_with(LACKS)
    }
}

impl Site {
    pub(super) async fn new(name: &str) -> Site {
        Site::with(name, &[]).await
    }

    /// With further settings.
    pub(super) async fn with(name: &str, more: &[(&str, &str)]) -> Site {
        let folder = std::env::temp_dir().join(format!("waystation-rules-{name}-{}", std::process::id()));
        let mut settings = vec![
            ("data_dir".to_owned(), folder.display().to_string()),
            ("auth.registration".to_owned(), "invite".to_owned()),
        ];
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
        let app = App::open(Config::from_values(&values).unwrap()).await.unwrap();
        let router = build_router(&app, start_relay(&app).unwrap());
        Site { app, router, folder }
    }

    /// The paths of every route that the server answers, as the router itself lists them.
    pub(super) fn routed_paths(&self) -> BTreeSet<String> {
        let listed = format!("{:?}", self.router);
        // What is nothing has routes too, of the router's own.
        let is_path = |text: &&str| text.starts_with('/') && !text.contains("axum_fallback");
        listed.split('"').filter(is_path).map(str::to_owned).collect()
    }

    /// Where everything is kept.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) async fn enter(&self, name: &str, role: Role) -> User {
        let email: Email = format!("{name}@example.org").parse().unwrap();
        let entry = Entry { email, username: None, display_name: None, role, password_hash: None };
        enter_user(&self.app, Doer::Server, entry).await.unwrap()
    }

    pub(super) async fn token(&self, user: &User) -> String {
        self.token_for(user, Duration::from_secs(600)).await
    }

    pub(super) async fn token_for(&self, user: &User, lasts: Duration) -> String {
        create_access_token(&self.app, user.id, SessionKind::Cli, lasts).await.unwrap().access_token
    }

    /// The cookie of a browser in which the person has just signed in.
    pub(super) async fn cookie(&self, user: &User) -> String {
        let visitor = Visitor {
            client_ip: [127, 0, 0, 1].into(),
            user_agent: "a test".to_owned(),
            request: RequestId::new_cause(now_ms(), random_bytes().unwrap()),
        };
        let signed_in =
            complete_sign_in(&self.app, &visitor, user.clone(), ProvedBy::Pairing, Reception::Cookie);
        let response = signed_in.await.unwrap();
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// The cookie of a browser whose session has come to its end by its time.
    pub(super) async fn expired_cookie(&self, user: &User) -> String {
        let secret = DrawnSecret::draw().unwrap();
        let session = NewSession {
            id: SessionId::new(now_ms(), random_bytes().unwrap()),
            user: user.id,
            kind: SessionKind::Browser,
            secret_hash: Some(secret.hash()),
            name: None,
            client_ip: None,
            user_agent: None,
            proved_by: None,
            lasts_ms: 0,
        };
        let session = self.app.store.create_session(&session).await.unwrap();
        format!("{COOKIE_NAME}={}.{}", session.id, secret.reveal())
    }

    /// A person of each role, the lowest first.
    pub(super) async fn one_of_each_role(&self) -> Vec<User> {
        let mut people = Vec::new();
        for role in Role::ALL {
            people.push(self.enter(role.name(), role).await);
        }
        people
    }

    /// Asks with these headers, as they are.
    pub(super) async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, String)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri).header(header::HOST, "127.0.0.1:8787");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, text, body }
    }

    /// Asks with an access token; writes get a new idempotency key.
    pub(super) async fn ask(&self, token: &str, method: &str, uri: &str, body: Value) -> Answer {
        let key = format!("{:032x}", u128::from_be_bytes(random_bytes().unwrap()));
        let headers = [("authorization", format!("Bearer {token}")), ("idempotency-key", key)];
        let body = (method != "GET").then_some(&body);
        self.send(method, uri, &headers, body).await
    }

    /// The same, and it has to succeed.
    pub(super) async fn get_done(&self, token: &str, method: &str, uri: &str, body: Value) -> Value {
        let answer = self.ask(token, method, uri, body).await;
        assert!(answer.status.is_success(), "{method} {uri}: {} {}", answer.status, answer.text);
        answer.body
    }

    /// A key of the user, made by whoever has the token; its id and secret.
    pub(super) async fn add_key(&self, token: &str, user: &User) -> (String, String) {
        let made = self
            .get_done(token, "POST", &format!("/api/admin/users/{}/keys", user.id), json!({"name": "a"}))
            .await;
        (made["key"]["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
    }

    pub(super) async fn add_model(&self, token: &str, name: &str) -> String {
        let made = self.get_done(token, "POST", "/api/admin/models", json!({"name": name})).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// An invitation; its id.
    pub(super) async fn add_invite(&self, token: &str) -> String {
        let made = self.get_done(token, "POST", "/api/admin/invites", json!({})).await;
        made["invite"]["id"].as_str().unwrap().to_owned()
    }

    /// A channel with a secret; the ids of both.
    pub(super) async fn add_channel(&self, token: &str) -> (String, String) {
        let body = json!({
            "name": "Main", "format": "openai", "base_url": "https://api.example.com/v1", "models": ["sonnet"],
            "credentials": ["upstream-secret-0123456789"],
        });
        let made = self.get_done(token, "POST", "/api/admin/channels", body).await;
        let credential = made["credentials"][0]["id"].as_str().unwrap().to_owned();
        (made["id"].as_str().unwrap().to_owned(), credential)
    }

    /// A channel that asks nobody; its id.
    pub(super) async fn add_demo_channel(&self, token: &str) -> String {
        let body = json!({"name": "Demo", "format": "demo", "models": ["sonnet"]});
        let made = self.get_done(token, "POST", "/api/admin/channels", body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A group without models; its id.
    pub(super) async fn add_model_group(&self, token: &str) -> String {
        let name = format!("group-{:x}", u64::from_be_bytes(random_bytes().unwrap()));
        let body = json!({"name": name, "models": []});
        let made = self.get_done(token, "POST", "/api/admin/model-groups", body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A notice for everybody; its id.
    pub(super) async fn add_notice(&self, token: &str) -> String {
        let body = json!({"title": {"en": "Maintenance"}});
        let made = self.get_done(token, "POST", "/api/admin/notices", body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A call of the user's that cost nothing and has ended; its id.
    pub(super) async fn add_call(&self, user: &User, channel: &str) -> String {
        self.add_call_with(user, channel, KeyId::new(1, [1; 10])).await
    }

    /// The same with this key.
    pub(super) async fn add_call_with(&self, user: &User, channel: &str, key: KeyId) -> String {
        let request = RequestId::new_cause(now_ms(), random_bytes().unwrap());
        let price_version = PriceVersionId::new(1, [9; 10]);
        let call = Reserve {
            request,
            user: user.id,
            key,
            instance: self.app.instance,
            model: "sonnet".to_owned(),
            price_version,
            price: Price::default(),
            multiplier: Multiplier::ONE,
            input_bound: 10,
            input_estimate: 5,
            choices: 1,
            output_cap: OutputCap::Exactly(5),
            budgets: Vec::new(),
            time_limit_ms: 60_000,
        };
        self.app.lanes.reserve(call).await.unwrap();
        let channel: ChannelId = channel.parse().unwrap();
        let attempt = AttemptRecord {
            number: 1,
            channel,
            credential: None,
            upstream_model: "upstream".to_owned(),
            status_code: Some(502),
            error_code: None,
            error_text: None,
            started_at_ms: now_ms(),
            first_byte_ms: None,
            duration_ms: 1,
        };
        let record = CallRecord {
            request,
            user: user.id,
            key,
            model_asked: "sonnet".to_owned(),
            model_served: "sonnet".to_owned(),
            channel: Some(channel),
            dialect: "openai".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            method: "POST".to_owned(),
            stream: false,
            usage: UsageRecord::from(&Usage::none(UsageSource::Reported)),
            price_version,
            multiplier_ppm: Multiplier::ONE.ppm(),
            output_cap: 5,
            status: CallStatus::Failed,
            status_code: 502,
            error_code: None,
            first_byte_ms: None,
            duration_ms: 1,
            client_ip: "127.0.0.1".to_owned(),
            user_agent: "a test".to_owned(),
            started_at_ms: now_ms(),
        };
        let ended = Settlement { cost: None, record, attempts: vec![attempt] };
        self.app.lanes.settle(Arc::new(ended)).await.unwrap();
        request.to_string()
    }

    pub(super) async fn finish(self) {
        self.app.close().await.unwrap();
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

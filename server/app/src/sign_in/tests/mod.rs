//! Second factors, passkeys and fresh proofs, asked of the routes themselves.

mod passkeys;
mod proof;
mod refresh;
mod relying_party;
mod second_factor;
mod software_authenticator;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use data_encoding::BASE32_NOPAD;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use waystation_ids::{RequestId, Role};
use waystation_store::{AuditFilter, SessionKind, User};
use zeroize::Zeroizing;

use crate::audit_trail::Doer;
use crate::auth::create_access_token;
use crate::base64_text::read_base64;
use crate::clock::now_ms;
use crate::config::{Config, Flags, load_values};
use crate::http::build_router;
use crate::http::client_address::PeerAddress;
use crate::http::visitor::Visitor;
use crate::passwords::hash_password;
use crate::relay_start::start_relay;
use crate::sign_in::completion::{ProvedBy, Reception, complete_sign_in};
use crate::sign_in::tests::software_authenticator::SoftwareAuthenticator;
use crate::sign_in::totp_code::TotpSecret;
use crate::state::App;
use crate::users::{Entry, enter_user};

const PASSWORD: &str = "correct horse battery";
const ORIGIN: &str = "https://ai.example.org";
const STEP_MS: i64 = 30_000;

/// A site of its own, without a listener, and its owner.
struct Site {
    app: App,
    router: Router,
    owner: User,
    folder: std::path::PathBuf,
}

/// Who asks, and from where.
#[derive(Clone)]
struct Caller {
    token: Option<String>,
    proof: Option<String>,
    address: IpAddr,
}

impl Caller {
    /// Somebody who is not signed in.
    fn stranger() -> Self {
        Caller { token: None, proof: None, address: IpAddr::from([203, 0, 113, 1]) }
    }

    fn from(&self, address: [u8; 4]) -> Self {
        Caller { address: address.into(), ..self.clone() }
    }

    fn with_proof(&self, proof: &str) -> Self {
        Caller { proof: Some(proof.to_owned()), ..self.clone() }
    }
}

impl Site {
    async fn new(name: &str) -> Site {
        let folder = std::env::temp_dir().join(format!("waystation-sign-in-{name}-{}", std::process::id()));
        let settings = [
            ("data_dir", folder.display().to_string()),
            ("public_url", ORIGIN.to_owned()),
            ("oauth.github.client_id", "client".to_owned()),
            ("oauth.github.client_secret", "secret".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
        let app = App::open(Config::from_values(&values).unwrap()).await.unwrap();
        let router = build_router(&app, start_relay(&app).unwrap());
        let owner = enter(&app, "owner@example.org", Role::Owner, Some(PASSWORD)).await;
        Site { app, router, owner, folder }
    }

    async fn enter(&self, email: &str, password: Option<&str>) -> User {
        enter(&self.app, email, Role::User, password).await
    }

    /// A session of a browser's, known by a token.
    async fn sign_in(&self, user: &User) -> Caller {
        self.open_session(user, SessionKind::Browser).await
    }

    async fn open_session(&self, user: &User, kind: SessionKind) -> Caller {
        let token = create_access_token(&self.app, user.id, kind, Duration::from_secs(600)).await.unwrap();
        Caller { token: Some(token.access_token), ..Caller::stranger() }
    }

    async fn ask(&self, caller: &Caller, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api{path}"));
        if let Some(token) = &caller.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(proof) = &caller.proof {
            request = request.header("x-proof", proof);
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "one")
            .extension(PeerAddress(SocketAddr::new(caller.address, 40_000)))
            .body(Body::from(body.to_string()))
            .unwrap();
        read_answer(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn post(&self, caller: &Caller, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(caller, "POST", path, body).await
    }

    /// What follows a right password.
    async fn begin(&self, user: &User) -> Value {
        let visitor = Visitor {
            client_ip: IpAddr::from([203, 0, 113, 1]),
            user_agent: String::new(),
            request: RequestId::new_cause(now_ms(), [0; 10]),
        };
        let user = self.app.store.load_user(user.id).await.unwrap();
        let response =
            complete_sign_in(&self.app, &visitor, user, ProvedBy::Password, Reception::Tokens).await;
        read_answer(response.unwrap()).await.1
    }

    /// The challenge that follows a right password of somebody who has a second factor.
    async fn challenge(&self, user: &User) -> String {
        let begun = self.begin(user).await;
        assert_eq!(begun["status"], "second_factor_required", "{begun}");
        begun["challenge"].as_str().unwrap().to_owned()
    }

    /// A proof by whatever is sent.
    async fn prove(&self, caller: &Caller, by: Value) -> String {
        let (status, body) = self.post(caller, "/auth/proof", by).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["proof"].as_str().unwrap().to_owned()
    }

    /// Sets an authenticator app up; gives its secret and the recovery codes. The code of this step is used up.
    async fn set_up_totp(&self, caller: &Caller) -> (TotpSecret, Vec<String>) {
        let proof = self.prove(caller, json!({"password": PASSWORD})).await;
        let (status, body) = self.post(&caller.with_proof(&proof), "/me/totp", json!({})).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let secret = BASE32_NOPAD.decode(body["secret"].as_str().unwrap().as_bytes()).unwrap();
        let secret = TotpSecret::from_bytes(Zeroizing::new(secret));
        let code = secret.code_at(now_ms());
        let (status, body) = self.post(caller, "/me/totp/confirm", json!({"code": code})).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let codes = body["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
        (secret, codes.collect())
    }

    /// Makes a passkey for somebody whose call is let through.
    async fn make_passkey(&self, caller: &Caller, user: &User) -> (SoftwareAuthenticator, Value) {
        let (status, started) = self.post(caller, "/me/passkeys/start", json!({})).await;
        assert_eq!(status, StatusCode::OK, "{started}");
        let mut authenticator = authenticator_of(user);
        let credential = authenticator.create(&challenge_of(&started["options"]));
        let body = json!({"challenge": started["challenge"], "name": "Laptop", "credential": credential});
        let (status, made) = self.post(caller, "/me/passkeys/finish", body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        (authenticator, made)
    }

    /// The same for somebody with a password.
    async fn add_passkey(&self, caller: &Caller, user: &User) -> (SoftwareAuthenticator, Value) {
        let proof = self.prove(caller, json!({"password": PASSWORD})).await;
        self.make_passkey(&caller.with_proof(&proof), user).await
    }

    /// How often the audit log tells of something.
    async fn count_audited(&self, action: &str) -> usize {
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        self.app.store.list_audit_rows(&filter, None, 1_000).await.unwrap().len()
    }

    async fn finish(self) {
        self.app.close().await.unwrap();
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

async fn enter(app: &App, email: &str, role: Role, password: Option<&str>) -> User {
    let entry = Entry {
        email: email.parse().unwrap(),
        username: None,
        display_name: None,
        role,
        password_hash: password.map(|password| hash_password(password).unwrap()),
    };
    enter_user(app, Doer::Server, entry).await.unwrap()
}

async fn read_answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

fn authenticator_of(user: &User) -> SoftwareAuthenticator {
    SoftwareAuthenticator::new(ORIGIN, "ai.example.org", user.id.uuid().as_bytes())
}

/// What an authenticator is to sign.
fn challenge_of(options: &Value) -> Vec<u8> {
    read_base64(options["challenge"].as_str().unwrap()).unwrap()
}

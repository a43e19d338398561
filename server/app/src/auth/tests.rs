//! Who may do what, asked of the routes themselves.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use waystation_api::error::ErrorCode;
use waystation_ids::{Email, RequestId, Role, UserId, UserStatus};
use waystation_store::{AuditFilter, SessionKind, User};

use crate::auth::{Access, create_access_token};
use crate::config::{Config, Flags, load_values};
use crate::http::visitor::Visitor;
use crate::http::{build_router, management_slices};
use crate::relay_start::start_relay;
use crate::sign_in::{ProvedBy, Reception, complete_sign_in};
use crate::state::App;
use crate::users::{Entry, enter_user};

/// A site of its own, without a listener.
struct Site {
    app: App,
    router: Router,
    folder: std::path::PathBuf,
}

impl Site {
    async fn new(name: &str) -> Site {
        let folder = std::env::temp_dir().join(format!("waystation-auth-{name}-{}", std::process::id()));
        let settings = vec![("data_dir".to_owned(), folder.display().to_string())];
        let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
        let app = App::open(Config::from_values(&values).unwrap()).await.unwrap();
        let router = build_router(&app, start_relay(&app).unwrap());
        Site { app, router, folder }
    }

    async fn enter(&self, email: &str, role: Role) -> User {
        let email: Email = email.parse().unwrap();
        let entry = Entry { email, username: None, display_name: None, role, password_hash: None };
        enter_user(&self.app, crate::audit_trail::Doer::Server, entry).await.unwrap()
    }

    async fn token(&self, user: &User) -> String {
        let lasts = Duration::from_secs(60);
        create_access_token(&self.app, user.id, SessionKind::Cli, lasts).await.unwrap().access_token
    }

    /// A person of each role, the lowest first, with a token.
    async fn one_of_each_role(&self) -> Vec<(User, String)> {
        let mut people = Vec::new();
        for role in Role::ALL {
            let user = self.enter(&format!("{}@example.org", role.name()), role).await;
            let token = self.token(&user).await;
            people.push((user, token));
        }
        people
    }

    async fn ask(&self, token: Option<&str>, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api{path}"));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "one")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn finish(self) {
        self.app.close().await.unwrap();
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

/// The refusal of the guard, as against that of a handler, which looks at whom it is about.
fn lacks_permission(status: StatusCode, body: &Value) -> bool {
    let message = body["error"]["message"].as_str().unwrap_or_default();
    status == StatusCode::FORBIDDEN && message.starts_with("Your role lacks the permission")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_admits_exactly_the_roles_of_its_permission() {
    let site = Site::new("routes").await;
    let people = site.one_of_each_role().await;
    let slices = management_slices();
    assert!(slices.table().len() >= 17);
    for route in slices.table().iter().filter(|route| route.access != Access::Anyone) {
        // Nothing has these ids: whoever is admitted changes nothing.
        let path = route.path.replace(['{', '}'], "");
        if route.access == Access::Anyone {
            continue;
        }
        let (status, body) = site.ask(None, route.method, &path, json!({})).await;
        assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "invalid_token"), "{route:?}");
        for (person, _) in &people {
            // A session of its own: one of the routes ends the one that asks.
            let token = site.token(person).await;
            let (status, body) = site.ask(Some(&token), route.method, &path, json!({})).await;
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{route:?} by {:?}", person.role);
            let admitted = match route.access {
                Access::Anyone | Access::Identified | Access::SignedIn => true,
                Access::Holding(permission) => permission.is_held_by(person.role),
            };
            assert_eq!(lacks_permission(status, &body), !admitted, "{route:?} by {:?}: {body}", person.role);
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_acts_on_an_equal_or_higher_role() {
    let site = Site::new("hierarchy").await;
    let people = site.one_of_each_role().await;
    let writers: Vec<_> = people.iter().filter(|(person, _)| person.role >= Role::Admin).collect();
    assert_eq!(writers.len(), 2);
    for (actor, token) in writers {
        for role in Role::ALL {
            let other =
                site.enter(&format!("{}-of-{}@example.org", role.name(), actor.role.name()), role).await;
            let user = format!("/admin/users/{}", other.id);
            let allowed = actor.role > role;
            for (method, path, body) in [
                ("PATCH", user.clone(), json!({"display_name": "x"})),
                ("PATCH", user.clone(), json!({"status": "disabled"})),
                ("POST", format!("{user}/keys"), json!({"name": "x"})),
            ] {
                let (status, body) = site.ask(Some(token), method, &path, body).await;
                assert_eq!(status.is_success(), allowed, "{:?} on {role:?}: {body}", actor.role);
                assert!(allowed || code(&body) == "forbidden", "{body}");
            }
            // Owners give every role, the others those below theirs.
            let new = json!({"email": format!("new-{}-{}@example.org", role.name(), actor.role.name()), "role": role});
            let (status, body) = site.ask(Some(token), "POST", "/admin/users", new).await;
            assert_eq!(
                status.is_success(),
                allowed || actor.role == Role::Owner,
                "{:?} makes {role:?}: {body}",
                actor.role
            );
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_cannot_be_raised_by_its_bearer() {
    let site = Site::new("raise").await;
    let people = site.one_of_each_role().await;
    for (person, token) in &people[..5] {
        let path = format!("/admin/users/{}", person.id);
        let (status, body) = site.ask(Some(token), "PATCH", &path, json!({"role": "owner"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{:?}: {body}", person.role);
    }
    let (owner, token) = &people[5];
    let path = format!("/admin/users/{}", owner.id);
    let (status, body) = site.ask(Some(token), "PATCH", &path, json!({"role": "user"})).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, "conflict"));
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_key_is_not_there() {
    let site = Site::new("keys").await;
    site.enter("owner@example.org", Role::Owner).await;
    let (ann, ben) =
        (site.enter("ann@example.org", Role::User).await, site.enter("ben@example.org", Role::User).await);
    let (of_ann, of_ben) = (site.token(&ann).await, site.token(&ben).await);
    let (_, made) = site.ask(Some(&of_ann), "POST", "/me/keys", json!({"name": "a"})).await;
    let key = format!("/me/keys/{}", made["key"]["id"].as_str().unwrap());
    for (method, path, body) in [
        ("GET", key.clone(), json!({})),
        ("PATCH", key.clone(), json!({"name": "b"})),
        ("DELETE", key.clone(), json!({})),
        ("POST", format!("{key}/rotate"), json!({})),
    ] {
        let (status, body) = site.ask(Some(&of_ben), method, &path, body).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "not_found"), "{method} {path}");
    }
    let (status, body) = site.ask(Some(&of_ben), "GET", "/me/keys", json!({})).await;
    assert_eq!((status, &body["items"]), (StatusCode::OK, &json!([])));
    let (status, body) = site.ask(Some(&of_ann), "GET", &key, json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.get("secret").is_none() && body.get("hash").is_none(), "{body}");
    site.finish().await;
}

/// What the audit log tells, the newest first.
async fn logged(site: &Site) -> Vec<String> {
    let rows = site.app.store.list_audit_rows(&AuditFilter::default(), None, 100).await.unwrap();
    rows.into_iter().map(|row| row.entry.action).collect()
}

fn visitor() -> Visitor {
    let client_ip = "203.0.113.5".parse().unwrap();
    Visitor { client_ip, user_agent: "a test".to_owned(), request: RequestId::new_cause(1, [0; 10]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_written_down_whether_it_succeeds_or_not() {
    let site = Site::new("sign-in").await;
    let mut ann = site.enter("ann@example.org", Role::Owner).await;
    let sign_in = async |user: User| {
        complete_sign_in(&site.app, &visitor(), user, ProvedBy::Password, Reception::Tokens).await
    };
    let response = sign_in(ann.clone()).await.unwrap();
    assert!(!response.headers().contains_key(header::SET_COOKIE));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let reply: Value = serde_json::from_slice(&body).unwrap();
    assert!(reply["first_key"]["secret"].as_str().unwrap().starts_with("sk-"), "{reply}");
    let token = reply["tokens"]["access_token"].as_str().unwrap();
    assert_eq!(site.ask(Some(token), "GET", "/me", json!({})).await.0, StatusCode::OK);
    assert_eq!(logged(&site).await, ["key.create", "sign_in.succeeded", "user.create"]);
    ann.status = UserStatus::Disabled;
    let refused = sign_in(ann).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidCredentials);
    assert_eq!(logged(&site).await[0], "sign_in.failed");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_person_is_refused_at_once() {
    let site = Site::new("disabled").await;
    let owner = site.enter("owner@example.org", Role::Owner).await;
    let ann = site.enter("ann@example.org", Role::Admin).await;
    let (of_owner, of_ann) = (site.token(&owner).await, site.token(&ann).await);
    assert_eq!(site.ask(Some(&of_ann), "GET", "/me", json!({})).await.0, StatusCode::OK);
    let path = format!("/admin/users/{}", ann.id);
    let (status, _) = site.ask(Some(&of_owner), "PATCH", &path, json!({"status": "disabled"})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(site.ask(Some(&of_ann), "GET", "/me", json!({})).await.0, StatusCode::UNAUTHORIZED);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_owner_every_route_answers_setup_required() {
    let site = Site::new("setup").await;
    for route in management_slices().table() {
        let path = route.path.replace(['{', '}'], "");
        let (status, body) = site.ask(None, route.method, &path, json!({})).await;
        assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "setup_required"), "{route:?}");
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_kind_is_an_id_of_nothing() {
    let site = Site::new("ids").await;
    let owner = site.enter("owner@example.org", Role::Owner).await;
    let token = site.token(&owner).await;
    let unknown = UserId::new(1, [1; 10]).to_string();
    for id in
        [unknown.as_str(), "usr_", "1", "key_06ft3r5yx1v2k4m7q9s0t2w6z0", "%00", "..%2f", "'%20OR%201=1"]
    {
        let (status, body) = site.ask(Some(&token), "GET", &format!("/admin/users/{id}"), json!({})).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "not_found"), "{id}");
    }
    site.finish().await;
}

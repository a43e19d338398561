//! Role × route × form of credential: every cell of the table.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use waystation_ids::Role;
use waystation_store::User;

use crate::access_rules::operations::{Needed, Operation, operations};
use crate::access_rules::site::{Answer, Site};
use crate::audit_trail::Doer;

/// How a caller says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bearer,
    LowerCaseBearer,
    Cookie,
    Ended,
    EndedCookie,
    Expired,
    ExpiredCookie,
    SignedByAnotherSite,
    Unsigned,
    OfSomebodyElse,
    OfADisabledPerson,
    RelayKey,
    RelayKeyAsApiKey,
    RelayKeyInQuery,
    TokenInQuery,
    TokenAsApiKey,
    Basic,
    Twice,
    Cut,
    /// The cookie of a browser, with a secret that is not its session's.
    WrongCookie,
}

const FORMS: [Form; 20] = [
    Form::Bearer,
    Form::LowerCaseBearer,
    Form::Cookie,
    Form::Ended,
    Form::EndedCookie,
    Form::Expired,
    Form::ExpiredCookie,
    Form::SignedByAnotherSite,
    Form::Unsigned,
    Form::OfSomebodyElse,
    Form::OfADisabledPerson,
    Form::RelayKey,
    Form::RelayKeyAsApiKey,
    Form::RelayKeyInQuery,
    Form::TokenInQuery,
    Form::TokenAsApiKey,
    Form::Basic,
    Form::Twice,
    Form::Cut,
    Form::WrongCookie,
];

impl Form {
    fn is_valid(self) -> bool {
        matches!(self, Form::Bearer | Form::LowerCaseBearer | Form::Cookie)
    }
}

/// Somebody of a role, with everything that may be sent in its name.
struct Person {
    user: User,
    token: String,
    ended: String,
    ended_cookie: String,
    expired: String,
    expired_cookie: String,
    of_disabled: String,
    key: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_admits_exactly_the_roles_of_its_permission_in_each_form() {
    let site = Site::new("credentials").await;
    let people = enter_people(&site).await;
    let mut cells: BTreeMap<String, usize> = BTreeMap::new();
    for operation in operations() {
        // Nothing has these ids: whoever is admitted changes nothing.
        let path = operation.path_with("none");
        let answer = site.send(&operation.method, &path, &[], body_of(&operation).as_ref()).await;
        check(&operation, None, &answer, "no credential");
        *cells.entry("None".to_owned()).or_default() += 1;
        for person in &people {
            for form in FORMS {
                let (path, headers) = dress(&site, person, form, &path).await;
                let answer =
                    site.send(&operation.method, &path, &headers, body_of(&operation).as_ref()).await;
                let role = form.is_valid().then_some(person.user.role);
                check(&operation, role, &answer, &format!("{form:?} of {:?}", person.user.role));
                *cells.entry(format!("{form:?}")).or_default() += 1;
            }
        }
    }
    let count: usize = cells.values().sum();
    println!("proof: cells of role, route and form of credential, {cells:?}; {count}; -");
    assert!(count >= 3_000, "{count} cells");
    // Each form is tried of every role at every route.
    let routes = operations().len();
    assert_eq!(cells.len(), FORMS.len() + 1);
    assert!(
        cells
            .iter()
            .all(|(form, cells)| *cells == if form == "None" { routes } else { routes * people.len() })
    );
    site.finish().await;
}

/// `role` is that of the caller, none where it is nobody.
fn check(operation: &Operation, role: Option<Role>, answer: &Answer, context: &str) {
    let context =
        format!("{} {} by {context}: {} {}", operation.method, operation.path, answer.status, answer.text);
    assert!(answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{context}");
    match (operation.needed, role) {
        (Needed::Nothing, _) => assert!(!answer.lacks_permission(), "{context}"),
        (_, None) => {
            assert_eq!(
                (answer.status, answer.code()),
                (StatusCode::UNAUTHORIZED, "invalid_token"),
                "{context}"
            );
        }
        (_, Some(role)) => {
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{context}");
            assert_eq!(answer.lacks_permission(), !operation.admits(role), "{context}");
        }
    }
}

fn body_of(operation: &Operation) -> Option<Value> {
    (!operation.is_read()).then(|| json!({}))
}

async fn enter_people(site: &Site) -> Vec<Person> {
    let users = site.one_of_each_role().await;
    let of_owner = site.token(users.last().unwrap()).await;
    let mut people = Vec::new();
    for user in users {
        let disabled = site.enter(&format!("disabled-{}", user.role.name()), user.role).await;
        let of_disabled = site.token(&disabled).await;
        let path = format!("/api/admin/users/{}", disabled.id);
        if user.role != Role::Owner {
            site.get_done(&of_owner, "PATCH", &path, json!({"status": "disabled"})).await;
        } else {
            let itself = site.token(&disabled).await;
            site.get_done(&itself, "PATCH", &path, json!({"status": "disabled"})).await;
        }
        let ended = site.token(&user).await;
        let entry = Doer::Server.does("session.revoke", "session", &session_of(&ended).to_string());
        site.app.store.revoke_session(user.id, session_of(&ended), &entry).await.unwrap();
        let ended_cookie = site.cookie(&user).await;
        site.app.store.revoke_sessions(user.id, None, &entry).await.unwrap();
        let own = site.token(&user).await;
        let key = site.get_done(&own, "POST", "/api/me/keys", json!({"name": "a"})).await;
        people.push(Person {
            token: own,
            ended,
            ended_cookie,
            expired: site.token_for(&user, Duration::ZERO).await,
            expired_cookie: site.expired_cookie(&user).await,
            of_disabled,
            key: key["secret"].as_str().unwrap().to_owned(),
            user,
        });
    }
    people
}

async fn dress(
    site: &Site,
    person: &Person,
    form: Form,
    path: &str,
) -> (String, Vec<(&'static str, String)>) {
    let authorization = |value: String| vec![("authorization", value)];
    let bearer = |token: &str| authorization(format!("Bearer {token}"));
    // A call may end its own session: each that counts has a new one.
    let token = if form.is_valid() { site.token(&person.user).await } else { person.token.clone() };
    let headers = match form {
        Form::Bearer => bearer(&token),
        Form::LowerCaseBearer => authorization(format!("bearer {token}")),
        Form::Cookie => by_browser(site.cookie(&person.user).await),
        Form::Ended => bearer(&person.ended),
        Form::EndedCookie => by_browser(person.ended_cookie.clone()),
        Form::Expired => bearer(&person.expired),
        Form::ExpiredCookie => by_browser(person.expired_cookie.clone()),
        Form::SignedByAnotherSite => bearer(&sign_again(&token, &[9; 32])),
        Form::Unsigned => bearer(&unsigned(&token)),
        Form::OfSomebodyElse => bearer(&with_another_subject(&token)),
        Form::OfADisabledPerson => bearer(&person.of_disabled),
        Form::RelayKey => bearer(&person.key),
        Form::RelayKeyAsApiKey => vec![("x-api-key", person.key.clone())],
        Form::RelayKeyInQuery => return (format!("{path}?key={}", person.key), Vec::new()),
        Form::TokenInQuery => return (format!("{path}?access_token={token}"), Vec::new()),
        Form::TokenAsApiKey => vec![("x-api-key", token)],
        Form::Basic => authorization(format!("Basic {token}")),
        Form::Twice => [bearer(&token), bearer(&token)].concat(),
        Form::Cut => bearer(&token[..token.len() - 1]),
        Form::WrongCookie => {
            by_browser(format!("__Host-waystation={}.{}", session_of(&token), "A".repeat(43)))
        }
    };
    (path.to_owned(), headers)
}

/// What a page of the site makes a browser send.
pub(super) fn by_browser(cookie: String) -> Vec<(&'static str, String)> {
    vec![("cookie", cookie), ("origin", "http://127.0.0.1:8787".to_owned())]
}

fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub(super) fn session_of(token: &str) -> waystation_ids::SessionId {
    serde_json::from_value(claims_of(token)["sid"].clone()).unwrap()
}

fn sign_again(token: &str, secret: &[u8]) -> String {
    encode(&Header::new(Algorithm::HS256), &claims_of(token), &EncodingKey::from_secret(secret)).unwrap()
}

fn unsigned(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    format!("{header}.{}.", token.split('.').nth(1).unwrap())
}

/// The same signature below another text.
fn with_another_subject(token: &str) -> String {
    let mut claims = claims_of(token);
    claims["sub"] = json!("usr_06ft3r5yx1v2k4m7q9s0t2w6z0");
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

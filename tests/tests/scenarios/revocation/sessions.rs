//! Sessions that end and roles that change, for browsers and programs alike.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Browser, Reply};

use super::{Fleet, Grant, Messages, SERVERS, shared_kinds};

const PASSWORD: &str = "a long enough secret";
const COOKIE: &str = "__Host-waystation";

/// Everything that ends somebody's sessions.
#[derive(Clone, Copy, Debug)]
enum Event {
    SignedOut,
    OthersEndedByThePerson,
    EndedByAnAdministrator,
    PasswordChanged,
    PasswordTakenAway,
    Disabled,
    RoleLowered,
    Removed,
}

const EVENTS: [Event; 8] = [
    Event::SignedOut,
    Event::OthersEndedByThePerson,
    Event::EndedByAnAdministrator,
    Event::PasswordChanged,
    Event::PasswordTakenAway,
    Event::Disabled,
    Event::RoleLowered,
    Event::Removed,
];

/// Somebody with a browser and a program that are signed in, and another program to end them by.
struct Person {
    id: String,
    email: String,
    browser: Browser,
    token: String,
    own: String,
    key: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_and_a_lost_role_are_refused_by_three_servers_within_five_seconds_without_redis() {
    assert_events_spread(Messages::WithoutRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_and_a_lost_role_are_refused_by_three_servers_within_five_seconds_with_redis() {
    assert_events_spread(Messages::WithRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_and_a_lost_role_are_refused_by_three_servers_within_five_seconds_with_redis_cut_off()
 {
    assert_events_spread(Messages::WithRedisCutOff).await;
}

async fn assert_events_spread(messages: Messages) {
    for kind in shared_kinds() {
        let fleet = Fleet::start(kind, messages).await;
        for event in EVENTS {
            fleet.mend();
            let person = Person::enter(&fleet, event).await;
            let grants = person.grants(event);
            fleet.assert_served(&grants).await;
            fleet.cut();
            person.meet(&fleet, event).await;
            let since = Instant::now();
            fleet.assert_refused(&format!("{event:?}"), since, &grants).await;
            if let Event::RoleLowered = event {
                person.assert_is_a_user(&fleet).await;
            }
        }
    }
}

impl Person {
    async fn enter(fleet: &Fleet, event: Event) -> Person {
        let world = &fleet.world;
        let (role, reads) = match event {
            Event::RoleLowered => ("admin", "/api/admin/users"),
            _ => ("user", "/api/me"),
        };
        let email = format!("{event:?}@example.org").to_lowercase();
        let entered = json!({ "email": email, "role": role, "password": PASSWORD });
        let id = world.post("/api/admin/users", entered).await["id"].as_str().unwrap().to_owned();
        let key = world.add_key(&id, json!({})).await.secret;
        let browser = Browser::new(world.first_server().base_url());
        let body = json!({ "login": email, "password": PASSWORD });
        browser.ask(Method::POST, "/api/auth/login", Some(&body)).await.expect(200);
        let (token, own) = (sign_in(fleet, &email).await, sign_in(fleet, &email).await);
        browser.ask(Method::GET, reads, None).await.expect(200);
        Person { id, email, browser, token, own, key }
    }

    /// What the event takes away.
    fn grants(&self, event: Event) -> Vec<Grant> {
        let path = match event {
            Event::RoleLowered => "/api/admin/users",
            _ => "/api/me",
        };
        let cookie = self.browser.cookie(COOKIE).expect("the browser is signed in");
        let mut grants = vec![Grant::by_cookie(path, &cookie), Grant::by_bearer("token", path, &self.token)];
        // Whoever is no longer there has no keys either.
        if matches!(event, Event::Disabled | Event::Removed) {
            grants.push(Grant::by_bearer("key", "/v1/models", &self.key));
        }
        // Where an administrator or a new password ends them all, the one that nothing was done with ends too.
        if !matches!(event, Event::SignedOut | Event::OthersEndedByThePerson | Event::PasswordChanged) {
            grants.push(Grant::by_bearer("third token", path, &self.own));
        }
        grants
    }

    async fn meet(&self, fleet: &Fleet, event: Event) {
        let world = &fleet.world;
        let path = format!("/api/admin/users/{}", self.id);
        let nothing = json!({});
        let as_oneself = async |token: &str, path: &str, body: &Value| {
            world.ask_as(Some(token), "127.0.0.1", Method::POST, path, body).await
        };
        let done: Reply = match event {
            Event::SignedOut => {
                self.browser.ask(Method::POST, "/api/auth/logout", None).await.expect(204);
                // What a browser keeps after all is worth nothing.
                as_oneself(&self.token, "/api/auth/logout", &nothing).await
            }
            Event::OthersEndedByThePerson => {
                as_oneself(&self.own, "/api/me/sessions/revoke-others", &nothing).await
            }
            Event::PasswordChanged => {
                let body = json!({ "current_password": PASSWORD, "new_password": "another long secret" });
                as_oneself(&self.own, "/api/me/password", &body).await
            }
            Event::EndedByAnAdministrator => {
                world.ask(Method::DELETE, &format!("{path}/sessions"), None).await
            }
            Event::PasswordTakenAway => {
                world.ask(Method::POST, &format!("{path}/reset-password"), Some(&nothing)).await
            }
            Event::Disabled => world.ask(Method::PATCH, &path, Some(&json!({ "status": "disabled" }))).await,
            Event::RoleLowered => world.ask(Method::PATCH, &path, Some(&json!({ "role": "user" }))).await,
            Event::Removed => world.ask(Method::DELETE, &path, None).await,
        };
        assert!(matches!(done.status, 200 | 204), "{event:?}: {} {}", done.status, done.text);
    }

    /// Whoever signs in again is what the new role says, on every server.
    async fn assert_is_a_user(&self, fleet: &Fleet) {
        let token = sign_in(fleet, &self.email).await;
        for server in 0..SERVERS {
            assert_eq!(fleet.ask(server, &Grant::by_bearer("token", "/api/me", &token)).await, 200);
            let lost = Grant::by_bearer("token", "/api/admin/users", &token);
            assert_eq!(fleet.ask(server, &lost).await, 403, "server {server}");
        }
    }
}

async fn sign_in(fleet: &Fleet, email: &str) -> String {
    let body = json!({ "login": email, "password": PASSWORD, "reception": "tokens" });
    let reply = fleet.world.ask_as(None, "127.0.0.1", Method::POST, "/api/auth/login", &body).await;
    reply.expect(200).json()["tokens"]["access_token"].as_str().expect("a token").to_owned()
}

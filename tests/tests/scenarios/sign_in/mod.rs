//! Signing in, from the first mail to the last session.

mod accounts;
mod enumeration;
mod first_key;
mod first_sign_ups;
mod forwarded;
mod hosts;
mod invites;
mod key_forms;
mod mails;
mod makers;
mod oauth;
mod oauth_steps;
mod passwords;
mod planted_sessions;
mod reads;
mod searches;
mod upgrades;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{DatabaseKind, MailServer, Reply, World, WorldOptions};

/// Where the site says it is; nobody asks there.
const SITE: &str = "https://relay.example.org";
const PASSWORD: &str = "a long enough secret";

/// A site that takes everybody, and mails by this server. Clients are told apart by what a trusted proxy says.
fn open_site(mails: &MailServer) -> WorldOptions {
    WorldOptions::single()
        .with("WAYSTATION_PUBLIC_URL", SITE)
        .with("WAYSTATION_AUTH_REGISTRATION", "open")
        .with("WAYSTATION_MAIL_SMTP_URL", &mails.url())
        .with("WAYSTATION_MAIL_FROM", "Relay <relay@example.org>")
        .with("WAYSTATION_PROXY_TRUSTED", "127.0.0.1/32")
}

/// The same that lets everybody ask for mails as often as they like.
fn patient_site(mails: &MailServer) -> WorldOptions {
    open_site(mails).with("WAYSTATION_MAIL_REQUESTS_PER_CLIENT_MAX", "1000000")
}

/// What a stranger at this address gets.
async fn ask_from(world: &World, client: &str, path: &str, body: Value) -> Reply {
    world.ask_as(None, client, Method::POST, path, &body).await
}

/// What a stranger gets.
async fn ask(world: &World, path: &str, body: Value) -> Reply {
    ask_from(world, "203.0.113.1", path, body).await
}

/// A sign-in by password, as a program does it.
async fn sign_in(world: &World, login: &str, password: &str) -> Reply {
    let body = json!({ "login": login, "password": password, "reception": "tokens" });
    ask(world, "/api/auth/login", body).await
}

/// The access token of a sign-in that succeeds.
async fn token_of(world: &World, login: &str, password: &str) -> String {
    let reply = sign_in(world, login, password).await.expect(200).json();
    assert_eq!(reply["status"], "signed_in", "{reply}");
    reply["tokens"]["access_token"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
}

/// Registers and verifies the address.
async fn register(world: &World, mails: &MailServer, email: &str, password: &str) {
    ask(world, "/api/auth/register", json!({ "email": email, "password": password })).await.expect(202);
    let token = mails.mail_to(email, 1).await.token(SITE, "/verify-email#token");
    ask(world, "/api/auth/verify-email", json!({ "token": token })).await.expect(204);
}

fn start(options: WorldOptions) -> World {
    World::start_with(DatabaseKind::Sqlite, options)
}

/// Runs so many of something at once, in this task; gives what each ends with, in the order of their ends.
async fn at_once<T>(count: usize, one: impl AsyncFn(usize) -> T) -> Vec<T> {
    let one = &one;
    let mut running: Vec<_> = (0..count).map(|number| Box::pin(async move { one(number).await })).collect();
    let mut ended = Vec::new();
    std::future::poll_fn(move |context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(end) => {
                ended.push(end);
                false
            }
            std::task::Poll::Pending => true,
        });
        match running.is_empty() {
            true => std::task::Poll::Ready(std::mem::take(&mut ended)),
            false => std::task::Poll::Pending,
        }
    })
    .await
}

//! What is worth stealing needs a fresh proof: each such call × everything that is no proof of this session's.

use serde_json::{Value, json};
use waystation_ids::{Role, SessionId, UserId};
use waystation_store::{NewPending, PendingKind, User};

use crate::access_rules::credentials::by_browser;
use crate::access_rules::site::{Answer, Site};
use crate::audit_trail::Doer;
use crate::drawn_secret::DrawnSecret;

/// The calls; `{id}` is somebody below the caller.
fn calls() -> Vec<(&'static str, &'static str, Value)> {
    let channel = |credentials: Value| {
        json!({
            "name": "Main", "format": "openai", "base_url": "https://api.example.com/v1", "models": [],
            "credentials": credentials,
        })
    };
    let large = json!({"direction": "credit", "amount": "100", "reason_code": "test", "note": "a test"});
    vec![
        ("POST", "/api/admin/users", json!({"email": "new@example.org", "role": "admin"})),
        ("PATCH", "/api/admin/users/{id}", json!({"role": "operator"})),
        ("PATCH", "/api/admin/users/{id}", json!({"role": "owner", "display_name": "x"})),
        ("DELETE", "/api/admin/users/{id}", json!({})),
        ("POST", "/api/admin/users/{id}/reset-password", json!({})),
        ("POST", "/api/admin/users/{id}/reset-second-factor", json!({})),
        ("POST", "/api/admin/users/{id}/keys", json!({"name": "a"})),
        ("POST", "/api/admin/users/{id}/keys/{key}/rotate", json!({})),
        ("POST", "/api/admin/users/{id}/adjustments", large),
        ("POST", "/api/admin/users/{id}/grants", json!({"unit": "calls", "amount": "1", "note": "a"})),
        ("POST", "/api/admin/users/{id}/grants", json!({"unit": "tokens", "amount": "1", "note": "a"})),
        ("POST", "/api/admin/users/{id}/grants", json!({"unit": "usd", "amount": "1000000.00", "note": "a"})),
        ("POST", "/api/admin/channels", channel(json!(["upstream-secret-0123456789"]))),
        (
            "POST",
            "/api/admin/channels/{channel}/credentials",
            json!({"secret": "upstream-secret-0123456789"}),
        ),
        (
            "POST",
            "/api/admin/channels/test",
            json!({"format": "demo", "model": "sonnet", "credential": "upstream-secret-0123456789"}),
        ),
        (
            "POST",
            "/api/admin/channels/fetch-models",
            json!({"format": "demo", "credential": "upstream-secret-0123456789"}),
        ),
        ("PATCH", "/api/admin/settings", json!({"values": {"auth.sign_up_gift": "100"}})),
        ("POST", "/api/me/totp", json!({})),
        ("DELETE", "/api/me/totp", json!({})),
        ("POST", "/api/me/recovery-codes", json!({})),
        ("POST", "/api/me/passkeys/start", json!({})),
        ("DELETE", "/api/me/passkeys/psk_06ft3r5yx1v2k4m7q9s0t2w6z0", json!({})),
        ("DELETE", "/api/me/identities/idn_06ft3r5yx1v2k4m7q9s0t2w6z0", json!({})),
    ]
}

/// Whose proof it is, of which kind, and how long it lasts.
struct Given {
    user: UserId,
    session: Option<SessionId>,
    kind: PendingKind,
    lasts_ms: i64,
}

async fn give(site: &Site, given: Given) -> String {
    let token = DrawnSecret::draw().unwrap();
    let pending = NewPending {
        hash: token.hash(),
        kind: given.kind,
        user: Some(given.user),
        session: given.session,
        browser_hash: None,
        state: Vec::new(),
        lasts_ms: given.lasts_ms,
    };
    site.app.store.create_pending(&pending).await.unwrap();
    token.reveal().to_owned()
}

/// The session of a cookie.
fn session_in(cookie: &str) -> SessionId {
    let (_, value) = cookie.split_once('=').unwrap();
    value.split_once('.').unwrap().0.parse().unwrap()
}

async fn enter_with_password(site: &Site, name: &str) -> User {
    let user = site.enter(name, Role::Owner).await;
    let entry = Doer::Server.does("password.set", "user", &user.id.to_string());
    site.app.store.set_password(user.id, "a hash", &entry).await.unwrap();
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_worth_stealing_needs_a_fresh_proof_of_the_same_session_each_time() {
    let site = Site::new("proofs").await;
    let owner = enter_with_password(&site, "owner").await;
    let other = enter_with_password(&site, "other").await;
    let by_command = site.token(&owner).await;
    let (channel, _) = site.add_channel(&by_command).await;
    let (own, of_other) = (site.cookie(&owner).await, site.cookie(&other).await);
    let session = Some(session_in(&own));
    let mut tried = 0;
    for (method, path, body) in calls() {
        let target = site.enter(&format!("target-{tried}"), Role::User).await;
        // Some of these calls end the person's other sessions.
        let (by_command, second) = (site.token(&owner).await, site.cookie(&owner).await);
        let (key, _) = site.add_key(&by_command, &target).await;
        let path = path
            .replace("{id}", &target.id.to_string())
            .replace("{key}", &key)
            .replace("{channel}", &channel);
        let first = tried;
        let ask = async |proof: Option<&str>| -> Answer {
            let mut headers = by_browser(own.clone());
            headers.push(("idempotency-key", format!("{first}-{}", proof.unwrap_or("none"))));
            headers.extend(proof.map(|proof| ("x-proof", proof.to_owned())));
            site.send(method, &path, &headers, Some(&body)).await
        };
        let given = |user: &User, session, kind, lasts_ms| Given { user: user.id, session, kind, lasts_ms };
        let minute = 60_000;
        let used = give(&site, given(&owner, session, PendingKind::Proof, minute)).await;
        let hash = DrawnSecret::hash_of(&used).unwrap();
        site.app.store.take_pending(&hash, PendingKind::Proof).await.unwrap().unwrap();
        let mut others = vec![
            ("used up", used),
            ("made up", DrawnSecret::draw().unwrap().reveal().to_owned()),
            ("the name of a method", "password".to_owned()),
            ("the session itself", own.split_once('=').unwrap().1.to_owned()),
            ("empty", String::new()),
        ];
        for (what, of) in [
            ("another session's", given(&owner, Some(session_in(&second)), PendingKind::Proof, minute)),
            ("no session's", given(&owner, None, PendingKind::Proof, minute)),
            ("somebody else's", given(&other, Some(session_in(&of_other)), PendingKind::Proof, minute)),
            ("somebody else's for this session", given(&other, session, PendingKind::Proof, minute)),
            ("too old", given(&owner, session, PendingKind::Proof, 0)),
            ("a passkey's challenge", given(&owner, session, PendingKind::PasskeyUse, minute)),
            ("a sign-in under way", given(&owner, session, PendingKind::SecondFactor, minute)),
            ("a pairing", given(&owner, session, PendingKind::Pairing, minute)),
        ] {
            others.push((what, give(&site, of).await));
        }
        let without = ask(None).await;
        assert_eq!((without.status.as_u16(), without.code()), (403, "proof_required"), "{method} {path}");
        for (what, proof) in &others {
            let answer = ask(Some(proof)).await;
            let context = format!("{method} {path} with a proof that is {what}: {}", answer.text);
            assert_eq!((answer.status.as_u16(), answer.code()), (403, "proof_required"), "{context}");
            tried += 1;
        }
        let good = give(&site, given(&owner, session, PendingKind::Proof, minute)).await;
        let answer = ask(Some(&good)).await;
        assert_ne!(answer.code(), "proof_required", "{method} {path}: {}", answer.text);
        assert_ne!(answer.status.as_u16(), 401, "{method} {path}: {}", answer.text);
    }
    println!("proof: calls with what is no fresh proof, none let through; {tried}; -");
    site.finish().await;
}

//! Whoever has a role that needs a second factor, and has none, reaches only what sets one up.

use axum::http::StatusCode;
use serde_json::json;
use waystation_ids::Role;

use crate::access_rules::operations::{Needed, operations};
use crate::access_rules::site::Site;
use crate::auth::Access;
use crate::http::management_slices;

/// What such a person may ask, one by one: to see who it is, to take its first key, to set up a second factor and to
/// leave.
const REACHED: &[(&str, &str)] = &[
    ("GET", "/api/me"),
    ("POST", "/api/me/first-key"),
    ("POST", "/api/auth/proof/start"),
    ("POST", "/api/auth/proof"),
    ("POST", "/api/me/totp"),
    ("GET", "/api/me/totp"),
    ("DELETE", "/api/me/totp"),
    ("POST", "/api/me/totp/confirm"),
    ("POST", "/api/me/recovery-codes"),
    ("GET", "/api/me/recovery-codes"),
    ("POST", "/api/me/passkeys/start"),
    ("POST", "/api/me/passkeys/finish"),
    ("GET", "/api/me/passkeys"),
    ("PATCH", "/api/me/passkeys/{id}"),
    ("DELETE", "/api/me/passkeys/{id}"),
    ("POST", "/api/auth/logout"),
];

#[test]
fn what_is_reached_without_a_needed_second_factor_is_named_here() {
    let slices = management_slices();
    let identified = slices.table().iter().filter(|route| route.access == Access::Identified);
    let mut found: Vec<_> = identified.map(|route| (route.method, format!("/api{}", route.path))).collect();
    let mut named: Vec<_> = REACHED.iter().map(|(method, path)| (*method, (*path).to_owned())).collect();
    found.sort();
    named.sort();
    assert_eq!(found, named);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_a_needed_second_factor_is_refused_by_every_route_that_sets_none_up() {
    let settings = [
        ("auth.second_factor_roles", "admin"),
        ("oauth.github.client_id", "client"),
        ("oauth.github.client_secret", "secret"),
    ];
    let site = Site::with("second-factor", &settings).await;
    // A site without an owner answers nothing else than that.
    site.enter("owner", Role::Owner).await;
    let admin = site.enter("admin", Role::Admin).await;
    let browser = |cookie: String| [("cookie", cookie), ("origin", "http://127.0.0.1:8787".to_owned())];
    let is_refused =
        |message: &str| message.starts_with("must_set_up_second_factor: your role needs a second factor");
    let mut refused = 0;
    for operation in operations() {
        let headers = browser(site.cookie(&admin).await);
        let path = operation.path_with("none");
        let body = (!operation.is_read()).then(|| json!({}));
        let answer = site.send(&operation.method, &path, &headers, body.as_ref()).await;
        let context = format!("{} {}: {} {}", operation.method, operation.path, answer.status, answer.text);
        let is_reached = operation.needed == Needed::Nothing
            || REACHED.contains(&(operation.method.as_str(), operation.path.as_str()));
        assert_eq!(is_refused(answer.message()), !is_reached, "{context}");
        if !is_reached {
            assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "forbidden"), "{context}");
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");

    // What anyone may begin is no way around it for whoever is signed in.
    let headers = browser(site.cookie(&admin).await);
    let link = json!({"purpose": "link"});
    let answer = site.send("POST", "/api/auth/oauth/github/start", &headers, Some(&link)).await;
    assert!(is_refused(answer.message()), "{} {}", answer.status, answer.text);

    let me = site.send("GET", "/api/me", &headers, None).await;
    assert_eq!(me.body["must_set_up_second_factor"], true, "{}", me.text);
    // Others are as they were.
    let user = site.enter("user", Role::User).await;
    let headers = browser(site.cookie(&user).await);
    let me = site.send("GET", "/api/me", &headers, None).await;
    assert_eq!(me.body["must_set_up_second_factor"], false, "{}", me.text);
    assert_eq!(site.send("GET", "/api/me/keys", &headers, None).await.status, StatusCode::OK);
    site.finish().await;
}

//! What is one person's is not there for another: every route that takes an id, asked with somebody else's.

use serde_json::{Value, json};
use waystation_ids::Role;

use crate::access_rules::operations::operations;
use crate::access_rules::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_not_there() {
    let site = Site::new("walls").await;
    site.enter("owner", Role::Owner).await;
    let (ann, ben) = (site.enter("ann", Role::User).await, site.enter("ben", Role::User).await);
    let (of_ann, of_ben) = (site.token(&ann).await, site.token(&ben).await);
    let made = site.get_done(&of_ben, "POST", "/api/me/keys", json!({"name": "ben's"})).await;
    let key = made["key"]["id"].as_str().unwrap().to_owned();
    let session = session_of(&of_ben);
    let call = site.add_call(&ben, "chn_06ft3r5yx1v2k4m7q9s0t2w6z0").await;
    site.get_done(&of_ben, "GET", &format!("/api/me/requests/{call}"), Value::Null).await;
    let account = site.app.store.list_accounts(ben.id).await.unwrap()[0].id.to_string();
    // Whatever a parameter is called: every id that the other has.
    let ids = [key.clone(), call, session, account, ben.id.to_string()];
    let mut tried = 0;
    for operation in operations() {
        if !operation.path.starts_with("/api/me/") || !operation.path.contains('{') {
            continue;
        }
        for id in &ids {
            let body = match operation.id.as_str() {
                "update_my_key" => json!({"name": "ann's"}),
                _ => json!({}),
            };
            let answer = site.ask(&of_ann, &operation.method, &operation.path_with(id), body).await;
            let context = format!("{} with {id}: {} {}", operation.id, answer.status, answer.text);
            // A body may be wrong before anything is looked for.
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{context}");
            // The request's own id comes last, and its random letters may be anybody's name.
            let told = answer.text.split("\"request_id\"").next().unwrap();
            assert!(!told.contains("ben"), "{context}");
            tried += 1;
        }
    }
    assert!(tried >= 5 * ids.len(), "{tried}");
    let shown = site.get_done(&of_ben, "GET", &format!("/api/me/keys/{key}"), Value::Null).await;
    assert_eq!((&shown["name"], &shown["status"]), (&json!("ben's"), &json!("active")));
    assert_eq!(site.get_done(&of_ben, "GET", "/api/me/keys", Value::Null).await["items"][0], shown);
    assert_eq!(site.get_done(&of_ann, "GET", "/api/me/keys", Value::Null).await["items"], json!([]));
    site.finish().await;
}

fn session_of(token: &str) -> String {
    use base64::Engine;
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_below_anothers_id_is_not_there() {
    let site = Site::new("below").await;
    let owner = site.enter("owner", Role::Owner).await;
    let token = site.token(&owner).await;
    let (ann, ben) = (site.enter("ann", Role::User).await, site.enter("ben", Role::User).await);
    let (key, _) = site.add_key(&token, &ben).await;
    for (method, rest, body) in [
        ("GET", "", Value::Null),
        ("PATCH", "", json!({"name": "x"})),
        ("DELETE", "", json!({})),
        ("POST", "/rotate", json!({})),
    ] {
        let path = format!("/api/admin/users/{}/keys/{key}{rest}", ann.id);
        let answer = site.ask(&token, method, &path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found"), "{method} {path}");
    }
    let (_, credential) = site.add_channel(&token).await;
    let (other, _) = site.add_channel(&token).await;
    let path = format!("/api/admin/channels/{other}/credentials/{credential}");
    let answer = site.ask(&token, "DELETE", &path, json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found"), "{path}");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_person_is_nowhere() {
    let site = Site::new("removed").await;
    let owner = site.enter("owner", Role::Owner).await;
    let token = site.token(&owner).await;
    let ann = site.enter("ann", Role::User).await;
    let of_ann = site.token(&ann).await;
    let (key, secret) = site.add_key(&token, &ann).await;
    let user = format!("/api/admin/users/{}", ann.id);
    let credit = json!({"direction": "credit", "amount": "3", "reason_code": "test", "note": "a test"});
    site.get_done(&token, "POST", &format!("{user}/adjustments"), credit).await;
    let grant = json!({"unit": "tokens", "amount": "500", "models": ["sonnet"], "note": "a test"});
    site.get_done(&token, "POST", &format!("{user}/grants"), grant).await;
    let kept = site.ask(&token, "DELETE", &user, json!({})).await;
    assert_eq!((kept.status.as_u16(), kept.code()), (409, "conflict"), "{}", kept.text);
    assert_eq!(site.ask(&of_ann, "GET", "/api/me", Value::Null).await.status.as_u16(), 200);

    site.get_done(&token, "DELETE", &format!("{user}?forfeit=true"), json!({})).await;
    for (method, path) in [
        ("GET", user.clone()),
        ("PATCH", user.clone()),
        ("DELETE", user.clone()),
        ("GET", format!("{user}/keys")),
        ("POST", format!("{user}/reset-password")),
    ] {
        let answer = site.ask(&token, method, &path, json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (404, "not_found"),
            "{method} {path}: {}",
            answer.text
        );
    }
    let listed = site.get_done(&token, "GET", "/api/admin/users?q=ann", Value::Null).await;
    assert_eq!(listed["items"], json!([]));
    assert_eq!(site.ask(&of_ann, "GET", "/api/me", Value::Null).await.status.as_u16(), 401);
    let bearer = [("authorization", format!("Bearer {secret}"))];
    let models = site.send("GET", "/v1/models", &bearer, None).await;
    assert_eq!(models.status.as_u16(), 401, "{}", models.text);
    assert!(site.app.store.audit_ledger(waystation_store::Pace::AtOnce).await.unwrap().is_clean());
    let log =
        site.get_done(&token, "GET", &format!("/api/admin/audit-logs?target={}", ann.id), Value::Null).await;
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    let wanted = [
        "user.remove",
        "adjustment.create",
        "adjustment.create",
        "grant.create",
        "adjustment.create",
        "access_token.create",
        "user.create",
    ];
    assert_eq!(actions, wanted);
    assert_eq!(log["items"][0]["before"], json!({"id": ann.id, "role": "user", "status": "active"}));
    assert!(site.app.store.load_key(ann.id, key.parse().unwrap()).await.unwrap().revoked_at_ms.is_some());
    site.finish().await;
}

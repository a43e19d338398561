//! Every write of the administration is in the audit log, by whom and what it did, without a secret; and nothing else
//! is.

use serde_json::{Value, json};
use waystation_ids::Role;
use waystation_store::{AuditActorKind, AuditCheck, AuditFilter, AuditRow, User};

use crate::access_rules::credentials::session_of;
use crate::access_rules::operations::{Operation, operations};
use crate::access_rules::site::Site;

/// What each write of the administration is asked with, and what the log calls it. One that is not here fails the
/// test: give it a line.
fn asked(operation: &Operation) -> (&'static str, Value) {
    match operation.id.as_str() {
        "create_user" => {
            let body =
                json!({"email": "new@example.org", "password": "hunter2 hunter2 hunter2", "invite": false});
            ("user.create", body)
        }
        "update_user" => ("user.update", json!({"display_name": "Anna", "role": "auditor"})),
        "remove_user" => ("user.remove", json!({})),
        "reset_user_password" => ("user.reset_password", json!({})),
        "reset_user_second_factor" => ("user.reset_second_factor", json!({})),
        "create_invite" => ("invite.create", json!({"email": "invited@example.org"})),
        "revoke_invite" => ("invite.revoke", json!({})),
        "revoke_user_session" => ("session.revoke", json!({})),
        "revoke_user_sessions" => ("session.revoke_all", json!({})),
        "create_user_key" => ("key.create", json!({"name": "a"})),
        "update_user_key" => ("key.update", json!({"name": "b"})),
        "rotate_user_key" => ("key.rotate", json!({})),
        "revoke_user_key" => ("key.revoke", json!({})),
        "create_adjustment" => {
            let body = json!({"direction": "credit", "amount": "7", "reason_code": "test", "note": "a test"});
            ("adjustment.create", body)
        }
        "create_grant" => ("grant.create", json!({"unit": "calls", "amount": "7", "note": "a test"})),
        "create_model" => ("model.create", json!({"name": "opus"})),
        "update_model" => ("model.update", json!({"display_name": "Sonnet"})),
        "create_price_version" => {
            ("price.create", json!({"input_per_million": "2", "output_per_million": "10"}))
        }
        "create_channel" => {
            let body = json!({
                "name": "Other", "format": "openai", "base_url": "https://api.example.com/v1", "models": [],
                "credentials": ["upstream-secret-0123456789"],
            });
            ("channel.create", body)
        }
        "update_channel" => ("channel.update", json!({"priority": 5})),
        "delete_channel" => ("channel.delete", json!({})),
        "create_credential" => ("credential.create", json!({"secret": "upstream-secret-9876543210"})),
        "delete_credential" => ("credential.delete", json!({})),
        // The demo channel asks nobody.
        "test_channel_draft" => ("channel.test_draft", json!({"format": "demo", "model": "sonnet"})),
        "fetch_models" => ("channel.fetch_models", json!({"format": "demo"})),
        "test_channel" => ("channel.test", json!({})),
        "sync_models" => ("channel.sync_models", json!({"remove": ["sonnet"]})),
        "create_model_group" => ("model_group.create", json!({"name": "Large", "models": ["sonnet"]})),
        "update_model_group" => ("model_group.update", json!({"models": []})),
        "delete_model_group" => ("model_group.delete", json!({})),
        "create_notice" => ("notice.create", json!({"title": {"en": "Maintenance"}})),
        "update_notice" => ("notice.update", json!({"level": "critical"})),
        "delete_notice" => ("notice.delete", json!({})),
        "update_settings" => ("settings.update", json!({"values": {"site.name": "Harbour"}})),
        other => panic!("{other} is a write of the administration: say here what it is asked with"),
    }
}

/// The same for what people change about themselves; what other slices have here audit in their own tests.
fn asked_of_oneself(operation: &Operation) -> Option<(&'static str, Value)> {
    match operation.id.as_str() {
        "update_me" => Some(("user.update", json!({"display_name": "Ann"}))),
        "create_my_key" => Some(("key.create", json!({"name": "a"}))),
        "update_my_key" => Some(("key.update", json!({"name": "b"}))),
        "rotate_my_key" => Some(("key.rotate", json!({}))),
        "revoke_my_key" => Some(("key.revoke", json!({}))),
        _ => None,
    }
}

async fn newest(site: &Site) -> AuditRow {
    site.app.store.list_audit_rows(&AuditFilter::default(), None, 1).await.unwrap().remove(0)
}

async fn count(site: &Site) -> u64 {
    site.app.store.count_audit_rows(&AuditFilter::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_of_the_administration_is_told_of_once_and_without_secrets() {
    let site = Site::new("audited").await;
    let owner = site.enter("owner", Role::Owner).await;
    let token = site.token(&owner).await;
    let model = site.add_model(&token, "sonnet").await;
    let mut tried = 0;
    for operation in operations() {
        if operation.is_read() || !operation.path.starts_with("/api/admin/") {
            continue;
        }
        tried += 1;
        let (action, body) = asked(&operation);
        let target = site.enter(&format!("target-{tried}"), Role::User).await;
        let (key, _) = site.add_key(&token, &target).await;
        let (channel, credential) = match operation.id.as_str() {
            "test_channel" | "sync_models" => (site.add_demo_channel(&token).await, String::new()),
            _ => site.add_channel(&token).await,
        };
        let (group, notice) = (site.add_model_group(&token).await, site.add_notice(&token).await);
        let invite = site.add_invite(&token).await;
        let of_target = site.token(&target).await;
        let path = operation
            .path
            .replace("/admin/users/{id}", &format!("/admin/users/{}", target.id))
            .replace("/admin/models/{id}", &format!("/admin/models/{model}"))
            .replace("/admin/channels/{id}", &format!("/admin/channels/{channel}"))
            .replace("{credential}", &credential)
            .replace("/admin/model-groups/{id}", &format!("/admin/model-groups/{group}"))
            .replace("/admin/notices/{id}", &format!("/admin/notices/{notice}"))
            .replace("/admin/invites/{id}", &format!("/admin/invites/{invite}"))
            .replace("{session}", &session_of(&of_target).to_string())
            .replace("{key}", &key);
        check_write(&site, &owner, &token, &operation, &path, action, &body).await;
    }
    assert!(tried >= 19, "{tried}");
    assert!(matches!(site.app.store.check_audit_log().await.unwrap(), AuditCheck::Whole(rows) if rows > 40));
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_change_about_themselves_is_told_of_too() {
    let site = Site::new("audited-own").await;
    site.enter("owner", Role::Owner).await;
    let ann = site.enter("ann", Role::User).await;
    let token = site.token(&ann).await;
    let mut tried = 0;
    for operation in operations() {
        let Some((action, body)) = asked_of_oneself(&operation) else { continue };
        tried += 1;
        let key = site.get_done(&token, "POST", "/api/me/keys", json!({"name": "a"})).await;
        let path = operation.path.replace("{key}", key["key"]["id"].as_str().unwrap());
        check_write(&site, &ann, &token, &operation, &path, action, &body).await;
    }
    assert_eq!(tried, 5);
    site.finish().await;
}

async fn check_write(
    site: &Site,
    actor: &User,
    token: &str,
    operation: &Operation,
    path: &str,
    action: &str,
    body: &Value,
) {
    let before = count(site).await;
    let answer = site.ask(token, &operation.method, path, body.clone()).await;
    let context = format!("{}: {} {}", operation.id, answer.status, answer.text);
    assert!(answer.status.is_success(), "{context}");
    assert_eq!(count(site).await, before + 1, "{context}");
    let row = newest(site).await;
    assert_eq!(row.entry.action, action, "{context}");
    let known = (row.entry.actor.kind, row.entry.actor.user, row.entry.actor.role);
    assert_eq!(known, (AuditActorKind::Token, Some(actor.id), Some(actor.role)), "{context}");
    assert_eq!(row.entry.request_id.as_deref(), answer.headers["x-request-id"].to_str().ok(), "{context}");
    assert!(row.entry.client_ip.is_some() && row.entry.target.is_some(), "{context}");
    let has_states = row.entry.before.is_some() || row.entry.after.is_some();
    assert!(has_states || action.contains("reset") || action.starts_with("session."), "{context}");
    for state in [&row.entry.before, &row.entry.after].into_iter().flatten() {
        assert!(serde_json::from_str::<Value>(state).unwrap().is_object(), "{context}: {state}");
    }
    let told = format!("{row:?}");
    let mut secrets = vec!["hunter2".to_owned(), "upstream-secret".to_owned(), "argon2".to_owned()];
    secrets.extend(answer.body["secret"].as_str().map(str::to_owned));
    let link = answer.body["password_link"]["url"].as_str().and_then(|url| url.split_once("token="));
    secrets.extend(link.map(|(_, token)| token.to_owned()));
    for secret in secrets {
        assert!(!told.contains(&secret), "{context}: {told}");
    }
    // The same request without its fields changes nothing and tells nothing; nor does one that is refused.
    let refused = site.ask(token, &operation.method, &format!("{path}x"), body.clone()).await;
    assert!(!refused.status.is_success(), "{context}: {}", refused.text);
    assert_eq!(count(site).await, before + 1, "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_that_is_repeated_is_told_of_once() {
    let site = Site::new("audited-once").await;
    let owner = site.enter("owner", Role::Owner).await;
    let ann = site.enter("ann", Role::User).await;
    let headers = [
        ("authorization", format!("Bearer {}", site.token(&owner).await)),
        ("idempotency-key", "a".to_owned()),
    ];
    let path = format!("/api/admin/users/{}/adjustments", ann.id);
    let body = json!({"direction": "credit", "amount": "7", "reason_code": "test", "note": "a test"});
    let before = count(&site).await;
    for _ in 0..3 {
        assert!(site.send("POST", &path, &headers, Some(&body)).await.status.is_success());
    }
    assert_eq!(count(&site).await, before + 1);
    let row = newest(&site).await;
    let after: Value = serde_json::from_str(row.entry.after.as_deref().unwrap()).unwrap();
    assert_eq!((&after["balance"], &after["asked"]["note"]), (&json!("7.000000000"), &json!("a test")));
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_listed_exported_and_too_large_an_export_refused() {
    let site = Site::new("audit-export").await;
    let owner = site.enter("owner", Role::Owner).await;
    let auditor = site.enter("auditor", Role::Auditor).await;
    let token = site.token(&owner).await;
    let of_auditor = site.token(&auditor).await;
    let ann = site.enter("ann", Role::User).await;
    let path = format!("/api/admin/users/{}", ann.id);
    site.get_done(
        &token,
        "PATCH",
        &path,
        json!({"display_name": "=HYPERLINK(\"x\")", "channel_group": "fast"}),
    )
    .await;
    let page =
        site.get_done(&of_auditor, "GET", "/api/admin/audit-logs?action=user.up&limit=1", Value::Null).await;
    let row = &page["items"][0];
    assert_eq!((&row["action"], &row["actor"]["id"]), (&json!("user.update"), &json!(owner.id)));
    assert_eq!(
        (&row["before"]["channel_group"], &row["after"]["channel_group"]),
        (&Value::Null, &json!("fast"))
    );
    assert_eq!((&row["target"]["id"], &page["next_cursor"]), (&json!(ann.id), &Value::Null));
    let first = site.get_done(&token, "GET", "/api/admin/audit-logs?limit=2", Value::Null).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = format!("/api/admin/audit-logs?limit=2&cursor={cursor}");
    let second = site.get_done(&token, "GET", &next, Value::Null).await;
    let numbers: Vec<i64> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|row| row["sequence"].as_i64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|one, next| one == &(next + 1)), "{numbers:?}");

    let export = site.ask(&of_auditor, "GET", "/api/admin/audit-logs/export.csv", Value::Null).await;
    assert_eq!(export.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = export.text.trim_end().split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}sequence,at,actor_kind,"), "{}", lines[0]);
    assert_eq!(lines.len() - 1, usize::try_from(count(&site).await).unwrap());
    assert!(lines[1].contains("=HYPERLINK") && !lines[1].contains(",=HYPERLINK"), "{}", lines[1]);
    let none = "/api/admin/audit-logs/export.csv?action=nothing.like.it";
    assert_eq!(site.ask(&token, "GET", none, Value::Null).await.text.lines().count(), 1);
    for refused in ["?action=User", "?start_date=yesterday", "?cursor=x", "?sort=id"] {
        let answer = site.ask(&token, "GET", &format!("/api/admin/audit-logs{refused}"), Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{refused}");
    }
    site.finish().await;
}

use serde_json::{Value, json};
use waystation_api::audit_log::AuditLogQuery;
use waystation_api::error::ErrorCode;
use waystation_client::Client;

use crate::world::Site;

const OWNER: &str = "owner@example.com";

async fn access_token(site: &Site) -> String {
    let token = site.run(&["admin", "access-token", "--email", OWNER, "--json"]).await;
    let token: Value = serde_json::from_str(&token.stdout).unwrap();
    token["access_token"].as_str().unwrap().to_owned()
}

async fn verdict(site: &Site) -> (Option<i32>, Value) {
    let ran = site.run(&["audit", "verify", "--json"]).await;
    (ran.code, serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{} {}", ran.stdout, ran.stderr)))
}

#[tokio::test]
async fn the_audit_log_is_verified_beside_a_server_and_a_forged_row_is_named() {
    let site = Site::new();
    assert_eq!(site.run(&["migrate"]).await.code, Some(0));
    assert_eq!(verdict(&site).await, (Some(0), json!({"is_whole": true, "rows": 0})));
    site.run(&["admin", "create-user", "--email", OWNER, "--role", "owner"]).await;
    site.run(&["key", "create", "--email", OWNER]).await;
    let server = site.serve(&[]).await;
    let owner = Client::new(&server.url, Some(&access_token(&site).await)).unwrap();
    let me = owner.show_me().await.unwrap();
    let update = serde_json::from_value(json!({"display_name": "Before"})).unwrap();
    owner.update_user(me.user.id, &update).await.unwrap();
    assert_eq!(verdict(&site).await, (Some(0), json!({"is_whole": true, "rows": 4})));
    let commands = AuditLogQuery { action: Some("key.".to_owned()), ..AuditLogQuery::default() };
    let rows = owner.list_audit_logs(&commands).await.unwrap().items;
    assert_eq!((rows.len(), rows[0].actor.kind.as_str(), rows[0].actor.id), (1, "command", None));
    server.stop().await;

    // Whoever has the file can write into it, but not unseen.
    let path = site.data_dir().join("waystation.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    while let Some(at) = bytes.windows(10).position(|text| text == b"key.create") {
        bytes[at..at + 10].copy_from_slice(b"key.revoke");
    }
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(verdict(&site).await, (Some(1), json!({"is_whole": false, "first_broken": 2})));
    let told = site.run(&["audit", "verify"]).await;
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.starts_with("row 2 is missing, was changed"), "{}", told.stdout);
}

#[tokio::test]
async fn an_export_beyond_the_limit_is_refused_with_the_count() {
    let site = Site::new();
    site.run(&["admin", "create-user", "--email", OWNER, "--role", "owner"]).await;
    for _ in 0..3 {
        site.run(&["key", "create", "--email", OWNER]).await;
    }
    let server = site.serve(&["--set", "export.max_rows=4"]).await;
    let owner = Client::new(&server.url, Some(&access_token(&site).await)).unwrap();
    let refused = owner.export_audit_logs(&AuditLogQuery::default()).await.unwrap_err();
    let refusal = refused.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::ExportTooLarge);
    assert!(refusal.message.contains("There are 5 rows"), "{}", refusal.message);
    let keys = AuditLogQuery { action: Some("key.".to_owned()), ..AuditLogQuery::default() };
    let text = owner.export_audit_logs(&keys).await.unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_person_gets_a_link_and_loses_every_session() {
    let site = Site::new();
    site.run(&["admin", "create-user", "--email", OWNER, "--role", "owner"]).await;
    let server = site.serve(&["--set", "public_url=https://ai.example.com/"]).await;
    let owner = Client::new(&server.url, Some(&access_token(&site).await)).unwrap();
    let body = json!({"email": "ann@example.com", "password": "correct horse battery", "invite": true});
    let ann = owner.create_user(&serde_json::from_value(body).unwrap()).await.unwrap();
    let link = ann.password_link.unwrap();
    assert!(link.url.starts_with("https://ai.example.com/reset-password#token="), "{}", link.url);
    let token = site.run(&["admin", "access-token", "--email", "ann@example.com", "--json"]).await;
    let token: Value = serde_json::from_str(&token.stdout).unwrap();
    let of_ann = Client::new(&server.url, token["access_token"].as_str()).unwrap();
    let changed = json!({"display_name": "Ann", "username": "ann", "locale": "zh-CN"});
    let me = of_ann.update_me(&serde_json::from_value(changed).unwrap()).await.unwrap();
    assert_eq!((me.user.display_name.as_str(), me.user.username.unwrap().as_str()), ("Ann", "ann"));
    let reset = owner.reset_user_password(ann.user.id).await.unwrap();
    assert!(!reset.is_mailed && reset.password_link.unwrap().url != link.url);
    let gone = of_ann.show_me().await.unwrap_err();
    assert_eq!(gone.refusal().unwrap().code, ErrorCode::InvalidToken);
    owner.reset_user_second_factor(ann.user.id).await.unwrap();
    owner.remove_user(ann.user.id, false).await.unwrap();
    let short = json!({"email": "ben@example.com", "password": "short"});
    let refused = owner.create_user(&serde_json::from_value(short).unwrap()).await.err().unwrap();
    assert_eq!(refused.refusal().unwrap().fields[0].field, "password");
    server.stop().await;
}

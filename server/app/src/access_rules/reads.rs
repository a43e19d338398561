//! Reading changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use waystation_ids::Role;

use crate::access_rules::credentials::session_of;
use crate::access_rules::operations::operations;
use crate::access_rules::site::Site;

/// The OAuth callback, bound to its state, is the one that may change something, and cron with its secret.
const MAY_CHANGE: [&str; 2] = ["/api/auth/oauth/{provider}/callback", "/api/cron/expire-subscriptions"];

/// The database as bytes: its file and its journal, to which every write would add.
fn bytes_of(site: &Site) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in ["waystation.sqlite", "waystation.sqlite-wal"] {
        files.insert(name.to_owned(), std::fs::read(site.folder().join(name)).unwrap_or_default());
    }
    files
}

async fn is_use_noted(site: &Site, token: &str) -> bool {
    let found = site.app.store.load_active_session(session_of(token)).await.unwrap();
    found.is_some_and(|(session, _)| session.last_used_at_ms.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_reads_leaves_the_database_as_it_is() {
    let site = Site::new("reads").await;
    let people = site.one_of_each_role().await;
    let of_owner = site.token(people.last().unwrap()).await;
    let (key, secret) = site.add_key(&of_owner, &people[0]).await;
    let (channel, credential) = site.add_channel(&of_owner).await;
    let model = site.add_model(&of_owner, "sonnet").await;
    let call = site.add_call(&people[0], &channel).await;
    let (group, notice) = (site.add_model_group(&of_owner).await, site.add_notice(&of_owner).await);
    let mut tokens = Vec::new();
    for person in &people {
        tokens.push(site.token(person).await);
    }
    // When a session was last used is noted once in a while: now, and not again below.
    for token in tokens.iter().chain([&of_owner]) {
        site.get_done(token, "GET", "/api/me", Value::Null).await;
        // It is noted after the answer.
        while !is_use_noted(&site, token).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let before = bytes_of(&site);
    assert!(before.values().map(Vec::len).sum::<usize>() > 10_000);
    let mut paths: Vec<String> = operations()
        .into_iter()
        .filter(|operation| operation.is_read() && !MAY_CHANGE.contains(&operation.path.as_str()))
        .map(|operation| {
            operation
                .path
                .replace("/admin/users/{id}", &format!("/admin/users/{}", people[0].id))
                .replace("/admin/stats/users/{id}", &format!("/admin/stats/users/{}", people[0].id))
                .replace("/admin/models/{id}", &format!("/admin/models/{model}"))
                .replace("/admin/channels/{id}", &format!("/admin/channels/{channel}"))
                .replace("/admin/model-groups/{id}", &format!("/admin/model-groups/{group}"))
                .replace("/admin/notices/{id}", &format!("/admin/notices/{notice}"))
                .replace("{credential}", &credential)
                .replace("{key}", &key)
                .replace("{id}", &call)
        })
        .collect();
    let public = ["/", "/healthz", "/api/docs", "/api/openapi.json", "/v1/models", "/v1/usage", "/nothing"];
    paths.extend(public.map(str::to_owned));
    for _ in 0..2 {
        for path in &paths {
            let relay_key = [("authorization", format!("Bearer {secret}"))];
            for headers in [&[][..], &relay_key[..]] {
                let answer = site.send("GET", path, headers, None).await;
                assert!(!answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.text);
                let answer = site.send("HEAD", path, headers, None).await;
                assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
            }
            for token in &tokens {
                let answer = site.ask(token, "GET", path, Value::Null).await;
                assert!(!answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.text);
            }
        }
    }
    assert!(bytes_of(&site) == before, "something was written");
    // The same look sees a write.
    site.enter("one-more", Role::User).await;
    assert!(bytes_of(&site) != before);
    site.finish().await;
}

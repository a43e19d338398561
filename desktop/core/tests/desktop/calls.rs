use std::collections::BTreeMap;

use waystation_api::session::TokenRefresh;
use waystation_client::Client;
use waystation_desktop::calls::{Answer, Call, CallError, Export, Exported, Gateway};
use waystation_desktop::connections::{Connection, SiteAddress, WriteGuard};
use waystation_desktop::secrets::Credential;
use waystation_desktop::trust::{KeyChange, TlsPolicy};

use crate::drawer::Drawer;
use crate::front::{Front, Identity};
use crate::site::{PASSWORD, Site, connection, local_connection};

fn call(connection: &Connection, method: &str, path: &str) -> Call {
    Call {
        connection: connection.id,
        method: method.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: BTreeMap::new(),
        body: None,
    }
}

pub async fn get(
    gateway: &Gateway,
    connection: &Connection,
    base: &SiteAddress,
    path: &str,
) -> Result<Answer, CallError> {
    gateway.call(connection, base, call(connection, "GET", path)).await
}

async fn post(
    gateway: &Gateway,
    connection: &Connection,
    base: &SiteAddress,
    path: &str,
    body: serde_json::Value,
    headers: &[(&str, &str)],
) -> Result<Answer, CallError> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let call =
        Call { body: Some(body.to_string()), headers: headers.collect(), ..call(connection, "POST", path) };
    gateway.call(connection, base, call).await
}

fn code<A>(result: Result<A, CallError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

/// A gateway that is known to a site's owner.
async fn opened() -> (Site, Connection, Gateway, std::sync::Arc<Drawer>) {
    let connection = local_connection();
    let (site, credential) = Site::start_owned(None, &connection).await;
    let drawer = Drawer::new();
    credential.save(drawer.as_ref(), connection.id).unwrap();
    let gateway = Gateway::new(Some(drawer.clone()));
    (site, connection, gateway, drawer)
}

#[tokio::test]
async fn many_calls_at_once_make_one_exchange_and_no_answer_has_a_token() {
    let (site, connection, gateway, drawer) = opened().await;
    let before = drawer.text(connection.id);
    let gateway = std::sync::Arc::new(gateway);
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (gateway, connection, base) = (gateway.clone(), connection.clone(), site.address.clone());
        racing.spawn(async move { get(&gateway, &connection, &base, "/api/me").await.unwrap() });
    }
    let joined = racing.join_all().await;
    assert!(joined.iter().all(|answer| answer.status == 200));
    // The exchange was named before it was made, and its outcome kept.
    assert_eq!(*drawer.saves.lock().unwrap(), 3);
    let kept = drawer.text(connection.id);
    assert!(kept != before && !kept.contains("attempt"), "{kept}");
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let secret = kept["refresh_token"].as_str().unwrap();
    for answer in &joined {
        assert!(
            !answer.body.contains(secret) && !answer.body.contains("wsr_") && !answer.body.contains("eyJ")
        );
        assert!(!answer.headers.contains_key("set-cookie"));
        assert!(answer.headers["content-type"].starts_with("application/json"));
    }
}

#[tokio::test]
async fn an_exchange_that_a_crash_cut_off_does_not_sign_the_device_out() {
    let (site, connection, _, drawer) = opened().await;
    // The exchange is named and kept, the site answers, and the app dies before it reads the answer.
    let kept = Credential::load(drawer.as_ref(), connection.id).unwrap().unwrap();
    let begun = kept.begin_exchange().unwrap();
    begun.save(drawer.as_ref(), connection.id).unwrap();
    let body = TokenRefresh {
        refresh_token: begun.refresh_token().reveal().to_owned(),
        attempt: begun.attempt().map(|attempt| attempt.reveal().to_owned()),
    };
    let lost = Client::new(site.address.as_str(), None).unwrap().refresh_tokens(&body).await.unwrap();

    let gateway = Gateway::new(Some(drawer.clone()));
    assert_eq!(get(&gateway, &connection, &site.address, "/api/me").await.unwrap().status, 200);
    assert!(drawer.text(connection.id).contains(&lost.refresh_token));
    // And so again from there.
    let gateway = Gateway::new(Some(drawer));
    assert_eq!(get(&gateway, &connection, &site.address, "/api/me").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_device_that_the_site_has_signed_out_forgets_its_secret() {
    let (site, connection, gateway, drawer) = opened().await;
    let sessions = get(&gateway, &connection, &site.address, "/api/me/sessions").await.unwrap();
    let sessions: serde_json::Value = serde_json::from_str(&sessions.body).unwrap();
    let own =
        sessions["items"].as_array().unwrap().iter().find(|session| session["is_current"] == true).unwrap();
    let path = format!("/api/me/sessions/{}", own["id"].as_str().unwrap());
    let ended = gateway.call(&connection, &site.address, call(&connection, "DELETE", &path)).await.unwrap();
    assert_eq!(ended.status, 204);
    assert_eq!(code(get(&gateway, &connection, &site.address, "/api/me").await), "signed_out");
    assert_eq!(drawer.text(connection.id), "");
    assert_eq!(code(get(&gateway, &connection, &site.address, "/api/me").await), "not_paired");
}

#[tokio::test]
async fn a_proof_stays_in_the_shell_and_is_sent_where_the_window_says() {
    let (site, connection, gateway, _) = opened().await;
    let channel = serde_json::json!({
        "name": "Up", "format": "openai", "base_url": "https://up.example.com/v1", "credentials": ["sk-canary-0123456789"],
        "models": [{"name": "m", "upstream": "m"}],
    });
    let create = async |headers: &[(&str, &str)]| {
        post(&gateway, &connection, &site.address, "/api/admin/channels", channel.clone(), headers)
            .await
            .unwrap()
    };
    let refused = create(&[]).await;
    assert!(refused.status == 403 && refused.body.contains("proof_required"), "{refused:?}");
    let body = serde_json::json!({"password": PASSWORD});
    let proof = post(&gateway, &connection, &site.address, "/api/auth/proof", body, &[]).await.unwrap();
    let given: serde_json::Value = serde_json::from_str(&proof.body).unwrap();
    assert_eq!((proof.status, given["proof"].as_str()), (200, Some("kept-by-the-app")));
    // One that the window makes up is not sent.
    assert_eq!(create(&[("x-proof", "prf_made_up")]).await.status, 403);
    let made = create(&[("x-proof", "kept-by-the-app")]).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.body.contains("canary"));
}

#[tokio::test]
async fn a_guard_stands_before_changes_and_before_nothing_else() {
    let (site, connection, gateway, _) = opened().await;
    let locked = Connection { write_guard: WriteGuard::Locked, ..connection.clone() };
    let group = |name: &str| serde_json::json!({"name": name, "models": []});
    let path = "/api/admin/model-groups";
    assert_eq!(get(&gateway, &locked, &site.address, path).await.unwrap().status, 200);
    assert_eq!(code(post(&gateway, &locked, &site.address, path, group("a"), &[]).await), "writes_locked");
    assert_eq!(code(gateway.open_writes(&locked, "site")), "writes_locked");
    assert_eq!(gateway.open_writes(&locked, "Site").unwrap().as_secs(), 300);
    assert_eq!(post(&gateway, &locked, &site.address, path, group("a"), &[]).await.unwrap().status, 201);
    let read_only = Connection { write_guard: WriteGuard::ReadOnly, ..connection.clone() };
    assert_eq!(code(post(&gateway, &read_only, &site.address, path, group("b"), &[]).await), "read_only");
    let listed = get(&gateway, &connection, &site.address, path).await.unwrap();
    assert_eq!(listed.body.matches("\"mgr_").count(), 1);
}

#[tokio::test]
async fn an_export_is_written_whole_or_not_at_all() {
    let (site, connection, gateway, _) = opened().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.csv");
    let export = |operation: &str, query: &[(&str, &str)]| Export {
        connection: connection.id,
        operation: operation.to_owned(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let audit = export("export_audit_logs", &[]);
    let written = gateway.export(&connection, &site.address, &audit, &path).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(matches!(written, Exported::Written(bytes) if bytes == text.len() as u64));
    assert!(text.starts_with('\u{feff}') && text.contains("site.setup"), "{text}");
    // What the site refuses leaves what was there.
    let wrong = export("export_revenue", &[("start_date", "yesterday")]);
    let refused = gateway.export(&connection, &site.address, &wrong, &path).await.unwrap();
    assert!(matches!(refused, Exported::Refused(answer) if answer.status == 400));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    for operation in ["list_users", "show_me", "", "../x"] {
        let nothing = export(operation, &[]);
        assert_eq!(
            code(gateway.export(&connection, &site.address, &nothing, &path).await),
            "unknown_operation"
        );
    }
    let nowhere = folder.path().join("missing/x.csv");
    assert_eq!(code(gateway.export(&connection, &site.address, &audit, &nowhere).await), "file");
}

#[tokio::test]
async fn a_site_whose_key_has_changed_is_sent_nothing_and_both_keys_are_told() {
    let (identity, place) = (Identity::draw(), Front::reserve().await);
    let url = format!("https://{}", place.local_addr().unwrap());
    let tls = TlsPolicy::PinnedKey { fingerprint: identity.fingerprint };
    let connection = Connection { tls, ..connection(&url) };
    let (site, credential) = Site::start_owned(Some(&url), &connection).await;
    let base: SiteAddress = url.parse().unwrap();
    let drawer = Drawer::new();
    credential.save(drawer.as_ref(), connection.id).unwrap();
    let front = Front::answer(place, &identity, site.address.as_str());
    let gateway = Gateway::new(Some(drawer.clone()));
    assert_eq!(get(&gateway, &connection, &base, "/api/me").await.unwrap().status, 200);

    let other = Identity::draw();
    let front = Front::answer(front.leave().await, &other, site.address.as_str());
    gateway.forget(connection.id).await;
    let kept = drawer.text(connection.id);
    let error = get(&gateway, &connection, &base, "/api/me").await.unwrap_err();
    let expected = KeyChange { expected: identity.fingerprint, found: other.fingerprint };
    assert!(matches!(error, CallError::KeyChanged(change) if change == expected), "{error:?}");

    // Neither the right certificate without its key, nor one that an authority of this system does not vouch for.
    let front = Front::answer_as_thief(front.leave().await, &identity, site.address.as_str());
    gateway.forget(connection.id).await;
    assert!(matches!(get(&gateway, &connection, &base, "/api/me").await, Err(error) if error.code() != "ok"));
    let _front = Front::answer(front.leave().await, &identity, site.address.as_str());
    let unpinned = Connection { tls: TlsPolicy::System, ..connection.clone() };
    // The secret was given under another policy: it is not even read for this one.
    assert_eq!(code(get(&gateway, &unpinned, &base, "/api/me").await), "not_paired");
    // When the site is itself again, so is everything.
    gateway.forget(connection.id).await;
    assert_eq!(get(&gateway, &connection, &base, "/api/me").await.unwrap().status, 200, "{kept}");
}

#[tokio::test]
async fn a_site_is_known_by_the_authorities_of_a_file_and_no_others() {
    let (identity, place) = (Identity::draw(), Front::reserve().await);
    let url = format!("https://{}", place.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (own, foreign) = (folder.path().join("own.pem"), folder.path().join("foreign.pem"));
    std::fs::write(&own, &identity.pem).unwrap();
    std::fs::write(&foreign, Identity::draw().pem).unwrap();
    let base: SiteAddress = url.parse().unwrap();
    let by = |path: &std::path::Path| Connection {
        tls: TlsPolicy::CaFile { path: path.to_owned() },
        ..connection(&url)
    };
    let known = by(&own);
    let (site, credential) = Site::start_owned(Some(&url), &known).await;
    let _front = Front::answer(place, &identity, site.address.as_str());
    let drawer = Drawer::new();
    credential.save(drawer.as_ref(), known.id).unwrap();
    let gateway = Gateway::new(Some(drawer.clone()));
    assert_eq!(get(&gateway, &known, &base, "/api/me").await.unwrap().status, 200);
    for (other, expected) in [
        (by(&foreign), "untrusted"),
        (connection(&url), "untrusted"),
        (by(&folder.path().join("missing.pem")), "tls_policy"),
    ] {
        Credential::new(&other, "wsr_canary".to_owned()).save(drawer.as_ref(), other.id).unwrap();
        assert_eq!(code(get(&gateway, &other, &base, "/api/me").await), expected, "{:?}", other.tls);
    }
}

#[tokio::test]
async fn a_site_is_known_by_something_else_only_while_it_is_who_it_was() {
    let (identity, place) = (Identity::draw(), Front::reserve().await);
    let url = format!("https://{}", place.local_addr().unwrap());
    let base: SiteAddress = url.parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (own, foreign) = (folder.path().join("own.pem"), folder.path().join("foreign.pem"));
    std::fs::write(&own, &identity.pem).unwrap();
    std::fs::write(&foreign, Identity::draw().pem).unwrap();
    let by_file = |path: &std::path::Path| TlsPolicy::CaFile { path: path.to_owned() };
    let pinned = TlsPolicy::PinnedKey { fingerprint: identity.fingerprint };
    let known = Connection { tls: pinned, ..connection(&url) };
    let (site, credential) = Site::start_owned(Some(&url), &known).await;
    let front = Front::answer(place, &identity, site.address.as_str());
    let drawer = Drawer::new();
    credential.save(drawer.as_ref(), known.id).unwrap();
    let gateway = Gateway::new(Some(drawer.clone()));

    // What the site does not pass is not taken, and what opens it stays as it was.
    let kept = drawer.text(known.id);
    for wanted in [TlsPolicy::System, by_file(&foreign)] {
        let refused = gateway.change_trust(&known, &base, wanted.clone()).await.unwrap_err();
        assert_eq!(refused.code(), "untrusted", "{wanted:?}");
    }
    assert_eq!(drawer.text(known.id), kept);

    let changed = gateway.change_trust(&known, &base, by_file(&own)).await.unwrap();
    assert_eq!((&changed.tls, changed.id), (&by_file(&own), known.id));
    assert_eq!(get(&gateway, &changed, &base, "/api/me").await.unwrap().status, 200);
    assert_eq!(code(get(&gateway, &known, &base, "/api/me").await), "not_paired");

    // Somebody else in its place does not become it, whoever vouches for them.
    let other = Identity::draw();
    std::fs::write(&foreign, &other.pem).unwrap();
    let _front = Front::answer(front.leave().await, &other, site.address.as_str());
    let refused = gateway.change_trust(&changed, &base, by_file(&foreign)).await.unwrap_err();
    assert_eq!(refused.code(), "untrusted");
}

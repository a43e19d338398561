use waystation_store::{NewPending, PendingKind};

use super::*;
use crate::base64_text::write_base64;
use crate::drawn_secret::DrawnSecret;

/// A call that shows somebody else's secret.
async fn make_key(site: &Site, caller: &Caller, user: &User) -> (StatusCode, Value) {
    site.post(caller, &format!("/admin/users/{}/keys", user.id), json!({"name": "x"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_good_once_for_the_session_that_gave_it() {
    let site = Site::new("proof").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&site.owner).await;
    let (status, body) = make_key(&site, &session, &ann).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"));
    assert!(body["error"]["message"].as_str().unwrap().contains("password"), "{body}");

    let (status, started) = site.post(&session, "/auth/proof/start", json!({})).await;
    assert_eq!((status, &started["methods"]), (StatusCode::OK, &json!(["password"])));
    let (status, body) = site.post(&session, "/auth/proof", json!({"password": "wrong"})).await;
    assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "invalid_credentials"));

    // That somebody could prove it, or has proved it elsewhere, is no proof.
    let unknown = write_base64(&[7; 32]);
    for proof in ["", "x", "password", &unknown] {
        let (status, body) = make_key(&site, &session.with_proof(proof), &ann).await;
        assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"), "{proof}");
    }
    let other = site.sign_in(&site.owner).await;
    let of_other = site.prove(&other, json!({"password": PASSWORD})).await;
    let (status, _) = make_key(&site, &session.with_proof(&of_other), &ann).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    let proof = site.prove(&session, json!({"password": PASSWORD})).await;
    let proved = session.with_proof(&proof);
    assert_eq!(make_key(&site, &proved, &ann).await.0, StatusCode::CREATED);
    assert_eq!(make_key(&site, &proved, &ann).await.0, StatusCode::FORBIDDEN);
    assert_eq!(site.count_audited("proof.given").await, 2);
    assert_eq!(site.count_audited("proof.failed").await, 1);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_shown_to_a_draft_is_used_up_by_what_is_entered() {
    let site = Site::new("draft").await;
    let session = site.sign_in(&site.owner).await;
    // A demo channel asks nobody, whatever secret comes with it.
    let draft = json!({"format": "demo", "model": "sonnet", "credential": "sk-upstream-0123456789"});
    let list = json!({"format": "demo", "credential": "sk-upstream-0123456789"});
    let (status, body) = site.post(&session, "/admin/channels/test", draft.clone()).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"));
    let (status, body) = site.post(&session, "/admin/channels/fetch-models", list.clone()).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"));
    let without_secret = json!({"format": "demo", "model": "sonnet"});
    assert_eq!(site.post(&session, "/admin/channels/test", without_secret).await.0, StatusCode::OK);

    let other = site.sign_in(&site.owner).await;
    let of_other = site.prove(&other, json!({"password": PASSWORD})).await;
    let (status, _) = site.post(&session.with_proof(&of_other), "/admin/channels/test", draft.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    let proof = site.prove(&session, json!({"password": PASSWORD})).await;
    let proved = session.with_proof(&proof);
    for _ in 0..2 {
        assert_eq!(site.post(&proved, "/admin/channels/test", draft.clone()).await.0, StatusCode::OK);
        assert_eq!(site.post(&proved, "/admin/channels/fetch-models", list.clone()).await.0, StatusCode::OK);
    }
    let channel = json!({
        "name": "Demo", "format": "demo", "models": [], "credentials": ["sk-upstream-0123456789"],
    });
    assert_eq!(site.post(&proved, "/admin/channels", channel).await.0, StatusCode::CREATED);
    let (status, _) = site.post(&proved, "/admin/channels/test", draft).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_as_large_as_what_needs_a_proof_needs_one() {
    let site = Site::new("gift-proof").await;
    let session = site.sign_in(&site.owner).await;
    let gift = |amount: &str| json!({"values": {"auth.sign_up_gift": amount}});
    assert_eq!(site.ask(&session, "PATCH", "/admin/settings", gift("99")).await.0, StatusCode::OK);
    let (status, body) = site.ask(&session, "PATCH", "/admin/settings", gift("100")).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"));
    let proof = site.prove(&session, json!({"password": PASSWORD})).await;
    let proved = session.with_proof(&proof);
    assert_eq!(site.ask(&proved, "PATCH", "/admin/settings", gift("100")).await.0, StatusCode::OK);
    // Less again, and what is so already.
    assert_eq!(site.ask(&session, "PATCH", "/admin/settings", gift("100")).await.0, StatusCode::OK);
    assert_eq!(site.ask(&session, "PATCH", "/admin/settings", gift("1")).await.0, StatusCode::OK);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_calls_with_one_proof_one_is_let_through() {
    let site = Site::new("race").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&site.owner).await;
    let proof = site.prove(&session, json!({"password": PASSWORD})).await;
    let proved = session.with_proof(&proof);
    let calls = (0..20).map(|_| make_key(&site, &proved, &ann));
    let answers = futures_util::future::join_all(calls).await;
    let made = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    assert_eq!(made, 1);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_too_old_or_of_another_kind_is_none() {
    let site = Site::new("old").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&site.owner).await;
    let id = site.app.store.list_sessions(site.owner.id, None, 1).await.unwrap()[0].id;
    for (number, kind, lasts_ms, is_good) in [
        (1, PendingKind::Proof, 60_000, true),
        (2, PendingKind::Proof, 0, false),
        (3, PendingKind::PasskeyUse, 60_000, false),
        (4, PendingKind::SecondFactor, 60_000, false),
    ] {
        let token = DrawnSecret::draw().unwrap();
        let pending = NewPending {
            hash: token.hash(),
            kind,
            user: Some(site.owner.id),
            session: Some(id),
            browser_hash: None,
            state: Vec::new(),
            lasts_ms,
        };
        site.app.store.create_pending(&pending).await.unwrap();
        let (status, _) = make_key(&site, &session.with_proof(token.reveal()), &ann).await;
        assert_eq!(status == StatusCode::CREATED, is_good, "{number}");
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_second_factor_proves_it_by_that() {
    let site = Site::new("factor").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&site.owner).await;
    let (secret, codes) = site.set_up_totp(&session).await;
    let (_, started) = site.post(&session, "/auth/proof/start", json!({})).await;
    assert_eq!(started["methods"], json!(["totp", "recovery_code"]));
    let (status, _) = site.post(&session, "/auth/proof", json!({"password": PASSWORD})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (_, body) = make_key(&site, &session, &ann).await;
    assert!(body["error"]["message"].as_str().unwrap().contains("totp, recovery_code"), "{body}");
    for by in [json!({"totp": secret.code_at(now_ms() + STEP_MS)}), json!({"recovery_code": codes[9]})] {
        let proof = site.prove(&session, by).await;
        assert_eq!(make_key(&site, &session.with_proof(&proof), &ann).await.0, StatusCode::CREATED);
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_at_the_server_needs_no_proof() {
    let site = Site::new("command").await;
    let ann = site.enter("ann@example.org", None).await;
    let command = site.open_session(&site.owner, SessionKind::Cli).await;
    assert_eq!(make_key(&site, &command, &ann).await.0, StatusCode::CREATED);
    let device = site.open_session(&site.owner, SessionKind::Device).await;
    assert_eq!(make_key(&site, &device, &ann).await.0, StatusCode::FORBIDDEN);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_changes_of_a_balance_need_a_proof_and_small_ones_do_not() {
    let site = Site::new("large").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&site.owner).await;
    let path = format!("/admin/users/{}/adjustments", ann.id);
    let change =
        |amount: &str| json!({"direction": "credit", "amount": amount, "reason_code": "test", "note": "x"});
    let (status, body) = site.post(&session, &path, change("100")).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"));
    assert_eq!(site.post(&session, &path, change("99.999999999")).await.0, StatusCode::CREATED);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_channels_need_a_proof() {
    let site = Site::new("channels").await;
    let session = site.sign_in(&site.owner).await;
    let channel = |credentials: Value| {
        json!({"name": "c", "format": "openai", "base_url": "https://api.example.com/v1", "models": [],
            "credentials": credentials})
    };
    let (status, made) = site.post(&session, "/admin/channels", channel(json!([]))).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, body) = site.post(&session, "/admin/channels", channel(json!(["sk-0123456789"]))).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"), "{body}");
    let path = format!("/admin/channels/{}/credentials", made["id"].as_str().unwrap());
    let secret = json!({"secret": "sk-0123456789"});
    assert_eq!(site.post(&session, &path, secret.clone()).await.0, StatusCode::FORBIDDEN);
    let proof = site.prove(&session, json!({"password": PASSWORD})).await;
    let (status, body) = site.post(&session.with_proof(&proof), &path, secret).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_nothing_to_prove_anything_by_sets_the_first_up_and_nothing_more() {
    let site = Site::new("first").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&ann).await;
    let (_, started) = site.post(&session, "/auth/proof/start", json!({})).await;
    assert_eq!(started, json!({"methods": []}));
    let (status, body) = site.ask(&session, "DELETE", "/me/totp", json!({})).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"));
    assert!(body["error"]["message"].as_str().unwrap().contains("Sign in again"), "{body}");
    assert_eq!(site.post(&session, "/me/totp", json!({})).await.0, StatusCode::CREATED);
    site.make_passkey(&session, &ann).await;
    // Now there is something.
    for path in ["/me/passkeys/start", "/me/totp"] {
        let (status, body) = site.post(&session, path, json!({})).await;
        assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"), "{path}");
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linking_and_unlinking_need_a_fresh_proof_each() {
    let site = Site::new("linking").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let identity = "/me/identities/idn_06ft3r5yx1v2k4m7q9s0t2w6z0";
    for (method, path, body, status_with_proof) in [
        ("POST", "/auth/oauth/github/start", json!({"purpose": "link"}), StatusCode::OK),
        ("DELETE", identity, json!({}), StatusCode::NOT_FOUND),
    ] {
        let (status, refused) = site.ask(&session, method, path, body.clone()).await;
        assert_eq!((status, code(&refused)), (StatusCode::FORBIDDEN, "proof_required"), "{path}");
        let proven = session.with_proof(&site.prove(&session, json!({"password": PASSWORD})).await);
        let (status, answer) = site.ask(&proven, method, path, body.clone()).await;
        assert_eq!(status, status_with_proof, "{path}: {answer}");
        // It is good once.
        let (status, refused) = site.ask(&proven, method, path, body).await;
        assert_eq!((status, code(&refused)), (StatusCode::FORBIDDEN, "proof_required"), "{path}");
    }
    // To sign in proves nothing of anybody who is signed in already.
    let (status, _) = site.post(&session, "/auth/oauth/github/start", json!({})).await;
    assert_eq!(status, StatusCode::OK);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_or_username_of_somebody_needs_a_proof_and_another_name_none() {
    let site = Site::new("addresses").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&site.owner).await;
    let path = format!("/admin/users/{}", ann.id);
    let (status, body) = site.ask(&session, "PATCH", &path, json!({"display_name": "Anna"})).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    for change in
        [json!({"email": "anna@example.org"}), json!({"username": "anna"}), json!({"username": null})]
    {
        let (status, body) = site.ask(&session, "PATCH", &path, change.clone()).await;
        assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "proof_required"), "{change}");
        let proven = session.with_proof(&site.prove(&session, json!({"password": PASSWORD})).await);
        let (status, body) = site.ask(&proven, "PATCH", &path, change.clone()).await;
        assert_eq!(status, StatusCode::OK, "{change} {body}");
    }
    let taken = json!({"email": "OWNER@example.org"});
    let proven = session.with_proof(&site.prove(&session, json!({"password": PASSWORD})).await);
    let (status, body) = site.ask(&proven, "PATCH", &path, taken).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, "already_exists"));
    assert_eq!(body["error"]["fields"][0]["field"], "email");
    assert_eq!(body["error"]["fields"][0]["code"], "taken");
    site.finish().await;
}

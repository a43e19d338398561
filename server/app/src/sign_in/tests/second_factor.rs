use futures_util::future::join_all;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_finishes_the_sign_in_once() {
    let site = Site::new("code").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    assert_eq!(site.begin(&ann).await["status"], "signed_in");
    let (secret, _) = site.set_up_totp(&site.sign_in(&ann).await).await;
    let begun = site.begin(&ann).await;
    assert_eq!(begun["methods"], json!(["totp", "recovery_code"]));
    assert!(begun.get("tokens").is_none() && begun.get("user").is_none(), "{begun}");
    let challenge = begun["challenge"].as_str().unwrap();
    let stranger = Caller::stranger();
    let (status, body) =
        site.post(&stranger, "/auth/second-factor/methods", json!({"challenge": challenge})).await;
    assert_eq!((status, &body["methods"]), (StatusCode::OK, &begun["methods"]));

    let answer = |code: &str| json!({"challenge": challenge, "totp": code});
    let (status, body) = site.post(&stranger, "/auth/second-factor", answer("000000x")).await;
    assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "invalid_credentials"));
    let right = secret.code_at(now_ms() + STEP_MS);
    let (status, body) = site.post(&stranger, "/auth/second-factor", answer(&right)).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("signed_in")), "{body}");
    assert!(body["tokens"]["access_token"].is_string(), "{body}");
    let (status, body) = site.post(&stranger, "/auth/second-factor", answer(&right)).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_link"));
    assert_eq!(site.count_audited("sign_in.failed").await, 1);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_totp_code_is_taken_once_however_many_bring_it() {
    let site = Site::new("once").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (secret, _) = site.set_up_totp(&site.sign_in(&ann).await).await;
    // The code that confirmed the app is used up too.
    let used = json!({"challenge": site.challenge(&ann).await, "totp": secret.code_at(now_ms())});
    let (status, _) = site.post(&Caller::stranger(), "/auth/second-factor", used).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);

    let right = secret.code_at(now_ms() + STEP_MS);
    let mut tries = Vec::new();
    for number in 0..10 {
        let body = json!({"challenge": site.challenge(&ann).await, "totp": right});
        let caller = Caller::stranger().from([198, 51, 100, number]);
        let site = &site;
        tries.push(async move { site.post(&caller, "/auth/second-factor", body).await.0 });
    }
    let statuses = join_all(tries).await;
    let won = statuses.iter().filter(|status| **status == StatusCode::OK).count();
    let lost = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    assert_eq!((won, lost), (1, 9), "{statuses:?}");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_tries_end_a_challenge_however_many_come_at_once() {
    let site = Site::new("tries").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (secret, codes) = site.set_up_totp(&site.sign_in(&ann).await).await;
    let challenge = site.challenge(&ann).await;
    let tries = (0..150_u8).map(|number| {
        let body = json!({"challenge": challenge, "totp": format!("{:06}x", number)});
        // Each from a network of its own: none of them is held back by its own guesses.
        let caller = Caller::stranger().from([198, 51, 100, number]);
        let site = &site;
        async move { site.post(&caller, "/auth/second-factor", body).await.0 }
    });
    let statuses = join_all(tries).await;
    let wrong = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    let ended = statuses.iter().filter(|status| **status == StatusCode::BAD_REQUEST).count();
    assert_eq!((wrong, ended), (5, 145));
    // What is right comes too late, and is not used up by that.
    for right in [
        json!({"challenge": challenge, "totp": secret.code_at(now_ms() + STEP_MS)}),
        json!({"challenge": challenge, "recovery_code": codes[0]}),
    ] {
        let (status, body) = site.post(&Caller::stranger(), "/auth/second-factor", right).await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_link"));
    }
    let anew = json!({"challenge": site.challenge(&ann).await, "recovery_code": codes[0]});
    let (status, body) = site.post(&Caller::stranger(), "/auth/second-factor", anew).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_at_one_challenge_after_the_other_is_slowed_down_and_nobody_else() {
    let site = Site::new("slow").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (secret, _) = site.set_up_totp(&site.sign_in(&ann).await).await;
    let guesser = Caller::stranger().from([198, 51, 100, 7]);
    let mut last = StatusCode::OK;
    for number in 0..12 {
        let body = json!({"challenge": site.challenge(&ann).await, "totp": format!("{number:06}x")});
        last = site.post(&guesser, "/auth/second-factor", body).await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let right = json!({"challenge": site.challenge(&ann).await, "totp": secret.code_at(now_ms() + STEP_MS)});
    let (status, body) = site.post(&Caller::stranger(), "/auth/second-factor", right).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_stands_in_once() {
    let site = Site::new("recovery").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let (_, codes) = site.set_up_totp(&session).await;
    assert_eq!(codes.len(), 10);
    let send = async |code: &str| {
        let body = json!({"challenge": site.challenge(&ann).await, "recovery_code": code});
        site.post(&Caller::stranger(), "/auth/second-factor", body).await.0
    };
    assert_eq!(send(&codes[3].to_uppercase()).await, StatusCode::OK);
    assert_eq!(send(&codes[3]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send("aaaa-aaaa-aaaa-aaaa").await, StatusCode::UNAUTHORIZED);
    let (_, left) = site.ask(&session, "GET", "/me/recovery-codes", json!({})).await;
    assert_eq!(left, json!({"left": 9, "total": 10}));
    assert_eq!(site.count_audited("recovery_code.use").await, 1);

    // New ones take their place.
    let proof = site.prove(&session, json!({"recovery_code": codes[4]})).await;
    let (status, made) = site.post(&session.with_proof(&proof), "/me/recovery-codes", json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(send(&codes[5]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(made["codes"][0].as_str().unwrap()).await, StatusCode::OK);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_skips_no_second_factor_and_ends_what_is_under_way() {
    let site = Site::new("reset").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let (_, codes) = site.set_up_totp(&session).await;
    let begun = site.challenge(&ann).await;
    let entry = crate::audit_trail::Deed { action: "password.reset", target: None }.by_command();
    let hash = hash_password("another password").unwrap();
    site.app.store.set_password(ann.id, &hash, &entry).await.unwrap();
    site.app.changes.announce(waystation_store::ChangeKind::User, ann.id).await;
    assert_eq!(site.ask(&session, "GET", "/me", json!({})).await.0, StatusCode::UNAUTHORIZED);
    let old = json!({"challenge": begun, "recovery_code": codes[0]});
    let (status, body) = site.post(&Caller::stranger(), "/auth/second-factor", old).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_link"));
    let anew = json!({"challenge": site.challenge(&ann).await, "recovery_code": codes[0]});
    assert_eq!(site.post(&Caller::stranger(), "/auth/second-factor", anew).await.0, StatusCode::OK);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_a_second_factor_up_or_taking_it_away_ends_the_other_sessions() {
    let site = Site::new("others").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (own, other) = (site.sign_in(&ann).await, site.sign_in(&ann).await);
    let see = async |caller: &Caller| site.ask(caller, "GET", "/me", json!({})).await.0;
    assert_eq!((see(&own).await, see(&other).await), (StatusCode::OK, StatusCode::OK));
    let (_, codes) = site.set_up_totp(&own).await;
    assert_eq!((see(&own).await, see(&other).await), (StatusCode::OK, StatusCode::UNAUTHORIZED));
    let (_, state) = site.ask(&own, "GET", "/me/totp", json!({})).await;
    assert_eq!(state["enabled"], true);

    let other = site.sign_in(&ann).await;
    let proof = site.prove(&own, json!({"recovery_code": codes[0]})).await;
    let (status, _) = site.ask(&own.with_proof(&proof), "DELETE", "/me/totp", json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!((see(&own).await, see(&other).await), (StatusCode::OK, StatusCode::UNAUTHORIZED));
    assert_eq!(site.begin(&ann).await["status"], "signed_in");
    let (_, left) = site.ask(&own, "GET", "/me/recovery-codes", json!({})).await;
    assert_eq!(left, json!({"left": 0, "total": 0}));
    assert_eq!((site.count_audited("totp.enable").await, site.count_audited("totp.disable").await), (1, 1));
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_not_confirmed_is_asked_for_by_nobody() {
    let site = Site::new("unconfirmed").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let proof = site.prove(&session, json!({"password": PASSWORD})).await;
    let (status, _) = site.post(&session.with_proof(&proof), "/me/totp", json!({})).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, _) = site.post(&session, "/me/totp/confirm", json!({"code": "00000x"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(site.begin(&ann).await["status"], "signed_in");
    // Who has one cannot begin with another in its place.
    site.set_up_totp(&session).await;
    let (status, body) = site.post(&session, "/me/totp/confirm", json!({"code": "000000"})).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, "conflict"));
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_no_challenge_is_refused() {
    let site = Site::new("unknown").await;
    let unknown = crate::base64_text::write_base64(&[7; 32]);
    for challenge in ["", "x", "é", &unknown, &format!("{unknown}=")] {
        for (path, body) in [
            ("/auth/second-factor", json!({"challenge": challenge, "totp": "000000"})),
            ("/auth/second-factor/methods", json!({"challenge": challenge})),
        ] {
            let (status, body) = site.post(&Caller::stranger(), path, body).await;
            assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_link"), "{challenge}");
        }
    }
    for body in [
        json!({}),
        json!({"challenge": unknown}),
        json!({"challenge": unknown, "totp": "1", "role": "owner"}),
    ] {
        let (status, body) = site.post(&Caller::stranger(), "/auth/second-factor", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    site.finish().await;
}

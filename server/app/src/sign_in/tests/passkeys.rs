use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_and_signs_its_owner_in_alone() {
    let site = Site::new("passkey").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let (mut authenticator, made) = site.add_passkey(&session, &ann).await;
    assert_eq!(made["passkey"]["name"], "Laptop");
    assert_eq!(made["recovery_codes"].as_array().unwrap().len(), 10);
    assert!(made["passkey"].get("credential").is_none() && made["passkey"]["last_used_at"].is_null());

    let (status, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{started}");
    let options = &started["options"];
    assert_eq!(
        (&options["rpId"], &options["userVerification"]),
        (&json!("ai.example.org"), &json!("required"))
    );
    assert_eq!(options["allowCredentials"], json!([]));
    let credential = authenticator.sign(&challenge_of(options));
    let body = json!({"challenge": started["challenge"], "credential": credential, "reception": "tokens"});
    let (status, body_of_first) = site.post(&Caller::stranger(), "/auth/passkeys/finish", body.clone()).await;
    assert_eq!((status, &body_of_first["status"]), (StatusCode::OK, &json!("signed_in")), "{body_of_first}");
    assert_eq!(body_of_first["user"]["email"], "ann@example.org");
    let (status, again) = site.post(&Caller::stranger(), "/auth/passkeys/finish", body).await;
    assert_eq!((status, code(&again)), (StatusCode::BAD_REQUEST, "invalid_link"));

    let (_, listed) = site.ask(&session, "GET", "/me/passkeys", json!({})).await;
    assert!(listed["items"][0]["last_used_at"].is_string(), "{listed}");
    let path = format!("/me/passkeys/{}", made["passkey"]["id"].as_str().unwrap());
    let (status, renamed) = site.ask(&session, "PATCH", &path, json!({"name": " Phone "})).await;
    assert_eq!((status, &renamed["name"]), (StatusCode::OK, &json!("Phone")));
    let (status, _) = site.ask(&session, "PATCH", &path, json!({"name": "x".repeat(65)})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_a_second_factor_beside_a_password() {
    let site = Site::new("beside").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let (mut authenticator, _) = site.add_passkey(&session, &ann).await;
    let begun = site.begin(&ann).await;
    assert_eq!(begun["methods"], json!(["passkey", "recovery_code"]));
    assert_eq!(begun["passkey"]["allowCredentials"].as_array().unwrap().len(), 1);
    let send = async |credential: Value| {
        let body = json!({"challenge": begun["challenge"], "passkey": credential});
        site.post(&Caller::stranger(), "/auth/second-factor", body).await.0
    };
    // Another's passkey, and an answer to something else, are none.
    let stranger = site.enter("ben@example.org", Some(PASSWORD)).await;
    let (mut of_ben, _) = site.add_passkey(&site.sign_in(&stranger).await, &stranger).await;
    let challenge = challenge_of(&begun["passkey"]);
    assert_eq!(send(json!(of_ben.sign(&challenge))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(json!(authenticator.sign(b"something else"))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(json!(authenticator.sign(&challenge))).await, StatusCode::OK);
    assert_eq!(send(json!(authenticator.sign(&challenge))).await, StatusCode::BAD_REQUEST);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_another_site_or_from_another_page_signs_nobody_in() {
    let site = Site::new("phished").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (mut authenticator, _) = site.add_passkey(&site.sign_in(&ann).await, &ann).await;
    type Change = fn(&mut SoftwareAuthenticator);
    let lies: [Change; 6] = [
        |lie| lie.origin = "https://ai.example.org.evil.test".to_owned(),
        |lie| lie.rp_id = "evil.test".to_owned(),
        |lie| lie.is_cross_origin = true,
        |lie| lie.verifies_user = false,
        |lie| lie.signs_wrongly = true,
        |lie| lie.challenge = Some(vec![1; 32]),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let (_, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
        let mut liar = authenticator;
        lie(&mut liar);
        let credential = liar.sign(&challenge_of(&started["options"]));
        let body = json!({"challenge": started["challenge"], "credential": credential});
        let (status, body) = site.post(&Caller::stranger(), "/auth/passkeys/finish", body).await;
        assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "invalid_credentials"), "{number}");
        authenticator = liar.honest(ORIGIN, "ai.example.org");
    }
    // A token that was changed, or that says something else, begins nothing.
    let (_, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
    let (token, credential) =
        (started["challenge"].as_str().unwrap(), authenticator.sign(&challenge_of(&started["options"])));
    let mut changed = read_base64(token).unwrap();
    changed[20] ^= 1;
    for token in ["", "x", &crate::base64_text::write_base64(&changed)] {
        let body = json!({"challenge": token, "credential": credential});
        let (status, body) = site.post(&Caller::stranger(), "/auth/passkeys/finish", body).await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_link"), "{token}");
    }
    // It was the lies.
    let (_, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
    let credential = authenticator.sign(&challenge_of(&started["options"]));
    let body = json!({"challenge": started["challenge"], "credential": credential});
    assert_eq!(site.post(&Caller::stranger(), "/auth/passkeys/finish", body).await.0, StatusCode::OK);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_bring_one_answer_one_is_signed_in() {
    let site = Site::new("replayed").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (mut authenticator, _) = site.add_passkey(&site.sign_in(&ann).await, &ann).await;
    let (_, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
    let credential = authenticator.sign(&challenge_of(&started["options"]));
    let body = json!({"challenge": started["challenge"], "credential": credential});
    let callers: Vec<Caller> =
        (0..10).map(|number| Caller::stranger().from([198, 51, 100, number])).collect();
    let calls = callers.iter().map(|caller| site.post(caller, "/auth/passkeys/finish", body.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let signed_in = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
    let refused = answers.iter().filter(|(status, _)| *status == StatusCode::BAD_REQUEST).count();
    assert_eq!((signed_in, refused), (1, 9));
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_goes_back_is_refused_and_written_down() {
    let site = Site::new("counter").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let (mut authenticator, _) = site.add_passkey(&site.sign_in(&ann).await, &ann).await;
    let mut sign_in = async || {
        let (_, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
        let credential = authenticator.sign(&challenge_of(&started["options"]));
        // The copy of it has not been used.
        authenticator.counter = 1;
        let body = json!({"challenge": started["challenge"], "credential": credential});
        site.post(&Caller::stranger(), "/auth/passkeys/finish", body).await.0
    };
    assert_eq!(sign_in().await, StatusCode::OK);
    assert_eq!(sign_in().await, StatusCode::UNAUTHORIZED);
    assert_eq!(site.count_audited("passkey.counter_went_back").await, 1);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_serves_what_it_was_made_for_and_nothing_else() {
    let site = Site::new("purpose").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let session = site.sign_in(&ann).await;
    let (mut authenticator, _) = site.add_passkey(&session, &ann).await;
    // One to prove with does not sign in.
    let (_, started) = site.post(&session, "/auth/proof/start", json!({})).await;
    let passkey = &started["passkey"];
    let credential = authenticator.sign(&challenge_of(&passkey["options"]));
    let body = json!({"challenge": passkey["challenge"], "credential": credential});
    let (status, body) = site.post(&Caller::stranger(), "/auth/passkeys/finish", body).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_link"));
    // One to sign in with does not prove.
    let (_, started) = site.post(&Caller::stranger(), "/auth/passkeys/start", json!({})).await;
    let credential = authenticator.sign(&challenge_of(&started["options"]));
    let body = json!({"passkey": {"challenge": started["challenge"], "credential": credential}});
    assert_eq!(site.post(&session, "/auth/proof", body).await.0, StatusCode::BAD_REQUEST);
    // Nor does one of another of the person's sessions.
    let other = site.sign_in(&ann).await;
    let (_, started) = site.post(&other, "/auth/proof/start", json!({})).await;
    let passkey = &started["passkey"];
    let credential = authenticator.sign(&challenge_of(&passkey["options"]));
    let body = json!({"passkey": {"challenge": passkey["challenge"], "credential": credential}});
    assert_eq!(site.post(&session, "/auth/proof", body).await.0, StatusCode::BAD_REQUEST);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_kept_once_by_the_session_that_began() {
    let site = Site::new("kept").await;
    let ann = site.enter("ann@example.org", None).await;
    let ben = site.enter("ben@example.org", None).await;
    let (of_ann, of_ben) = (site.sign_in(&ann).await, site.sign_in(&ben).await);
    let start = async |caller: &Caller| site.post(caller, "/me/passkeys/start", json!({})).await.1;
    let mut authenticator = authenticator_of(&ann);
    let started = start(&of_ann).await;
    let credential = authenticator.create(&challenge_of(&started["options"]));
    let body = json!({"challenge": started["challenge"], "name": "x", "credential": credential});
    let (status, refused) = site.post(&of_ben, "/me/passkeys/finish", body.clone()).await;
    assert_eq!((status, code(&refused)), (StatusCode::BAD_REQUEST, "invalid_link"));
    // That has used it up.
    assert_eq!(site.post(&of_ann, "/me/passkeys/finish", body).await.0, StatusCode::BAD_REQUEST);

    let finish = async |caller: &Caller, authenticator: &mut SoftwareAuthenticator| {
        let started = start(caller).await;
        let credential = authenticator.create(&challenge_of(&started["options"]));
        let body = json!({"challenge": started["challenge"], "name": "x", "credential": credential});
        site.post(caller, "/me/passkeys/finish", body).await
    };
    assert_eq!(finish(&of_ann, &mut authenticator).await.0, StatusCode::CREATED);
    let (status, taken) = finish(&of_ben, &mut authenticator).await;
    assert_eq!((status, code(&taken)), (StatusCode::CONFLICT, "already_exists"), "{taken}");
    let mut phished = authenticator_of(&ben);
    phished.origin = "https://evil.test".to_owned();
    let (status, body) = finish(&of_ben, &mut phished).await;
    assert_eq!(
        (status, &body["error"]["fields"][0]["field"]),
        (StatusCode::BAD_REQUEST, &json!("credential"))
    );
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_to_sign_in_stays() {
    let site = Site::new("last").await;
    let ann = site.enter("ann@example.org", None).await;
    let session = site.sign_in(&ann).await;
    let (mut authenticator, made) = site.make_passkey(&session, &ann).await;
    let path = format!("/me/passkeys/{}", made["passkey"]["id"].as_str().unwrap());
    let prove = async |authenticator: &mut SoftwareAuthenticator| {
        let (_, started) = site.post(&session, "/auth/proof/start", json!({})).await;
        let passkey = &started["passkey"];
        let credential = authenticator.sign(&challenge_of(&passkey["options"]));
        site.prove(
            &session,
            json!({"passkey": {"challenge": passkey["challenge"], "credential": credential}}),
        )
        .await
    };
    let proof = prove(&mut authenticator).await;
    let (status, body) = site.ask(&session.with_proof(&proof), "DELETE", &path, json!({})).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, "conflict"), "{body}");
    // With another one it is not the last.
    let proof = prove(&mut authenticator).await;
    let (_, second) = site.make_passkey(&session.with_proof(&proof), &ann).await;
    assert!(second.get("recovery_codes").is_none(), "{second}");
    let proof = prove(&mut authenticator).await;
    let (status, _) = site.ask(&session.with_proof(&proof), "DELETE", &path, json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_passkey_is_not_there() {
    let site = Site::new("idor").await;
    let (ann, ben) = (site.enter("ann@example.org", None).await, site.enter("ben@example.org", None).await);
    let (_, made) = site.make_passkey(&site.sign_in(&ann).await, &ann).await;
    let path = format!("/me/passkeys/{}", made["passkey"]["id"].as_str().unwrap());
    let of_ben = site.open_session(&ben, SessionKind::Cli).await;
    for (method, body) in [("PATCH", json!({"name": "x"})), ("DELETE", json!({}))] {
        let (status, body) = site.ask(&of_ben, method, &path, body).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "not_found"), "{method}");
    }
    assert_eq!(site.ask(&of_ben, "GET", "/me/passkeys", json!({})).await.1["items"], json!([]));
    site.finish().await;
}

use super::*;
use crate::auth::write_refresh_token;
use crate::drawn_secret::DrawnSecret;
use waystation_ids::SessionId;

/// What a caller with this refresh token gets.
async fn refresh(site: &Site, caller: &Caller, token: &str) -> (StatusCode, Value) {
    site.post(caller, "/auth/refresh", json!({"refresh_token": token})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_whose_refresh_token_is_worth_nothing_is_slowed_down_and_nobody_beside_it() {
    let site = Site::new("refreshes").await;
    let ann = site.enter("ann@example.org", Some(PASSWORD)).await;
    let begun = site.begin(&ann).await;
    let mut token = begun["tokens"]["refresh_token"].as_str().unwrap().to_owned();
    let caller = Caller::stranger();
    // What is right is not counted, however often it comes.
    for _ in 0..150 {
        let (status, body) = refresh(&site, &caller, &token).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        token = body["refresh_token"].as_str().unwrap().to_owned();
    }
    let dead = write_refresh_token(SessionId::new(1, [1; 10]), &DrawnSecret::draw().unwrap());
    for number in 0..100 {
        // One that cannot even be read is one too.
        let text = if number % 2 == 0 { dead.as_str() } else { "wsr_nothing" };
        let (status, body) = refresh(&site, &caller, text).await;
        assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "invalid_token"), "{number}");
    }
    let (status, body) = refresh(&site, &caller, &dead).await;
    assert_eq!((status, code(&body)), (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"));
    // Others are served, and so is whoever signs in from the same place.
    let elsewhere = caller.from([198, 51, 100, 7]);
    let (status, body) = refresh(&site, &elsewhere, &token).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let body = json!({"login": "ann@example.org", "password": PASSWORD, "reception": "tokens"});
    let (status, body) = site.post(&caller, "/auth/login", body).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    site.finish().await;
}

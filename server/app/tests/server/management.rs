use serde_json::{Value, json};
use waystation_api::adjustments::{Adjustment, AdjustmentCreate};
use waystation_api::error::ErrorCode;
use waystation_api::grants::GrantCreate;
use waystation_api::users::{User, UserCreate};
use waystation_client::{Client, ClientError};

use crate::world::{Server, Site};

/// A site with an owner and a user who is none.
struct Office {
    site: Site,
    server: Server,
    token: String,
    owner: Client,
    user: User,
}

async fn open_office() -> Office {
    let site = Site::new();
    let made = site
        .run(&["admin", "create-user", "--email", "owner@example.com", "--role", "owner", "--json"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let token = site.run(&["admin", "access-token", "--email", "owner@example.com", "--json"]).await;
    let token: Value = serde_json::from_str(&token.stdout).unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let server = site.serve(&[]).await;
    let owner = Client::new(&server.url, Some(&token)).unwrap();
    let user: UserCreate = read(json!({"email": "user@example.com"}));
    let user = owner.create_user(&user).await.unwrap().user;
    Office { site, server, token, owner, user }
}

impl Office {
    /// The books balance, and the server ends in order.
    async fn close(self) {
        self.server.stop().await;
        assert_eq!(self.site.run(&["ledger", "audit"]).await.code, Some(0));
    }

    async fn adjust(&self, key: &str, direction: &str, amount: &str) -> Result<Adjustment, ClientError> {
        self.owner.create_adjustment(self.user.id, key, &adjustment(direction, amount)).await
    }

    async fn available(&self) -> String {
        self.owner.show_user(self.user.id).await.unwrap().balance.available.to_string()
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn adjustment(direction: &str, amount: &str) -> AdjustmentCreate {
    read(json!({"direction": direction, "amount": amount, "reason_code": "test", "note": "a test"}))
}

fn code(error: &ClientError) -> Option<ErrorCode> {
    error.refusal().map(|body| body.code)
}

#[tokio::test]
async fn an_adjustment_is_made_once_however_often_it_comes() {
    let office = open_office().await;
    let first = office.adjust("a", "credit", "10").await.unwrap();
    let second = office.adjust("a", "credit", "10").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first.after.to_string(), "10.000000000");
    assert_eq!(office.available().await, "10.000000000");

    let other_body = office.adjust("a", "credit", "11").await.unwrap_err();
    assert_eq!(code(&other_body), Some(ErrorCode::IdempotencyMismatch));

    // Of many at once, one moves the money; the others are told to wait, or what it did.
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, user) = (office.owner.clone(), office.user.id);
        racing.spawn(async move { client.create_adjustment(user, "b", &adjustment("credit", "1")).await });
    }
    let mut ids = Vec::new();
    while let Some(ended) = racing.join_next().await {
        match ended.unwrap() {
            Ok(adjustment) => ids.push(adjustment.id),
            Err(error) => assert_eq!(code(&error), Some(ErrorCode::InProgress), "{error}"),
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(office.available().await, "11.000000000");
    office.close().await;
}

#[tokio::test]
async fn a_replayed_answer_says_so() {
    let office = open_office().await;
    let url = format!("{}/api/admin/users/{}/adjustments", office.server.url, office.user.id);
    let send = || {
        reqwest::Client::new()
            .post(&url)
            .bearer_auth(&office.token)
            .header("idempotency-key", "a")
            .header("content-type", "application/json")
            .body(serde_json::to_string(&adjustment("credit", "1")).unwrap())
            .send()
    };
    let (first, second) = (send().await.unwrap(), send().await.unwrap());
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (201, 201));
    assert!(!first.headers().contains_key("idempotency-replayed"));
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(first.text().await.unwrap(), second.text().await.unwrap());
    office.close().await;
}

#[tokio::test]
async fn a_debit_takes_only_what_is_there() {
    let office = open_office().await;
    office.adjust("a", "credit", "1").await.unwrap();
    let refused = office.adjust("b", "debit", "1.000000001").await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::InsufficientBalance));
    assert!(refused.to_string().contains("1.000000000 USD"), "{refused}");
    let taken = office.adjust("c", "debit", "1").await.unwrap();
    assert_eq!(
        (taken.before.to_string(), taken.after.to_string()),
        ("1.000000000".into(), "0.000000000".into())
    );
    office.close().await;
}

#[tokio::test]
async fn money_moves_only_with_a_key_a_body_that_fits_and_a_user() {
    let office = open_office().await;
    let fields =
        |error: ClientError| error.refusal().unwrap().fields.first().map(|field| field.field.clone());
    let no_key = office.adjust("", "credit", "1").await.unwrap_err();
    assert_eq!(fields(no_key).as_deref(), Some("Idempotency-Key"));
    for (amount, field) in [("0", "amount"), ("-1", "amount")] {
        let refused = office.adjust("a", "credit", amount).await.unwrap_err();
        assert_eq!(fields(refused).as_deref(), Some(field), "{amount}");
    }
    let nobody = waystation_ids::UserId::new(1, [0; 10]);
    let refused = office.owner.create_adjustment(nobody, "a", &adjustment("credit", "1")).await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::NotFound));
    let stranger = Client::new(&office.server.url, Some("no.such.token")).unwrap();
    let refused =
        stranger.create_adjustment(office.user.id, "a", &adjustment("credit", "1")).await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::InvalidToken));
    assert_eq!(office.available().await, "0.000000000");
    office.close().await;
}

#[tokio::test]
async fn a_grant_is_given_once_with_its_terms() {
    let office = open_office().await;
    let grant: GrantCreate = read(json!({
        "unit": "tokens", "amount": 1000, "models": ["m"], "weight_ppm": 2_000_000,
        "expires_at": "2100-01-01T00:00:00Z", "note": "a test",
    }));
    let first = office.owner.create_grant(office.user.id, "a", &grant).await.unwrap();
    let second = office.owner.create_grant(office.user.id, "a", &grant).await.unwrap();
    assert_eq!(first, second);
    assert_eq!((first.amount.as_str(), first.weight_ppm), ("1000", 2_000_000));
    // The same key at another route is another write.
    office.adjust("a", "credit", "1").await.unwrap();
    assert_eq!(office.available().await, "1.000000000");
    office.close().await;
}

//! Models, prices, channels, calls and books over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waystation_api::error::ErrorCode;
use waystation_api::ledger::{TransferDirection, Unit};
use waystation_api::models::{Model, ModelUpdate};
use waystation_api::pagination::{PageQuery, SearchQuery};
use waystation_api::requests::{OwnRequestQuery, RequestQuery, RequestStatus};
use waystation_client::{Client, ClientError};

use crate::world::{Server, Site};

/// A site with an owner who has 1 USD and a key, and a demo channel that serves `sonnet`.
pub struct Shop {
    site: Site,
    server: Server,
    token: String,
    pub owner: Client,
    secret: String,
    model: Model,
}

pub async fn open_shop(site: Site, arguments: &[&str]) -> Shop {
    let made = site
        .run(&["admin", "create-user", "--email", "owner@example.com", "--role", "owner", "--json"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let token = site.run(&["admin", "access-token", "--email", "owner@example.com", "--json"]).await;
    let token = text_of(&token.stdout, "access_token");
    let key = site.run(&["key", "create", "--email", "owner@example.com", "--json"]).await;
    let secret = text_of(&key.stdout, "secret");
    let server = site.serve(arguments).await;
    let owner = Client::new(&server.url, Some(&token)).unwrap();
    let me = owner.show_me().await.unwrap();
    let credit = read(json!({"direction": "credit", "amount": "1", "reason_code": "test", "note": "a test"}));
    owner.create_adjustment(me.user.id, "credit", &credit).await.unwrap();
    let model = owner.create_model(&read(json!({"name": "sonnet"}))).await.unwrap();
    let shop = Shop { site, server, token, owner, secret, model };
    shop.set_price("2", None).await;
    let channel = json!({"name": "Demo", "format": "demo", "models": ["sonnet"]});
    shop.owner.create_channel(&read(channel)).await.unwrap();
    shop
}

impl Shop {
    async fn set_price(&self, output_per_million: &str, effective_at: Option<&str>) {
        let mut price = json!({"input_per_million": "1", "output_per_million": output_per_million});
        if let Some(time) = effective_at {
            price["effective_at"] = time.into();
        }
        self.owner.create_price_version(self.model.id, &read(price)).await.unwrap();
    }

    pub async fn call(&self, model: &str) -> (u16, Value) {
        call(&self.server.url, &self.secret, model).await
    }

    async fn get(&self, path: &str, credential: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.server.url);
        answer(reqwest::Client::new().get(url).bearer_auth(credential).send().await.unwrap()).await
    }

    /// The books balance, and the server ends in order.
    pub async fn close(self) {
        self.server.stop().await;
        assert_eq!(self.site.run(&["ledger", "audit"]).await.code, Some(0));
    }
}

async fn call(url: &str, secret: &str, model: &str) -> (u16, Value) {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hello there"}]});
    let sent = reqwest::Client::new()
        .post(format!("{url}/v1/chat/completions"))
        .bearer_auth(secret)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send();
    answer(sent.await.unwrap()).await
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_str(&body.to_string()).unwrap()
}

fn text_of(printed: &str, field: &str) -> String {
    let printed: Value = serde_json::from_str(printed).unwrap();
    printed[field].as_str().unwrap().to_owned()
}

fn refusal(error: &ClientError) -> (ErrorCode, Option<&str>) {
    let body = error.refusal().unwrap();
    (body.code, body.fields.first().map(|field| field.field.as_str()))
}

#[tokio::test]
async fn what_is_changed_counts_for_the_next_call() {
    let shop = open_shop(Site::new(), &[]).await;
    assert_eq!(shop.call("sonnet").await.0, 200);

    let off: ModelUpdate = read(json!({"active": false}));
    shop.owner.update_model(shop.model.id, &off).await.unwrap();
    let (status, body) = shop.call("sonnet").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));

    let renamed: ModelUpdate = read(json!({"active": true, "name": "opus"}));
    shop.owner.update_model(shop.model.id, &renamed).await.unwrap();
    assert_eq!(shop.call("sonnet").await.0, 404);
    assert_eq!(shop.call("opus").await.0, 200);

    let channel = shop.owner.list_channels(&SearchQuery::default()).await.unwrap().items.remove(0);
    shop.owner.delete_channel(channel.id).await.unwrap();
    let (status, body) = shop.call("opus").await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("no_channel_available")));
    shop.close().await;
}

#[tokio::test]
async fn a_call_costs_the_price_in_effect_and_is_shown_with_it() {
    let shop = open_shop(Site::new(), &[]).await;
    shop.set_price("3", Some("2100-01-01T00:00:00Z")).await;
    shop.set_price("4", None).await;
    let (status, body) = shop.call("sonnet").await;
    assert_eq!(status, 200, "{body}");
    let prices = shop.owner.list_price_versions(shop.model.id, &PageQuery::default()).await.unwrap().items;
    assert_eq!(prices.len(), 3);

    let query = RequestQuery { model: Some("sonnet".to_owned()), ..RequestQuery::default() };
    let listed = shop.owner.list_requests(&query).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    let request = shop.owner.show_request(listed[0].id).await.unwrap();
    assert_eq!(request.request, listed[0]);
    assert_eq!(request.request.status, RequestStatus::Ok);
    assert_eq!(request.request.price_version_id, prices[0].version.id);
    let usage = &request.request.usage;
    let cost = usage.input_tokens * 1_000 + usage.output_tokens * 4_000;
    assert_eq!(request.request.cost.0.nanos(), i64::try_from(cost).unwrap());
    assert_eq!(request.attempts.map(|attempts| attempts.len()), Some(1));
    assert_eq!(request.sources.len(), 1);
    assert_eq!(
        (request.sources[0].unit, &request.sources[0].amount),
        (Unit::Usd, &request.request.cost.to_string())
    );

    let own = shop.owner.list_my_requests(&OwnRequestQuery::default()).await.unwrap().items;
    assert_eq!((own.len(), own[0].channel_id, own[0].operator_loss), (1, None, None));
    let own = shop.owner.show_my_request(listed[0].id).await.unwrap();
    assert_eq!(own.attempts, None);

    let balance = shop.owner.show_my_balance().await.unwrap();
    let transfers = shop.owner.list_my_transfers(&PageQuery::default()).await.unwrap().items;
    assert_eq!(balance.available.0.nanos(), 1_000_000_000 - i64::try_from(cost).unwrap());
    assert_eq!(
        (transfers[0].direction, &transfers[0].amount),
        (TransferDirection::Debit, &listed[0].cost.to_string())
    );
    assert_eq!(transfers[0].cause.as_deref(), Some(listed[0].id.to_string().as_str()));
    assert_eq!(transfers[1].direction, TransferDirection::Credit);
    shop.close().await;
}

#[tokio::test]
async fn usage_is_summed_for_the_key_that_asks() {
    let shop = open_shop(Site::new(), &[]).await;
    for _ in 0..2 {
        assert_eq!(shop.call("sonnet").await.0, 200);
    }
    let (status, usage) = shop.get("/v1/usage?group_by=model", &shop.secret).await;
    assert_eq!(status, 200, "{usage}");
    assert_eq!((&usage["object"], &usage["total_requests"]), (&json!("usage"), &json!(2)));
    assert_eq!((&usage["data"][0]["model"], &usage["data"][0]["requests"]), (&json!("sonnet"), &json!(2)));
    assert_eq!(usage["total_cost"], usage["data"][0]["cost"]);
    let balance = shop.owner.show_my_balance().await.unwrap();
    assert_eq!(usage["balance"], balance.available.to_string());

    let other = shop.site.run(&["key", "create", "--email", "owner@example.com", "--json"]).await;
    let (_, usage) = shop.get("/api/v1/usage", &text_of(&other.stdout, "secret")).await;
    assert_eq!((&usage["total_requests"], &usage["data"]), (&json!(0), &json!([])));

    for (path, expected) in [("/v1/usage?start_date=soon", 400), ("/v1/usage?group_by=mood", 400)] {
        let (status, body) = shop.get(path, &shop.secret).await;
        assert_eq!((status, &body["error"]["code"]), (expected, &json!("invalid_request")), "{path}");
    }
    assert_eq!(shop.get("/v1/usage", "sk-no").await.0, 401);
    shop.close().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_field() {
    let shop = open_shop(Site::new(), &[]).await;
    let post = async |path: &str, body: Value| {
        let sent = reqwest::Client::new()
            .post(format!("{}/api/admin/{path}", shop.server.url))
            .bearer_auth(&shop.token)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send();
        let (status, body) = answer(sent.await.unwrap()).await;
        (status, body["error"]["fields"][0]["field"].as_str().map(str::to_owned))
    };
    let prices = format!("models/{}/prices", shop.model.id);
    for (path, body, field) in [
        ("models", json!({"name": "a b"}), "name"),
        ("models", json!({"name": "x", "colour": "red"}), "colour"),
        ("models", json!({"name": "x", "context_length": -1}), "context_length"),
        ("models", json!({"name": "x", "default_output_tokens": 0}), "default_output_tokens"),
        (&prices, json!({"input_per_million": "1"}), "output_per_million"),
        (&prices, json!({"input_per_million": "-1", "output_per_million": "1"}), "input_per_million"),
        (&prices, json!({"input_per_million": 1e300, "output_per_million": "1"}), "input_per_million"),
        ("channels", json!({"name": "x", "format": "openai", "models": []}), "base_url"),
        (
            "channels",
            json!({"name": "x", "format": "openai", "models": [], "base_url": "http://127.0.0.1:9"}),
            "base_url",
        ),
        ("channels", json!({"name": "x", "format": "demo", "models": ["a", "a"]}), "models"),
        (
            "channels",
            json!({"name": "x", "format": "demo", "models": [], "credentials": [""]}),
            "credentials[0]",
        ),
    ] {
        assert_eq!(post(path, body.clone()).await, (400, Some(field.to_owned())), "{path} {body}");
    }
    let taken = shop.owner.create_model(&read(json!({"name": "sonnet"}))).await.unwrap_err();
    assert_eq!(refusal(&taken), (ErrorCode::AlreadyExists, Some("name")));
    let nothing = shop.owner.show_model(waystation_ids::ModelId::new(1, [0; 10])).await.unwrap_err();
    assert_eq!(refusal(&nothing).0, ErrorCode::NotFound);
    shop.close().await;
}

#[tokio::test]
async fn an_upstream_secret_is_kept_sealed_and_never_shown() {
    let shop = open_shop(Site::new(), &[]).await;
    let channel = json!({
        "name": "Main", "format": "openai", "base_url": "https://api.example.com/v1/", "models": ["opus"],
        "credentials": ["sk-upstream-hidden-0123456789"],
    });
    let channel = shop.owner.create_channel(&read(channel)).await.unwrap();
    assert_eq!(channel.base_url, "https://api.example.com/v1");
    assert_eq!(channel.credentials[0].preview, "sk-u…6789");
    let added = read(json!({"secret": "another-hidden-0123456789"}));
    let added = shop.owner.create_credential(channel.id, &added).await.unwrap();
    shop.owner.delete_credential(channel.id, channel.credentials[0].id).await.unwrap();
    let shown = shop.owner.show_channel(channel.id).await.unwrap();
    assert_eq!(shown.credentials, vec![added]);
    let (_, shown) = shop.get("/api/admin/channels", &shop.token).await;
    assert!(!shown.to_string().contains("hidden"));
    for file in std::fs::read_dir(shop.site.data_dir()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!content.windows(6).any(|bytes| bytes == b"hidden"));
    }
    shop.close().await;
}

#[tokio::test]
async fn a_channels_secrets_are_not_sent_to_another_host() {
    let shop = open_shop(Site::new(), &[]).await;
    let channel = json!({
        "name": "Main", "format": "openai", "base_url": "https://api.example.com/v1", "models": ["opus"],
        "credentials": ["sk-upstream-hidden-0123456789"],
    });
    let channel = shop.owner.create_channel(&read(channel)).await.unwrap();
    for url in
        ["https://elsewhere.example.com/v1", "http://api.example.com/v1", "https://api.example.com:444/v1"]
    {
        let moved = shop.owner.update_channel(channel.id, &read(json!({"base_url": url}))).await;
        assert_eq!(refusal(&moved.unwrap_err()), (ErrorCode::InvalidRequest, Some("base_url")), "{url}");
    }
    let path = read(json!({"base_url": "https://API.example.com/v2"}));
    shop.owner.update_channel(channel.id, &path).await.unwrap();
    shop.owner.delete_credential(channel.id, channel.credentials[0].id).await.unwrap();
    let moved = read(json!({"base_url": "https://elsewhere.example.com/v1"}));
    shop.owner.update_channel(channel.id, &moved).await.unwrap();
    shop.close().await;
}

#[tokio::test]
async fn another_instance_follows_a_change_within_seconds() {
    let folder = std::env::temp_dir().join(format!("waystation-shared-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let site = Site::new()
        .with_variable(
            "WAYSTATION_DATABASE_URL",
            &format!("sqlite:{}?mode=rwc", folder.join("site.db").display()),
        )
        .with_variable("WAYSTATION_MASTER_KEY", &"5a".repeat(32));
    let shop = open_shop(site, &[]).await;
    let other = shop.site.serve(&["--data-dir", "other"]).await;
    assert_eq!(call(&other.url, &shop.secret, "sonnet").await.0, 200);

    let renamed: ModelUpdate = read(json!({"name": "opus"}));
    shop.owner.update_model(shop.model.id, &renamed).await.unwrap();
    let changed_at = Instant::now();
    while call(&other.url, &shop.secret, "opus").await.0 != 200 {
        assert!(changed_at.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(call(&other.url, &shop.secret, "sonnet").await.0, 404);
    other.stop().await;
    shop.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

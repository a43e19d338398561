//! Groups, notices, settings, and what the site says of itself, over HTTP.

use serde_json::{Value, json};
use waystation_api::error::ErrorCode;
use waystation_api::pagination::PageQuery;
use waystation_api::settings::{Setting, SettingOrigin};
use waystation_client::{Client, ClientError};

use crate::world::{Server, Site};

/// A site with an owner.
struct Office {
    site: Site,
    server: Server,
    owner: Client,
    stranger: Client,
}

async fn open_office(site: Site) -> Office {
    let made = site
        .run(&["admin", "create-user", "--email", "owner@example.com", "--role", "owner", "--json"])
        .await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let server = site.serve(&[]).await;
    let owner = sign_in(&site, &server, "owner@example.com").await;
    let stranger = Client::new(&server.url, None).unwrap();
    Office { site, server, owner, stranger }
}

async fn sign_in(site: &Site, server: &Server, email: &str) -> Client {
    let token = site.run(&["admin", "access-token", "--email", email, "--json"]).await;
    let token: Value = serde_json::from_str(&token.stdout).unwrap();
    Client::new(&server.url, Some(token["access_token"].as_str().unwrap())).unwrap()
}

impl Office {
    async fn enter(&self, email: &str, role: &str) -> Client {
        self.owner.create_user(&read(json!({"email": email, "role": role}))).await.unwrap();
        sign_in(&self.site, &self.server, email).await
    }

    async fn add_priced_model(&self, name: &str) -> waystation_ids::ModelId {
        let model = self.owner.create_model(&read(json!({"name": name}))).await.unwrap().id;
        let price = json!({"input_per_million": "2.50", "output_per_million": "10"});
        self.owner.create_price_version(model, &read(price)).await.unwrap();
        model
    }

    async fn set(&self, values: Value) -> Result<Vec<Setting>, ClientError> {
        Ok(self.owner.update_settings(&read(json!({"values": values}))).await?.items)
    }

    async fn setting(&self, name: &str) -> Setting {
        let settings = self.owner.list_settings().await.unwrap().items;
        settings.into_iter().find(|setting| setting.name == name).unwrap()
    }

    async fn close(self) {
        self.server.stop().await;
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_str(&body.to_string()).unwrap()
}

fn refusal(error: ClientError) -> (ErrorCode, String) {
    let body = error.refusal().unwrap();
    (body.code, body.fields.first().map(|field| field.field.clone()).unwrap_or_default())
}

#[tokio::test]
async fn every_setting_is_listed_with_its_origin_and_no_secret() {
    let site = Site::new()
        .with_variable("WAYSTATION_METRICS_TOKEN", "hidden-token")
        .with_variable("WAYSTATION_BALANCE_LOW", "5")
        .with_variable("WAYSTATION_OAUTH_GITHUB_CLIENT_ID", "shown")
        .with_variable("WAYSTATION_OAUTH_GITHUB_CLIENT_SECRET", "hidden-secret");
    let office = open_office(site).await;
    let settings = office.owner.list_settings().await.unwrap().items;
    assert!(!serde_json::to_string(&settings).unwrap().contains("hidden"));
    assert!(settings.iter().all(|setting| !setting.description.is_empty()));
    let of = |name: &str| settings.iter().find(|setting| setting.name == name).unwrap().clone();
    let token = of("metrics.token");
    assert!(token.is_set && token.is_secret && token.value.is_none() && !token.is_editable);
    assert_eq!(
        (token.origin, token.origin_detail.as_deref()),
        (SettingOrigin::Environment, Some("WAYSTATION_METRICS_TOKEN"))
    );
    assert!(!of("master_key").is_set);
    let low = of("balance.low");
    assert_eq!((low.value.as_deref(), low.default.as_deref()), (Some("5"), Some("1")));
    assert_eq!((low.is_editable, low.locked_by), (false, Some(SettingOrigin::Environment)));
    let listen = of("listen");
    assert_eq!((listen.origin, listen.is_editable, listen.locked_by), (SettingOrigin::Flag, false, None));
    let registration = of("auth.registration");
    assert_eq!(registration.choices.unwrap(), ["open", "invite", "closed"]);
    assert!(registration.is_editable);
    let secret = of("oauth.github.client_secret");
    assert!(secret.is_set && secret.is_secret && secret.value.is_none());
    assert_eq!(of("oauth.github.client_id").value.as_deref(), Some("shown"));
    office.close().await;
}

#[tokio::test]
async fn a_setting_counts_at_once_and_goes_back_to_its_default() {
    let office = open_office(Site::new()).await;
    assert_eq!(office.stranger.show_site().await.unwrap().name, "Waystation");
    let changed = office.set(json!({"site.name": "驿站 Harbour", "balance.low": "2.5"})).await.unwrap();
    let name = changed.iter().find(|setting| setting.name == "site.name").unwrap();
    assert_eq!((name.origin, name.value.as_deref()), (SettingOrigin::Database, Some("驿站 Harbour")));
    assert!(name.is_editable && name.updated_at.is_some());
    let site = office.stranger.show_site().await.unwrap();
    assert_eq!((site.name.as_str(), site.low_balance.to_string().as_str()), ("驿站 Harbour", "2.500000000"));
    assert_eq!(site.base_url.as_deref(), Some(office.server.url.as_str()));
    assert_eq!((site.currency.as_str(), site.demo, site.time_zone.as_str()), ("USD", false, "UTC"));
    office.set(json!({"site.name": null})).await.unwrap();
    assert_eq!(office.setting("site.name").await.origin, SettingOrigin::Default);
    assert_eq!(office.stranger.show_site().await.unwrap().name, "Waystation");
    let told = office.owner.list_audit_logs(&read(json!({"action": "settings.update"}))).await.unwrap().items;
    let states: Vec<(Value, Value)> =
        told.into_iter().map(|row| (json!(row.before), json!(row.after))).collect();
    assert_eq!(
        states,
        [
            (json!({"site.name": "驿站 Harbour"}), json!({})),
            (json!({}), json!({"site.name": "驿站 Harbour", "balance.low": "2.5"})),
        ]
    );
    office.close().await;
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_refused_and_nothing_with_it_is_changed() {
    let office = open_office(Site::new().with_variable("WAYSTATION_AUTH_REQUIRE_VERIFICATION", "true")).await;
    for (values, field) in [
        (json!({}), "values"),
        (json!({"site.name": ""}), "values.site.name"),
        (json!({"site.nmae": "x"}), "values.site.nmae"),
        (json!({"balance.low": "-1"}), "values.balance.low"),
        (json!({"balance.low": "1e3"}), "values.balance.low"),
        (json!({"auth.registration": "everybody"}), "values.auth.registration"),
        // Nobody could be mailed the link that has to be opened.
        (json!({"auth.registration": "open"}), "values.auth.registration"),
        (json!({"auth.allowed_domains": "exa mple.com"}), "values.auth.allowed_domains"),
        (json!({"master_key": "00"}), "values.master_key"),
        (json!({"listen": "0.0.0.0:80"}), "values.listen"),
        (json!({"auth.large_adjustment": "1000000"}), "values.auth.large_adjustment"),
    ] {
        let mut with_another = values.clone();
        if !values.as_object().unwrap().is_empty() {
            with_another["site.public_models"] = json!("false");
        }
        let refused = office.set(with_another).await.unwrap_err();
        assert_eq!(refusal(refused), (ErrorCode::InvalidRequest, field.to_owned()), "{values}");
    }
    assert!(office.stranger.show_site().await.unwrap().has_public_models);
    office.close().await;
}

#[tokio::test]
async fn what_the_environment_or_a_flag_sets_is_not_changed_by_the_database() {
    let office = open_office(Site::new().with_variable("WAYSTATION_BALANCE_LOW", "5")).await;
    office.set(json!({"site.name": "Harbour"})).await.unwrap();
    let refused = office.set(json!({"balance.low": "7"})).await.unwrap_err();
    assert_eq!(refusal(refused).0, ErrorCode::Conflict);
    let Office { site, server, .. } = office;
    server.stop().await;
    // The next start sets what the database sets too.
    let server = site.serve(&["--set", "site.name=Quay"]).await;
    let owner = sign_in(&site, &server, "owner@example.com").await;
    let site_now = Client::new(&server.url, None).unwrap().show_site().await.unwrap();
    assert_eq!((site_now.name.as_str(), site_now.low_balance.to_string().as_str()), ("Quay", "5.000000000"));
    let settings = owner.list_settings().await.unwrap().items;
    let name = settings.into_iter().find(|setting| setting.name == "site.name").unwrap();
    assert_eq!((name.origin, name.locked_by), (SettingOrigin::Flag, Some(SettingOrigin::Flag)));
    server.stop().await;
    // And without it the database counts again.
    let server = site.serve(&[]).await;
    assert_eq!(Client::new(&server.url, None).unwrap().show_site().await.unwrap().name, "Harbour");
    server.stop().await;
}

#[tokio::test]
async fn who_may_register_follows_the_setting() {
    let office = open_office(Site::new()).await;
    let register = async |email: &str| {
        let answer = reqwest::Client::new()
            .post(format!("{}/api/auth/register", office.server.url))
            .header("content-type", "application/json")
            .body(json!({"email": email, "password": "correct horse battery staple"}).to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let closed = (403, "registration_closed".to_owned());
    assert_eq!(register("ann@example.com").await, closed);
    let gift = json!({
        "auth.registration": "open", "auth.allowed_domains": "example.com", "auth.sign_up_gift": "0.50",
    });
    office.set(gift).await.unwrap();
    assert_eq!(register("ann@example.org").await, closed);
    assert!((200..300).contains(&register("ann@example.com").await.0));
    let ann = sign_in(&office.site, &office.server, "ann@example.com").await;
    assert_eq!(ann.show_my_balance().await.unwrap().available.to_string(), "0.500000000");
    office.set(json!({"auth.registration": null})).await.unwrap();
    assert_eq!(register("ben@example.com").await, closed);
    office.close().await;
}

#[tokio::test]
async fn notices_are_shown_in_their_time_to_whom_they_are_for() {
    let office = open_office(Site::new()).await;
    let user = office.enter("user@example.com", "user").await;
    let auditor = office.enter("auditor@example.com", "auditor").await;
    let make = async |body: Value| office.owner.create_notice(&read(body)).await.unwrap();
    let markup = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) \u{202e}";
    let info = make(json!({"title": {"en": "Info"}, "text": {"en": markup, "zh-CN": "好"}})).await;
    make(json!({"title": {"en": "Old"}, "ends_at": "2026-01-01T00:00:00Z"})).await;
    make(json!({"title": {"en": "Coming"}, "starts_at": "2100-01-01T00:00:00Z"})).await;
    make(json!({"title": {"zh-CN": "内部"}, "level": "critical", "audience": "admins"})).await;
    let shown = user.list_my_notices().await.unwrap().items;
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].id, shown[0].text.en.as_deref()), (info.id, Some(markup)));
    let titles: Vec<Option<String>> =
        auditor.list_my_notices().await.unwrap().items.into_iter().map(|notice| notice.title.zh_cn).collect();
    assert_eq!(titles, [Some("内部".to_owned()), None], "what matters most comes first");
    let listed = office.owner.list_notices(&PageQuery { limit: Some(3), cursor: None }).await.unwrap();
    assert_eq!((listed.items.len(), listed.next_cursor.is_some()), (3, true));
    let over = read(json!({"ends_at": "2026-01-01T00:00:00Z", "starts_at": null}));
    office.owner.update_notice(info.id, &over).await.unwrap();
    assert_eq!(user.list_my_notices().await.unwrap().items, []);
    let backwards = read(json!({"starts_at": "2026-02-01T00:00:00Z"}));
    let refused = office.owner.update_notice(info.id, &backwards).await.unwrap_err();
    assert_eq!(refusal(refused), (ErrorCode::InvalidRequest, "ends_at".to_owned()));
    office.owner.delete_notice(info.id).await.unwrap();
    assert_eq!(refusal(office.owner.show_notice(info.id).await.unwrap_err()).0, ErrorCode::NotFound);
    assert_eq!(refusal(user.list_notices(&PageQuery::default()).await.unwrap_err()).0, ErrorCode::Forbidden);
    let title = read(json!({"title": {"en": "x"}}));
    assert_eq!(refusal(auditor.create_notice(&title).await.unwrap_err()).0, ErrorCode::Forbidden);
    office.close().await;
}

#[tokio::test]
async fn a_group_names_models_of_the_site() {
    let office = open_office(Site::new()).await;
    for name in ["sonnet", "opus"] {
        office.owner.create_model(&read(json!({"name": name}))).await.unwrap();
    }
    let large = json!({"name": " Large ", "note": "for whoever pays", "models": ["sonnet", "opus"]});
    let large = office.owner.create_model_group(&read(large)).await.unwrap();
    let names: Vec<&str> = large.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!((large.name.as_str(), names), ("Large", vec!["opus", "sonnet"]));
    for (body, field) in [
        (json!({"name": "Small", "models": ["opus", "haiku"]}), "models[1]"),
        (json!({"name": "Small", "models": ["opus", "opus"]}), "models[1]"),
    ] {
        let refused = office.owner.create_model_group(&read(body)).await.unwrap_err();
        assert_eq!(refusal(refused), (ErrorCode::InvalidRequest, field.to_owned()));
    }
    let taken = office.owner.create_model_group(&read(json!({"name": "Large", "models": []}))).await;
    assert_eq!(refusal(taken.unwrap_err()), (ErrorCode::AlreadyExists, "name".to_owned()));
    let smaller =
        office.owner.update_model_group(large.id, &read(json!({"models": ["opus"]}))).await.unwrap();
    assert_eq!((smaller.models.len(), smaller.note.as_str()), (1, "for whoever pays"));
    assert_eq!(office.owner.list_model_groups(&PageQuery::default()).await.unwrap().items, [smaller]);
    office.owner.delete_model_group(large.id).await.unwrap();
    let gone = office.owner.show_model_group(large.id).await.unwrap_err();
    assert_eq!(refusal(gone).0, ErrorCode::NotFound);
    office.close().await;
}

#[tokio::test]
async fn a_key_that_names_a_group_may_use_its_models_and_no_others() {
    let office = open_office(Site::new()).await;
    for name in ["sonnet", "opus"] {
        office.add_priced_model(name).await;
    }
    let group = json!({"name": "Large", "models": ["opus"]});
    let group = office.owner.create_model_group(&read(group)).await.unwrap().id;
    let key = json!({"name": "large alone", "allowed_models": [group]});
    let key = office.owner.create_my_key(&read(key)).await.unwrap();
    let models = async || {
        let url = format!("{}/v1/models", office.server.url);
        let answer = reqwest::Client::new().get(url).bearer_auth(&key.secret).send().await.unwrap();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let models = body["data"].as_array().unwrap().iter();
        models.map(|model| model["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(models().await, ["opus"]);
    office.owner.update_model_group(group, &read(json!({"models": ["opus", "sonnet"]}))).await.unwrap();
    assert_eq!(models().await, ["opus", "sonnet"]);
    office.owner.delete_model_group(group).await.unwrap();
    assert_eq!(models().await, Vec::<String>::new());
    office.close().await;
}

#[tokio::test]
async fn models_are_offered_with_their_prices_to_whom_the_site_says() {
    let office = open_office(Site::new()).await;
    let user = office.enter("user@example.com", "user").await;
    let model = office.add_priced_model("sonnet").await;
    office.owner.create_model(&read(json!({"name": "unpriced"}))).await.unwrap();
    let coming = json!({
        "input_per_million": "3", "output_per_million": "12", "effective_at": "2100-01-01T00:00:00Z",
    });
    office.owner.create_price_version(model, &read(coming)).await.unwrap();
    let offered = office.stranger.list_offered_models().await.unwrap().items;
    assert_eq!(offered.len(), 1);
    assert_eq!((offered[0].name.as_str(), offered[0].is_served), ("sonnet", false));
    let input = |price: &waystation_api::offered_models::OfferedPrice| price.input_per_million.0;
    assert_eq!(input(&offered[0].price), "2.50".parse().unwrap());
    assert_eq!(offered[0].next_price.as_ref().map(input), Some("3".parse().unwrap()));
    let channel = json!({"name": "Demo", "format": "demo", "models": ["sonnet"]});
    office.owner.create_channel(&read(channel)).await.unwrap();
    assert!(office.stranger.list_offered_models().await.unwrap().items[0].is_served);
    office.set(json!({"site.public_models": "false"})).await.unwrap();
    let refused = office.stranger.list_offered_models().await.unwrap_err();
    assert_eq!(refusal(refused).0, ErrorCode::InvalidToken);
    assert_eq!(user.list_offered_models().await.unwrap().items.len(), 1);
    office.close().await;
}

#[tokio::test]
async fn a_price_is_shown_with_who_made_it_and_what_it_changed() {
    let office = open_office(Site::new()).await;
    let operator = office.enter("operator@example.com", "operator").await;
    let model = office.add_priced_model("sonnet").await;
    let dearer =
        json!({"input_per_million": "3", "output_per_million": "10", "cache_read_per_million": "0.3"});
    operator.create_price_version(model, &read(dearer)).await.unwrap();
    let coming = json!({
        "input_per_million": "4", "output_per_million": "10", "effective_at": "2100-01-01T00:00:00Z",
    });
    office.owner.create_price_version(model, &read(coming)).await.unwrap();
    let history = operator.list_price_versions(model, &PageQuery::default()).await.unwrap().items;
    let told: Vec<(Option<String>, bool, bool, Vec<String>)> = history
        .iter()
        .map(|entry| {
            (
                entry.created_by_email.as_ref().map(ToString::to_string),
                entry.is_current,
                entry.effective_until.is_some(),
                entry.changes.iter().map(|change| change.field.clone()).collect(),
            )
        })
        .collect();
    let fields = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
    let (owner, operator_email) =
        (Some("owner@example.com".to_owned()), Some("operator@example.com".to_owned()));
    assert_eq!(
        told,
        [
            (owner.clone(), false, false, fields(&["input_per_million", "cache_read_per_million"])),
            (operator_email, true, true, fields(&["input_per_million", "cache_read_per_million"])),
            (owner, false, true, Vec::new()),
        ]
    );
    assert_eq!(history[1].effective_until, Some(history[0].version.effective_at));
    assert_eq!(history[0].changes[1].after, None);
    office.close().await;
}

#[tokio::test]
async fn only_who_may_change_settings_and_channels_does() {
    let office = open_office(Site::new()).await;
    let rename = || read(json!({"values": {"site.name": "x"}}));
    for (role, reads, writes) in [
        ("admin", true, true),
        ("auditor", true, false),
        ("operator", false, false),
        ("finance", false, false),
        ("user", false, false),
    ] {
        let client = office.enter(&format!("{role}@example.com"), role).await;
        assert_eq!(client.list_settings().await.is_ok(), reads, "{role}");
        assert_eq!(client.update_settings(&rename()).await.is_ok(), writes, "{role}");
        let draft = read(json!({"format": "demo", "model": "sonnet"}));
        let may_test = matches!(role, "admin" | "operator");
        assert_eq!(client.test_channel_draft(&draft).await.is_ok(), may_test, "{role}");
        assert_eq!(client.list_channel_presets().await.is_ok(), may_test || role == "auditor", "{role}");
    }
    office.close().await;
}

#[tokio::test]
async fn what_a_channel_serves_without_a_price_is_told_until_it_has_one() {
    let office = open_office(Site::new()).await;
    office.add_priced_model("known").await;
    let channel = json!({"name": "Main", "format": "openai", "base_url": "https://upstream.example/v1",
        "credentials": ["secret"], "models": ["known", "new-a", "new-b"]});
    let channel = office.owner.create_channel(&read(channel)).await.unwrap();
    let first = PageQuery { limit: Some(1), cursor: None };
    let page = office.owner.list_unpriced_models(&first).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let (found, serving) = (&page.items[0], &page.items[0].channels[0]);
    assert_eq!((found.name.as_str(), found.model_id), ("new-a", None));
    assert_eq!((serving.id, serving.name.as_str()), (channel.id, "Main"));
    let second = PageQuery { limit: Some(1), cursor: page.next_cursor };
    let page = office.owner.list_unpriced_models(&second).await.unwrap();
    assert_eq!((page.items[0].name.as_str(), page.next_cursor), ("new-b", None));
    office.add_priced_model("new-a").await;
    office.add_priced_model("new-b").await;
    let page = office.owner.list_unpriced_models(&PageQuery::default()).await.unwrap();
    assert_eq!(page.items, []);
    office.close().await;
}

//! Models, prices and channels.

use waystation_ids::{ChannelId, CredentialId, ModelId, PriceVersionId};
use waystation_pricing::Price;
use waystation_store::{
    Channel, ChannelChange, ChannelFormat, ChannelModel, ChannelTest, Model, ModelChange, ModelsChange,
    NewChannel, NewCredential, NewModel, NewPriceVersion, OnDisconnect, OutputCapParameter, PriceVersion,
    Store, StoreError,
};

use crate::database::{audit_entry, audited, for_each_database};
use crate::fresh_database::{now_ms, random};

pub async fn create_model(store: &Store, name: &str) -> Model {
    let new = NewModel {
        id: ModelId::new(now_ms(), random()),
        name: name.to_owned(),
        display_name: "名字 Name".to_owned(),
        context_length: Some(200_000),
        max_output_tokens: None,
        first_byte_ms: None,
        default_output_tokens: 8_192,
        output_cap_parameter: OutputCapParameter::MaxCompletionTokens,
        capabilities: vec!["chat".to_owned(), "vision".to_owned()],
        active: true,
    };
    store.create_model(new, &audited()).await.unwrap()
}

async fn create_price(store: &Store, model: ModelId, input: &str, effective_at_ms: i64) -> PriceVersion {
    let price = Price { input: input.parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() };
    let id = PriceVersionId::new(now_ms(), random());
    let new = NewPriceVersion { id, model, price, effective_at_ms, created_by: None };
    store.create_price_version(new, &audited()).await.unwrap()
}

fn served(name: &str, upstream_name: &str) -> ChannelModel {
    ChannelModel { name: name.to_owned(), upstream_name: upstream_name.to_owned() }
}

fn secret(byte: u8) -> NewCredential {
    NewCredential {
        id: CredentialId::new(now_ms() + i64::from(byte), random()),
        sealed: vec![byte; 100],
        preview: "sk-A…wxyz".to_owned(),
    }
}

async fn create_channel(store: &Store, models: Vec<ChannelModel>) -> Channel {
    let new = NewChannel {
        id: ChannelId::new(now_ms(), random()),
        name: "主要 Main".to_owned(),
        format: ChannelFormat::OpenAi,
        base_url: "https://upstream.example/v1".to_owned(),
        priority: 0,
        weight: 1,
        active: true,
        allow_private_network: false,
        on_disconnect: OnDisconnect::Drain,
        models,
        credentials: vec![secret(1), secret(2)],
    };
    store.create_channel(new, &audited()).await.unwrap()
}

#[tokio::test]
async fn a_model_is_found_as_it_was_made() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "vendor/sonnet-4:beta").await;
        assert_eq!(store.load_model(model.id).await.unwrap(), model);
        // Ids of one millisecond have no order among them.
        while now_ms() <= model.created_at_ms {
            tokio::task::yield_now().await;
        }
        let second = create_model(&store, "opus").await;
        assert_eq!(store.list_models(None, None, 1).await.unwrap(), vec![second.clone()]);
        assert_eq!(store.list_models(None, Some(second.id), 10).await.unwrap(), vec![model]);
        let unknown = store.load_model(ModelId::new(1, [0; 10])).await;
        assert!(matches!(unknown, Err(StoreError::Missing("model"))));
    })
    .await;
}

#[tokio::test]
async fn models_and_channels_are_found_by_a_part_of_a_name_taken_literally() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "Vendor/sonnet_4").await;
        create_model(&store, "vendor/sonnet-4").await;
        let names = async |text: &str| -> Vec<String> {
            let found = store.list_models(Some(text), None, 10).await.unwrap();
            found.into_iter().map(|model| model.name).collect()
        };
        assert_eq!(names("SONNET").await.len(), 2);
        assert_eq!(names("t_4").await, [model.name]);
        assert!(names("%4").await.is_empty());

        let channel = create_channel(&store, vec![served("a", "a")]).await;
        for part in ["要 mAI", "UPSTREAM.example"] {
            assert_eq!(
                store.list_channels(Some(part), None, 10).await.unwrap(),
                std::slice::from_ref(&channel)
            );
        }
        assert!(store.list_channels(Some("nothing of the kind"), None, 10).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn two_models_never_share_a_name() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "sonnet").await;
        let again = NewModel {
            id: ModelId::new(now_ms(), random()),
            name: "sonnet".to_owned(),
            display_name: String::new(),
            context_length: None,
            max_output_tokens: None,
            first_byte_ms: None,
            default_output_tokens: 1,
            output_cap_parameter: OutputCapParameter::MaxTokens,
            capabilities: Vec::new(),
            active: true,
        };
        assert!(matches!(store.create_model(again, &audited()).await, Err(StoreError::Taken("name"))));
        let other = create_model(&store, "Sonnet").await;
        let change = ModelChange { name: Some("sonnet".to_owned()), ..ModelChange::default() };
        assert!(matches!(
            store.update_model(other.id, change, &audited()).await,
            Err(StoreError::Taken("name"))
        ));
        assert_eq!(store.load_model(model.id).await.unwrap().name, "sonnet");
    })
    .await;
}

#[tokio::test]
async fn a_change_touches_the_named_fields_alone() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "sonnet").await;
        let change = ModelChange {
            context_length: Some(None),
            max_output_tokens: Some(Some(64_000)),
            first_byte_ms: Some(Some(300_000)),
            active: Some(false),
            ..ModelChange::default()
        };
        let changed = store.update_model(model.id, change, &audited()).await.unwrap();
        assert_eq!(
            changed,
            Model {
                context_length: None,
                max_output_tokens: Some(64_000),
                first_byte_ms: Some(300_000),
                active: false,
                updated_at_ms: changed.updated_at_ms,
                ..model
            }
        );
        assert_eq!(store.load_model(model.id).await.unwrap(), changed);
    })
    .await;
}

#[tokio::test]
async fn channels_follow_a_model_to_its_new_name() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "sonet").await;
        let channel =
            create_channel(&store, vec![served("sonet", "claude-sonnet"), served("opus", "opus")]).await;
        let change = ModelChange { name: Some("sonnet".to_owned()), ..ModelChange::default() };
        store.update_model(model.id, change, &audited()).await.unwrap();
        let models = store.load_channel(channel.id).await.unwrap().models;
        assert_eq!(models, vec![served("opus", "opus"), served("sonnet", "claude-sonnet")]);
    })
    .await;
}

#[tokio::test]
async fn the_newest_effective_price_counts() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "sonnet").await;
        assert_eq!(store.load_price_at(model.id, 5_000).await.unwrap(), None);
        let future = create_price(&store, model.id, "3", 9_000).await;
        let first = create_price(&store, model.id, "1", 1_000).await;
        let second = create_price(&store, model.id, "2", 4_000).await;
        for (at_ms, expected) in [
            (999, None),
            (1_000, Some(&first)),
            (3_999, Some(&first)),
            (4_000, Some(&second)),
            (8_999, Some(&second)),
            (9_000, Some(&future)),
        ] {
            assert_eq!(store.load_price_at(model.id, at_ms).await.unwrap().as_ref(), expected, "{at_ms}");
        }
        let listed = store.list_price_versions(model.id, None, 10).await.unwrap();
        assert_eq!(listed.len(), 3);
        assert!(listed.windows(2).all(|pair| pair[0].version.id > pair[1].version.id));
    })
    .await;
}

#[tokio::test]
async fn a_price_is_told_with_what_it_followed_and_what_followed_it() {
    for_each_database(|store, _| async move {
        let model = create_model(&store, "sonnet").await;
        let other = create_model(&store, "opus").await;
        create_price(&store, other.id, "7", 1_500).await;
        // Not in the order of the times from which they count.
        let future = create_price(&store, model.id, "3", 9_000).await;
        let first = create_price(&store, model.id, "1", 1_000).await;
        let second = create_price(&store, model.id, "2", 4_000).await;
        let again = create_price(&store, model.id, "2.5", 4_000).await;
        let mut same_time = [second, again];
        same_time.sort_by_key(|version| version.id);
        let [second, again] = same_time;
        let listed = store.list_price_versions(model.id, None, 10).await.unwrap();
        let found = |version: &PriceVersion| {
            let dated = listed.iter().find(|dated| dated.version == *version).unwrap();
            (dated.previous.clone().map(|previous| previous.id), dated.effective_until_ms)
        };
        assert_eq!(found(&first), (None, Some(4_000)));
        assert_eq!(found(&second), (Some(first.id), Some(4_000)), "it never counted");
        assert_eq!(found(&again), (Some(second.id), Some(9_000)));
        assert_eq!(found(&future), (Some(again.id), None));
        // What is beside a version in time need not be on its page.
        let page = store.list_price_versions(model.id, None, 1).await.unwrap();
        assert_eq!(page, listed[..1]);
        let rest = store.list_price_versions(model.id, Some(page[0].version.id), 10).await.unwrap();
        assert_eq!(rest, listed[1..]);
    })
    .await;
}

#[tokio::test]
async fn models_are_found_by_name_however_many_are_asked_for() {
    for_each_database(|store, _| async move {
        let sonnet = create_model(&store, "sonnet").await;
        let mut names: Vec<String> = (0..5_000).map(|number| format!("unknown-{number}")).collect();
        names.extend(["sonnet", "SONNET", "son%"].map(str::to_owned));
        let found = store.find_models(&names).await.unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("sonnet".to_owned(), sonnet.id)]);
        assert!(store.find_models(&[]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_channel_serves_more_and_fewer_models_whatever_else_changes() {
    for_each_database(|store, _| async move {
        let channel = create_channel(&store, vec![served("a", "a"), served("b", "b")]).await;
        let change = ModelsChange {
            add: vec![served("b", "vendor/b"), served("c", "c")],
            remove: vec!["a".to_owned(), "never".to_owned()],
        };
        let changed = store.change_channel_models(channel.id, &change, 2, &audited()).await.unwrap();
        assert_eq!(changed.models, vec![served("b", "vendor/b"), served("c", "c")]);
        assert_eq!(changed.credentials, channel.credentials);
        let one_more = ModelsChange { add: vec![served("d", "d")], ..ModelsChange::default() };
        let refused = store.change_channel_models(channel.id, &one_more, 2, &audited()).await;
        assert!(matches!(refused, Err(StoreError::TooMany("models"))));
        assert_eq!(store.load_channel(channel.id).await.unwrap(), changed);
        // Two at once: neither is lost.
        let add = |name: &str| ModelsChange { add: vec![served(name, name)], ..ModelsChange::default() };
        let (e, f) = (add("e"), add("f"));
        let (audit_e, audit_f) = (audited(), audited());
        let (one, other) = tokio::join!(
            store.change_channel_models(channel.id, &e, 10, &audit_e),
            store.change_channel_models(channel.id, &f, 10, &audit_f),
        );
        one.unwrap();
        other.unwrap();
        let names = store.load_channel(channel.id).await.unwrap().models;
        assert_eq!(names.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["b", "c", "e", "f"]);
    })
    .await;
}

#[tokio::test]
async fn the_last_test_of_a_channel_is_shown_with_it_and_goes_with_it() {
    for_each_database(|store, _| async move {
        let channel = create_channel(&store, vec![served("a", "a")]).await;
        assert_eq!(channel.last_test, None);
        let mut test = ChannelTest {
            model: "a".to_owned(),
            code: Some("credential_refused".to_owned()),
            first_byte_ms: None,
            latency_ms: 15_000,
            tested_at_ms: 0,
        };
        store.save_channel_test(channel.id, &test, &audit_entry("channel.test")).await.unwrap();
        test = ChannelTest { code: None, first_byte_ms: Some(7), latency_ms: 9, ..test };
        let since_ms = store.now_ms().await.unwrap();
        store.save_channel_test(channel.id, &test, &audit_entry("channel.test")).await.unwrap();
        let shown = store.load_channel(channel.id).await.unwrap();
        let kept = shown.last_test.clone().unwrap();
        assert!(kept.tested_at_ms >= since_ms);
        assert_eq!(kept, ChannelTest { tested_at_ms: kept.tested_at_ms, ..test.clone() });
        assert_eq!(shown, Channel { last_test: Some(kept), ..channel.clone() }, "nothing else has changed");
        assert_eq!(store.list_channels(None, None, 10).await.unwrap(), vec![shown]);
        store.delete_channel(channel.id, &audited()).await.unwrap();
        let late = store.save_channel_test(channel.id, &test, &audit_entry("channel.test")).await;
        assert!(matches!(late, Err(StoreError::Missing("channel"))));
    })
    .await;
}

#[tokio::test]
async fn a_price_needs_its_model() {
    for_each_database(|store, _| async move {
        let model = ModelId::new(1, [0; 10]);
        let id = PriceVersionId::new(now_ms(), random());
        let new =
            NewPriceVersion { id, model, price: Price::default(), effective_at_ms: 0, created_by: None };
        let refused = store.create_price_version(new, &audited()).await;
        assert!(matches!(refused, Err(StoreError::Missing("model"))));
        assert_eq!(store.list_changes_since(0).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_channel_is_changed_and_deleted_whole() {
    for_each_database(|store, _| async move {
        let channel = create_channel(&store, vec![served("a", "a"), served("b", "x")]).await;
        assert_eq!(channel.credentials.len(), 2);
        assert_eq!(channel.credentials[0].sealed, vec![1; 100]);
        let change = ChannelChange {
            models: Some(vec![served("c", "c")]),
            priority: Some(-5),
            on_disconnect: Some(OnDisconnect::Cancel),
            ..ChannelChange::default()
        };
        let changed = store.update_channel(channel.id, change, &audited()).await.unwrap();
        assert_eq!(
            changed,
            Channel {
                models: vec![served("c", "c")],
                priority: -5,
                on_disconnect: OnDisconnect::Cancel,
                updated_at_ms: changed.updated_at_ms,
                ..channel.clone()
            }
        );
        let added = store.create_credential(channel.id, secret(3), &audited()).await.unwrap();
        store.delete_credential(channel.id, channel.credentials[0].id, &audited()).await.unwrap();
        let credentials = store.load_channel(channel.id).await.unwrap().credentials;
        assert_eq!(credentials, vec![channel.credentials[1].clone(), added]);
        store.delete_channel(channel.id, &audited()).await.unwrap();
        assert!(matches!(store.load_channel(channel.id).await, Err(StoreError::Missing("channel"))));
        assert!(matches!(
            store.delete_channel(channel.id, &audited()).await,
            Err(StoreError::Missing("channel"))
        ));
        let orphan = store.create_credential(channel.id, secret(4), &audited()).await;
        assert!(matches!(orphan, Err(StoreError::Missing("channel"))));
    })
    .await;
}

#[tokio::test]
async fn a_credential_of_another_channel_is_not_deleted() {
    for_each_database(|store, _| async move {
        let one = create_channel(&store, Vec::new()).await;
        let other = create_channel(&store, Vec::new()).await;
        let refused = store.delete_credential(one.id, other.credentials[0].id, &audited()).await;
        assert!(matches!(refused, Err(StoreError::Missing("credential"))));
        assert_eq!(store.load_channel(other.id).await.unwrap().credentials.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_catalog_holds_what_is_active_with_current_and_coming_prices() {
    for_each_database(|store, _| async move {
        let sonnet = create_model(&store, "sonnet").await;
        let coming = create_model(&store, "coming").await;
        let unpriced = create_model(&store, "unpriced").await;
        let off = create_model(&store, "off").await;
        let change = ModelChange { active: Some(false), ..ModelChange::default() };
        store.update_model(off.id, change, &audited()).await.unwrap();
        create_price(&store, sonnet.id, "1", 1_000).await;
        let current = create_price(&store, sonnet.id, "2", 2_000).await;
        let later = create_price(&store, sonnet.id, "3", 9_000).await;
        let first = create_price(&store, coming.id, "4", 8_000).await;
        let channel = create_channel(&store, vec![served("sonnet", "claude")]).await;
        let idle = create_channel(&store, vec![served("sonnet", "claude")]).await;
        let change = ChannelChange { active: Some(false), ..ChannelChange::default() };
        store.update_channel(idle.id, change, &audited()).await.unwrap();

        let mut catalog = store.load_catalog(5_000).await.unwrap();
        catalog.models.sort_by(|a, b| a.model.name.cmp(&b.model.name));
        let names: Vec<&str> = catalog.models.iter().map(|priced| priced.model.name.as_str()).collect();
        assert_eq!(names, ["coming", "sonnet", "unpriced"]);
        assert_eq!(catalog.models[0].prices, vec![first]);
        assert_eq!(catalog.models[1].prices, vec![current, later]);
        assert_eq!(catalog.models[2].model, unpriced);
        assert_eq!(catalog.models[2].prices, vec![]);
        assert_eq!(catalog.channels, vec![channel]);
    })
    .await;
}

#[tokio::test]
async fn what_active_channels_serve_without_a_price_is_listed_by_name() {
    for_each_database(|store, _| async move {
        let priced = create_model(&store, "b-priced").await;
        create_price(&store, priced.id, "1", 1_000).await;
        let announced = create_model(&store, "b-announced").await;
        create_price(&store, announced.id, "1", now_ms() + 3_600_000).await;
        let unpriced = create_model(&store, "c-unpriced").await;
        let off = create_model(&store, "c-off").await;
        let change = ModelChange { active: Some(false), ..ModelChange::default() };
        store.update_model(off.id, change, &audited()).await.unwrap();
        let names = ["b-priced", "b-announced", "c-unpriced", "c-off", "a-new", "模型"];
        let one = create_channel(&store, names.map(|name| served(name, name)).into()).await;
        let other = create_channel(&store, vec![served("a-new", "upstream's")]).await;
        let idle = create_channel(&store, vec![served("idle", "idle")]).await;
        let change = ChannelChange { active: Some(false), ..ChannelChange::default() };
        store.update_channel(idle.id, change, &audited()).await.unwrap();

        let found = store.list_unpriced_models(None, 10).await.unwrap();
        let names: Vec<&str> = found.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["a-new", "c-unpriced", "模型"]);
        assert_eq!(found[1].model, Some(unpriced.id));
        assert_eq!((found[0].model, found[2].model), (None, None));
        let mut serving: Vec<ChannelId> = found[0].channels.iter().map(|(id, _)| *id).collect();
        serving.sort();
        let mut both = vec![one.id, other.id];
        both.sort();
        assert_eq!(serving, both);
        assert_eq!(found[1].channels, [(one.id, "主要 Main".to_owned())]);
        let first = store.list_unpriced_models(None, 1).await.unwrap();
        let rest = store.list_unpriced_models(Some("a-new"), 10).await.unwrap();
        assert_eq!([first, rest].concat(), found);
    })
    .await;
}

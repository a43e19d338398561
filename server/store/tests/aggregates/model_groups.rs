//! Named sets of models.

use waystation_ids::{ModelGroupId, ModelId};
use waystation_store::{
    ChangeKind, ModelChange, ModelGroup, ModelGroupChange, NewModel, NewModelGroup, OutputCapParameter,
    Store, StoreError,
};

use crate::database::{audited, for_each_database};
use crate::fresh_database::{now_ms, random};

async fn create_model(store: &Store, name: &str) -> ModelId {
    let new = NewModel {
        id: ModelId::new(now_ms(), random()),
        name: name.to_owned(),
        display_name: name.to_owned(),
        context_length: None,
        max_output_tokens: None,
        first_byte_ms: None,
        default_output_tokens: 100,
        output_cap_parameter: OutputCapParameter::MaxTokens,
        capabilities: Vec::new(),
        active: true,
    };
    store.create_model(new, &audited()).await.unwrap().id
}

async fn create_group(store: &Store, name: &str, models: Vec<ModelId>) -> ModelGroup {
    // Ids of one millisecond have no order among them.
    let begun_ms = now_ms();
    while now_ms() <= begun_ms {
        tokio::task::yield_now().await;
    }
    let id = ModelGroupId::new(now_ms(), random());
    let new = NewModelGroup { id, name: name.to_owned(), note: "说明".to_owned(), models };
    store.create_model_group(new, &audited()).await.unwrap()
}

fn names(group: &ModelGroup) -> Vec<&str> {
    group.models.iter().map(|model| model.name.as_str()).collect()
}

#[tokio::test]
async fn a_group_is_found_as_it_was_made_with_its_models_by_name() {
    for_each_database(|store, _| async move {
        let (sonnet, opus) = (create_model(&store, "sonnet").await, create_model(&store, "opus").await);
        let large = create_group(&store, "大型 Large", vec![sonnet, opus]).await;
        assert_eq!(names(&large), ["opus", "sonnet"]);
        assert_eq!(large.models[1].id, sonnet);
        let empty = create_group(&store, "Empty", Vec::new()).await;
        assert_eq!(store.load_model_group(large.id).await.unwrap(), large);
        assert_eq!(store.list_model_groups(None, 1).await.unwrap(), vec![empty.clone()]);
        assert_eq!(store.list_model_groups(Some(empty.id), 10).await.unwrap(), vec![large]);
        let unknown = store.load_model_group(ModelGroupId::new(1, [0; 10])).await;
        assert!(matches!(unknown, Err(StoreError::Missing("model group"))));
    })
    .await;
}

#[tokio::test]
async fn a_group_follows_its_models_and_keeps_what_is_not_changed() {
    for_each_database(|store, _| async move {
        let (sonnet, opus) = (create_model(&store, "sonnet").await, create_model(&store, "opus").await);
        let group = create_group(&store, "Large", vec![sonnet]).await;
        let renamed = ModelChange { name: Some("sonnet-5".to_owned()), ..ModelChange::default() };
        store.update_model(sonnet, renamed, &audited()).await.unwrap();
        assert_eq!(names(&store.load_model_group(group.id).await.unwrap()), ["sonnet-5"]);
        let change = ModelGroupChange { models: Some(vec![opus]), ..ModelGroupChange::default() };
        let changed = store.update_model_group(group.id, change, &audited()).await.unwrap();
        assert_eq!(
            (names(&changed), changed.name.as_str(), changed.note.as_str()),
            (vec!["opus"], "Large", "说明")
        );
        let change = ModelGroupChange {
            name: Some("Small".to_owned()),
            note: Some(String::new()),
            ..ModelGroupChange::default()
        };
        let changed = store.update_model_group(group.id, change, &audited()).await.unwrap();
        assert_eq!(
            (names(&changed), changed.name.as_str(), changed.note.as_str()),
            (vec!["opus"], "Small", "")
        );
        store.delete_model_group(group.id, &audited()).await.unwrap();
        let again = store.delete_model_group(group.id, &audited()).await;
        assert!(matches!(again, Err(StoreError::Missing("model group"))));
        assert_eq!(store.load_model(opus).await.unwrap().name, "opus");
        // The name is free again.
        create_group(&store, "Small", vec![opus]).await;
    })
    .await;
}

#[tokio::test]
async fn two_groups_never_share_a_name() {
    for_each_database(|store, _| async move {
        create_group(&store, "Large", Vec::new()).await;
        let other = create_group(&store, "Small", Vec::new()).await;
        let new = NewModelGroup {
            id: ModelGroupId::new(now_ms(), random()),
            name: "Large".to_owned(),
            note: String::new(),
            models: Vec::new(),
        };
        let taken = store.create_model_group(new, &audited()).await;
        assert!(matches!(taken, Err(StoreError::Taken("name"))));
        let change = ModelGroupChange { name: Some("Large".to_owned()), ..ModelGroupChange::default() };
        let taken = store.update_model_group(other.id, change, &audited()).await;
        assert!(matches!(taken, Err(StoreError::Taken("name"))));
        assert_eq!(store.load_model_group(other.id).await.unwrap(), other);
    })
    .await;
}

#[tokio::test]
async fn the_catalog_knows_the_groups_of_a_model_and_is_told_when_they_change() {
    for_each_database(|store, _| async move {
        let (sonnet, opus) = (create_model(&store, "sonnet").await, create_model(&store, "opus").await);
        let before_ms = store.now_ms().await.unwrap();
        let large = create_group(&store, "Large", vec![opus]).await;
        let all = create_group(&store, "All", vec![opus, sonnet]).await;
        let groups_of = async |model: ModelId| {
            let rows = store.load_catalog(0).await.unwrap().models;
            rows.into_iter().find(|row| row.model.id == model).unwrap().groups
        };
        assert_eq!(groups_of(opus).await, [large.id, all.id]);
        assert_eq!(groups_of(sonnet).await, [all.id]);
        let change = ModelGroupChange { models: Some(vec![opus]), ..ModelGroupChange::default() };
        store.update_model_group(all.id, change, &audited()).await.unwrap();
        store.delete_model_group(large.id, &audited()).await.unwrap();
        assert_eq!(groups_of(opus).await, [all.id]);
        assert_eq!(groups_of(sonnet).await, []);
        let changes = store.list_changes_since(before_ms).await.unwrap();
        let told: Vec<&str> = changes
            .iter()
            .filter(|change| change.kind == Some(ChangeKind::Model))
            .map(|change| change.subject.as_str())
            .filter(|subject| subject.starts_with("mgr_"))
            .collect();
        let (large, all) = (large.id.to_string(), all.id.to_string());
        assert_eq!(told, [&large, &all, &all, &large].map(String::as_str));
    })
    .await;
}

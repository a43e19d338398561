//! Changes and the site's own rows.

use waystation_store::{ChangeKind, Store};

use crate::database::{connect, for_each_database};

async fn subjects_since(store: &Store, since_ms: i64) -> Vec<(Option<ChangeKind>, String)> {
    let changes = store.list_changes_since(since_ms).await.unwrap();
    changes.into_iter().map(|change| (change.kind, change.subject)).collect()
}

#[tokio::test]
async fn a_change_is_seen_by_the_databases_clock() {
    for_each_database(|store, _| async move {
        let before_ms = store.now_ms().await.unwrap();
        store.save_setting("site.time_zone", "Asia/Shanghai").await.unwrap();
        let expected = vec![(Some(ChangeKind::Setting), "site.time_zone".to_owned())];
        assert_eq!(subjects_since(&store, before_ms).await, expected);
        let recent = store.list_recent_changes(10_000).await.unwrap();
        assert_eq!(recent.changes.len(), 1);
        assert!(recent.now_ms >= before_ms);
        assert_eq!(subjects_since(&store, recent.now_ms + 1_000).await, []);
    })
    .await;
}

#[tokio::test]
async fn old_changes_are_pruned_and_newer_ones_stay() {
    for_each_database(|store, _| async move {
        for number in 0..3 {
            store.save_setting(&format!("old.{number}"), "x").await.unwrap();
        }
        let newest = store.list_changes_since(0).await.unwrap().pop().unwrap();
        assert_eq!(store.prune_changes(newest.created_at_ms.saturating_sub(60_000)).await.unwrap(), 0);
        assert_eq!(store.prune_changes(newest.created_at_ms + 1).await.unwrap(), 3);
        assert_eq!(store.prune_changes(newest.created_at_ms + 1).await.unwrap(), 0);
        assert_eq!(subjects_since(&store, 0).await, []);
    })
    .await;
}

#[tokio::test]
async fn instances_that_make_a_secret_at_once_go_on_with_the_same_one() {
    for_each_database(|store, url| async move {
        let second = connect(&url).await;
        let (first, other) = tokio::join!(
            store.insert_secret_if_absent("key_check", vec![1; 40]),
            second.insert_secret_if_absent("key_check", vec![2; 40]),
        );
        let (first, other) = (first.unwrap(), other.unwrap());
        assert_eq!(first, other);
        assert_eq!(store.load_secret("key_check").await.unwrap(), Some(first));
        assert_eq!(store.load_secret("another").await.unwrap(), None);
        second.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_setting_keeps_its_last_value() {
    for_each_database(|store, _| async move {
        assert_eq!(store.load_setting("billing.clamp").await.unwrap(), None);
        store.save_setting("billing.clamp", "true").await.unwrap();
        let saved = store.save_setting("billing.clamp", "false").await.unwrap();
        assert_eq!(store.load_setting("billing.clamp").await.unwrap(), Some(saved.clone()));
        assert_eq!(store.list_settings().await.unwrap(), vec![saved]);
    })
    .await;
}

//! Changes and the site's own rows.

use std::collections::BTreeMap;

use waystation_store::{AuditFilter, Audited, ChangeKind, Store};

use crate::database::{audit_entry, audited, connect, for_each_database};

async fn subjects_since(store: &Store, since_ms: i64) -> Vec<(Option<ChangeKind>, String)> {
    let changes = store.list_changes_since(since_ms).await.unwrap();
    changes.into_iter().map(|change| (change.kind, change.subject)).collect()
}

#[tokio::test]
async fn a_change_is_seen_by_the_databases_clock() {
    for_each_database(|store, _| async move {
        let before_ms = store.now_ms().await.unwrap();
        save(&store, &[("site.name", Some("Harbour"))]).await;
        let expected = vec![(Some(ChangeKind::Setting), "site.name".to_owned())];
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
            save(&store, &[(&format!("old.{number}"), Some("x"))]).await;
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
async fn a_setting_keeps_its_last_value_until_it_is_taken_back() {
    for_each_database(|store, _| async move {
        assert_eq!(store.list_settings().await.unwrap(), []);
        save(&store, &[("site.name", Some("Harbour")), ("balance.low", Some("2"))]).await;
        save(&store, &[("site.name", Some("驿站"))]).await;
        assert_eq!(values(&store).await, [("balance.low", "2"), ("site.name", "驿站")].map(owned));
        let before_ms = store.now_ms().await.unwrap();
        save(&store, &[("site.name", None), ("never.set", None), ("balance.low", Some("3"))]).await;
        assert_eq!(values(&store).await, [("balance.low", "3")].map(owned));
        let mut changed = subjects_since(&store, before_ms).await;
        changed.retain(|(kind, _)| *kind == Some(ChangeKind::Setting));
        assert!(changed.len() >= 3, "{changed:?}");
    })
    .await;
}

#[tokio::test]
async fn the_log_shows_settings_that_change_before_and_after() {
    for_each_database(|store, _| async move {
        let shown: Audited<BTreeMap<String, String>> = audit_entry("settings.update")
            .showing(|values| Some(values.iter().map(|(name, value)| format!("{name}={value};")).collect()));
        let change = |value: &str| [("site.name".to_owned(), Some(value.to_owned()))];
        store.save_settings(&change("Harbour"), &shown).await.unwrap();
        save(&store, &[("balance.low", Some("2"))]).await;
        store.save_settings(&change("Quay"), &shown).await.unwrap();
        store.save_settings(&[("site.name".to_owned(), None)], &shown).await.unwrap();
        let filter = AuditFilter { action: Some("settings.".to_owned()), ..AuditFilter::default() };
        let rows = store.list_audit_rows(&filter, None, 10).await.unwrap();
        let states: Vec<(Option<String>, Option<String>)> =
            rows.into_iter().map(|row| (row.entry.before, row.entry.after)).collect();
        let state = |text: &str| Some(text.to_owned());
        assert_eq!(
            states,
            [
                (state("site.name=Quay;"), state("")),
                (state("site.name=Harbour;"), state("site.name=Quay;")),
                (state(""), state("site.name=Harbour;")),
            ]
        );
    })
    .await;
}

async fn save(store: &Store, changes: &[(&str, Option<&str>)]) {
    let changes: Vec<(String, Option<String>)> =
        changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
    store.save_settings(&changes, &audited()).await.unwrap();
}

async fn values(store: &Store) -> Vec<(String, String)> {
    let settings = store.list_settings().await.unwrap();
    settings.into_iter().map(|setting| (setting.name, setting.value)).collect()
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

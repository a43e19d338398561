//! What the site tells its people.

use waystation_ids::NoticeId;
use waystation_store::{Notice, NoticeAudience, NoticeContent, NoticeLevel, Store, StoreError};

use crate::database::{audited, for_each_database};
use crate::fresh_database::{now_ms, random};

fn content(title: &str) -> NoticeContent {
    NoticeContent {
        title_zh: Some("维护".to_owned()),
        title_en: Some(title.to_owned()),
        text_zh: None,
        text_en: Some("<script>alert(1)</script> **as it is** \u{1f600}\n".to_owned()),
        level: NoticeLevel::Warning,
        audience: NoticeAudience::All,
        starts_at_ms: None,
        ends_at_ms: None,
    }
}

async fn create_notice(store: &Store, content: NoticeContent) -> Notice {
    // Ids of one millisecond have no order among them.
    let begun_ms = now_ms();
    while now_ms() <= begun_ms {
        tokio::task::yield_now().await;
    }
    store.create_notice(NoticeId::new(now_ms(), random()), content, &audited()).await.unwrap()
}

async fn current(store: &Store, for_admins: bool) -> Vec<String> {
    let notices = store.list_current_notices(for_admins, 100).await.unwrap();
    notices.into_iter().filter_map(|notice| notice.content.title_en).collect()
}

#[tokio::test]
async fn a_notice_is_found_as_it_was_made_changed_and_deleted() {
    for_each_database(|store, _| async move {
        let first = create_notice(&store, content("First")).await;
        assert_eq!(first.content, content("First"));
        let second = create_notice(&store, content("Second")).await;
        assert_eq!(store.load_notice(first.id).await.unwrap(), first);
        assert_eq!(store.list_notices(None, 1).await.unwrap(), vec![second.clone()]);
        assert_eq!(store.list_notices(Some(second.id), 9).await.unwrap(), vec![first.clone()]);
        let other = NoticeContent {
            title_zh: None,
            level: NoticeLevel::Critical,
            audience: NoticeAudience::Admins,
            starts_at_ms: Some(1),
            ends_at_ms: Some(i64::MAX),
            ..content("字".repeat(200).as_str())
        };
        let changed = store.update_notice(first.id, other.clone(), &audited()).await.unwrap();
        assert_eq!(changed.content, other);
        assert_eq!(store.load_notice(first.id).await.unwrap(), changed);
        store.delete_notice(first.id, &audited()).await.unwrap();
        for again in [
            store.delete_notice(first.id, &audited()).await,
            store.load_notice(first.id).await.map(drop),
            store.update_notice(first.id, other, &audited()).await.map(drop),
        ] {
            assert!(matches!(again, Err(StoreError::Missing("notice"))));
        }
        assert_eq!(store.list_notices(None, 9).await.unwrap(), vec![second]);
    })
    .await;
}

#[tokio::test]
async fn a_notice_is_shown_in_its_time_to_whom_it_is_for() {
    for_each_database(|store, _| async move {
        let now_ms = store.now_ms().await.unwrap();
        let hour_ms = 3_600_000;
        for (title, starts_at_ms, ends_at_ms, audience) in [
            ("always", None, None, NoticeAudience::All),
            ("since an hour", Some(now_ms - hour_ms), None, NoticeAudience::All),
            ("for an hour", None, Some(now_ms + hour_ms), NoticeAudience::Admins),
            ("over", None, Some(now_ms - hour_ms), NoticeAudience::All),
            ("to come", Some(now_ms + hour_ms), Some(now_ms + 2 * hour_ms), NoticeAudience::All),
        ] {
            create_notice(&store, NoticeContent { starts_at_ms, ends_at_ms, audience, ..content(title) })
                .await;
        }
        assert_eq!(current(&store, false).await, ["since an hour", "always"]);
        assert_eq!(current(&store, true).await, ["for an hour", "since an hour", "always"]);
        assert_eq!(store.list_current_notices(true, 2).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_matters_most_is_not_pushed_out_by_what_is_newer() {
    for_each_database(|store, _| async move {
        for (title, level) in [
            ("outage", NoticeLevel::Critical),
            ("slow", NoticeLevel::Warning),
            ("news", NoticeLevel::Info),
            ("slower", NoticeLevel::Warning),
            ("more news", NoticeLevel::Info),
        ] {
            create_notice(&store, NoticeContent { level, ..content(title) }).await;
        }
        assert_eq!(current(&store, false).await, ["outage", "slower", "slow", "more news", "news"]);
        let first = store.list_current_notices(false, 2).await.unwrap();
        let titles = first.into_iter().filter_map(|notice| notice.content.title_en);
        assert_eq!(titles.collect::<Vec<_>>(), ["outage", "slower"]);
    })
    .await;
}

use crate::database::{connect, for_each_database, for_each_empty_database};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_processes_that_start_at_once_one_makes_the_schema_and_the_others_wait() {
    for_each_empty_database(async |url| {
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let url = url.clone();
            starting.spawn(async move {
                let store = connect(&url).await;
                let ran = store.migrate().await.unwrap();
                assert!(store.has_current_schema().await.unwrap());
                store.close().await.unwrap();
                ran
            });
        }
        let ran = starting.join_all().await;
        assert_eq!(ran.iter().filter(|migrations| **migrations > 0).count(), 1, "{url}: {ran:?}");
    })
    .await;
}

#[tokio::test]
async fn a_schema_without_a_migration_of_this_version_is_not_current_and_a_newer_one_is() {
    for_each_database(async |store, url| {
        let raw = sea_orm::Database::connect(url).await.unwrap();
        let run = async |sql: &str| {
            sea_orm::ConnectionTrait::execute_unprepared(&raw, sql).await.unwrap();
        };
        assert!(store.has_current_schema().await.unwrap());
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)";
        run(newer).await;
        assert!(store.has_current_schema().await.unwrap());
        run("DELETE FROM seaql_migrations WHERE version = 'm0009_site'").await;
        assert!(!store.has_current_schema().await.unwrap());
        run("DROP TABLE seaql_migrations").await;
        assert!(store.has_current_schema().await.is_err());
        raw.close().await.unwrap();
    })
    .await;
}

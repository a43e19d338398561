use sea_orm::ConnectionTrait;

use crate::world::{Site, settlement};

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_up_down_and_up_again() {
    for site in Site::on_each_database().await {
        site.store.rebuild_schema(None).await.unwrap();
        assert_eq!(site.store.pending_migrations().await.unwrap(), 0);
        assert_eq!(site.store.migrate().await.unwrap(), 0);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_an_overdraft() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        for column in ["debits_posted", "debits_pending"] {
            let sql = format!(
                "UPDATE accounts SET {column} = 1000000001 WHERE user_id = {}",
                site.literal(user.uuid())
            );
            assert!(site.raw.execute_unprepared(&sql).await.is_err(), "{column} on {:?}", site.store.kind());
        }
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_written_once() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = site.call(user);
        site.lanes.reserve(call.clone()).await.unwrap();
        site.lanes.settle(settlement(&call, Some((10, 10)))).await.unwrap();
        let again = site.raw.execute_unprepared("INSERT INTO transfers SELECT * FROM transfers").await;
        assert!(again.is_err());
        site.finish().await;
    }
}

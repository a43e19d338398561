//! Writes that get in each other's way: the database may take one back, which is nothing its caller did.

use waystation_ids::{BudgetId, ChannelId, Role};
use waystation_ledger::BudgetPeriod;
use waystation_pricing::Money;
use waystation_store::{
    BudgetChange, ChannelChange, ChannelFormat, ChannelModel, Claim, IdempotentWrite, NewChannel,
    OnDisconnect, Store, UserUpdate,
};

use crate::database::{audited, enter, for_each_database, new_user};
use crate::fresh_database::{now_ms, random};

const WRITERS: u8 = 8;
const ROUNDS: u8 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_that_wait_for_each_other_all_succeed() {
    for_each_database(async |store, url| {
        let (ann, bob) = (
            enter(&store, "ann@example.org", Role::User).await,
            enter(&store, "bob@example.org", Role::User).await,
        );
        let channel = store.create_channel(new_channel(), &audited()).await.unwrap().id;
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let store = store.clone();
            let users = if writer % 2 == 0 { [ann.id, bob.id] } else { [bob.id, ann.id] };
            writers.spawn(async move {
                for round in 0..ROUNDS {
                    for user in users {
                        set_limit(&store, user, round % 2 == 0).await;
                        let update =
                            UserUpdate { display_name: Some(format!("{round}")), ..UserUpdate::default() };
                        store.update_user(user, Role::User, &update, &audited()).await.unwrap();
                    }
                    store.update_channel(channel, serve(round), &audited()).await.unwrap();
                    let email = format!("{writer}.{round}@example.org");
                    store.create_user(&new_user(&email, Role::User), &audited()).await.unwrap();
                    claim(&store, round).await;
                }
            });
        }
        while let Some(ended) = writers.join_next().await {
            assert!(ended.is_ok(), "{url}: {:?}", ended.err());
        }
    })
    .await;
}

async fn set_limit(store: &Store, user: waystation_ids::UserId, is_set: bool) {
    let changes = [BudgetPeriod::Day, BudgetPeriod::Month].map(|period| BudgetChange {
        id: BudgetId::new(now_ms(), random()),
        period,
        limit: is_set.then(|| Money::from_nanos(1)),
    });
    store.set_user_budgets(user, &changes).await.unwrap();
}

/// The same write from all writers at once: one runs it, the others wait or read what it did.
async fn claim(store: &Store, round: u8) {
    let scope = [round; 32];
    let operation = uuid::Uuid::from_bytes(random());
    let write = IdempotentWrite { scope, fingerprint: [1; 32], operation };
    match store.claim_write(&write).await.unwrap() {
        Claim::Fresh(_) => store.finish_write(&scope, 201, "{}").await.unwrap(),
        Claim::Running | Claim::Replay { .. } => {}
        Claim::Mismatch => panic!("the same write is not another one"),
    }
}

fn serve(round: u8) -> ChannelChange {
    let models = [round % 3, 7, round % 5 + 10]
        .map(|number| ChannelModel { name: format!("model-{number}"), upstream_name: "theirs".to_owned() });
    ChannelChange { models: Some(models.into()), ..ChannelChange::default() }
}

fn new_channel() -> NewChannel {
    NewChannel {
        id: ChannelId::new(now_ms(), random()),
        name: "Main".to_owned(),
        format: ChannelFormat::Demo,
        base_url: String::new(),
        priority: 0,
        weight: 1,
        active: true,
        allow_private_network: false,
        on_disconnect: OnDisconnect::Drain,
        models: Vec::new(),
        credentials: Vec::new(),
    }
}

use waystation_ids::AdjustmentId;
use waystation_store::{Claim, IdempotentWrite};

use crate::database::{connect, for_each_database};
use crate::fresh_database::{now_ms, random};

fn write(scope: u8, fingerprint: u8) -> IdempotentWrite {
    IdempotentWrite {
        scope: [scope; 32],
        fingerprint: [fingerprint; 32],
        operation: AdjustmentId::new_cause(now_ms(), random()).uuid(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_is_given_again() {
    for_each_database(|store, _| async move {
        let first = write(1, 1);
        assert_eq!(store.claim_write(&first).await.unwrap(), Claim::Fresh(first.operation));
        assert_eq!(store.claim_write(&write(1, 1)).await.unwrap(), Claim::Running);
        assert_eq!(store.claim_write(&write(1, 2)).await.unwrap(), Claim::Mismatch);
        let other = write(2, 1);
        assert_eq!(store.claim_write(&other).await.unwrap(), Claim::Fresh(other.operation));
        store.finish_write(&[1; 32], 201, "{\"id\":\"次\"}").await.unwrap();
        let replay = Claim::Replay { status: 201, answer: "{\"id\":\"次\"}".to_owned() };
        assert_eq!(store.claim_write(&write(1, 1)).await.unwrap(), replay);
        assert_eq!(store.claim_write(&write(1, 2)).await.unwrap(), Claim::Mismatch);
        assert_eq!(store.prune_writes().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_given_up_runs_again_under_its_first_id() {
    for_each_database(|store, _| async move {
        let first = write(1, 1);
        store.claim_write(&first).await.unwrap();
        store.release_write(&[1; 32]).await.unwrap();
        assert_eq!(store.claim_write(&write(1, 2)).await.unwrap(), Claim::Mismatch);
        assert_eq!(store.claim_write(&write(1, 1)).await.unwrap(), Claim::Fresh(first.operation));
        assert_eq!(store.claim_write(&write(1, 1)).await.unwrap(), Claim::Running);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_runs() {
    for_each_database(|store, url| async move {
        let second = connect(&url).await;
        let claims = futures_util::future::join_all((0..24).map(|number| {
            let store = if number % 2 == 0 { store.clone() } else { second.clone() };
            async move { store.claim_write(&write(1, 1)).await.unwrap() }
        }))
        .await;
        let fresh = claims.iter().filter(|claim| matches!(claim, Claim::Fresh(_))).count();
        let running = claims.iter().filter(|claim| **claim == Claim::Running).count();
        assert_eq!((fresh, running), (1, 23), "{claims:?}");
        second.close().await.unwrap();
    })
    .await;
}

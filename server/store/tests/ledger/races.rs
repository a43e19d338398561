use futures_util::future::join_all;
use waystation_ids::InstanceId;
use waystation_ledger::{Crashed, Refusal, Reserve};
use waystation_store::LaneError;

use crate::fresh_database::{now_ms, random};
use crate::world::{HELD, Site, settlement};

/// The long proof asks for more.
const ROUNDS: usize = 200;
const CALLS: usize = 500;

/// Balances worth k calls, two server processes, 500 calls at once: exactly k are admitted, each round.
#[tokio::test(flavor = "multi_thread")]
async fn a_balance_worth_k_calls_admits_exactly_k_of_500() {
    let rounds = std::env::var("WAYSTATION_RACE_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for site in Site::on_each_database().await {
        let second = site.second().await;
        for round in 0..rounds {
            let worth = 1 + round * 7 % 40;
            let nanos = HELD * i64::try_from(worth).unwrap() + HELD - 1;
            let user = site.user(&waystation_pricing::Money::from_nanos(nanos).to_string()).await;
            let calls: Vec<Reserve> = (0..CALLS).map(|_| site.call(user)).collect();
            let answers = join_all(calls.iter().enumerate().map(|(number, call)| {
                let lanes = if number % 2 == 0 { &site.lanes } else { &second };
                lanes.reserve(call.clone())
            }))
            .await;
            let mut admitted = Vec::new();
            for (call, answer) in calls.iter().zip(answers) {
                match answer {
                    Ok(_) => admitted.push(call),
                    Err(LaneError::Refused(Refusal::InsufficientBalance { .. })) => {}
                    Err(error) => panic!("{:?}: {error:?}", site.store.kind()),
                }
            }
            assert_eq!(admitted.len(), worth, "round {round} on {:?}", site.store.kind());
            assert_eq!(site.available(user).await, HELD - 1);
            let ends = join_all(admitted.iter().map(|call| second.settle(settlement(call, None)))).await;
            assert!(ends.iter().all(Result::is_ok));
        }
        let kind = site.store.kind();
        eprintln!("proof: races of {CALLS} reservations from two processes on {kind:?}; {rounds}; -");
        site.finish().await;
    }
}

/// Reserving, settling twice, voiding, losing and sweeping at once, from two processes, on few users.
#[tokio::test(flavor = "multi_thread")]
async fn any_interleaving_leaves_the_books_balanced() {
    for site in Site::on_each_database().await {
        let second = site.second().await;
        let mut users = Vec::new();
        for _ in 0..4 {
            users.push(site.user("0.1").await);
        }
        let gone = InstanceId::new(now_ms(), random());
        let calls: Vec<Reserve> = (0..600)
            .map(|number| {
                let call = site.call(users[number % users.len()]);
                if number % 5 == 0 { Reserve { instance: gone, ..call } } else { call }
            })
            .collect();
        let work = calls.iter().enumerate().map(|(number, call)| {
            let (here, there) = if number % 2 == 0 { (&site.lanes, &second) } else { (&second, &site.lanes) };
            async move {
                if here.reserve(call.clone()).await.is_err() {
                    return;
                }
                match number % 5 {
                    0 => {
                        there.sweep(Crashed::Input).await.unwrap();
                        here.settle(settlement(call, Some((300, 40)))).await.unwrap();
                    }
                    1 => {
                        here.settle(settlement(call, None)).await.unwrap();
                    }
                    _ => {
                        let end = settlement(call, Some((700, 300)));
                        let (a, b) = tokio::join!(here.settle(end.clone()), there.settle(end));
                        assert_eq!(a.unwrap(), b.unwrap());
                    }
                }
            }
        });
        join_all(work).await;
        site.finish().await;
    }
}

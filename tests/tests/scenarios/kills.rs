//! Processes that are killed at random moments under load: the server, its database, and both.

use std::time::{Duration, Instant};

use waystation_tests::{
    Behaviour, Chance, DatabaseKind, DatabaseServer, Key, MockUpstream, World, WorldOptions, eventually,
};

use crate::load::{Load, Outcome, assert_booked};
use crate::{HONEST_COST, MODEL, add_mock};

/// How often a server is killed; the long proof says more.
const KILLS: u64 = 10;
const DATABASE_KILLS: u64 = 3;
const CALLERS: usize = 12;
const CASH: &str = "100";
/// The time limit of a call, of which the relay keeps five seconds for itself. A hold ends a minute after it at the
/// latest.
const TOTAL: Duration = Duration::from_secs(8);
const HOLD_ENDS_WITHIN: Duration = Duration::from_secs(68);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_again_and_again_loses_no_call_on_sqlite() {
    kill_server(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_again_and_again_loses_no_call_on_mariadb() {
    if DatabaseKind::available().contains(&DatabaseKind::Mariadb) {
        kill_server(DatabaseKind::Mariadb).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_again_and_again_loses_no_call_on_postgres() {
    if DatabaseKind::available().contains(&DatabaseKind::Postgres) {
        kill_server(DatabaseKind::Postgres).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_mariadb_loses_no_call() {
    if DatabaseKind::available().contains(&DatabaseKind::Mariadb) {
        kill_database(DatabaseKind::Mariadb).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_loses_no_call() {
    if DatabaseKind::available().contains(&DatabaseKind::Postgres) {
        kill_database(DatabaseKind::Postgres).await;
    }
}

async fn kill_server(kind: DatabaseKind) {
    let mut chance = Chance::for_test("a_server_killed_again_and_again");
    let mut site = Site::start(World::start_with(kind, settings())).await;
    for _ in 0..kills_wanted("WAYSTATION_KILLS", KILLS) {
        let load = site.begin_round().await;
        load.await_answers(1 + usize::try_from(chance.below(20)).unwrap()).await;
        tokio::time::sleep(Duration::from_millis(chance.below(150))).await;
        site.world.server(0).kill();
        site.end_round(load).await;
        site.world.restart(0);
        site.check().await;
    }
    site.finish(&format!("kills of a server on {kind:?}"), chance.seed()).await;
}

async fn kill_database(kind: DatabaseKind) {
    let mut chance = Chance::for_test("a_killed_database");
    let mut database = DatabaseServer::start(kind);
    let mut site = Site::start(World::start_with(kind, settings().on(&database))).await;
    for kill in 0..kills_wanted("WAYSTATION_DATABASE_KILLS", DATABASE_KILLS) {
        let load = site.begin_round().await;
        load.await_answers(1 + usize::try_from(chance.below(20)).unwrap()).await;
        tokio::time::sleep(Duration::from_millis(chance.below(150))).await;
        database.kill();
        // Sometimes the power fails for both.
        let both = kill % 3 == 2;
        if both {
            site.world.server(0).kill();
        }
        tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
        database.resume();
        if both {
            site.end_round(load).await;
            site.world.restart(0);
        } else {
            load.await_answers(CALLERS).await;
            site.end_round(load).await;
        }
        site.check().await;
    }
    site.finish(&format!("kills of {kind:?} below a server"), chance.seed()).await;
    drop(site);
    drop(database);
}

fn settings() -> WorldOptions {
    WorldOptions::single().with("WAYSTATION_RELAY_TOTAL_MS", &TOTAL.as_millis().to_string())
}

fn kills_wanted(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |kills| kills.parse().expect("a number of kills"))
}

/// A world under load, round after round with new users.
struct Site {
    world: World,
    mock: MockUpstream,
    /// The users of each round, and when it ended.
    rounds: Vec<(Vec<Key>, Instant)>,
    outcomes: Vec<Outcome>,
}

impl Site {
    async fn start(world: World) -> Site {
        let mock = add_mock(&world).await;
        // Long enough for a kill to fall between two pieces.
        mock.script(MODEL, Behaviour { piece_delay_ms: 3, head_delay_ms: 2, ..Behaviour::default() });
        Site { world, mock, rounds: Vec::new(), outcomes: Vec::new() }
    }

    async fn begin_round(&mut self) -> Load {
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(self.world.add_customer(CASH).await);
        }
        let load = Load::start(&self.world.base_urls()[0], &keys, CALLERS);
        self.rounds.push((keys, Instant::now()));
        load
    }

    async fn end_round(&mut self, load: Load) {
        self.outcomes.extend(load.stop().await);
        if let Some((_, ended)) = self.rounds.last_mut() {
            *ended = Instant::now();
        }
    }

    /// The books balance though holds may be open, and none is open that should have ended.
    async fn check(&self) {
        let (clean, report) = self.world.audit();
        assert!(clean, "{report}");
        for (keys, ended) in self.rounds.iter().filter(|(_, ended)| ended.elapsed() > HOLD_ENDS_WITHIN) {
            for key in keys {
                let pending = self.world.balance(&key.user_id).await.1;
                assert_eq!(pending, 0, "a hold is open {:?} after the end of its call", ended.elapsed());
            }
        }
    }

    async fn finish(&self, what: &str, seed: u64) {
        let nothing_is_held = async || {
            // An audit is a process and reads everything.
            tokio::time::sleep(Duration::from_millis(400)).await;
            (self.world.audit().1["open_holds"] == 0).then_some(())
        };
        eventually("every hold has ended", HOLD_ENDS_WITHIN, nothing_is_held).await;
        let keys: Vec<Key> = self.rounds.iter().flat_map(|(keys, _)| keys.iter().cloned()).collect();
        assert_booked(&self.world, &self.mock, &keys, CASH, Some(HONEST_COST), &self.outcomes).await;
        let kept = std::fs::read_to_string(self.world.directory_of(0).join("unsettled.log"));
        assert_eq!(kept.unwrap_or_default(), "", "no settlement waits");
        let answered = self.outcomes.iter().filter(|outcome| outcome.is_answered).count();
        let (kills, sent) = (self.rounds.len(), self.mock.total_calls());
        eprintln!("proof: {what}, under load; {kills}; {seed}");
        eprintln!(
            "proof: calls answered amid {what}, all booked, of {sent} sent upstream; {answered}; {seed}"
        );
    }
}

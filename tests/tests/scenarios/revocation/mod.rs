//! What is taken away on one server is refused by all within five seconds: keys, sessions and roles, with Redis,
//! without, and with Redis or the database cut off. How long it took is printed.

mod cut_off;
mod keys;
mod sessions;

use std::time::{Duration, Instant};

use waystation_tests::{DatabaseKind, RedisServer, TcpGate, World, WorldOptions};

const SERVERS: usize = 3;
/// What the product promises.
const LIMIT: Duration = Duration::from_secs(5);

/// What the servers hear of changes by, beside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Messages {
    WithoutRedis,
    WithRedis,
    /// It is there until something is taken away.
    WithRedisCutOff,
}

/// Three servers on one database.
struct Fleet {
    // Fields drop in this order: the servers before what they use.
    world: World,
    gate: Option<TcpGate>,
    _redis: Option<RedisServer>,
    kind: DatabaseKind,
    messages: Messages,
}

/// What somebody was granted, as it is asked for.
#[derive(Clone, Debug)]
struct Grant {
    what: &'static str,
    path: &'static str,
    header: (&'static str, String),
}

impl Grant {
    fn by_cookie(path: &'static str, cookie: &str) -> Grant {
        Grant { what: "cookie", path, header: ("cookie", format!("__Host-waystation={cookie}")) }
    }

    fn by_bearer(what: &'static str, path: &'static str, token: &str) -> Grant {
        Grant { what, path, header: ("authorization", format!("Bearer {token}")) }
    }
}

/// The databases that several servers share.
fn shared_kinds() -> Vec<DatabaseKind> {
    let mut kinds = DatabaseKind::available();
    if kinds.len() > 1 {
        kinds.retain(|kind| *kind != DatabaseKind::Sqlite);
    }
    kinds
}

impl Fleet {
    async fn start(kind: DatabaseKind, messages: Messages) -> Fleet {
        Fleet::start_with(kind, messages, WorldOptions::single()).await
    }

    async fn start_with(kind: DatabaseKind, messages: Messages, options: WorldOptions) -> Fleet {
        let redis = (messages != Messages::WithoutRedis).then(RedisServer::start);
        let address = redis.as_ref().map(RedisServer::address);
        let gate = match (messages, &address) {
            (Messages::WithRedisCutOff, Some(address)) => Some(TcpGate::start(address.clone()).await),
            _ => None,
        };
        let address = gate.as_ref().map(TcpGate::address).or(address);
        let redis_url = address.map(|address| format!("redis://{address}"));
        let world = World::start_with(kind, WorldOptions { servers: SERVERS, redis_url, ..options });
        Fleet { world, gate, _redis: redis, kind, messages }
    }

    /// Cuts Redis off, where it is to be.
    fn cut(&self) {
        if let Some(gate) = &self.gate {
            gate.cut();
        }
    }

    /// Lets Redis be reached again.
    fn mend(&self) {
        if let Some(gate) = &self.gate {
            gate.mend();
        }
    }

    /// Every server has the grants in its memory.
    async fn assert_served(&self, grants: &[Grant]) {
        for grant in grants {
            for server in 0..SERVERS {
                let status = self.ask(server, grant).await;
                assert_eq!(status, 200, "{grant:?} by server {server}");
            }
        }
    }

    /// Waits until every server refuses every grant, and prints how long after `since` the last one did.
    async fn assert_refused(&self, what: &str, since: Instant, grants: &[Grant]) {
        let urls = self.world.base_urls();
        let mut asking = tokio::task::JoinSet::new();
        for grant in grants {
            for url in &urls {
                asking.spawn(await_refusal(url.clone(), grant.clone(), since));
            }
        }
        let (last, grant) = asking.join_all().await.into_iter().max().unwrap_or_default();
        println!(
            "proof: ms until the last of {SERVERS} servers refuses, {what}, a {grant} last, {:?}, {:?}; {}; -",
            self.kind,
            self.messages,
            last.as_millis()
        );
        // Nobody believes it again.
        for grant in grants {
            for server in 0..SERVERS {
                let status = self.ask(server, grant).await;
                assert!(matches!(status, 401 | 403), "{what}: {status} to {grant:?} by server {server}");
            }
        }
    }

    async fn ask(&self, server: usize, grant: &Grant) -> u16 {
        ask(&self.world.base_urls()[server], grant).await
    }
}

/// The time from `since` to the refusal, and of what; panics when it comes too late.
async fn await_refusal(url: String, grant: Grant, since: Instant) -> (Duration, &'static str) {
    loop {
        let status = ask(&url, &grant).await;
        let elapsed = since.elapsed();
        assert!(elapsed <= LIMIT, "{status} after {elapsed:?}: {grant:?} at {url}");
        match status {
            200 => tokio::time::sleep(Duration::from_millis(20)).await,
            401 | 403 => return (elapsed, grant.what),
            _ => panic!("{status} to {grant:?} at {url}"),
        }
    }
}

async fn ask(url: &str, grant: &Grant) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().expect("a plain client can be built");
    let (name, value) = &grant.header;
    let request = http.get(format!("{url}{}", grant.path)).header(*name, value);
    request.send().await.expect("the server answers").status().as_u16()
}

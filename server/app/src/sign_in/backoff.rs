//! Slowing down those who guess, without locking out those who know.
//!
//! A guess is counted before it is checked, so that a hundred guesses at once are a hundred; a right one takes its
//! count back. Who is refused is always the client that guessed: at an account that others guess at, its owner waits
//! for at most two seconds.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;
use waystation_api::error::ErrorCode;

use crate::error::ApiError;
use crate::hex::write_hex;
use crate::http::network_of;
use crate::http::visitor::Visitor;
use crate::redis::Redis;

/// Guesses of one client at whatever accounts, before it is slowed down.
const CLIENT_FREE: u32 = 20;
/// Guesses of one client at one account, before it is slowed down.
const PAIR_FREE: u32 = 5;
/// Guesses of all clients at one account, before each of them takes longer.
const ACCOUNT_FREE: u32 = 20;
/// Calls of one client for one thing that nobody can guess at, before it is slowed down.
const CALLS_FREE: u32 = 100;
/// The longest that a client is refused for: an owner who shares the address of somebody who guesses gets a turn.
const REFUSED_MAX: Duration = Duration::from_secs(60);
/// The longest that a guess at an account is held up by the guesses of others.
const HELD_UP_MAX: Duration = Duration::from_secs(2);
/// Guesses are forgotten so long after the last one.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);
/// How many clients, accounts and pairs of them are remembered.
const COUNTS_MAX: u64 = 100_000;
const REDIS_TIMEOUT: Duration = Duration::from_millis(200);

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket<'a> {
    /// Nobody's in particular, such as a code that somebody was given.
    Client,
    /// Nothing: a call of this name that costs something and came to nothing. Each name is counted by itself, so that a
    /// program that goes on and on keeps nobody beside it from signing in.
    Calls(&'static str),
    /// Something of one account: a normalised address or username, or a user's id.
    Account(&'a str),
}

/// Counts guesses. Instances share their counts by Redis, where there is one.
pub(crate) struct Backoff {
    counts: Cache<Subject, Arc<Mutex<Count>>>,
    redis: Option<Redis>,
}

/// Whose guesses are counted together: SHA-256 of a client's network, an account, or both.
type Subject = [u8; 32];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    guesses: u32,
    refused_until: Option<Instant>,
}

/// The subjects of one guess.
struct Subjects {
    client: Subject,
    account: Option<(Subject, Subject)>,
}

impl Backoff {
    /// Nobody has guessed yet.
    pub(crate) fn new(redis: Option<Redis>) -> Self {
        let counts = Cache::builder().max_capacity(COUNTS_MAX).time_to_idle(REMEMBERED).build();
        Backoff { counts, redis }
    }

    /// Counts a guess that is about to be checked; refuses it if its client has guessed too often. A right one is to
    /// be taken back with [`Backoff::note_success`].
    pub(crate) async fn admit(&self, bucket: Bucket<'_>, visitor: &Visitor) -> Result<(), ApiError> {
        let subjects = Subjects::new(bucket, visitor.client_ip);
        // The pair first: what is refused there is no guess, and must not count as one at other accounts.
        if let Some((pair, _)) = subjects.account {
            self.admit_one(pair, PAIR_FREE).await?;
        }
        let free = if matches!(bucket, Bucket::Calls(_)) { CALLS_FREE } else { CLIENT_FREE };
        self.admit_one(subjects.client, free).await?;
        let Some((_, account)) = subjects.account else { return Ok(()) };
        let guesses = self.count_guess(account, u32::MAX).await.0;
        sleep(held_up_for(guesses)).await;
        Ok(())
    }

    /// The guess was wrong. It stays counted; this is where the log learns of it.
    pub(crate) async fn note_failure(&self, bucket: Bucket<'_>, visitor: &Visitor) {
        let is_at_account = matches!(bucket, Bucket::Account(_));
        debug!(client = %visitor.client_ip, is_at_account, "a guess was wrong");
    }

    /// The guess was right: it is not counted, and its client begins anew with this account.
    pub(crate) async fn note_success(&self, bucket: Bucket<'_>, visitor: &Visitor) {
        let subjects = Subjects::new(bucket, visitor.client_ip);
        // Only one is taken back: else whoever has an account here could begin anew with all others.
        self.take_back(subjects.client, false).await;
        if let Some((pair, account)) = subjects.account {
            self.take_back(pair, true).await;
            self.take_back(account, false).await;
        }
    }

    /// Counts a guess of a client unless it is refused.
    async fn admit_one(&self, subject: Subject, free: u32) -> Result<(), ApiError> {
        match self.count_guess(subject, free).await.1 {
            Some(wait) => Err(too_many_attempts(wait)),
            None => Ok(()),
        }
    }

    /// Counts a guess, here and for the other instances: how many there are now, or for how long it is refused.
    async fn count_guess(&self, subject: Subject, free: u32) -> (u32, Option<Duration>) {
        let shared = self.count_shared(&subject, free).await;
        let count = self.counts.get_with(subject, async { Arc::default() }).await;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let here = count.add(free, Instant::now());
        match shared {
            Some((guesses, wait)) => (guesses.max(count.guesses), wait.max(here)),
            None => (count.guesses, here),
        }
    }

    async fn take_back(&self, subject: Subject, all: bool) {
        if let Some(count) = self.counts.get(&subject).await {
            count.lock().unwrap_or_else(PoisonError::into_inner).take_back(all);
        }
        let mut pipe = redis::pipe();
        match all {
            true => pipe.del(guesses_name(&subject)).del(refused_name(&subject)),
            false => pipe.cmd("EVAL").arg(TAKE_BACK).arg(1).arg(guesses_name(&subject)),
        };
        self.ask::<redis::Value>(&pipe).await;
    }

    /// The same count in Redis; none where there is none, or it does not answer in time: what this instance counts
    /// is enough to go on with.
    async fn count_shared(&self, subject: &Subject, free: u32) -> Option<(u32, Option<Duration>)> {
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL")
            .arg(ADD)
            .arg(2)
            .arg(guesses_name(subject))
            .arg(refused_name(subject))
            .arg(free)
            .arg(REMEMBERED.as_millis() as u64)
            .arg(REFUSED_MAX.as_millis() as u64);
        let ((guesses, wait_ms),) = self.ask::<((u32, u64),)>(&pipe).await?;
        Some((guesses, (wait_ms > 0).then(|| Duration::from_millis(wait_ms))))
    }

    async fn ask<T: redis::FromRedisValue>(&self, pipe: &redis::Pipeline) -> Option<T> {
        let mut connection = self.redis.as_ref()?.connection();
        match timeout(REDIS_TIMEOUT, pipe.query_async::<T>(&mut connection)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                debug!(%error, "guesses are counted by this instance alone");
                None
            }
            Err(_) => None,
        }
    }
}

/// Counts a guess: its number and 0, or the milliseconds for which it is refused. In Redis, so that nothing comes
/// between looking and counting.
const ADD: &str = "
local wait = redis.call('PTTL', KEYS[2])
if wait > 0 then return {tonumber(redis.call('GET', KEYS[1]) or '0'), wait} end
local guesses = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local beyond = guesses - tonumber(ARGV[1])
if beyond >= 0 then
  local refused = math.min(1000 * 2 ^ math.min(beyond, 16), tonumber(ARGV[3]))
  redis.call('SET', KEYS[2], '1', 'PX', string.format('%d', refused))
end
return {guesses, 0}
";

/// Takes one guess back, never below none.
const TAKE_BACK: &str = "
local guesses = tonumber(redis.call('GET', KEYS[1]) or '0')
if guesses > 0 then return redis.call('DECR', KEYS[1]) end
return 0
";

impl Count {
    /// Counts a guess unless its client is refused; says for how long it is.
    fn add(&mut self, free: u32, now: Instant) -> Option<Duration> {
        let wait = self.refused_until.and_then(|until| until.checked_duration_since(now));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Some(wait);
        }
        self.guesses = self.guesses.saturating_add(1);
        self.refused_until = self.guesses.checked_sub(free).map(|beyond| now + refused_for(beyond));
        None
    }

    fn take_back(&mut self, all: bool) {
        self.guesses = if all { 0 } else { self.guesses.saturating_sub(1) };
        if all {
            self.refused_until = None;
        }
    }
}

impl Subjects {
    fn new(bucket: Bucket<'_>, client: IpAddr) -> Self {
        let network = network_of(client.to_canonical()).to_string();
        let account = match bucket {
            Bucket::Client | Bucket::Calls(_) => None,
            Bucket::Account(account) => {
                Some((subject(&["pair", account, &network]), subject(&["account", account])))
            }
        };
        let client = match bucket {
            Bucket::Calls(name) => subject(&["calls", name, &network]),
            Bucket::Client | Bucket::Account(_) => subject(&["client", &network]),
        };
        Subjects { client, account }
    }
}

/// The first guess beyond the free ones is followed by a second of refusal, each further one by twice as long.
fn refused_for(beyond: u32) -> Duration {
    Duration::from_secs(1_u64 << beyond.min(16)).min(REFUSED_MAX)
}

fn held_up_for(guesses: u32) -> Duration {
    Duration::from_millis(u64::from(guesses.saturating_sub(ACCOUNT_FREE)) * 100).min(HELD_UP_MAX)
}

fn subject(parts: &[&str]) -> Subject {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn guesses_name(subject: &Subject) -> String {
    format!("ws:backoff:guesses:{}", write_hex(subject))
}

fn refused_name(subject: &Subject) -> String {
    format!("ws:backoff:refused:{}", write_hex(subject))
}

fn too_many_attempts(wait: Duration) -> ApiError {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    ApiError::new(ErrorCode::TooManyAttempts, format!("Too many tries. Come again in {seconds} seconds."))
        .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use waystation_ids::RequestId;

    use super::*;

    fn visitor(address: &str) -> Visitor {
        Visitor {
            client_ip: address.parse().unwrap(),
            user_agent: String::new(),
            request: RequestId::new_cause(1, [0; 10]),
        }
    }

    async fn is_admitted(backoff: &Backoff, account: &str, address: &str) -> bool {
        let admitted = backoff.admit(Bucket::Account(account), &visitor(address)).await;
        assert!(admitted.as_ref().err().is_none_or(|error| error.code() == ErrorCode::TooManyAttempts));
        admitted.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_guesses_at_an_account_is_slowed_down_and_nobody_else() {
        let backoff = Backoff::new(None);
        for _ in 0..PAIR_FREE {
            assert!(is_admitted(&backoff, "ann", "203.0.113.5").await);
        }
        assert!(!is_admitted(&backoff, "ann", "203.0.113.5").await);
        assert!(is_admitted(&backoff, "ann", "203.0.113.6").await);
        assert!(is_admitted(&backoff, "ben", "203.0.113.5").await);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(is_admitted(&backoff, "ann", "203.0.113.5").await);
        assert!(!is_admitted(&backoff, "ann", "203.0.113.5").await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_guess_counts_for_nothing() {
        let backoff = Backoff::new(None);
        for _ in 0..100 {
            assert!(is_admitted(&backoff, "ann", "203.0.113.5").await);
            backoff.note_success(Bucket::Account("ann"), &visitor("203.0.113.5")).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_own_account_gives_no_new_guesses_at_others() {
        let backoff = Backoff::new(None);
        let mut guesses = 0;
        while is_admitted(&backoff, &format!("victim{guesses}"), "203.0.113.5").await {
            guesses += 1;
            if is_admitted(&backoff, "own", "203.0.113.5").await {
                backoff.note_success(Bucket::Account("own"), &visitor("203.0.113.5")).await;
            }
            assert!(guesses <= CLIENT_FREE);
        }
        assert!(guesses >= CLIENT_FREE - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_many_guess_at_still_opens_to_its_owner_within_two_seconds() {
        let backoff = Backoff::new(None);
        for host in 0..200 {
            is_admitted(&backoff, "ann", &format!("198.51.100.{host}")).await;
        }
        let begun = Instant::now();
        assert!(is_admitted(&backoff, "ann", "203.0.113.5").await);
        assert!(begun.elapsed() <= HELD_UP_MAX && begun.elapsed() > Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_at_once_are_counted_each() {
        let backoff = Arc::new(Backoff::new(None));
        let mut guessing = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let backoff = backoff.clone();
            guessing.spawn(async move { is_admitted(&backoff, "ann", "203.0.113.5").await });
        }
        let admitted = guessing.join_all().await.into_iter().filter(|admitted| *admitted).count();
        assert_eq!(admitted, PAIR_FREE as usize);
    }

    #[tokio::test(start_paused = true)]
    async fn the_addresses_of_one_subscriber_are_one_client() {
        let backoff = Backoff::new(None);
        for host in 0..PAIR_FREE {
            assert!(is_admitted(&backoff, "ann", &format!("2001:db8:1:2::{host:x}")).await);
        }
        assert!(!is_admitted(&backoff, "ann", "2001:db8:1:2:ffff::9").await);
        assert!(is_admitted(&backoff, "ann", "2001:db8:1:3::9").await);
    }

    #[test]
    fn nobody_is_refused_for_longer_than_a_minute() {
        for (beyond, seconds) in [(0, 1), (1, 2), (5, 32), (6, 60), (40, 60), (u32::MAX, 60)] {
            assert_eq!(refused_for(beyond), Duration::from_secs(seconds), "{beyond}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn instances_count_guesses_together_in_redis() {
        use crate::config::{Secret, SettingValue};
        let Some(url) = crate::keys::redis_url() else { return };
        let redis = || Some(Redis::open(&Secret::read(&url).unwrap()).unwrap());
        let (first, second) = (Backoff::new(redis()), Backoff::new(redis()));
        let account = format!("ann-{}-{}", std::process::id(), crate::clock::now_ms());
        let address =
            format!("2001:db8:{:x}:{:x}::1", std::process::id() & 0xffff, crate::clock::now_ms() & 0xffff);
        for guess in 0..PAIR_FREE {
            let backoff = if guess % 2 == 0 { &first } else { &second };
            assert!(is_admitted(backoff, &account, &address).await, "{guess}");
        }
        assert!(!is_admitted(&first, &account, &address).await);
        assert!(!is_admitted(&second, &account, &address).await);
        second.note_success(Bucket::Account(&account), &visitor(&address)).await;
        assert!(is_admitted(&second, &account, &address).await);
    }
}

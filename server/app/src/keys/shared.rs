//! Keys as instances remember them together in Redis: `ws:key_cache:{hash}` for at most five seconds after the
//! database was read, and `ws:revoked:{hash}` for 30 days.
//!
//! Entries are sealed under the master key, so that whoever can write to Redis cannot make a key of their own. Redis
//! is never waited for longer than a moment, and without it the database decides.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use redis::RedisError;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};
use tracing::warn;
use waystation_ids::{BudgetId, KeyHash, KeyId, KeyStatus, UserId};
use waystation_ledger::{Budget, BudgetPeriod};
use waystation_pricing::Money;
use waystation_store::{Key, KeyHolder, KeyLimits};

use crate::clock::now_ms;
use crate::redis::Redis;
use crate::sealing::{Purpose, Sealing};

const REMEMBERED_MS: u64 = 5_000;
const REVOKED_SECONDS: u64 = 30 * 24 * 60 * 60;
const TIMEOUT: Duration = Duration::from_millis(200);
/// After a failure Redis is left alone for so long: a call need not wait for what did not answer the one before.
const PAUSE: Duration = Duration::from_secs(1);

/// The way to what all instances remember of keys.
pub(crate) struct SharedKeys {
    redis: Redis,
    sealing: Sealing,
    paused_until: RwLock<Option<Instant>>,
}

/// What Redis knows of a key.
pub(super) enum SharedAnswer {
    /// An instance read this from the database.
    Holder {
        /// What was read.
        holder: Box<KeyHolder>,
        /// When, at the latest, its reading began.
        read_at: Instant,
    },
    /// It was revoked, and so it stays.
    Revoked {
        /// When Redis was asked.
        read_at: Instant,
    },
    /// Nothing, or Redis does not answer.
    Nothing,
}

/// An entry of `ws:key_cache`, before it is sealed.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// By the clock of the instance that read it, in unix milliseconds.
    read_at_ms: i64,
    user: UserId,
    key: KeyId,
    expires_at_ms: Option<i64>,
    allowed_models: Option<Vec<String>>,
    allowed_ips: Option<Vec<String>>,
    output_cap: Option<u64>,
    show_cost: bool,
    budgets: Vec<(BudgetId, BudgetPeriod, i64)>,
    channel_group: Option<String>,
}

impl SharedKeys {
    /// Prepares the way.
    pub(crate) fn new(redis: Redis, sealing: Sealing) -> Self {
        SharedKeys { redis, sealing, paused_until: RwLock::new(None) }
    }

    /// What is known of the key with this hash.
    pub(super) async fn load_key(&self, hash: &KeyHash) -> SharedAnswer {
        let hash = hash.to_hex();
        let asked_at = Instant::now();
        let mut pipe = redis::pipe();
        pipe.atomic().get(cache_name(&hash)).pttl(cache_name(&hash)).exists(revoked_name(&hash));
        let Some((sealed, left_ms, is_revoked)) = self.ask::<(Option<Vec<u8>>, i64, bool)>(&pipe).await
        else {
            return SharedAnswer::Nothing;
        };
        if is_revoked {
            return SharedAnswer::Revoked { read_at: asked_at };
        }
        sealed.and_then(|sealed| self.open(&hash, &sealed)).map_or(SharedAnswer::Nothing, |entry| {
            let age = age(&entry, left_ms, now_ms());
            // Its life may begin late or again: what was on its way for long, or somebody put back.
            if age >= Duration::from_millis(REMEMBERED_MS) {
                return SharedAnswer::Nothing;
            }
            match asked_at.checked_sub(age) {
                Some(read_at) => SharedAnswer::Holder { holder: Box::new(entry.into()), read_at },
                // This host has not been up for as long as the entry is old.
                None => SharedAnswer::Nothing,
            }
        })
    }

    /// Remembers what the database said when it was read at `read_at`.
    pub(super) async fn save_key(&self, hash: &KeyHash, holder: &KeyHolder, read_at: Instant) {
        let hash = hash.to_hex();
        let age_ms = u64::try_from(read_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Some(left_ms) = REMEMBERED_MS.checked_sub(age_ms).filter(|left_ms| *left_ms > 0) else { return };
        let read_at_ms = now_ms().saturating_sub(i64::try_from(age_ms).unwrap_or(i64::MAX));
        let Some(sealed) = self.seal(&hash, &Entry::of(holder, read_at_ms)) else { return };
        let mut pipe = redis::pipe();
        pipe.pset_ex(cache_name(&hash), sealed, left_ms).ignore();
        self.ask::<()>(&pipe).await;
    }

    /// Drops what is remembered of a key that was changed.
    pub(super) async fn forget_key(&self, key: &Key) {
        let hash = key.hash.to_hex();
        let mut pipe = redis::pipe();
        if key.status == KeyStatus::Revoked {
            pipe.set_ex(revoked_name(&hash), 1, REVOKED_SECONDS).ignore();
        }
        pipe.del(cache_name(&hash)).ignore();
        self.ask::<()>(&pipe).await;
    }

    /// Redis's answer, if it gives one in time.
    async fn ask<T: redis::FromRedisValue>(&self, pipe: &redis::Pipeline) -> Option<T> {
        if self.is_paused() {
            return None;
        }
        let mut connection = self.redis.connection();
        let failure = match timeout(TIMEOUT, pipe.query_async::<T>(&mut connection)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error,
            Err(_) => RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut)),
        };
        warn!(error = %failure, "Redis does not answer; keys are read from the database");
        *self.paused_until.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        None
    }

    fn is_paused(&self) -> bool {
        let paused_until = *self.paused_until.read().unwrap_or_else(PoisonError::into_inner);
        paused_until.is_some_and(|until| Instant::now() < until)
    }

    fn seal(&self, hash: &str, entry: &Entry) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(entry).ok()?;
        self.sealing.seal(Purpose::SharedKey, hash, &plain).ok()
    }

    /// What another version, or somebody else, wrote is nothing.
    fn open(&self, hash: &str, sealed: &[u8]) -> Option<Entry> {
        let plain = self.sealing.open(Purpose::SharedKey, hash, sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

/// How long ago the database was read. Told twice, by what Redis has left of the entry's life and by the clock of
/// the instance that read it: the older one counts, so that neither a slow write to Redis nor a clock that is wrong
/// makes an entry younger than it is.
fn age(entry: &Entry, left_ms: i64, now_ms: i64) -> Duration {
    let by_redis = REMEMBERED_MS.saturating_sub(u64::try_from(left_ms).unwrap_or(0));
    let by_clock = u64::try_from(now_ms.saturating_sub(entry.read_at_ms)).unwrap_or(0);
    Duration::from_millis(by_redis.max(by_clock))
}

fn cache_name(hash: &str) -> String {
    format!("ws:key_cache:{hash}")
}

fn revoked_name(hash: &str) -> String {
    format!("ws:revoked:{hash}")
}

impl Entry {
    fn of(holder: &KeyHolder, read_at_ms: i64) -> Self {
        let KeyHolder { user, key, limits, budgets, channel_group } = holder.clone();
        Entry {
            read_at_ms,
            user,
            key,
            expires_at_ms: limits.expires_at_ms,
            allowed_models: limits.allowed_models,
            allowed_ips: limits.allowed_ips,
            output_cap: limits.output_cap,
            show_cost: limits.show_cost,
            budgets: budgets.iter().map(|budget| (budget.id, budget.period, budget.limit.nanos())).collect(),
            channel_group,
        }
    }
}

impl From<Entry> for KeyHolder {
    fn from(entry: Entry) -> Self {
        let budget = |(id, period, nanos)| Budget { id, period, limit: Money::from_nanos(nanos) };
        KeyHolder {
            user: entry.user,
            key: entry.key,
            limits: KeyLimits {
                expires_at_ms: entry.expires_at_ms,
                allowed_models: entry.allowed_models,
                allowed_ips: entry.allowed_ips,
                output_cap: entry.output_cap,
                show_cost: entry.show_cost,
            },
            budgets: entry.budgets.into_iter().map(budget).collect(),
            channel_group: entry.channel_group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Secret, SettingValue};
    use crate::sealing::MasterKey;

    fn holder() -> KeyHolder {
        KeyHolder {
            user: UserId::new(1, [1; 10]),
            key: KeyId::new(1, [2; 10]),
            limits: KeyLimits {
                expires_at_ms: Some(9),
                allowed_models: Some(vec!["sonnet".to_owned()]),
                allowed_ips: Some(vec!["10.0.0.0/8".to_owned()]),
                output_cap: Some(7),
                show_cost: true,
            },
            budgets: vec![Budget {
                id: BudgetId::new(1, [3; 10]),
                period: BudgetPeriod::Month,
                limit: Money::from_nanos(5),
            }],
            channel_group: Some("fast".to_owned()),
        }
    }

    #[test]
    fn an_entry_carries_all_that_was_read() {
        let text = serde_json::to_string(&Entry::of(&holder(), 1_000)).unwrap();
        let entry: Entry = serde_json::from_str(&text).unwrap();
        assert_eq!(KeyHolder::from(entry), holder());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_entry_that_is_put_back_after_its_time_is_not_believed() {
        let Some(url) = crate::keys::tests::redis_url() else { return };
        let redis = Redis::open(&Secret::read(&url).unwrap()).unwrap();
        let shared = SharedKeys::new(redis, Sealing::new(MasterKey::new([1; 32])));
        let hash = KeyHash::of(&format!("put back {} {}", std::process::id(), now_ms()));
        for (age_ms, is_believed) in [(0, true), (5_000, false), (86_400_000, false)] {
            let entry = Entry::of(&holder(), now_ms() - age_ms);
            let sealed = shared.seal(&hash.to_hex(), &entry).unwrap();
            let mut pipe = redis::pipe();
            pipe.pset_ex(cache_name(&hash.to_hex()), sealed, REMEMBERED_MS).ignore();
            shared.ask::<()>(&pipe).await.unwrap();
            let answer = shared.load_key(&hash).await;
            assert_eq!(matches!(answer, SharedAnswer::Holder { .. }), is_believed, "{age_ms}");
        }
    }

    #[test]
    fn an_entry_is_as_old_as_the_older_of_its_two_ages() {
        let entry = Entry::of(&holder(), 10_000);
        for (left_ms, now_ms, age_ms) in [
            (4_000, 11_000, 1_000),
            (4_900, 13_000, 3_000),
            (2_000, 10_100, 3_000),
            // A clock that is behind ours makes the entry older, one that is ahead leaves it to Redis.
            (4_000, 60_000, 50_000),
            (4_000, 1_000, 1_000),
            // Without an end, or gone between the two questions.
            (-1, 10_000, 5_000),
            (-2, 10_000, 5_000),
        ] {
            assert_eq!(age(&entry, left_ms, now_ms), Duration::from_millis(age_ms), "{left_ms} {now_ms}");
        }
    }
}

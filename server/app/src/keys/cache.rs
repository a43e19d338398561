//! Whose key a call carries: asked for each call, so remembered here, then in Redis, then read from the database.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::error;
use waystation_ids::{KeyCheck, KeyHash, KeyId, KeyPrefix, UserId};
use waystation_pricing::Multiplier;
use waystation_relay::{Caller, CallerError, Callers, IpNetwork};
use waystation_store::{ChangeKind, Key, KeyHolder, Store};

use crate::changes::{ChangeListener, Freshness, Notice};
use crate::clock::now_ms;
use crate::error::error_chain;
use crate::keys::shared::{SharedAnswer, SharedKeys};
use crate::remembered::{Answer, Forgotten, NOTHING_REMEMBERED, Remembered, Unread};

const KEYS_MAX: u64 = 100_000;

/// The keys that open the relay. A key that this site never made is refused by its check characters, before
/// anything is looked up; what is looked up is the SHA-256 of the whole text.
pub(crate) struct KeyDirectory {
    store: Store,
    check: KeyCheck,
    prefixes: Vec<KeyPrefix>,
    shared: Option<SharedKeys>,
    freshness: Freshness,
    remembered: Remembered<KeyHash, Option<Arc<Caller>>>,
    keys: Forgotten<KeyId>,
    users: Forgotten<UserId>,
    everything: Forgotten<()>,
}

impl KeyDirectory {
    /// Nothing is remembered yet.
    pub(crate) fn new(
        store: Store,
        check: KeyCheck,
        prefixes: Vec<KeyPrefix>,
        shared: Option<SharedKeys>,
        freshness: Freshness,
    ) -> Self {
        KeyDirectory {
            store,
            check,
            prefixes,
            shared,
            remembered: Remembered::new(KEYS_MAX, freshness.clone()),
            freshness,
            keys: Forgotten::default(),
            users: Forgotten::default(),
            everything: Forgotten::default(),
        }
    }

    /// Takes a key that was changed out of Redis; a revoked one is remembered there as such. Redis may be down: then
    /// what it holds is as good as any other instance's memory, which is gone in five seconds.
    pub(crate) async fn forget_shared(&self, key: &Key) {
        if let Some(shared) = &self.shared {
            shared.forget_key(key).await;
        }
    }

    fn is_current(&self, answer: &Answer<Option<Arc<Caller>>>) -> bool {
        let read_at = answer.read_at;
        self.everything.is_current(&(), read_at)
            && match &answer.value {
                Some(caller) => {
                    self.keys.is_current(&caller.key, read_at) && self.users.is_current(&caller.user, read_at)
                }
                None => {
                    read_at.elapsed() < NOTHING_REMEMBERED
                        && self.keys.is_all_current(read_at)
                        && self.users.is_all_current(read_at)
                }
            }
    }

    /// What Redis remembers, if it is current, else what the database says. While changes are not heard of, what Redis
    /// remembers is believed no more than what is remembered here; that a key was revoked holds for ever.
    async fn read(&self, hash: &KeyHash) -> Result<Answer<Option<Arc<Caller>>>, Unread> {
        if let Some(shared) = &self.shared {
            match shared.load_key(hash).await {
                SharedAnswer::Holder { holder, read_at } if self.freshness.is_believable() => {
                    let answer = Answer { value: read_caller(*holder), read_at };
                    if self.is_current(&answer) {
                        return Ok(answer);
                    }
                }
                SharedAnswer::Revoked { read_at } => return Ok(Answer { value: None, read_at }),
                SharedAnswer::Holder { .. } | SharedAnswer::Nothing => {}
            }
        }
        let read_at = Instant::now();
        let found = self.store.load_key_holder(hash).await.map_err(|failure| {
            error!(error = error_chain(&failure), "a key could not be looked up");
            Unread
        })?;
        if let (Some(shared), Some(holder)) = (&self.shared, &found) {
            shared.save_key(hash, holder, read_at).await;
        }
        Ok(Answer { value: found.and_then(read_caller), read_at })
    }
}

#[async_trait]
impl Callers for KeyDirectory {
    async fn caller(&self, credential: &str) -> Result<Arc<Caller>, CallerError> {
        let secret = self.check.read_secret(credential, &self.prefixes).map_err(|_| CallerError::Invalid)?;
        let hash = secret.hash();
        let found = self
            .remembered
            .get_or_read(&hash, |answer| self.is_current(answer), || self.read(&hash))
            .await
            .map_err(|Unread| CallerError::Unavailable)?;
        found.filter(|caller| !caller.has_expired(now_ms())).ok_or(CallerError::Invalid)
    }
}

#[async_trait]
impl ChangeListener for KeyDirectory {
    async fn hear(&self, changes: &[Notice]) {
        for change in changes {
            match change.kind {
                ChangeKind::Key => match change.subject.parse() {
                    Ok(key) => self.keys.forget(key),
                    Err(_) => self.everything.forget(()),
                },
                ChangeKind::User => match change.subject.parse() {
                    Ok(user) => self.users.forget(user),
                    Err(_) => self.everything.forget(()),
                },
                _ => {}
            }
        }
    }

    async fn hear_of_anything(&self) {
        self.everything.forget(());
    }
}

/// The relay's view of a key. None when what it may do cannot be told: it then opens nothing.
fn read_caller(holder: KeyHolder) -> Option<Arc<Caller>> {
    let allowed_ips: Vec<IpNetwork> = match &holder.limits.allowed_ips {
        // To the relay an empty list is "anywhere", so one that allows nowhere must not reach it.
        Some(networks) if networks.is_empty() => return unreadable(&holder),
        Some(networks) => {
            let read: Result<_, _> = networks.iter().map(|network| network.parse()).collect();
            match read {
                Ok(networks) => networks,
                Err(_) => return unreadable(&holder),
            }
        }
        None => Vec::new(),
    };
    Some(Arc::new(Caller {
        user: holder.user,
        key: holder.key,
        allowed_models: holder.limits.allowed_models,
        allowed_ips,
        output_cap: holder.limits.output_cap,
        show_cost: holder.limits.show_cost,
        expires_at_ms: holder.limits.expires_at_ms,
        budgets: holder.budgets.iter().map(|budget| (budget.id, budget.period)).collect(),
        multiplier: Multiplier::ONE,
    }))
}

fn unreadable(holder: &KeyHolder) -> Option<Arc<Caller>> {
    error!(key = %holder.key, "the key's networks cannot be read; it is refused");
    None
}

//! The optional Redis, which makes instances hear of changes sooner.
//!
//! Nothing depends on it: whoever asks it falls back to the database when it does not answer in time.

use std::fmt;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};

use crate::config::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The way to Redis. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redis {
    client: Client,
    connection: ConnectionManager,
}

impl Redis {
    /// Prepares the way without connecting: a Redis that is down does not keep the server from starting. Must be
    /// called within the runtime.
    pub(crate) fn open(url: &Secret) -> Result<Self, RedisError> {
        let client = Client::open(with_push_messages(url.reveal()))?;
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), time_limits())?;
        Ok(Redis { client, connection })
    }

    /// A connection for commands; it reconnects by itself.
    pub(crate) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// A connection of its own that hands over what is published on the channels it subscribes to, and subscribes
    /// again after it was lost.
    pub(crate) fn subscriber(
        &self,
        messages: tokio::sync::mpsc::UnboundedSender<redis::PushInfo>,
    ) -> Result<ConnectionManager, RedisError> {
        let config = time_limits().set_push_sender(messages).set_automatic_resubscription();
        ConnectionManager::new_lazy_with_config(self.client.clone(), config)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis(…)")
    }
}

/// Without these a dead server is waited for far longer than a call may take.
fn time_limits() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_number_of_retries(1)
        .set_max_delay(Duration::from_millis(500))
}

/// Published messages come beside answers only in the third version of the protocol.
fn with_push_messages(url: &str) -> String {
    if url.contains("protocol=") {
        url.to_owned()
    } else if url.contains('?') {
        format!("{url}&protocol=resp3")
    } else {
        format!("{url}?protocol=resp3")
    }
}

//! How many mails a client may ask for.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::future::Cache;
use waystation_api::error::ErrorCode;

use crate::error::ApiError;
use crate::http::network_of;
use crate::http::visitor::Visitor;

const WINDOW: Duration = Duration::from_secs(60 * 60);
const CLIENTS_MAX: u64 = 100_000;

/// Counts what clients ask for, whatever address they name, so that the answer tells nothing of the address.
pub(crate) struct MailAllowance {
    asked: Cache<IpAddr, Arc<AtomicU32>>,
    per_client_max: u32,
}

impl MailAllowance {
    /// Nobody has asked yet.
    pub(crate) fn new(per_client_max: u32) -> Self {
        let asked = Cache::builder().max_capacity(CLIENTS_MAX).time_to_live(WINDOW).build();
        MailAllowance { asked, per_client_max }
    }

    /// Counts one more; refuses it if the client has asked too often within the hour.
    pub(crate) async fn take(&self, visitor: &Visitor) -> Result<(), ApiError> {
        let network = network_of(visitor.client_ip.to_canonical());
        let asked = self.asked.get_with(network, async { Arc::default() }).await;
        let before = asked.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
        if before.is_ok_and(|count| count < self.per_client_max) {
            return Ok(());
        }
        Err(ApiError::new(
            ErrorCode::TooManyAttempts,
            "Too many mails were asked for. Come again in an hour.",
        )
        .retry_after(WINDOW.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use waystation_ids::RequestId;

    use super::*;

    #[tokio::test]
    async fn a_client_asks_for_so_many_mails_and_others_for_theirs() {
        let allowance = MailAllowance::new(3);
        let ask = async |address: &str| {
            let visitor = Visitor {
                client_ip: address.parse().unwrap(),
                user_agent: String::new(),
                request: RequestId::new_cause(1, [0; 10]),
            };
            allowance.take(&visitor).await.is_ok()
        };
        for _ in 0..3 {
            assert!(ask("203.0.113.5").await);
        }
        assert!(!ask("203.0.113.5").await);
        assert!(!ask("::ffff:203.0.113.5").await);
        assert!(ask("203.0.113.6").await);
        for host in 1..=3 {
            assert!(ask(&format!("2001:db8::{host}")).await);
        }
        // One subscriber has a whole network to choose from.
        assert!(!ask("2001:db8::4").await);
        assert!(ask("2001:db8:0:1::1").await);
    }
}

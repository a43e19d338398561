//! Who calls, straight from the database.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::error;
use waystation_pricing::Multiplier;
use waystation_relay::{Caller, CallerError, Callers};

use crate::error::error_chain;
use crate::state::App;

/// The site's keys.
pub(crate) struct StoredCallers(pub(crate) App);

#[async_trait]
impl Callers for StoredCallers {
    async fn caller(&self, credential: &str) -> Result<Arc<Caller>, CallerError> {
        let prefixes = self.0.config.key_prefixes();
        // A mistyped or forged key never reaches the database.
        let secret =
            self.0.secrets.key_check.read_secret(credential, &prefixes).map_err(|_| CallerError::Invalid)?;
        let found = self.0.store.load_key_holder(&secret.hash()).await.map_err(|failure| {
            error!(error = error_chain(&failure), "a key could not be looked up");
            CallerError::Unavailable
        })?;
        let holder = found.ok_or(CallerError::Invalid)?;
        let networks = holder.limits.allowed_ips.unwrap_or_default();
        let allowed_ips = networks.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        Ok(Arc::new(Caller {
            user: holder.user,
            key: holder.key,
            allowed_models: holder.limits.allowed_models,
            allowed_ips: allowed_ips.map_err(|_| CallerError::Unavailable)?,
            output_cap: holder.limits.output_cap,
            show_cost: holder.limits.show_cost,
            expires_at_ms: holder.limits.expires_at_ms,
            budgets: holder.budgets.iter().map(|budget| (budget.id, budget.period)).collect(),
            multiplier: Multiplier::ONE,
        }))
    }
}

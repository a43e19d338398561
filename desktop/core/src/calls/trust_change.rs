//! Knowing a site by something else from now on.

use crate::calls::gateway::Gateway;
use crate::calls::tokens::with_secrets;
use crate::calls::{CallError, http_client};
use crate::connections::{Connection, SiteAddress};
use crate::secrets::Credential;
use crate::trust::{TlsPolicy, Watch};

impl Gateway {
    /// Has a connection known by another policy, and gives it as it is to be kept. The site must pass both policies:
    /// what was not it before does not become it. What opens the site goes over to the new policy.
    pub async fn change_trust(
        &self,
        connection: &Connection,
        base: &SiteAddress,
        wanted: TlsPolicy,
    ) -> Result<Connection, CallError> {
        if !base.is_https() {
            return Err(CallError::Malformed("policy"));
        }
        // An exchange that is under way would keep what it gets for the old policy.
        let held = self.tokens.held(connection.id);
        let mut held = held.lock().await;
        for policy in [&connection.tls, &wanted] {
            knock(connection, base, policy).await?;
        }
        let changed = Connection { tls: wanted, ..connection.clone() };
        let (before, after) = (connection.clone(), changed.clone());
        with_secrets(&self.secrets()?, move |store| {
            match Credential::load(store, before.id)? {
                Some(kept) if kept.belongs_to(&before) => kept.bind_to(&after).save(store, after.id),
                // Without one the device is paired again, under the new policy.
                _ => Ok(()),
            }
        })
        .await?;
        *held = None;
        self.forget_way(connection.id);
        Ok(changed)
    }
}

/// Whether the site is there and is who a policy says. It is told nothing.
async fn knock(connection: &Connection, base: &SiteAddress, policy: &TlsPolicy) -> Result<(), CallError> {
    let watch = Watch::default();
    let http = http_client(policy, connection.proxy_to(base), &watch)?;
    let asked = http.get(base.join(["healthz"])).send().await;
    asked.map(drop).map_err(|error| CallError::of_request(error, watch.take()))
}

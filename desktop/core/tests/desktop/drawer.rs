//! Secrets for as long as a test takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use waystation_desktop::connections::ConnectionId;
use waystation_desktop::secrets::{SecretError, SecretStore};
use zeroize::Zeroizing;

#[derive(Default)]
pub struct Drawer {
    kept: Mutex<HashMap<ConnectionId, Vec<u8>>>,
    /// How many times a secret was written.
    pub saves: Mutex<u32>,
}

impl Drawer {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// What is kept of a connection, as text.
    pub fn text(&self, id: ConnectionId) -> String {
        let kept = self.kept.lock().unwrap().get(&id).cloned().unwrap_or_default();
        String::from_utf8(kept).unwrap()
    }
}

impl SecretStore for Drawer {
    fn prepare(&self) -> Result<(), SecretError> {
        Ok(())
    }

    fn load(&self, id: ConnectionId) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        Ok(self.kept.lock().unwrap().get(&id).cloned().map(Zeroizing::new))
    }

    fn save(&self, id: ConnectionId, secret: &[u8]) -> Result<(), SecretError> {
        *self.saves.lock().unwrap() += 1;
        self.kept.lock().unwrap().insert(id, secret.to_vec());
        Ok(())
    }

    fn delete(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.kept.lock().unwrap().remove(&id);
        Ok(())
    }
}

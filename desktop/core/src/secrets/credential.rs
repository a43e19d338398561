use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::connections::{Connection, ConnectionId};
use crate::secrets::{SecretError, SecretStore};

const VERSION: u32 = 1;
const ATTEMPT_BYTES: usize = 32;

/// A text that opens a site. It cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefreshSecret(String);

impl RefreshSecret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        RefreshSecret(text)
    }

    /// The text itself, for the site alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshSecret(…)")
    }
}

/// What this device is known by at one site.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    version: u32,
    /// Where and who the site is that it was given by.
    binding: String,
    /// Exchanged for tokens.
    refresh_token: RefreshSecret,
    /// Names the exchange that is under way. It is written down before it is sent, so that an answer that is lost, be
    /// it by a crash, can be asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<RefreshSecret>,
}

impl Credential {
    /// What a site has given.
    pub fn new(connection: &Connection, refresh_token: String) -> Self {
        Credential {
            version: VERSION,
            binding: connection.binding(),
            refresh_token: RefreshSecret::new(refresh_token),
            attempt: None,
        }
    }

    /// What is exchanged.
    pub fn refresh_token(&self) -> &RefreshSecret {
        &self.refresh_token
    }

    /// The exchange that is under way.
    pub fn attempt(&self) -> Option<&RefreshSecret> {
        self.attempt.as_ref()
    }

    /// The same with an exchange under way.
    pub fn begin_exchange(&self) -> Result<Self, SecretError> {
        let mut random = Zeroizing::new([0; ATTEMPT_BYTES]);
        getrandom::fill(random.as_mut_slice()).map_err(|_| SecretError::Sealing)?;
        let attempt = Some(RefreshSecret::new(BASE64URL_NOPAD.encode(random.as_slice())));
        Ok(Credential { attempt, ..self.clone() })
    }

    /// The same for the site as the connection names it now.
    pub fn bind_to(&self, connection: &Connection) -> Self {
        Credential { binding: connection.binding(), ..self.clone() }
    }

    /// Whether it was given by the site as the connection names it now.
    pub fn belongs_to(&self, connection: &Connection) -> bool {
        self.binding == connection.binding()
    }

    /// Reads what is kept for a connection.
    pub fn load(store: &dyn SecretStore, id: ConnectionId) -> Result<Option<Self>, SecretError> {
        let Some(kept) = store.load(id)? else { return Ok(None) };
        let credential: Credential = serde_json::from_slice(&kept).map_err(|_| SecretError::Damaged)?;
        if credential.version == VERSION { Ok(Some(credential)) } else { Err(SecretError::Damaged) }
    }

    /// Keeps it for a connection.
    pub fn save(&self, store: &dyn SecretStore, id: ConnectionId) -> Result<(), SecretError> {
        let text = Zeroizing::new(serde_json::to_vec(self).map_err(|_| SecretError::Sealing)?);
        store.save(id, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::Place;
    use crate::secrets::tests::Drawer;
    use crate::trust::TlsPolicy;

    fn connection() -> Connection {
        let draft: crate::connections::Draft =
            serde_json::from_str(r#"{"name":"A","colour":"teal","environment":"staging"}"#).unwrap();
        let address = "https://a.example.com".parse().unwrap();
        draft.into_connection(ConnectionId::draw(), Place::Site { address }, TlsPolicy::System)
    }

    #[test]
    fn a_credential_is_read_back_and_prints_nothing_of_itself() {
        let (drawer, connection) = (Drawer::default(), connection());
        let credential = Credential::new(&connection, "wsr_canary".to_owned()).begin_exchange().unwrap();
        credential.save(&drawer, connection.id).unwrap();
        let read = Credential::load(&drawer, connection.id).unwrap().unwrap();
        assert_eq!(read.refresh_token().reveal(), "wsr_canary");
        assert_eq!(read.attempt().unwrap().reveal(), credential.attempt().unwrap().reveal());
        assert_eq!(read.attempt().unwrap().reveal().len(), 43);
        let printed = format!("{read:?}");
        assert!(
            !printed.contains("canary") && !printed.contains(read.attempt().unwrap().reveal()),
            "{printed}"
        );
        assert!(Credential::load(&drawer, ConnectionId::draw()).unwrap().is_none());
        drawer.save(connection.id, b"{}").unwrap();
        assert!(matches!(Credential::load(&drawer, connection.id), Err(SecretError::Damaged)));
    }

    #[test]
    fn a_credential_is_of_no_use_for_another_site_of_the_same_id() {
        let given_by = connection();
        let credential = Credential::new(&given_by, "wsr_1".to_owned());
        assert!(credential.belongs_to(&given_by));
        let elsewhere = Place::Site { address: "https://b.example.com".parse().unwrap() };
        assert!(!credential.belongs_to(&Connection { place: elsewhere, ..given_by.clone() }));
        let fingerprint = "0".repeat(64).parse().unwrap();
        let other_key = TlsPolicy::PinnedKey { fingerprint };
        assert!(!credential.belongs_to(&Connection { tls: other_key, ..given_by.clone() }));
        let name = "B".parse().unwrap();
        assert!(credential.belongs_to(&Connection { name, ..given_by }));
    }
}

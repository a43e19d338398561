//! The site's own secrets: made once, sealed by the master key, shared by every instance.

use waystation_ids::KeyCheck;
use waystation_store::Store;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::StartError;
use crate::random::random_bytes;
use crate::sealing::{Purpose, Sealing, SealingError};

/// Opens only under the master key that the database belongs to.
const MASTER_CHECK: &str = "master_check";
const KEY_CHECK: &str = "key_check";
const ACCESS_TOKENS: &str = "access_tokens";

/// What the site signs and checks with.
#[derive(Clone, Debug)]
pub(crate) struct SiteSecrets {
    /// Makes and reads the check characters of keys.
    pub(crate) key_check: KeyCheck,
    /// Signs access tokens.
    pub(crate) access_tokens: SigningSecret,
}

/// What access tokens are signed with.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct SigningSecret([u8; 32]);

impl SigningSecret {
    /// The secret with these bytes.
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        SigningSecret(bytes)
    }

    /// The secret's bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

impl SiteSecrets {
    /// Reads the site's secrets, making those that are missing. Refuses a database of another master key.
    pub(crate) async fn load_or_create(store: &Store, sealing: &Sealing) -> Result<Self, StartError> {
        load_or_create(store, sealing, MASTER_CHECK).await?;
        let key_check = load_or_create(store, sealing, KEY_CHECK).await?;
        let access_tokens = load_or_create(store, sealing, ACCESS_TOKENS).await?;
        Ok(SiteSecrets {
            key_check: KeyCheck::new(*key_check),
            access_tokens: SigningSecret::new(*access_tokens),
        })
    }
}

/// Whether the database has been sealed already, so that only the right master key fits.
pub(crate) async fn is_sealed(store: &Store) -> Result<bool, StartError> {
    Ok(store.load_secret(MASTER_CHECK).await.map_err(StartError::Database)?.is_some())
}

async fn load_or_create(
    store: &Store,
    sealing: &Sealing,
    name: &str,
) -> Result<Zeroizing<[u8; 32]>, StartError> {
    let stored = match store.load_secret(name).await.map_err(StartError::Database)? {
        Some(sealed) => sealed,
        None => {
            let secret = Zeroizing::new(random_bytes::<32>()?);
            let sealed = sealing.seal(Purpose::SiteSecret, name, secret.as_slice())?;
            // Of several instances that start at once, all go on with the one that was first.
            store.insert_secret_if_absent(name, sealed).await.map_err(StartError::Database)?
        }
    };
    let opened = match sealing.open(Purpose::SiteSecret, name, &stored) {
        Ok(opened) => opened,
        Err(SealingError::Open) => return Err(StartError::WrongMasterKey),
        Err(error) => return Err(error.into()),
    };
    let bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| StartError::WrongMasterKey)?;
    Ok(Zeroizing::new(bytes))
}

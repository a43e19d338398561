//! The token that the first owner is made with: a file in the data folder that only the server's own user can read.

use std::io;
use std::path::Path;

use subtle::ConstantTimeEq;
use waystation_api::time::Time;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::clock::now_ms;
use crate::hex::write_hex;
use crate::random::random_bytes;
use crate::sealing::write_private_file;

const FILE_NAME: &str = "setup-token";
const LASTS_MS: i64 = 60 * 60 * 1_000;

/// The token and when it is of no use any more. It cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct SetupToken {
    text: String,
    expires_at_ms: i64,
}

impl SetupToken {
    /// A new token: 256 random bits in hexadecimal.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let random = Zeroizing::new(random_bytes::<32>()?);
        let text = write_hex(random.as_slice());
        Ok(SetupToken { text, expires_at_ms: now_ms().saturating_add(LASTS_MS) })
    }

    /// The text itself, for the operator's terminal.
    pub(crate) fn reveal(&self) -> &str {
        &self.text
    }

    /// Whether it is the token that was shown; takes the same time whichever it is.
    pub(crate) fn is(&self, shown: &str) -> bool {
        self.text.as_bytes().ct_eq(shown.trim().as_bytes()).into()
    }

    fn write(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n{}\n", self.text, Time::from_unix_ms(self.expires_at_ms)))
    }

    /// What another version, or somebody else, wrote is no token.
    fn read(content: &str) -> Option<Self> {
        let (text, expiry) = content.trim().split_once('\n')?;
        let expires_at: Time = expiry.trim().parse().ok()?;
        let text = text.trim();
        let is_token = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then(|| SetupToken { text: text.to_owned(), expires_at_ms: expires_at.unix_ms() })
    }
}

impl std::fmt::Debug for SetupToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SetupToken(…)")
    }
}

/// Whether a token is of no use any more.
pub(crate) fn has_expired(token: &SetupToken) -> bool {
    let now_ms = now_ms();
    // One that ends too far ahead was made by a clock that was wrong, or by nobody.
    token.expires_at_ms <= now_ms || token.expires_at_ms > now_ms.saturating_add(2 * LASTS_MS)
}

/// The token of a data folder, expired or not.
pub(crate) async fn load_setup_token(data_dir: &Path) -> io::Result<Option<SetupToken>> {
    match tokio::fs::read_to_string(data_dir.join(FILE_NAME)).await {
        Ok(content) => Ok(SetupToken::read(&Zeroizing::new(content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The token of a data folder if it can still be used, or a new one.
pub(crate) async fn load_or_create_setup_token(data_dir: &Path) -> io::Result<SetupToken> {
    match load_setup_token(data_dir).await? {
        Some(token) if !has_expired(&token) => Ok(token),
        _ => create_setup_token(data_dir),
    }
}

/// Makes a new token that takes the place of any before.
pub(crate) fn create_setup_token(data_dir: &Path) -> io::Result<SetupToken> {
    let token = SetupToken::new().map_err(io::Error::other)?;
    // Written beside and then moved there: a half-written file is no token.
    let beside = data_dir.join(format!("{FILE_NAME}.{}", std::process::id()));
    remove_file(&beside)?;
    write_private_file(&beside, token.write().as_bytes())?;
    std::fs::rename(&beside, data_dir.join(FILE_NAME))?;
    Ok(token)
}

/// Takes the token away: there is an owner.
pub(crate) fn remove_setup_token(data_dir: &Path) -> io::Result<()> {
    remove_file(&data_dir.join(FILE_NAME))
}

fn remove_file(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_kept_until_it_expires_and_only_its_user_reads_it() {
        let folder = std::env::temp_dir().join(format!("waystation-setup-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(FILE_NAME);
        let made = load_or_create_setup_token(&folder).await.unwrap();
        assert!(load_or_create_setup_token(&folder).await.unwrap().is(made.reveal()));
        assert!(!has_expired(&made) && !made.is("") && !made.is(&made.reveal()[1..]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let old = SetupToken { text: made.reveal().to_owned(), expires_at_ms: now_ms() - 1 };
        std::fs::write(&path, old.write().as_bytes()).unwrap();
        assert!(has_expired(&load_setup_token(&folder).await.unwrap().unwrap()));
        assert!(!load_or_create_setup_token(&folder).await.unwrap().is(made.reveal()));
        let fresh = create_setup_token(&folder).unwrap();
        assert!(load_or_create_setup_token(&folder).await.unwrap().is(fresh.reveal()));
        for content in ["", "x", "\n\n", fresh.reveal(), &format!("{}\nsoon", fresh.reveal())] {
            std::fs::write(&path, content).unwrap();
            assert!(load_setup_token(&folder).await.unwrap().is_none(), "{content:?}");
        }
        remove_setup_token(&folder).unwrap();
        remove_setup_token(&folder).unwrap();
        assert!(load_setup_token(&folder).await.unwrap().is_none());
        std::fs::remove_dir_all(folder).unwrap();
    }
}

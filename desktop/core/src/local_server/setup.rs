//! The first owner of the server's site, without a browser: whoever runs the app can read its data folder.

use std::io;
use std::path::Path;

use serde::Deserialize;
use thiserror::Error;
use waystation_api::passwords::Password;
use waystation_api::setup::SetupCreate;
use waystation_api::sign_in::{Reception, SignInReply};
use waystation_client::{Client, ClientError};
use zeroize::{Zeroize, Zeroizing};

use crate::calls::http_client;
use crate::connections::{Connection, SiteAddress};
use crate::files::read_file;
use crate::secrets::Credential;
use crate::trust::{TrustError, Watch};

const TOKEN_FILE: &str = "setup-token";
const TOKEN_FILE_BYTES_MAX: u64 = 1024;

/// Who is to own the site. No Debug: nothing may print it by accident.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The address to sign in with.
    pub email: String,
    /// The password to sign in with.
    pub password: String,
    /// What the owner is called.
    #[serde(default)]
    pub display_name: Option<String>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

/// Why the site was not set up.
#[derive(Debug, Error)]
pub enum SetUpError {
    /// The server's setup token could not be read.
    #[error("the setup token could not be read")]
    Token(#[source] io::Error),
    /// There is none: the site has an owner, or is not this server's.
    #[error("there is no setup token: the site has an owner already")]
    NoToken,
    /// A field is not of the form it must have.
    #[error("the {0} cannot be used")]
    Field(&'static str),
    /// The server refused, or was not reached.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// Calls to the server could not be set up.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The server's answer was not expected.
    #[error("the server's answer was not expected")]
    Answer,
}

/// Makes the first owner and gives what this device is known by from then on, to be kept.
pub async fn set_up_site(
    connection: &Connection,
    url: &SiteAddress,
    data_dir: &Path,
    owner: &Owner,
) -> Result<Credential, SetUpError> {
    let token = read_token(data_dir)?;
    let display_name = owner.display_name.as_deref().filter(|name| !name.trim().is_empty());
    let body = SetupCreate {
        token: token.to_string(),
        email: owner.email.parse().map_err(|_| SetUpError::Field("email"))?,
        username: None,
        password: Password::new(owner.password.as_str()),
        display_name: display_name
            .map(|name| name.parse().map_err(|_| SetUpError::Field("display_name")))
            .transpose()?,
        reception: Reception::Tokens,
    };
    // A client of the library's would go through a proxy that the environment names, with the password.
    let http = http_client(&connection.tls, None, &Watch::default())?;
    let reply = Client::over(http, url.as_str(), None)?.complete_setup(&body).await?;
    match reply {
        SignInReply::SignedIn(signed_in) => {
            let tokens = signed_in.tokens.ok_or(SetUpError::Answer)?;
            Ok(Credential::new(connection, tokens.refresh_token))
        }
        SignInReply::SecondFactorRequired(_) => Err(SetUpError::Answer),
    }
}

/// The first line of the file is the token, the second when it ends.
fn read_token(data_dir: &Path) -> Result<Zeroizing<String>, SetUpError> {
    let read = read_file(&data_dir.join(TOKEN_FILE), TOKEN_FILE_BYTES_MAX).map_err(SetUpError::Token)?;
    let read = Zeroizing::new(read.ok_or(SetUpError::NoToken)?);
    let text = std::str::from_utf8(&read).unwrap_or_default();
    let token = text.lines().next().map(str::trim).filter(|token| !token.is_empty());
    token.map(|token| Zeroizing::new(token.to_owned())).ok_or(SetUpError::NoToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_token(folder.path()), Err(SetUpError::NoToken)));
        let path = folder.path().join(TOKEN_FILE);
        std::fs::write(&path, "abc\n2026-11-21T04:00:00.000Z\n").unwrap();
        assert_eq!(read_token(folder.path()).unwrap().as_str(), "abc");
        for content in [&b"\n\n"[..], b"", b"\xff\xff"] {
            std::fs::write(&path, content).unwrap();
            assert!(matches!(read_token(folder.path()), Err(SetUpError::NoToken)));
        }
        std::fs::write(&path, vec![b'a'; 2_000]).unwrap();
        assert!(matches!(read_token(folder.path()), Err(SetUpError::Token(_))));
    }
}

//! From an invitation to a device that is known.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use waystation_api::devices::DevicePair;
use waystation_api::sign_in::SignInReply;
use waystation_client::{Client, ClientError};

use crate::calls::http_client;
use crate::connections::{Connection, ConnectionId, ConnectionName, Draft, Place};
use crate::pairing::PairingLink;
use crate::secrets::Credential;
use crate::trust::{
    Fingerprint, KeyChange, LookError, SeenCertificate, TlsPolicy, TrustError, Watch, look_at_certificate,
};

/// What somebody is asked before this device pairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Where the site is.
    pub address: String,
    /// The host alone, large and to be read.
    pub host: String,
    /// Whether it is on this machine.
    pub is_loopback: bool,
    /// The key that the link names.
    pub expected: Option<Fingerprint>,
    /// The key that the site shows. None where it is reached without TLS.
    pub seen: Option<SeenCertificate>,
    /// Whether pairing may go on: the keys are alike, or there is none to compare and this system believes the site.
    pub may_pair: bool,
    /// By what the site would be known from then on.
    pub tls: Option<TlsPolicy>,
    /// The connection to this address that there is already; it is paired anew.
    pub replaces: Option<Replaced>,
}

/// A connection that is paired anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// Its id, which it keeps.
    pub id: ConnectionId,
    /// What the operator calls it.
    pub name: ConnectionName,
    /// The key that it was known by until now, where it was.
    pub fingerprint: Option<Fingerprint>,
}

impl Replaced {
    fn of(connection: &Connection) -> Self {
        let fingerprint = match &connection.tls {
            TlsPolicy::PinnedKey { fingerprint } => Some(*fingerprint),
            TlsPolicy::System | TlsPolicy::CaFile { .. } => None,
        };
        Replaced { id: connection.id, name: connection.name.clone(), fingerprint }
    }
}

/// What somebody said to a proposal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// How to enter the site.
    pub draft: Draft,
    /// What this device is called at the site.
    pub device_name: String,
    /// Whether to know the site by its key although this system believes it.
    #[serde(default)]
    pub pin_key: bool,
}

/// A device that is known.
#[derive(Debug)]
pub struct Paired {
    /// The connection, to be kept.
    pub connection: Connection,
    /// What the device is known by, to be kept first.
    pub credential: Credential,
    /// Who the device acts for.
    pub email: String,
    /// What that person may do.
    pub role: String,
}

impl PairError {
    /// Whether the code may have been used up, so that another is needed.
    pub fn spends_code(&self) -> bool {
        matches!(self, PairError::Call(_) | PairError::Answer)
    }
}

/// Why a device was not paired.
#[derive(Debug, Error)]
pub enum PairError {
    /// The site's certificate could not be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The site shows another key than the link names, or one that nobody vouches for.
    #[error("the site is not the one that the link was made by")]
    WrongKey,
    /// The key was another one when the code was to be sent.
    #[error("the site's key has changed")]
    KeyChanged(KeyChange),
    /// The policy cannot be followed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The site refused, or was not reached.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// The name that the device was given is none.
    #[error("the device's name cannot be used")]
    DeviceName,
    /// The site asks for a second step, or is another program.
    #[error("the site's answer was not expected")]
    Answer,
}

/// Looks at the site that a link names. `known` is the connection to that address, where there is one.
pub async fn propose(link: &PairingLink, known: Option<&Connection>) -> Result<Proposal, PairError> {
    let seen = match link.address.is_https() {
        true => Some(look_at_certificate(&link.address).await?),
        false => None,
    };
    let may_pair = may_pair(link, seen);
    Ok(Proposal {
        address: link.address.to_string(),
        host: link.address.host().to_owned(),
        is_loopback: link.address.is_loopback(),
        expected: link.fingerprint,
        seen,
        may_pair,
        tls: may_pair.then(|| choose_policy(seen, false)),
        replaces: known.map(Replaced::of),
    })
}

/// Exchanges the code of a link for a credential. Nothing is kept yet. `known` is the connection to that address, where
/// there is one: it keeps its id, and with it its place among the others.
pub async fn pair(
    link: &PairingLink,
    approval: Approval,
    known: Option<&Connection>,
) -> Result<Paired, PairError> {
    let (tls, meanwhile) = match (&approval.draft.proxy, link.address.is_https()) {
        // Behind a proxy nobody can look before; what the link names is believed, else what the system believes.
        (Some(_), true) => {
            let policy = link.fingerprint.map_or(TlsPolicy::System, pinned);
            (policy.clone(), policy)
        }
        (_, true) => {
            let seen = look_at_certificate(&link.address).await?;
            if !may_pair(link, Some(seen)) {
                return Err(PairError::WrongKey);
            }
            // The code goes to the key that was seen, whoever else is believed.
            (choose_policy(Some(seen), approval.pin_key), pinned(seen.fingerprint))
        }
        (_, false) => (TlsPolicy::System, TlsPolicy::System),
    };
    let (id, place) = match known {
        Some(known) => (known.id, known.place.clone()),
        None => (ConnectionId::draw(), Place::Site { address: link.address.clone() }),
    };
    let connection = approval.draft.into_connection(id, place, tls);
    let watch = Watch::default();
    let http = http_client(&meanwhile, connection.proxy_to(&link.address), &watch)?;
    let client = Client::over(http, link.address.as_str(), None)?;
    let device_name = approval.device_name.parse().map_err(|_| PairError::DeviceName)?;
    let body = DevicePair { code: link.code.reveal().to_owned(), device_name: Some(device_name) };
    let reply = match client.pair_device(&body).await {
        Ok(reply) => reply,
        Err(error) => return Err(watch.take().map_or(PairError::Call(error), PairError::KeyChanged)),
    };
    let SignInReply::SignedIn(signed_in) = reply else { return Err(PairError::Answer) };
    let tokens = signed_in.tokens.ok_or(PairError::Answer)?;
    Ok(Paired {
        credential: Credential::new(&connection, tokens.refresh_token),
        connection,
        email: signed_in.user.email.to_string(),
        role: signed_in.user.role.name().to_owned(),
    })
}

fn may_pair(link: &PairingLink, seen: Option<SeenCertificate>) -> bool {
    match (link.fingerprint, seen) {
        (Some(expected), Some(seen)) => expected == seen.fingerprint,
        (None, Some(seen)) => seen.is_trusted,
        // Only this machine is reached without TLS, and then no key is named.
        (expected, None) => expected.is_none() && link.address.is_loopback(),
    }
}

fn pinned(fingerprint: Fingerprint) -> TlsPolicy {
    TlsPolicy::PinnedKey { fingerprint }
}

/// A site that this system believes gets new keys every few months and is known by its name; any other by its key.
fn choose_policy(seen: Option<SeenCertificate>, pin_key: bool) -> TlsPolicy {
    match seen {
        Some(seen) if pin_key || !seen.is_trusted => pinned(seen.fingerprint),
        _ => TlsPolicy::System,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::{Link, read_link};

    fn link(address: &str, fingerprint: Option<Fingerprint>) -> PairingLink {
        let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string()).unwrap_or_default();
        let address = address.replace(':', "%3A").replace('/', "%2F");
        let text = format!("waystation://pair?u={address}&c={}&fp={fingerprint}", "c".repeat(43));
        match read_link(&text).unwrap() {
            Link::Pair(link) => link,
            Link::Open(target) => panic!("{target:?}"),
        }
    }

    #[test]
    fn only_a_key_that_was_named_or_is_believed_is_paired_with() {
        let (key, other) = (Fingerprint::of_key(b"key"), Fingerprint::of_key(b"other"));
        let seen = |fingerprint, is_trusted| Some(SeenCertificate { fingerprint, is_trusted });
        let site = "https://ai.example.com";
        assert!(may_pair(&link(site, Some(key)), seen(key, false)));
        assert!(may_pair(&link(site, Some(key)), seen(key, true)));
        assert!(!may_pair(&link(site, Some(key)), seen(other, false)));
        // Also where the system would believe it: somebody may have got a certificate for the name.
        assert!(!may_pair(&link(site, Some(key)), seen(other, true)));
        assert!(may_pair(&link(site, None), seen(other, true)));
        assert!(!may_pair(&link(site, None), seen(other, false)));
        assert!(may_pair(&link("http://127.0.0.1:8787", None), None));
        assert!(!may_pair(&link(site, Some(key)), None));
    }

    #[test]
    fn a_site_that_nobody_vouches_for_is_known_by_its_key() {
        let fingerprint = Fingerprint::of_key(b"key");
        let seen = |is_trusted| Some(SeenCertificate { fingerprint, is_trusted });
        assert_eq!(choose_policy(seen(false), false), pinned(fingerprint));
        assert_eq!(choose_policy(seen(true), false), TlsPolicy::System);
        assert_eq!(choose_policy(seen(true), true), pinned(fingerprint));
        assert_eq!(choose_policy(None, true), TlsPolicy::System);
    }
}

//! What an authenticator says about itself and what it made (Web Authentication, Level 3, section 6.1).

use crate::webauthn::cbor::{Value, read_value};
use crate::webauthn::public_key::PublicKey;

/// Web Authentication, Level 3, section 7.1: a longer name is refused.
const CREDENTIAL_ID_LENGTH_MAX: usize = 1_023;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What an authenticator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'a> {
    /// SHA-256 of the host name that it answered for.
    pub(super) rp_id_hash: &'a [u8; 32],
    /// Counts the uses of a passkey, or is always zero.
    pub(super) counter: u32,
    /// What was made, if something was.
    pub(super) made: Option<MadeCredential<'a>>,
    flags: u8,
}

/// What an authenticator made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MadeCredential<'a> {
    /// Its name for it.
    pub(super) id: &'a [u8],
    /// The public key; none: of an algorithm that was not asked for.
    pub(super) public_key: Option<PublicKey>,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of the bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let (made, rest) = match flags & HAS_CREDENTIAL {
            0 => (None, rest),
            _ => read_credential(rest).map(|(made, rest)| (Some(made), rest))?,
        };
        let rest = match flags & HAS_EXTENSIONS {
            0 => rest,
            _ => match read_value(rest)? {
                (Value::Map(_), rest) => rest,
                _ => return None,
            },
        };
        let data =
            AuthenticatorData { rp_id_hash, counter: u32::from_be_bytes(*counter), made, flags: *flags };
        // What cannot be copied has no copy.
        let is_sound = data.is_backup_eligible() || !data.is_backed_up();
        (rest.is_empty() && is_sound).then_some(data)
    }

    /// Whether somebody was there, and showed to the authenticator that it is theirs.
    pub(super) fn is_user_verified(&self) -> bool {
        let needed = USER_PRESENT | USER_VERIFIED;
        self.flags & needed == needed
    }

    /// Whether the authenticator may copy the passkey to elsewhere. That never changes.
    pub(super) fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// Whether there is a copy.
    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

fn read_credential(bytes: &[u8]) -> Option<(MadeCredential<'_>, &[u8])> {
    // The make of the authenticator comes first. It is not asked for, and nothing vouches for it.
    let (_, rest) = bytes.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    if !(1..=CREDENTIAL_ID_LENGTH_MAX).contains(&length) {
        return None;
    }
    let (id, rest) = rest.split_at_checked(length)?;
    let (key, rest) = read_value(rest)?;
    Some((MadeCredential { id, public_key: PublicKey::from_cose(&key) }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(flags: u8) -> Vec<u8> {
        [&[9; 32][..], &[flags], &[0, 0, 1, 2]].concat()
    }

    #[test]
    fn what_is_said_is_read_to_its_end() {
        let plain = head(USER_PRESENT | USER_VERIFIED);
        let data = AuthenticatorData::read(&plain).unwrap();
        assert_eq!((data.rp_id_hash, data.counter, data.is_user_verified()), (&[9; 32], 258, true));
        assert_eq!((data.is_backup_eligible(), data.is_backed_up()), (false, false));
        for length in 0..plain.len() {
            assert_eq!(AuthenticatorData::read(&plain[..length]), None, "{length}");
        }
        assert_eq!(AuthenticatorData::read(&[&plain[..], &[0]].concat()), None);
        let extended = [&head(USER_PRESENT | HAS_EXTENSIONS)[..], &[0xa0]].concat();
        assert!(AuthenticatorData::read(&extended).is_some_and(|data| !data.is_user_verified()));
        assert_eq!(AuthenticatorData::read(&head(USER_PRESENT | HAS_EXTENSIONS)), None);
    }

    #[test]
    fn what_cannot_be_copied_has_no_copy() {
        assert_eq!(AuthenticatorData::read(&head(USER_PRESENT | BACKED_UP)), None);
        let copied = head(USER_PRESENT | BACKUP_ELIGIBLE | BACKED_UP);
        assert!(AuthenticatorData::read(&copied).is_some_and(|data| data.is_backed_up()));
    }

    #[test]
    fn a_credential_is_read_where_one_is_announced() {
        let credential = |id: &[u8], key: &[u8]| {
            let length = u16::try_from(id.len()).unwrap().to_be_bytes();
            [&head(USER_PRESENT | HAS_CREDENTIAL)[..], &[0; 16], &length, id, key].concat()
        };
        // A key of no algorithm that is known is none, but it is read.
        let bytes = credential(&[5; 8], &[0xa0]);
        let made = AuthenticatorData::read(&bytes).unwrap().made.unwrap();
        assert_eq!((made.id, made.public_key), (&[5; 8][..], None));
        for bytes in [credential(&[], &[0xa0]), credential(&[5; 1_024], &[0xa0]), credential(&[5; 8], &[])] {
            assert_eq!(AuthenticatorData::read(&bytes), None);
        }
        assert_eq!(AuthenticatorData::read(&head(USER_PRESENT | HAS_CREDENTIAL)), None);
    }
}

//! Passwords: which are taken, and how they are stored and compared. What is stored is Argon2id with a salt of its own.

mod commonest;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use waystation_api::error::{ErrorCode, FieldCode};
use waystation_api::passwords::Password;
use waystation_ids::Email;
use zeroize::Zeroizing;

use crate::error::{ApiError, StartError};
use crate::passwords::commonest::is_common;

/// The fewest characters of a password.
pub(crate) const PASSWORD_LENGTH_MIN: usize = 10;
/// The most bytes of a password.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1_024;
/// A shorter part of an address is in many a good password by chance.
const LOCAL_PART_LENGTH_MIN: usize = 3;
/// A hash takes a core and 19 MiB for tens of milliseconds: however many sign in at once, two are made at a time.
const HASHES_AT_ONCE: usize = 2;
/// Whoever has not had a turn by then is told to come again.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// A hash that no password has, of the parameters that others have: it is compared with where there is none.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$\
                            bm9ib2R5J3MgaGFzaCwgb2YgMzIgYnl0ZXMgLi4uLi4";

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum WeakPassword {
    /// It has too few characters.
    #[error("a password has at least 10 characters")]
    Short,
    /// It has too many bytes.
    #[error("a password has at most 1024 bytes")]
    Long,
    /// Everybody tries it.
    #[error("this password is one of the commonest; choose another")]
    Common,
    /// It holds the address.
    #[error("a password must not hold the part of the address before the @")]
    LikeAddress,
}

impl WeakPassword {
    /// The code of a field that holds it.
    const fn code(self) -> FieldCode {
        match self {
            WeakPassword::Short => FieldCode::TooShort,
            WeakPassword::Long => FieldCode::TooLong,
            WeakPassword::Common => FieldCode::TooCommon,
            WeakPassword::LikeAddress => FieldCode::LikeAddress,
        }
    }
}

/// Checks a password that somebody chooses; the address, where it is known, must not be in it.
pub(crate) fn check_password(password: &str, email: Option<&Email>) -> Result<(), WeakPassword> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(WeakPassword::Long);
    }
    if password.chars().count() < PASSWORD_LENGTH_MIN {
        return Err(WeakPassword::Short);
    }
    let lower = Zeroizing::new(password.to_lowercase());
    let local = email.map(Email::local_part).filter(|local| local.len() >= LOCAL_PART_LENGTH_MIN);
    if local.is_some_and(|local| lower.contains(local)) {
        return Err(WeakPassword::LikeAddress);
    }
    if is_common(&lower) { Err(WeakPassword::Common) } else { Ok(()) }
}

/// The same for a field of a body.
pub(crate) fn check_password_field(
    field: &str,
    password: &Password,
    email: Option<&Email>,
) -> Result<(), ApiError> {
    check_password(password.reveal(), email)
        .map_err(|weakness| ApiError::field(field, weakness.code(), weakness.to_string()))
}

/// What is stored instead of a password. Takes tens of milliseconds of a core, which is its purpose; a server asks
/// [`Passwords`] instead.
pub(crate) fn hash_password(password: &str) -> Result<String, StartError> {
    hasher()
        .hash_password(password.as_bytes())
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|_| StartError::Password)
}

/// What comparing a password said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// It is another one, or there is none.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and its hash was made with other parameters than new ones.
    RightButOutdated,
}

/// Hashes and compares passwords, so few at a time that the server has time for everything else.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords { turns: Arc::new(Semaphore::new(HASHES_AT_ONCE)) }
    }
}

impl Passwords {
    /// What is stored instead of a password.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String, ApiError> {
        let password = password.clone();
        self.in_turn(move || hash_password(password.reveal())).await?.map_err(ApiError::internal)
    }

    /// Compares a password with what is stored; takes as long where nothing is.
    pub(crate) async fn compare(
        &self,
        password: &Password,
        stored: Option<&str>,
    ) -> Result<Compared, ApiError> {
        let (password, stored) = (password.clone(), stored.map(str::to_owned));
        self.in_turn(move || compare(password.reveal(), stored.as_deref())).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || {
            ApiError::new(ErrorCode::Unavailable, "Too many people sign in at this moment. Try again soon.")
        };
        let turn = timeout(TURN_TIMEOUT, self.turns.clone().acquire_owned()).await.map_err(|_| busy())?;
        let turn = turn.map_err(ApiError::internal)?;
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            // Kept to the end of the work, also where nobody waits for it any more.
            drop(turn);
            done
        });
        working.await.map_err(ApiError::internal)
    }
}

fn compare(password: &str, stored: Option<&str>) -> Compared {
    // A hash that cannot be read is nobody's.
    let known = stored.and_then(|stored| PasswordHash::new(stored).ok());
    let is_known = known.is_some();
    let Some(hash) = known.or_else(|| PasswordHash::new(NOBODYS_HASH).ok()) else { return Compared::Wrong };
    let is_right = password.len() <= PASSWORD_BYTES_MAX
        && hasher().verify_password(password.as_bytes(), &hash).is_ok()
        && is_known;
    match (is_right, is_current(&hash)) {
        (false, _) => Compared::Wrong,
        (true, true) => Compared::Right,
        (true, false) => Compared::RightButOutdated,
    }
}

fn is_current(hash: &PasswordHash) -> bool {
    let params = parameters();
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && Params::try_from(hash).is_ok_and(|found| {
            (found.m_cost(), found.t_cost(), found.p_cost())
                == (params.m_cost(), params.t_cost(), params.p_cost())
        })
}

/// 19 MiB, two passes, one lane: the least that OWASP's Password Storage Cheat Sheet asks for, written out here so
/// that it changes when we want it to.
fn parameters() -> Params {
    Params::new(19 * 1_024, 2, 1, None).unwrap_or(Params::DEFAULT)
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), WeakPassword> {
        check_password(password, Some(&"Ann.Lee@example.org".parse().unwrap()))
    }

    #[test]
    fn a_password_that_is_short_long_common_or_like_the_address_is_refused() {
        assert_eq!(check("correct horse"), Ok(()));
        assert_eq!(check("十个字的密码也可以用"), Ok(()));
        assert_eq!(check("123456789"), Err(WeakPassword::Short));
        assert_eq!(check(&"长".repeat(342)), Err(WeakPassword::Long));
        assert_eq!(check(&"ab".repeat(512)), Ok(()));
        for common in ["1234567890", "Password123", "qwertyuiop", "aaaaaaaaaaaa", "ILOVEYOU123"] {
            assert_eq!(check(common), Err(WeakPassword::Common), "{common}");
        }
        assert_eq!(check("my ANN.LEE password"), Err(WeakPassword::LikeAddress));
        // Two letters are in anything.
        assert_eq!(check_password("abcabd and so on", Some(&"ab@example.org".parse().unwrap())), Ok(()));
    }

    #[test]
    fn only_the_password_itself_fits_its_hash() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(compare("correct horse", Some(&hash)), Compared::Right);
        for wrong in ["correct horsf", "correct horse ", "Correct horse", ""] {
            assert_eq!(compare(wrong, Some(&hash)), Compared::Wrong, "{wrong:?}");
        }
        for stored in [None, Some("not a hash"), Some(NOBODYS_HASH)] {
            assert_eq!(compare("correct horse", stored), Compared::Wrong);
        }
    }

    #[test]
    fn the_hash_of_nobody_costs_what_others_do() {
        assert!(is_current(&PasswordHash::new(NOBODYS_HASH).unwrap()));
    }

    #[test]
    fn a_hash_of_other_parameters_is_right_but_outdated() {
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let hash: PasswordHash = cheap.hash_password(b"correct horse").unwrap();
        assert_eq!(compare("correct horse", Some(&hash.to_string())), Compared::RightButOutdated);
        assert_eq!(compare("another horse", Some(&hash.to_string())), Compared::Wrong);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_passwords_are_compared_at_a_time_and_the_rest_waits() {
        let passwords = Passwords::default();
        let turns = passwords.turns.clone().acquire_many_owned(2).await.unwrap();
        let waiting = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.compare(&Password::new("correct horse"), None).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(turns);
        assert_eq!(waiting.await.unwrap().unwrap(), Compared::Wrong);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gets_no_turn_is_told_to_come_again() {
        let passwords = Passwords::default();
        let _turns = passwords.turns.clone().acquire_many_owned(2).await.unwrap();
        let refused = passwords.compare(&Password::new("correct horse"), None).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unavailable);
    }
}

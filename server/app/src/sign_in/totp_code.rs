//! Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which is what all apps
//! know.

use std::fmt::Write;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::random::random_bytes;

/// As long as the hash, as RFC 4226, section 4, recommends.
const SECRET_LENGTH: usize = 20;
const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;
/// A clock may be so many steps off, either way.
const STEPS_OFF: i64 = 1;

/// The secret that an authenticator app makes its codes with. It cannot be printed by accident.
#[derive(Clone)]
pub(super) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// A new secret.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        Ok(TotpSecret(Zeroizing::new(random_bytes::<SECRET_LENGTH>()?.to_vec())))
    }

    /// The secret with these bytes.
    pub(super) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        TotpSecret(bytes)
    }

    /// Its bytes, to be sealed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret for typing in.
    pub(super) fn text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What a QR code holds for authenticator apps.
    pub(super) fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent_encode(issuer), percent_encode(account));
        let secret = self.text();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={}",
            STEP_MS / 1_000
        )
    }

    /// The time step that a code belongs to, if it is one of this moment. It takes as long for a wrong code.
    pub(super) fn find_step(&self, code: &str, now_ms: i64) -> Option<i64> {
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        let now = now_ms.div_euclid(STEP_MS);
        let mut found = None;
        for step in now - STEPS_OFF..=now + STEPS_OFF {
            let right = format!("{:0DIGITS$}", self.value(step)? % 10_u32.pow(DIGITS as u32));
            if bool::from(right.as_bytes().ct_eq(code.as_bytes())) {
                found = Some(step);
            }
        }
        found
    }

    /// What an authenticator app shows at a time.
    #[cfg(test)]
    pub(super) fn code_at(&self, now_ms: i64) -> String {
        format!("{:0DIGITS$}", self.value(now_ms.div_euclid(STEP_MS)).unwrap() % 1_000_000)
    }

    /// The number of a step before it is cut to its digits (RFC 4226, section 5.3).
    fn value(&self, step: i64) -> Option<u32> {
        let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0).ok()?;
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash[19] & 15);
        let bytes = hash[offset..].first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes) & 0x7fff_ffff)
    }
}

/// RFC 3986, section 2.1: everything but what stands for itself.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1: eight digits, of which six are shown here.
        for (seconds, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = seconds / 30;
            assert_eq!(secret().value(step).unwrap() % 100_000_000, eight_digits, "{seconds}");
            let code = secret().code_at(seconds * 1_000);
            assert_eq!(code, format!("{:06}", eight_digits % 1_000_000));
            assert_eq!(secret().find_step(&code, seconds * 1_000), Some(step));
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let now_ms = 1_234_567_890_000;
        let step = now_ms / STEP_MS;
        for off in -4..=4 {
            let code = secret().code_at(now_ms + off * STEP_MS);
            let expected = (off.abs() <= STEPS_OFF).then_some(step + off);
            assert_eq!(secret().find_step(&code, now_ms), expected, "{off}");
        }
    }

    #[test]
    fn a_code_is_six_digits_with_or_without_spaces() {
        let now_ms = 1_111_111_109_000;
        let find = |code: &str| secret().find_step(code, now_ms).is_some();
        assert!(find("081804") && find("081 804") && find(" 081804\n"));
        for code in ["", "81804", "0081804", "07081804", "08180x", "٠٨١٨٠٤", "081804,081804"] {
            assert!(!find(code), "{code}");
        }
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        assert_eq!(
            secret().uri("Way station", "ann+a@example.org"),
            "otpauth://totp/Way%20station:ann%2Ba%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Way%20station&algorithm=SHA1&digits=6&period=30"
        );
        assert_ne!(TotpSecret::new().unwrap().text(), TotpSecret::new().unwrap().text());
    }
}

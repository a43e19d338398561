//! The readers of credentials: a key is taken as it stands, and a text that is no key of the site is none.

use http::{HeaderMap, HeaderName, HeaderValue};
use waystation_ids::{KeyCheck, KeyId, KeyPrefix, UserId};
use waystation_relay::{IpNetwork, UpstreamUrl, credential_of};

const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "x-api-key", "x-goog-api-key"];

/// The bytes are the lines of a request's head.
pub(super) fn check(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        check_text(value);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let Some(credential) = credential_of(&headers) else {
        return;
    };
    assert!(!credential.contains(|letter: char| letter.is_control() && letter != '\t'), "{credential:?}");
    let stands_somewhere = CREDENTIAL_HEADERS
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .any(|value| value.to_str().is_ok_and(|text| text.ends_with(&credential)));
    assert!(stands_somewhere, "a key from nowhere: {credential:?}");
    check_key(&credential);
}

fn check_text(value: &[u8]) {
    let Ok(text) = std::str::from_utf8(value) else {
        return;
    };
    check_key(text);
    check_key(text.rsplit(' ').next().unwrap_or_default());
    if let Ok(id) = text.parse::<UserId>() {
        assert_eq!(id.to_string(), text, "two spellings of one id");
        assert!(text.parse::<KeyId>().is_err(), "an id of two kinds");
    }
    if let (Ok(network), Some((address, _))) = (text.parse::<IpNetwork>(), text.split_once('/'))
        && let Ok(address) = address.parse()
    {
        assert!(network.contains(address), "a network without its own address: {text:?}");
    }
    if let Ok(url) = text.parse::<UpstreamUrl>() {
        let again = url.base().as_str().parse::<UpstreamUrl>();
        assert!(again.is_ok_and(|again| again == url), "an address that reads differently: {text:?}");
    }
}

/// Whatever passes has the shape of a key, and shows nothing of itself.
fn check_key(text: &str) {
    let check = KeyCheck::new([7; 32]);
    let prefixes = ["sk-", "team_"].map(|text| KeyPrefix::try_from(text).expect("a good prefix"));
    let Ok(secret) = check.read_secret(text, &prefixes) else {
        return;
    };
    assert_eq!(secret.reveal(), text, "a key was changed");
    let body = text.strip_prefix("sk-").or_else(|| text.strip_prefix("team_")).expect("a prefix of the site");
    assert!(body.len() == 32 && body.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text:?}");
    assert!(!format!("{secret:?}").contains(body), "a key prints itself");
    assert!(!secret.preview().as_str().contains(&body[4..28]), "a preview shows the key");
}

#[cfg(test)]
mod tests {
    use waystation_ids::{KeyCheck, KeyPrefix};

    /// Without a real key among the seeds, the promises about keys would never be tried.
    #[test]
    fn the_seeds_hold_keys_of_the_site() {
        let check = KeyCheck::new([7; 32]);
        let random: Vec<u8> = (0..64).map(|number: u8| number.wrapping_mul(37)).collect();
        for (prefix, seed) in [
            ("sk-", include_str!("../../seeds/credential/bearer")),
            ("team_", include_str!("../../seeds/credential/others")),
        ] {
            let key = check.create_secret(&KeyPrefix::try_from(prefix).unwrap(), &random).unwrap();
            assert!(seed.contains(key.reveal()), "{}", key.reveal());
        }
    }
}

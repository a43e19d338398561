//! Taking secrets out of what is written down: logs and diagnostics.

/// What begins a secret, by which it is known in any text.
const BEGINNINGS: [&str; 9] =
    ["wsr_", "prf_", "sk-", "eyJ", "Bearer ", "bearer ", "waystation://pair?", "token=", "password="];

/// What stands for a secret.
const HIDDEN: &str = "[hidden]";

/// A secret is at least so long; shorter it is a word.
const LENGTH_MIN: usize = 8;

/// The same text without what looks like a secret. What is cut is known by how it begins; the app's own code writes no
/// secret anywhere, so this is for what others say: the server's log, a library's error.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((place, beginning)) = first_beginning(rest) {
        let after = &rest[place + beginning.len()..];
        let end = after.find(|letter| !is_secret_letter(letter, beginning)).unwrap_or(after.len());
        out.push_str(&rest[..place + beginning.len()]);
        if end >= LENGTH_MIN || beginning.ends_with(['=', '?', ' ']) && end > 0 {
            out.push_str(HIDDEN);
        } else {
            out.push_str(&after[..end]);
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

fn first_beginning(text: &str) -> Option<(usize, &'static str)> {
    BEGINNINGS.iter().filter_map(|beginning| Some((text.find(beginning)?, *beginning))).min()
}

fn is_secret_letter(letter: char, beginning: &str) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(letter, '-' | '_' | '.' | '+' | '/' | '~')
        // Of a pairing link everything goes.
        || beginning.ends_with('?') && matches!(letter, '=' | '&' | '%' | ':')
        || letter == '='
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_every_kind_are_taken_out_and_the_rest_stays() {
        for (text, left) in [
            ("nothing to hide: 200 ok", "nothing to hide: 200 ok"),
            ("Authorization: Bearer abc.def-123", "Authorization: Bearer [hidden]"),
            ("got wsr_ses_06ft3r5yx1v2_canary!", "got wsr_[hidden]!"),
            ("key sk-CANARYcanary0123, next", "key sk-[hidden], next"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.x-y", "eyJ[hidden]"),
            (
                "open waystation://pair?u=https%3A%2F%2Fa&c=canary&fp= now",
                "open waystation://pair?[hidden] now",
            ),
            ("?token=a&password=b c", "?token=[hidden]&password=[hidden] c"),
            ("a task-list, sk-ip and wsr_", "a task-list, sk-ip and wsr_"),
            ("密钥 sk-CANARYcanary0123。", "密钥 sk-[hidden]。"),
            ("", ""),
        ] {
            assert_eq!(redact(text), left, "{text}");
        }
    }
}

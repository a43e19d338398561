//! The table of what may be asked, made from the description of the management API when the app is built.

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// Its name, as in the description.
    pub(super) id: &'static str,
    /// The HTTP method.
    pub(super) method: &'static str,
    /// Its path.
    pub(super) parts: &'static [Part],
    /// The names that its query may have.
    pub(super) query: &'static [&'static str],
    /// Whether it has a body.
    pub(super) has_body: bool,
    /// Whether it takes an idempotency key.
    pub(super) is_once: bool,
    /// What it does to the site.
    pub(super) effect: Effect,
    /// What it answers.
    pub(super) answer: AnswerKind,
}

/// A part of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Always the same.
    Word(&'static str),
    /// The caller's, such as an id.
    Value,
}

/// What an operation does to the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// It changes something.
    Change,
}

/// What an operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerKind {
    /// JSON, for the window.
    Json,
    /// CSV, for a file.
    Csv,
    /// JSON, for a file.
    JsonFile,
}

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

impl Operation {
    /// The operation of a method and a path, and the path's parts. A part of the caller's has the letters of ids and
    /// no others, so that it cannot mean anything but itself.
    pub(super) fn find<'a>(method: &str, path: &'a str) -> Option<(&'static Operation, Vec<&'a str>)> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let found = OPERATIONS
            .iter()
            .filter(|operation| operation.method == method && operation.parts.len() == parts.len())
            .filter(|operation| operation.parts.iter().zip(&parts).all(|(part, text)| part.takes(text)))
            // A word goes before a value that may be anything.
            .max_by_key(|operation| operation.parts.iter().filter(|part| **part != Part::Value).count())?;
        Some((found, parts))
    }

    /// The operation of that name.
    pub(super) fn named(id: &str) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|operation| operation.id == id)
    }
}

impl Part {
    fn takes(&self, text: &str) -> bool {
        match self {
            Part::Word(word) => *word == text,
            Part::Value => {
                let is_plain = text.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'@')
                });
                is_plain && (1..=128).contains(&text.len()) && !text.bytes().all(|byte| byte == b'.')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(method: &str, path: &str) -> Option<&'static str> {
        Operation::find(method, path).map(|(operation, _)| operation.id)
    }

    #[test]
    fn what_the_console_asks_for_is_known() {
        assert_eq!(id("GET", "/api/admin/users"), Some("list_users"));
        assert_eq!(id("GET", "/api/admin/users/usr_06ft3r5yx1v2"), Some("show_user"));
        assert_eq!(id("POST", "/api/admin/users/usr_1/adjustments"), Some("create_adjustment"));
        // A word is not taken for an id.
        assert_eq!(id("GET", "/api/admin/models/unpriced"), Some("list_unpriced_models"));
        assert_eq!(id("GET", "/api/admin/models/mdl_1"), Some("show_model"));
        assert!(OPERATIONS.len() > 80, "{}", OPERATIONS.len());
    }

    #[test]
    fn nothing_that_gives_or_takes_a_session_is_offered() {
        for (method, path) in [
            ("POST", "/api/auth/login"),
            ("POST", "/api/auth/logout"),
            ("POST", "/api/auth/refresh"),
            ("POST", "/api/auth/pair"),
            ("POST", "/api/auth/second-factor"),
            ("POST", "/api/auth/passkeys/finish"),
            ("POST", "/api/auth/password-reset/confirm"),
            ("POST", "/api/auth/oauth/google/start"),
            ("GET", "/api/auth/oauth/google/callback"),
            ("POST", "/api/setup"),
        ] {
            assert_eq!(id(method, path), None, "{method} {path}");
        }
        assert_eq!(id("POST", "/api/auth/proof"), Some("create_proof"));
    }

    #[test]
    fn a_path_that_is_not_in_the_table_is_unknown() {
        for path in [
            "",
            "/",
            "api/admin/users",
            "/api/admin/users/",
            "/api//admin/users",
            "/api/admin/users/..",
            "/api/admin/users/.",
            "/api/admin/users/%2e%2e",
            "/api/admin/users/usr_1/../../me",
            "/api/admin/users/usr_1%2Fkeys",
            "/api/admin/users/usr 1",
            "/api/admin/users/usr_1?x=1",
            "/api/admin/users/usr_1#x",
            "/api/admin/users/é",
            "//evil.example/api/admin/users",
            "https://evil.example/api/admin/users",
            "/v1/chat/completions",
            "/metrics",
            "/healthz",
        ] {
            assert_eq!(id("GET", path), None, "{path}");
        }
        assert_eq!(id("get", "/api/admin/users"), None);
        assert_eq!(id("PUT", "/api/admin/users"), None);
        assert_eq!(id("GET", &format!("/api/admin/users/{}", "a".repeat(129))), None);
    }

    #[test]
    fn whatever_may_change_a_site_counts_as_a_change() {
        for operation in OPERATIONS {
            let is_read = operation.method == "GET"
                || operation.id.starts_with("test_")
                || operation.id == "fetch_models";
            let is_proof = operation.id.ends_with("_proof");
            assert_eq!(operation.effect == Effect::None, is_read || is_proof, "{}", operation.id);
        }
    }
}

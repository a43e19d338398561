//! How people prove who they are: outside identities, mailed links, second factors, and what is under way.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    bytes, create_tables, flag, id, index, long_text, number, optional_bytes, optional_id, optional_number,
    optional_text, table, text, unique_index,
};

create_tables!(
    [
        "identities",
        "mailed_links",
        "invites",
        "totp_secrets",
        "recovery_codes",
        "passkeys",
        "pending_sign_ins"
    ],
    |manager| {
        let identities = table(manager, "identities")
            .col(id("id").primary_key())
            .col(id("user_id"))
            // The provider's name in the settings when it was linked; what counts is issuer and subject.
            .col(text("provider", 64))
            .col(text("issuer", 255))
            .col(text("subject", 255))
            // As the provider showed it last.
            .col(optional_text("email", 254))
            .col(number("created_at_ms"))
            .col(optional_number("last_used_at_ms"))
            .to_owned();
        // A link that was mailed, known by the hash of its token.
        let mailed_links = table(manager, "mailed_links")
            .col(bytes("hash", 32).primary_key())
            // verify, reset.
            .col(text("purpose", 16))
            .col(id("user_id"))
            .col(text("email", 254))
            .col(number("created_at_ms"))
            .col(number("expires_at_ms"))
            .col(optional_number("used_at_ms"))
            .to_owned();
        let invites = table(manager, "invites")
            .col(id("id").primary_key())
            .col(bytes("hash", 32))
            // Only this address may use it, where there is one.
            .col(optional_text("email", 254))
            .col(id("created_by"))
            .col(number("created_at_ms"))
            .col(number("expires_at_ms"))
            .col(optional_id("used_by"))
            .col(optional_number("used_at_ms"))
            .col(optional_number("revoked_at_ms"))
            .to_owned();
        let totp_secrets = table(manager, "totp_secrets")
            .col(id("user_id").primary_key())
            .col(bytes("sealed", 256))
            .col(number("created_at_ms"))
            // Until then it is being set up and asked for by nobody.
            .col(optional_number("confirmed_at_ms"))
            // A code is taken once: the time step of the last one.
            .col(number("last_step"))
            .to_owned();
        let recovery_codes = table(manager, "recovery_codes")
            .col(bytes("hash", 32).primary_key())
            .col(id("user_id"))
            .col(number("created_at_ms"))
            .col(optional_number("used_at_ms"))
            .to_owned();
        let passkeys = table(manager, "passkeys")
            .col(id("id").primary_key())
            .col(id("user_id"))
            // SHA-256 of the credential's id, which may be long.
            .col(bytes("credential_hash", 32))
            // The credential with its counter, as JSON.
            .col(long_text("credential"))
            // As the authenticator said last: whether there is a copy elsewhere.
            .col(flag("is_backed_up"))
            .col(text("name", 64))
            .col(number("created_at_ms"))
            .col(optional_number("last_used_at_ms"))
            .to_owned();
        // A step of a sign-in or a proof that is under way, known by the hash of its token: what an identity provider
        // will answer, a second factor that is asked for, a passkey's challenge, a pairing code.
        let pending = table(manager, "pending_sign_ins")
            .col(bytes("hash", 32).primary_key())
            .col(text("kind", 32))
            .col(optional_id("user_id"))
            .col(optional_id("session_id"))
            // Hash of what binds it to one browser.
            .col(optional_bytes("browser_hash", 32))
            // What the next step needs, sealed JSON.
            .col(bytes("state", 8_192))
            .col(number("tries"))
            .col(flag("is_done"))
            .col(number("created_at_ms"))
            .col(number("expires_at_ms"))
            .to_owned();
        (
            vec![identities, mailed_links, invites, totp_secrets, recovery_codes, passkeys, pending],
            vec![
                unique_index("identities_subject", "identities", &["issuer", "subject"]),
                index("identities_user", "identities", &["user_id"]),
                index("mailed_links_user", "mailed_links", &["user_id", "created_at_ms"]),
                unique_index("invites_hash", "invites", &["hash"]),
                index("recovery_codes_user", "recovery_codes", &["user_id"]),
                unique_index("passkeys_credential", "passkeys", &["credential_hash"]),
                index("passkeys_user", "passkeys", &["user_id"]),
                index("pending_sign_ins_expires", "pending_sign_ins", &["expires_at_ms"]),
                index("pending_sign_ins_user", "pending_sign_ins", &["user_id"]),
            ],
        )
    }
);

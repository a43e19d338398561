//! A real Secret Service. `desktop/tests/keyring.sh` starts one of its own for this; never the one of whoever tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test by panicking"
)]

use std::process::Command;

use waystation_desktop::connections::{ConnectionId, Draft, Place};
use waystation_desktop::secrets::{
    Credential, Cupboard, Keyring, SecretError, SecretStore, SecretsCondition, SecretsPlace,
};
use waystation_desktop::trust::TlsPolicy;

/// Calls of the Secret Service that a person would make by the keyring's own program.
fn call(arguments: &[&str]) -> String {
    let ran = Command::new("gdbus")
        .args(["call", "--session", "--dest", "org.freedesktop.secrets"])
        .args(arguments)
        .output()
        .expect("gdbus runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_secret_is_kept_replaced_and_forgotten_by_the_keyring() {
    let (keyring, id) = (Keyring::open().unwrap(), ConnectionId::draw());
    assert!(keyring.load(id).unwrap().is_none());
    let draft: Draft =
        serde_json::from_str(r#"{"name":"A","colour":"teal","environment":"staging"}"#).unwrap();
    let place = Place::Site { address: "https://a.example.com".parse().unwrap() };
    let connection = draft.into_connection(id, place, TlsPolicy::System);
    Credential::new(&connection, "wsr_first".to_owned()).save(&keyring, id).unwrap();
    Credential::new(&connection, "wsr_second".to_owned()).save(&keyring, id).unwrap();
    // Another part of the app, as after a restart, sees the second.
    let kept = Credential::load(&Keyring::open().unwrap(), id).unwrap().unwrap();
    assert_eq!(kept.refresh_token().reveal(), "wsr_second");
    assert!(keyring.load(ConnectionId::draw()).unwrap().is_none());
    keyring.delete(id).unwrap();
    keyring.delete(id).unwrap();
    assert!(keyring.load(id).unwrap().is_none());
}

#[test]
fn a_keyring_that_began_anew_is_found_again() {
    let (keyring, id) = (Keyring::open().unwrap(), ConnectionId::draw());
    keyring.save(id, b"wsr_canary").unwrap();
    let bus =
        ["call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus"];
    let ask = |method: &str| {
        let method = format!("org.freedesktop.DBus.{method}");
        let ran =
            Command::new("gdbus").args(bus).args(["--method", &method, "org.freedesktop.secrets"]).output();
        String::from_utf8(ran.unwrap().stdout).unwrap()
    };
    let told = ask("GetConnectionUnixProcessID");
    let process: String = told.rsplit(' ').next().unwrap().chars().filter(char::is_ascii_digit).collect();
    assert!(Command::new("kill").arg(&process).status().unwrap().success(), "{told}");
    while ask("NameHasOwner").contains("true") {
        std::thread::yield_now();
    }
    let mut again = Command::new("gnome-keyring-daemon")
        .args(["--unlock", "--components=secrets"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The end of its input is the end of the password.
    std::io::Write::write_all(&mut again.stdin.take().unwrap(), b"a password of the test").unwrap();
    assert!(again.wait().unwrap().success());
    assert_eq!(keyring.load(id).unwrap().unwrap().as_slice(), b"wsr_canary");
}

#[test]
fn a_locked_keyring_says_so_and_gives_nothing() {
    let (keyring, id) = (Keyring::open().unwrap(), ConnectionId::draw());
    keyring.prepare().unwrap();
    keyring.save(id, b"wsr_canary").unwrap();
    assert!(!keyring.is_locked().unwrap());
    let collection = "/org/freedesktop/secrets/aliases/default";
    call(&[
        "--object-path",
        "/org/freedesktop/secrets",
        "--method",
        "org.freedesktop.Secret.Service.Lock",
        &format!("['{collection}']"),
    ]);
    assert!(keyring.is_locked().unwrap());
    // Nobody is there to answer the prompt.
    assert!(keyring.prepare().is_err());
    let error = keyring.load(id).unwrap_err();
    assert!(matches!(error, SecretError::Locked | SecretError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"));
}

#[test]
fn without_a_keyring_its_absence_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // Where there is no bus, there is no keyring.
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_place_is_told", "--nocapture"])
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/none", folder.path().display()))
        .env("EXPECTED_CONDITION", "Unavailable")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn the_place_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let cupboard = Cupboard::new(SecretsPlace::Keyring, folder.path().join("secrets"));
    let expected = match std::env::var("EXPECTED_CONDITION").as_deref() {
        Ok("Unavailable") => SecretsCondition::Unavailable,
        _ => SecretsCondition::Ready,
    };
    assert_eq!(cupboard.state().condition, expected);
    assert!(!folder.path().join("secrets").exists());
}

use serde_json::Value;
use uuid::Uuid;
use waystation_api::passkeys::{NewCredential, PasskeyCreationOptions, UsedCredential};
use waystation_ids::{Role, UserId, UserStatus};
use waystation_store::User;
use webauthn_rs::prelude::{Passkey, PasskeyRegistration};

use super::ORIGIN;
use super::software_authenticator::{SoftwareAuthenticator, rsa_key};
use crate::base64_text::{read_base64, write_base64};
use crate::sign_in::relying_party::{CeremonyError, RelyingParty, UseUnderWay, is_backed_up};

const HOST: &str = "ai.example.org";

type Change = fn(&mut SoftwareAuthenticator);

fn site() -> RelyingParty {
    RelyingParty::at(ORIGIN).unwrap()
}

fn user() -> User {
    User {
        id: UserId::from_uuid(Uuid::from_u128(7)),
        email: "ann@example.org".parse().unwrap(),
        username: None,
        display_name: "Ann".to_owned(),
        role: Role::User,
        status: UserStatus::Active,
        channel_group: None,
        locale: None,
        email_verified_at_ms: None,
        is_demo: false,
        created_at_ms: 0,
        updated_at_ms: 0,
    }
}

fn authenticator() -> SoftwareAuthenticator {
    SoftwareAuthenticator::new(ORIGIN, HOST, user().id.uuid().as_bytes())
}

fn start(known: &[Passkey]) -> (PasskeyCreationOptions, PasskeyRegistration) {
    site().start_creation(&user(), known).unwrap()
}

fn answer_creation(authenticator: &mut SoftwareAuthenticator) -> (NewCredential, PasskeyRegistration) {
    let (options, state) = start(&[]);
    (authenticator.create(&bytes_of(&options.challenge)), state)
}

fn create(authenticator: &mut SoftwareAuthenticator) -> Result<Passkey, CeremonyError> {
    let (answer, state) = answer_creation(authenticator);
    site().finish_creation(&answer, &state)
}

fn answer_use(authenticator: &mut SoftwareAuthenticator) -> (UsedCredential, UseUnderWay) {
    let under_way = site().start_use().unwrap();
    (authenticator.sign(&bytes_of(&under_way.options(&[]).challenge)), under_way)
}

fn check(authenticator: &mut SoftwareAuthenticator, known: &mut Passkey) -> Result<(), CeremonyError> {
    let (answer, under_way) = answer_use(authenticator);
    site().finish_use(&answer, &under_way, known)
}

fn bytes_of(text: &str) -> Vec<u8> {
    read_base64(text).unwrap()
}

/// What is kept of a passkey, as it is kept.
fn kept(passkey: &Passkey) -> Value {
    serde_json::to_value(passkey).unwrap()
}

fn counter_of(passkey: &Passkey) -> u64 {
    kept(passkey)["cred"]["counter"].as_u64().unwrap()
}

#[test]
fn passkeys_are_bound_to_the_public_host_and_origin() {
    let host_at = |address: &str| {
        let (options, _) = RelyingParty::at(address)?.start_creation(&user(), &[]).unwrap();
        Some(options.rp.id)
    };
    assert_eq!(host_at("https://AI.example.org/").as_deref(), Some(HOST));
    assert_eq!(host_at("https://ai.example.org:8443/relay").as_deref(), Some(HOST));
    assert_eq!(host_at("http://localhost:8787").as_deref(), Some("localhost"));
    for address in ["http://ai.example.org", "https://127.0.0.1", "https://[::1]:8787", "ai.example.org", ""]
    {
        assert_eq!(host_at(address), None, "{address}");
    }
}

#[test]
fn a_site_at_a_port_takes_no_answer_from_another_port_or_host() {
    let site = RelyingParty::at("https://ai.example.org:8443/relay").unwrap();
    for (origin, is_taken) in [
        ("https://ai.example.org:8443", true),
        ("https://ai.example.org", false),
        ("https://ai.example.org:8444", false),
        ("http://ai.example.org:8443", false),
        ("https://sub.ai.example.org:8443", false),
        ("https://example.org:8443", false),
    ] {
        let (options, state) = site.start_creation(&user(), &[]).unwrap();
        let mut authenticator = SoftwareAuthenticator::new(origin, HOST, user().id.uuid().as_bytes());
        let answer = authenticator.create(&bytes_of(&options.challenge));
        let made = site.finish_creation(&answer, &state);
        assert_eq!(made.as_ref().err(), (!is_taken).then_some(&CeremonyError::OtherSite), "{origin}");
    }
}

#[test]
fn what_is_asked_of_a_browser_leaves_nothing_to_chance() {
    let mut authenticator = authenticator();
    let known = create(&mut authenticator).unwrap();
    let (options, _) = start(std::slice::from_ref(&known));
    let options = serde_json::to_value(options).unwrap();
    assert_eq!(options["rp"], serde_json::json!({"id": HOST, "name": "Waystation"}));
    assert_eq!(options["user"]["id"], write_base64(user().id.uuid().as_bytes()));
    assert_eq!(options["user"]["name"], "ann@example.org");
    assert_eq!(options["user"]["displayName"], "Ann");
    let algorithms = options["pubKeyCredParams"].as_array().unwrap().iter().map(|kind| &kind["alg"]);
    assert_eq!(algorithms.collect::<Vec<_>>(), [-7, -35, -257]);
    let selection = serde_json::json!(
        {"residentKey": "required", "requireResidentKey": true, "userVerification": "required"});
    assert_eq!(options["authenticatorSelection"], selection);
    assert_eq!((&options["attestation"], &options["timeout"]), (&"none".into(), &300_000.into()));
    assert_eq!(options["extensions"]["credentialProtectionPolicy"], "userVerificationRequired");
    let known_id = write_base64(known.cred_id());
    let descriptor = serde_json::json!([{"type": "public-key", "id": known_id, "transports": ["internal"]}]);
    assert_eq!(options["excludeCredentials"], descriptor);

    let under_way = site().start_use().unwrap();
    let asked = serde_json::to_value(under_way.options(&[known])).unwrap();
    assert_eq!(asked["allowCredentials"], descriptor);
    assert_eq!((&asked["rpId"], &asked["userVerification"]), (&HOST.into(), &"required".into()));
    assert_eq!(under_way.options(&[]).allow_credentials, []);
    // A name is asked for by browsers, and 32 random bytes by us.
    let nameless = User { display_name: String::new(), ..user() };
    let (options, _) = site().start_creation(&nameless, &[]).unwrap();
    assert_eq!(options.user.display_name, "ann@example.org");
    assert_eq!(bytes_of(&options.challenge).len(), 32);
    assert_ne!(options.challenge, start(&[]).0.challenge);
}

#[test]
fn a_passkey_is_made_kept_and_used() {
    let id = user().id.uuid();
    let handle = id.as_bytes();
    for mut authenticator in [
        authenticator(),
        SoftwareAuthenticator::with_p384_key(ORIGIN, HOST, handle),
        SoftwareAuthenticator::with_rsa_key(ORIGIN, HOST, handle),
    ] {
        let made = create(&mut authenticator).unwrap();
        let mut known: Passkey = serde_json::from_value(kept(&made)).unwrap();
        assert_eq!(kept(&known), kept(&made));
        // What is asked outlives a restart between the question and the answer.
        let (answer, under_way) = answer_use(&mut authenticator);
        let under_way: UseUnderWay =
            serde_json::from_str(&serde_json::to_string(&under_way).unwrap()).unwrap();
        site().finish_use(&answer, &under_way, &mut known).unwrap();
        assert_eq!(counter_of(&known), counter_of(&made) + 1);
        assert_eq!(check(&mut authenticator, &mut known), Ok(()));
        authenticator.signs_wrongly = true;
        assert_eq!(check(&mut authenticator, &mut known), Err(CeremonyError::Signature));
    }
}

#[test]
fn an_answer_for_another_site_challenge_or_ceremony_is_refused() {
    let creation = |change: Change| {
        let mut authenticator = authenticator();
        change(&mut authenticator);
        create(&mut authenticator).unwrap_err()
    };
    let using = |change: Change| {
        let mut authenticator = authenticator();
        let mut made = create(&mut authenticator).unwrap();
        let before = kept(&made);
        change(&mut authenticator);
        let error = check(&mut authenticator, &mut made).unwrap_err();
        assert_eq!(kept(&made), before);
        error
    };
    let lies: [(Change, CeremonyError); 10] = [
        (|lie| lie.origin = "https://ai.example.org.evil.test".to_owned(), CeremonyError::OtherSite),
        (|lie| lie.origin = "http://ai.example.org".to_owned(), CeremonyError::OtherSite),
        (|lie| lie.origin = "https://sub.ai.example.org".to_owned(), CeremonyError::OtherSite),
        (|lie| lie.origin = "null".to_owned(), CeremonyError::Malformed),
        (|lie| lie.rp_id = "example.org".to_owned(), CeremonyError::OtherSite),
        (|lie| lie.is_cross_origin = true, CeremonyError::OtherSite),
        (|lie| lie.challenge = Some(b"another".to_vec()), CeremonyError::OtherChallenge),
        (|lie| lie.verifies_user = false, CeremonyError::NotVerified),
        (|lie| lie.kind = Some("payment.get"), CeremonyError::Malformed),
        (|lie| lie.raw_id = Some(vec![1; 16]), CeremonyError::OtherCredential),
    ];
    for (number, (lie, error)) in lies.into_iter().enumerate() {
        assert_eq!((creation(lie), using(lie)), (error, error), "{number}");
    }
    assert_eq!(creation(|lie| lie.kind = Some("webauthn.get")), CeremonyError::Malformed);
    assert_eq!(using(|lie| lie.kind = Some("webauthn.create")), CeremonyError::Malformed);
    assert_eq!(using(|lie| lie.signs_wrongly = true), CeremonyError::Signature);
    assert_eq!(using(|lie| lie.counter = 0), CeremonyError::Counter);
    assert_eq!(using(|lie| lie.is_backup_eligible = true), CeremonyError::OtherCredential);
}

#[test]
fn a_passkey_that_does_not_count_is_used_again_and_again() {
    let mut authenticator = authenticator();
    authenticator.counts = false;
    let mut known = create(&mut authenticator).unwrap();
    for _ in 0..3 {
        assert_eq!(check(&mut authenticator, &mut known), Ok(()));
        assert_eq!(counter_of(&known), 0);
    }
    // Once it has counted, it goes on counting.
    authenticator.counts = true;
    assert_eq!(check(&mut authenticator, &mut known), Ok(()));
    authenticator.counts = false;
    assert_eq!(check(&mut authenticator, &mut known), Err(CeremonyError::Counter));
}

#[test]
fn a_copy_elsewhere_is_told_of_from_the_use_on_that_tells_of_it() {
    let mut authenticator = authenticator();
    authenticator.is_backup_eligible = true;
    let mut known = create(&mut authenticator).unwrap();
    for is_copied in [false, true, false] {
        authenticator.is_backed_up = is_copied;
        assert_eq!(check(&mut authenticator, &mut known), Ok(()));
        assert_eq!(is_backed_up(&known), is_copied);
    }
}

#[test]
fn a_changed_or_cut_answer_is_refused() {
    let mut authenticator = authenticator();
    let (made, state) = answer_creation(&mut authenticator);
    let object = bytes_of(&made.response.attestation_object);
    for length in 0..object.len() {
        let mut cut = made.clone();
        cut.response.attestation_object = write_base64(&object[..length]);
        assert!(site().finish_creation(&cut, &state).is_err(), "{length}");
    }
    let known = site().finish_creation(&made, &state).unwrap();
    let (used, under_way) = answer_use(&mut authenticator);
    let refuse = |answer: &UsedCredential| {
        site().finish_use(answer, &under_way, &mut known.clone()).expect_err("taken")
    };
    let data = bytes_of(&used.response.authenticator_data);
    let signature = bytes_of(&used.response.signature);
    for bit in 0..data.len() * 8 {
        let mut changed = data.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let mut answer = used.clone();
        answer.response.authenticator_data = write_base64(&changed);
        refuse(&answer);
    }
    for length in 0..data.len() {
        let mut answer = used.clone();
        answer.response.authenticator_data = write_base64(&data[..length]);
        refuse(&answer);
    }
    for bit in 0..signature.len() * 8 {
        let mut changed = signature.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let mut answer = used.clone();
        answer.response.signature = write_base64(&changed);
        assert_eq!(refuse(&answer), CeremonyError::Signature, "{bit}");
    }
    for text in ["", "e30", "W10", "bnVsbA", "=", "é"] {
        let mut answer = used.clone();
        answer.response.client_data_json = text.to_owned();
        assert_eq!(refuse(&answer), CeremonyError::Malformed, "{text}");
    }
    assert_eq!(site().finish_use(&used, &under_way, &mut known.clone()), Ok(()));
}

#[test]
fn bytes_that_nobody_would_send_are_refused_and_break_nothing() {
    let mut authenticator = authenticator();
    let (made, state) = answer_creation(&mut authenticator);
    let object = bytes_of(&made.response.attestation_object);
    // A bit of the random name or of the model's number makes another passkey; every other is noticed.
    for bit in 0..object.len() * 8 {
        let mut changed = object.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let mut answer = made.clone();
        answer.response.attestation_object = write_base64(&changed);
        let _ = site().finish_creation(&answer, &state);
    }
    let nested = vec![0x81; 100_000];
    let endless = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let long_bytes = [0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for bytes in [&nested[..], &endless, &long_bytes, b"", b"\xa0", b"\xf6"] {
        let mut answer = made.clone();
        answer.response.attestation_object = write_base64(bytes);
        assert_eq!(site().finish_creation(&answer, &state).err(), Some(CeremonyError::Malformed));
    }
}

#[test]
fn a_key_that_is_none_or_of_a_kind_not_asked_for_is_refused() {
    let refuse = |public_key: Vec<u8>| {
        let mut authenticator = authenticator();
        authenticator.public_key = public_key;
        create(&mut authenticator).expect_err("taken")
    };
    let elliptic = |head: &[u8], x: &[u8], y: &[u8]| {
        let length = u8::try_from(x.len()).unwrap();
        [head, &[0x21, 0x58, length], x, &[0x22, 0x58, length], y].concat()
    };
    let p256 = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
    assert_eq!(refuse(elliptic(&p256, &[1; 32], &[2; 32])), CeremonyError::OtherKey);
    assert_eq!(refuse(elliptic(&p256, &[0; 32], &[0; 32])), CeremonyError::OtherKey);
    assert_eq!(refuse(elliptic(&p256, &[1; 31], &[2; 31])), CeremonyError::OtherKey);
    // Ed25519: kty OKP, alg EdDSA, crv Ed25519, x.
    let ed25519 = [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 32][..], &[7; 32]].concat();
    assert_eq!(refuse(ed25519), CeremonyError::OtherKey);
    let mut even = [0xff; 256];
    even[255] = 0xfe;
    for modulus in [&[0; 256][..], &even, &[0xff; 128], &[0xff; 1_024]] {
        assert_eq!(refuse(rsa_key(modulus, &[1, 0, 1])), CeremonyError::OtherKey, "{}", modulus.len());
    }
    for exponent in [[0, 0, 0], [0, 0, 1], [0, 0, 2]] {
        assert_eq!(refuse(rsa_key(&[0xff; 256], &exponent)), CeremonyError::OtherKey, "{exponent:?}");
    }
    for public_key in [vec![0xa0], vec![0xa1, 0x01, 0x02], vec![0x01], vec![0xf6]] {
        assert_ne!(refuse(public_key.clone()), CeremonyError::OtherCredential, "{public_key:?}");
    }
}

#[test]
fn odd_words_for_transports_are_dropped() {
    let mut authenticator = authenticator();
    let (mut made, state) = answer_creation(&mut authenticator);
    let words = ["internal", "", "<script>", "hybrid", "internal", "Unknown", &"x".repeat(33)];
    made.response.transports = words.map(str::to_owned).to_vec();
    let known = site().finish_creation(&made, &state).unwrap();
    let (options, _) = start(&[known]);
    assert_eq!(options.exclude_credentials[0].transports, ["internal", "hybrid"]);
}

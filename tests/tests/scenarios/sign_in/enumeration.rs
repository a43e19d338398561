//! Nothing that is answered tells whether the site knows an address: not the text, not the status, not the time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waystation_tests::{MailServer, Reply, World};

use super::{PASSWORD, ask_from, patient_site, register, sign_in, start};

/// How often each case is timed.
const SAMPLES: usize = 300;
/// How many accounts are asked about in turn: at one alone, tries are slowed down.
const KNOWN: usize = 20;

/// What an answer says beside the id that every answer has of its own.
fn without_id(reply: &Reply) -> (u16, Value) {
    let mut body = if reply.text.is_empty() { json!(null) } else { reply.json() };
    if let Some(error) = body.get_mut("error") {
        error["request_id"] = json!("");
    }
    (reply.status, body)
}

async fn people(world: &World, mails: &MailServer) {
    for number in 0..KNOWN {
        register(world, mails, &known(number), PASSWORD).await;
    }
}

fn known(number: usize) -> String {
    format!("known{:03}@example.org", number % KNOWN)
}

fn unknown(number: usize) -> String {
    format!("other{:03}@example.org", number % KNOWN)
}

/// No client asks twice.
fn client(number: usize) -> String {
    format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_and_an_unknown_address_get_the_same_answers() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, &known(0), PASSWORD).await;
    let unverified = "unverified@example.org";
    ask_from(&world, &client(1), "/api/auth/register", json!({ "email": unverified, "password": PASSWORD }))
        .await
        .expect(202);
    mails.mail_to(unverified, 1).await;
    type Body = fn(&str) -> Value;
    let cases: [(&str, Body); 4] = [
        ("/api/auth/register", |email| json!({ "email": email, "password": PASSWORD })),
        ("/api/auth/resend-verification", |email| json!({ "email": email })),
        ("/api/auth/password-reset", |email| json!({ "email": email })),
        ("/api/auth/login", |email| json!({ "login": email, "password": "a wrong but long one" })),
    ];
    for (path, body) in cases {
        let mut answers = Vec::new();
        for email in [known(0).as_str(), unverified, "nobody@example.org"] {
            answers.push(without_id(&ask_from(&world, &client(2), path, body(email)).await));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{path}: {answers:?}");
    }
    // Whoever holds the address is told; the password stays what it was.
    let told = mails.mail_to(&known(0), 2).await;
    assert_eq!(told.subject, "Somebody tried to register with your address");
    sign_in(&world, &known(0), PASSWORD).await.expect(200);
    // Somebody who has not verified the address yet gets the link again, of the first registration.
    assert_eq!(mails.mail_to(unverified, 2).await.subject, "Verify your e-mail address");
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_somebody_elses_address_tells_nothing_afterwards_either() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, &known(0), PASSWORD).await;
    let mut seen = Vec::new();
    for (round, email) in [known(0), "nobody@example.org".to_owned()].into_iter().enumerate() {
        let name = format!("name{round}");
        let register = json!({ "email": email, "password": "the stranger's own", "username": name });
        let first = ask_from(&world, &client(1), "/api/auth/register", register).await;
        // Whatever was entered is there by now.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut answers = vec![without_id(&first)];
        for login in [&email, &name] {
            answers.push(without_id(&sign_in(&world, login, "the stranger's own").await));
        }
        // The name is free for whoever verifies an address first, in both cases.
        let own = format!("own{round}@example.net");
        let body = json!({ "email": own, "password": PASSWORD, "username": name });
        answers.push(without_id(&ask_from(&world, &client(2), "/api/auth/register", body).await));
        let token = mails.mail_to(&own, 1).await.token(super::SITE, "/verify-email#token");
        let verified =
            ask_from(&world, &client(2), "/api/auth/verify-email", json!({ "token": token })).await;
        answers.push(without_id(&verified));
        answers.push((sign_in(&world, &name, PASSWORD).await.status, json!(null)));
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].last().unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_address_takes_no_longer_to_be_refused() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    people(&world, &mails).await;
    let login = |email: String| json!({ "login": email, "password": "a wrong but long one" });
    compare(&world, "/api/auth/login", login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_address_takes_no_longer_to_ask_about() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    people(&world, &mails).await;
    compare(&world, "/api/auth/password-reset", |email| json!({ "email": email })).await;
    compare(&world, "/api/auth/resend-verification", |email| json!({ "email": email })).await;
    // Last, as the others are known afterwards.
    compare(&world, "/api/auth/register", |email| json!({ "email": email, "password": PASSWORD })).await;
}

/// Times both cases in turn, so that whatever else the machine does falls on both: what the server does after the
/// answer to the one, which is more for a known address, falls on the next question, and that is as often the one as
/// the other.
async fn compare(world: &World, path: &str, body: impl Fn(String) -> Value) {
    let is_registration = path.ends_with("register");
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    for number in 0..SAMPLES + 5 {
        let stranger = if is_registration { format!("new{number}@example.org") } else { unknown(number) };
        let mut both = [(known(number), &mut of_known), (stranger, &mut of_unknown)];
        if number % 2 == 1 {
            both.reverse();
        }
        for (email, times) in both {
            let asked = Instant::now();
            ask_from(world, &client(number * 2 + times.len() % 2), path, body(email)).await;
            let elapsed = asked.elapsed();
            // The first few warm up.
            if number >= 5 {
                times.push(elapsed);
            }
        }
    }
    let (known, unknown) = (median(&of_known), median(&of_unknown));
    let score = rank_sum_score(&of_known, &of_unknown);
    println!("proof: {path}: {SAMPLES} samples each, medians {known:?} and {unknown:?}, z = {score:.2}");
    // Chance alone gives such a score once in ten thousand times; and what nobody can use, because it drowns in the
    // noise of a network, is no difference.
    let is_apart = known.abs_diff(unknown) > Duration::from_micros(300).max(unknown / 20);
    assert!(score.abs() < 4.0 || !is_apart, "{path}: {known:?} {unknown:?} z = {score:.2}");
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// How far the ranks of one sample lie from those of the other, in standard deviations (Mann and Whitney's test).
fn rank_sum_score(one: &[Duration], other: &[Duration]) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    let wins: f64 = pairs
        .map(|(a, b)| match a.cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    let (m, n) = (one.len() as f64, other.len() as f64);
    (wins - m * n / 2.0) / (m * n * (m + n + 1.0) / 12.0).sqrt()
}

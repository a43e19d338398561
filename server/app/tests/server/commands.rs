use crate::world::Site;

#[tokio::test]
async fn exit_codes_tell_wrong_usage_from_what_is_not_so_and_what_cannot_be_reached() {
    let site = Site::new();
    assert_eq!(site.run(&["version"]).await.code, Some(0));
    assert_eq!(site.run(&["no-such-command"]).await.code, Some(2));
    assert_eq!(site.run(&["config", "check", "--set", "relay.idle_ms=soon"]).await.code, Some(2));
    assert_eq!(site.run(&["migrate", "--check"]).await.code, Some(1));
    assert_eq!(site.run(&["migrate"]).await.code, Some(0));
    assert_eq!(site.run(&["migrate", "--check"]).await.code, Some(0));
    assert_eq!(site.run(&["healthcheck", "--listen", "127.0.0.1:1"]).await.code, Some(3));
}

#[tokio::test]
async fn printed_settings_show_their_origin_and_no_secret() {
    let site = Site::new().with_variable("WAYSTATION_REDIS_URL", "redis://:hunter2@127.0.0.1:1");
    let printed = site.run(&["config", "print", "--set", "relay.idle_ms=7"]).await.stdout;
    assert!(printed.contains("relay.idle_ms = \"7\" (flag)\n"), "{printed}");
    assert!(printed.contains("redis.url = \"********\" (variable WAYSTATION_REDIS_URL)\n"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[tokio::test]
async fn an_empty_site_balances_and_is_healthy() {
    let site = Site::new();
    site.run(&["migrate"]).await;
    let audit = site.run(&["ledger", "audit", "--json"]).await;
    let report: serde_json::Value = serde_json::from_str(&audit.stdout).unwrap();
    assert_eq!((audit.code, &report["difference_count"]), (Some(0), &serde_json::json!(0)));
    let doctor = site.run(&["doctor", "--json"]).await;
    let examination: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert_eq!((doctor.code, &examination["healthy"]), (Some(0), &serde_json::json!(true)), "{examination}");
}

#[tokio::test]
async fn a_database_sealed_with_another_master_key_is_refused() {
    let site = Site::new();
    site.serve(&[]).await.stop().await;
    let key = "ab".repeat(32);
    let other = site.run(&["serve", "--set", &format!("master_key={key}")]).await;
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("another master key") && !other.stderr.contains(&key), "{}", other.stderr);
    // Without its file the right key is unknown, and a new one would fit nothing.
    std::fs::remove_file(site.data_dir().join("master.key")).unwrap();
    assert_eq!(site.run(&["serve"]).await.code, Some(1));
    assert!(!site.data_dir().join("master.key").exists());
    assert_eq!(site.run(&["doctor"]).await.code, Some(1));
}

#[tokio::test]
async fn the_setup_token_stays_the_same_until_there_is_an_owner() {
    let site = Site::new();
    let first = site.run(&["setup-token"]).await;
    let second = site.run(&["setup-token"]).await;
    assert_eq!((first.code, first.stdout.trim().len()), (Some(0), 64));
    assert_eq!(first.stdout, second.stdout);
}

#[tokio::test]
async fn whoever_runs_the_server_helps_people_who_lost_what_they_sign_in_with() {
    let site = Site::new();
    let email = ["--email", "ann@example.org"];
    site.run(&[&["admin", "create-user", "--role", "owner"][..], &email].concat()).await;
    let token = site.run(&[&["admin", "access-token"][..], &email].concat()).await.stdout;
    let server = site.serve(&[]).await;
    let client = waystation_client::Client::new(&server.url, Some(token.trim())).unwrap();
    let setup = client.create_totp().await.unwrap();
    assert!(setup.uri.starts_with("otpauth://totp/Waystation:ann%40example.org?secret="), "{}", setup.uri);

    let reset = [&["admin", "reset-password", "--password-stdin", "--json"][..], &email].concat();
    let done = site.run_with_input(&reset, "a new password\n").await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("usr_") && !done.stdout.contains("a new password"), "{}", done.stdout);
    assert_eq!(site.run_with_input(&reset, "short\n").await.code, Some(1));
    assert_eq!(site.run(&["admin", "reset-password", "--email", "ann@example.org"]).await.code, Some(2));
    let disable = |email: &'static str| ["admin", "disable-2fa", "--json", "--email", email];
    assert_eq!(site.run(&disable("ann@example.org")).await.code, Some(0));
    assert_eq!(site.run(&disable("nobody@example.org")).await.code, Some(1));

    // Both end all sessions, and the running server hears of it.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    while client.show_me().await.is_ok() {
        assert!(tokio::time::Instant::now() < deadline, "the session goes on");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn every_command_on_people_is_in_the_audit_log() {
    let site = Site::new();
    let email = ["--email", "ann@example.org"];
    let ran = async |arguments: &[&str]| {
        let ran = site.run(&[arguments, &email].concat()).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    ran(&["admin", "create-user", "--role", "owner"]).await;
    ran(&["admin", "pair", "--set", "public_url=https://ai.example.org"]).await;
    let reset = [&["admin", "reset-password", "--password-stdin"][..], &email].concat();
    assert_eq!(site.run_with_input(&reset, "a new password\n").await.code, Some(0));
    ran(&["admin", "disable-2fa"]).await;
    let token = ran(&["admin", "access-token"]).await;
    let server = site.serve(&[]).await;
    let client = waystation_client::Client::new(&server.url, Some(token.trim())).unwrap();
    let log = client.list_audit_logs(&Default::default()).await.unwrap().items;
    let told: Vec<_> = log.iter().rev().map(|row| (row.action.as_str(), row.actor.kind.as_str())).collect();
    let actions =
        ["user.create", "device.invite", "password.reset", "second_factor.disable", "access_token.create"];
    assert_eq!(told, actions.map(|action| (action, "command")));
    assert_eq!(site.run(&["audit", "verify"]).await.code, Some(0));
    server.stop().await;
}

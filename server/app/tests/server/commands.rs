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

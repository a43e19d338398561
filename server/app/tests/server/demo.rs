use serde_json::Value;

use crate::world::Site;

/// The text behind a label that the demo printed.
fn labelled<'a>(printed: &'a str, label: &str) -> &'a str {
    let line =
        printed.lines().find(|line| line.trim_start().starts_with(label)).expect("the label is printed");
    line.trim_start().strip_prefix(label).unwrap().trim()
}

#[tokio::test]
async fn a_new_demo_answers_the_line_it_prints() {
    let site = Site::new();
    let mut server = site.serve(&["--demo"]).await;
    let printed = server.read_until("curl -N").await;
    let command = printed.lines().find(|line| line.contains("curl -N")).unwrap();
    let pasted =
        tokio::process::Command::new("sh").args(["-c", &format!("{command} -s")]).output().await.unwrap();
    let answer = String::from_utf8(pasted.stdout).unwrap();
    assert!(answer.starts_with("data: {") && answer.trim_end().ends_with("data: [DONE]"), "{answer}");
    let last = answer.rsplit("data: ").nth(1).unwrap();
    let last: Value = serde_json::from_str(last.trim_end()).unwrap();
    assert_ne!(last["created"], 0);
    for price in ["cost", "charged"] {
        let price = last["usage"][price].as_str().unwrap();
        assert!(price.starts_with("0.0000") && price.bytes().any(|digit| digit > b'0'), "{answer}");
    }

    let key = labelled(&printed, "key ").to_owned();
    let url = format!("{}/v1/chat/completions", server.url);
    let body = r#"{"model":"demo","messages":[{"role":"user","content":"Hello"}]}"#;
    let call = reqwest::Client::new()
        .post(url)
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&call.text().await.unwrap()).unwrap();
    assert_eq!(answer["object"], "chat.completion");
    server.stop().await;

    let audit: Value = serde_json::from_str(&site.run(&["ledger", "audit", "--json"]).await.stdout).unwrap();
    assert_eq!((&audit["requests"], &audit["open_holds"]), (&2.into(), &0.into()));
    assert_eq!(audit["difference_count"], 0);
}

#[tokio::test]
async fn a_second_start_shows_no_secret() {
    let site = Site::new();
    let mut server = site.serve(&["--demo"]).await;
    let printed = server.read_until("curl -N").await;
    let (password, key) = (labelled(&printed, "password ").to_owned(), labelled(&printed, "key ").to_owned());
    server.stop().await;
    let mut server = site.serve(&["--demo"]).await;
    let printed = server.read_until("key create").await;
    assert!(!printed.contains(&password) && !printed.contains(&key));
    server.stop().await;
}

#[tokio::test]
async fn a_demo_is_for_this_machine_and_an_empty_folder_only() {
    let site = Site::new();
    let exposed = site.run(&["serve", "--demo", "--listen", "0.0.0.0:0"]).await;
    assert_eq!(exposed.code, Some(1));
    assert!(!site.data_dir().exists());
    site.run(&["migrate"]).await;
    let used = site.run(&["serve", "--demo", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(used.code, Some(1));
    assert!(used.stderr.contains("no demo"), "{}", used.stderr);
}

use waystation_protocol::openai::model_list::{ModelListError, NAMES_MAX, read_model_list};

fn names(body: &str) -> Vec<String> {
    read_model_list(body.as_bytes()).unwrap().names
}

#[test]
fn a_list_is_read_in_each_form_that_upstreams_write() {
    for body in [
        r#"{"object":"list","data":[{"id":"b","object":"model"},{"id":"a","created":1,"owned_by":"x"}]}"#,
        r#"{"models":[{"name":"b:latest","model":"b"},{"name":"A","model":"a"}]}"#,
        r#"[{"id":"b","type":"chat"},{"id":"a"}]"#,
        r#"["b","a"]"#,
        r#"{"data":[{"id":"b","nested":{"id":"no"},"more":[1,[2]]},{"id":"a"}],"error":null}"#,
        r#" {"data":[{"id":"b"},{"id":"b"},{"id":"a"},{"id":""},{"id":7},null,7,{}]} "#,
    ] {
        assert_eq!(names(body), ["a", "b"], "{body}");
    }
    assert_eq!(names(r#"{"data":[]}"#), Vec::<String>::new());
    assert_eq!(names(r#"{"data":[{"id":"\u4f60\ud83d\ude00/\"x\""}]}"#), ["你😀/\"x\""]);
}

#[test]
fn what_is_no_list_or_breaks_off_is_none() {
    for body in [
        "",
        "null",
        "7",
        "<html>Welcome to the hotel's network</html>",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":[{"id":"a"},"#,
        r#"{"data":[{"id":"a"}]"#,
        r#"{"data":[{"id":"a"}]} trailing"#,
        r#"{"data":[{"id":"a"}{"id":"b"}]}"#,
    ] {
        assert_eq!(read_model_list(body.as_bytes()), Err(ModelListError::NotAList), "{body}");
    }
    assert_eq!(read_model_list(b"[\"\xff\"]").map(|list| list.names), Ok(Vec::new()));
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(read_model_list(deep.as_bytes()), Err(ModelListError::NotAList));
}

#[test]
fn an_error_under_a_good_status_is_told() {
    let failed = read_model_list(br#"{"error":{"message":"no such key","code":"invalid_api_key"}}"#);
    let Err(ModelListError::Failed(told)) = failed else { panic!("{failed:?}") };
    assert_eq!(told.code.as_deref(), Some("invalid_api_key"));
}

#[test]
fn a_list_beyond_all_measure_is_cut_and_says_so() {
    let entries: Vec<String> =
        (0..NAMES_MAX + 5).map(|number| format!(r#"{{"id":"m{number:06}"}}"#)).collect();
    let list = read_model_list(format!(r#"{{"data":[{}]}}"#, entries.join(",")).as_bytes()).unwrap();
    assert!(list.is_truncated);
    assert_eq!(list.names.len(), NAMES_MAX);
    let whole =
        read_model_list(format!(r#"{{"data":[{}]}}"#, entries[..5_000].join(",")).as_bytes()).unwrap();
    assert!(!whole.is_truncated);
    assert_eq!(whole.names.len(), 5_000);
}

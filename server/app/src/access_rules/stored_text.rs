//! What people write is kept, and comes back as text: never as a page, and never as a formula.

use serde_json::{Value, json};
use waystation_ids::Role;

use crate::access_rules::operations::operations;
use crate::access_rules::site::{Answer, Site};

/// A formula to spreadsheets, and markup to browsers.
const MARKUP: &str = "=1+1<img src=x onerror=alert(1)><script>alert(1)</script>[x](javascript:alert(1))";

#[tokio::test(flavor = "multi_thread")]
async fn stored_markup_comes_back_as_data_and_never_as_a_page_or_a_formula() {
    let site = Site::new("markup").await;
    let owner = site.token(&site.enter("owner", Role::Owner).await).await;
    let user = site.enter("user", Role::User).await;
    let of_user = site.token(&user).await;
    let write = async |method, path: String, body| site.get_done(&owner, method, &path, body).await;
    site.get_done(&of_user, "PATCH", "/api/me", json!({"display_name": MARKUP})).await;
    let key = site.get_done(&of_user, "POST", "/api/me/keys", json!({"name": MARKUP})).await;
    let model = json!({"name": "<script>alert(1)</script>", "display_name": MARKUP});
    let model = write("POST", "/api/admin/models".into(), model).await["id"].clone();
    let model = model.as_str().unwrap();
    let price = json!({"input_per_million": "2", "output_per_million": "10"});
    write("POST", format!("/api/admin/models/{model}/prices"), price).await;
    let channel = json!({"name": MARKUP, "format": "demo", "models": ["<script>alert(1)</script>"]});
    let channel = write("POST", "/api/admin/channels".into(), channel).await["id"].clone();
    let channel = channel.as_str().unwrap();
    let group = json!({"name": MARKUP, "note": MARKUP, "models": []});
    let group = write("POST", "/api/admin/model-groups".into(), group).await["id"].clone();
    let notice = json!({"title": {"en": MARKUP}, "text": {"en": MARKUP, "zh-CN": MARKUP}});
    let notice = write("POST", "/api/admin/notices".into(), notice).await["id"].clone();
    let credit = json!({"direction": "credit", "amount": "1", "reason_code": "test", "note": MARKUP});
    write("POST", format!("/api/admin/users/{}/adjustments", user.id), credit).await;
    write("PATCH", "/api/admin/settings".into(), json!({"values": {"site.name": MARKUP}})).await;
    // The key's name stands in a cell of its own.
    let key = key["key"]["id"].as_str().unwrap();
    let call = site.add_call_with(&user, channel, key.parse().unwrap()).await;

    let (mut shown, mut tables, mut formulas) = (0, 0, 0);
    for operation in operations().iter().filter(|operation| operation.is_read()) {
        let path = operation
            .path
            .replace("/users/{id}", &format!("/users/{}", user.id))
            .replace("/models/{id}", &format!("/models/{model}"))
            .replace("/channels/{id}", &format!("/channels/{channel}"))
            .replace("/model-groups/{id}", &format!("/model-groups/{}", group.as_str().unwrap()))
            .replace("/notices/{id}", &format!("/notices/{}", notice.as_str().unwrap()))
            .replace("/requests/{id}", &format!("/requests/{call}"))
            .replace("/keys/{id}", &format!("/keys/{key}"));
        for (who, token) in [("owner", &owner), ("user", &of_user)] {
            let answer = site.ask(token, "GET", &path, Value::Null).await;
            let context = format!("{path} by the {who}: {} {:?}", answer.status, answer.headers);
            check_headers(&answer, &context);
            shown += answer.text.matches("<script>").count();
            if content_type(&answer).starts_with("text/csv") {
                tables += 1;
                formulas += check_cells(&answer.text, &context);
            }
        }
        // What is asked for comes back in refusals.
        let odd =
            format!("{}?{}=1", operation.path_with("%3Cscript%3Ealert(1)%3C%2Fscript%3E"), "%3Cscript%3E");
        check_headers(&site.ask(&owner, "GET", &odd, Value::Null).await, &odd);
    }
    assert!(shown >= 30, "what was stored is not shown: {shown}");
    assert!(tables >= 3 && formulas >= 1, "{tables} tables, {formulas} formulas in them");
    site.finish().await;
}

fn content_type(answer: &Answer) -> &str {
    answer.headers.get("content-type").map_or("", |value| value.to_str().unwrap())
}

fn check_headers(answer: &Answer, context: &str) {
    let header = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap());
    assert_eq!(header("x-content-type-options"), "nosniff", "{context}");
    assert!(header("content-security-policy").starts_with("default-src 'none'"), "{context}");
    assert_eq!(header("cache-control"), "no-store", "{context}");
    let is_page_turn = answer.status.is_redirection();
    match content_type(answer) {
        "application/json" => assert!(!answer.body.is_null() || answer.text == "null", "{context}"),
        "text/csv; charset=utf-8" => {
            assert!(header("content-disposition").starts_with("attachment; filename="), "{context}");
        }
        other => assert!(other.is_empty() && (is_page_turn || answer.text.is_empty()), "{context}"),
    }
}

/// No cell begins with what a spreadsheet would run; numbers alone may have a minus sign. Gives how many cells were
/// kept from it.
fn check_cells(table: &str, context: &str) -> usize {
    let (mut cell, mut is_quoted, mut cells) = (String::new(), false, Vec::new());
    for letter in table.trim_start_matches('\u{feff}').chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '\r' if !is_quoted => {}
            ',' | '\n' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    assert!(!is_quoted && cells.len() > 5, "{context}");
    for cell in &cells {
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{context}: {cell}");
    }
    cells.iter().filter(|cell| cell.starts_with("'=")).count()
}

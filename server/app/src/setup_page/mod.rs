//! The page at `/setup`: a form for the first owner. Nothing else knows of it.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::error::ApiError;
use crate::home::escape_html;
use crate::http::security_headers::PAGE_POLICY;
use crate::state::App;

/// Each text of the page, in English and in Chinese.
const TEXTS: [(&str, &str, &str); 14] = [
    ("language", "en", "zh-CN"),
    ("title", "Set up Waystation", "设置 Waystation"),
    (
        "intro",
        "This site has no owner yet. Whoever can read the server's data folder makes one.",
        "此站点还没有所有者。能读取服务器数据目录的人可以创建所有者。",
    ),
    ("token", "Setup token", "设置令牌"),
    ("token_hint", "It is printed by: waystation setup-token", "运行 waystation setup-token 可显示令牌"),
    ("email", "E-mail", "电子邮箱"),
    ("username", "Username (optional)", "用户名（可选）"),
    ("password", "Password, at least 10 characters", "密码，至少 10 个字符"),
    ("submit", "Make the owner", "创建所有者"),
    ("busy", "One moment…", "请稍候…"),
    ("done", "Done. You are signed in.", "完成，你已登录。"),
    ("key", "Your first key. It is shown this once:", "你的第一个密钥，仅显示这一次："),
    ("failed", "The server cannot be reached. Try again.", "无法连接服务器，请重试。"),
    ("go_on", "Go on", "继续"),
];

/// The page and what it loads.
pub(crate) fn setup_page_routes() -> Router<App> {
    Router::new()
        .route("/setup", get(show_page))
        .route("/setup/page.js", get(show_script))
        .route("/setup/page.css", get(show_style))
}

async fn show_page(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    if app.has_owner().await? {
        return Ok(Redirect::to("/").into_response());
    }
    let is_chinese = prefers_chinese(&headers);
    let mut page = include_str!("page.html").to_owned();
    for (name, english, chinese) in TEXTS {
        page = page.replace(&format!("{{{name}}}"), &escape_html(if is_chinese { chinese } else { english }));
    }
    let described: [(HeaderName, &str); 3] = [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language"),
    ];
    Ok((described, Html(page)).into_response())
}

async fn show_script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("page.js"))
}

async fn show_style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css"))
}

/// Whether Chinese stands before English among the languages that the browser names. Browsers name them in order.
fn prefers_chinese(headers: &HeaderMap) -> bool {
    let named =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    named
        .split(',')
        .filter_map(|language| language.trim().get(..2))
        .find(|language| language.eq_ignore_ascii_case("zh") || language.eq_ignore_ascii_case("en"))
        .is_some_and(|language| language.eq_ignore_ascii_case("zh"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_the_page_has_is_taken() {
        for (named, is_chinese) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", true),
            ("en-GB,en;q=0.9,zh;q=0.1", false),
            ("fr, zh-TW;q=0.5", true),
            ("fr", false),
            ("", false),
            ("é", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_LANGUAGE,
                axum::http::HeaderValue::from_bytes(named.as_bytes()).unwrap(),
            );
            assert_eq!(prefers_chinese(&headers), is_chinese, "{named}");
        }
    }

    #[test]
    fn every_place_of_the_page_has_its_text() {
        let mut page = include_str!("page.html").to_owned();
        for (name, ..) in TEXTS {
            assert!(page.contains(&format!("{{{name}}}")), "{name}");
            page = page.replace(&format!("{{{name}}}"), "");
        }
        assert!(!page.contains('{'), "{page}");
    }
}

//! The web interface: the portal and the console, as `ui/` builds them, from inside of the program.

mod address;
mod files;
mod packing;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use waystation_api::error::ErrorCode;

use crate::error::ApiError;
use crate::http::security_headers::PAGE_POLICY;
use crate::pages::address::{Meant, read_address};
pub(crate) use crate::pages::files::WebFiles;
use crate::pages::files::{Form, WebFile};
use crate::pages::packing::Packing;
use crate::setup::setup_required;
use crate::state::App;

const PORTAL: &str = "index.html";
const CONSOLE: &str = "console.html";
/// The name says what is in the file.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked about each time.
const ASKED_ABOUT: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers whatever no route is for.
pub(crate) async fn show_page(app: &App, files: &WebFiles, request: Request) -> Response {
    let meant = read_address(request.uri().path());
    let name = match meant {
        Meant::Portal | Meant::Setup => PORTAL,
        Meant::Console => CONSOLE,
        Meant::File(name) => name,
        Meant::Nothing => return unknown_url().into_response(),
    };
    // Pages have addresses of their own: one file, one address.
    let file = files.get(name).filter(|file| !(matches!(meant, Meant::File(_)) && file.is_page()));
    let Some(file) = file else { return unknown_url().into_response() };
    if matches!(meant, Meant::Portal | Meant::Console) {
        match app.has_owner().await {
            Ok(true) => {}
            Ok(false) => return lead_to_setup(request.headers()),
            Err(error) => return ApiError::from(error).into_response(),
        }
    }
    match *request.method() {
        Method::GET => send_file(file, request.headers()),
        Method::HEAD => send_file(file, request.headers()).map(|_| Body::empty()),
        _ => wrong_method(),
    }
}

/// There is nothing at an address.
fn unknown_url() -> ApiError {
    ApiError::new(ErrorCode::UnknownUrl, "There is nothing at this address.")
}

fn wrong_method() -> Response {
    let refusal = ApiError::new(ErrorCode::MethodNotAllowed, "This address does not take this method.");
    ([(header::ALLOW, "GET, HEAD")], refusal).into_response()
}

fn send_file(file: &WebFile, headers: &HeaderMap) -> Response {
    let form = file.form_for(headers);
    let is_known = knows_form(headers, form);
    let body = if is_known { Body::empty() } else { Body::from(form.bytes) };
    let mut response = Response::new(body);
    let described = response.headers_mut();
    described.insert(header::ETAG, form.tag.clone());
    described.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    described.insert(header::CACHE_CONTROL, if file.is_hashed() { FOREVER } else { ASKED_ABOUT });
    if file.is_page() {
        described.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    described.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type()));
    described.insert(header::CONTENT_LENGTH, HeaderValue::from(form.bytes.len()));
    if form.packing != Packing::None {
        described.insert(header::CONTENT_ENCODING, HeaderValue::from_static(form.packing.name()));
    }
    response
}

/// Whether the browser says that it has these bytes (RFC 9110, section 13.1.2).
fn knows_form(headers: &HeaderMap, form: &Form) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).any(|known| {
        let known = known.trim_ascii();
        known == b"*" || known.strip_prefix(b"W/").unwrap_or(known) == form.tag.as_bytes()
    })
}

/// A person is led to where the first owner is made; a program is told.
fn lead_to_setup(headers: &HeaderMap) -> Response {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    if !accepted.any(|line| line.contains("text/html")) {
        return setup_required().into_response();
    }
    let described = [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, described, Html(include_str!("setup_required.html"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_has_the_bytes_is_not_sent_them_again() {
        let form = Form { bytes: b"x", tag: HeaderValue::from_static("\"abc\""), packing: Packing::None };
        let knows = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(line));
            }
            knows_form(&headers, &form)
        };
        for lines in [&["\"abc\""][..], &["W/\"abc\""], &["\"x\", \"abc\""], &["\"x\"", "\"abc\""], &["*"]] {
            assert!(knows(lines), "{lines:?}");
        }
        for lines in [&[][..], &["abc"], &["\"ab\""], &["\"abc"], &[""], &["\"ABC\""]] {
            assert!(!knows(lines), "{lines:?}");
        }
    }
}

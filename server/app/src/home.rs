//! The page at `/`.

use axum::response::Html;

/// `GET /`.
pub(crate) async fn show_home() -> Html<&'static str> {
    Html("<!doctype html><title>Waystation</title>")
}

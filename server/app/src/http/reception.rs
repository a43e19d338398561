//! What happens to every request before its route and after it: it gets its id and its caller's address, and its answer
//! is counted and logged.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, info_span};
use waystation_relay::HasHold;

use crate::access_log::{AnsweredRequest, log_request};
use crate::http::client_address::{ClientAddress, find_client_address};
use crate::http::request_id::{answer_under, insert_request_id, new_request_id};
use crate::state::App;

/// The layer around all routes.
pub(super) async fn receive_request(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = new_request_id();
    let client = find_client_address(&app, &request);
    request.extensions_mut().insert(id);
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let span = info_span!("request", id = %id, method = %method, path = uri.path());
    let mut response = answer_under(id, next.run(request).instrument(span)).await;
    insert_request_id(&mut response, id);

    let is_relay = is_relay_path(uri.path());
    app.metrics.count_answer(is_relay, response.status().as_u16());
    // A call that was held is logged when it is settled: only then is it known what it was.
    if app.config.log_access && response.extensions().get::<HasHold>().is_none() {
        log_request(&AnsweredRequest {
            id,
            client: client.map(|ClientAddress(address)| address),
            method: &method,
            path: uri.path(),
            status: response.status().as_u16(),
            duration: begun.elapsed(),
        });
    }
    response
}

fn is_relay_path(path: &str) -> bool {
    ["/v1/", "/api/v1/"].iter().any(|start| path.starts_with(start))
}

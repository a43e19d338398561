//! The relay: what it is made of, its entries, and its end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waystation_ids::{InstanceId, RequestId};

use crate::answer::{RelayBody, json_response};
use crate::call_error::CallError;
use crate::caller::Caller;
use crate::chat_call::run_chat_call;
use crate::health::Health;
use crate::link::link_caller;
use crate::model_list::{describe_model, describe_models};
use crate::ports::{Books, BudgetCalendar, Callers, Catalog, Clock, Randomness};
use crate::settings::RelaySettings;
use crate::upstream::Upstreams;

/// Relays calls. One for a process; share it behind an `Arc`.
pub struct Relay {
    pub(crate) ports: RelayPorts,
    pub(crate) settings: RelaySettings,
    pub(crate) instance: InstanceId,
    pub(crate) tracker: TaskTracker,
    pub(crate) upstreams: Upstreams,
    pub(crate) health: Health,
    pub(crate) drains: Arc<Semaphore>,
    /// No new calls.
    closing: CancellationToken,
    /// Live calls end now.
    pub(crate) cut: CancellationToken,
}

/// The rest of the server, as the relay sees it.
#[derive(Clone)]
pub struct RelayPorts {
    /// The books.
    pub books: Arc<dyn Books>,
    /// Who calls.
    pub callers: Arc<dyn Callers>,
    /// Models and the ways to them.
    pub catalog: Arc<dyn Catalog>,
    /// This host's clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub randomness: Arc<dyn Randomness>,
    /// Days and months of budgets.
    pub calendar: Arc<dyn BudgetCalendar>,
}

/// A call to a chat model.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its id, made by `RequestId::new_cause`.
    pub request_id: RequestId,
    /// The caller's key, see [`crate::credential_of`].
    pub credential: Option<String>,
    /// The request body.
    pub body: Bytes,
    /// The caller's address.
    pub client_ip: IpAddr,
    /// The caller's `user-agent`.
    pub user_agent: String,
    /// The route's path, such as `/v1/chat/completions`.
    pub path: String,
}

/// A request that names a caller and nothing else.
#[derive(Clone, Debug)]
pub struct Access {
    /// Its id.
    pub request_id: RequestId,
    /// The caller's key.
    pub credential: Option<String>,
    /// The caller's address.
    pub client_ip: IpAddr,
}

/// The relay cannot be made.
#[derive(Debug, Error)]
#[error("the client for upstreams cannot be made")]
pub struct RelayError(#[source] std::io::Error);

impl Relay {
    /// A relay of the instance `instance`. Its calls run as tasks of `tracker`, which it should not share: the
    /// shutdown waits until all of them have ended.
    pub fn new(
        instance: InstanceId,
        ports: RelayPorts,
        settings: RelaySettings,
        tracker: TaskTracker,
    ) -> Result<Arc<Self>, RelayError> {
        let upstreams = Upstreams::new(settings.connect_time).map_err(RelayError)?;
        let drains = Arc::new(Semaphore::new(settings.drains_max.min(Semaphore::MAX_PERMITS)));
        Ok(Arc::new(Relay {
            ports,
            settings,
            instance,
            tracker,
            upstreams,
            health: Health::default(),
            drains,
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
        }))
    }

    /// Answers a chat completion, whole or streamed. The call goes on to its settlement when this future or the
    /// body is dropped.
    pub async fn chat_completions(self: &Arc<Self>, call: Call) -> Response<RelayBody> {
        let request_id = call.request_id;
        // Counts as a live call from before the look at `closing`, so that a shutdown either waits for it or is seen.
        let live = self.tracker.token();
        if self.closing.is_cancelled() {
            return CallError::shutting_down().to_response(request_id);
        }
        let (link, waiting) = link_caller();
        drop(self.tracker.spawn(run_chat_call(self.clone(), call, link)));
        drop(live);
        waiting.answer(request_id).await
    }

    /// Finds out who calls, for routes that need no model; the error is the whole answer.
    pub async fn identify(&self, access: &Access) -> Result<Arc<Caller>, Box<Response<RelayBody>>> {
        let identified = self.identify_caller(access.credential.as_deref(), access.client_ip).await;
        identified.map_err(|error| Box::new(error.to_response(access.request_id)))
    }

    /// Lists the models the caller may use, in OpenAI's form.
    pub async fn list_models(&self, access: &Access) -> Response<RelayBody> {
        let listed = async {
            let caller = self.identify_caller(access.credential.as_deref(), access.client_ip).await?;
            let models = self.ports.catalog.models_for(&caller).await;
            models.map_err(|_| CallError::settlement_unavailable("The models cannot be read at the moment."))
        };
        match listed.await {
            Ok(models) => json_response(StatusCode::OK, access.request_id, describe_models(&models)),
            Err(error) => error.to_response(access.request_id),
        }
    }

    /// Describes one model, in OpenAI's form.
    pub async fn retrieve_model(&self, access: &Access, name: &str) -> Response<RelayBody> {
        let found = async {
            let caller = self.identify_caller(access.credential.as_deref(), access.client_ip).await?;
            self.find_model(&caller, name).await
        };
        match found.await {
            Ok(model) => json_response(StatusCode::OK, access.request_id, describe_model(&model)),
            Err(error) => error.to_response(access.request_id),
        }
    }

    /// How many calls are under way, settlements included.
    pub fn live_calls(&self) -> usize {
        self.tracker.len()
    }

    /// Stops: new calls are refused at once, live ones may finish within `patience`; then they are ended with an
    /// error event and settled by what they used. Returns when all have ended, or when the time to settle is over.
    pub async fn shutdown(&self, patience: Duration) {
        self.closing.cancel();
        self.tracker.close();
        let finished = timeout_at(Instant::now() + patience, self.tracker.wait()).await;
        if finished.is_err() {
            self.cut.cancel();
            let settled = timeout_at(Instant::now() + self.settings.settle_time, self.tracker.wait()).await;
            if settled.is_err() {
                tracing::error!(calls = self.tracker.len(), "calls were still unsettled at the end");
            }
        }
    }
}

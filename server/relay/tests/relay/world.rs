//! The rest of the server, in memory, and one caller. When a test is over the books must balance and hold nothing.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use waystation_ids::{
    AccountId, BudgetId, ChannelId, CredentialId, InstanceId, KeyId, ModelId, PriceVersionId, RequestId,
    UserId,
};
use waystation_ledger::{
    Account, AccountKind, Books as LedgerBooks, Budget, BudgetPeriod, Hold, Reserve, Settled, Settlement,
    Unit,
};
use waystation_pricing::{Money, Multiplier, Price};
use waystation_protocol::openai::request_rewrite::CapParameter;
use waystation_relay::{
    Access, Books, BudgetCalendar, BudgetSpan, Call, Caller, CallerError, Callers, Catalog, CatalogError,
    Channel, ChannelFormat, Clock, Credential, CredentialSecret, Model, OnDisconnect, Randomness, Relay,
    RelayBody, RelayPorts, RelaySettings, ReserveError, Route, SettleError,
};

pub const KEY: &str = "sk-test";
const NOW_MS: i64 = 1_795_233_600_000;
const DAY_MS: i64 = 86_400_000;

/// Everything a test needs. Change what must differ, then `start`.
pub struct World {
    pub settings: RelaySettings,
    pub caller: Caller,
    pub model: Model,
    pub routes: Vec<Route>,
    pub balance: Money,
    pub budgets: Vec<Budget>,
}

/// A running relay.
pub struct Running {
    pub relay: Arc<Relay>,
    pub books: Arc<MemoryBooks>,
    tracker: TaskTracker,
    opening: Money,
    calls: AtomicU8,
}

/// The books behind a lock, and switches to break them.
pub struct MemoryBooks {
    books: Mutex<LedgerBooks>,
    pub settlements: Mutex<HashMap<RequestId, (Settlement, Settled)>>,
    pub kept: Mutex<Vec<Settlement>>,
    pub reserves_fail: AtomicBool,
    /// Settling says that the books do not answer.
    pub settles_fail: AtomicBool,
    /// Settling never answers.
    pub settles_hang: AtomicBool,
    /// Settling panics, once.
    pub settle_panics: AtomicBool,
    pub lease_lost: AtomicBool,
    /// Settling takes a permit while this is set.
    pub settle_gate: Mutex<Option<Arc<Semaphore>>>,
}

impl World {
    /// A rich caller, a model at 1 USD a million tokens read and 2 written, and one channel for each address.
    pub fn new(urls: &[String]) -> Self {
        let price = Price { input: "1".parse().unwrap(), output: "2".parse().unwrap(), ..Price::default() };
        let routes = urls.iter().enumerate().map(|(place, url)| route(place, url)).collect();
        World {
            settings: RelaySettings::default(),
            caller: Caller {
                user: UserId::new(1, [1; 10]),
                key: KeyId::new(1, [2; 10]),
                allowed_models: None,
                allowed_ips: Vec::new(),
                output_cap: None,
                show_cost: false,
                expires_at_ms: None,
                budgets: Vec::new(),
                multiplier: Multiplier::ONE,
            },
            model: Model {
                id: ModelId::new(1, [3; 10]),
                name: "model".to_owned(),
                context_length: Some(100_000),
                max_output_tokens: None,
                first_byte_ms: None,
                default_output_tokens: 1_000,
                output_cap_parameter: CapParameter::MaxCompletionTokens,
                price: Some((PriceVersionId::new(1, [4; 10]), price)),
                groups: vec!["a-group".to_owned()],
                created_at_ms: NOW_MS,
            },
            routes,
            balance: "10".parse().unwrap(),
            budgets: Vec::new(),
        }
    }

    pub fn channel(&mut self, place: usize) -> &mut Channel {
        Arc::make_mut(&mut self.routes[place].channel)
    }

    pub fn set_budget(&mut self, period: BudgetPeriod, limit: &str) {
        let id = BudgetId::new(1, [period as u8; 10]);
        self.budgets.push(Budget { id, period, limit: limit.parse().unwrap() });
        self.caller.budgets.push((id, period));
    }

    pub fn start(self) -> Running {
        let mut books = LedgerBooks::default();
        let id = AccountId::new(1, [5; 10]);
        let mut account = Account::new(id, self.caller.user, AccountKind::Cash, Unit::NanoUsd);
        account.balance.credits_posted = self.balance.nanos();
        books.insert_account(account);
        books.budgets = self.budgets.iter().map(|budget| (budget.id, *budget)).collect();
        let books = Arc::new(MemoryBooks {
            books: Mutex::new(books),
            settlements: Mutex::default(),
            kept: Mutex::default(),
            reserves_fail: AtomicBool::new(false),
            settles_fail: AtomicBool::new(false),
            settles_hang: AtomicBool::new(false),
            settle_panics: AtomicBool::new(false),
            lease_lost: AtomicBool::new(false),
            settle_gate: Mutex::default(),
        });
        let site = Arc::new(Site {
            caller: Arc::new(self.caller),
            model: Arc::new(self.model),
            routes: self.routes.into(),
        });
        let ports = RelayPorts {
            books: books.clone(),
            callers: site.clone(),
            catalog: site,
            clock: Arc::new(FixedTime),
            randomness: Arc::new(FixedTime),
            calendar: Arc::new(FixedTime),
        };
        let tracker = TaskTracker::new();
        let relay = Relay::new(InstanceId::new(1, [6; 10]), ports, self.settings, tracker.clone()).unwrap();
        Running { relay, books, tracker, opening: self.balance, calls: AtomicU8::new(0) }
    }
}

fn route(place: usize, url: &str) -> Route {
    let number = u8::try_from(place + 1).unwrap();
    Route {
        channel: Arc::new(Channel {
            id: ChannelId::new(1, [number; 10]),
            format: ChannelFormat::OpenAi,
            base_url: url.parse().unwrap(),
            // The first channel is tried first.
            priority: -i64::from(number),
            weight: 1,
            allow_private_network: true,
            on_disconnect: OnDisconnect::Drain,
        }),
        upstream_model: "up".to_owned(),
        credentials: vec![Credential {
            id: CredentialId::new(1, [number; 10]),
            secret: CredentialSecret::new(&format!("upstream-secret-{number}")),
        }],
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
    /// Whether the body ended on purpose.
    pub is_whole: bool,
}

impl Answer {
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The usual request.
pub fn request(stream: bool) -> String {
    format!(
        r#"{{"model":"model","stream":{stream},"messages":[{{"role":"user","content":"Hello, how are you?"}}]}}"#
    )
}

impl Running {
    pub fn call(&self, body: &str) -> Call {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        Call {
            request_id: RequestId::new_cause(NOW_MS, [number; 10]),
            credential: Some(KEY.to_owned()),
            body: Bytes::copy_from_slice(body.as_bytes()),
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: "test".to_owned(),
            path: "/v1/chat/completions".to_owned(),
        }
    }

    pub fn access(&self) -> Access {
        let call = self.call("");
        Access { request_id: call.request_id, credential: call.credential, client_ip: call.client_ip }
    }

    pub async fn begin(&self, body: &str) -> Response<RelayBody> {
        self.relay.chat_completions(self.call(body)).await
    }

    pub async fn ask(&self, body: &str) -> Answer {
        read(self.begin(body).await).await
    }

    /// Waits until every call is over.
    pub async fn rest(&self) {
        self.tracker.close();
        self.tracker.wait().await;
        self.tracker.reopen();
    }

    /// Waits until every call is over, checks the books, and gives the last call's settlement.
    pub async fn close(self) -> Option<(Settlement, Settled)> {
        self.rest().await;
        self.books.check(self.opening);
        let settlements = self.books.settlements.lock().unwrap();
        settlements.iter().max_by_key(|(id, _)| **id).map(|(_, last)| last.clone())
    }
}

/// Reads an answer to its end.
pub async fn read(response: Response<RelayBody>) -> Answer {
    let (head, mut body) = response.into_parts();
    let (mut text, mut is_whole) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => text.extend_from_slice(&frame.into_data().unwrap()),
            Err(_) => is_whole = false,
        }
    }
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(text).unwrap(),
        is_whole,
    }
}

/// Reads parts of a stream until `text` was seen.
pub async fn read_until(body: &mut RelayBody, text: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(text) {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        seen.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    seen
}

/// Waits for something that must come to pass.
pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it comes to pass")
}

impl MemoryBooks {
    /// No hold is open, and the balance is what came in less what the transfers took.
    pub fn check(&self, opening: Money) {
        let books = self.books.lock().unwrap();
        assert!(books.holds.is_empty(), "a hold was left: {:?}", books.holds);
        for account in books.accounts() {
            let balance = &account.balance;
            assert_eq!(balance.debits_pending, 0);
            let taken: i64 =
                books.transfers.iter().filter(|made| made.debit == account.id).map(|made| made.amount).sum();
            assert_eq!(balance.debits_posted, taken);
            assert_eq!(balance.available(), opening.nanos() - taken);
            assert!(balance.available() >= 0);
        }
        assert!(books.spending.values().all(|spending| spending.pending == Money::ZERO));
        for (settlement, settled) in self.settlements.lock().unwrap().values() {
            let cost = settlement.cost.as_ref().map_or(Money::ZERO, |cost| cost.total().unwrap());
            assert_eq!(settled.cost, cost);
            assert_eq!(settled.operator_loss, Money::ZERO);
        }
    }

    /// Repeats what was kept, as the server does once the books answer.
    pub fn repeat_kept(&self) {
        for settlement in self.kept.lock().unwrap().drain(..) {
            self.settle_now(&settlement).unwrap();
        }
    }

    pub fn open_holds(&self) -> usize {
        self.books.lock().unwrap().holds.len()
    }

    fn settle_now(&self, settlement: &Settlement) -> Result<Settled, SettleError> {
        let mut settlements = self.settlements.lock().unwrap();
        let id = settlement.record.request;
        if let Some((_, settled)) = settlements.get(&id) {
            return Ok(settled.clone());
        }
        let mut books = self.books.lock().unwrap();
        let settled = match &settlement.cost {
            Some(cost) => books.post(id, cost, NOW_MS),
            None => books.void(id, NOW_MS),
        };
        let settled = settled.map_err(SettleError::Refused)?;
        settlements.insert(id, (settlement.clone(), settled.clone()));
        Ok(settled)
    }
}

#[async_trait]
impl Books for MemoryBooks {
    async fn reserve(&self, call: Reserve) -> Result<Hold, ReserveError> {
        if self.reserves_fail.load(Ordering::Relaxed) {
            return Err(ReserveError::Unavailable);
        }
        let mut books = self.books.lock().unwrap();
        books.reserve(&call, NOW_MS).cloned().map_err(ReserveError::Refused)
    }

    async fn settle(&self, settlement: Arc<Settlement>) -> Result<Settled, SettleError> {
        if self.settle_panics.swap(false, Ordering::Relaxed) {
            panic!("a bug, made on purpose");
        }
        let gate = self.settle_gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        if self.settles_hang.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.settles_fail.load(Ordering::Relaxed) {
            return Err(SettleError::Unavailable);
        }
        self.settle_now(&settlement)
    }

    fn keep_unsettled(&self, settlement: &Settlement) -> io::Result<()> {
        self.kept.lock().unwrap().push(settlement.clone());
        Ok(())
    }

    fn may_relay(&self) -> bool {
        !self.lease_lost.load(Ordering::Relaxed)
    }
}

struct Site {
    caller: Arc<Caller>,
    model: Arc<Model>,
    routes: Arc<[Route]>,
}

#[async_trait]
impl Callers for Site {
    async fn caller(&self, credential: &str) -> Result<Arc<Caller>, CallerError> {
        match credential {
            KEY => Ok(self.caller.clone()),
            "sk-unavailable" => Err(CallerError::Unavailable),
            _ => Err(CallerError::Invalid),
        }
    }
}

#[async_trait]
impl Catalog for Site {
    async fn model(&self, name: &str) -> Result<Option<Arc<Model>>, CatalogError> {
        Ok((name == self.model.name).then(|| self.model.clone()))
    }

    async fn models_for(&self, _caller: &Caller) -> Result<Vec<Arc<Model>>, CatalogError> {
        Ok(vec![self.model.clone()])
    }

    async fn routes(&self, _model: &str) -> Result<Arc<[Route]>, CatalogError> {
        Ok(self.routes.clone())
    }
}

struct FixedTime;

impl Clock for FixedTime {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}

impl Randomness for FixedTime {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

impl BudgetCalendar for FixedTime {
    fn span(&self, period: BudgetPeriod, now_ms: i64) -> BudgetSpan {
        match period {
            BudgetPeriod::Total => BudgetSpan { start_ms: 0, end_ms: None },
            _ => {
                let start_ms = now_ms - now_ms.rem_euclid(DAY_MS);
                BudgetSpan { start_ms, end_ms: Some(start_ms + DAY_MS) }
            }
        }
    }
}

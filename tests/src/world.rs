//! A Waystation of its own for one scenario.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::{DatabaseKind, TestDatabase};
use crate::database_server::DatabaseServer;
use crate::faulty_host::FaultyHost;
use crate::money::nanos;
use crate::patience::eventually;
use crate::reply::Reply;
use crate::server::{Server, ServerOptions};
use crate::tcp_gate::TcpGate;

/// How long an ended call's settlement may take to show.
const SETTLED_WITHIN: Duration = Duration::from_secs(20);

/// One or several servers on a fresh database with an owner.
///
/// When it is dropped, the books are audited: a difference or an open hold fails the test.
#[derive(Debug)]
pub struct World {
    // Fields drop in this order: the servers before the database they use.
    servers: Vec<Server>,
    database: TestDatabase,
    directory: PathBuf,
    token: String,
    http: reqwest::Client,
    count: AtomicU32,
}

/// What a world may be given beyond the default.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// How many servers share the database.
    pub servers: usize,
    /// The Redis they share.
    pub redis_url: Option<String>,
    /// Where the servers find the database server (`host:port`) instead of where it is.
    pub database_address: Option<String>,
    /// Where the last of them finds it, if that is elsewhere.
    pub last_database_address: Option<String>,
    /// The address of a database server of its own, instead of the one that all tests share.
    pub database_server: Option<String>,
    /// The host that the servers run on, if it is to fail.
    pub host: Option<Arc<FaultyHost>>,
    /// Further environment variables of each server.
    pub settings: Vec<(String, String)>,
}

/// An API key as its owner knows it.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key's id.
    pub id: String,
    /// The owner's id.
    pub user_id: String,
    /// What calls carry.
    pub secret: String,
}

/// A price of nothing but these three: per million tokens read, per million tokens written, per request.
pub fn price(input_per_million: &str, output_per_million: &str, per_request: &str) -> Value {
    json!({
        "input_per_million": input_per_million,
        "output_per_million": output_per_million,
        "per_request": per_request,
    })
}

impl WorldOptions {
    /// One server, no Redis, default settings.
    pub fn single() -> WorldOptions {
        WorldOptions {
            servers: 1,
            redis_url: None,
            database_address: None,
            last_database_address: None,
            database_server: None,
            host: None,
            settings: Vec::new(),
        }
    }

    /// With the database server behind this gate.
    pub fn behind(mut self, gate: &TcpGate) -> WorldOptions {
        self.database_address = Some(gate.address());
        self
    }

    /// With the last server's line to the database server through this gate, and no other's.
    pub fn with_last_behind(mut self, gate: &TcpGate) -> WorldOptions {
        self.last_database_address = Some(gate.address());
        self
    }

    /// On this database server.
    pub fn on(mut self, server: &DatabaseServer) -> WorldOptions {
        self.database_server = Some(server.url());
        self
    }

    /// On this host.
    pub fn hosted_by(mut self, host: &Arc<FaultyHost>) -> WorldOptions {
        self.host = Some(Arc::clone(host));
        self
    }

    /// With a further environment variable.
    pub fn with(mut self, name: &str, value: &str) -> WorldOptions {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl World {
    /// One server with default settings.
    pub fn start(kind: DatabaseKind) -> World {
        World::start_with(kind, WorldOptions::single())
    }

    /// Servers as asked, an owner, and a token that may do everything.
    pub fn start_with(kind: DatabaseKind, options: WorldOptions) -> World {
        let directory = fresh_directory();
        let mut settings = options.settings.clone();
        settings.extend(options.host.iter().flat_map(|host| host.environment(&directory)));
        let database = match &options.database_server {
            Some(server) => TestDatabase::create_on(kind, Some(server.clone()), &directory),
            None => TestDatabase::create(kind, &directory),
        };
        let database_url = match &options.database_address {
            Some(address) => database.url_at(address),
            None => database.url().to_owned(),
        };
        let last_database_url =
            options.last_database_address.as_ref().map(|address| database.url_at(address));
        let servers: Vec<Server> = (0..options.servers)
            .map(|number| {
                let is_last = number + 1 == options.servers;
                let elsewhere = last_database_url.clone().filter(|_| is_last);
                Server::start(ServerOptions {
                    directory: directory.join(format!("server{number}")),
                    database_url: elsewhere.unwrap_or_else(|| database_url.clone()),
                    redis_url: options.redis_url.clone(),
                    settings: settings.clone(),
                })
            })
            .collect();
        let first = servers.first().expect("a world has a server").options();
        let owner = "owner@example.org";
        first.run_json(
            &["admin", "create-user", "--email", owner, "--role", "owner", "--password-stdin", "--json"],
            "correct horse battery staple\n",
        );
        let token = first.run_json(&["admin", "access-token", "--email", owner, "--ttl", "2h", "--json"], "");
        let token = token["access_token"].as_str().expect("the command prints a token").to_owned();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // A refused body ends its connection; a call that takes it from the pool at that moment would fail.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a plain client can be built");
        World { servers, database, directory, token, http, count: AtomicU32::new(0) }
    }

    /// The servers' addresses, in order.
    pub fn base_urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.base_url().to_owned()).collect()
    }

    /// The first server, to look at.
    pub fn first_server(&self) -> &Server {
        &self.servers[0]
    }

    /// One of the servers.
    pub fn server(&mut self, number: usize) -> &mut Server {
        &mut self.servers[number]
    }

    /// Runs a statement in the database, past the servers.
    pub fn run_statement(&self, statement: &str) {
        self.database.run_statement(statement);
    }

    /// The data directory of one of the servers.
    pub fn directory_of(&self, number: usize) -> PathBuf {
        self.servers[number].options().directory.clone()
    }

    /// Starts a server that was killed or stopped anew, on the same data.
    pub fn restart(&mut self, number: usize) {
        let options = self.servers[number].options().clone();
        self.servers[number].kill();
        self.servers[number] = Server::start(options);
    }

    /// A call of the management API with the owner's token, on the first server.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.ask_with_text(method, path, body.map(Value::to_string)).await
    }

    /// The same with a body that need not be JSON.
    pub async fn ask_with_text(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.servers[0].base_url()))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            let key = format!("scenario-{}", self.count.fetch_add(1, Ordering::Relaxed));
            request =
                request.header("content-type", "application/json").header("idempotency-key", key).body(body);
        }
        Reply::read(request.send().await.expect("the server answers")).await
    }

    /// The same with whatever token, or none, from a client whose address a trusted proxy names.
    pub async fn ask_as(
        &self,
        token: Option<&str>,
        client: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Reply {
        let url = format!("{}{path}", self.servers[0].base_url());
        let mut request = self.http.request(method, url).header("x-forwarded-for", client);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let request = request.header("content-type", "application/json").body(body.to_string());
        Reply::read(request.send().await.expect("the server answers")).await
    }

    /// What a management `GET` answers.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.expect(200).json()
    }

    /// What a management `POST` that makes something answers.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, Some(&body)).await.expect(201).json()
    }

    /// What a management `PATCH` answers.
    pub async fn patch(&self, path: &str, body: Value) -> Value {
        self.ask(Method::PATCH, path, Some(&body)).await.expect(200).json()
    }

    /// Deletes something.
    pub async fn delete(&self, path: &str) {
        let reply = self.ask(Method::DELETE, path, None).await;
        assert!(matches!(reply.status, 200 | 204), "{} {}", reply.status, reply.text);
    }

    /// A user with this much cash; returns the id.
    pub async fn add_user(&self, cash: &str) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let email = format!("user{number}@example.org");
        let user = self.post("/api/admin/users", json!({ "email": email, "role": "user" })).await;
        let id = user["id"].as_str().expect("a user has an id").to_owned();
        if nanos(cash) > 0 {
            self.credit(&id, cash).await;
        }
        id
    }

    /// Gives a user cash.
    pub async fn credit(&self, user_id: &str, amount: &str) {
        let body = json!({ "direction": "credit", "amount": amount, "reason_code": "test", "note": "for a scenario" });
        self.post(&format!("/api/admin/users/{user_id}/adjustments"), body).await;
    }

    /// A key of this user; `limits` are further fields of the form.
    pub async fn add_key(&self, user_id: &str, limits: Value) -> Key {
        let mut body = json!({ "name": "scenario" });
        for (name, value) in limits.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let made = self.post(&format!("/api/admin/users/{user_id}/keys"), body).await;
        Key {
            id: made["key"]["id"].as_str().expect("a key has an id").to_owned(),
            user_id: user_id.to_owned(),
            secret: made["secret"].as_str().expect("a new key shows its secret").to_owned(),
        }
    }

    /// A new user with this much cash, and a key without limits.
    pub async fn add_customer(&self, cash: &str) -> Key {
        let user = self.add_user(cash).await;
        self.add_key(&user, json!({})).await
    }

    /// A model with a price; returns its id.
    pub async fn add_model(&self, name: &str, price: Value) -> String {
        let model = self.post("/api/admin/models", json!({ "name": name, "context_length": 100_000 })).await;
        let id = model["id"].as_str().expect("a model has an id").to_owned();
        self.set_price(&id, price).await;
        id
    }

    /// A new version of a model's price, from now on.
    pub async fn set_price(&self, model_id: &str, price: Value) {
        self.post(&format!("/api/admin/models/{model_id}/prices"), price).await;
    }

    /// A channel for these models, tried in order of falling priority; returns its id.
    pub async fn add_channel(&self, base_url: &str, models: &[&str], priority: i64) -> String {
        let body = json!({
            "name": format!("channel {}", self.count.fetch_add(1, Ordering::Relaxed)),
            "format": "openai",
            "base_url": base_url,
            "credentials": ["upstream-secret"],
            "models": models,
            "priority": priority,
            "allow_private_network": true,
        });
        let channel = self.post("/api/admin/channels", body).await;
        channel["id"].as_str().expect("a channel has an id").to_owned()
    }

    /// Sends a body to the relay on one of the servers, unread and unchecked.
    pub async fn send(&self, server: usize, path: &str, secret: &str, body: String) -> reqwest::Response {
        self.http
            .post(format!("{}{path}", self.servers[server].base_url()))
            .bearer_auth(secret)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .expect("the server answers")
    }

    /// A chat completion on the first server, read to its end.
    pub async fn chat(&self, secret: &str, body: Value) -> Reply {
        self.chat_on(0, secret, body).await
    }

    /// A chat completion on one of the servers, read to its end.
    pub async fn chat_on(&self, server: usize, secret: &str, body: Value) -> Reply {
        Reply::read(self.send(server, "/v1/chat/completions", secret, body.to_string()).await).await
    }

    /// A `GET` of the relay on the first server.
    pub async fn relay_get(&self, path: &str, secret: &str) -> Reply {
        let url = format!("{}{path}", self.servers[0].base_url());
        Reply::read(self.http.get(url).bearer_auth(secret).send().await.expect("the server answers")).await
    }

    /// The row of an ended call; waits until it is there.
    pub async fn request_row(&self, request_id: &str) -> Value {
        let path = format!("/api/admin/requests/{request_id}");
        let ask = async || {
            let reply = self.ask(Method::GET, &path, None).await;
            (reply.status == 200).then(|| reply.json())
        };
        eventually("the call has its row", SETTLED_WITHIN, ask).await.0
    }

    /// How many ended calls a user has, up to a hundred.
    pub async fn count_requests(&self, user_id: &str) -> usize {
        let list = self.get(&format!("/api/admin/requests?user_id={user_id}&limit=100")).await;
        list["items"].as_array().expect("a list has items").len()
    }

    /// A user's money in nano-USD: available and pending.
    pub async fn balance(&self, user_id: &str) -> (i64, i64) {
        let user = self.get(&format!("/api/admin/users/{user_id}")).await;
        amounts_of(&user)
    }

    /// The same while the server may be unable to say it.
    pub async fn balance_if_known(&self, user_id: &str) -> Option<(i64, i64)> {
        let reply = self.ask(Method::GET, &format!("/api/admin/users/{user_id}"), None).await;
        (reply.status == 200).then(|| reply.json()).map(|user| amounts_of(&user))
    }

    /// Waits until nothing of a user's is held, and asserts what is available, as a decimal of USD.
    pub async fn assert_balance(&self, user_id: &str, available: &str) {
        let settled = async || {
            let (available, pending) = self.balance(user_id).await;
            (pending == 0).then_some(available)
        };
        let (found, _) = eventually("nothing is held", SETTLED_WITHIN, settled).await;
        assert_eq!(found, nanos(available), "the balance in nano-USD");
    }

    /// What `waystation ledger audit` says.
    pub fn audit(&self) -> (bool, Value) {
        let output = self.servers[0].options().run_command(&["ledger", "audit", "--json"], "");
        let text = String::from_utf8_lossy(&output.stdout);
        match serde_json::from_str(&text) {
            Ok(report) => (output.status.success(), report),
            Err(error) => {
                panic!("ledger audit: {error} in {text:?} {}", String::from_utf8_lossy(&output.stderr))
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (number, server) in self.servers.iter().enumerate() {
                eprintln!("--- the end of server {number}'s log\n{}", server.log_tail());
            }
        } else {
            // A stream that a client left behind may still be settling.
            let started = Instant::now();
            loop {
                let (clean, report) = self.audit();
                let open = report["open_holds"].as_u64();
                if clean && open == Some(0) {
                    break;
                }
                assert!(started.elapsed() < SETTLED_WITHIN, "the books are not clean: {report}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        self.servers.clear();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn amounts_of(user: &Value) -> (i64, i64) {
    let amount = |name: &str| nanos(user["balance"][name].as_str().expect("balances are decimal strings"));
    (amount("available"), amount("pending"))
}

fn fresh_directory() -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("waystation-scenario-{}-{count}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("the temporary directory is writable");
    directory
}

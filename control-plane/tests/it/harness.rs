//! One control plane a test: port 0, a temporary directory, a pretend clock and name server.

use std::{path::Path, time::Duration};

use control_plane::{
    Config, Deps, Running, Secret,
    recover::{self, Recovered},
};
use pretend::{
    clock::TestClock,
    dns::Dns,
    postgres::{Database, Engine},
};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

pub(crate) const EMAIL: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A running control plane and what it stands on.
pub(crate) struct Plane {
    pub running: Running,
    pub clock: TestClock,
    pub dns: Dns,
    pub dir: tempfile::TempDir,
    client: reqwest::Client,
    base: String,
    token: String,
    /// Gone with it; after the control plane, which is the first to be dropped. None: SQLite in `dir`.
    database: Option<Database>,
}

tokio::task_local! {
    /// Which database the planes of this test stand on.
    pub(crate) static ON: Engine;
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
    pub octets: Vec<u8>,
}

impl Reply {
    /// The body, if the status is the one that is expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }

    /// The code of a problem, whose form is checked as well.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:postern:problem:{code}"));
        self
    }

    /// Pointers of a problem's errors, sorted.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let mut pointers: Vec<_> =
            errors.iter().map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect();
        pointers.sort();
        pointers
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A request in the making.
pub(crate) struct Call<'a> {
    plane: &'a Plane,
    method: Method,
    path: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<(String, Vec<u8>)>,
    from: Option<std::net::IpAddr>,
}

impl Call<'_> {
    pub(crate) fn anonymously(mut self) -> Self {
        self.token = None;
        self
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From the n-th network: this machine's, all of 127.0.0.0/8.
    pub(crate) fn network(mut self, n: u8) -> Self {
        self.from = Some(std::net::Ipv4Addr::new(127, 0, n, 1).into());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn raw(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((media_type.to_owned(), body.into()));
        self
    }

    pub(crate) async fn send(self) -> Reply {
        self.try_send().await.expect("an answer")
    }

    /// None where the connection fails.
    pub(crate) async fn try_send(self) -> Option<Reply> {
        let client = match self.from {
            Some(from) => client(self.plane.dir.path(), Some(from)),
            None => self.plane.client.clone(),
        };
        let mut request = client.request(self.method, format!("{}{}", self.plane.base, self.path));
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some((media_type, body)) = self.body {
            request = request.header("content-type", media_type).body(body);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let octets: Vec<u8> = response.bytes().await.expect("a whole answer").into();
        let text = String::from_utf8_lossy(&octets).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Reply { status, headers, body, text, octets })
    }
}

impl Plane {
    /// With the first owner signed in.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = pretend::scratch::dir().expect("a directory");
        Self::start_in(dir, TestClock::at_present(), adjust).await
    }

    pub(crate) async fn start_in(dir: tempfile::TempDir, clock: TestClock, adjust: impl FnOnce(&mut Config)) -> Self {
        let database = match ON.try_with(|on| *on).ok().or(pretend::postgres::chosen()) {
            Some(Engine::Postgres) => Some(crate::postgres::database().await.expect("a test on PostgreSQL has one")),
            Some(Engine::Sqlite) | None => None,
        };
        Self::start_on(database, dir, clock, adjust).await
    }

    pub(crate) async fn start_on(
        database: Option<Database>,
        dir: tempfile::TempDir,
        clock: TestClock,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let dns = Dns::start().await;
        let (config, deps) = settings(database.as_ref(), &dir, &clock, &dns, adjust);
        let running = control_plane::start(config, deps).await.expect("a control plane");
        let client = client(dir.path(), None);
        let base = format!("https://localhost:{}", running.address.port());
        let mut plane = Self { running, clock, dns, dir, client, base, token: String::new(), database };
        if plane.running.first_sign_in.is_none() {
            plane.token = plane.sign_in(EMAIL, PASSWORD).await;
        }
        plane
    }

    /// Runs what else runs now and then, once and to its end.
    pub(crate) async fn run_jobs(&self) {
        Box::pin(self.running.run_jobs()).await.expect("jobs");
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> String {
        let body = serde_json::json!({ "email": email, "password": password });
        let session = self.post("/v1/sessions").anonymously().json(&body).send().await.expect(201);
        session["access_token"].as_str().expect("a token").to_owned()
    }

    /// Signs in anew, after the clock was moved.
    pub(crate) async fn renew(&mut self, email: &str, password: &str) {
        self.token = self.sign_in(email, password).await;
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call {
            plane: self,
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            token: Some(self.token.clone()),
            headers: Vec::new(),
            body: None,
            from: None,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    pub(crate) fn patch(&self, path: &str) -> Call<'_> {
        self.call("PATCH", path)
    }

    pub(crate) fn put(&self, path: &str) -> Call<'_> {
        self.call("PUT", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        let _ = self.stopped().await;
    }

    /// Stops it, and starts another on the same database and files.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same, with these settings.
    pub(crate) async fn restart_with(self, adjust: impl FnOnce(&mut Config)) -> Self {
        let (database, dir, clock) = self.stopped().await;
        Self::start_on(database, dir, clock, adjust).await
    }

    /// Stops it; why another with these settings does not start.
    pub(crate) async fn restart_fails(self, adjust: impl FnOnce(&mut Config)) -> control_plane::StartError {
        let (database, dir, clock) = self.stopped().await;
        let dns = Dns::start().await;
        let (config, deps) = settings(database.as_ref(), &dir, &clock, &dns, adjust);
        control_plane::start(config, deps).await.expect_err("it must not start")
    }

    /// What a start with these settings would say, asked beside this one.
    pub(crate) async fn check(&self, adjust: impl FnOnce(&mut Config)) -> Result<(), control_plane::StartError> {
        let (config, deps) = settings(self.database.as_ref(), &self.dir, &self.clock, &self.dns, adjust);
        control_plane::check(&config, &deps.clock, &deps.entropy).await
    }

    async fn stopped(self) -> (Option<Database>, tempfile::TempDir, TestClock) {
        drop(self.client);
        self.running.stop().await;
        (self.database, self.dir, self.clock)
    }

    /// `postern recover-owner`, beside the running control plane.
    pub(crate) async fn recover_owner(
        &self,
        email: Option<&str>,
        clear_factors: bool,
    ) -> Result<Recovered, recover::Error> {
        let mut config = config(self.dir.path());
        config.database.url = self.database.as_ref().map(|database| Secret(database.url.clone()));
        let wanted = recover::Wanted { email, clear_factors };
        recover::owner(&config, &self.clock.clock(), &pretend::clock::entropy(), &wanted).await
    }

    /// Waits until every pool's head holds this change.
    pub(crate) async fn until_published(&self, version: &str) {
        let path = format!("/v1/config/versions/{version}");
        let published = async { while self.get(&path).send().await.expect(200)["state"] == "pending" {} };
        tokio::time::timeout(pretend::wait::BOUND, published).await.expect("heads with the change");
    }

    /// A number from the database behind the control plane's back.
    pub(crate) async fn count(&self, statement: &str) -> i64 {
        use sqlx::{AssertSqlSafe, Connection};
        let statement = AssertSqlSafe(statement.to_owned());
        let (count,) = if let Some(database) = &self.database {
            let mut connection = sqlx::PgConnection::connect(&database.url).await.expect("a connection");
            sqlx::query_as::<_, (i64,)>(statement).fetch_one(&mut connection).await.expect("a number")
        } else {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.dir.path().join("postern.db"));
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
            sqlx::query_as::<_, (i64,)>(statement).fetch_one(&mut connection).await.expect("a number")
        };
        count
    }

    /// A connection of one's own, where the database is PostgreSQL.
    pub(crate) async fn postgres(&self) -> Option<sqlx::PgConnection> {
        use sqlx::Connection;
        let url = &self.database.as_ref()?.url;
        Some(sqlx::PgConnection::connect(url).await.expect("a connection"))
    }

    /// Runs statements in the database behind the control plane's back: those for SQLite, or those for PostgreSQL.
    pub(crate) async fn tamper(&self, sqlite: &str, postgres: &str) {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        if let Some(database) = &self.database {
            let mut connection = sqlx::PgConnection::connect(&database.url).await.expect("a connection");
            connection.execute(AssertSqlSafe(postgres.to_owned())).await.expect("a good statement");
            connection.close().await.expect("closed");
        } else {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(self.dir.path().join("postern.db"))
                .busy_timeout(Duration::from_secs(10));
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
            connection.execute(AssertSqlSafe(sqlite.to_owned())).await.expect("a good statement");
            connection.close().await.expect("closed");
        }
    }
}

fn settings(
    database: Option<&Database>,
    dir: &tempfile::TempDir,
    clock: &TestClock,
    dns: &Dns,
    adjust: impl FnOnce(&mut Config),
) -> (Config, Deps) {
    let mut config = config(dir.path());
    config.dns.servers = vec![dns.address()];
    config.database.url = database.map(|database| Secret(database.url.clone()));
    adjust(&mut config);
    let dns = checks::Dns::new(&config.dns, clock.clock()).expect("a resolver");
    (config, Deps { clock: clock.clock(), entropy: pretend::clock::entropy(), dns })
}

fn config(dir: &Path) -> Config {
    let mut config = Config { data_dir: dir.to_owned(), listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    // What a test asks of it, it asks of a stand-in.
    config.passwords.compromised.enabled = false;
    EMAIL.clone_into(&mut config.first_owner.email);
    config.first_owner.password = Some(Secret(PASSWORD.to_owned()));
    // A clock that stands still fills no bucket; `rates` has some.
    config.rates.requests_per_minute = 0;
    config.rates.anonymous_requests_per_minute = 0;
    // Scenarios move their clock; those about sessions have the settings that ship.
    config.sessions.access_lifetime_s = std::num::NonZeroU32::new(60 * 60).expect("an hour");
    config.sessions.step_up_lifetime_s = std::num::NonZeroU32::new(30 * 24 * 60 * 60).expect("a month");
    config
}

fn client(dir: &Path, from: Option<std::net::IpAddr>) -> reqwest::Client {
    let pem = std::fs::read(dir.join("tls.crt")).expect("the certificate that was made");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    reqwest::Client::builder()
        .tls_certs_only([certificate])
        .local_address(from)
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client")
}

/// Is a test on this database to run? Not where `POSTERN_TEST_DATABASE` chose the other, or there is none.
pub(crate) async fn runs_on(engine: Engine) -> bool {
    let chosen = pretend::postgres::chosen().is_none_or(|chosen| chosen == engine);
    chosen && (engine == Engine::Sqlite || pretend::postgres::available().await)
}

/// Each scenario as two tests, `sqlite::…` and `postgres::…`; it starts its own planes, or gets one. The latter pass
/// where there is no PostgreSQL.
macro_rules! on_both {
    (@tests $module:ident $engine:ident { $($name:ident)+ } $start:expr) => {
        mod $module {
            $(#[tokio::test]
            async fn $name() {
                let engine = pretend::postgres::Engine::$engine;
                if crate::harness::runs_on(engine).await {
                    crate::harness::ON.scope(engine, Box::pin(async { $start(super::$name).await })).await;
                }
            })+
        }
    };
    ($($name:ident)+) => {
        crate::harness::on_both! { @tests sqlite Sqlite { $($name)+ } crate::harness::with_plane }
        crate::harness::on_both! { @tests postgres Postgres { $($name)+ } crate::harness::with_plane }
    };
    (alone: $($name:ident)+) => {
        mod alone {
            $(use super::$name;)+
            crate::harness::on_both! { @tests sqlite Sqlite { $($name)+ } crate::harness::alone }
            crate::harness::on_both! { @tests postgres Postgres { $($name)+ } crate::harness::alone }
        }
    };
}
pub(crate) use on_both;

pub(crate) async fn with_plane(scenario: impl AsyncFnOnce(Plane)) {
    scenario(Plane::start().await).await;
}

pub(crate) async fn alone(scenario: impl AsyncFnOnce()) {
    scenario().await;
}

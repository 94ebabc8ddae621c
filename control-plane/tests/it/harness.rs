//! One control plane a test: port 0, a temporary directory, a pretend clock and name server.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use control_plane::{Config, Deps, Running, Secret};
use pretend::{clock::TestClock, dns::Dns};
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
    /// Where its database is, unless that is a file.
    pub database: Option<String>,
    client: reqwest::Client,
    base: String,
    token: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
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
        let mut request = self.plane.client.request(self.method, format!("{}{}", self.plane.base, self.path));
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
        let text = response.text().await.expect("a whole answer");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Reply { status, headers, body, text })
    }
}

impl Plane {
    /// With the first owner signed in.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        Self::start_in(dir, TestClock::at_present(), adjust).await
    }

    /// On PostgreSQL; none where there is none.
    pub(crate) async fn start_on_postgres() -> Option<Self> {
        let url = crate::postgres::database().await?;
        Some(Self::start_with(|config| config.database.url = Some(Secret(url))).await)
    }

    pub(crate) async fn start_in(dir: tempfile::TempDir, clock: TestClock, adjust: impl FnOnce(&mut Config)) -> Self {
        let dns = Dns::start().await;
        let mut config = config(dir.path());
        config.dns.servers = vec![dns.address()];
        adjust(&mut config);
        let resolver = checks::Dns::new(&config.dns, clock.clock()).expect("a resolver");
        let deps = Deps { clock: clock.clock(), entropy: pretend::clock::entropy(), dns: resolver };
        let database = config.database.url.as_ref().map(|url| url.0.clone());
        let running = control_plane::start(config, deps).await.expect("a control plane");
        let client = client(dir.path());
        let base = format!("https://localhost:{}", running.address.port());
        let mut plane = Self { running, clock, dns, dir, database, client, base, token: String::new() };
        if plane.running.first_sign_in.is_none() {
            plane.token = plane.sign_in(EMAIL, PASSWORD).await;
        }
        plane
    }

    /// Runs what else runs now and then, once and to its end.
    pub(crate) async fn run_jobs(&self) {
        self.running.run_jobs().await.expect("jobs");
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> String {
        let body = serde_json::json!({ "email": email, "password": password });
        let session = self.post("/v1/sessions").anonymously().json(&body).send().await.expect(201);
        session["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call {
            plane: self,
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            token: Some(self.token.clone()),
            headers: Vec::new(),
            body: None,
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

    /// Stops it; the directory stays.
    pub(crate) async fn stop(self) -> (tempfile::TempDir, TestClock) {
        drop(self.client);
        self.running.stop().await;
        (self.dir, self.clock)
    }
}

pub(crate) fn config(dir: &Path) -> Config {
    let mut config = Config { data_dir: dir.to_owned(), listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    EMAIL.clone_into(&mut config.first_owner.email);
    config.first_owner.password = Some(Secret(PASSWORD.to_owned()));
    config
}

fn client(dir: &Path) -> reqwest::Client {
    let pem = std::fs::read(dir.join("tls.crt")).expect("the certificate that was made");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    reqwest::Client::builder().tls_certs_only([certificate]).timeout(Duration::from_mins(1)).build().expect("a client")
}

/// A number that no other test has.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Each scenario as two tests: `sqlite::…` and `postgres::…`. The latter pass where there is no PostgreSQL.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::harness::Plane::start().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(plane) = crate::harness::Plane::start_on_postgres().await {
                    super::$name(plane).await;
                }
            })+
        }
    };
}
pub(crate) use on_both;

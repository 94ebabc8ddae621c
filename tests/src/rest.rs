//! The REST API as a script uses it.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// A signed-in caller.
#[derive(Debug, Clone)]
pub struct Rest {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// The header `Config-Version`.
    pub config_version: Option<i64>,
    pub content_type: String,
}

/// How long a condition may take to come true. Never reached when things work.
const PATIENCE: Duration = Duration::from_mins(1);
/// The API has nothing to wait on but the next look.
const LOOK: Duration = Duration::from_millis(50);

impl Answer {
    /// A member that is a text.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {}", self.body)).to_owned()
    }

    #[track_caller]
    pub fn version(&self) -> i64 {
        self.config_version.unwrap_or_else(|| panic!("no Config-Version: {}", self.body))
    }

    /// Where a problem says the errors are, in order.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| Some(error["pointer"].as_str()?.to_owned())).collect()
    }
}

impl Rest {
    /// Signs in.
    pub async fn sign_in(base: &str, email: &str, password: &str) -> Self {
        let http = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .timeout(Duration::from_secs(70))
            .build()
            .expect("a client");
        let mut rest = Self { http, base: base.to_owned(), token: String::new() };
        let session = rest.call("POST", "/v1/sessions", Some(json!({ "email": email, "password": password }))).await;
        assert_eq!(session.status, 201, "{}", session.body);
        rest.token = session.text("access_token");
        rest
    }

    /// The same person at another replica, or at the same one started again.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.good("GET", path, None).await
    }

    /// A page that is not JSON.
    pub async fn text(&self, path: &str) -> String {
        let response = self.http.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        response.text().await.expect("a text")
    }

    /// The value of a metric, summed over its labels; none where nothing was counted yet.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.text("/metrics").await;
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with([' ', '{']).then(|| rest.rsplit(' ').next()?.parse::<f64>().ok()).flatten()
        });
        values.reduce(|sum, value| sum + value)
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.good("POST", path, Some(body)).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.good("POST", path, None).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.good("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.good("DELETE", path, None).await
    }

    async fn good(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let answer = self.call(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        answer
    }

    /// Whatever comes back.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        // Tests change what nobody else touches.
        let any = [("if-match", "*")];
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.raw(method, path, &any, bytes).await
    }

    /// A CSV file.
    pub async fn upload(&self, path: &str, file: &str) -> Answer {
        self.raw("POST", path, &[("content-type", "text/csv")], Some(file.as_bytes().to_vec())).await
    }

    /// A call with these headers and these octets, as JSON where no header says otherwise.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        let method: reqwest::Method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let pairs = headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        });
        request = request.headers(pairs.collect::<HeaderMap>());
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let config_version = header("config-version").and_then(|version| version.parse().ok());
        let content_type = header("content-type").unwrap_or_default();
        let body = response.json().await.unwrap_or(Value::Null);
        Answer { status, body, config_version, content_type }
    }

    /// Returns once every worker that was seen runs the version.
    pub async fn until_applied(&self, version: i64) {
        let view = self.get(&format!("/v1/config/versions/{version}?wait=60")).await;
        assert_eq!(view.text("state"), "applied", "{}", view.body);
    }

    /// Asks until the answer holds what is looked for.
    pub async fn until<T>(&self, what: &str, path: &str, check: impl Fn(&Value) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if let Some(found) = check(&answer.body) {
                return found;
            }
            assert!(tokio::time::Instant::now() < deadline, "waited {PATIENCE:?} for {what}; last: {}", answer.body);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What the API says of the worker of this name, once it is as wanted.
    pub async fn until_worker(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let find = |body: &Value| body["data"].as_array()?.iter().find(|w| w["name"] == name && wanted(w)).cloned();
        self.until(&format!("{name} {what}"), "/v1/workers?limit=500", find).await
    }

    /// All messages of the trace that a search finds, once there are so many.
    pub async fn until_messages(&self, query: &str, at_least: usize) -> Vec<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let found = self.messages(query).await;
            if found.len() >= at_least {
                return found;
            }
            assert!(tokio::time::Instant::now() < deadline, "{} of {at_least} messages for {query}", found.len());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// All messages of the trace that a search finds now.
    pub async fn messages(&self, query: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/v1/messages?limit=500&{query}{cursor}")).await;
            found.extend(page.body["data"].as_array().cloned().unwrap_or_default());
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    /// What is known to be missing from the trace.
    pub async fn gaps(&self) -> Vec<Value> {
        self.get("/v1/gaps?limit=500").await.body["data"].as_array().cloned().unwrap_or_default()
    }
}

//! The REST API as a script uses it.

use std::time::Duration;

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
}

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

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.good("POST", path, Some(body)).await
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
        let method: reqwest::Method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        // Tests change what nobody else touches.
        request = request.header("If-Match", "*");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let version = response.headers().get("config-version").and_then(|version| version.to_str().ok()?.parse().ok());
        let body = response.json().await.unwrap_or(Value::Null);
        Answer { status, body, config_version: version }
    }

    /// Returns once every worker that was seen runs the version.
    pub async fn until_applied(&self, version: i64) {
        let view = self.get(&format!("/v1/config/versions/{version}?wait=60")).await;
        assert_eq!(view.text("state"), "applied", "{}", view.body);
    }

    /// Messages of the trace that a search finds, once there are so many.
    pub async fn until_messages(&self, query: &str, at_least: usize) -> Vec<Value> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let mut found = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = self.get(&format!("/v1/messages?limit=500&{query}{cursor}")).await;
                found.extend(page.body["data"].as_array().cloned().unwrap_or_default());
                match page.body["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            if found.len() >= at_least {
                return found;
            }
            assert!(tokio::time::Instant::now() < deadline, "{} of {at_least} messages for {query}", found.len());
            // The trace is behind by one batch of events; there is nothing to wait on but the next look.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

//! One visit of a browser: its cookies, its language, and the API on its behalf.
//!
//! The page is a client of the REST API like any other and can do nothing that the API cannot: each step is a request to the
//! same router, with the browser's cookies.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, request::Parts},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    app::App,
    auth::{credential, rates::Counted},
    http::{
        ApiError,
        layers::{Peer, RequestId},
    },
};

/// Answers of the API that the page reads are small.
const ANSWER_BYTES: usize = 1024 * 1024;

pub(super) struct Visit {
    api: Router,
    origin: String,
    parts: Parts,
    /// Cookies as they are after what the API has set meanwhile.
    jar: Vec<(String, String)>,
    /// What to tell the browser.
    pub set: Vec<HeaderValue>,
    refreshed: bool,
}

/// What the API answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub body: Value,
}

impl Reply {
    pub(super) fn is_good(&self) -> bool {
        self.status.is_success()
    }

    /// A problem's code.
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("internal")
    }
}

impl Visit {
    /// 403 for a form that another site's page sent.
    pub(super) fn begin(app: &App, api: Router, parts: Parts) -> Result<Self, ApiError> {
        credential::from_our_pages(app, &parts.method, &parts.headers)?;
        let jar = jar(&parts.headers);
        let origin = app.config.public_url.origin().ascii_serialization();
        Ok(Self { api, origin, parts, jar, set: Vec::new(), refreshed: false })
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) async fn get(&mut self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Without the browser's cookies: for what somebody does who is nobody yet.
    pub(super) async fn post_as_nobody(&mut self, path: &str, body: Value) -> Reply {
        let jar = std::mem::take(&mut self.jar);
        let reply = self.ask(Method::POST, path, Some(body)).await;
        self.jar = jar;
        reply
    }

    /// Asks the API. Where the access token is over, the session is carried on first.
    pub(super) async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let reply = self.ask(method.clone(), path, body.clone()).await;
        if reply.status != StatusCode::UNAUTHORIZED || reply.code() != "unauthenticated" || self.refreshed {
            return reply;
        }
        self.refreshed = true;
        let carried_on = self.ask(Method::POST, "/v1/sessions/refresh", Some(json!({}))).await;
        if carried_on.is_good() { self.ask(method, path, body).await } else { reply }
    }

    async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let broken = || Reply { status: StatusCode::INTERNAL_SERVER_ERROR, body: json!({ "code": "internal" }) };
        let mut request = Request::builder().method(method).uri(path).header(header::ORIGIN, &self.origin);
        if let Some(agent) = self.parts.headers.get(header::USER_AGENT) {
            request = request.header(header::USER_AGENT, agent);
        }
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let Ok(mut request) = request.body(body) else { return broken() };
        if let Some(peer) = self.parts.extensions.get::<Peer>() {
            request.extensions_mut().insert(*peer);
        }
        // All of a visit is one request of the person.
        if let Some(counted) = self.parts.extensions.get::<Counted>() {
            request.extensions_mut().insert(counted.clone());
        }
        if let Some(id) = self.parts.extensions.get::<RequestId>() {
            request.extensions_mut().insert(id.clone());
        }
        let Ok(response) = self.api.clone().oneshot(request).await;
        for value in response.headers().get_all(header::SET_COOKIE) {
            self.keep(value);
        }
        let status = response.status();
        match axum::body::to_bytes(response.into_body(), ANSWER_BYTES).await {
            Ok(bytes) => Reply { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) },
            Err(_) => broken(),
        }
    }

    fn keep(&mut self, value: &HeaderValue) {
        let pair = value.to_str().ok().and_then(|text| text.split(';').next()).and_then(|pair| pair.split_once('='));
        if let Some((name, value)) = pair {
            self.jar.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.jar.push((name.to_owned(), value.to_owned()));
            }
        }
        self.set.push(value.clone());
    }
}

/// Our own cookies.
fn jar(headers: &HeaderMap) -> Vec<(String, String)> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let ours = pairs.filter(|(name, _)| name.starts_with("__Host-postern-"));
    ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

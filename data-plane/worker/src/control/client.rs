//! The calls of the worker API. Whatever comes back is bounded in size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use contract::{
    errand::{Errand, NextErrand, Outcome},
    ids::ErrandId,
    snapshot::{hash::Hash, head::MAX_JWS_BYTES},
    worker_api::{
        Enrol, Enrolled, EventsAck, HeadVersion, ObjectsRequest, PoolKeysRequest, Status, StatusAck, TokenGrant,
        TokenRequest, WrappedPoolKeys,
    },
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use super::trust;

/// Longest JSON answer.
const MAX_JSON_BYTES: usize = 1024 * 1024;
/// Longest answer of `POST objects`: what the contract allows, and one more object.
const MAX_OBJECTS_BYTES: usize = contract::worker_api::MAX_OBJECTS_BYTES + 2 * 1024 * 1024;

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: url::Url,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("the control plane cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the answer is longer than it may be")]
    Oversize,
    #[error("the answer cannot be read")]
    Malformed,
    #[error("the control plane answers {status}: {text}")]
    /// `code` is a problem's stable name, where the answer is one.
    Status { status: StatusCode, code: Option<String>, text: String, expected_seq: Option<u64> },
}

/// An answer to `GET head`.
#[derive(Debug)]
pub(crate) enum HeadAnswer {
    New { jws: String, etag: Option<String> },
    NotYet,
}

impl Client {
    pub(crate) fn new(base: &url::Url, pinned: Option<Hash>) -> Result<Self, reqwest::Error> {
        // Fails only if the provider lacks TLS 1.2 and 1.3: then every connection will say so.
        let mut builder = reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).no_proxy();
        if let Ok(tls) = trust::client_config(pinned) {
            builder = builder.tls_backend_preconfigured(tls);
        }
        Ok(Self { http: builder.redirect(reqwest::redirect::Policy::none()).build()?, base: base.clone() })
    }

    pub(crate) async fn enrol(&self, body: &Enrol) -> Result<Enrolled, CallError> {
        json(self.post("enrol", None, body).await?).await
    }

    pub(crate) async fn token(&self, assertion: String) -> Result<TokenGrant, CallError> {
        json(self.post("token", None, &TokenRequest { assertion }).await?).await
    }

    pub(crate) async fn head(
        &self,
        token: &str,
        after: Option<HeadVersion>,
        nonce: Option<&str>,
        etag: Option<&str>,
        wait: Duration,
    ) -> Result<HeadAnswer, CallError> {
        let mut request = self
            .request(Method::GET, "head", Some(token))
            .query(&[("wait", wait.as_secs().to_string())])
            .timeout(wait + Duration::from_secs(15));
        if let Some(after) = after {
            request = request.query(&[("after", after.to_string())]);
        }
        if let Some(nonce) = nonce {
            request = request.query(&[("nonce", nonce)]);
        }
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let response = send(request).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(HeadAnswer::NotYet);
        }
        let response = successful(response).await?;
        let etag = response.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let bytes = body(response, MAX_JWS_BYTES).await?;
        let jws = String::from_utf8(bytes.to_vec()).map_err(|_| CallError::Malformed)?;
        Ok(HeadAnswer::New { jws, etag })
    }

    /// Nodes and objects, as many as one answer holds.
    pub(crate) async fn objects(&self, token: &str, names: Vec<Hash>) -> Result<Vec<(Hash, Bytes)>, CallError> {
        let response = self.post("objects", Some(token), &ObjectsRequest { names }).await?;
        framed(body(response, MAX_OBJECTS_BYTES).await?)
    }

    /// A whole subtree.
    pub(crate) async fn pack(&self, token: &str, top: Hash) -> Result<Vec<(Hash, Bytes)>, CallError> {
        let request = self.request(Method::GET, &format!("packs/{top}"), Some(token)).timeout(Duration::from_mins(1));
        framed(body(successful(send(request).await?).await?, MAX_OBJECTS_BYTES).await?)
    }

    /// What changed between two trees, and objects of the later one.
    pub(crate) async fn changes(
        &self,
        token: &str,
        from: Hash,
        to: Hash,
    ) -> Result<(Bytes, Vec<(Hash, Bytes)>), CallError> {
        let request = self.request(Method::GET, "changes", Some(token)).timeout(Duration::from_mins(1));
        let request = request.query(&[("from", from.to_string()), ("to", to.to_string())]);
        let mut bytes = body(successful(send(request).await?).await?, MAX_OBJECTS_BYTES).await?;
        let Some((len, _)) = bytes.split_first_chunk::<4>() else { return Err(CallError::Malformed) };
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| CallError::Malformed)?;
        let mut changes = bytes.split_off(4);
        if changes.len() < len {
            return Err(CallError::Malformed);
        }
        let objects = changes.split_off(len);
        Ok((changes, framed(objects)?))
    }

    pub(crate) async fn events(&self, token: &str, batch: Bytes) -> Result<EventsAck, CallError> {
        let request = self
            .request(Method::POST, "events", Some(token))
            .header(header::CONTENT_TYPE, "application/json")
            .timeout(Duration::from_mins(1))
            .body(batch);
        json(successful(send(request).await?).await?).await
    }

    pub(crate) async fn status(&self, token: &str, status: &Status) -> Result<StatusAck, CallError> {
        json(self.post("status", Some(token), status).await?).await
    }

    /// The next errand, if one comes within `wait`.
    pub(crate) async fn errand(&self, token: &str, wait: Duration) -> Result<Option<Errand>, CallError> {
        let request = self
            .request(Method::GET, "errands", Some(token))
            .query(&[("wait", wait.as_secs().to_string())])
            .timeout(wait + Duration::from_secs(15));
        let next: NextErrand = json(successful(send(request).await?).await?).await?;
        Ok(next.errand)
    }

    pub(crate) async fn errand_done(&self, token: &str, id: ErrandId, outcome: &Outcome) -> Result<(), CallError> {
        self.post(&format!("errands/{id}"), Some(token), outcome).await.map(|_| ())
    }

    pub(crate) async fn pool_keys(&self, token: &str, public_key: String) -> Result<WrappedPoolKeys, CallError> {
        json(self.post("pool-keys", Some(token), &PoolKeysRequest { public_key }).await?).await
    }

    async fn post<T: Serialize>(&self, path: &str, token: Option<&str>, body: &T) -> Result<Response, CallError> {
        let request = self.request(Method::POST, path, token).timeout(Duration::from_mins(1)).json(body);
        successful(send(request).await?).await
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("/worker/v1/{path}"));
        let request = self.http.request(method, url);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// Nodes and objects: for each 32 bytes of hash, 4 of length (big-endian), the bytes.
fn framed(mut bytes: Bytes) -> Result<Vec<(Hash, Bytes)>, CallError> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let Some((prefix, _)) = bytes.split_first_chunk::<36>() else { return Err(CallError::Malformed) };
        let (mut name, mut len) = ([0; 32], [0; 4]);
        name.copy_from_slice(&prefix[..32]);
        len.copy_from_slice(&prefix[32..]);
        let len = usize::try_from(u32::from_be_bytes(len)).map_err(|_| CallError::Malformed)?;
        let mut rest = bytes.split_off(36);
        if rest.len() < len {
            return Err(CallError::Malformed);
        }
        bytes = rest.split_off(len);
        objects.push((Hash::from_bytes(name), rest));
    }
    Ok(objects)
}

async fn send(request: RequestBuilder) -> Result<Response, CallError> {
    request.send().await.map_err(|error| CallError::Unreachable(error.without_url()))
}

async fn successful(response: Response) -> Result<Response, CallError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let bytes = body(response, 64 * 1024).await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = problem.get("detail").or(problem.get("title")).and_then(|text| text.as_str()).unwrap_or_default();
    let expected_seq = problem.get("expected_seq").and_then(serde_json::Value::as_u64);
    let code = problem.get("code").and_then(|code| code.as_str()).map(|code| code.chars().take(100).collect());
    Err(CallError::Status { status, code, text: text.chars().take(300).collect(), expected_seq })
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let bytes = body(response, MAX_JSON_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|_| CallError::Malformed)
}

async fn body(mut response: Response, limit: usize) -> Result<Bytes, CallError> {
    // Of what it says, no more is believed than what may come.
    let said = response.content_length().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
    let mut bytes = BytesMut::with_capacity(said.min(limit));
    while let Some(chunk) = response.chunk().await.map_err(|error| CallError::Unreachable(error.without_url()))? {
        if bytes.len() + chunk.len() > limit {
            return Err(CallError::Oversize);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

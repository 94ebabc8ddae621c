//! What a handler answers: status, tag, location, body. A write is answered through [`commit`], which stores the answer
//! for its `Idempotency-Key`, commits, and adds `Config-Version`.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{ApiError, ETag, idempotency};
use crate::db::Tx;

/// Number of the outbox row of this write. Wait for it at `GET /v1/config/versions/{v}`.
pub const CONFIG_VERSION: HeaderName = HeaderName::from_static("config-version");

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config_version: Option<i64>,
    /// JSON; none for 204.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl Answer {
    fn new(status: StatusCode, body: Option<String>) -> Self {
        Self { status: status.as_u16(), location: None, revision: None, config_version: None, body }
    }

    pub fn ok(view: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, Some(json(view)))
    }

    /// 202: it is done later.
    pub fn accepted(view: &impl Serialize) -> Self {
        Self::new(StatusCode::ACCEPTED, Some(json(view)))
    }

    /// 201 with the path of the new thing.
    pub fn created(location: impl Into<String>, view: &impl Serialize) -> Self {
        Self { location: Some(location.into()), ..Self::new(StatusCode::CREATED, Some(json(view))) }
    }

    pub fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, None)
    }

    /// The strong `ETag`.
    #[must_use]
    pub fn revision(mut self, revision: i64) -> Self {
        self.revision = Some(revision);
        self
    }
}

fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("views have text keys and no failing serializer")
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = status.into_response();
        if let Some(body) = self.body {
            response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        }
        let headers = response.headers_mut();
        // What the API shows is nobody else's; a cache in between must not keep it.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(location) = self.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(revision) = self.revision {
            headers.insert(header::ETAG, ETag::of(revision).value());
        }
        if let Some(version) = self.config_version {
            headers.insert(CONFIG_VERSION, HeaderValue::from(version));
        }
        response
    }
}

/// The end of every write: one transaction holds the change, its audit row, its outbox rows and the stored answer.
pub async fn commit(mut tx: Tx, mut answer: Answer) -> Result<Response, ApiError> {
    answer.config_version = tx.config_version();
    idempotency::store(&mut tx, &answer).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

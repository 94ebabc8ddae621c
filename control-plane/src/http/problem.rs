//! Errors as RFC 9457 problems: one schema, a stable code, and a JSON pointer for each bad field.
//!
//! What a client reads and what the log reads are separate: the cause of an [`ApiError`] has no way into a response.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Code, Time};
use crate::db::StoreError;

/// An error (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:postern:problem:` and the code.
    #[schema(example = "urn:postern:problem:invalid_body")]
    pub r#type: String,
    /// What the code means, for people.
    #[schema(example = "The body has fields that cannot be taken")]
    pub title: String,
    /// The HTTP status again.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    pub status: u16,
    /// For programs; never changes its meaning. More may come.
    #[schema(example = "invalid_body")]
    pub code: String,
    /// More about this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Each bad field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// What would get further, where something has to be shown first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
}

/// What has to be shown first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Challenge {
    /// Any one of these: `password`, `totp`, `passkey`, `recovery_code`. More may come.
    #[schema(example = json!(["totp", "recovery_code"]))]
    pub methods: Vec<String>,
    /// To send along with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ptk_AbCd…")]
    pub ticket: Option<String>,
    /// The ticket is void then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// One bad field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body (RFC 6901); `?name` for a parameter of the query.
    #[schema(example = "/name")]
    pub pointer: String,
    /// For programs.
    #[schema(example = "invalid")]
    pub code: String,
    /// For people.
    #[schema(example = "a domain name cannot be empty")]
    pub message: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.to_owned(), message: message.into() }
    }

    /// The usual one: the value does not parse.
    pub fn invalid(pointer: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self::new(pointer, "invalid", message.to_string())
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request is not answered as it hoped.
#[derive(Debug, thiserror::Error)]
#[error("{}", code.name())]
pub struct ApiError {
    code: Code,
    /// Boxed: an error travels through every handler's result.
    public: Box<Public>,
    /// For the log only.
    #[source]
    cause: Option<Cause>,
}

#[derive(Debug, Default)]
struct Public {
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    challenge: Option<Challenge>,
}

impl ApiError {
    pub fn new(code: Code) -> Self {
        Self { code, public: Box::default(), cause: None }
    }

    /// The body's bad fields; `errors` must not be empty.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut error = Self::new(Code::InvalidBody);
        error.public.errors = errors;
        error
    }

    /// One bad field.
    pub fn field(pointer: &str, message: impl std::fmt::Display) -> Self {
        Self::invalid(vec![FieldError::invalid(pointer, message)])
    }

    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// Something of ours failed; the client learns no more than that.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// Public text: say nothing in it that the caller may not know.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.public.detail = Some(detail.into());
        self
    }

    /// Names the field that brought a conflict about.
    #[must_use]
    pub fn at(mut self, pointer: &str) -> Self {
        self.public.errors.push(FieldError::new(pointer, self.code.name(), self.code.title()));
        self
    }

    /// Of a body that stands within another one, at this pointer.
    #[must_use]
    pub fn under(mut self, pointer: &str) -> Self {
        for error in self.public.errors.iter_mut().filter(|error| error.pointer.starts_with('/')) {
            error.pointer.insert_str(0, pointer);
        }
        self
    }

    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.public.errors = errors;
        self
    }

    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.public.retry_after_s = Some(seconds);
        self
    }

    #[must_use]
    pub fn challenge(mut self, challenge: Challenge) -> Self {
        self.public.challenge = Some(challenge);
        self
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    fn log(&self) {
        let mut chain = String::new();
        let mut cause = self.cause.as_ref().map(|cause| &**cause as &dyn std::error::Error);
        while let Some(error) = cause {
            if !chain.is_empty() {
                chain.push_str(": ");
            }
            chain.push_str(&error.to_string());
            cause = error.source();
        }
        let code = self.code.name();
        if self.status().is_server_error() {
            // Expected now and then: whoever asked is told to come again.
            if self.code == Code::Busy {
                tracing::warn!(code, chain, "request turned away");
            } else {
                tracing::error!(code, chain, "request failed");
            }
        } else if !chain.is_empty() {
            tracing::debug!(code, chain, "request refused");
        }
    }

    pub fn problem(&self) -> Problem {
        Problem {
            r#type: format!("urn:postern:problem:{}", self.code.name()),
            title: self.code.title().to_owned(),
            status: self.status().as_u16(),
            code: self.code.name().to_owned(),
            detail: self.public.detail.clone(),
            errors: self.public.errors.clone(),
            challenge: self.public.challenge.clone(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let body = serde_json::to_vec(&self.problem()).expect("a problem is texts and numbers");
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status() == StatusCode::UNAUTHORIZED {
            // RFC 9110 §11.6.1
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.public.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Busy(_) => Code::Busy,
            StoreError::Away(_) => Code::Unavailable,
            // A rule between rows that the store did not foresee, or somebody was faster.
            StoreError::Unique(_) | StoreError::Reference(_) | StoreError::Stale => Code::Conflict,
            StoreError::Unaudited | StoreError::Corrupt { .. } | StoreError::Other(_) => Code::Internal,
        };
        let error = Self::new(code).caused_by(error);
        if code == Code::Busy { error.retry_after_s(1) } else { error }
    }
}

impl StoreError {
    /// A taken key as the problem it is here; everything else as ever.
    pub fn or_unique(self, problem: impl FnOnce() -> ApiError) -> ApiError {
        match self {
            Self::Unique(_) => problem().caused_by(self),
            _ => self.into(),
        }
    }

    /// A reference that does not hold as the problem it is here; everything else as ever.
    pub fn or_reference(self, problem: impl FnOnce() -> ApiError) -> ApiError {
        match self {
            Self::Reference(_) => problem().caused_by(self),
            _ => self.into(),
        }
    }
}

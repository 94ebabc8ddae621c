//! CSV bodies, as octets: what they say is read by whoever asked for them.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};

use super::{ApiError, json};

/// The body of an upload, `text/csv` in UTF-8.
#[derive(Debug, Clone)]
pub struct ApiCsv(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for ApiCsv {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        json::media_type(request.headers(), &["text/csv"])?;
        json::read(request, state).await.map(Self)
    }
}

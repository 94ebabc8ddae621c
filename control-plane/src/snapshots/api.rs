//! `GET /worker/v1/head` and `POST /worker/v1/objects`.

use std::{collections::HashMap, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::{
    snapshot::hash::Hash,
    worker_api::{HeadVersion, MAX_OBJECT_NAMES, MAX_OBJECTS_BYTES, ObjectsRequest, Ring},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{heads::Head, store};
use crate::{
    app::AppState,
    auth::{Grant, action::PullConfiguration},
    http::{ApiError, ApiJson, ApiQuery, Code, FieldError, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_head)).routes(routes!(read_objects))
}

/// The longest a poll waits, in seconds.
const MAX_WAIT_S: u64 = 50;
/// Names looked up by one statement.
const CHUNK: usize = 200;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct HeadQuery {
    /// Wait so many seconds for another head than that of `If-None-Match`.
    #[param(minimum = 0, maximum = 50, default = 0)]
    wait: u64,
    /// Epoch and version that the worker runs: a replica that is behind waits instead of answering an older head.
    #[param(example = "1.42")]
    after: Option<String>,
}

/// The newest head of the worker's pool and ring, a compact JWS.
#[utoipa::path(get, path = "/worker/v1/head", operation_id = "read_head", tag = "configuration",
    params(HeadQuery, ("If-None-Match" = Option<String>, Header, description = "ETag of the head that is held")),
    responses((status = 200, description = "A head, compact JWS", body = String, content_type = "application/jose"),
        (status = 304, description = "No other head came"), CommonProblems))]
pub(super) async fn read_head(
    grant: Grant<PullConfiguration>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<HeadQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (_, pool) = grant.worker()?;
    let bad = |name: &str, message: &str| {
        ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid(format!("?{name}"), message)])
    };
    if query.wait > MAX_WAIT_S {
        return Err(bad("wait", "expected 0 to 50"));
    }
    let after: Option<HeadVersion> =
        query.after.as_deref().map(str::parse).transpose().map_err(|_| bad("after", "expected epoch.version"))?;
    let held = headers.get(header::IF_NONE_MATCH).cloned();
    let mut heads = app.heads.subscribe();
    let newer = async {
        loop {
            let head = heads.borrow_and_update().get(&(pool, Ring::Stable)).cloned();
            if let Some(head) = head.filter(|head| after.is_none_or(|after| head.at >= after))
                && held.as_ref() != Some(&etag(&head))
            {
                return Some(head);
            }
            if heads.changed().await.is_err() {
                return None;
            }
        }
    };
    let head = tokio::select! {
        head = newer => head,
        () = tokio::time::sleep(Duration::from_secs(query.wait)) => None,
        () = app.stopping.cancelled() => None,
    };
    Ok(match head {
        Some(head) => (
            [(header::ETAG, etag(&head)), (header::CONTENT_TYPE, HeaderValue::from_static("application/jose"))],
            head.jws.to_string(),
        )
            .into_response(),
        None => StatusCode::NOT_MODIFIED.into_response(),
    })
}

/// A head that is signed again is another head.
fn etag(head: &Head) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}.{}\"", head.at, head.issued_at.as_micros()))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// Nodes and objects by name, in the order asked: for each 32 bytes of hash, 4 of length (big-endian), the bytes. It may
/// stop before the last; what is missing is asked for again.
#[utoipa::path(post, path = "/worker/v1/objects", operation_id = "read_objects", tag = "configuration",
    request_body = ObjectsRequest,
    responses((status = 200, description = "Nodes and objects, framed", body = Vec<u8>, content_type = "application/octet-stream"),
        CommonProblems))]
pub(super) async fn read_objects(
    grant: Grant<PullConfiguration>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<ObjectsRequest>,
) -> Result<Response, ApiError> {
    if body.names.len() > MAX_OBJECT_NAMES {
        return Err(ApiError::field("/names", "expected at most 10000"));
    }
    let mut answer = Vec::new();
    let mut read = app.db.read(&grant).await?;
    for names in body.names.chunks(CHUNK) {
        let found: HashMap<Vec<u8>, Vec<u8>> = store::objects(&mut read, names).await?.into_iter().collect();
        for name in names {
            let bytes = found.get(&name.as_bytes()[..]).ok_or_else(|| gone(name))?;
            answer.extend(name.as_bytes());
            answer.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            answer.extend(bytes);
        }
        if answer.len() >= MAX_OBJECTS_BYTES {
            break;
        }
    }
    app.metrics.with(|| metrics::counter!("postern_snapshot_served_bytes_total").increment(answer.len() as u64));
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response())
}

fn gone(name: &Hash) -> ApiError {
    ApiError::not_found().detail(format!("{name} is not kept: start over from the newest head"))
}

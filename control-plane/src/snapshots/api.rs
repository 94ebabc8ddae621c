//! `GET /worker/v1/head` and `POST /worker/v1/objects`.

use std::{collections::HashMap, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::{
    snapshot::hash::Hash,
    worker_api::{HeadVersion, MAX_OBJECT_NAMES, NONCE_CHARS, ObjectsRequest, Ring},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{heads::Head, store, subtree};
use crate::{
    app::AppState,
    auth::{Grant, action::PullConfiguration},
    db::StoreError,
    http::{ApiError, ApiJson, ApiPath, ApiQuery, Code, FieldError, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read_head))
        .routes(routes!(read_objects))
        .routes(routes!(read_pack))
        .routes(routes!(read_changes))
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
    /// The head is signed for it: of a worker that just started and has no memory of versions. 22 to 64 characters of
    /// base64url.
    #[param(example = "q0P6dTwwZ0mDqJ4kJtY0xA")]
    nonce: Option<String>,
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
    let is_nonce = |nonce: &String| {
        NONCE_CHARS.contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if query.nonce.as_ref().is_some_and(|nonce| !is_nonce(nonce)) {
        return Err(bad("nonce", "expected 22 to 64 characters of base64url"));
    }
    let held = headers.get(header::IF_NONE_MATCH).cloned();
    let mut heads = app.heads.subscribe();
    let mut waited = false;
    let newer = async {
        loop {
            let head = heads.borrow_and_update().get(&(pool, Ring::Stable)).cloned();
            if let Some(head) = head.filter(|head| after.is_none_or(|after| head.at >= after))
                && held.as_ref() != Some(&etag(&head))
            {
                return Some(head);
            }
            waited = true;
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
    // A worker that was deleted meanwhile hears of nothing that was published since.
    let grant = if waited { grant.renewed(&app).await? } else { grant };
    let head = match (head, &query.nonce) {
        (Some(head), Some(nonce)) => Some(fresh(&app, &grant, head, nonce).await?),
        (head, _) => head,
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

/// What is newest in the database now, and not what this replica last saw there, signed for a nonce.
async fn fresh(app: &AppState, grant: &Grant<PullConfiguration>, seen: Head, nonce: &str) -> Result<Head, ApiError> {
    let stored = store::heads(&mut app.db.read(grant).await?).await?;
    let newest = stored.into_iter().find(|head| (head.pool, head.ring) == (seen.pool, seen.ring)).unwrap_or(seen);
    let jws = app.signing.for_nonce(&newest.jws, nonce).map_err(StoreError::corrupt("heads.jws"))?;
    Ok(Head { jws: jws.into(), ..newest })
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
    let (_, pool) = grant.worker()?;
    if body.names.len() > MAX_OBJECT_NAMES {
        return Err(ApiError::field("/names", "expected at most 10000"));
    }
    let mut answer = Vec::new();
    let mut read = app.db.read(&grant).await?;
    'answer: for names in body.names.chunks(CHUNK) {
        let found: HashMap<Vec<u8>, Vec<u8>> = store::objects(&mut read, pool, names).await?.into_iter().collect();
        for name in names {
            let bytes = found.get(&name.as_bytes()[..]).ok_or_else(|| gone(name))?;
            if !subtree::fits(&answer, bytes) {
                break 'answer;
            }
            subtree::frame(&mut answer, name.as_bytes(), bytes);
        }
    }
    Ok(octets(&app, answer))
}

/// A whole subtree of nodes and objects, named by its top node: framed as those of `POST objects`, nodes before objects, and
/// each node before those below it. 404 for one that is not kept or is larger than 1 MiB: it is asked for by its parts.
#[utoipa::path(get, path = "/worker/v1/packs/{top}", operation_id = "read_pack", tag = "configuration",
    params(("top" = Hash, Path, description = "SHA-256 of the top node")),
    responses((status = 200, description = "Nodes and objects, framed", body = Vec<u8>, content_type = "application/octet-stream"),
        CommonProblems))]
pub(super) async fn read_pack(
    grant: Grant<PullConfiguration>,
    State(app): State<AppState>,
    ApiPath(top): ApiPath<Hash>,
) -> Result<Response, ApiError> {
    let (_, pool) = grant.worker()?;
    let pack = subtree::pack(&mut app.db.read(&grant).await?, pool, top).await?;
    Ok(octets(&app, pack.ok_or_else(|| gone(&top))?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChangesQuery {
    /// Top node of the tree that the worker has.
    from: Hash,
    /// Top node of the tree that its head names.
    to: Hash,
}

/// What changed between two trees of the worker's pool: 4 bytes of length (big-endian), the changes, then the objects that
/// they name, framed as those of `POST objects`, as many as one answer holds. 404 where the way from one to the other is
/// not known or is long: the tree is asked for by its nodes.
#[utoipa::path(get, path = "/worker/v1/changes", operation_id = "read_changes", tag = "configuration", params(ChangesQuery),
    responses((status = 200, description = "Changes and objects", body = Vec<u8>, content_type = "application/octet-stream"),
        CommonProblems))]
pub(super) async fn read_changes(
    grant: Grant<PullConfiguration>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<ChangesQuery>,
) -> Result<Response, ApiError> {
    let (_, pool) = grant.worker()?;
    let mut read = app.db.read(&grant).await?;
    let found = subtree::changes(&mut read, (pool, Ring::Stable), query.from, query.to).await?;
    let found = found.ok_or_else(|| ApiError::not_found().detail("no way from there: ask for the nodes"))?;
    Ok(octets(&app, found))
}

fn octets(app: &AppState, answer: Vec<u8>) -> Response {
    app.metrics.with(|| metrics::counter!("postern_snapshot_served_bytes_total").increment(answer.len() as u64));
    ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response()
}

fn gone(name: &Hash) -> ApiError {
    ApiError::not_found().detail(format!("{name} is not kept: start over from the newest head"))
}

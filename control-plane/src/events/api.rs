//! `POST /worker/v1/events` and `GET /v1/gaps`.

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::{
    Id, Micros,
    events::{Batch, SCHEMA},
    ids::{GapId, WorkerId},
    worker_api::{EventsAck, MAX_BATCH_BYTES},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{ingest::Applied, store};
use crate::{
    app::AppState,
    auth::{
        Grant,
        action::{PushEvents, ReadGaps},
    },
    http::{Answer, ApiError, ApiQuery, Code, Time, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_gaps))
}

pub fn worker_router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(push_events)).layer(DefaultBodyLimit::max(MAX_BATCH_BYTES))
}

/// A batch of events.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "stands for contract::events::Batch in the document")]
pub struct EventBatch {
    #[schema(example = 1)]
    schema: u16,
    /// Made at random by the worker when it starts.
    stream: Uuid,
    /// Number of the first event; the others follow without a hole.
    #[schema(example = 1)]
    first_seq: u64,
    /// `transaction`, `counters`, `gap`, `closing`. What is not known is set aside and counted.
    #[schema(value_type = Vec<Object>)]
    events: Vec<serde_json::Value>,
}

/// Another number is expected.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct Expected {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    /// What the next batch of this stream must begin with.
    expected_seq: u64,
}

/// Push a batch of events. The same bytes may be sent again; they count once.
#[utoipa::path(post, path = "/worker/v1/events", operation_id = "push_events", tag = "events", request_body = EventBatch,
    responses((status = 200, description = "Stored", body = EventsAck), CommonProblems))]
pub(super) async fn push_events(
    grant: Grant<PushEvents>,
    State(app): State<AppState>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let batch: Batch =
        serde_json::from_slice(&body).map_err(|error| ApiError::new(Code::MalformedBody).caused_by(error))?;
    if batch.schema != SCHEMA {
        return Err(ApiError::field("/schema", "this schema is not known here"));
    }
    if batch.first_seq == 0 || batch.events.is_empty() {
        return Err(ApiError::field("/first_seq", "a batch begins at 1 or later and is not empty"));
    }
    match app.ingest.apply(grant.worker()?, batch).await {
        Some(Applied::Stored(ack)) => Ok(axum::Json(ack).into_response()),
        Some(Applied::Expected(expected_seq)) => {
            let problem = Expected {
                r#type: "urn:postern:problem:unexpected_sequence",
                title: "Another number is expected",
                status: 409,
                code: "unexpected_sequence",
                expected_seq,
            };
            let content_type = [(axum::http::header::CONTENT_TYPE, "application/problem+json")];
            Ok((StatusCode::CONFLICT, content_type, axum::Json(problem)).into_response())
        }
        Some(Applied::NotYours) => Err(ApiError::new(Code::Forbidden)),
        Some(Applied::Failed(error)) => Err(ApiError::new(Code::Busy).caused_by(error).retry_after_s(1)),
        None => Err(ApiError::new(Code::Busy).retry_after_s(1)),
    }
}

/// Something that is known to be missing from the trace.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapView {
    pub id: GapId,
    pub worker_id: WorkerId,
    /// The stream of the worker's start.
    pub stream: Uuid,
    /// `dropped`: the worker's buffer was full. `ended`: the worker ended without its closing mark.
    #[schema(example = "ended")]
    pub kind: String,
    pub from: Time,
    pub to: Time,
    /// How many transactions are missing. For `ended`: as far as the worker had reported.
    #[schema(example = 3)]
    pub events: i64,
    pub recorded_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GapPage {
    pub data: Vec<GapView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct GapQuery {
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the gaps of the trace, newest first.
#[utoipa::path(get, path = "/v1/gaps", operation_id = "list_gaps", tag = "messages", params(GapQuery),
    responses((status = 200, description = "A page of gaps", body = GapPage), CommonProblems))]
pub(super) async fn list_gaps(
    grant: Grant<ReadGaps>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<GapQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "gaps";
    let page = app.cursors.page::<Uuid>(LIST, &(), query.limit, query.cursor.as_deref())?;
    let mut rows = store::gaps(&mut app.trace.read(&grant).await?, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &(), page.limit, &mut rows, |row| row.id);
    let time = |at: i64| Time(Micros::from_micros(at));
    let data = rows.into_iter().map(|row| GapView {
        id: Id::from_uuid(row.id),
        worker_id: Id::from_uuid(row.worker_id),
        stream: row.stream_id,
        kind: row.kind,
        from: time(row.from_at),
        to: time(row.to_at),
        events: row.events,
        recorded_at: time(row.created_at),
    });
    Ok(Answer::ok(&GapPage { data: data.collect(), next_cursor }))
}

//! `POST /worker/v1/status`: what a worker runs and how it fares.

use axum::{Json, extract::State};
use contract::worker_api::{Status, StatusAck};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::store;
use crate::{
    app::AppState,
    auth::{Grant, action::ReportStatus},
    events,
    http::{ApiError, ApiJson, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(report_status))
}

/// How often a worker reports when nothing changes.
const PACE_MS: u32 = 5_000;
/// Errors of parts kept of one report; more say the same.
const MAX_ERRORS: usize = 100;

/// Report what the worker runs.
#[utoipa::path(post, path = "/worker/v1/status", operation_id = "report_status", tag = "status", request_body = Status,
    responses((status = 200, description = "Noted", body = StatusAck), CommonProblems))]
pub(super) async fn report_status(
    grant: Grant<ReportStatus>,
    State(app): State<AppState>,
    ApiJson(mut status): ApiJson<Status>,
) -> Result<Json<StatusAck>, ApiError> {
    let (worker, _) = grant.worker()?;
    status.errors.truncate(MAX_ERRORS);
    for error in &mut status.errors {
        for text in [&mut error.key, &mut error.pointer, &mut error.message] {
            *text = text.chars().take(500).collect();
        }
    }
    if let Some(refused) = &mut status.refused {
        refused.refusal = refused.refusal.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
    }
    let mut tx = app.db.begin(&grant).await?;
    store::report(&mut tx, worker, &status).await?;
    tx.commit().await?;
    events::reported(&app, worker, &status).await?;
    app.heads.nudge();
    Ok(Json(StatusAck { next_in_ms: PACE_MS }))
}

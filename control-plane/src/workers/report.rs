//! `POST /worker/v1/status`: what a worker runs and how it fares.

use axum::{Json, extract::State};
use contract::worker_api::{Status, StatusAck};
use utoipa_axum::router::OpenApiRouter;

use super::{SEEN_WITHIN, store};
use crate::{
    app::AppState,
    auth::{Grant, action::ReportStatus},
    events,
    http::{ApiError, ApiJson, docs::CommonProblems},
    routes,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(utoipa_axum::routes!(report_status))
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
    let (worker, pool) = grant.worker()?;
    // They have rows of their own.
    let hops = std::mem::take(&mut status.hops);
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
    routes::health::reported(&mut tx, worker, hops).await?;
    let since = tx.now() - SEEN_WITHIN;
    let live_workers = store::live(&mut tx, pool, since).await?;
    let drain = store::is_draining(&mut tx, worker).await?;
    tx.commit().await?;
    events::reported(&app, worker, &status).await?;
    app.heads.nudge();
    Ok(Json(StatusAck {
        next_in_ms: PACE_MS,
        // One that drains still delivers: it has a share as well.
        live_workers: u32::try_from(live_workers.max(1)).ok(),
        takes_reports_of_hops: true,
        passes_over_unknown: true,
        drain,
    }))
}

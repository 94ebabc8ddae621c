//! `/worker/v1/errands`: workers fetch errands and bring answers.

use std::time::Duration;

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use contract::{
    errand::{MAX_ANSWER_BYTES, MAX_HOPS, MAX_WAIT_S, NextErrand, Outcome},
    ids::ErrandId,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    auth::{Grant, action::RunErrands},
    http::{ApiError, ApiJson, ApiPath, ApiQuery, Code, FieldError, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read_errand))
        .merge(OpenApiRouter::new().routes(routes!(answer_errand)).layer(DefaultBodyLimit::max(MAX_ANSWER_BYTES)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ErrandQuery {
    /// Wait so many seconds for one.
    #[param(minimum = 0, maximum = 50, default = 0)]
    wait: u64,
}

/// Take the next errand of the worker's pool, if one comes.
#[utoipa::path(get, path = "/worker/v1/errands", operation_id = "read_errand", tag = "errands", params(ErrandQuery),
    responses((status = 200, description = "An errand, which nobody else has, or that none came", body = NextErrand),
        CommonProblems))]
pub(super) async fn read_errand(
    grant: Grant<RunErrands>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<ErrandQuery>,
) -> Result<Json<NextErrand>, ApiError> {
    let (_, pool) = grant.worker()?;
    if query.wait > MAX_WAIT_S {
        let error = FieldError::invalid("?wait", "expected 0 to 50");
        return Err(ApiError::new(Code::InvalidQuery).errors(vec![error]));
    }
    let woken = app.errands.of_pool(pool);
    let until = tokio::time::Instant::now() + Duration::from_secs(query.wait);
    loop {
        if let Some(errand) = super::take(&app, &grant).await? {
            return Ok(Json(NextErrand { errand: Some(errand) }));
        }
        tokio::select! {
            () = woken.notified() => {}
            () = tokio::time::sleep_until(until) => break,
            () = app.stopping.cancelled() => return Ok(Json(NextErrand { errand: None })),
        }
    }
    grant.renewed(&app).await?;
    Ok(Json(NextErrand { errand: None }))
}

/// Bring the answer to an errand that this worker took.
#[utoipa::path(post, path = "/worker/v1/errands/{errand_id}", operation_id = "answer_errand", tag = "errands",
    params(("errand_id" = ErrandId, Path)), request_body = Outcome,
    responses((status = 204, description = "It was waited for"), CommonProblems))]
pub(super) async fn answer_errand(
    grant: Grant<RunErrands>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ErrandId>,
    ApiJson(mut outcome): ApiJson<Outcome>,
) -> Result<StatusCode, ApiError> {
    let (worker, _) = grant.worker()?;
    if let Outcome::Route { hops } = &mut outcome {
        hops.truncate(MAX_HOPS);
    }
    if super::answer(&app, &grant, id, worker, &outcome).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found().detail("nobody waits for it from this worker"))
    }
}

//! `/v1/join-tokens`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use contract::{
    Id, Micros,
    ids::{JoinTokenId, PoolId},
    mail::Cidr,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Terms, make, store};
use crate::{
    app::AppState,
    audit,
    auth::{
        Grant,
        action::{ReadWorkers, WriteJoinTokens},
    },
    db::StoreError,
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Time, commit, docs::CommonProblems},
    pools, workers,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_join_tokens, create_join_token)).routes(routes!(delete_join_token))
}

const MAX_LIFETIME_S: u64 = 366 * 24 * 3600;
const MAX_USES: u32 = 1_000_000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinTokenCreate {
    /// For people.
    #[schema(example = "workers in Paris", max_length = 100)]
    name: String,
    /// Default: the pool `default`.
    #[serde(default)]
    pool_id: Option<PoolId>,
    /// How many enrolments it is good for. A worker that restarts enrols anew.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1, example = 100)]
    uses: u32,
    /// How long it is good, in seconds; a year at most.
    #[serde(default = "one_day")]
    #[schema(minimum = 60, maximum = 31_622_400, default = 86_400, example = 86_400)]
    lifetime_s: u64,
    /// Networks it may be used from; empty: from anywhere.
    #[serde(default)]
    #[schema(max_items = 100)]
    address_ranges: Vec<Cidr>,
}

const fn one() -> u32 {
    1
}

const fn one_day() -> u64 {
    24 * 3600
}

#[derive(Debug, Serialize, ToSchema)]
pub struct JoinTokenView {
    pub id: JoinTokenId,
    pub pool_id: PoolId,
    #[schema(example = "workers in Paris")]
    pub name: String,
    #[schema(example = 100)]
    pub uses_left: i64,
    pub address_ranges: Vec<Cidr>,
    pub expires_at: Time,
    pub created_at: Time,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct JoinTokenCreated {
    #[serde(flatten)]
    pub join_token: JoinTokenView,
    /// The token itself, for `worker.join_token`. It is shown this once.
    #[schema(example = "pjt_eyJpZCI6Imp0a18…")]
    pub token: String,
}

impl std::fmt::Debug for JoinTokenCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinTokenCreated").field("join_token", &self.join_token).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct JoinTokenPage {
    pub data: Vec<JoinTokenView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct JoinTokenQuery {
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Make a join token.
#[utoipa::path(post, path = "/v1/join-tokens", operation_id = "create_join_token", tag = "workers",
    request_body = JoinTokenCreate,
    responses((status = 201, description = "The token, shown once", body = JoinTokenCreated), CommonProblems))]
pub(super) async fn create_join_token(
    grant: Grant<WriteJoinTokens>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<JoinTokenCreate>,
) -> Result<Response, ApiError> {
    if body.name.is_empty() || body.name.chars().count() > 100 || body.name.chars().any(char::is_control) {
        return Err(ApiError::field("/name", "expected 1 to 100 printable characters"));
    }
    if !(1..=MAX_USES).contains(&body.uses) {
        return Err(ApiError::field("/uses", "expected 1 to 1000000"));
    }
    if !(60..=MAX_LIFETIME_S).contains(&body.lifetime_s) {
        return Err(ApiError::field("/lifetime_s", "expected 60 to 31622400"));
    }
    if body.address_ranges.len() > 100 {
        return Err(ApiError::field("/address_ranges", "expected at most 100"));
    }
    let mut tx = app.db.begin(&grant).await?;
    let pool = match body.pool_id {
        None => workers::default_pool(&mut tx).await?.ok_or_else(ApiError::not_found)?,
        Some(id) => {
            pools::find(&mut tx, id).await?.ok_or_else(|| ApiError::field("/pool_id", "there is no such pool"))?.id
        }
    };
    let terms = Terms {
        pool,
        name: body.name,
        uses: body.uses,
        lifetime: Duration::from_secs(body.lifetime_s),
        address_ranges: body.address_ranges,
        pin_tls: false,
    };
    let (row, token) = make(&mut tx, &app, &terms).await?;
    let join_token = view(row)?;
    let target = audit::Target::new("join_token").id(join_token.id);
    audit::record(&mut tx, "join_token.create", target, audit::NOTHING, Some(&join_token)).await?;
    let location = format!("/v1/join-tokens/{}", join_token.id);
    commit(tx, Answer::created(location, &JoinTokenCreated { join_token, token })).await
}

/// List the join tokens that are not revoked.
#[utoipa::path(get, path = "/v1/join-tokens", operation_id = "list_join_tokens", tag = "workers", params(JoinTokenQuery),
    responses((status = 200, description = "A page of join tokens", body = JoinTokenPage), CommonProblems))]
pub(super) async fn list_join_tokens(
    grant: Grant<ReadWorkers>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<JoinTokenQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "join_tokens";
    let page = app.cursors.page::<Uuid>(LIST, &(), query.limit, query.cursor.as_deref())?;
    let mut rows = store::list(&mut app.db.read(&grant).await?, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &(), page.limit, &mut rows, |row| row.id);
    let data = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&JoinTokenPage { data, next_cursor }))
}

/// Revoke a join token. Workers that joined with it stay.
#[utoipa::path(delete, path = "/v1/join-tokens/{id}", operation_id = "delete_join_token", tag = "workers",
    params(("id" = JoinTokenId, Path)),
    responses((status = 204, description = "Revoked"), CommonProblems))]
pub(super) async fn delete_join_token(
    grant: Grant<WriteJoinTokens>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<JoinTokenId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = view(store::get(&mut tx, id).await?.ok_or_else(ApiError::not_found)?)?;
    if !store::revoke(&mut tx, id).await? {
        return Err(ApiError::not_found());
    }
    let target = audit::Target::new("join_token").id(id);
    audit::record(&mut tx, "join_token.delete", target, Some(&before), audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

fn view(row: store::Row) -> Result<JoinTokenView, StoreError> {
    Ok(JoinTokenView {
        address_ranges: row.ranges()?,
        id: Id::from_uuid(row.id),
        pool_id: Id::from_uuid(row.pool_id),
        name: row.name,
        uses_left: row.uses_left,
        expires_at: Time(Micros::from_micros(row.expires_at)),
        created_at: Time(Micros::from_micros(row.created_at)),
    })
}

//! `/v1/me/sessions`: where one is signed in, and an end to it.

use axum::{extract::State, response::Response};
use contract::{Id, Micros, ids::SessionId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::store;
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Grant,
        action::{EndOwnSessions, ReadOwnSessions},
    },
    db::StoreError,
    http::{Answer, ApiError, ApiPath, ApiQuery, Time, commit, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_my_sessions)).routes(routes!(delete_my_session))
}

/// One of one's own sign-ins.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySession {
    pub id: SessionId,
    /// The one that this request came with.
    #[schema(example = true)]
    pub is_current: bool,
    /// Where it was begun.
    #[schema(required, example = "192.0.2.7")]
    pub address: Option<String>,
    /// What began it, by its own account.
    #[schema(required, example = "curl/8.5.0")]
    pub user_agent: Option<String>,
    /// What was shown at sign-in: `password`. More may come.
    #[schema(example = json!(["password"]))]
    pub factors: Vec<String>,
    pub created_at: Time,
    /// When it was begun or last carried on (`POST /v1/sessions/refresh`).
    pub last_used_at: Time,
    /// Ends then if it is not carried on before.
    pub idle_ends_at: Time,
    /// Ends then in any case.
    pub expires_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MySessionPage {
    pub data: Vec<MySession>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct MySessionQuery {
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where am I signed in? Newest first.
#[utoipa::path(get, path = "/v1/me/sessions", operation_id = "list_my_sessions", tag = "account", params(MySessionQuery),
    responses((status = 200, description = "A page of sessions", body = MySessionPage), CommonProblems))]
pub(super) async fn list_my_sessions(
    grant: Grant<ReadOwnSessions>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<MySessionQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "my_sessions";
    let (person, current) = grant.person()?;
    let page = app.cursors.page::<Uuid>(LIST, &person, query.limit, query.cursor.as_deref())?;
    let mut rows = store::of_person(&mut app.db.read(&grant).await?, person, app.clock.now(), &page).await?;
    let next_cursor = app.cursors.cut(LIST, &person, page.limit, &mut rows, |row| row.id);
    let data = rows.into_iter().map(|row| view(row, current)).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&MySessionPage { data, next_cursor }))
}

/// End one of one's own sessions. It is refused at once, everywhere.
#[utoipa::path(delete, path = "/v1/me/sessions/{id}", operation_id = "delete_my_session", tag = "account",
    params(("id" = SessionId, Path)),
    responses((status = 204, description = "Ended"), CommonProblems))]
pub(super) async fn delete_my_session(
    grant: Grant<EndOwnSessions>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<SessionId>,
) -> Result<Response, ApiError> {
    let (person, _) = grant.person()?;
    let mut tx = app.db.begin(&grant).await?;
    if !store::end_own(&mut tx, id, person).await? {
        return Err(ApiError::not_found());
    }
    audit::record(&mut tx, "session.end", Target::new("session").id(id), audit::NOTHING, audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

fn view(row: store::Listed, current: SessionId) -> Result<MySession, StoreError> {
    let id = Id::from_uuid(row.id);
    Ok(MySession {
        id,
        is_current: id == current,
        address: row.address,
        user_agent: row.user_agent,
        factors: serde_json::from_str(&row.factors).map_err(StoreError::corrupt("sessions.factors"))?,
        created_at: Time(Micros::from_micros(row.created_at)),
        last_used_at: Time(Micros::from_micros(row.last_used_at.unwrap_or(row.created_at))),
        idle_ends_at: Time(Micros::from_micros(row.idle_ends_at.unwrap_or(row.expires_at))),
        expires_at: Time(Micros::from_micros(row.expires_at)),
    })
}

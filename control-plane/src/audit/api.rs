//! `/v1/audit`: reading the log.

use axum::extract::State;
use contract::ids::{AuditId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::store;
use crate::{
    app::AppState,
    auth::{Grant, action::ReadAudit},
    db::StoreError,
    http::{Answer, ApiError, ApiQuery, Time, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_audit)).merge(super::chain::api::router())
}

/// One write.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Time,
    pub actor: AuditActor,
    /// The address the request came from; null for the house's own work.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// The `X-Request-Id` of the answer.
    #[schema(example = "6f1d2a9c0b8e4f7a11223344")]
    pub request_id: Option<String>,
    /// What was done. More may come.
    #[schema(example = "domain.create")]
    pub action: String,
    /// What kind of thing it was done to.
    #[schema(example = "domain")]
    pub target_kind: String,
    #[schema(example = "dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f")]
    pub target_id: Option<String>,
    pub tenant_id: Option<TenantId>,
    /// The thing before; secrets are masked.
    #[schema(value_type = Option<AuditedThing>)]
    pub before: Option<Value>,
    /// The thing after; secrets are masked.
    #[schema(value_type = Option<AuditedThing>)]
    pub after: Option<Value>,
}

/// A thing as it was: its own fields, whatever it is.
#[derive(Debug, ToSchema)]
#[schema(value_type = Object, example = json!({ "name": "acme.example" }))]
#[expect(dead_code, reason = "stands for a JSON object in the document")]
pub struct AuditedThing(Value);

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditActor {
    /// `person`, `api_key`, `worker`, `system`, `anonymous`. More may come.
    #[schema(example = "person")]
    pub kind: String,
    #[schema(example = "per_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f")]
    pub id: Option<String>,
    /// The e-mail address at that time, or the name of a key or a task.
    #[schema(example = "owner@example.com")]
    pub name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    pub data: Vec<AuditEntry>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    /// Exact action.
    #[param(example = "domain.create")]
    action: Option<String>,
    /// Exact id of what it was done to.
    target_id: Option<String>,
    /// Exact id of who did it.
    actor_id: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Read the audit log, newest first: of the tenants and domains that you may read it of.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page of the log", body = AuditPage), CommonProblems))]
pub(super) async fn list_audit(
    grant: Grant<ReadAudit>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "audit";
    let filters = (&query.action, &query.target_id, &query.actor_id);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let mut read = app.db.read(&grant).await?;
    let (action, target, actor) = (query.action.as_deref(), query.target_id.as_deref(), query.actor_id.as_deref());
    let mut rows = store::list(&mut read, &page, action, target, actor, &grant.scope()).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id);
    let data = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&AuditPage { data, next_cursor }))
}

fn view(row: store::Entry) -> Result<AuditEntry, StoreError> {
    let state = |text: Option<String>| {
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::corrupt("audit state"))
    };
    Ok(AuditEntry {
        id: AuditId::from_uuid(row.id),
        at: Time(contract::Micros::from_micros(row.at)),
        actor: AuditActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
        address: row.address,
        request_id: row.request_id,
        action: row.action,
        target_kind: row.target_kind,
        target_id: row.target_id,
        tenant_id: row.tenant_id.map(TenantId::from_uuid),
        before: state(row.before_state)?,
        after: state(row.after_state)?,
    })
}

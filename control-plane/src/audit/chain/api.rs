//! `/v1/audit/root` and `/v1/audit:export`

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{audit::AuditRoot, snapshot::hash::Hash};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{export, statement, store::Filters};
use crate::{
    app::{App, AppState},
    auth::{Grant, action::ExportAudit},
    http::{Answer, ApiError, ApiQuery, Time, docs::CommonProblems},
};

pub(in crate::audit) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_audit_root)).routes(routes!(export_audit))
}

/// What the whole log is at one time, signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRootView {
    /// JWS (`EdDSA`, type `postern-audit-root+jwt`) under a snapshot key; its claims are the fields below and the
    /// installation. Keep it somewhere else: what is changed later no longer fits it.
    #[schema(example = "eyJ0eXAiOiJwb3N0ZXJuLWF1ZGl0LXJvb3Qrand0In0.e30.c2ln")]
    statement: String,
    /// JWS (type `postern-keys+jwt`) under the root key: the snapshot keys.
    #[schema(example = "eyJ0eXAiOiJwb3N0ZXJuLWtleXMrand0In0.e30.c2ln")]
    keys: String,
    /// The root key: Ed25519, raw, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    root_key: String,
    issued_at: Time,
    /// How many chains there are: one a tenant, and the installation's own.
    #[schema(example = 12)]
    chains: u64,
    /// How many rows they have, those that were swept included.
    #[schema(example = 4711)]
    rows: u64,
    /// The Merkle root over all chains' heads.
    #[schema(example = "2f5c64dc4b1a3f1c7d5f5a2f4fdc4d1a7f0b9c0e6f3d2a1b0c9d8e7f6a5b4c3d", value_type = String)]
    root: Hash,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuditExportQuery {
    /// Exact action.
    #[param(example = "domain.create")]
    action: Option<String>,
    /// Exact id of what it was done to.
    target_id: Option<String>,
    /// Exact id of who did it.
    actor_id: Option<String>,
}

/// The log, a JSON object a line.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "stands for the octets in the document")]
pub(super) struct AuditFile(Vec<u8>);

/// The signed root over the heads of all chains of the audit log. Rows are chained within seconds after they were written.
#[utoipa::path(get, path = "/v1/audit/root", operation_id = "read_audit_root", tag = "audit",
    responses((status = 200, description = "The root of the log as it is now", body = AuditRootView), CommonProblems))]
pub(super) async fn read_audit_root(
    grant: Grant<ExportAudit>,
    State(app): State<AppState>,
) -> Result<Answer, ApiError> {
    let (_, root) = statement(&app, &mut app.db.read(&grant).await?).await?;
    let Signed { statement, keys, root_key } = sign(&app, &root)?;
    let AuditRoot { issued_at, chains, rows, root, .. } = root;
    Ok(Answer::ok(&AuditRootView { statement, keys, root_key, issued_at: Time(issued_at), chains, rows, root }))
}

/// Export the audit log as JSON Lines, oldest first, chain by chain, with each row's number and hash.
///
/// `postern audit verify` follows it. The first line has the signed root, each chain begins with a line of its own, the last
/// line counts the rows. Rows that are not chained yet are left out; so is, of course, what filters do not ask for.
#[utoipa::path(get, path = "/v1/audit:export", operation_id = "export_audit", tag = "audit", params(AuditExportQuery),
    responses((status = 200, description = "The log", body = AuditFile, content_type = "application/jsonl",
        example = "{\"postern_audit\":1,\"filtered\":false,\"statement\":\"…\",\"keys\":\"…\",\"root_key\":\"…\"}\n"),
        CommonProblems))]
pub(super) async fn export_audit(
    grant: Grant<ExportAudit>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<AuditExportQuery>,
) -> Result<Response, ApiError> {
    let (chains, root) = statement(&app, &mut app.db.read(&grant).await?).await?;
    let Signed { statement, keys, root_key } = sign(&app, &root)?;
    let filters = Filters { action: query.action, target: query.target_id, actor: query.actor_id };
    let filtered = filters.action.is_some() || filters.target.is_some() || filters.actor.is_some();
    let head = export::Head { postern_audit: 1, filtered, statement, keys, root_key };
    let pieces = export::Export::new(app, grant, filters, &head, chains)?;
    let mut response = Body::from_stream(futures::stream::try_unfold(pieces, export::Export::next)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.jsonl\""));
    Ok(response)
}

struct Signed {
    statement: String,
    keys: String,
    root_key: String,
}

fn sign(app: &App, root: &AuditRoot) -> Result<Signed, ApiError> {
    Ok(Signed {
        statement: app.signing.audit_root(root).map_err(ApiError::internal)?,
        keys: app.signing.key_list.clone(),
        root_key: URL_SAFE_NO_PAD.encode(app.signing.root_public),
    })
}

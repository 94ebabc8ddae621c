//! `/v1/policy`: what the installation sets for all tenants that set nothing else.

use axum::{extract::State, response::Response};
use contract::policy::{
    Settings,
    settings::{BareNewline, TraceDialogue},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::store;
use crate::{
    app::AppState,
    audit,
    auth::{
        Grant,
        action::{ReadPolicy, WritePolicy},
    },
    http::{Answer, ApiError, ApiPatch, FieldError, IfMatch, Patch, commit, docs::CommonProblems},
    outbox::{self, Change},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_policy, update_policy))
}

/// The settings of one level. What it does not set is null and comes from the level above, or from the built-in defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyView {
    /// Largest message accepted, in bytes.
    #[schema(example = 52_428_800)]
    pub max_message_size_bytes: Option<u64>,
    /// Longest line passed on, in octets without CRLF.
    #[schema(example = 65_536)]
    pub max_line_octets: Option<u32>,
    pub bare_newline: Option<BareNewline>,
    /// Refuse mail whose sender's domain says that it takes no mail (RFC 7505).
    #[schema(example = true)]
    pub reject_null_mx_sender: Option<bool>,
    /// For which transactions the SMTP dialogue is kept.
    pub trace_dialogue: Option<TraceDialogue>,
    /// Keep the Subject field in the trace, where it can be searched for. Off unless set: it is content.
    #[schema(example = false)]
    pub keep_subject: Option<bool>,
}

/// A merge patch: what is left out stays, null inherits again.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "max_message_size_bytes": 26_214_400 }))]
pub struct PolicyUpdate {
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 65_536, maximum = 1_073_741_824)]
    pub max_message_size_bytes: Patch<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 998, maximum = 1_048_576)]
    pub max_line_octets: Patch<u32>,
    #[serde(default)]
    #[schema(value_type = Option<BareNewline>)]
    pub bare_newline: Patch<BareNewline>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub reject_null_mx_sender: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<TraceDialogue>)]
    pub trace_dialogue: Patch<TraceDialogue>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub keep_subject: Patch<bool>,
}

impl From<Settings> for PolicyView {
    fn from(settings: Settings) -> Self {
        let Settings {
            max_message_size_bytes,
            max_line_octets,
            bare_newline,
            reject_null_mx_sender,
            trace_dialogue,
            keep_subject,
        } = settings;
        Self {
            max_message_size_bytes,
            max_line_octets,
            bare_newline,
            reject_null_mx_sender,
            trace_dialogue,
            keep_subject,
        }
    }
}

impl PolicyUpdate {
    fn apply(self, current: &Settings) -> Result<Settings, ApiError> {
        let mut errors = Vec::new();
        if let Patch::Set(bytes) = self.max_message_size_bytes
            && !(65_536..=1_073_741_824).contains(&bytes)
        {
            errors.push(FieldError::invalid("/max_message_size_bytes", "expected 65536 to 1073741824"));
        }
        if let Patch::Set(octets) = self.max_line_octets
            && !(998..=1_048_576).contains(&octets)
        {
            errors.push(FieldError::invalid("/max_line_octets", "expected 998 to 1048576"));
        }
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        Ok(Settings {
            max_message_size_bytes: self.max_message_size_bytes.apply(current.max_message_size_bytes),
            max_line_octets: self.max_line_octets.apply(current.max_line_octets),
            bare_newline: self.bare_newline.apply(current.bare_newline),
            reject_null_mx_sender: self.reject_null_mx_sender.apply(current.reject_null_mx_sender),
            trace_dialogue: self.trace_dialogue.apply(current.trace_dialogue),
            keep_subject: self.keep_subject.apply(current.keep_subject),
        })
    }
}

/// Read the installation's policy.
#[utoipa::path(get, path = "/v1/policy", operation_id = "read_policy", tag = "policy",
    responses((status = 200, description = "What the installation sets", body = PolicyView), CommonProblems))]
pub(super) async fn read_policy(grant: Grant<ReadPolicy>, State(app): State<AppState>) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    let installation = store::load(&mut read).await?;
    Ok(Answer::ok(&PolicyView::from(installation.policy)).revision(installation.policy_revision))
}

/// Change the installation's policy. If-Match is required.
#[utoipa::path(patch, path = "/v1/policy", operation_id = "update_policy", tag = "policy", request_body = PolicyUpdate,
    params(("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the installation sets now", body = PolicyView), CommonProblems))]
pub(super) async fn update_policy(
    grant: Grant<WritePolicy>,
    State(app): State<AppState>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<PolicyUpdate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let installation = store::load(&mut tx).await?;
    if_match.require(installation.policy_revision)?;
    let settings = body.apply(&installation.policy)?;
    let (before, after) = (PolicyView::from(installation.policy), PolicyView::from(settings.clone()));
    if before == after {
        return Ok(axum::response::IntoResponse::into_response(
            Answer::ok(&after).revision(installation.policy_revision),
        ));
    }
    store::set_policy(&mut tx, &settings, installation.policy_revision).await?;
    audit::record(&mut tx, "policy.update", audit::Target::new("policy"), Some(&before), Some(&after)).await?;
    outbox::record(&mut tx, &Change::Installation).await?;
    commit(tx, Answer::ok(&after).revision(installation.policy_revision + 1)).await
}

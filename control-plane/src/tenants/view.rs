//! Tenants on the wire.

use contract::ids::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Tenant, TenantKind, suspension::Above};
use crate::{
    auth::{Place, Scope},
    http::{ApiError, FieldError, Patch, Time},
    labels::{self, Labels, LabelsPatch, LabelsUpdate, LabelsView},
};

/// A new tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Acme Ltd", "external_ref": "K-1042", "labels": { "plan": "gold" } }))]
pub(crate) struct TenantCreate {
    /// For people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// `customer` if left out.
    #[serde(default)]
    pub kind: Option<TenantKind>,
    /// The tenant above it, one of yours; the provider if left out.
    #[serde(default)]
    pub parent_id: Option<TenantId>,
    /// The number in your own system, unique below one parent.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub external_ref: Option<String>,
    #[serde(default)]
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
}

/// A merge patch: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Acme Limited", "labels": { "plan": "silver", "trial": null } }))]
pub(super) struct TenantUpdate {
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Patch<String>,
    /// null takes it away. Of whoever administers the tenant above it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 128)]
    pub external_ref: Patch<String>,
    /// Labels named are set, those named null are taken off, others stay.
    #[serde(default)]
    #[schema(value_type = Option<LabelsUpdate>)]
    pub labels: Patch<LabelsPatch>,
}

/// A tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TenantView {
    pub id: TenantId,
    /// The tenant above it; null for the provider.
    #[schema(required)]
    pub parent_id: Option<TenantId>,
    pub kind: TenantKind,
    #[schema(example = "Acme Ltd")]
    pub name: String,
    #[schema(required, example = "K-1042")]
    pub external_ref: Option<String>,
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
    /// `active`, `suspended` or `closing`: what holds, by the tenant itself or by one above it. More may come.
    #[schema(example = "active")]
    pub state: String,
    /// Where `state` comes from a tenant above: which, if you may see that.
    #[schema(required)]
    pub state_from: Option<TenantId>,
    /// Since when it is suspended itself.
    #[schema(required)]
    pub suspended_at: Option<Time>,
    /// Of a tenant that is suspended itself: from when on its mail is refused for good. Null: it is deferred.
    #[schema(required)]
    pub refuse_from: Option<Time>,
    /// Why it is suspended; only for those who administer the tenant above it.
    #[schema(required, example = "invoice 4711")]
    pub suspension_reason: Option<String>,
    /// When a closing tenant will be gone with all it has.
    #[schema(required)]
    pub closes_at: Option<Time>,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TenantPage {
    pub data: Vec<TenantView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TenantQuery {
    /// Exact name.
    pub name: Option<String>,
    /// Exact reference.
    pub external_ref: Option<String>,
    /// `name:value`.
    #[param(example = "plan:gold")]
    pub label: Option<String>,
    /// Only tenants directly below this one.
    pub parent_id: Option<TenantId>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// As the audit log has it: what is set at the tenant, and no word of why.
impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id,
            parent_id: tenant.parent,
            kind: tenant.kind,
            name: tenant.name.clone(),
            external_ref: tenant.external_ref.clone(),
            labels: tenant.labels.clone(),
            state: tenant.state().name().to_owned(),
            state_from: None,
            suspended_at: tenant.suspended.as_ref().map(|suspended| Time(suspended.at)),
            refuse_from: tenant.suspended.as_ref().and_then(|suspended| suspended.refuse_from).map(Time),
            suspension_reason: None,
            closes_at: tenant.closes_at.map(Time),
            created_at: Time(tenant.created_at),
        }
    }
}

impl TenantView {
    /// With what only some may see, and what holds by those above it.
    pub(super) fn seen(tenant: &Tenant, above: Option<&Above>, scope: &Scope) -> Self {
        let mut view = Self::from(tenant);
        if let Some(above) = above.filter(|above| above.state > tenant.state()) {
            above.state.name().clone_into(&mut view.state);
            view.state_from = Some(above.from).filter(|from| scope.covers_tenant(*from));
        }
        let reason = tenant.suspended.as_ref().and_then(|suspended| suspended.reason.clone());
        view.suspension_reason = reason.filter(|_| scope.covers(Place::of(tenant.parent)));
        view
    }
}

impl TenantCreate {
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        labels::check_text(&self.name, labels::NAME, "/name", &mut errors);
        if let Some(external_ref) = &self.external_ref {
            labels::check_text(external_ref, labels::EXTERNAL_REF, "/external_ref", &mut errors);
        }
        labels::check(&self.labels, &mut errors);
        if self.kind == Some(TenantKind::Provider) {
            errors.push(FieldError::invalid("/kind", "there is one provider, made at the first start"));
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}

impl TenantUpdate {
    pub(super) fn apply(self, tenant: &mut Tenant) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        match self.name {
            Patch::Keep => {}
            Patch::Clear => errors.push(FieldError::new("/name", "required", "cannot be taken away")),
            Patch::Set(name) => {
                labels::check_text(&name, labels::NAME, "/name", &mut errors);
                tenant.name = name;
            }
        }
        tenant.external_ref = self.external_ref.apply(tenant.external_ref.take());
        if let Some(external_ref) = &tenant.external_ref {
            labels::check_text(external_ref, labels::EXTERNAL_REF, "/external_ref", &mut errors);
        }
        tenant.labels = labels::patched(self.labels, &tenant.labels);
        labels::check(&tenant.labels, &mut errors);
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}

//! API keys on the wire.

use std::collections::BTreeSet;

use contract::{
    Micros,
    ids::{ApiKeyId, DomainId, PersonId, TenantId},
    mail::Cidr,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ApiKey, can_be_given, reads};
use crate::{
    grants::GrantScopeName,
    http::{ApiError, FieldError, Time},
    labels,
};

/// Networks that one key names.
const MOST_RANGES: usize = 50;

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "onboarding", "scope": "tenant", "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
    "actions": ["tenants.read", "tenants.write", "domains.read", "domains.create"], "address_ranges": ["192.0.2.0/24"] }))]
pub(super) struct ApiKeyCreate {
    /// For people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    pub scope: GrantScopeName,
    /// For scope `tenant`: it and all below it.
    #[serde(default)]
    pub tenant_id: Option<TenantId>,
    /// For scope `domain`.
    #[serde(default)]
    pub domain_id: Option<DomainId>,
    /// What it may do, in the words of `GET /v1/me/permissions`. Each only as far as you may, at the time of each request.
    #[schema(min_items = 1)]
    pub actions: BTreeSet<String>,
    /// Only actions that read.
    #[serde(default)]
    pub read_only: bool,
    /// Networks that it is good from; anywhere if empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub address_ranges: Vec<Cidr>,
    /// It is good until then; for good if left out.
    #[serde(default)]
    pub expires_at: Option<Time>,
}

/// How to rotate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_s": 3_600 }))]
pub(super) struct ApiKeyRotate {
    /// So long, in seconds, the secret of before is good as well. A day if left out; 0 ends it now.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800)]
    pub overlap_s: Option<u32>,
}

/// A key; never its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ApiKeyView {
    pub id: ApiKeyId,
    #[schema(example = "onboarding")]
    pub name: String,
    /// Who made it: it may do nothing that they may not.
    pub person_id: PersonId,
    pub scope: GrantScopeName,
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    #[schema(example = json!(["domains.read"]))]
    pub actions: BTreeSet<String>,
    #[schema(example = false)]
    pub read_only: bool,
    #[schema(example = json!(["192.0.2.0/24"]))]
    pub address_ranges: Vec<String>,
    #[schema(required)]
    pub expires_at: Option<Time>,
    /// To the minute. Null: never.
    #[schema(required)]
    pub last_used_at: Option<Time>,
    /// Until then the secret before the last rotation is good as well.
    #[schema(required)]
    pub previous_until: Option<Time>,
    pub created_at: Time,
}

/// A key with its secret: shown here and never again.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeySecret {
    #[serde(flatten)]
    pub key: ApiKeyView,
    /// For `Authorization: Bearer`.
    #[schema(example = "pst_live_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAAA")]
    pub secret: String,
}

impl std::fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeySecret").field("key", &self.key).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiKeyPage {
    pub data: Vec<ApiKeyView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ApiKeyQuery {
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl From<&ApiKey> for ApiKeyView {
    fn from(key: &ApiKey) -> Self {
        let (scope, tenant_id, domain_id) = key.over.named();
        Self {
            id: key.id,
            name: key.name.clone(),
            person_id: key.maker,
            scope,
            tenant_id,
            domain_id,
            actions: key.actions.clone(),
            read_only: key.read_only,
            address_ranges: key.address_ranges.iter().map(ToString::to_string).collect(),
            expires_at: key.expires_at.map(Time),
            last_used_at: key.last_used_at.map(Time),
            previous_until: key.previous_until.map(Time),
            created_at: Time(key.created_at),
        }
    }
}

impl ApiKeyCreate {
    pub(super) fn check(&self, now: Micros) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        labels::check_text(&self.name, labels::NAME, "/name", &mut errors);
        self.scope.check(self.tenant_id.is_some(), self.domain_id.is_some(), &mut errors);
        if self.actions.is_empty() {
            errors.push(FieldError::new("/actions", "required", "name at least one"));
        }
        for action in &self.actions {
            if !can_be_given(action) {
                errors.push(FieldError::invalid("/actions", format!("{action} is not given to keys")));
            } else if self.read_only && !reads(action) {
                errors.push(FieldError::invalid("/actions", format!("{action} does not only read")));
            }
        }
        if self.address_ranges.len() > MOST_RANGES {
            errors.push(FieldError::invalid("/address_ranges", format!("expected at most {MOST_RANGES}")));
        }
        if self.expires_at.is_some_and(|time| time.0 <= now) {
            errors.push(FieldError::invalid("/expires_at", "lies behind us"));
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}

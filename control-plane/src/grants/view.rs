//! Grants on the wire.

use contract::{
    Id, ids,
    ids::{DomainId, GrantId, PersonId, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Given, Over};
use crate::{
    auth::Role,
    http::{ApiError, FieldError, Time},
};

/// What a grant is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantScopeName {
    Installation,
    /// The tenant and all below it; of `domain_admin`, the tenant alone.
    Tenant,
    Domain,
}

impl GrantScopeName {
    /// The id that the scope asks for is there, and no other.
    pub(crate) fn check(self, tenant: bool, domain: bool, errors: &mut Vec<FieldError>) {
        for (pointer, given, scope) in [("/tenant_id", tenant, Self::Tenant), ("/domain_id", domain, Self::Domain)] {
            match (given, self == scope) {
                (false, true) => errors.push(FieldError::new(pointer, "required", "is required for this scope")),
                (true, false) => errors.push(FieldError::new(pointer, "not_now", "does not belong to this scope")),
                (true, true) | (false, false) => {}
            }
        }
    }
}

/// A role that can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantRole {
    /// Everything. Over the installation only, and for people of the provider.
    Owner,
    /// Everything of a tenant and of all below it.
    TenantAdmin,
    /// Over a domain: its recipients, lists and policy. Over a tenant: the right to create `max_domains` domains there, and
    /// nothing else.
    DomainAdmin,
    /// The trace, and what was held back.
    QuarantineManager,
    /// Reads everything, changes nothing.
    Auditor,
    /// Their own account.
    MailboxUser,
}

impl GrantRole {
    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::TenantAdmin => Role::TenantAdmin,
            Self::DomainAdmin => Role::DomainAdmin,
            Self::QuarantineManager => Role::QuarantineManager,
            Self::Auditor => Role::Auditor,
            Self::MailboxUser => Role::MailboxUser,
        }
    }
}

/// A new grant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "person_id": "per_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "role": "domain_admin", "scope": "tenant",
    "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "max_domains": 10 }))]
pub(super) struct GrantCreate {
    pub person_id: PersonId,
    pub role: GrantRole,
    pub scope: GrantScopeName,
    /// For scope `tenant`.
    #[serde(default)]
    pub tenant_id: Option<TenantId>,
    /// For scope `domain`.
    #[serde(default)]
    pub domain_id: Option<DomainId>,
    /// It counts until then; for good if left out.
    #[serde(default)]
    pub expires_at: Option<Time>,
    /// May they give it to others, as it is or less? Owners and tenant administrators may anyway.
    #[serde(default)]
    pub may_delegate: bool,
    /// For `domain_admin` over a tenant: how many domains there may be that were created through this grant.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_domains: Option<i64>,
}

/// A grant. It does not change: give another and end this one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct GrantView {
    pub id: GrantId,
    pub person_id: PersonId,
    #[schema(example = "anna@acme.example")]
    pub email: String,
    /// `owner`, `tenant_admin`, `domain_admin`, `quarantine_manager`, `auditor`, `mailbox_user`. More may come.
    #[schema(example = "domain_admin")]
    pub role: String,
    pub scope: GrantScopeName,
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    #[schema(required)]
    pub expires_at: Option<Time>,
    #[schema(example = false)]
    pub may_delegate: bool,
    #[schema(required, example = 10)]
    pub max_domains: Option<i64>,
    /// Null: it was made at the first start.
    #[schema(required)]
    pub created_by: Option<PersonId>,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GrantPage {
    pub data: Vec<GrantView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GrantQuery {
    pub person_id: Option<PersonId>,
    /// Over exactly this tenant.
    pub tenant_id: Option<TenantId>,
    pub domain_id: Option<DomainId>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Over {
    pub(crate) const fn named(self) -> (GrantScopeName, Option<Id<ids::Tenant>>, Option<Id<ids::Domain>>) {
        match self {
            Self::Installation => (GrantScopeName::Installation, None, None),
            Self::Tenant(tenant) => (GrantScopeName::Tenant, Some(tenant), None),
            Self::Domain(domain, _) => (GrantScopeName::Domain, None, Some(domain)),
        }
    }
}

impl From<&Given> for GrantView {
    fn from(given: &Given) -> Self {
        let (scope, tenant_id, domain_id) = given.over.named();
        Self {
            id: given.id,
            person_id: given.person,
            email: given.email.clone(),
            role: given.role.clone(),
            scope,
            tenant_id,
            domain_id,
            expires_at: given.expires_at.map(Time),
            may_delegate: given.may_delegate,
            max_domains: given.max_domains,
            created_by: given.created_by,
            created_at: Time(given.created_at),
        }
    }
}

impl GrantCreate {
    /// The ids that the scope asks for are there, and no others; an end lies ahead.
    pub(super) fn check(&self, now: contract::Micros) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        self.scope.check(self.tenant_id.is_some(), self.domain_id.is_some(), &mut errors);
        if self.expires_at.is_some_and(|time| time.0 <= now) {
            errors.push(FieldError::invalid("/expires_at", "lies behind us"));
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}

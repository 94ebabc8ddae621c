//! Invitations on the wire.

use contract::ids::{DomainId, GrantId, InvitationId, PersonId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Invitation;
use crate::{
    auth::Scope,
    grants::{GrantRole, GrantScopeName},
    http::{ApiError, FieldError, Time},
    mail_out::Language,
};

/// An invitation to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "anna@acme.example", "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
    "grant": { "role": "tenant_admin", "scope": "tenant", "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f" } }))]
pub(super) struct InvitationCreate {
    /// It makes no difference whether there is an account with it.
    #[schema(max_length = 254)]
    pub email: String,
    /// Where an account belongs that is made by it: a tenant of yours, or that of the domain.
    pub tenant_id: TenantId,
    pub grant: InvitationGrantCreate,
    /// Of the mail; that of the installation if left out.
    #[serde(default)]
    pub language: Option<Language>,
}

/// What whoever accepts is given; as in `POST /v1/grants`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationGrantCreate {
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
    /// May they give it to others, as it is or less?
    #[serde(default)]
    pub may_delegate: bool,
    /// For `domain_admin` over a tenant: how many domains there may be that were created through the grant.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_domains: Option<i64>,
}

/// An invitation. Whether its address has an account is not in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    pub id: InvitationId,
    #[schema(example = "anna@acme.example")]
    pub email: String,
    /// Where a new account belongs; null where that is not yours to see.
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    pub grant: InvitationGrant,
    /// `pending`, `accepted`, `revoked` or `expired`. More may come. A pending one comes to nothing once whoever sent it may not
    /// give the grant any more.
    #[schema(example = "pending")]
    pub state: String,
    #[schema(required)]
    pub language: Option<Language>,
    /// Who sent it last. It stands on what they hold.
    pub invited_by: PersonId,
    pub created_at: Time,
    pub sent_at: Time,
    /// When the link ends.
    pub expires_at: Time,
    #[schema(required)]
    pub ended_at: Option<Time>,
}

/// What whoever accepts is given.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InvitationGrant {
    #[schema(example = "tenant_admin")]
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
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationPage {
    pub data: Vec<InvitationView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// The state of an invitation in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InvitationStateFilter {
    Pending,
    Accepted,
    Revoked,
    Expired,
}

impl InvitationStateFilter {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct InvitationQuery {
    /// Exact address, without regard to case.
    #[param(example = "anna@acme.example")]
    pub email: Option<String>,
    /// Of grants over exactly this tenant.
    pub tenant_id: Option<TenantId>,
    pub domain_id: Option<DomainId>,
    #[param(inline)]
    pub state: Option<InvitationStateFilter>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// What stands in a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "piv_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A" }))]
pub(super) struct InvitationToken {
    #[schema(format = Password, max_length = 100)]
    pub token: String,
}

/// What somebody is invited to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationLook {
    #[schema(example = "anna@acme.example")]
    pub email: String,
    /// The tenant that invites.
    #[schema(example = "Acme Ltd")]
    pub tenant_name: String,
    #[schema(example = "tenant_admin")]
    pub role: String,
    pub scope: GrantScopeName,
    /// For scope `domain`.
    #[schema(required, example = "acme.example")]
    pub domain_name: Option<String>,
    /// When what is given ends; null: it does not.
    #[schema(required)]
    pub grant_expires_at: Option<Time>,
    /// Is there an account with the address? Then its owner signs in and accepts; else whoever accepts chooses a password.
    #[schema(example = false)]
    pub has_account: bool,
    /// When the link ends.
    pub expires_at: Time,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "piv_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A",
    "password": "correct horse battery staple" }))]
pub(super) struct InvitationAccept {
    #[schema(format = Password, max_length = 100)]
    pub token: String,
    /// Of the new account.
    #[schema(format = Password, min_length = 15, max_length = 1_024)]
    pub password: String,
}

/// An invitation that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationAccepted {
    pub person_id: PersonId,
    #[schema(example = "anna@acme.example")]
    pub email: String,
    pub grant_id: GrantId,
}

macro_rules! secret {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

secret! { InvitationToken InvitationAccept }

impl InvitationView {
    /// All of it.
    fn new(invitation: &Invitation, now: contract::Micros) -> Self {
        let (scope, tenant_id, domain_id) = invitation.over.named();
        let state = match invitation.end {
            Some((outcome, _)) => outcome.name(),
            None if invitation.expires_at <= now => "expired",
            None => "pending",
        };
        Self {
            id: invitation.id,
            email: invitation.email.clone(),
            tenant_id: Some(invitation.home),
            grant: InvitationGrant {
                role: invitation.role.clone(),
                scope,
                tenant_id,
                domain_id,
                expires_at: invitation.grant_expires_at.map(Time),
                may_delegate: invitation.may_delegate,
                max_domains: invitation.max_domains,
            },
            state: state.to_owned(),
            language: invitation.language,
            invited_by: invitation.inviter,
            created_at: Time(invitation.created_at),
            sent_at: Time(invitation.sent_at),
            expires_at: Time(invitation.expires_at),
            ended_at: invitation.end.map(|(_, at)| Time(at)),
        }
    }

    /// As much as this scope sees: of which tenant above somebody is to be is not told below.
    pub(crate) fn seen(invitation: &Invitation, now: contract::Micros, scope: &Scope) -> Self {
        let view = Self::logged(invitation, now);
        let seen = Some(invitation.home).filter(|home| scope.covers_tenant(*home));
        Self { tenant_id: view.tenant_id.or(seen), ..view }
    }

    /// As much as everybody sees who reads the log of the tenant that invites.
    pub(super) fn logged(invitation: &Invitation, now: contract::Micros) -> Self {
        let view = Self::new(invitation, now);
        Self { tenant_id: view.tenant_id.filter(|home| *home == invitation.tenant()), ..view }
    }
}

impl InvitationGrantCreate {
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

//! `POST /v1/tenants:onboard`

use axum::{extract::State, response::Response};
use contract::ids::RouteId;
use contract::policy::recipient::Unasked;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    auth::{
        Grant, Place, Role,
        action::{CreateDomain, InvitePersons, WriteLimits, WriteTenants},
    },
    domains::{self, DomainCreate, DomainView, RecipientMode},
    grants::{Over, Wanted},
    http::{Answer, ApiError, ApiJson, Code, commit, docs::CommonProblems},
    invitations::{self, InvitationView, NewInvitation},
    labels::{Labels, LabelsView},
    mail_out::Language,
    tenants::{
        self, Tenant, TenantCreate, TenantView,
        limits::{self, TenantLimitsUpdate},
    },
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(onboard_tenant))
}

/// A tenant with what it begins with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tenant": { "name": "Acme Ltd", "external_ref": "K-1043" },
    "administrator": { "email": "anna@acme.example" }, "domain": { "name": "acme.example" } }))]
pub(super) struct TenantOnboard {
    pub tenant: TenantCreate,
    #[serde(default)]
    pub limits: Option<TenantLimitsUpdate>,
    #[serde(default)]
    pub administrator: Option<TenantAdministrator>,
    #[serde(default)]
    pub domain: Option<TenantDomain>,
}

/// Who is invited to administer the new tenant. An account that is made by it belongs there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantAdministrator {
    #[schema(max_length = 254)]
    pub email: String,
    /// Of the mail; that of the installation if left out.
    #[serde(default)]
    pub language: Option<Language>,
}

/// The first domain of the new tenant; as in `POST /v1/domains`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantDomain {
    /// U-labels or A-labels.
    #[schema(max_length = 253)]
    pub name: String,
    /// Where its mail goes: a route of a tenant above. Without one, mail is deferred.
    #[serde(default)]
    pub route_id: Option<RouteId>,
    /// `listed` if left out.
    #[serde(default)]
    pub recipients: Option<RecipientMode>,
    /// What holds for a recipient when the next hop cannot be asked; `defer` if left out. Only with `call_out`.
    #[serde(default)]
    pub call_out_unavailable: Option<Unasked>,
    /// The number in your own system, unique in the tenant.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub external_ref: Option<String>,
    #[serde(default)]
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TenantOnboarded {
    pub tenant: TenantView,
    /// Null: no administrator was named.
    #[schema(required)]
    pub invitation: Option<InvitationView>,
    /// With the record that proves it. Null: no domain was named.
    #[schema(required)]
    pub domain: Option<DomainView>,
}

impl TenantDomain {
    fn of(self, tenant: &Tenant) -> DomainCreate {
        DomainCreate {
            tenant_id: tenant.id,
            name: self.name,
            route_id: self.route_id,
            recipients: self.recipients,
            call_out_unavailable: self.call_out_unavailable,
            alias_of: None,
            alias_hop_sees: None,
            external_ref: self.external_ref,
            labels: self.labels,
        }
    }
}

/// Make a tenant with its limits, invite its first administrator and register its first domain: all of it or nothing.
///
/// All but the tenant may be left out. Each part needs what its own call needs (`limits.write`, `invitations.write`,
/// `domains.create`), over the tenant above.
#[utoipa::path(post, path = "/v1/tenants:onboard", operation_id = "onboard_tenant", tag = "tenants",
    request_body = TenantOnboard,
    responses((status = 201, description = "Made", body = TenantOnboarded), CommonProblems))]
pub(super) async fn onboard_tenant(
    mut grant: Grant<WriteTenants>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<TenantOnboard>,
) -> Result<Response, ApiError> {
    may_all(&app, &grant, &body).await?;
    body.tenant.check().map_err(|error| error.under("/tenant"))?;
    if let Some(limits) = body.limits {
        limits.check().map_err(|error| error.under("/limits"))?;
    }
    if body.administrator.is_some() {
        invitations::mail_must_be_set_up(&app).map_err(|error| error.at("/administrator"))?;
    }
    let mut tx = app.db.begin(&grant).await?;
    let tenant = tenants::add(&mut tx, &grant.scope(), body.tenant).await.map_err(|error| error.under("/tenant"))?;
    // What is held was read before there was this tenant.
    grant.renew(&app, &mut tx).await?;
    if let Some(limits) = body.limits {
        if !grant.scope_of::<WriteLimits>().covers(Place::of(tenant.parent)) {
            return Err(ApiError::new(Code::Forbidden).at("/limits"));
        }
        limits::set_first(&mut tx, tenant.id, limits).await?;
    }
    let scope = grant.scope_of::<InvitePersons>();
    let invitation = match body.administrator {
        Some(_) if !scope.covers_tenant(tenant.id) => return Err(ApiError::new(Code::Forbidden).at("/administrator")),
        Some(administrator) => {
            let wanted = Wanted {
                role: Role::TenantAdmin,
                over: Over::Tenant(tenant.id),
                expires_at: None,
                may_delegate: false,
                max_domains: None,
            };
            let TenantAdministrator { email, language } = administrator;
            let new = NewInvitation { email, home: tenant.id, wanted, language };
            let invitation = invitations::invite(&app, &mut tx, &grant, new).await;
            let invitation = invitation.map_err(|error| error.under("/administrator"))?;
            Some(InvitationView::seen(&invitation, tx.now(), &scope))
        }
        None => None,
    };
    let domain = match body.domain {
        Some(_) if !grant.scope_of::<CreateDomain>().covers_tenant(tenant.id) => {
            return Err(ApiError::new(Code::Forbidden).at("/domain"));
        }
        Some(domain) => {
            let new = domain.of(&tenant);
            let under = |error: ApiError| error.under("/domain");
            let name = domains::name_of(&app, &new).map_err(under)?;
            let domain = domains::register(&app, &mut tx, &grant, name, new).await.map_err(under)?;
            Some(DomainView::new(&domain, &app.vault))
        }
        None => None,
    };
    let made = TenantOnboarded { tenant: TenantView::from(&tenant), invitation, domain };
    commit(tx, Answer::created(format!("/v1/tenants/{}", tenant.id), &made).revision(tenant.revision)).await
}

/// Before anything is made: may the caller do each part at all, and is who they are fresh enough for it?
async fn may_all(app: &AppState, grant: &Grant<WriteTenants>, body: &TenantOnboard) -> Result<(), ApiError> {
    let at = |pointer: &'static str| {
        move |error: ApiError| if error.code() == Code::Forbidden { error.at(pointer) } else { error }
    };
    let mut read = app.db.read(grant).await?;
    if body.limits.is_some() {
        grant.must_permit::<WriteLimits>(app, &mut read).await.map_err(at("/limits"))?;
    }
    if body.administrator.is_some() {
        grant.must_permit::<InvitePersons>(app, &mut read).await.map_err(at("/administrator"))?;
    }
    if body.domain.is_some() {
        grant.must_permit::<CreateDomain>(app, &mut read).await.map_err(at("/domain"))?;
    }
    Ok(())
}

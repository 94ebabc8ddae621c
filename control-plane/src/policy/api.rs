//! `/v1/policy`, `/v1/tenants/{tenant_id}/policy`, `/v1/domains/{domain_id}/policy`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{
    ids::{DomainId, TenantId},
    policy::{Setting, Settings, fold},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    levels::{self, Level, Place},
    store,
    view::{EffectivePolicy, PolicyQuery, PolicyUpdate, PolicyView},
};
use crate::{
    app::{App, AppState},
    audit,
    auth::{
        Grant, Scope,
        action::{ReadPolicy, WritePolicy},
    },
    domains,
    http::{Answer, ApiError, ApiPatch, ApiPath, ApiQuery, Code, FieldError, IfMatch, commit, docs::CommonProblems},
    outbox,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read_policy, update_policy))
        .routes(routes!(delete_policy_setting))
        .routes(routes!(read_tenant_policy, update_tenant_policy))
        .routes(routes!(delete_tenant_policy_setting))
        .routes(routes!(read_domain_policy, update_domain_policy))
        .routes(routes!(delete_domain_policy_setting))
}

/// Read the installation's policy.
#[utoipa::path(get, path = "/v1/policy", operation_id = "read_policy", tag = "policy", params(PolicyQuery),
    responses((status = 200, description = "What the installation sets", body = PolicyView), CommonProblems))]
pub(super) async fn read_policy(
    grant: Grant<ReadPolicy>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<PolicyQuery>,
) -> Result<Answer, ApiError> {
    read(&app, &grant, Level::Installation, &query).await
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
    write(&app, &grant, Level::Installation, &if_match, |settings| body.apply(settings)).await
}

/// Take back what the installation sets: what is built in holds again. If-Match is required.
#[utoipa::path(delete, path = "/v1/policy/{setting}", operation_id = "delete_policy_setting", tag = "policy",
    params(("setting" = Setting, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the installation sets now", body = PolicyView), CommonProblems))]
pub(super) async fn delete_policy_setting(
    grant: Grant<WritePolicy>,
    State(app): State<AppState>,
    ApiPath(setting): ApiPath<Setting>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Installation, &if_match, |settings| without(settings, setting)).await
}

/// Read a tenant's policy.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/policy", operation_id = "read_tenant_policy", tag = "policy",
    params(("tenant_id" = TenantId, Path), PolicyQuery),
    responses((status = 200, description = "What the tenant sets", body = PolicyView), CommonProblems))]
pub(super) async fn read_tenant_policy(
    grant: Grant<ReadPolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    ApiQuery(query): ApiQuery<PolicyQuery>,
) -> Result<Answer, ApiError> {
    read(&app, &grant, Level::Tenant(id), &query).await
}

/// Change a tenant's policy, which holds for all tenants and domains below it that set nothing else. If-Match is required.
#[utoipa::path(patch, path = "/v1/tenants/{tenant_id}/policy", operation_id = "update_tenant_policy", tag = "policy",
    request_body = PolicyUpdate,
    params(("tenant_id" = TenantId, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the tenant sets now", body = PolicyView), CommonProblems))]
pub(super) async fn update_tenant_policy(
    grant: Grant<WritePolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<PolicyUpdate>,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Tenant(id), &if_match, |settings| body.apply(settings)).await
}

/// Take back what a tenant sets: it inherits again. If-Match is required.
#[utoipa::path(delete, path = "/v1/tenants/{tenant_id}/policy/{setting}",
    operation_id = "delete_tenant_policy_setting", tag = "policy",
    params(("tenant_id" = TenantId, Path), ("setting" = Setting, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the tenant sets now", body = PolicyView), CommonProblems))]
pub(super) async fn delete_tenant_policy_setting(
    grant: Grant<WritePolicy>,
    State(app): State<AppState>,
    ApiPath((id, setting)): ApiPath<(TenantId, Setting)>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Tenant(id), &if_match, |settings| without(settings, setting)).await
}

/// Read a domain's policy. An alias domain has none of its own: `effective` is what holds for the domain it is an alias of.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/policy", operation_id = "read_domain_policy", tag = "policy",
    params(("domain_id" = DomainId, Path), PolicyQuery),
    responses((status = 200, description = "What the domain sets", body = PolicyView), CommonProblems))]
pub(super) async fn read_domain_policy(
    grant: Grant<ReadPolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    ApiQuery(query): ApiQuery<PolicyQuery>,
) -> Result<Answer, ApiError> {
    read(&app, &grant, Level::Domain(id), &query).await
}

/// Change a domain's policy. If-Match is required.
#[utoipa::path(patch, path = "/v1/domains/{domain_id}/policy", operation_id = "update_domain_policy", tag = "policy",
    request_body = PolicyUpdate,
    params(("domain_id" = DomainId, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the domain sets now", body = PolicyView), CommonProblems))]
pub(super) async fn update_domain_policy(
    grant: Grant<WritePolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<PolicyUpdate>,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Domain(id), &if_match, |settings| body.apply(settings)).await
}

/// Take back what a domain sets: it inherits again. If-Match is required.
#[utoipa::path(delete, path = "/v1/domains/{domain_id}/policy/{setting}",
    operation_id = "delete_domain_policy_setting", tag = "policy",
    params(("domain_id" = DomainId, Path), ("setting" = Setting, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the domain sets now", body = PolicyView), CommonProblems))]
pub(super) async fn delete_domain_policy_setting(
    grant: Grant<WritePolicy>,
    State(app): State<AppState>,
    ApiPath((id, setting)): ApiPath<(DomainId, Setting)>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Domain(id), &if_match, |settings| without(settings, setting)).await
}

/// Levels that may be named: those in the scope, and the domain or tenant that is looked at. Of others it is told what they are.
pub(super) fn seen_levels(scope: &Scope, place: &Place) -> impl Fn(Level) -> bool {
    let own = place.level();
    move |level| match level {
        Level::Tenant(id) | Level::Limit(id) => Level::Tenant(id) == own || scope.covers_tenant(id),
        // A domain has none below it: it is the one that is looked at, or its primary.
        Level::Installation | Level::Domain(_) => true,
    }
}

fn without(settings: &Settings, setting: Setting) -> Settings {
    let mut settings = settings.clone();
    settings.inherit(setting);
    settings
}

async fn read(app: &App, grant: &Grant<ReadPolicy>, level: Level, query: &PolicyQuery) -> Result<Answer, ApiError> {
    let mut read = app.db.read(grant).await?;
    let place = level.find(&mut read).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(place.place())?;
    let policy = store::find(&mut read, level).await?.ok_or_else(ApiError::not_found)?;
    let mut view = PolicyView::new(&policy.settings);
    if let Place::Domain(domain) = &place
        && let Some(alias) = domain.alias
    {
        // What it set before it became one does not hold, and comes back with it.
        view = PolicyView { alias_of: Some(alias.primary), ..PolicyView::new(&Settings::default()) };
    }
    if query.effective {
        let folded = match &place {
            Place::Domain(domain) => levels::of_domain(&mut read, domain).await?,
            Place::Installation | Place::Tenant(_) => place.with(&mut read, &policy.settings).await?,
        };
        view.effective = Some(EffectivePolicy::new(&folded, &seen_levels(&grant.scope(), &place)));
    }
    Ok(Answer::ok(&view).revision(policy.revision))
}

async fn write(
    app: &App,
    grant: &Grant<WritePolicy>,
    level: Level,
    if_match: &IfMatch,
    change: impl FnOnce(&Settings) -> Settings,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(grant).await?;
    let place = level.find(&mut tx).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(place.place())?;
    if let Place::Domain(domain) = &place {
        domains::must_be_no_alias(domain)?;
    }
    let policy = store::find(&mut tx, level).await?.ok_or_else(ApiError::not_found)?;
    if_match.require(policy.revision)?;
    let before = policy.settings;
    let after = change(&before);
    let (old, new) = (PolicyView::new(&before), PolicyView::new(&after));
    if old == new {
        return Ok(Answer::ok(&old).revision(policy.revision).into_response());
    }
    check(&grant.scope_of::<ReadPolicy>(), &place, &place.above(&mut tx).await?, &before, &after)?;
    store::set(&mut tx, level, &after, policy.revision).await?;
    audit::record(&mut tx, "policy.update", place.target(), Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &place.change()).await?;
    commit(tx, Answer::ok(&new).revision(policy.revision + 1)).await
}

/// As a whole: each value, what is locked above, and what cannot hold below what is there.
fn check(
    scope: &Scope,
    place: &Place,
    above: &contract::policy::Folded<Level>,
    before: &Settings,
    after: &Settings,
) -> Result<(), ApiError> {
    let pointer = |setting: Setting| format!("/{}", setting.name());
    let invalid = |wrong: Vec<(Setting, String)>| {
        let errors = wrong.iter().map(|(setting, expected)| FieldError::invalid(pointer(*setting), expected));
        ApiError::invalid(errors.collect())
    };
    let wrong = after.out_of_range();
    if !wrong.is_empty() {
        return Err(invalid(wrong));
    }
    let locked: Vec<_> = after
        .newly_set(before)
        .into_iter()
        .filter_map(|setting| {
            let level = above.origins.of(setting).locked_by?;
            let level = if seen_levels(scope, place)(level) { level.describe() } else { "a level above".to_owned() };
            let message = format!("is locked by {level}");
            Some(FieldError::new(pointer(setting), Code::PolicyLocked.name(), message))
        })
        .collect();
    if !locked.is_empty() {
        return Err(ApiError::new(Code::PolicyLocked).errors(locked));
    }
    // All domains of a tenant share it: one of them cannot have another.
    if let (Level::Domain(_), Some(_)) = (&place.level(), after.max_client_messages_per_minute_to_tenant) {
        let why = "all domains of a tenant share it: set it at the tenant".to_owned();
        return Err(invalid(vec![(Setting::MaxClientMessagesPerMinuteToTenant, why)]));
    }
    let mut wrong = fold::contradictions(above, &place.level(), after);
    // What was written before, and makes no sense since an edit above, has no effect and is in nobody's way.
    let changed = after.newly_set(before);
    let same_demand = after.inbound_tls == before.inbound_tls;
    wrong.retain(|(setting, _)| {
        changed.contains(setting) || (*setting == Setting::InboundTlsMinVersion && !same_demand)
    });
    if wrong.is_empty() { Ok(()) } else { Err(invalid(wrong)) }
}

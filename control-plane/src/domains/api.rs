//! `/v1/domains`

use std::time::Duration;

use axum::{
    extract::State as AxumState,
    response::{IntoResponse, Response},
};
use contract::{Id, Micros, ids, ids::DomainId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Domain, Finding, State, alias, create, moving,
    ownership::{self, Look, Noted},
    proof, records, store, takeover,
    view::{DomainCreate, DomainPage, DomainQuery, DomainUpdate, DomainView},
};
use crate::{
    app::{App, AppState},
    audit,
    auth::{
        Action, Grant, Scope,
        action::{CreateDomain, ReadDomains, WriteDomains},
    },
    db::{Read, StoreError, Tx},
    http::{
        Answer, ApiError, ApiJson, ApiPatch, ApiPath, ApiQuery, Code, FieldError, IfMatch, commit, docs::CommonProblems,
    },
    labels, outbox, routes as inbound_routes, tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_domains, create_domain))
        .routes(routes!(read_domain, update_domain, delete_domain))
        .routes(routes!(verify_domain))
        .merge(records::api::router())
        .routes(routes!(restore_domain))
        .merge(moving::api::router())
        .merge(takeover::api::router())
}

pub(super) fn held_elsewhere() -> ApiError {
    ApiError::new(Code::DomainHeldElsewhere)
}

/// List domains.
#[utoipa::path(get, path = "/v1/domains", operation_id = "list_domains", tag = "domains", params(DomainQuery),
    responses((status = 200, description = "A page of domains", body = DomainPage), CommonProblems))]
pub(super) async fn list_domains(
    grant: Grant<ReadDomains>,
    AxumState(app): AxumState<AppState>,
    ApiQuery(query): ApiQuery<DomainQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "domains";
    let filters = (
        &query.tenant_id,
        &query.name,
        &query.external_ref,
        &query.label,
        &query.state,
        &query.alias_of,
        &query.ownership_lost,
    );
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let name = query
        .name
        .as_deref()
        .map(str::parse::<contract::mail::Domain>)
        .transpose()
        .map_err(|error| ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid("?name", error)]))?;
    let filter = store::Filter {
        name: name.map(|name| name.as_ascii().to_owned()),
        external_ref: query.external_ref.clone(),
        label: labels::filter(query.label.as_deref())?,
        tenant: query.tenant_id,
        state: query.state,
        alias_of: query.alias_of,
        ownership_lost: query.ownership_lost,
    };
    let scope = grant.scope().sets();
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &scope, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    let data = rows.iter().map(|domain| DomainView::new(domain, &app.vault)).collect();
    Ok(Answer::ok(&DomainPage { data, next_cursor }))
}

/// Register a domain. No mail is accepted for it until DNS proves who holds it. Whoever may do it by a `domain_admin` grant
/// over the tenant becomes the administrator of the new domain, and of nothing else.
#[utoipa::path(post, path = "/v1/domains", operation_id = "create_domain", tag = "domains", request_body = DomainCreate,
    responses((status = 201, description = "Registered", body = DomainView), CommonProblems))]
pub(super) async fn create_domain(
    grant: Grant<CreateDomain>,
    AxumState(app): AxumState<AppState>,
    ApiJson(body): ApiJson<DomainCreate>,
) -> Result<Response, ApiError> {
    let name = create::name_of(&app, &body)?;
    let mut tx = app.db.begin(&grant).await?;
    let domain = create::register(&app, &mut tx, &grant, name, body).await?;
    let view = DomainView::new(&domain, &app.vault);
    commit(tx, Answer::created(format!("/v1/domains/{}", domain.id), &view).revision(domain.revision)).await
}

/// Read a domain.
#[utoipa::path(get, path = "/v1/domains/{domain_id}", operation_id = "read_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "The domain", body = DomainView), CommonProblems))]
pub(super) async fn read_domain(
    grant: Grant<ReadDomains>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Answer, ApiError> {
    let domain = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&DomainView::new(&domain, &app.vault)).revision(domain.revision))
}

/// Change a domain. Where its mail goes (`route_id`, `alias_of`) is changed by who has shown lately who they are: 403
/// `step_up_required`.
#[utoipa::path(patch, path = "/v1/domains/{domain_id}", operation_id = "update_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)), request_body = DomainUpdate,
    responses((status = 200, description = "The domain as it is now", body = DomainView), CommonProblems))]
pub(super) async fn update_domain(
    grant: Grant<WriteDomains>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<DomainUpdate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    // Its name stays: only for who is an alias of whom all domains are one matter. Edits of two domains do not wait for each
    // other, edits of one do.
    if body.touches_alias() {
        store::lock_names(&mut tx).await?;
    }
    store::lock(&mut tx, id).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    let mut after = before.clone();
    body.apply(&mut after)?;
    let scope = grant.scope();
    must_name(&scope, before.tenant, after.external_ref.as_deref(), before.external_ref.as_deref())?;
    if after.goes_to() != before.goes_to() {
        grant.must_have_stepped_up(&app, &mut tx).await?;
    }
    if after.alias != before.alias {
        alias::must_fit(&mut tx, &scope, &after).await?;
    }
    if let Some(route) = after.route.filter(|_| after.route != before.route) {
        must_fit(&mut tx, &scope, route, after.tenant).await?;
    }
    refuse_taken(&mut tx, &after).await?;
    save(&app, tx, "domain.update", &before, after).await
}

/// Delete a domain. A pending one is gone at once. An active one closes, and is gone after some days; until then it can be
/// restored, and its mail flows.
#[utoipa::path(delete, path = "/v1/domains/{domain_id}", operation_id = "delete_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "The domain as it was (pending) or is (closing)", body = DomainView),
        CommonProblems))]
pub(super) async fn delete_domain(
    grant: Grant<WriteDomains>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    store::lock_names(&mut tx).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    alias::must_have_none(&mut tx, &grant.scope(), &before, before.state == State::Active).await?;
    match before.state {
        State::Pending => {
            let view = DomainView::new(&before, &app.vault);
            store::delete(&mut tx, &before).await?;
            audit::record(&mut tx, "domain.delete", before.target(), Some(&view), audit::NOTHING).await?;
            outbox::record(&mut tx, &before.change()).await?;
            commit(tx, Answer::ok(&view)).await
        }
        State::Active => {
            let mut after = before.clone();
            let period = Duration::from_secs(app.config.closing_period_s);
            after.closes_at = after.closes_at.or_else(|| Some(tx.now() + period));
            save(&app, tx, "domain.close", &before, after).await
        }
    }
}

/// Take the deletion of a domain back.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/restore", operation_id = "restore_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "The domain as it is now", body = DomainView), CommonProblems))]
pub(super) async fn restore_domain(
    grant: Grant<WriteDomains>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    store::lock_names(&mut tx).await?;
    let before = load(&mut tx, &grant, id).await?;
    // Its primary may have begun to go meanwhile.
    alias::must_fit(&mut tx, &grant.scope(), &before).await?;
    if before.closes_at.is_none() {
        return Err(ApiError::new(Code::NotClosing));
    }
    let mut after = before.clone();
    after.closes_at = None;
    save(&app, tx, "domain.restore", &before, after).await
}

/// Ask DNS for the proof now. What was found is in `verification.result`; a domain that is proven becomes active, and an active
/// one whose ownership was lost has it again.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/verify", operation_id = "verify_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "The domain as it is now", body = DomainView), CommonProblems))]
pub(super) async fn verify_domain(
    grant: Grant<WriteDomains>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Response, ApiError> {
    let domain = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    let finding = proof::look(&app, &domain.claim()).await;
    let mut tx = app.db.begin(&grant).await?;
    let (domain, noted) = if domain.state == State::Active {
        // Without the lock of names, which everybody who makes a domain waits for: no name changes hands here.
        let look = Look { domain: id, before: domain.check.checked_at, finding };
        let noted = ownership::note_one(&app, &mut tx, look).await?;
        (store::find(&mut tx, id).await?, noted)
    } else {
        (proof::apply(&app, &mut tx, (id, domain.tenant), finding).await?, Noted::default())
    };
    let domain = domain.ok_or_else(ApiError::not_found)?;
    let view = DomainView::new(&domain, &app.vault);
    let target = domain.target();
    audit::record(&mut tx, "domain.verify", target, audit::NOTHING, Some(&view.verification)).await?;
    if domain.check.finding == Some(Finding::HeldElsewhere) {
        // What was found is kept; the answer is the conflict.
        tx.commit().await?;
        return Err(held_elsewhere());
    }
    let answer = commit(tx, Answer::ok(&view).revision(domain.revision)).await?;
    noted.tell(&app);
    Ok(answer)
}

pub(super) async fn load<A: Action>(
    read: &mut Read,
    grant: &Grant<A>,
    id: Id<ids::Domain>,
) -> Result<Domain, ApiError> {
    let domain = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(domain.place())?;
    Ok(domain)
}

/// The number in the tenant's own system is of whoever administers the tenant: whether another domain has it says something
/// about what else there is.
pub(super) fn must_name(
    scope: &Scope,
    tenant: Id<ids::Tenant>,
    external_ref: Option<&str>,
    before: Option<&str>,
) -> Result<(), ApiError> {
    if external_ref == before || scope.covers_tenant(tenant) {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden).at("/external_ref"))
}

/// A route of the tenant, or of one above it; within the scope, or known there since a domain uses it.
pub(super) async fn must_fit(
    tx: &mut Tx,
    scope: &Scope,
    route: Id<ids::Route>,
    tenant: Id<ids::Tenant>,
) -> Result<(), ApiError> {
    let found = inbound_routes::find(tx, route).await?;
    let above = tenants::ancestry(tx, tenant).await?;
    let known = match &found {
        Some(found) if scope.covers_tenant(found.tenant) => true,
        Some(_) => store::uses_route(tx, route, &scope.sets()).await?,
        None => false,
    };
    match found.filter(|_| known) {
        Some(route) if above.contains(&route.tenant) => Ok(()),
        _ => Err(ApiError::field("/route_id", "there is no such route of this tenant or one above it")),
    }
}

pub(super) async fn refuse_taken(tx: &mut Tx, domain: &Domain) -> Result<(), ApiError> {
    let taken = store::taken(tx, domain).await?;
    if taken.name {
        return Err(ApiError::new(Code::DomainRegistered).at("/name"));
    }
    if taken.external_ref {
        return Err(ApiError::new(Code::ExternalRefTaken).at("/external_ref"));
    }
    Ok(())
}

async fn save(
    app: &App,
    mut tx: Tx,
    action: &'static str,
    before: &Domain,
    mut after: Domain,
) -> Result<Response, ApiError> {
    let (old, new) = (DomainView::new(before, &app.vault), DomainView::new(&after, &app.vault));
    if serde_json::to_value(&old).ok() == serde_json::to_value(&new).ok() {
        return Ok(Answer::ok(&old).revision(before.revision).into_response());
    }
    store::update(&mut tx, &after).await?;
    after.revision += 1;
    audit::record(&mut tx, action, after.target(), Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &after.change()).await?;
    commit(tx, Answer::ok(&new).revision(after.revision)).await
}

/// Takes away closing domains whose time is up.
pub(crate) async fn remove_overdue(app: &App, tx: &mut Tx, now: Micros) -> Result<(), StoreError> {
    for domain in store::overdue(tx, now).await? {
        // Its aliases began to go before it, and may have been taken back or be a moment behind.
        if !store::aliases(tx, domain.id).await?.is_empty() {
            continue;
        }
        store::delete(tx, &domain).await?;
        let view = DomainView::new(&domain, &app.vault);
        audit::record(tx, "domain.delete", domain.target(), Some(&view), audit::NOTHING).await?;
        outbox::record(tx, &domain.change()).await?;
    }
    Ok(())
}

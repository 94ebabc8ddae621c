//! `/v1/domains/{domain_id}/move`

use axum::{
    extract::State as AxumState,
    response::{IntoResponse, Response},
};
use contract::{Id, ids, ids::DomainId};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    fits, moved, must_be_movable, refuse_taken, route, store,
    view::{DomainMove, DomainMoved},
};
use crate::{
    api_keys,
    app::{App, AppState},
    audit,
    auth::{Grant, Scope, action::MoveDomain},
    db::Tx,
    domains::{Domain, State, api::load, proof, store as domains, view::DomainView},
    grants,
    http::{Answer, ApiError, ApiJson, ApiPath, FieldError, IfMatch, Patch, commit, docs::CommonProblems},
    outbox, pools, tenants,
};

pub(in crate::domains) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(move_domain))
}

/// Give a domain to another tenant of the same MSP, with its alias domains. Recipients, lists and policy go along, and mail flows
/// on; certificates, trace and statistics stay with the old tenant. Moving it to where it is changes nothing.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/move", operation_id = "move_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)), request_body = DomainMove,
    responses((status = 200, description = "The domain as it is now, and what ended", body = DomainMoved), CommonProblems))]
pub(super) async fn move_domain(
    grant: Grant<MoveDomain>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<DomainMove>,
) -> Result<Response, ApiError> {
    let scope = grant.scope();
    let mut tx = app.db.begin(&grant).await?;
    load(&mut tx, &grant, id).await?;
    // In this order, as others take them: pools, tenant, names, domain, grants.
    pools::lock_assignments(&mut tx).await?;
    tenants::must_be_open(&mut tx, &scope, body.tenant_id, "/tenant_id").await?;
    domains::lock_names(&mut tx).await?;
    domains::lock(&mut tx, id).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    if before.tenant == body.tenant_id {
        return unchanged(&app, &before, &body.route_id);
    }
    let aliases = must_be_movable(&mut tx, &scope, &before, body.tenant_id).await?;
    let above = tenants::ancestry(&mut tx, body.tenant_id).await?;
    let now = tx.now();
    let route = route(&mut tx, &scope, &before, &body.route_id, (body.tenant_id, &above)).await?;
    let mut family = vec![(before.clone(), moved(&before, body.tenant_id, route, now))];
    for alias in aliases {
        domains::lock(&mut tx, alias.id).await?;
        // What it had of its own before it became one rests, as far as it may be the new tenant's.
        let resting = match alias.route {
            Some(route) if fits(&mut tx, route, &above).await? => Some(route),
            Some(_) | None => None,
        };
        let after = moved(&alias, body.tenant_id, resting, now);
        family.push((alias, after));
    }
    pools::domains_move(&mut tx, before.tenant, body.tenant_id, family.len()).await?;
    let done = carry_out(&app, &mut tx, &scope, family, &above).await?;
    let revision = before.revision + 1;
    commit(tx, Answer::ok(&done).revision(revision)).await
}

fn unchanged(app: &App, domain: &Domain, route: &Patch<Id<ids::Route>>) -> Result<Response, ApiError> {
    let same = match route {
        Patch::Keep => true,
        Patch::Clear => domain.route.is_none(),
        Patch::Set(route) => domain.route == Some(*route),
    };
    if !same {
        let message = "it is a domain of this tenant already: PATCH changes its route";
        return Err(ApiError::invalid(vec![FieldError::new("/route_id", "not_now", message)]));
    }
    let domain_view = DomainView::new(domain, &app.vault);
    let moved = DomainMoved { domain: domain_view, alias_domain_ids: Vec::new(), grants_ended: 0, api_keys_ended: 0 };
    Ok(Answer::ok(&moved).revision(domain.revision).into_response())
}

/// Writes it. The first of the family is the one that was asked for.
async fn carry_out(
    app: &App,
    tx: &mut Tx,
    scope: &Scope,
    family: Vec<(Domain, Domain)>,
    above: &[Id<ids::Tenant>],
) -> Result<DomainMoved, ApiError> {
    grants::lock(tx).await?;
    let (mut grants_ended, mut api_keys_ended, mut views) = (0, 0, Vec::new());
    let now = tx.now();
    for (before, mut after) in family {
        refuse_taken(tx, &after).await?;
        // Told in the log of the old tenant: there they were given.
        grants_ended += grants::end_strangers(tx, &before, above).await?;
        api_keys_ended += api_keys::end_strangers(tx, &before, above).await?;
        if after.state == State::Pending {
            after.check.next_check_at = proof::next_check(app, &after, now);
        }
        store::relocate(tx, &after).await?;
        after.revision += 1;
        let (old, new) = (DomainView::new(&before, &app.vault), DomainView::new(&after, &app.vault));
        // Each tenant reads what was done to what is its own: neither is told of the other.
        audit::record(tx, "domain.move_out", before.target(), Some(&old), audit::NOTHING).await?;
        audit::record(tx, "domain.move_in", after.target(), audit::NOTHING, Some(&new)).await?;
        outbox::record(tx, &after.change()).await?;
        views.push((after, new));
    }
    let mut views = views.into_iter();
    let (domain, view) = views.next().ok_or_else(|| ApiError::internal("a domain that is not of its own family"))?;
    tenants::limits::domains_must_fit(tx, scope, domain.tenant).await?;
    tenants::limits::recipients_must_fit(tx, scope, domain.tenant).await?;
    let alias_domain_ids = views.map(|(alias, _)| alias.id).collect();
    Ok(DomainMoved { domain: view, alias_domain_ids, grants_ended, api_keys_ended })
}

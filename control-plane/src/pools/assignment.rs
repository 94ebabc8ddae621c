//! `/v1/tenants/{tenant_id}/pools`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{Id, ids, ids::TenantId};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    serving, store,
    view::{TenantPools, TenantPoolsUpdate},
};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Grant,
        action::{ReadPools, WritePools},
    },
    db::{Read, StoreError, Tx},
    http::{Answer, ApiError, ApiJson, ApiPath, Code, FieldError, IfMatch, commit, docs::CommonProblems},
    outbox::{self, Change},
    snapshots, tenants,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_tenant_pools, update_tenant_pools))
}

/// Pools that one tenant may name.
const MOST: usize = 10;

/// Which pools serve a tenant?
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/pools", operation_id = "read_tenant_pools", tag = "pools",
    params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "The pools", body = TenantPools), CommonProblems))]
pub(super) async fn read_tenant_pools(
    grant: Grant<ReadPools>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    tenants::find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    let (_, revision) = store::of_tenant(&mut read, id).await?;
    Ok(Answer::ok(&view(&mut read, id).await?).revision(revision))
}

/// Name the pools that serve a tenant, and those below it that name none. Workers of a pool that serves it no more put its mail
/// off with 451 or refuse it as soon as they run the change: let the new pool have it first, then move the MX records, then
/// name the new pool alone.
#[utoipa::path(put, path = "/v1/tenants/{tenant_id}/pools", operation_id = "update_tenant_pools", tag = "pools",
    params(("tenant_id" = TenantId, Path)), request_body = TenantPoolsUpdate,
    responses((status = 200, description = "The pools as they are now", body = TenantPools), CommonProblems))]
pub(super) async fn update_tenant_pools(
    grant: Grant<WritePools>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<TenantPoolsUpdate>,
) -> Result<Response, ApiError> {
    if body.pool_ids.as_ref().is_some_and(|named| !(1..=MOST).contains(&named.len())) {
        return Err(ApiError::field("/pool_ids", format!("expected 1 to {MOST} pools, or null")));
    }
    let mut named = body.pool_ids.unwrap_or_default();
    let mut tx = app.db.begin(&grant).await?;
    tenants::find(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    // One at a time: what leaves a pool is counted.
    store::lock_all(&mut tx).await?;
    let known = store::all(&mut tx).await?;
    let unknown = named.iter().enumerate().filter(|(_, pool)| !known.iter().any(|known| known.id == **pool));
    let errors: Vec<_> =
        unknown.map(|(n, _)| FieldError::invalid(format!("/pool_ids/{n}"), "there is no such pool")).collect();
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    named.sort_unstable();
    named.dedup();
    let (current, revision) = store::of_tenant(&mut tx, id).await?;
    if_match.check(revision)?;
    let before = view(&mut tx, id).await?;
    if current == named {
        return Ok(Answer::ok(&before).revision(revision).into_response());
    }
    let extents = snapshots::extents(&mut tx).await?;
    store::assign(&mut tx, id, &named, revision).await?;
    departures(&mut tx, id, extents, 0).await?;
    let after = view(&mut tx, id).await?;
    // Neither a slip nor a stolen session turns a customer's mail away: somebody serves them before and after.
    if !after.effective.iter().any(|pool| before.effective.contains(pool)) {
        let detail =
            "name the pools that serve it now beside the new ones, move the MX records, then take the old ones away";
        return Err(ApiError::new(Code::PoolsMustOverlap).at("/pool_ids").detail(detail));
    }
    let target = Target::new("tenant_pools").id(id).of_tenant(id);
    audit::record(&mut tx, "tenant_pools.update", target, Some(&before), Some(&after)).await?;
    outbox::record(&mut tx, &Change::Tenant(id)).await?;
    commit(tx, Answer::ok(&after).revision(revision + 1)).await
}

/// Workers hold it against a head that it suddenly names fewer tenants or domains: so many left for good. `known`: so many tenants
/// are explained otherwise.
pub(super) async fn departures(
    tx: &mut Tx,
    tenant: Id<ids::Tenant>,
    before: Vec<snapshots::Extent>,
    known: usize,
) -> Result<(), StoreError> {
    let after = snapshots::extents(tx).await?;
    for before in before {
        let Some(after) = after.iter().find(|after| after.pool == before.pool) else { continue };
        let gone = before.all().filter(|tenant| !after.holds(*tenant)).count().saturating_sub(known);
        let unserved: Vec<_> = before.served.iter().filter(|tenant| !after.served.contains(*tenant)).copied().collect();
        let domains = store::domains_of(tx, &unserved).await?;
        if gone > 0 || domains > 0 {
            let gone = i64::try_from(gone).unwrap_or(i64::MAX);
            store::note_departure(tx, before.pool, tenant, (gone, domains)).await?;
        }
    }
    Ok(())
}

async fn view(read: &mut Read, tenant: Id<ids::Tenant>) -> Result<TenantPools, StoreError> {
    let (named, _) = store::of_tenant(read, tenant).await?;
    let serving = serving(read, tenant).await?;
    Ok(TenantPools {
        pool_ids: (!named.is_empty()).then_some(named),
        effective: serving.pools.iter().map(|pool| pool.id).collect(),
        named_by: serving.named_by,
    })
}

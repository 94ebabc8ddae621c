//! A new tenant, whichever call makes it.

use super::{
    Tenant, TenantKind, store,
    view::{TenantCreate, TenantView},
};
use crate::{
    audit::{self, Target},
    auth::{Place, Scope},
    db::Tx,
    http::{ApiError, Code, FieldError},
    outbox::{self, Change},
};

pub(super) fn target(tenant: &Tenant) -> Target {
    Target::new("tenant").id(tenant.id).of_tenant(tenant.id)
}

pub(super) fn taken() -> ApiError {
    ApiError::new(Code::ExternalRefTaken).at("/external_ref")
}

/// Below a tenant of the scope. The body was checked.
pub(crate) async fn add(tx: &mut Tx, scope: &Scope, body: TenantCreate) -> Result<Tenant, ApiError> {
    let kind = body.kind.unwrap_or(TenantKind::Customer);
    let parent = match body.parent_id {
        Some(id) => id,
        None => store::provider(tx).await?,
    };
    if body.parent_id.is_none() && !scope.covers_tenant(parent) {
        let message = "is required: name the tenant above it";
        return Err(ApiError::invalid(vec![FieldError::new("/parent_id", "required", message)]));
    }
    let no_such = || ApiError::field("/parent_id", "there is no such tenant");
    if let Some(on_hold) = scope.on_hold(Place::Tenant(parent)) {
        return Err(on_hold.refusal());
    }
    if !scope.covers_tenant(parent) {
        return Err(no_such());
    }
    store::lock(tx, parent).await?;
    let parent = store::find(tx, parent).await?.ok_or_else(no_such)?;
    if !kind.fits_below(parent.kind) {
        let message = format!("a tenant of kind {} cannot stand below one of kind {}", kind.name(), parent.kind.name());
        return Err(ApiError::field("/parent_id", message));
    }
    if parent.closes_at.is_some() {
        return Err(ApiError::new(Code::TenantClosing).at("/parent_id"));
    }
    let tenant = Tenant {
        id: tx.new_id(),
        parent: Some(parent.id),
        kind,
        name: body.name,
        external_ref: body.external_ref,
        labels: body.labels,
        suspended: None,
        closes_at: None,
        revision: 1,
        created_at: tx.now(),
    };
    store::insert(tx, &tenant).await.map_err(|error| error.or_unique(taken))?;
    audit::record(tx, "tenant.create", target(&tenant), audit::NOTHING, Some(&TenantView::from(&tenant))).await?;
    outbox::record(tx, &Change::Tenant(tenant.id)).await?;
    Ok(tenant)
}

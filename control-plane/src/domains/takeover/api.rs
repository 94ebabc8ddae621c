//! `/v1/domains/{domain_id}/release`

use axum::{
    extract::State as AxumState,
    response::{IntoResponse, Response},
};
use contract::ids::DomainId;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    audit,
    auth::{Grant, action::MoveDomain},
    domains::{Check, Domain, State, alias, api::load, rivals, store, view::DomainView},
    http::{Answer, ApiError, ApiPath, IfMatch, commit, docs::CommonProblems},
    outbox,
};

pub(in crate::domains) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(release_domain))
}

/// Let go of a domain's name: it is pending from now on, with all it has, and its mail is deferred for 7 days. Another tenant that
/// proves the name gets it at once. It becomes active again by `verify`, not by itself.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/release", operation_id = "release_domain", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "The domain as it is now", body = DomainView), CommonProblems))]
pub(super) async fn release_domain(
    grant: Grant<MoveDomain>,
    AxumState(app): AxumState<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    store::lock_names(&mut tx).await?;
    store::lock(&mut tx, id).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    let old = DomainView::new(&before, &app.vault);
    if before.state == State::Pending {
        return Ok(Answer::ok(&old).revision(before.revision).into_response());
    }
    alias::must_have_none(&mut tx, &grant.scope(), &before, false).await?;
    let after = super::let_go(&mut tx, Domain { check: Check::default(), ..before.clone() }).await?;
    rivals::released(&mut tx, &after).await?;
    let new = DomainView::new(&after, &app.vault);
    audit::record(&mut tx, "domain.release", after.target(), Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &after.change()).await?;
    commit(tx, Answer::ok(&new).revision(after.revision)).await
}

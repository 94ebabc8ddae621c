//! `/v1/domains/{domain_id}/dns`

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use contract::ids::DomainId;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{judge, look, view::DomainDns, zone};
use crate::{
    app::AppState,
    auth::{Grant, action::ReadDomains},
    domains::{Domain, find},
    http::{Answer, ApiError, ApiPath, docs::CommonProblems},
    pools,
};

pub(in crate::domains) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_domain_dns)).routes(routes!(export_domain_dns))
}

/// What stands in DNS for a domain beside what should: the proof of ownership, MX, the SPF include. Asked now, for five seconds
/// at most; `unknown` is a question that nobody answered.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/dns", operation_id = "read_domain_dns", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "What was found", body = DomainDns), CommonProblems))]
pub(super) async fn read_domain_dns(
    grant: Grant<ReadDomains>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Answer, ApiError> {
    let (domain, rows) = records_of(&app, &grant, id).await?;
    Ok(Answer::ok(&DomainDns::new(&domain, app.clock.now(), rows)))
}

/// The same as lines for a zone file (RFC 1035 §5): what is missing or different, the rest as comments.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/dns/zone", operation_id = "export_domain_dns", tag = "domains",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "Lines for a zone file", body = String, content_type = "text/plain"),
        CommonProblems))]
pub(super) async fn export_domain_dns(
    grant: Grant<ReadDomains>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Response, ApiError> {
    let (_, rows) = records_of(&app, &grant, id).await?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, zone::write(&rows)).into_response())
}

async fn records_of(
    app: &AppState,
    grant: &Grant<ReadDomains>,
    id: DomainId,
) -> Result<(Domain, judge::Rows), ApiError> {
    let mut read = app.db.read(grant).await?;
    let domain = find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(domain.place())?;
    let mx_hosts = pools::serving(&mut read, domain.tenant).await?.mx_hosts(&app.config.mx_hosts);
    drop(read);
    let found = look::look(app, &domain).await;
    let rows = judge::judge(&app.config, &mx_hosts, &domain.name, &found);
    Ok((domain, rows))
}

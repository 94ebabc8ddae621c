//! `GET /v1/domains/{domain_id}/statistics` and `GET /v1/tenants/{tenant_id}/statistics`.

use axum::extract::State;
use contract::{
    Micros,
    ids::{DomainId, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    span::{Span, Step},
    store,
};
use crate::{
    app::AppState,
    auth::{Grant, Place, action::ReadStatistics},
    domains,
    http::{Answer, ApiError, ApiPath, ApiQuery, Time, docs::CommonProblems},
    tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_domain_statistics)).routes(routes!(read_tenant_statistics))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct StatisticsQuery {
    /// Without it: 24 hours before `to`, or 30 days where steps are days.
    #[param(value_type = Option<String>, format = DateTime, example = "2027-01-31T12:00:00Z")]
    from: Option<Time>,
    /// Without it: now.
    #[param(value_type = Option<String>, format = DateTime, example = "2027-02-01T12:00:00Z")]
    to: Option<Time>,
    /// `hour` (at most 744 of them) or `day` (UTC; at most 400). A step that `from` or `to` cuts is whole in the answer.
    step: Option<Step>,
}

/// Sums of SMTP transactions.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct StatisticsCounts {
    /// The next hop has the message.
    #[schema(example = 1289)]
    pub accepted: i64,
    /// 5xx: the sender must not try again.
    #[schema(example = 310)]
    pub refused: i64,
    /// 4xx: the sender keeps it and tries again.
    #[schema(example = 12)]
    pub deferred: i64,
    /// Octets of the accepted messages, as received.
    #[schema(example = 84_120_311)]
    pub bytes: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StatisticsStep {
    /// When the step begins.
    pub start: Time,
    #[serde(flatten)]
    pub counts: StatisticsCounts,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StatisticsView {
    /// Start of the first step.
    pub from: Time,
    /// End of the last step.
    pub to: Time,
    pub step: Step,
    pub total: StatisticsCounts,
    /// In their order; a step in which nothing was counted is not among them.
    pub data: Vec<StatisticsStep>,
}

/// Count a domain's transactions, by hour or day. A transaction counts for the domain of its first recipient, in the hour
/// in which its worker told.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/statistics", operation_id = "read_domain_statistics",
    tag = "statistics", params(("domain_id" = DomainId, Path), StatisticsQuery),
    responses((status = 200, description = "What was counted", body = StatisticsView), CommonProblems))]
pub(super) async fn read_domain_statistics(
    grant: Grant<ReadStatistics>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    ApiQuery(query): ApiQuery<StatisticsQuery>,
) -> Result<Answer, ApiError> {
    let span = query.span(&app)?;
    let domain = domains::find(&mut app.db.read(&grant).await?, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(domain.place())?;
    let rows = store::of_domain(&mut app.trace.read(&grant).await?, id, domain.tenant, &span).await?;
    Ok(Answer::ok(&view(&span, rows)))
}

/// Count the transactions of a tenant and of all below it, by hour or day.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/statistics", operation_id = "read_tenant_statistics",
    tag = "statistics", params(("tenant_id" = TenantId, Path), StatisticsQuery),
    responses((status = 200, description = "What was counted", body = StatisticsView), CommonProblems))]
pub(super) async fn read_tenant_statistics(
    grant: Grant<ReadStatistics>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    ApiQuery(query): ApiQuery<StatisticsQuery>,
) -> Result<Answer, ApiError> {
    let span = query.span(&app)?;
    grant.must_reach(Place::Tenant(id))?;
    let below = tenants::below(&mut app.db.read(&grant).await?, id).await?;
    if below.is_empty() {
        return Err(ApiError::not_found());
    }
    let rows = store::of_tenants(&mut app.trace.read(&grant).await?, &below, &span).await?;
    Ok(Answer::ok(&view(&span, rows)))
}

impl StatisticsQuery {
    fn span(&self, app: &AppState) -> Result<Span, ApiError> {
        Span::parse(self.from, self.to, self.step.unwrap_or_default(), app.clock.now())
    }
}

fn view(span: &Span, rows: Vec<store::Row>) -> StatisticsView {
    let mut total = StatisticsCounts::default();
    let mut data = Vec::with_capacity(rows.len());
    for row in rows {
        total.accepted += row.accepted;
        total.refused += row.refused;
        total.deferred += row.deferred;
        total.bytes += row.bytes;
        let store::Row { start, accepted, refused, deferred, bytes } = row;
        let counts = StatisticsCounts { accepted, refused, deferred, bytes };
        data.push(StatisticsStep { start: Time(Micros::from_micros(start)), counts });
    }
    StatisticsView { from: Time(span.from), to: Time(span.to), step: span.step, total, data }
}

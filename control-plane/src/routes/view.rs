//! Routes on the wire.

use contract::{
    ids::{RouteId, TenantId},
    mail::Cidr,
    snapshot::object::NextHop,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Route,
    hop::{self, HopSettings, HopView},
};
use crate::{
    http::{ApiError, FieldError, Patch, Time},
    labels::{self, Labels, LabelsPatch},
};

/// A new route.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "name": "Exchange in the cellar",
    "hops": [{ "host": "mx.acme.example", "port": 25, "tls": { "level": "required" } }] }))]
pub(super) struct RouteCreate {
    pub tenant_id: TenantId,
    /// For people; unique in the tenant.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The number in your own system, unique in the tenant.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub external_ref: Option<String>,
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub labels: Labels,
    #[schema(min_items = 1, max_items = 16)]
    pub hops: Vec<HopSettings>,
}

/// A merge patch: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "hops": [{ "host": "mx2.acme.example", "tls": { "level": "opportunistic" } }] }))]
pub(super) struct RouteUpdate {
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Patch<String>,
    /// null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 128)]
    pub external_ref: Patch<String>,
    /// Labels named are set, those named null are taken off, others stay.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, Option<String>>>)]
    pub labels: Patch<LabelsPatch>,
    /// All next hops anew.
    #[serde(default)]
    #[schema(value_type = Option<Vec<HopSettings>>, min_items = 1, max_items = 16)]
    pub hops: Patch<Vec<HopSettings>>,
}

/// A route.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RouteView {
    pub id: RouteId,
    pub tenant_id: TenantId,
    #[schema(example = "Exchange in the cellar")]
    pub name: String,
    #[schema(required, example = "R-7")]
    pub external_ref: Option<String>,
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({}))]
    pub labels: Labels,
    pub hops: Vec<HopView>,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoutePage {
    pub data: Vec<RouteView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RouteQuery {
    pub tenant_id: Option<TenantId>,
    /// Exact name.
    pub name: Option<String>,
    /// Exact reference.
    pub external_ref: Option<String>,
    /// `name:value`.
    #[param(example = "site:berlin")]
    pub label: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl From<&Route> for RouteView {
    fn from(route: &Route) -> Self {
        Self {
            id: route.id,
            tenant_id: route.tenant,
            name: route.name.clone(),
            external_ref: route.external_ref.clone(),
            labels: route.labels.clone(),
            hops: route.hops.iter().map(HopView::from).collect(),
            created_at: Time(route.created_at),
        }
    }
}

fn check(name: &str, external_ref: Option<&str>, labels: &Labels, errors: &mut Vec<FieldError>) {
    labels::check_text(name, labels::NAME, "/name", errors);
    if let Some(external_ref) = external_ref {
        labels::check_text(external_ref, labels::EXTERNAL_REF, "/external_ref", errors);
    }
    labels::check(labels, errors);
}

impl RouteCreate {
    /// The next hops, if everything else is good as well.
    pub(super) fn parse(&mut self, allowed: &[Cidr]) -> Result<Vec<NextHop>, ApiError> {
        let mut errors = Vec::new();
        check(&self.name, self.external_ref.as_deref(), &self.labels, &mut errors);
        let hops = hop::parse(std::mem::take(&mut self.hops), allowed, &mut errors);
        if errors.is_empty() { Ok(hops) } else { Err(ApiError::invalid(errors)) }
    }
}

impl RouteUpdate {
    pub(super) fn apply(self, route: &mut Route, allowed: &[Cidr]) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        let required = |pointer: &str| FieldError::new(pointer, "required", "cannot be taken away");
        match self.name {
            Patch::Keep => {}
            Patch::Clear => errors.push(required("/name")),
            Patch::Set(name) => route.name = name,
        }
        route.external_ref = self.external_ref.apply(route.external_ref.take());
        route.labels = labels::patched(self.labels, &route.labels);
        check(&route.name, route.external_ref.as_deref(), &route.labels, &mut errors);
        match self.hops {
            Patch::Keep => {}
            Patch::Clear => errors.push(required("/hops")),
            Patch::Set(hops) => route.hops = hop::parse(hops, allowed, &mut errors),
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}

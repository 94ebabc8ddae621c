//! Routes on the wire.

use contract::{
    Micros,
    ids::{CertificateId, RouteId, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Destination, Route, RouteKind,
    hop::{self, Bounds, HopSettings, HopView},
    mx::{self, MxSettings, MxUpdate, MxView},
};
use crate::{
    http::{ApiError, FieldError, Patch, Time},
    labels::{self, Labels, LabelsPatch, LabelsUpdate, LabelsView},
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
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
    /// `host` if left out.
    #[serde(default)]
    pub kind: Option<RouteKind>,
    /// For kind `host`, where they are required.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 16)]
    pub hops: Option<Vec<HopSettings>>,
    /// For kind `mx`, where it is required.
    #[serde(default)]
    pub mx: Option<MxSettings>,
    /// Connections to each next hop at once, by all workers of a pool together; each takes its share, and one at least.
    /// As many as workers are set to if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000)]
    pub max_connections: Option<u32>,
    /// Shown to next hops that ask for a client certificate: the tenant's, one of a tenant above it, or the installation's.
    #[serde(default)]
    pub certificate_id: Option<CertificateId>,
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
    #[schema(value_type = Option<LabelsUpdate>)]
    pub labels: Patch<LabelsPatch>,
    /// With another kind, `hops` and `mx` of the one before are gone.
    #[serde(default)]
    #[schema(value_type = Option<RouteKind>)]
    pub kind: Patch<RouteKind>,
    /// All next hops anew.
    #[serde(default)]
    #[schema(value_type = Option<Vec<HopSettings>>, min_items = 1, max_items = 16)]
    pub hops: Patch<Vec<HopSettings>>,
    #[serde(default)]
    #[schema(value_type = Option<MxUpdate>)]
    pub mx: Patch<MxUpdate>,
    /// null: as many as workers are set to.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000)]
    pub max_connections: Patch<u32>,
    /// null: none is shown.
    #[serde(default)]
    #[schema(value_type = Option<CertificateId>)]
    pub certificate_id: Patch<CertificateId>,
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
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
    #[schema(example = "host")]
    pub kind: RouteKind,
    /// Of kind `host`; else empty.
    pub hops: Vec<HopView>,
    /// Of kind `mx`.
    #[schema(required)]
    pub mx: Option<MxView>,
    /// Connections to each next hop at once, by all workers of a pool together.
    #[schema(required, example = 100)]
    pub max_connections: Option<u32>,
    /// Shown to next hops that ask for a client certificate.
    #[schema(required)]
    pub certificate_id: Option<CertificateId>,
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
            kind: route.destination.kind(),
            hops: match &route.destination {
                Destination::Hosts(hops) => hops.iter().map(HopView::from).collect(),
                Destination::Mx(_) | Destination::Microsoft365 | Destination::GoogleWorkspace => Vec::new(),
            },
            mx: match &route.destination {
                Destination::Mx(hop) => Some(MxView::from(hop)),
                Destination::Hosts(_) | Destination::Microsoft365 | Destination::GoogleWorkspace => None,
            },
            max_connections: route.max_connections,
            certificate_id: route.certificate,
            created_at: Time(route.created_at),
        }
    }
}

/// What is told of a destination, at create or by a patch.
struct Told {
    kind: RouteKind,
    hops: Option<Vec<HopSettings>>,
    mx: Option<MxSettings>,
}

impl Told {
    /// None where something is wrong with it.
    fn parse(self, bounds: &Bounds<'_>, errors: &mut Vec<FieldError>) -> Option<Destination> {
        let before = errors.len();
        let fits = |given: bool, field: &str, kind: RouteKind, errors: &mut Vec<FieldError>| {
            let wanted = self.kind == kind;
            let kind = kind.name();
            match (given, wanted) {
                (true, false) => {
                    errors.push(FieldError::new(field, "not_applicable", format!("only with kind {kind}")));
                }
                (false, true) => {
                    errors.push(FieldError::new(field, "required", format!("is required with kind {kind}")));
                }
                (true, true) | (false, false) => {}
            }
        };
        fits(self.hops.is_some(), "/hops", RouteKind::Host, errors);
        fits(self.mx.is_some(), "/mx", RouteKind::Mx, errors);
        let destination = match self.kind {
            RouteKind::Host => Destination::Hosts(hop::parse(self.hops?, bounds, errors)),
            RouteKind::Mx => Destination::Mx(mx::parse(self.mx?, bounds, errors)?),
            RouteKind::Microsoft365 => Destination::Microsoft365,
            RouteKind::GoogleWorkspace => Destination::GoogleWorkspace,
        };
        (errors.len() == before).then_some(destination)
    }
}

fn check(route: &Route, errors: &mut Vec<FieldError>) {
    labels::check_text(&route.name, labels::NAME, "/name", errors);
    if let Some(external_ref) = &route.external_ref {
        labels::check_text(external_ref, labels::EXTERNAL_REF, "/external_ref", errors);
    }
    labels::check(&route.labels, errors);
    if route.max_connections.is_some_and(|most| !(1..=MOST_CONNECTIONS).contains(&most)) {
        errors.push(FieldError::invalid("/max_connections", format!("expected 1 to {MOST_CONNECTIONS}")));
    }
}

const MOST_CONNECTIONS: u32 = 10_000;

impl RouteCreate {
    /// The route, if everything is good.
    pub(super) fn parse(self, id: RouteId, now: Micros, bounds: &Bounds<'_>) -> Result<Route, ApiError> {
        let mut errors = Vec::new();
        let told = Told { kind: self.kind.unwrap_or(RouteKind::Host), hops: self.hops, mx: self.mx };
        let destination = told.parse(bounds, &mut errors);
        let route = Route {
            id,
            tenant: self.tenant_id,
            name: self.name,
            external_ref: self.external_ref,
            labels: self.labels,
            destination: destination.unwrap_or(Destination::Hosts(Vec::new())),
            max_connections: self.max_connections,
            certificate: self.certificate_id,
            revision: 1,
            created_at: now,
        };
        check(&route, &mut errors);
        if errors.is_empty() { Ok(route) } else { Err(ApiError::invalid(errors)) }
    }
}

impl RouteUpdate {
    pub(super) fn apply(self, route: &mut Route, bounds: &Bounds<'_>) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        let required = |pointer: &str| FieldError::new(pointer, "required", "cannot be taken away");
        match self.name {
            Patch::Keep => {}
            Patch::Clear => errors.push(required("/name")),
            Patch::Set(name) => route.name = name,
        }
        route.external_ref = self.external_ref.apply(route.external_ref.take());
        route.labels = labels::patched(self.labels, &route.labels);
        route.max_connections = self.max_connections.apply(route.max_connections);
        route.certificate = self.certificate_id.apply(route.certificate);
        let old = route.destination.kind();
        let kind = match self.kind {
            Patch::Keep => old,
            Patch::Clear => {
                errors.push(required("/kind"));
                old
            }
            Patch::Set(kind) => kind,
        };
        // Where nothing is said of it, it stays, whatever would be refused today.
        if kind != old || !matches!((&self.hops, &self.mx), (Patch::Keep, Patch::Keep)) {
            let (held_hops, held_mx) = match &route.destination {
                Destination::Hosts(hops) if kind == old => (Some(hops.iter().map(HopSettings::from).collect()), None),
                Destination::Mx(hop) if kind == old => (None, Some(MxSettings::from(hop))),
                Destination::Hosts(_)
                | Destination::Mx(_)
                | Destination::Microsoft365
                | Destination::GoogleWorkspace => (None, None),
            };
            let told = Told { kind, hops: self.hops.apply(held_hops), mx: mx::patched(self.mx, held_mx) };
            if let Some(destination) = told.parse(bounds, &mut errors) {
                route.destination = destination;
            }
        }
        check(route, &mut errors);
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}

//! A move on the wire.

use contract::ids::{DomainId, RouteId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{domains::view::DomainView, http::Patch};

/// Where a domain goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
    "route_id": "rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f" }))]
pub(super) struct DomainMove {
    /// Another tenant of the same MSP.
    pub tenant_id: TenantId,
    /// Where its mail goes then: a route of the new tenant or of one above it. Left out, the route of now stays, if the new
    /// tenant may use it. null: none; mail is deferred.
    #[serde(default)]
    #[schema(value_type = Option<RouteId>)]
    pub route_id: Patch<RouteId>,
}

/// What a move came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DomainMoved {
    pub domain: DomainView,
    /// Its alias domains, which went along.
    pub alias_domain_ids: Vec<DomainId>,
    /// Grants over single domains of these that ended: of people whom neither their own tenant nor another grant takes to the
    /// new one.
    #[schema(example = 1)]
    pub grants_ended: usize,
    /// API keys over single domains of these that ended: of the same people.
    #[schema(example = 0)]
    pub api_keys_ended: usize,
}

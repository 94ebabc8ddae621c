//! A customer whose mail goes to a port of this machine.

use std::net::SocketAddr;

use serde_json::json;
use tests::Rest;

use crate::process::{OWNER, PASSWORD};

pub(crate) async fn sign_in(api: SocketAddr) -> Rest {
    Rest::sign_in(&format!("https://{api}"), OWNER, PASSWORD).await
}

/// Sets it up; gives the configuration version that has it.
pub(crate) async fn onboard(rest: &Rest, hop: SocketAddr) -> i64 {
    let tenant = rest.post("/v1/tenants", json!({ "name": "Acme" })).await.text("id");
    let hop = json!({ "host": "127.0.0.1", "port": hop.port(), "tls": { "level": "none" } });
    let route = json!({ "tenant_id": tenant, "name": "mail server", "hops": [hop] });
    let route = rest.post("/v1/routes", route).await.text("id");
    let domain = json!({ "tenant_id": tenant, "name": "acme.example", "route_id": route, "recipients": "any" });
    rest.post("/v1/domains", domain).await.version()
}

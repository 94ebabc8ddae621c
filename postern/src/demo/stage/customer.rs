//! A customer, set up through the public API as an MSP's script would do it.

use std::net::SocketAddr;

use contract::snapshot::hash::Hash;
use serde_json::{Value, json};

use super::{Error, Stage};

/// Whom the mail is for.
#[derive(Debug, Clone)]
pub struct Customer {
    pub tenant: String,
    pub domain: String,
    pub route: String,
    /// The version under which mail flows.
    pub config_version: String,
}

/// Where their mail goes.
#[derive(Debug, Clone)]
pub struct NextHop {
    pub address: SocketAddr,
    /// SHA-256 of its TLS key; nobody else is spoken to. Without it, no TLS.
    pub pin: Option<Hash>,
}

/// What the installation takes, for all who set nothing else.
const MAX_MESSAGE_BYTES: u64 = 12 * 1024 * 1024;

impl Customer {
    /// Their domain.
    pub const DOMAIN: &str = "acme.example";
    /// Their mail server's name, in DNS and in its certificate.
    pub const HOP_NAME: &str = "mail.acme.example";

    /// Tenant, domain with proof of ownership, recipients, route.
    pub async fn onboard(stage: &Stage, recipients: &[&str], hop: &NextHop) -> Result<Self, Error> {
        let api = stage.api();
        stage.dns().address_of(Self::HOP_NAME, hop.address.ip());

        // The provider's own rule for everybody, then the customer.
        api.patch("/v1/policy", json!({ "max_message_size_bytes": MAX_MESSAGE_BYTES })).await?;
        let tenant = api.post("/v1/tenants", json!({ "name": "Acme Ltd", "external_ref": "C-1001" })).await?;
        let tenant = tenant.text("/id")?;

        let route = api.post("/v1/routes", route(&tenant, hop)).await?.text("/id")?;

        let domain = json!({ "tenant_id": tenant, "name": Self::DOMAIN, "route_id": route });
        let domain = api.post("/v1/domains", domain).await?;
        let (record, value) = (domain.text("/verification/record_name")?, domain.text("/verification/record_value")?);
        let domain = domain.text("/id")?;
        stage.options.voice.say(&format!("    (the customer's DNS: {record} TXT \"{value}\")"));
        stage.dns().txt(&record, &value);
        api.act(&format!("/v1/domains/{domain}/verify")).await?;

        let address = |local: &&str| json!({ "address": format!("{local}@{}", Self::DOMAIN) });
        let items: Vec<Value> = recipients.iter().map(address).collect();
        let done = api.post(&format!("/v1/domains/{domain}/recipients:batch"), json!({ "items": items })).await?;
        let config_version = done.config_version.unwrap_or_default();
        Ok(Self { tenant, domain, route, config_version })
    }
}

fn route(tenant: &str, hop: &NextHop) -> Value {
    let tls = match &hop.pin {
        Some(pin) => json!({ "level": "verified", "trust": "pins", "pins": [pin] }),
        None => json!({ "level": "none" }),
    };
    json!({
        "tenant_id": tenant,
        "name": "mail server",
        "hops": [{ "host": Customer::HOP_NAME, "port": hop.address.port(), "tls": tls }],
    })
}

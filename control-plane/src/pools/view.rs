//! Pools on the wire.

use contract::{
    ids::{PoolId, TenantId},
    mail::Domain,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Pool, store::Listed};
use crate::http::{ApiError, FieldError, Patch, Time};

/// Hosts that one pool may have.
const MOST_HOSTS: usize = 20;

/// A new pool.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "eu-west", "mx_hosts": ["mx1.eu.msp.example", "mx2.eu.msp.example"] }))]
pub(super) struct PoolCreate {
    /// 1 to 63 of `a-z`, `0-9` and `-`, beginning with a letter. Unique.
    #[schema(min_length = 1, max_length = 63)]
    pub name: String,
    /// Where MX records of domains that it serves should point, the most preferred first; left out: as the installation's
    /// settings say.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub mx_hosts: Option<Vec<Domain>>,
}

/// A merge patch: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "mx_hosts": ["mx1.eu.msp.example"] }))]
pub(super) struct PoolUpdate {
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 63)]
    pub name: Patch<String>,
    /// null: as the installation's settings say.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Domain>>, max_items = 20)]
    pub mx_hosts: Patch<Vec<Domain>>,
}

/// A set of workers with a configuration of their own.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct PoolView {
    pub id: PoolId,
    #[schema(example = "eu-west")]
    pub name: String,
    /// It serves every tenant for which no level names a pool.
    #[schema(example = false)]
    pub is_default: bool,
    /// Where MX records of domains that it serves should point; null: as the installation's settings say.
    #[schema(required)]
    pub mx_hosts: Option<Vec<Domain>>,
    /// Tenants that name it; those below them that name none are served by it as well.
    #[schema(example = 12)]
    pub tenants: i64,
    /// Workers seen in the last 30 seconds.
    #[schema(example = 3)]
    pub workers: i64,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoolPage {
    pub data: Vec<PoolView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PoolQuery {
    /// The pool of exactly this name.
    pub name: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which pools serve a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TenantPools {
    /// Those that the tenant names itself; null: it inherits.
    #[schema(required)]
    pub pool_ids: Option<Vec<PoolId>>,
    /// Those that serve it.
    pub effective: Vec<PoolId>,
    /// The tenant that names them, this one or one above it; null: no level does, and it is the pool `default`.
    #[schema(required)]
    pub named_by: Option<TenantId>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantPoolsUpdate {
    /// Pools that serve the tenant, and those below it that name none; null: inherit again.
    // Left out it would mean null: whoever forgets it must not move a customer.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, min_items = 1, max_items = 10)]
    pub pool_ids: Option<Vec<PoolId>>,
}

impl PoolView {
    /// As the audit log has it: without what counts others.
    pub(super) fn of(pool: &Pool) -> Self {
        Self {
            id: pool.id,
            name: pool.name.clone(),
            is_default: pool.is_default(),
            mx_hosts: pool.mx_hosts.clone(),
            tenants: 0,
            workers: 0,
            created_at: Time(pool.created_at),
        }
    }
}

impl From<&Listed> for PoolView {
    fn from(listed: &Listed) -> Self {
        Self { tenants: listed.tenants, workers: listed.workers, ..Self::of(&listed.pool) }
    }
}

impl PoolCreate {
    pub(super) fn check(&self) -> Result<(), ApiError> {
        check(Some(&self.name), self.mx_hosts.as_deref())
    }
}

impl PoolUpdate {
    pub(super) fn apply(self, pool: &mut Pool) -> Result<(), ApiError> {
        let name = match self.name {
            Patch::Keep => None,
            Patch::Clear => return Err(ApiError::field("/name", "cannot be taken away")),
            Patch::Set(name) => Some(name),
        };
        let hosts = self.mx_hosts.apply(pool.mx_hosts.take());
        check(name.as_deref(), hosts.as_deref())?;
        pool.mx_hosts = hosts;
        if let Some(name) = name.filter(|name| *name != pool.name) {
            if pool.is_default() {
                return Err(ApiError::field("/name", "the pool `default` keeps its name"));
            }
            pool.name = name;
        }
        Ok(())
    }
}

fn check(name: Option<&str>, hosts: Option<&[Domain]>) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    if let Some(name) = name {
        let good = (1..=63).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if !good {
            errors.push(FieldError::invalid("/name", "expected 1 to 63 of a-z, 0-9 and -, beginning with a letter"));
        }
    }
    if let Some(hosts) = hosts {
        if hosts.len() > MOST_HOSTS {
            errors.push(FieldError::invalid("/mx_hosts", format!("at most {MOST_HOSTS} hosts")));
        }
        for (n, host) in hosts.iter().enumerate() {
            if hosts.iter().take(n).any(|earlier| earlier == host) {
                errors.push(FieldError::invalid(format!("/mx_hosts/{n}"), "is there twice"));
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}

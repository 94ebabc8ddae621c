//! Sums over the table `counters`.

use contract::{Id, ids};
use uuid::Uuid;

use super::span::Span;
use crate::db::{Read, StoreError, id_set, run, sql};

macro_rules! sums {
    ($whose:literal) => {
        concat!(
            "SELECT CAST(hour - hour % $4 AS BIGINT) AS start, CAST(SUM(accepted) AS BIGINT) AS accepted,
                CAST(SUM(refused) AS BIGINT) AS refused, CAST(SUM(deferred) AS BIGINT) AS deferred,
                CAST(SUM(bytes) AS BIGINT) AS bytes
            FROM counters WHERE ",
            $whose,
            " AND hour >= $2 AND hour < $3 GROUP BY 1 ORDER BY 1"
        )
    };
}

sql! {
    Trace;
    // What was counted for a tenant that it belonged to before is that one's.
    OF_DOMAIN = (sums!("tenant_id = $5 AND domain_id = $1"));
    OF_TENANTS = {
        sqlite: sums!("tenant_id IN (SELECT unhex(value) FROM json_each($1))"),
        postgres: sums!("tenant_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)"),
    };
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub start: i64,
    pub accepted: i64,
    pub refused: i64,
    pub deferred: i64,
    pub bytes: i64,
}

fn step_us(span: &Span) -> i64 {
    i64::try_from(span.step.length().as_micros()).unwrap_or(i64::MAX)
}

/// Steps in which nothing was counted are not there.
pub(super) async fn of_domain(
    read: &mut Read,
    id: Id<ids::Domain>,
    tenant: Id<ids::Tenant>,
    span: &Span,
) -> Result<Vec<Row>, StoreError> {
    let (from, to) = (span.from.as_micros(), span.to.as_micros());
    run!(read, fetch_all OF_DOMAIN as Row, id.uuid(), from, to, step_us(span), tenant.uuid())
}

pub(super) async fn of_tenants(read: &mut Read, ids: &[Uuid], span: &Span) -> Result<Vec<Row>, StoreError> {
    let (from, to) = (span.from.as_micros(), span.to.as_micros());
    run!(read, fetch_all OF_TENANTS as Row, id_set(ids.iter().copied()), from, to, step_us(span))
}

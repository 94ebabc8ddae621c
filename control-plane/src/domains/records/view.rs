//! On the wire.

use contract::ids::DomainId;
use serde::Serialize;
use utoipa::ToSchema;

use super::judge::{Row, Rows, Status};
use crate::{domains::Domain, http::Time};

/// What stands in DNS for a domain, beside what should.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DomainDns {
    pub domain_id: DomainId,
    #[schema(example = "acme.example")]
    pub name: String,
    /// When DNS was asked.
    pub at: Time,
    /// The proof of ownership.
    pub ownership: DomainDnsRow,
    /// Where the domain's mail goes.
    pub mx: DomainDnsRow,
    /// Needed only where the domain's own mail leaves through Postern.
    pub spf: DomainDnsRow,
}

/// One kind of record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DomainDnsRow {
    pub status: Status,
    /// False: the domain's mail is taken without it.
    #[schema(example = true)]
    pub is_required: bool,
    #[schema(example = "acme.example")]
    pub record_name: String,
    #[schema(example = "MX")]
    pub record_type: String,
    /// The records that should be there: texts, or preference and host. Empty if `not_configured`.
    #[schema(example = json!(["10 mx1.provider.example."]))]
    pub expected: Vec<String>,
    /// The records of this kind that are there, 20 at most.
    #[schema(example = json!(["10 mail.acme.example."]))]
    pub found: Vec<String>,
    /// For people: what is different, or why DNS could not be asked.
    #[schema(required, example = "not among them: mx1.provider.example")]
    pub message: Option<String>,
}

impl DomainDns {
    pub(crate) fn new(domain: &Domain, at: contract::Micros, rows: Rows) -> Self {
        let row = |row: Row, is_required| DomainDnsRow {
            status: row.status,
            is_required,
            record_name: row.name,
            record_type: row.record_type.to_owned(),
            expected: row.expected,
            found: row.found,
            message: row.message,
        };
        Self {
            domain_id: domain.id,
            name: domain.name.as_ascii().to_owned(),
            at: Time(at),
            ownership: row(rows.ownership, true),
            mx: row(rows.mx, true),
            spf: row(rows.spf, false),
        }
    }
}

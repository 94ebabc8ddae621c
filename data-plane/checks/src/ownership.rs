//! Proof by DNS that somebody holds a domain: a TXT record that only they could have set.

use contract::mail::Domain;

use crate::{Dns, dns::Failure, outcome::Outcome};

/// Where the record stands: this label before the domain.
pub const LABEL: &str = "_postern";

/// What DNS says about a claim to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    Proven,
    NotProven(Missing),
    /// Nobody could be asked; ask again later.
    Unknown(Failure),
}

/// What a proof lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No TXT record at the name.
    Record,
    /// There is one, with another value.
    Value,
    /// The value stands at any name of the domain: a wildcard, perhaps made for all who share a zone.
    Own,
}

/// The name whose TXT record is looked at.
pub fn record_name(domain: &Domain) -> String {
    format!("{LABEL}.{domain}")
}

/// Is there a TXT record at [`record_name`] that is `expected`, byte for byte, and is it no wildcard's answer? `sibling`
/// is a label that nobody can foresee. Our own cache is passed by, both ways.
pub async fn ownership(dns: &Dns, domain: &Domain, expected: &str, sibling: &str) -> Ownership {
    let holds = |values: &[Vec<u8>]| values.iter().any(|value| value == expected.as_bytes());
    match dns.txt_now(&record_name(domain)).await {
        Outcome::Known(values) if holds(&values) => {}
        Outcome::Known(_) => return Ownership::NotProven(Missing::Value),
        Outcome::Absent => return Ownership::NotProven(Missing::Record),
        Outcome::Unavailable(failure) => return Ownership::Unknown(failure),
    }
    // RFC 4592: a record of its own hides the wildcard, so a wildcard with other values takes nothing from a proof.
    match dns.txt_now(&format!("{LABEL}-{sibling}.{domain}")).await {
        Outcome::Known(values) if holds(&values) => Ownership::NotProven(Missing::Own),
        Outcome::Known(_) | Outcome::Absent => Ownership::Proven,
        Outcome::Unavailable(failure) => Ownership::Unknown(failure),
    }
}

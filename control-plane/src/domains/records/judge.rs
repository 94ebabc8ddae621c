//! What was found beside what is expected. Pure.

use checks::{
    Outcome,
    dns::{Failure, Mx},
    ownership::{Missing, Ownership, record_name},
};
use contract::mail::Domain as Name;
use serde::Serialize;
use utoipa::ToSchema;

use super::{look::Found, spf};
use crate::config::Config;

/// Records shown of one question; a zone may have thousands.
const MOST_FOUND: usize = 20;

/// How a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DomainDnsStatus)]
pub(crate) enum Status {
    Ok,
    /// There is no such record.
    Missing,
    /// There is one, and it says something else.
    Different,
    /// DNS could not be asked.
    Unknown,
    /// The installation's configuration does not say what it should be.
    NotConfigured,
}

/// One kind of record. `expected` and `found` are values: texts of TXT, `preference host` of MX.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub name: String,
    pub record_type: &'static str,
    pub status: Status,
    pub expected: Vec<String>,
    pub found: Vec<String>,
    pub message: Option<String>,
}

impl Row {
    fn new(name: String, record_type: &'static str, expected: Vec<String>) -> Self {
        Self { name, record_type, status: Status::Unknown, expected, found: Vec::new(), message: None }
    }

    pub(super) fn says(self, status: Status, message: Option<String>) -> Self {
        Self { status, message, ..self }
    }

    fn unknown(self, failure: Failure) -> Self {
        self.says(Status::Unknown, Some(failure.to_string()))
    }
}

pub(crate) struct Rows {
    pub ownership: Row,
    pub mx: Row,
    pub spf: Row,
}

/// `mx_hosts`: of the pools that serve the domain, the most preferred first.
pub(crate) fn judge(config: &Config, mx_hosts: &[Name], name: &Name, found: &Found) -> Rows {
    Rows { ownership: ownership(name, found), mx: mx(mx_hosts, name, &found.mx), spf: of_spf(config, name, &found.txt) }
}

fn ownership(name: &Name, found: &Found) -> Row {
    let mut row = Row::new(record_name(name), "TXT", vec![found.proof.clone()]);
    if let Outcome::Known(values) = &found.proofs {
        row.found = texts(values);
    }
    match found.ownership {
        Ownership::Proven => row.says(Status::Ok, None),
        Ownership::NotProven(Missing::Record) => row.says(Status::Missing, None),
        Ownership::NotProven(Missing::Value) => row.says(Status::Different, None),
        Ownership::NotProven(Missing::Own) => {
            row.says(Status::Different, Some("a wildcard answers: that is no proof".to_owned()))
        }
        Ownership::Unknown(failure) => row.unknown(failure),
    }
}

fn mx(hosts: &[Name], name: &Name, found: &Outcome<Vec<Mx>>) -> Row {
    let hosts: Vec<&str> = hosts.iter().map(Name::as_ascii).collect();
    let expected = hosts.iter().zip(1_u32..).map(|(host, n)| format!("{} {host}.", n * 10)).collect();
    let mut row = Row::new(name.to_string(), "MX", expected);
    let none = Vec::new();
    let records = match found {
        Outcome::Known(records) => records,
        Outcome::Absent => &none,
        Outcome::Unavailable(_) if hosts.is_empty() => return row.says(Status::NotConfigured, None),
        Outcome::Unavailable(failure) => return row.unknown(*failure),
    };
    row.found = records.iter().take(MOST_FOUND).map(shown).collect();
    if hosts.is_empty() {
        return row.says(Status::NotConfigured, None);
    }
    if records.is_empty() {
        return row.says(Status::Missing, None);
    }
    let (ours, others): (Vec<&Mx>, Vec<&Mx>) =
        records.iter().partition(|mx| mx.exchange.as_deref().is_some_and(|host| hosts.contains(&host)));
    if let [Mx { exchange: None, .. }] = records.as_slice() {
        let message = "a null MX: the domain says that it takes no mail (RFC 7505)";
        return row.says(Status::Different, Some(message.to_owned()));
    }
    let lacking: Vec<_> =
        hosts.iter().filter(|host| !ours.iter().any(|mx| mx.exchange.as_deref() == Some(**host))).copied().collect();
    if !lacking.is_empty() {
        return row.says(Status::Different, Some(format!("not among them: {}", lacking.join(", "))));
    }
    let worst = ours.iter().map(|mx| mx.preference).max().unwrap_or_default();
    let listed = |others: &[&Mx]| others.iter().take(MOST_FOUND).map(|mx| shown(mx)).collect::<Vec<_>>().join(", ");
    if others.iter().any(|mx| mx.preference <= worst) {
        let message = format!("mail also goes past Postern, to {}", listed(&others));
        return row.says(Status::Different, Some(message));
    }
    let message = (!others.is_empty())
        .then(|| format!("less preferred, and yet open to whoever wants past Postern: {}", listed(&others)));
    row.says(Status::Ok, message)
}

fn of_spf(config: &Config, name: &Name, found: &Outcome<Vec<Vec<u8>>>) -> Row {
    let include = config.spf_include.as_ref().map(crate::config::DnsName::as_str);
    let expected = include.map(|include| format!("v=spf1 include:{include} ~all"));
    let mut row = Row::new(name.to_string(), "TXT", expected.into_iter().collect());
    let records: Vec<Vec<u8>> = match found {
        Outcome::Known(records) => records.iter().filter(|text| spf::is_spf(text)).cloned().collect(),
        Outcome::Absent => Vec::new(),
        Outcome::Unavailable(_) if include.is_none() => return row.says(Status::NotConfigured, None),
        Outcome::Unavailable(failure) => return row.unknown(*failure),
    };
    row.found = texts(&records);
    match include {
        None => row.says(Status::NotConfigured, None),
        Some(include) => spf::judge(row, &records, include),
    }
}

fn shown(mx: &Mx) -> String {
    format!("{} {}.", mx.preference, mx.exchange.as_deref().unwrap_or_default())
}

fn texts(values: &[Vec<u8>]) -> Vec<String> {
    values.iter().take(MOST_FOUND).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

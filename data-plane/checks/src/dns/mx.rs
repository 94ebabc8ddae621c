//! MX records, and the one that says "no mail here" (RFC 7505).

use hickory_resolver::proto::rr::RData;

/// An MX record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mx {
    pub preference: u16,
    /// The host, in lower case and without a trailing dot; none is the root, `.`.
    pub exchange: Option<String>,
}

/// The domain takes no mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NullMx;

pub(super) fn sorted(records: &[RData]) -> Vec<Mx> {
    let mut found: Vec<Mx> = records
        .iter()
        .filter_map(|record| match record {
            RData::MX(mx) => Some(Mx {
                preference: mx.preference,
                exchange: (!mx.exchange.is_root()).then(|| {
                    let text = mx.exchange.to_lowercase().to_ascii();
                    text.strip_suffix('.').map_or(text.clone(), str::to_owned)
                }),
            }),
            _ => None,
        })
        .collect();
    found.sort_by_key(|mx| mx.preference);
    found
}

/// RFC 7505 §3: exactly one record, the root. Beside others it is ignored, since it may not stand there; its preference
/// should be 0, but a sole root can mean nothing else.
pub(super) fn is_null(records: &[Mx]) -> bool {
    matches!(records, [Mx { exchange: None, .. }])
}

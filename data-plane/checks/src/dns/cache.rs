//! Answers, remembered as long as their TTL says: what is there and what is not there, never errors.

use std::{sync::Arc, time::Duration};

use contract::Micros;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// A TTL beyond this is cut to it, so that a slip in somebody's zone can be mended.
const LONGEST: Duration = Duration::from_hours(24);
/// The same for "not there". RFC 2308 §5 suggests one to three hours.
const LONGEST_NEGATIVE: Duration = Duration::from_hours(1);

/// What is there, or none for "not there".
type Records = Option<Arc<[RData]>>;

pub(super) struct Cache(moka::sync::Cache<(Name, RecordType), Remembered>);

#[derive(Clone)]
struct Remembered {
    records: Records,
    since: Micros,
    until: Micros,
}

impl Cache {
    pub(super) fn new(entries: u64) -> Self {
        // The longest TTL by its own clock too, so that what nobody asks for leaves.
        Self(moka::sync::Cache::builder().max_capacity(entries).time_to_live(LONGEST).build())
    }

    pub(super) fn recall(&self, name: &Name, record_type: RecordType, now: Micros) -> Option<Records> {
        let found = self.0.get(&(name.clone(), record_type))?;
        // A clock that was put back must not lengthen a life.
        (found.since <= now && now < found.until).then_some(found.records)
    }

    pub(super) fn remember(&self, name: Name, record_type: RecordType, records: Records, ttl: Duration, now: Micros) {
        let longest = if records.is_some() { LONGEST } else { LONGEST_NEGATIVE };
        let until = now + ttl.min(longest);
        if until > now {
            self.0.insert((name, record_type), Remembered { records, since: now, until });
        }
    }
}

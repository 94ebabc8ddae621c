//! How many requests a principal may make (docs/adr/0044): a bucket each for a person, an API key, and a network of those who
//! show no good credentials. Workers have none.
//!
//! A bucket is one point in time: when it will be full again if nothing more is taken from it.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use contract::{Micros, mail::Cidr};
use serde::Deserialize;
use uuid::Uuid;

use super::{Caller, Principal, throttle::network};
use crate::{
    app::App,
    http::{ApiError, Code},
};

/// draft-ietf-httpapi-ratelimit-headers-11.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// Buckets that are remembered; beyond, the fullest go.
const MOST: usize = 20_000;
const MINUTE_US: i64 = 60_000_000;

/// How many requests a minute, and how many of them at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Of a person, and of an API key. 0: as many as they like.
    pub requests_per_minute: u32,
    pub burst: NonZeroU32,
    /// Of a network (/24, /64) without good credentials. 0: as many as it likes.
    pub anonymous_requests_per_minute: u32,
    pub anonymous_burst: NonZeroU32,
}

impl Default for Config {
    fn default() -> Self {
        let many = |many: u32| NonZeroU32::MIN.saturating_add(many - 1);
        Self {
            requests_per_minute: 3_000,
            burst: many(1_000),
            anonymous_requests_per_minute: 600,
            anonymous_burst: many(300),
        }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Person(Uuid),
    ApiKey(Uuid),
    Network(Cidr),
}

impl Holder {
    const fn name(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::ApiKey(_) => "api_key",
            Self::Network(_) => "network",
        }
    }
}

/// What a bucket holds at most, and how fast it fills.
#[derive(Debug, Clone, Copy)]
struct Size {
    burst: i64,
    /// Until there is one more.
    interval_us: i64,
}

impl Size {
    /// None: there is no limit.
    fn new(per_minute: u32, burst: NonZeroU32) -> Option<Self> {
        (per_minute > 0).then(|| Self {
            burst: i64::from(burst.get()),
            // More than a million a second is as good as no limit.
            interval_us: (MINUTE_US / i64::from(per_minute)).max(1),
        })
    }
}

/// How a principal stands with its limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    burst: i64,
    window_s: i64,
    left: i64,
    /// Until there is more than that.
    more_in_s: i64,
}

impl Standing {
    /// So that a client can pace itself. `q` in `w` seconds is the rate, and `q` as many as there can be at once.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Self { burst, window_s, left, more_in_s } = self;
        for (name, text) in [
            (POLICY, format!("\"default\";q={burst};w={window_s}")),
            (LIMIT, format!("\"default\";r={left};t={more_in_s}")),
        ] {
            headers.extend(HeaderValue::from_str(&text).ok().map(|value| (name, value)));
        }
    }
}

/// Goes along with a request and those made on its behalf: they are counted once, and the answer tells how it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted(Arc<OnceLock<Standing>>);

impl Counted {
    pub(crate) fn standing(&self) -> Option<Standing> {
        self.0.get().copied()
    }
}

/// Every bucket that is not full.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<Holder, Micros>>);

impl Rates {
    /// Counts a request of somebody whose credentials are good; 429 where there were too many.
    pub(crate) fn count(&self, app: &App, counted: Option<&Counted>, caller: &Caller) -> Result<(), ApiError> {
        let holder = match &caller.principal {
            Principal::Person { person, .. } => Holder::Person(person.uuid()),
            Principal::ApiKey { key, .. } => Holder::ApiKey(key.uuid()),
            Principal::Worker { .. } | Principal::Anonymous | Principal::System(_) => return Ok(()),
        };
        let config = &app.config.rates;
        self.take(app, counted, holder, Size::new(config.requests_per_minute, config.burst))
    }

    /// Counts a request of who showed no good credentials.
    pub(crate) fn count_stranger(&self, app: &App, counted: Option<&Counted>, caller: &Caller) -> Result<(), ApiError> {
        let Some(address) = caller.address else { return Ok(()) };
        let config = &app.config.rates;
        let size = Size::new(config.anonymous_requests_per_minute, config.anonymous_burst);
        self.take(app, counted, Holder::Network(network(address)), size)
    }

    fn take(&self, app: &App, counted: Option<&Counted>, holder: Holder, size: Option<Size>) -> Result<(), ApiError> {
        let Some(size) = size else { return Ok(()) };
        if counted.is_some_and(|counted| counted.standing().is_some()) {
            return Ok(());
        }
        let (taken, standing) = self.take_one(holder, size, app.clock.now());
        if let Some(counted) = counted
            && (taken.is_err() || !matches!(holder, Holder::Network(_)))
        {
            // Somebody else of the same visit may have been faster.
            let _ = counted.0.set(standing);
        }
        taken.map_err(|retry_after_s| {
            app.metrics.with(|| metrics::counter!("postern_rate_limited_total", "of" => holder.name()).increment(1));
            ApiError::new(Code::RateLimited).retry_after_s(retry_after_s)
        })
    }

    /// Takes one, or says after how many seconds there is one.
    fn take_one(&self, holder: Holder, size: Size, now: Micros) -> (Result<(), u32>, Standing) {
        let Size { burst, interval_us } = size;
        let capacity_us = burst.saturating_mul(interval_us);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.get(&holder).copied().unwrap_or(now).max(now);
        let missing_us = full_at.as_micros().saturating_sub(now.as_micros());
        let taken = missing_us.saturating_add(interval_us) <= capacity_us;
        let missing_us = if taken { missing_us.saturating_add(interval_us) } else { missing_us };
        if taken {
            if buckets.len() >= MOST && !buckets.contains_key(&holder) {
                make_room(&mut buckets, now);
            }
            buckets.insert(holder, Micros::from_micros(now.as_micros().saturating_add(missing_us)));
        }
        drop(buckets);
        let left = capacity_us.saturating_sub(missing_us) / interval_us;
        // What is missing beyond whole ones comes first.
        let more_in_us = missing_us.saturating_sub((burst - left - 1).max(0).saturating_mul(interval_us));
        let more_in_s = seconds(more_in_us).max(1);
        let standing = Standing { burst, window_s: seconds(capacity_us).max(1), left, more_in_s };
        let retry_after_s = u32::try_from(more_in_s).unwrap_or(u32::MAX);
        (if taken { Ok(()) } else { Err(retry_after_s) }, standing)
    }
}

/// Rounded up.
fn seconds(micros: i64) -> i64 {
    micros.saturating_add(999_999).div_euclid(1_000_000)
}

/// Full ones are as good as none; where there are none, an eighth goes, those that are full soonest.
fn make_room(buckets: &mut HashMap<Holder, Micros>, now: Micros) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() < MOST {
        return;
    }
    let mut all: Vec<Micros> = buckets.values().copied().collect();
    let (_, soonest, _) = all.select_nth_unstable(MOST / 8);
    let soonest = *soonest;
    buckets.retain(|_, full_at| *full_at > soonest);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Micros = Micros::from_secs(1_800_000_000);

    fn size(per_minute: u32, burst: u32) -> Size {
        Size::new(per_minute, NonZeroU32::new(burst).unwrap()).unwrap()
    }

    #[test]
    fn a_bucket_counts_down_refuses_and_fills_again() {
        let rates = Rates::default();
        let (anna, ben) = (Holder::Person(Uuid::from_u128(1)), Holder::Person(Uuid::from_u128(2)));
        let size = size(30, 10);
        for left in (0..10).rev() {
            let (taken, standing) = rates.take_one(anna, size, NOW);
            assert_eq!((taken, standing), (Ok(()), Standing { burst: 10, window_s: 20, left, more_in_s: 2 }));
        }
        let (taken, standing) = rates.take_one(anna, size, NOW + Duration::from_millis(500));
        assert_eq!((taken, standing.left, standing.more_in_s), (Err(2), 0, 2));
        assert_eq!(rates.take_one(ben, size, NOW).0, Ok(()));
        // What is refused is not counted.
        let (taken, standing) = rates.take_one(anna, size, NOW + Duration::from_secs(2));
        assert_eq!((taken, standing.left), (Ok(()), 0));
        let (taken, standing) = rates.take_one(anna, size, NOW + Duration::from_mins(5));
        assert_eq!((taken, standing.left), (Ok(()), 9));
    }

    #[test]
    fn a_person_and_a_key_of_the_same_number_have_a_bucket_each() {
        let rates = Rates::default();
        let size = size(1, 1);
        for holder in [Holder::Person(Uuid::max()), Holder::ApiKey(Uuid::max())] {
            assert_eq!(rates.take_one(holder, size, NOW).0, Ok(()));
            assert_eq!(rates.take_one(holder, size, NOW).0, Err(60));
        }
    }

    #[test]
    fn memory_is_bounded_and_the_emptiest_stay() {
        let rates = Rates::default();
        let empty = Holder::Person(Uuid::max());
        for _ in 0..10 {
            rates.take_one(empty, size(60, 10), NOW).0.unwrap();
        }
        for i in 0..(MOST as u128 + 500) {
            rates.take_one(Holder::Person(Uuid::from_u128(i)), size(60, 10), NOW).0.unwrap();
        }
        assert!(rates.0.lock().unwrap().len() <= MOST);
        assert!(rates.take_one(empty, size(60, 10), NOW).0.is_err());
    }

    #[test]
    fn any_setting_is_a_size() {
        for (per_minute, burst) in [(1, u32::MAX), (u32::MAX, u32::MAX), (u32::MAX, 1), (7, 3)] {
            let (taken, standing) =
                Rates::default().take_one(Holder::Person(Uuid::max()), size(per_minute, burst), NOW);
            assert_eq!(taken, Ok(()));
            assert_eq!(standing.left, i64::from(burst) - 1);
            assert!(standing.window_s > 0 && standing.more_in_s > 0);
        }
        assert!(Size::new(0, NonZeroU32::MAX).is_none());
    }
}

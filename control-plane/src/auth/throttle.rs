//! What slows guessing down: failures count against the network they come from, never against the account alone, so
//! that nobody can lock the owner out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use contract::{Micros, mail::Cidr};

use crate::http::{ApiError, Code};

/// Failures from one network before it has to wait.
const FREE: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// A network that was quiet for so long begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(30);
/// Networks remembered; beyond, the quietest go.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<Cidr, Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Micros,
}

/// A /24 or /64: what one guesser has at no cost.
fn network(address: IpAddr) -> Cidr {
    let address = address.to_canonical();
    Cidr::of(address, if address.is_ipv4() { 24 } else { 64 })
}

impl Throttle {
    /// 429 while the network has to wait.
    pub fn check(&self, address: Option<IpAddr>, now: Micros) -> Result<(), ApiError> {
        let Some(address) = address else { return Ok(()) };
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = all.get(&network(address)) else { return Ok(()) };
        let wait = wait_after(failures.count).saturating_sub(now.since(failures.last));
        if wait.is_zero() {
            return Ok(());
        }
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        Err(ApiError::new(Code::TooManyAttempts).retry_after_s(seconds))
    }

    pub fn failed(&self, address: Option<IpAddr>, now: Micros) {
        let Some(address) = address else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, failures| now.since(failures.last) < FORGOTTEN_AFTER);
        }
        if all.len() >= MOST {
            let quietest = all.iter().min_by_key(|(_, failures)| failures.last).map(|(network, _)| *network);
            quietest.map(|network| all.remove(&network));
        }
        let failures = all.entry(network(address)).or_insert(Failures { count: 0, last: now });
        if now.since(failures.last) >= FORGOTTEN_AFTER {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub fn succeeded(&self, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&network(address));
    }
}

/// 1 s after the fifth failure, then twice as long each time.
fn wait_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << beyond.min(16)).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_waits_longer_and_longer_and_others_do_not() {
        let throttle = Throttle::default();
        let guesser = Some("192.0.2.7".parse().unwrap());
        let neighbour = Some("192.0.2.8".parse().unwrap());
        let other = Some("198.51.100.1".parse().unwrap());
        let now = Micros::from_secs(1_800_000_000);
        for _ in 0..FREE {
            assert!(throttle.check(guesser, now).is_ok());
            throttle.failed(guesser, now);
        }
        assert!(throttle.check(neighbour, now).is_err());
        assert!(throttle.check(other, now).is_ok());
        assert!(throttle.check(guesser, now + Duration::from_secs(2)).is_ok());
        for _ in 0..20 {
            throttle.failed(guesser, now);
        }
        assert!(throttle.check(guesser, now + LONGEST_WAIT - Duration::from_secs(1)).is_err());
        assert!(throttle.check(guesser, now + LONGEST_WAIT).is_ok());
        throttle.failed(guesser, now + FORGOTTEN_AFTER);
        assert!(throttle.check(guesser, now + FORGOTTEN_AFTER).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        let now = Micros::from_secs(1_800_000_000);
        for i in 0..(u32::try_from(MOST).unwrap() + 500) {
            throttle.failed(Some(std::net::Ipv4Addr::from_bits(i << 8).into()), now);
        }
        assert_eq!(throttle.0.lock().unwrap().len(), MOST);
    }
}

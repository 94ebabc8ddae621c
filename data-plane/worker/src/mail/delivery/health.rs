//! How each next hop fares on each route: counted here, told with the next status report.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contract::{
    Id, Micros, ids,
    snapshot::object::HopTls,
    worker_api::{HopHealth, MAX_HOPS_IN_STATUS},
};
use tokio::time::Instant;

use super::Unusable;

/// Remembered at most; beyond it those that have nothing new to tell are forgotten.
const MOST: usize = 20_000;
/// Characters of an error.
const ERROR: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<HashMap<Met, Record>>);

/// A hop on a route. One for each route: how much of it is another's is nobody's business.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Met {
    pub route: Id<ids::Route>,
    pub host: Box<str>,
    pub port: u16,
    pub level: &'static str,
}

#[derive(Debug, Default)]
struct Record {
    connected: u64,
    failed: u64,
    last_connected: Option<Instant>,
    last_failed: Option<Instant>,
    last_error: Option<String>,
    rests_until: Option<Instant>,
    connect: Option<Duration>,
    /// Something was not told yet.
    news: bool,
}

/// The level as the API writes it.
pub(crate) const fn level(tls: &HopTls) -> &'static str {
    match tls {
        HopTls::None => "none",
        HopTls::Opportunistic => "opportunistic",
        HopTls::Required => "required",
        HopTls::Verified { .. } => "verified",
    }
}

impl Health {
    pub(super) fn connected(&self, met: Met, took: Duration) {
        self.note(met, |record| {
            record.connected += 1;
            record.last_connected = Some(Instant::now());
            record.rests_until = None;
            record.connect = Some(took);
        });
    }

    pub(super) fn failed(&self, met: Met, error: &Unusable, rests_until: Option<Instant>) {
        self.note(met, |record| {
            record.failed += 1;
            record.last_failed = Some(Instant::now());
            record.last_error = Some(error.to_string().chars().filter(|c| !c.is_control()).take(ERROR).collect());
            record.rests_until = rests_until;
        });
    }

    fn note(&self, met: Met, change: impl FnOnce(&mut Record)) {
        let mut all = self.all();
        if all.len() >= MOST && !all.contains_key(&met) {
            all.retain(|_, record| record.news);
        }
        if all.len() >= MOST && !all.contains_key(&met) {
            return;
        }
        let record = all.entry(met).or_default();
        change(record);
        record.news = true;
    }

    /// What was not told yet, as much as goes into one report. `now` is the present by the clock that reports are in.
    pub(crate) fn take_news(&self, now: Micros) -> Vec<HopHealth> {
        let mut all = self.all();
        let news = all.iter_mut().filter(|(_, record)| record.news).take(MAX_HOPS_IN_STATUS);
        let news = news.map(|(met, record)| {
            record.news = false;
            record.told(met, now)
        });
        news.collect()
    }

    /// The report was lost; its news are news again.
    pub(crate) fn not_told(&self, news: &[HopHealth]) {
        let mut all = self.all();
        for told in news {
            let level = ["none", "opportunistic", "required", "verified"].into_iter().find(|level| *level == told.tls);
            let Some(level) = level else { continue };
            let met = Met { route: told.route, host: told.host.as_str().into(), port: told.port, level };
            if let Some(record) = all.get_mut(&met) {
                record.news = true;
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Met, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn told(&self, met: &Met, now: Micros) -> HopHealth {
        let instant = Instant::now();
        let past = |at: Instant| now - instant.saturating_duration_since(at);
        HopHealth {
            route: met.route,
            host: met.host.to_string(),
            port: met.port,
            tls: met.level.to_owned(),
            connected: self.connected,
            failed: self.failed,
            last_connected_at: self.last_connected.map(past),
            last_failed_at: self.last_failed.map(past),
            last_error: self.last_error.clone(),
            rests_until: self.rests_until.map(|until| match until.checked_duration_since(instant) {
                Some(left) => now + left,
                // Its rest is over, and it did not work since: that is still worth knowing.
                None => past(until),
            }),
            connect_ms: self.connect.map(|took| u32::try_from(took.as_millis()).unwrap_or(u32::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(route: u8, host: &str) -> Met {
        Met { route: Id::new(Micros::EPOCH, [route; 10]), host: host.into(), port: 25, level: "none" }
    }

    #[tokio::test(start_paused = true)]
    async fn news_are_told_once_unless_the_report_was_lost() {
        let (health, now) = (Health::default(), Micros::from_secs(1_800_000_000));
        health.connected(met(1, "a.example"), Duration::from_millis(7));
        health.failed(met(1, "a.example"), &Unusable::Timeout, Some(Instant::now() + Duration::from_secs(2)));
        health.connected(met(2, "a.example"), Duration::from_millis(9));
        tokio::time::advance(Duration::from_secs(1)).await;
        let mut news = health.take_news(now);
        news.sort_by_key(|hop| hop.route);
        assert_eq!(news.len(), 2, "each route has its own");
        assert_eq!((news[0].connected, news[0].failed, news[0].connect_ms), (1, 1, Some(7)));
        assert_eq!(news[0].last_failed_at, Some(now - Duration::from_secs(1)));
        assert_eq!(news[0].rests_until, Some(now + Duration::from_secs(1)));
        assert_eq!(news[0].last_error.as_deref(), Some("time is up"));
        assert_eq!(health.take_news(now), []);
        health.not_told(&news[1..]);
        assert_eq!(health.take_news(now).len(), 1);
    }

    #[tokio::test]
    async fn a_report_and_memory_are_bounded() {
        let health = Health::default();
        for n in 0..MOST + 10 {
            health.connected(met(1, &format!("{n}.example")), Duration::ZERO);
        }
        assert_eq!(health.all().len(), MOST);
        assert_eq!(health.take_news(Micros::EPOCH).len(), MAX_HOPS_IN_STATUS);
        health.connected(met(1, "new.example"), Duration::ZERO);
        assert!(health.all().contains_key(&met(1, "new.example")));
    }
}

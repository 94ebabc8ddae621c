//! Slow answers for those who guess: each mistake of a client network makes the answer to its next one later, and a network
//! with far too many is turned away at the door for a while. Only answers to mistakes are late; whoever makes none waits
//! for nothing, whatever its neighbours do.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contract::mail::Cidr;
use tokio::time::Instant;

use super::{budget::network_of, config};

/// Networks remembered at most; beyond it those with the fewest mistakes are forgotten.
const MAX_NETWORKS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Tarpit {
    settings: config::Tarpit,
    networks: Mutex<HashMap<Cidr, Record>>,
}

/// What one network did lately.
#[derive(Debug, Clone, Copy)]
struct Record {
    /// Mistakes in thousandths, as of `at`: they are forgiven evenly.
    mistakes_milli: u64,
    at: Instant,
    shut_until: Option<Instant>,
}

impl Record {
    fn now(self, now: Instant, forgiven_per_minute: u32) -> Self {
        let elapsed_ms = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        let forgiven_milli = elapsed_ms.saturating_mul(u64::from(forgiven_per_minute)) / 60;
        Self { mistakes_milli: self.mistakes_milli.saturating_sub(forgiven_milli), at: now, ..self }
    }

    fn mistakes(self) -> u32 {
        u32::try_from(self.mistakes_milli / 1_000).unwrap_or(u32::MAX)
    }
}

impl Tarpit {
    pub(crate) fn new(settings: config::Tarpit) -> Self {
        Self { settings, networks: Mutex::default() }
    }

    fn is_exempt(&self, client: IpAddr) -> bool {
        self.settings.exempt.iter().any(|network| network.contains(client))
    }

    /// Is this client's network turned away at the door?
    pub(crate) fn is_shut(&self, client: IpAddr) -> bool {
        let shut = self.lock().get(&network_of(client)).and_then(|record| record.shut_until);
        shut.is_some_and(|until| until > Instant::now()) && !self.is_exempt(client)
    }

    /// Counts a mistake; gives how long its answer is held back. `in_session` are this session's own, for when the network
    /// was forgotten.
    pub(crate) fn mistake(&self, client: IpAddr, in_session: u32) -> Duration {
        if self.is_exempt(client) {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let network = network_of(client);
        let mut networks = self.lock();
        if networks.len() >= MAX_NETWORKS && !networks.contains_key(&network) {
            make_room(&mut networks, now, self.settings.forgiven_per_minute);
        }
        let record = networks.entry(network).or_insert(Record { mistakes_milli: 0, at: now, shut_until: None });
        *record = record.now(now, self.settings.forgiven_per_minute);
        record.mistakes_milli = record.mistakes_milli.saturating_add(1_000);
        let mistakes = record.mistakes();
        let shuts = self.settings.shut_after > 0 && mistakes >= self.settings.shut_after;
        if shuts && record.shut_until.is_none_or(|until| until <= now) {
            record.shut_until = Some(now + Duration::from_secs(self.settings.shut_s));
            metrics::counter!("postern_smtp_tarpit_shut_total").increment(1);
            tracing::info!(%network, mistakes, "a client network makes too many mistakes and is turned away for a while");
        }
        drop(networks);
        delay(&self.settings, mistakes.max(in_session))
    }

    /// Whoever brings mail may know some recipients that are gone.
    pub(crate) fn accepted(&self, client: IpAddr) {
        let mut networks = self.lock();
        // Most have no record.
        if networks.is_empty() {
            return;
        }
        let network = network_of(client);
        if let Some(record) = networks.get_mut(&network) {
            *record = record.now(Instant::now(), self.settings.forgiven_per_minute);
            record.mistakes_milli = record.mistakes_milli.saturating_sub(1_000);
            if record.mistakes_milli == 0 && record.shut_until.is_none() {
                networks.remove(&network);
            }
        }
    }

    /// Networks with a record; those without mistakes are dropped. To be called now and then.
    pub(crate) fn sweep(&self) -> usize {
        let now = Instant::now();
        let mut networks = self.lock();
        networks.retain(|_, record| {
            *record = record.now(now, self.settings.forgiven_per_minute);
            record.mistakes_milli > 0 || record.shut_until.is_some_and(|until| until > now)
        });
        networks.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Cidr, Record>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A quarter goes at once, so that a crowd of strangers does not have all of them looked through each time.
fn make_room(networks: &mut HashMap<Cidr, Record>, now: Instant, forgiven_per_minute: u32) {
    let mut mistakes: Vec<_> =
        networks.values().map(|record| record.now(now, forgiven_per_minute).mistakes_milli).collect();
    let quarter = mistakes.len() / 4;
    let (_, &mut most, _) = mistakes.select_nth_unstable(quarter);
    let mut left = quarter + 1;
    networks.retain(|_, record| {
        let goes = left > 0 && record.now(now, forgiven_per_minute).mistakes_milli <= most;
        left -= usize::from(goes);
        !goes
    });
}

/// The first mistakes cost nothing; from there each doubles the wait, up to the longest.
fn delay(settings: &config::Tarpit, mistakes: u32) -> Duration {
    if settings.after == 0 || mistakes <= settings.after {
        return Duration::ZERO;
    }
    let doublings = (mistakes - settings.after - 1).min(20);
    let delay_ms = settings.first_delay_ms.saturating_mul(1 << doublings);
    Duration::from_millis(delay_ms.min(settings.longest_delay_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tarpit() -> Tarpit {
        Tarpit::new(config::Tarpit {
            after: 3,
            first_delay_ms: 100,
            longest_delay_ms: 1_000,
            forgiven_per_minute: 60,
            shut_after: 10,
            shut_s: 30,
            exempt: vec!["203.0.113.0/24".parse().unwrap()],
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_grows_with_each_mistake_of_a_network_and_its_neighbours_have_their_own() {
        let tarpit = tarpit();
        let waits: Vec<_> =
            (1..=9u8).map(|n| tarpit.mistake(address(&format!("192.0.2.{n}")), 1).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(tarpit.mistake(address("192.0.3.1"), 1), Duration::ZERO);
        // A /64 is one client, and a mapped address is its IPv4 one.
        for n in 1..=3 {
            assert_eq!(tarpit.mistake(address(&format!("2001:db8::{n}")), 1), Duration::ZERO);
        }
        assert_eq!(tarpit.mistake(address("2001:db8::ffff:1"), 1).as_millis(), 100);
        assert_eq!(tarpit.mistake(address("2001:db8:0:1::1"), 1), Duration::ZERO);
        assert_eq!(tarpit.mistake(address("::ffff:192.0.2.77"), 1).as_millis(), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn mistakes_are_forgiven_by_time_and_by_mail_that_is_accepted() {
        let tarpit = tarpit();
        let client = address("192.0.2.1");
        for _ in 0..5 {
            tarpit.mistake(client, 1);
        }
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(tarpit.mistake(client, 1).as_millis(), 100, "two of five were forgiven");
        (0..3).for_each(|_| tarpit.accepted(client));
        assert_eq!(tarpit.mistake(client, 1), Duration::ZERO);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(tarpit.sweep(), 0);
        assert!(tarpit.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_with_far_too_many_is_shut_out_for_a_while_and_an_exempt_one_never() {
        let tarpit = tarpit();
        let (client, friend) = (address("192.0.2.1"), address("203.0.113.9"));
        for _ in 0..10 {
            assert!(!tarpit.is_shut(client));
            tarpit.mistake(client, 1);
            assert_eq!(tarpit.mistake(friend, 100), Duration::ZERO);
        }
        assert!(tarpit.is_shut(client) && tarpit.is_shut(address("192.0.2.200")));
        assert!(!tarpit.is_shut(friend) && !tarpit.is_shut(address("192.0.3.1")));
        tarpit.sweep();
        tokio::time::advance(Duration::from_secs(31)).await;
        assert!(!tarpit.is_shut(client));
        assert_eq!(tarpit.sweep(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_the_worst_are_remembered() {
        let tarpit = tarpit();
        let worst = address("198.51.100.1");
        for _ in 0..9 {
            tarpit.mistake(worst, 1);
        }
        for n in 0..30_000u32 {
            tarpit.mistake(IpAddr::from((n << 8).to_be_bytes()), 1);
        }
        assert!(tarpit.lock().len() <= MAX_NETWORKS);
        assert!(tarpit.mistake(worst, 1) > Duration::ZERO);
        // A network that was forgotten is still slow in the session that goes on.
        assert_eq!(tarpit.mistake(address("192.0.2.1"), 5).as_millis(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn it_can_be_switched_off() {
        let off = config::Tarpit { after: 0, shut_after: 0, ..tarpit().settings };
        let tarpit = Tarpit::new(off);
        for n in 0..1_000 {
            assert_eq!(tarpit.mistake(address("192.0.2.1"), n), Duration::ZERO);
        }
        assert!(!tarpit.is_shut(address("192.0.2.1")));
    }
}

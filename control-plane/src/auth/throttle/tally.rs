//! Counts of wrong guesses, each with its budget, and the delay of strangers while many guess at once. Time is an argument.

use std::{collections::HashMap, time::Duration};

use contract::{Micros, mail::Cidr};
use uuid::Uuid;

use super::{AccountKey, DeviceId};

const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// What was quiet for so long begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(30);
/// Tallies of one kind that are remembered; beyond, the quietest go.
pub(super) const MOST: usize = 20_000;

/// Wrong guesses of strangers a minute, over all, from which on they are slowed down.
pub(super) const CALM: u32 = 300;
/// What a stranger waits then: more, the more guess.
const STRANGERS_WAIT: std::ops::RangeInclusive<u64> = 10..=60;
/// Who was told to wait and does not come within so long is told again.
const STRANGERS_PATIENCE: Duration = Duration::from_mins(10);

/// A budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// From one network at one account.
    Pair(Cidr, AccountKey),
    /// From one network at all accounts.
    Network(Cidr),
    /// From one site's /48.
    Wide(Cidr),
    /// Of strangers at one account, from wherever.
    Account(AccountKey),
    /// With one device, at its account.
    Device(DeviceId),
    /// Of a person who is signed in, at what is theirs.
    Own(Uuid),
}

/// How many guesses are free, and how long it takes until one of those made is forgiven.
struct Rule {
    name: &'static str,
    table: usize,
    free: u32,
    forgiven_after: Duration,
}

const TABLES: usize = 6;

impl Key {
    const fn rule(self) -> Rule {
        let (name, table, free, minutes) = match self {
            Self::Pair(..) => ("network_and_account", 0, 5, 10),
            Self::Network(_) => ("network", 1, 20, 5),
            Self::Wide(_) => ("wide_network", 2, 60, 2),
            Self::Account(_) => ("account", 3, 30, 3),
            Self::Device(_) => ("device", 4, 5, 10),
            Self::Own(_) => ("signed_in", 5, 10, 10),
        };
        Rule { name, table, free, forgiven_after: Duration::from_mins(minutes) }
    }
}

/// Why a guess is not looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Wait {
        by: &'static str,
        wait: Duration,
    },
    /// As many as there is room for are being looked at.
    Busy {
        by: &'static str,
    },
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    failed: u32,
    /// Being looked at.
    pending: u32,
    /// The newest failure.
    last: Micros,
    /// Until here failures were forgiven.
    forgiven_at: Micros,
}

#[derive(Debug, Default)]
pub(super) struct Tallies {
    tables: [HashMap<Key, Tally>; TABLES],
    strangers: Strangers,
}

/// All strangers together.
#[derive(Debug, Default)]
struct Strangers {
    /// Wrong guesses, less those of a minute's worth each minute; in thousandths.
    level: u64,
    at: Option<Micros>,
    /// Who was told to wait, until when.
    told: HashMap<(Option<Cidr>, AccountKey), Micros>,
}

impl Tally {
    const fn new(now: Micros) -> Self {
        Self { failed: 0, pending: 0, last: now, forgiven_at: now }
    }

    /// Forgives what is due.
    fn age(&mut self, rule: &Rule, now: Micros) {
        if now.since(self.last) >= FORGOTTEN_AFTER {
            self.failed = 0;
        }
        if self.failed == 0 {
            self.forgiven_at = now;
            return;
        }
        let due = now.since(self.forgiven_at).as_secs() / rule.forgiven_after.as_secs().max(1);
        let due = u32::try_from(due).unwrap_or(u32::MAX);
        self.failed = self.failed.saturating_sub(due);
        self.forgiven_at = self.forgiven_at + rule.forgiven_after.saturating_mul(due);
    }

    fn permit(&self, rule: &Rule, now: Micros) -> Result<(), Refusal> {
        let by = rule.name;
        if self.failed < rule.free {
            let room = rule.free - self.failed;
            return if self.pending < room { Ok(()) } else { Err(Refusal::Busy { by }) };
        }
        let wait = wait_after(self.failed - rule.free).saturating_sub(now.since(self.last));
        if !wait.is_zero() {
            return Err(Refusal::Wait { by, wait });
        }
        if self.pending > 0 { Err(Refusal::Busy { by }) } else { Ok(()) }
    }
}

/// 1 s when the last free guess was wrong, then twice as long each time.
fn wait_after(beyond: u32) -> Duration {
    Duration::from_secs(1 << beyond.min(16)).min(LONGEST_WAIT)
}

impl Tallies {
    /// Is there room in all of these budgets? Of several waits the longest is told.
    pub(super) fn permit(&mut self, keys: &[Key], now: Micros) -> Result<(), Refusal> {
        let mut refusal = Ok(());
        for key in keys {
            let rule = key.rule();
            let Some(tally) = self.tables[rule.table].get_mut(key) else { continue };
            tally.age(&rule, now);
            refusal = match (refusal, tally.permit(&rule, now)) {
                (Err(Refusal::Wait { wait: before, by }), Err(Refusal::Wait { wait, .. })) if before >= wait => {
                    Err(Refusal::Wait { wait: before, by })
                }
                (_, Err(refusal @ Refusal::Wait { .. })) => Err(refusal),
                (Ok(()), refusal) => refusal,
                (before, _) => before,
            };
        }
        refusal
    }

    /// While many guess, a stranger's guess is looked at when they come a second time, after the wait they were told. So who
    /// waits gets in, however many others there are.
    pub(super) fn permit_stranger(
        &mut self,
        network: Option<Cidr>,
        account: AccountKey,
        now: Micros,
    ) -> Result<(), Refusal> {
        let Some(wait) = self.strangers.wait(now) else { return Ok(()) };
        let by = "strangers";
        let told = &mut self.strangers.told;
        match told.get(&(network, account)).copied() {
            Some(until) if now < until => return Err(Refusal::Wait { by, wait: until.since(now) }),
            Some(until) if now.since(until) < STRANGERS_PATIENCE => {
                told.remove(&(network, account));
                return Ok(());
            }
            Some(_) | None => {}
        }
        make_room(told, |until| *until, |_| false);
        told.insert((network, account), now + wait);
        Err(Refusal::Wait { by, wait })
    }

    pub(super) fn begin(&mut self, keys: &[Key], now: Micros) {
        for key in keys {
            let table = &mut self.tables[key.rule().table];
            if !table.contains_key(key) {
                make_room(table, |tally| tally.last, |tally| tally.pending > 0);
            }
            let tally = table.entry(*key).or_insert(Tally::new(now));
            tally.pending = tally.pending.saturating_add(1);
        }
    }

    pub(super) fn give_back(&mut self, keys: &[Key]) {
        for key in keys {
            let table = &mut self.tables[key.rule().table];
            let Some(tally) = table.get_mut(key) else { continue };
            tally.pending = tally.pending.saturating_sub(1);
            if tally.pending == 0 && tally.failed == 0 {
                table.remove(key);
            }
        }
    }

    /// `now`: when it was begun, by the clock of requests.
    pub(super) fn failed(&mut self, keys: &[Key], of_stranger: bool, now: Micros) {
        for key in keys {
            let rule = key.rule();
            let tally = self.tables[rule.table].entry(*key).or_insert(Tally::new(now));
            tally.age(&rule, now);
            tally.pending = tally.pending.saturating_sub(1);
            tally.failed = tally.failed.saturating_add(1);
            tally.last = tally.last.max(now);
        }
        if of_stranger {
            self.strangers.failed(now);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.tables.iter().map(HashMap::len).max().unwrap_or(0)
    }
}

impl Strangers {
    fn age(&mut self, now: Micros) {
        let passed = u64::try_from(now.since(self.at.unwrap_or(now)).as_millis()).unwrap_or(u64::MAX);
        self.level = self.level.saturating_sub(passed.saturating_mul(u64::from(CALM)) / 60);
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
    }

    fn failed(&mut self, now: Micros) {
        self.age(now);
        self.level = self.level.saturating_add(1_000);
    }

    /// What a stranger has to wait now, if anything.
    fn wait(&mut self, now: Micros) -> Option<Duration> {
        self.age(now);
        let times = self.level / 1_000 / u64::from(CALM);
        let wait = times.saturating_mul(*STRANGERS_WAIT.start()).min(*STRANGERS_WAIT.end());
        (times > 0).then(|| Duration::from_secs(wait))
    }
}

/// Takes away an eighth of a full table, the oldest first, so that this is done seldom.
pub(super) fn make_room<K: std::hash::Hash + Eq, V>(
    table: &mut HashMap<K, V>,
    age: impl Fn(&V) -> Micros,
    stays: impl Fn(&V) -> bool,
) {
    if table.len() < MOST {
        return;
    }
    let mut ages: Vec<Micros> = table.values().map(&age).collect();
    let (_, oldest, _) = ages.select_nth_unstable(MOST / 8);
    let oldest = *oldest;
    let mut left = MOST / 8;
    table.retain(|_, value| {
        let goes = left > 0 && age(value) <= oldest && !stays(value);
        left -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros::from_secs(1_800_000_000);

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn guess(tallies: &mut Tallies, keys: &[Key], now: Micros) -> Result<(), Refusal> {
        tallies.permit(keys, now)?;
        tallies.begin(keys, now);
        tallies.failed(keys, false, now);
        Ok(())
    }

    #[test]
    fn a_guesser_waits_longer_and_longer_and_others_do_not() {
        let (guesser, other) = (Key::Pair(cidr("192.0.2.0/24"), AccountKey([1; 16])), Key::Own(Uuid::max()));
        let mut tallies = Tallies::default();
        for _ in 0..5 {
            guess(&mut tallies, &[guesser], NOW).unwrap();
        }
        let mut now = NOW;
        for wait in [1, 2, 4, 8, 16, 32, 64] {
            let wait = Duration::from_secs(wait);
            let by = "network_and_account";
            assert_eq!(tallies.permit(&[other, guesser], now), Err(Refusal::Wait { by, wait }));
            assert_eq!(tallies.permit(&[other], now), Ok(()));
            now = now + wait;
            guess(&mut tallies, &[guesser], now).unwrap();
        }
        for _ in 0..20 {
            tallies.failed(&[guesser], false, now);
        }
        assert!(tallies.permit(&[guesser], now + LONGEST_WAIT - Duration::from_secs(1)).is_err());
        assert!(tallies.permit(&[guesser], now + LONGEST_WAIT).is_ok());
        guess(&mut tallies, &[guesser], now + FORGOTTEN_AFTER).unwrap();
        assert!(tallies.permit(&[guesser], now + FORGOTTEN_AFTER).is_ok());
    }

    #[test]
    fn of_many_at_once_as_many_are_looked_at_as_are_free() {
        let key = Key::Network(cidr("192.0.2.0/24"));
        let mut tallies = Tallies::default();
        for _ in 0..20 {
            assert_eq!(tallies.permit(&[key], NOW), Ok(()));
            tallies.begin(&[key], NOW);
        }
        assert_eq!(tallies.permit(&[key], NOW), Err(Refusal::Busy { by: "network" }));
        // One was right: room for one, and for no more.
        tallies.give_back(&[key]);
        assert_eq!(tallies.permit(&[key], NOW), Ok(()));
        tallies.begin(&[key], NOW);
        for _ in 0..20 {
            assert!(tallies.permit(&[key], NOW).is_err());
            tallies.failed(&[key], false, NOW);
        }
        let wait = Duration::from_secs(1);
        assert_eq!(tallies.permit(&[key], NOW), Err(Refusal::Wait { by: "network", wait }));
        // Beyond the free ones it is one at a time.
        let later = NOW + wait;
        assert_eq!(tallies.permit(&[key], later), Ok(()));
        tallies.begin(&[key], later);
        assert_eq!(tallies.permit(&[key], later), Err(Refusal::Busy { by: "network" }));
        tallies.give_back(&[key]);
        assert_eq!(tallies.permit(&[key], later), Ok(()));
    }

    #[test]
    fn failures_are_forgiven_one_by_one() {
        let key = Key::Account(AccountKey([7; 16]));
        let mut tallies = Tallies::default();
        for _ in 0..30 {
            guess(&mut tallies, &[key], NOW).unwrap();
        }
        assert!(tallies.permit(&[key], NOW).is_err());
        // After nine minutes there are three more, at once.
        let later = NOW + Duration::from_mins(9);
        for _ in 0..3 {
            guess(&mut tallies, &[key], later).unwrap();
        }
        assert!(tallies.permit(&[key], later).is_err());
    }

    #[test]
    fn while_many_guess_a_stranger_comes_twice_and_gets_in() {
        let mut tallies = Tallies::default();
        let (network, account) = (Some(cidr("192.0.2.0/24")), AccountKey([1; 16]));
        for _ in 0..CALM {
            assert_eq!(tallies.permit_stranger(network, account, NOW), Ok(()));
            tallies.failed(&[], true, NOW);
        }
        let wait = Duration::from_secs(10);
        let refused = Err(Refusal::Wait { by: "strangers", wait });
        assert_eq!(tallies.permit_stranger(network, account, NOW), refused);
        // Others are counted on; who waits as long as they were told gets in.
        for _ in 0..10 * CALM {
            tallies.failed(&[], true, NOW);
        }
        assert!(tallies.permit_stranger(network, account, NOW + Duration::from_secs(9)).is_err());
        assert_eq!(tallies.permit_stranger(network, account, NOW + wait), Ok(()));
        // The next guess waits again, and longer.
        let refused = Err(Refusal::Wait { by: "strangers", wait: Duration::from_mins(1) });
        assert_eq!(tallies.permit_stranger(network, account, NOW + wait), refused);
        // When it is over, nobody waits.
        assert_eq!(tallies.permit_stranger(network, account, NOW + Duration::from_mins(11)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_what_is_being_looked_at_stays() {
        let mut tallies = Tallies::default();
        let pending = Key::Network(cidr("203.0.113.0/24"));
        tallies.begin(&[pending], NOW);
        for i in 0..(u32::try_from(MOST).unwrap() + 500) {
            let network = Cidr::of(std::net::Ipv4Addr::from_bits(i << 8).into(), 24);
            let now = NOW + Duration::from_millis(i.into());
            guess(&mut tallies, &[Key::Network(network)], now).unwrap();
        }
        assert!(tallies.len() <= MOST);
        assert!(tallies.tables.iter().any(|table| table.contains_key(&pending)));
    }
}

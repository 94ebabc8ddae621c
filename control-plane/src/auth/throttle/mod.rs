//! What slows guessing down (docs/adr/0044): budgets by network, by account and by device, and a delay for strangers while
//! many guess at once. Nobody is locked out: waits end by themselves, and a device its owner is known by has a budget of
//! its own.
//!
//! A guess is counted before it is looked at and given back if it was right, so of many at once no more are looked at than
//! the budget has. `tally` counts, `device` knows who was here before.

mod device;
mod tally;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::hmac;
use contract::{Id, Micros, ids, mail::Cidr};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore};

use self::{
    device::Known,
    tally::{Key, Refusal, Tallies},
};
use crate::{
    app::App,
    auth::Caller,
    http::{ApiError, Code},
    vault::{Purpose, Vault},
};
pub(crate) use device::DeviceId;

/// For those before it in the same budget; they are being looked at meanwhile.
const PATIENCE: Duration = Duration::from_secs(15);
/// Requests that may wait so.
const WAITING: usize = 256;

/// Whose password is guessed at: a keyed hash of the address that was typed. There is one where there is no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccountKey([u8; 16]);

/// What is guessed, and from where.
#[derive(Debug, Clone, Copy)]
pub enum Guess {
    /// A password, by who is not signed in. `device`: one the account's owner is known by.
    Password { address: Option<IpAddr>, account: AccountKey, device: Option<DeviceId> },
    /// What is shown after a right password, or a passkey instead of one. How often codes are looked at for one person is
    /// counted beside it, in the database.
    Factor { address: Option<IpAddr>, account: Option<AccountKey>, device: Option<DeviceId> },
    /// One's own password or factor, by who is signed in.
    Own(Id<ids::Person>),
}

impl Guess {
    /// At what stands in a mailed link: counted by network, whosever it would be.
    pub(crate) fn link(caller: &Caller) -> Self {
        Self::Factor { address: caller.address, account: None, device: None }
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Throttle(Arc<Inner>);

struct Inner {
    accounts: hmac::Key,
    devices: hmac::Key,
    counts: Mutex<Counts>,
    /// A guess was settled.
    settled: Notify,
    waiting: Semaphore,
}

#[derive(Debug, Default)]
struct Counts {
    tallies: Tallies,
    known: Known,
}

/// A guess that is counted. Dropped without a word it was wrong: who goes away before the answer has guessed all the same.
#[derive(Debug)]
pub struct Attempt {
    throttle: Throttle,
    keys: Vec<Key>,
    at: Micros,
    of_stranger: bool,
}

/// A /24 or /64: what one guesser has at no cost.
pub(crate) fn network(address: IpAddr) -> Cidr {
    let address = address.to_canonical();
    Cidr::of(address, if address.is_ipv4() { 24 } else { 64 })
}

impl Throttle {
    pub fn new(vault: &Vault) -> Self {
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, &*vault.derive(purpose, b""));
        Self(Arc::new(Inner {
            accounts: key(Purpose::AccountKey),
            devices: key(Purpose::Device),
            counts: Mutex::default(),
            settled: Notify::new(),
            waiting: Semaphore::new(WAITING),
        }))
    }

    /// The account that an address names, folded as accounts are looked up.
    pub fn account(&self, email: &str) -> AccountKey {
        let tag = hmac::sign(&self.0.accounts, email.to_lowercase().as_bytes());
        AccountKey(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// Counts a guess, or 429 with the time to wait. Where others of the same budget are being looked at, it waits for them.
    pub async fn begin(&self, app: &App, guess: Guess) -> Result<Attempt, ApiError> {
        let mut place = None;
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        loop {
            let settled = self.0.settled.notified();
            tokio::pin!(settled);
            // From here on no word of it is missed.
            settled.as_mut().enable();
            let now = app.clock.now();
            match self.count(guess, now) {
                Ok(attempt) => return Ok(attempt),
                Err(Refusal::Wait { by, wait }) => return Err(refuse(app, by, wait)),
                Err(Refusal::Busy { by }) => {
                    if place.is_none() {
                        let Ok(permit) = self.0.waiting.try_acquire() else {
                            return Err(refuse(app, by, Duration::ZERO));
                        };
                        place = Some(permit);
                    }
                    tokio::select! {
                        () = settled => {}
                        () = &mut patience => return Err(refuse(app, by, Duration::ZERO)),
                    }
                }
            }
        }
    }

    fn count(&self, guess: Guess, now: Micros) -> Result<Attempt, Refusal> {
        let mut counts = self.counts();
        let Counts { tallies, known } = &mut *counts;
        let (keys, stranger) = keys(guess, known, now);
        tallies.permit(&keys, now)?;
        if let Some((network, account)) = stranger {
            tallies.permit_stranger(network, account, now)?;
        }
        tallies.begin(&keys, now);
        drop(counts);
        Ok(Attempt { throttle: self.clone(), keys, at: now, of_stranger: stranger.is_some() })
    }

    /// The account's owner signed in from there.
    pub(crate) fn signed_in(&self, address: Option<IpAddr>, account: AccountKey, now: Micros) {
        if let Some(address) = address {
            self.counts().known.remember(network(address), account, now);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The budgets a guess is of; for a stranger's, what tells it from others while all strangers are slowed down.
fn keys(guess: Guess, known: &Known, now: Micros) -> (Vec<Key>, Option<(Option<Cidr>, AccountKey)>) {
    let (address, account, device) = match guess {
        Guess::Own(person) => return (vec![Key::Own(person.uuid())], None),
        Guess::Password { address, account, device } => (address, Some(account), device),
        Guess::Factor { address, account, device } => (address, account, device),
    };
    // Who guesses with somebody's device guesses at one account, in a budget that no stranger can use up.
    if let Some(device) = device {
        return (vec![Key::Device(device)], None);
    }
    let from = address.map(network);
    let mut keys = Vec::with_capacity(4);
    if let (Some(from), Some(account)) = (from, account) {
        keys.push(Key::Pair(from, account));
    }
    keys.extend(from.map(Key::Network));
    keys.extend(
        address.map(|address| address.to_canonical()).filter(IpAddr::is_ipv6).map(|all| Key::Wide(Cidr::of(all, 48))),
    );
    let Guess::Password { account, .. } = guess else { return (keys, None) };
    if from.is_some_and(|from| known.is_known(from, account, now)) {
        return (keys, None);
    }
    keys.push(Key::Account(account));
    (keys, Some((from, account)))
}

fn refuse(app: &App, by: &'static str, wait: Duration) -> ApiError {
    app.metrics.with(|| metrics::counter!("postern_attempts_refused_total", "by" => by).increment(1));
    // Rounded up.
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    ApiError::new(Code::TooManyAttempts).retry_after_s(seconds)
}

impl Attempt {
    /// Right gives back what this guess counted, and nothing more; wrong stays counted. What could not be looked at was no
    /// guess.
    pub async fn judge(self, verdict: impl Future<Output = Result<bool, ApiError>>) -> Result<bool, ApiError> {
        match verdict.await {
            Ok(true) => {
                self.right();
                Ok(true)
            }
            Ok(false) => {
                self.wrong();
                Ok(false)
            }
            Err(error) => {
                self.withdraw();
                Err(error)
            }
        }
    }

    pub fn right(self) {
        self.withdraw();
    }

    pub fn wrong(self) {
        drop(self);
    }

    /// It was not looked at.
    pub fn withdraw(mut self) {
        let keys = std::mem::take(&mut self.keys);
        self.throttle.counts().tallies.give_back(&keys);
        self.throttle.0.settled.notify_waiters();
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.keys.is_empty() {
            return;
        }
        self.throttle.counts().tallies.failed(&self.keys, self.of_stranger, self.at);
        self.throttle.0.settled.notify_waiters();
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Throttle(…)")
    }
}

//! The real clock and the real source of randomness. Every other part of Postern is handed these.

use contract::{Clock, Entropy, Micros};

/// The machine's wall clock. A time before 1970 counts as 1970, one after the year 294000 as that.
pub fn clock() -> Clock {
    Clock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        let now = std::time::SystemTime::now();
        let since_epoch = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Micros::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    })
}

/// The operating system's generator, through a reseeding one per thread.
pub fn entropy() -> Entropy {
    Entropy::new(|bytes| rand::Rng::fill_bytes(&mut rand::rng(), bytes))
}

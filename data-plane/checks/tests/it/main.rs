//! Facts from DNS, through a real name server on a port.

mod addresses;
mod null_mx;
mod ownership;
mod transport;

use checks::{Dns, dns::Config};
use contract::{Micros, mail::Domain};
use pretend::clock::TestClock;

/// A pretend name server, and our way to it under a clock that tests move.
struct World {
    server: pretend::dns::Dns,
    clock: TestClock,
    dns: Dns,
}

impl World {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let server = pretend::dns::Dns::start().await;
        let clock = TestClock::new(Micros::from_secs(1_000_000));
        let config = Config { servers: vec![server.address()], ..config };
        let dns = Dns::new(&config, clock.clock()).expect("a name server is given");
        Self { server, clock, dns }
    }
}

fn domain(text: &str) -> Domain {
    text.parse().expect(text)
}

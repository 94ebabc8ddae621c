//! Servers that are slow, gone or absent, and answers that are too large for a datagram.

use std::time::{Duration, Instant};

use checks::{
    Dns, Outcome,
    dns::{Config, Failure},
};
use pretend::{clock::system_clock, dns::Failing};

use crate::World;

#[tokio::test]
async fn silence_ends_within_the_time_that_is_set() {
    let world = World::with(Config { timeout_ms: 300, ..Config::default() }).await;
    world.server.fail("slow.example", Failing::Silence).txt("fast.example", "x");
    let since = Instant::now();
    assert_eq!(world.dns.addresses("slow.example").await, Outcome::Unavailable(Failure::Timeout));
    assert!(since.elapsed() < Duration::from_secs(5), "both families together");
    assert!(world.dns.txt("fast.example").await.known().is_some(), "others do not suffer");
}

#[tokio::test]
async fn a_server_that_is_gone_is_unreachable_or_times_out_and_nothing_else() {
    let server = pretend::dns::Dns::start().await;
    let config = Config { servers: vec![server.address()], timeout_ms: 500, ..Config::default() };
    let dns = Dns::new(&config, system_clock()).expect("a server is given");
    drop(server);
    let found = dns.txt("x.example").await;
    assert!(matches!(found, Outcome::Unavailable(Failure::Unreachable | Failure::Timeout)), "{found:?}");
}

#[tokio::test]
async fn a_large_answer_comes_by_tcp() {
    let world = World::new().await;
    let string = "x".repeat(255);
    world.server.txt_strings("big.example", &[string.as_str(); 30]);
    let found = world.dns.txt("big.example").await.known().expect("there");
    assert_eq!(found, [string.repeat(30).into_bytes()]);
    assert!(world.server.tcp_queries() > 0);
}

#[tokio::test]
async fn a_second_server_answers_for_a_dead_first() {
    let (dead, alive) = (pretend::dns::Dns::start().await, pretend::dns::Dns::start().await);
    alive.txt("x.example", "x");
    let config = Config { servers: vec![dead.address(), alive.address()], ..Config::default() };
    drop(dead);
    let dns = Dns::new(&config, system_clock()).expect("servers are given");
    assert_eq!(dns.txt("x.example").await, Outcome::Known(vec![b"x".to_vec()]));
}

#[test]
fn the_configuration_refuses_what_it_does_not_know() {
    let config: Config = serde_json::from_str(r#"{"servers": ["127.0.0.1:53", "[::1]:5353"]}"#).expect("as documented");
    assert_eq!(config.servers.len(), 2);
    assert_eq!(config.timeout_ms, Config::default().timeout_ms);
    assert!(serde_json::from_str::<Config>(r#"{"server": []}"#).is_err());
}

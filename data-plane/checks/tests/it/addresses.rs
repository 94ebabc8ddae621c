//! Addresses, TXT, MX: what is there, what is not, what could not be found out; and how long it is remembered.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use checks::{
    Outcome,
    dns::{Failure, Mx},
};
use pretend::dns::Failing;

use crate::{World, domain};

const V4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);

#[tokio::test]
async fn a_host_has_the_addresses_of_both_families() {
    let world = World::new().await;
    world.server.address_of("both.example", V4).address_of("both.example", V6).address_of("four.example", V4);
    world.server.cname("alias.example", "both.example").txt("other.example", "x");
    let both = Outcome::Known(vec![IpAddr::from(V6), IpAddr::from(V4)]);
    assert_eq!(world.dns.addresses("both.example").await, both);
    assert_eq!(world.dns.addresses("BOTH.example.").await, both);
    assert_eq!(world.dns.addresses("alias.example").await, both);
    assert_eq!(world.dns.addresses("four.example").await, Outcome::Known(vec![V4.into()]));
    assert_eq!(world.dns.addresses("other.example").await, Outcome::Absent, "NODATA");
    assert_eq!(world.dns.addresses("nowhere.example").await, Outcome::Absent, "NXDOMAIN");
}

#[tokio::test]
async fn addresses_as_text_and_localhost_are_never_asked_for() {
    let world = World::new().await;
    assert_eq!(world.dns.addresses("192.0.2.1").await, Outcome::Known(vec![[192, 0, 2, 1].into()]));
    assert_eq!(world.dns.addresses("2001:db8::7").await, Outcome::Known(vec![V6.into()]));
    for host in ["localhost", "x.LocalHost.", "localhost."] {
        let found = world.dns.addresses(host).await.known().expect(host);
        assert!(found.iter().all(IpAddr::is_loopback), "{host}");
    }
    for nonsense in ["", ".", "a..b", &"x".repeat(64), &"x.".repeat(200)] {
        assert_eq!(world.dns.addresses(nonsense).await, Outcome::Unavailable(Failure::Name), "{nonsense:?}");
    }
    assert_eq!(world.server.queries(), 0);
}

#[tokio::test]
async fn an_error_is_not_an_answer_and_is_not_remembered() {
    let world = World::new().await;
    world.server.address_of("mx.example", V4);
    for (failing, failure) in
        [(Failing::ServFail, Failure::ServerError(2)), (Failing::Refused, Failure::ServerError(5))]
    {
        world.server.fail("mx.example", failing);
        assert_eq!(world.dns.addresses("mx.example").await, Outcome::Unavailable(failure));
        world.server.heal("mx.example");
        assert_eq!(world.dns.addresses("mx.example").await, Outcome::Known(vec![V4.into()]));
        world.clock.advance(Duration::from_mins(2));
    }
    // Where an alias leads to a failure, too.
    world.server.cname("alias.example", "mx.example").fail("alias.example", Failing::ServFail);
    assert_eq!(world.dns.mx(&domain("alias.example")).await, Outcome::Unavailable(Failure::ServerError(2)));
}

#[tokio::test]
async fn answers_are_remembered_by_their_ttl_negative_ones_too() {
    let world = World::new().await;
    world.server.ttl(60).txt("there.example", "one");
    let text = |text: &str| Outcome::Known(vec![text.as_bytes().to_vec()]);
    for _ in 0..5 {
        assert_eq!(world.dns.txt("there.example").await, text("one"));
        assert_eq!(world.dns.txt("gone.example").await, Outcome::Absent);
    }
    assert_eq!((world.server.queries_for("there.example"), world.server.queries_for("gone.example")), (1, 1));

    world.server.clear("there.example").txt("there.example", "two").txt("gone.example", "here now");
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.dns.txt("there.example").await, text("one"));
    assert_eq!(world.dns.txt("gone.example").await, Outcome::Absent);
    // Past the cache on request, and what was asked for so is remembered.
    assert_eq!(world.dns.txt_now("there.example").await, text("two"));
    assert_eq!(world.dns.txt("there.example").await, text("two"));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.dns.txt("gone.example").await, text("here now"));
}

#[tokio::test]
async fn a_ttl_of_zero_is_not_remembered_and_a_long_one_is_cut() {
    let world = World::new().await;
    world.server.ttl(0).txt("zero.example", "x");
    world.dns.txt("zero.example").await;
    world.dns.txt("zero.example").await;
    assert_eq!(world.server.queries_for("zero.example"), 2);

    world.server.ttl(u32::MAX >> 1).txt("long.example", "x");
    world.dns.txt("long.example").await;
    assert_eq!(world.dns.txt("missing.example").await, Outcome::Absent);
    world.clock.advance(Duration::from_mins(59));
    world.dns.txt("missing.example").await;
    assert_eq!(world.server.queries_for("missing.example"), 1);
    world.clock.advance(Duration::from_mins(2));
    world.dns.txt("missing.example").await;
    assert_eq!(world.server.queries_for("missing.example"), 2, "a negative answer lives an hour at most");
    world.clock.advance(Duration::from_hours(22));
    world.dns.txt("long.example").await;
    assert_eq!(world.server.queries_for("long.example"), 1);
    world.clock.advance(Duration::from_hours(1));
    world.dns.txt("long.example").await;
    assert_eq!(world.server.queries_for("long.example"), 2, "a positive one a day");
}

#[tokio::test]
async fn a_clock_that_is_put_back_does_not_lengthen_a_life() {
    let world = World::new().await;
    world.server.txt("x.example", "x");
    world.dns.txt("x.example").await;
    world.clock.set(contract::Micros::EPOCH);
    world.dns.txt("x.example").await;
    assert_eq!(world.server.queries_for("x.example"), 2);
}

#[tokio::test]
async fn the_strings_of_a_txt_record_are_joined_without_spaces() {
    let world = World::new().await;
    world.server.txt_strings("x.example", &["v=spf1 a", "b", "", " -all"]).txt("x.example", "other");
    let mut found = world.dns.txt("x.example").await.known().expect("there");
    found.sort();
    assert_eq!(found, [b"other".to_vec(), b"v=spf1 ab -all".to_vec()]);
}

#[tokio::test]
async fn mx_records_come_sorted_with_their_hosts_in_lower_case() {
    let world = World::new().await;
    world
        .server
        .mx("x.example", 20, "B.MX.example")
        .mx("x.example", 10, "a.mx.example")
        .cname("y.example", "x.example");
    let mx = |preference, exchange: &str| Mx { preference, exchange: Some(exchange.to_owned()) };
    let wanted = Outcome::Known(vec![mx(10, "a.mx.example"), mx(20, "b.mx.example")]);
    assert_eq!(world.dns.mx(&domain("x.example")).await, wanted);
    assert_eq!(world.dns.mx(&domain("y.example")).await, wanted);
    assert_eq!(world.dns.mx(&domain("none.example")).await, Outcome::Absent);
}

#[tokio::test]
async fn a_loop_of_aliases_is_a_failure_and_not_an_absence() {
    let world = World::new().await;
    world.server.cname("a.example", "b.example").cname("b.example", "a.example").cname("self.example", "self.example");
    for name in ["a.example", "self.example"] {
        assert_eq!(world.dns.txt(name).await, Outcome::Unavailable(Failure::AliasChain), "{name}");
    }
    // An alias to nothing is an absence.
    world.server.cname("dangling.example", "nothing.example");
    assert_eq!(world.dns.txt("dangling.example").await, Outcome::Absent);
}

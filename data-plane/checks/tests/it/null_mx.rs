//! RFC 7505, by the lines of A5.

use std::time::Duration;

use checks::{
    Outcome,
    dns::{Failure, Mx, NullMx},
};
use pretend::dns::Failing;

use crate::{World, domain};

#[tokio::test]
async fn a5_1_null_mx_is_exactly_one_mx_of_preference_0_and_exchange_root() {
    let world = World::new().await;
    world.server.null_mx("null.example").mx("mail.example", 10, "mx.mail.example").txt("bare.example", "no MX");
    assert_eq!(world.dns.null_mx(&domain("null.example")).await, Outcome::Known(NullMx));
    for takes_mail in ["mail.example", "bare.example", "nowhere.example"] {
        assert_eq!(world.dns.null_mx(&domain(takes_mail)).await, Outcome::Absent, "{takes_mail}");
    }
    world.server.cname("alias.example", "null.example");
    assert_eq!(world.dns.null_mx(&domain("alias.example")).await, Outcome::Known(NullMx));
}

#[tokio::test]
async fn a5_5_an_error_is_never_null_mx_and_answers_live_as_long_as_their_ttl() {
    let world = World::new().await;
    world.server.ttl(300).null_mx("null.example");
    for (failing, failure) in
        [(Failing::ServFail, Failure::ServerError(2)), (Failing::Refused, Failure::ServerError(5))]
    {
        world.server.fail("null.example", failing);
        assert_eq!(world.dns.null_mx(&domain("null.example")).await, Outcome::Unavailable(failure));
    }
    world.server.heal("null.example");
    let before = world.server.queries();
    for _ in 0..10 {
        assert_eq!(world.dns.null_mx(&domain("null.example")).await, Outcome::Known(NullMx));
        assert_eq!(world.dns.null_mx(&domain("other.example")).await, Outcome::Absent);
    }
    assert_eq!(world.server.queries() - before, 2, "one each");

    // While it is remembered, an error of the server does not show.
    world.server.fail("null.example", Failing::ServFail);
    assert_eq!(world.dns.null_mx(&domain("null.example")).await, Outcome::Known(NullMx));
    world.clock.advance(Duration::from_secs(301));
    assert_eq!(world.dns.null_mx(&domain("null.example")).await, Outcome::Unavailable(Failure::ServerError(2)));
}

#[tokio::test]
async fn a5_6_the_root_beside_other_hosts_is_ignored_and_alone_it_counts_with_any_preference() {
    let world = World::new().await;
    world.server.null_mx("mixed.example").mx("mixed.example", 10, "mx.example").mx("odd.example", 10, ".");
    assert_eq!(world.dns.null_mx(&domain("mixed.example")).await, Outcome::Absent);
    assert_eq!(world.dns.null_mx(&domain("odd.example")).await, Outcome::Known(NullMx));
}

#[tokio::test]
async fn a5_10_the_root_is_told_from_a_host_on_the_real_path() {
    let world = World::new().await;
    world.server.null_mx("null.example");
    let found = world.dns.mx(&domain("null.example")).await;
    assert_eq!(found, Outcome::Known(vec![Mx { preference: 0, exchange: None }]));
    assert_eq!(world.server.queries_for("null.example"), 1);
}

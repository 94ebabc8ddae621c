//! Connections to next hops: who may use one again, and that no reply ever answers another message.

use std::collections::BTreeSet;

use contract::snapshot::object::HopTls;
use contract::snapshot::object::{DomainObject, Object, Route, Trust};
use pretend::{
    ca::Ca,
    gate::Gate,
    hop::{Hop, Stage},
};

use super::world::{ANNA, World, message, next_hop};
use crate::control::plane::{domain, id};

#[tokio::test]
async fn a_connection_is_used_again_and_the_trace_says_so() {
    let world = World::new().await;
    for n in 0..3 {
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
        let id = format!("{n}@sender.example");
        let event = world.event(|event| event.message_id.as_deref() == Some(&id)).await;
        assert_eq!(event.hop.unwrap().reused_connection, n > 0);
    }
    let connections = world.hop.connections();
    assert_eq!((connections.len(), connections[0].transactions), (1, 3));
    // MAIL, RCPT and DATA came in one burst; nothing was said that the hop had to wait for.
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

/// A0.7: tenant, route, the demands on TLS and the port each make another connection.
#[tokio::test]
async fn a_connection_is_never_lent_to_another_tenant_or_route() {
    let ca = Ca::new();
    let hop = Hop::start().await;
    hop.offer_tls(&ca.issue(&["127.0.0.1"]));
    let world = World::with(|plan| {
        plan.hops = vec![next_hop(hop.address(), HopTls::Opportunistic)];
        let route = |n, tls| {
            Some(Route {
                id: id(n),
                hops: vec![next_hop(hop.address(), tls)],
                max_connections: None,
                certificate: None,
            })
        };
        let of = |name: &str, tenant, route| Object::Domain(Box::new(DomainObject { route, ..domain(name, tenant) }));
        let verified = HopTls::Verified { server_name: None, trust: Trust::Authorities { pem: ca.pem() } };
        plan.more = vec![
            of("route.example", 4, route(7, HopTls::Opportunistic)),
            of("required.example", 4, route(8, HopTls::Required)),
            of("verified.example", 4, route(9, verified)),
        ];
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for round in 0..2 {
        for to in ["anna@acme", "z@other", "z@route", "z@required", "z@verified"] {
            let to = format!("{to}.example");
            client.send_message("x@sender.example", &[&to], &message(&round.to_string())).await.expect("250");
        }
    }
    let connections = hop.connections();
    assert_eq!(connections.len(), 5);
    assert!(connections.iter().all(|connection| connection.transactions == 2));
}

#[tokio::test]
async fn a_connection_that_died_before_the_dot_is_replaced_once() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("zero")).await.expect("250");
    let deaths: [fn(&Hop); 5] = [
        |hop| hop.on(Stage::Mail).once().close(),
        |hop| hop.on(Stage::Rcpt).once().reset(),
        |hop| hop.on(Stage::Data).once().close(),
        |hop| hop.on(Stage::Mail).once().reply_and_close("421 4.3.2 timeout"),
        |hop| hop.on(Stage::Rcpt).once().raw(b"what?\r\n"),
    ];
    for (n, dies) in deaths.iter().enumerate() {
        dies(&world.hop);
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
        assert_eq!(world.hop.connections().len(), n + 2, "a fresh one each time");
        world.hop.behave();
    }
    assert_eq!(world.hop.messages().len(), deaths.len() + 1);

    // The fresh one dies as well: that is all.
    world.hop.on(Stage::Mail).close();
    let before = world.hop.connections().len();
    client.send_message("x@sender.example", ANNA, &message("last")).await.expect("451 4.4.1");
    assert_eq!(world.hop.connections().len(), before + 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_waited_is_not_used() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..3 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
        world.hop.restart().await.unwrap();
    }
    // Something that was not asked for, while it waits.
    let gate = Gate::new();
    world.hop.on(Stage::Dot).once().extra_later(&gate, "421 4.4.2 idle for too long");
    client.send_message("x@sender.example", ANNA, &message("three")).await.expect("250");
    gate.open();
    world
        .hop
        .until("the notice", |connections| {
            let said =
                connections.last().is_some_and(|last| last.transcript.iter().any(|line| line.contains("idle for")));
            if said { Ok(()) } else { Err("not said".to_owned()) }
        })
        .await;
    client.send_message("x@sender.example", ANNA, &message("four")).await.expect("250");
    assert_eq!(world.hop.connections().len(), 5);
}

#[tokio::test]
async fn a_connection_ends_with_quit_after_so_many_transactions_and_when_nobody_needs_it() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| {
            config.delivery.max_transactions_per_connection = 2;
            config.delivery.idle_s = 1;
        });
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..3 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
    }
    world.hop.until_idle().await;
    let connections = world.hop.connections();
    assert_eq!(connections.iter().map(|connection| connection.transactions).collect::<Vec<_>>(), [2, 1]);
    assert!(connections.iter().all(|connection| connection.heard("QUIT")), "{connections:?}");

    // The hop's own limit (RFC 9422) is kept as well.
    world.hop.extensions(&["PIPELINING", "8BITMIME", "LIMITS RCPTMAX=100 MAILMAX=1"]);
    for n in 3..5 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
    }
    assert_eq!(world.hop.connections().len(), 4);
}

/// How the hop goes wrong, once.
type Wrong = (&'static str, fn(&Hop, &Gate));

const WRONGS: &[Wrong] = &[
    ("one more behind the dot", |hop, _| hop.on(Stage::Dot).once().extra("250 2.0.0 Ok")),
    ("two more behind the dot", |hop, _| {
        hop.on(Stage::Dot).once().extra("250 2.0.0 Ok");
        hop.on(Stage::Dot).once().extra("250 2.0.0 Ok");
    }),
    ("one more, later", |hop, gate| hop.on(Stage::Dot).once().extra_later(gate, "250 2.0.0 Ok")),
    ("one more behind EHLO", |hop, _| hop.on(Stage::Helo).once().extra("250 2.1.0 Ok")),
    ("one more behind MAIL", |hop, _| hop.on(Stage::Mail).once().extra("250 2.1.0 Ok")),
    ("one more behind RCPT", |hop, _| hop.on(Stage::Rcpt).once().extra("250 2.1.5 Ok")),
    ("354 behind RCPT", |hop, _| hop.on(Stage::Rcpt).once().extra("354 Go ahead")),
    ("250 behind 354", |hop, _| hop.on(Stage::Data).once().extra("250 2.0.0 Ok")),
    ("250 while content comes", |hop, _| hop.on(Stage::Body).once().reply("250 2.0.0 Ok")),
    ("250 for DATA", |hop, _| hop.on(Stage::Data).once().reply("250 2.0.0 Ok")),
    ("354 for the dot", |hop, _| hop.on(Stage::Dot).once().reply("354 Go ahead")),
    ("half a reply for the dot", |hop, _| hop.on(Stage::Dot).once().raw(b"250-2.0.0 Ok\r\n")),
    ("two codes in one reply", |hop, _| hop.on(Stage::Dot).once().raw(b"250-2.0.0 Ok\r\n550 5.0.0 no\r\n")),
    ("a bare LF", |hop, _| hop.on(Stage::Dot).once().raw(b"250 2.0.0 Ok\n")),
    ("none for the dot", |hop, _| hop.on(Stage::Dot).once().skip()),
    ("none for RCPT", |hop, _| hop.on(Stage::Rcpt).once().skip()),
    ("none for MAIL", |hop, _| hop.on(Stage::Mail).once().skip()),
    ("none for DATA", |hop, _| hop.on(Stage::Data).once().skip()),
    ("none for RSET", |hop, _| hop.on(Stage::Rset).once().skip()),
];

async fn never_a_250_for_another(tls: bool) {
    let hop = Hop::start().await;
    if tls {
        hop.offer_tls(&Ca::new().issue(&["hop.example"]));
    }
    let world = World::with(|plan| {
        plan.hops = vec![next_hop(hop.address(), HopTls::Opportunistic)];
        plan.config = Box::new(|config| {
            config.delivery.envelope_timeout_s = 1;
            config.delivery.final_timeout_s = 1;
        });
    })
    .await;
    let mut promised = BTreeSet::new();
    for several in [false, true] {
        let to: &[&str] = if several { &["anna@acme.example", "bert@acme.example"] } else { ANNA };
        for (n, (what, go_wrong)) in WRONGS.iter().enumerate() {
            let gate = Gate::new();
            let id = |which: &str| format!("{which}.{n}.{several}");
            let mut client = world.client().await;
            client.say("EHLO client.example").await.expect("250");
            go_wrong(&hop, &gate);
            let reply = client.send_message("x@sender.example", to, &message(&id("wrong"))).await;
            assert!(reply.is("250") || reply.is_transient(), "{what}: {reply}");
            if reply.is("250") {
                promised.insert(format!("<{}@sender.example>", id("wrong")));
            }
            client.say("RSET").await.expect("250");
            gate.open();
            // What comes next is refused, and nothing that was left over may say otherwise.
            hop.behave();
            hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 no such mailbox");
            let reply = client.send_message("x@sender.example", &["dead@acme.example"], &message(&id("dead"))).await;
            assert!(reply.is("550 5.1.1") || reply.is_transient(), "{what}, then refused: {reply}");
            client.say("RSET").await.expect("250");
            client.send_message("x@sender.example", &["carl@acme.example"], &message(&id("right"))).await.expect("250");
            promised.insert(format!("<{}@sender.example>", id("right")));
            hop.behave();
        }
    }
    let taken: BTreeSet<_> = hop.messages().iter().filter_map(|message| message.header("Message-ID")).collect();
    let lost: Vec<_> = promised.difference(&taken).collect();
    assert!(lost.is_empty(), "250 without a message at the hop: {lost:?}");
    assert!(taken.iter().all(|id| !id.contains("dead")), "{taken:?}");
    let connections = hop.connections();
    let mut with_mail = connections.iter().filter(|connection| connection.heard("MAIL"));
    assert!(with_mail.all(|connection| connection.tls.is_some() == tls), "the level was not lowered");
}

#[tokio::test]
async fn a_late_reply_never_answers_another_message() {
    never_a_250_for_another(false).await;
}

#[tokio::test]
async fn nor_does_one_under_tls() {
    never_a_250_for_another(true).await;
}

/// Under TLS a reply too many may have left the kernel together with the one before it, and wait where no look at the
/// socket finds it: when what is read fills the buffer to the octet. This hop has four of them waiting in that way, for
/// MAIL, RCPT, DATA and the dot.
#[tokio::test]
async fn a_reply_too_many_is_found_wherever_it_waits() {
    let hop = Hop::start().await;
    hop.offer_tls(&Ca::new().issue(&["hop.example"]));
    let world = World::with(|plan| plan.hops = vec![next_hop(hop.address(), HopTls::Required)]).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for buffer in [512, 1_000, 1_023, 1_024, 1_025, 2_000, 2_048] {
        let filled = |replies: &str| format!("{replies} {}\r\n", "x".repeat(buffer - replies.len() - 3));
        let waiting = filled("250") + &filled("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354") + "250 2.0.0 Ok\r\n";
        hop.on(Stage::Dot).once().raw(waiting.as_bytes());
        client.send_message("x@sender.example", ANNA, &message(&buffer.to_string())).await.expect("250");
        hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 no such mailbox");
        client.send_message("x@sender.example", &["dead@acme.example"], &message("dead")).await.expect("550 5.1.1");
        client.say("RSET").await.expect("250");
        hop.behave();
    }
}

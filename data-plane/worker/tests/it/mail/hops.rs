//! Which next hop: priority, weight, addresses, limits, rest after failures.

use std::net::{IpAddr, Ipv4Addr};

use contract::{
    policy::{Disposition, Reason, Rule},
    snapshot::object::{HopTls, NextHop},
};
use pretend::{
    dns::{Dns, Failing},
    gate::Gate,
    hop::{Hop, Stage},
    relay::Relay,
};

use super::world::{ANNA, World, message, next_hop};

fn named(host: &str, port: u16) -> NextHop {
    NextHop { host: host.to_owned(), mx: false, port, priority: 10, weight: 1, tls: HopTls::None }
}

/// A world whose only hop is this name, and its name server.
async fn world_of(host: &str, allowed: bool) -> (World, Dns) {
    let dns = Dns::start().await;
    let servers = vec![dns.address()];
    let world = World::with(|plan| {
        plan.hops = vec![named(host, plan.hops[0].port)];
        if !allowed {
            plan.allowed.clear();
        }
        plan.config = Box::new(move |config| config.dns.servers = servers);
    })
    .await;
    (world, dns)
}

/// A world whose hop has another behind it.
async fn world_with_spare() -> (World, Hop) {
    let second = Hop::start().await;
    let world = World::with(|plan| {
        let spare = NextHop { priority: 20, ..next_hop(second.address(), HopTls::None) };
        plan.hops.insert(0, spare);
    })
    .await;
    (world, second)
}

#[tokio::test]
async fn the_next_one_by_priority_takes_over_before_the_dot() {
    let failures: [fn(&Hop); 8] = [
        |_| (),
        |hop| hop.on(Stage::Connect).close(),
        |hop| hop.on(Stage::Connect).reply_and_close("554 5.3.2 not today"),
        |hop| hop.on(Stage::Helo).reply("550 5.7.1 who are you"),
        |hop| hop.on(Stage::Mail).reply("421 4.3.2 bye"),
        |hop| hop.on(Stage::Mail).close(),
        |hop| hop.on(Stage::Rcpt).raw(b"nonsense\r\n"),
        |hop| hop.on(Stage::Data).close(),
    ];
    for (n, fail) in failures.iter().enumerate() {
        let (world, second) = world_with_spare().await;
        fail(&world.hop);
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
        let several = ["anna@acme.example", "bert@acme.example"];
        client.send_message("x@sender.example", &several, &message("two")).await.expect("250");
        let taken = (world.hop.messages().len(), second.messages().len());
        assert_eq!(taken, if n == 0 { (2, 0) } else { (0, 2) }, "{n}");
        assert!(!world.hop.connections().is_empty(), "{n}: the first was asked first");
    }
    // A refusal is an answer: nobody else is asked for another.
    let (world, second) = world_with_spare().await;
    world.hop.on(Stage::Rcpt).reply("550 5.1.1 no");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("550 5.1.1");
    assert!(second.connections().is_empty());
}

#[tokio::test]
async fn equal_priority_is_spread_by_weight() {
    let heavy = Hop::start().await;
    let world = World::with(|plan| {
        plan.hops.push(NextHop { weight: 9, ..next_hop(heavy.address(), HopTls::None) });
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..100 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
    }
    let (light, heavy) = (world.hop.messages().len(), heavy.messages().len());
    assert_eq!(light + heavy, 100);
    // Ten are expected; that it is none, or half of them, happens once in 30,000 runs or far less.
    assert!(light > 0 && light < 50, "{light} of 100");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_connected_to() {
    let dns_of = async |world: &World, expected: &str| {
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message("one")).await.expect(expected);
    };
    let world = World::with(|plan| plan.allowed.clear()).await;
    dns_of(&world, "451 4.4.4").await;
    let event = world.event(|_| true).await;
    assert_eq!((event.rule, event.reason), (Rule::NextHop, Reason::HopAddressForbidden));
    assert!(event.hop.unwrap().reply.unwrap().contains("127.0.0.1"));
    assert!(world.hop.connections().is_empty());

    // Names that lead inside are no way round it.
    let (world, dns) = world_of("inside.example", false).await;
    dns.address_of("inside.example", Ipv4Addr::LOCALHOST);
    dns.address_of("inside.example", "::ffff:127.0.0.1".parse::<IpAddr>().unwrap());
    dns.address_of("inside.example", "169.254.169.254".parse::<IpAddr>().unwrap());
    dns_of(&world, "451 4.4.4").await;
    let (world, _dns) = world_of("localhost", false).await;
    dns_of(&world, "451 4.4.4").await;
    assert!(world.hop.connections().is_empty());
}

/// DNS that is asked once for the check and once more for the connection could give two answers; here it is asked once.
#[tokio::test]
async fn a_name_that_leads_inside_later_is_refused_at_the_connect() {
    let (inside, outside) = loop {
        let outside = Hop::start().await;
        let inside = std::net::SocketAddr::new(Ipv4Addr::new(127, 0, 0, 2).into(), outside.port());
        if let Ok(inside) = Hop::start_on(inside).await {
            break (inside, outside);
        }
    };
    let dns = Dns::start().await;
    dns.ttl(0).address_of("mail.acme.example", Ipv4Addr::LOCALHOST);
    let servers = vec![dns.address()];
    let world = World::with(|plan| {
        plan.hops = vec![named("mail.acme.example", outside.port())];
        plan.allowed = vec!["127.0.0.1/32".parse().unwrap()];
        plan.config = Box::new(move |config| {
            config.dns.servers = servers;
            // No connection of before is used again.
            config.delivery.idle_s = 0;
        });
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    dns.clear("mail.acme.example").address_of("mail.acme.example", Ipv4Addr::new(127, 0, 0, 2));
    client.send_message("x@sender.example", ANNA, &message("two")).await.expect("451 4.4.4");
    let event = world.event(|event| event.reason == Reason::HopAddressForbidden).await;
    assert!(event.hop.unwrap().reply.unwrap().contains("127.0.0.2"));
    assert_eq!((outside.messages().len(), inside.connections().len()), (1, 0));
}

/// An idle connection is no way round an edit.
#[tokio::test]
async fn an_address_that_is_not_allowed_any_more_is_not_used_again() {
    let mut world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    world.republish(|plan| plan.allowed.clear()).await;
    client.send_message("x@sender.example", ANNA, &message("two")).await.expect("451 4.4.4");
    assert_eq!(world.hop.messages().len(), 1);
}

#[tokio::test]
async fn a_name_is_looked_up_and_each_of_its_addresses_tried() {
    let (world, dns) = world_of("mail.acme.example", true).await;
    // Nobody listens at the first, nor by IPv6.
    dns.address_of("mail.acme.example", Ipv4Addr::new(127, 0, 0, 77));
    dns.address_of("mail.acme.example", Ipv4Addr::LOCALHOST);
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let hop = world.event(|_| true).await.hop.unwrap();
    assert_eq!((hop.host.as_str(), hop.address.as_deref()), ("mail.acme.example", Some("127.0.0.1")));
}

#[tokio::test]
async fn a_name_that_is_not_there_or_cannot_be_asked_for_means_451() {
    let (world, dns) = world_of("mail.acme.example", true).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    dns.ttl(0);
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("451 4.4.1");
    dns.fail("mail.acme.example", Failing::ServFail);
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("451 4.4.1");
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.reason), (Disposition::Deferred, Reason::HopUnreachable));
    assert!(event.hop.unwrap().reply.unwrap().contains("does not resolve"));
}

#[tokio::test]
async fn a_hop_that_fails_again_and_again_rests() {
    let world = World::new().await;
    world.hop.on(Stage::Connect).reply_and_close("554 5.3.2 not today");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..40 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("451");
    }
    // Five, and then one every two seconds at most.
    let tried = world.hop.connections().len();
    assert!((5..20).contains(&tried), "{tried} tries");
    // It is asked again by and by.
    world.hop.behave();
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    while !client.send_message("x@sender.example", ANNA, &message("last")).await.is("250") {
        assert!(tokio::time::Instant::now() < deadline);
        // A session has a limit of transactions.
        client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
    }
    assert_eq!(world.hop.messages().len(), 1);
}

/// A connection that ends by itself and one that is given up for time are the same to whoever waits.
#[tokio::test]
async fn a_hop_that_says_nothing_or_an_octet_now_and_then_rests_as_well() {
    let ways: [fn(&Hop); 2] = [
        |hop| hop.on(Stage::Connect).silence(),
        |hop| hop.on(Stage::Connect).trickle(std::time::Duration::from_millis(300)),
    ];
    for (n, way) in ways.into_iter().enumerate() {
        let world = World::with(|plan| {
            plan.config = Box::new(|config| config.delivery.envelope_timeout_s = 1);
        })
        .await;
        way(&world.hop);
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        for try_ in 0..5 {
            let message = message(&format!("{n}.{try_}"));
            client.send_message("x@sender.example", ANNA, &message).await.expect("451 4.4.2");
        }
        let tried = world.hop.connections().len();
        client.send_message("x@sender.example", ANNA, &message("rests")).await.expect("451 4.4.1");
        let event = world.event(|event| event.reason == Reason::HopUnreachable).await;
        assert!(event.hop.unwrap().reply.unwrap().contains("rests"));
        assert_eq!((tried, world.hop.connections().len()), (5, 5), "{n}");
    }
}

#[tokio::test]
async fn connections_to_a_hop_are_limited_and_who_waits_too_long_hears_451() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| {
            config.delivery.max_connections_per_hop = 1;
            config.delivery.slot_timeout_s = 1;
        });
    })
    .await;
    let gate = Gate::new();
    world.hop.on(Stage::Dot).once().hold(&gate);
    let mut first = world.at_data(ANNA).await;
    first.send(&[&message("one")[..], b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    let mut second = world.client().await;
    second.say("EHLO client.example").await.expect("250");
    second.send_message("x@sender.example", ANNA, &message("two")).await.expect("451 4.4.5");
    let event = world.event(|event| event.disposition == Disposition::Deferred).await;
    assert_eq!(event.reason, Reason::HopBusy);
    gate.open();
    first.reply().await.expect("250");
    assert_eq!(world.hop.connections().len(), 1);
}

#[tokio::test]
async fn who_waits_for_a_place_gets_the_connection_of_who_was_there_before() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| config.delivery.max_connections_per_hop = 1);
    })
    .await;
    let gate = Gate::new();
    world.hop.on(Stage::Dot).once().hold(&gate);
    let mut first = world.at_data(ANNA).await;
    first.send(&[&message("one")[..], b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    let mut others = Vec::new();
    for n in 0..3 {
        let mut client = world.at_data(ANNA).await;
        client.send(&[&message(&n.to_string())[..], b".\r\n"].concat()).await;
        others.push(client);
    }
    gate.open();
    first.reply().await.expect("250");
    for mut client in others {
        client.reply().await.expect("250");
    }
    assert_eq!(world.hop.connections().len(), 1);
}

#[tokio::test]
async fn everything_before_the_dot_has_a_longest_time() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| config.delivery.envelope_timeout_s = 1);
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for (n, stage) in [Stage::Connect, Stage::Helo, Stage::Mail, Stage::Rcpt, Stage::Data].into_iter().enumerate() {
        world.hop.on(stage).silence();
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("451 4.4.2");
        let id = format!("{n}@sender.example");
        let event = world.event(|event| event.message_id.as_deref() == Some(&id)).await;
        assert_eq!((event.disposition, event.reason), (Disposition::Deferred, Reason::HopTimeout), "{stage:?}");
        world.hop.behave();
    }
    assert!(world.hop.all_messages().is_empty());
}

#[tokio::test]
async fn a_hop_that_says_nothing_leaves_time_for_the_next_one() {
    let second = Hop::start().await;
    let world = World::with(|plan| {
        plan.hops.push(NextHop { priority: 20, ..next_hop(second.address(), HopTls::None) });
    })
    .await;
    world.hop.on(Stage::Connect).silence();
    let mut client = world.client().await.patience(std::time::Duration::from_mins(1));
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    assert_eq!(second.messages().len(), 1);
}

#[tokio::test]
async fn a_route_that_leads_back_to_us_is_ended_by_loop_detection() {
    let mut world = World::new().await;
    let here = world.worker.smtp_addresses().await[0];
    // Where it listens is known, and nothing is said there.
    world.republish(|plan| plan.hops = vec![next_hop(here, HopTls::Opportunistic)]).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("here")).await.expect("451 4.4.4");
    let event = world.event(|event| event.reason == Reason::HopAddressForbidden).await;
    assert!(event.hop.unwrap().reply.unwrap().contains("this worker itself"));
    world.republish(|plan| plan.hops = vec![named("MX.postern.example", 25)]).await;
    client.send_message("x@sender.example", ANNA, &message("name")).await.expect("451 4.4.4");
    // Behind somebody else's port it is not seen, until it comes back.
    let around = Relay::to(here).await;
    world.republish(|plan| plan.hops = vec![next_hop(around.address(), HopTls::Opportunistic)]).await;
    client.send_message("x@sender.example", ANNA, &message("round")).await.expect("554 5.4.6");
    let event = world.event(|event| event.rule == Rule::Loop).await;
    assert_eq!(event.reason, Reason::LoopDetected);
    // Fifty of others' are too many as well.
    let many = "Received: from a by b\r\n".repeat(50) + "Subject: x\r\n\r\n";
    client.send_message("x@sender.example", ANNA, many.as_bytes()).await.expect("554 5.4.6");
}

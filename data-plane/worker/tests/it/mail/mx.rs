//! Hops that a domain's MX records name, and `<postmaster>` without a domain, whose way they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use contract::{
    policy::{Disposition, Reason, Rule},
    snapshot::object::{HopTls, NextHop},
};
use pretend::{
    dns::{Dns, Failing},
    hop::{Hop, Stage},
};

use super::world::{ANNA, World, message, without_received};

const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A world whose route is the MX of `office.example`, and a second host on the same port of another address.
async fn world_of_mx() -> (World, Hop, Dns) {
    let dns = Dns::start().await;
    dns.address_of("first.example", FIRST).address_of("second.example", SECOND).address_of("office.example", FIRST);
    let servers = vec![dns.address()];
    let (first, second) = loop {
        let first = Hop::start().await;
        // The same port may be taken over there.
        if let Ok(second) = Hop::start_on(SocketAddr::new(SECOND, first.port())).await {
            break (first, second);
        }
    };
    let mut world = World::with(|plan| {
        let hop = NextHop {
            host: "office.example".to_owned(),
            mx: true,
            port: first.port(),
            priority: 10,
            weight: 1,
            tls: HopTls::Opportunistic,
        };
        plan.hops = vec![hop];
        let port = first.port();
        plan.config = Box::new(move |config| {
            config.dns.servers = servers;
            config.delivery.mx_port = port;
        });
    })
    .await;
    world.hop = first;
    (world, second, dns)
}

#[tokio::test]
async fn the_hosts_of_an_mx_are_tried_in_order_of_preference_before_the_dot() {
    let (world, second, dns) = world_of_mx().await;
    dns.mx("office.example", 20, "second.example").mx("office.example", 10, "first.example");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    assert_eq!((world.hop.messages().len(), second.messages().len()), (1, 0));
    world.hop.on(Stage::Mail).close();
    client.send_message("x@sender.example", ANNA, &message("two")).await.expect("250");
    assert_eq!((world.hop.messages().len(), second.messages().len()), (1, 1));
    let event = world.event(|event| event.message_id.as_deref().is_some_and(|id| id.contains("two"))).await;
    assert_eq!(event.hop.unwrap().host, "second.example");
}

#[tokio::test]
async fn without_an_mx_the_domain_itself_is_the_host() {
    let (world, _, _dns) = world_of_mx().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    assert_eq!(world.hop.messages().len(), 1);
}

#[tokio::test]
async fn an_mx_that_cannot_be_used_is_451_and_the_trace_says_why() {
    type Break = fn(&Dns);
    let breaks: [(Break, &str); 3] = [
        (|dns| _ = dns.null_mx("office.example"), "takes no mail"),
        (|dns| _ = dns.mx("office.example", 10, "mx.postern.example"), "leads back here"),
        (|dns| _ = dns.fail("office.example", Failing::ServFail), ""),
    ];
    for (n, (spoil, why)) in breaks.into_iter().enumerate() {
        let (world, second, dns) = world_of_mx().await;
        spoil(&dns);
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("451 4.4.1");
        let event = world.event(|_| true).await;
        assert_eq!(
            (event.disposition, event.rule, event.reason),
            (Disposition::Deferred, Rule::NextHop, Reason::HopUnreachable)
        );
        let dialogue = format!("{:?}", event.dialogue.unwrap());
        assert!(dialogue.contains(why), "{dialogue}");
        assert_eq!(world.hop.connections().len() + second.connections().len(), 0);
    }
}

#[tokio::test]
async fn postmaster_without_a_domain_is_taken_and_brought_to_the_mx_of_its_domain() {
    let (mut world, second, dns) = world_of_mx().await;
    dns.mx("provider.example", 10, "second.example");
    world.republish(|plan| plan.postmaster = Some("desk@provider.example")).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<PostMaster>").await.expect("250");
    // Somebody else's mail goes another way.
    client.say("RCPT TO:<anna@acme.example>").await.expect("452 4.5.3");
    // Who may write to it may not write to whoever else is there.
    client.say("RCPT TO:<other@provider.example>").await.expect("550 5.7.1");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    let got = second.messages();
    assert_eq!(got[0].recipients(), ["desk@provider.example"]);
    assert_eq!(without_received(&got[0].bytes), message("one"));
    let event = world.event(|event| event.tenant.is_none() && event.hop.is_some()).await;
    assert_eq!((event.disposition, event.recipients[0].address.as_str()), (Disposition::Accepted, "postmaster"));
    let hop = event.hop.unwrap();
    assert_eq!((hop.route, hop.host.as_str()), (None, "second.example"));
}

#[tokio::test]
async fn postmaster_is_taken_where_its_domain_is_served_whoever_is_listed_there() {
    let (mut world, _, _dns) = world_of_mx().await;
    world.republish(|plan| plan.postmaster = Some("unlisted@acme.example")).await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<unlisted@acme.example>").await.expect("550 5.1.1");
    client.say("RCPT TO:<postmaster>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].recipients(), ["unlisted@acme.example"]);
    world.republish(|plan| plan.postmaster = None).await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<postmaster>").await.expect("451 4.3.5");
}

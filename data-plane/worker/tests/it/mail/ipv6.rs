//! IPv6 on every side: listening, clients, lists, next hops, and a family that is dead.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use contract::{
    mail::Cidr,
    policy::{Disposition, Reason, Rule, lists},
    snapshot::object::{DomainObject, HopTls, List, ListScope, Object, ShardPrefix},
};
use pretend::{client::Client, dns::Dns, hop::Hop};

use super::world::{ANNA, World, message, next_hop};
use crate::control::plane::{domain, id};

fn loopback() -> Vec<Cidr> {
    vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
}

#[tokio::test]
async fn mail_comes_and_goes_by_ipv6() {
    let hop = Hop::start_on("[::1]:0".parse().unwrap()).await.unwrap();
    let world = World::with(|plan| {
        plan.allowed = loopback();
        plan.hops = vec![next_hop(hop.address(), HopTls::None)];
        plan.config = Box::new(|config| config.smtp.listen = vec!["[::1]:0".parse().unwrap()]);
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO [IPv6:2001:db8::25]").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let received = hop.messages()[0].header("Received").unwrap();
    assert!(received.contains("from [IPv6:2001:db8::25] ([IPv6:::1])"), "{received}");
    let event = world.event(|_| true).await;
    assert_eq!(event.client.address, "::1");
    assert_eq!(event.hop.unwrap().address.as_deref(), Some("::1"));
    // A recipient at an address literal is nobody here.
    client.say("MAIL FROM:<x@[IPv6:2001:db8::1]>").await.expect("250");
    client.say("RCPT TO:<anna@[IPv6:2001:db8::1]>").await.expect("550 5.7.1");
}

#[tokio::test]
async fn the_unspecified_address_takes_both_families_and_a_mapped_client_is_an_ipv4_one() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| config.smtp.listen = vec!["[::]:0".parse().unwrap()]);
    })
    .await;
    let port = world.worker.smtp_addresses().await[0].port();
    for (n, ip) in ["127.0.0.1", "::1"].into_iter().enumerate() {
        let mut client = Client::connect(SocketAddr::new(ip.parse().unwrap(), port)).await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
        world.event(|event| event.client.address == ip).await;
    }
}

#[tokio::test]
async fn networks_of_ipv6_are_blocked_and_counted_as_such() {
    let world = World::with(|plan| {
        for (name, network) in [("blocked.example", "::/64"), ("open.example", "2001:db8::/32")] {
            let entry = lists::Entry {
                id: id(8),
                kind: lists::ListKind::Block,
                subject: lists::Subject::Client(network.parse().unwrap()),
                recipient: None,
                expires_at: None,
            };
            let scope = ListScope::Domain(name.parse().unwrap());
            plan.more.push(Object::List(List { scope, prefix: ShardPrefix::ALL, entries: vec![entry] }));
            let listed = DomainObject { list: vec![ShardPrefix::ALL], ..domain(name, 4) };
            plan.more.push(Object::Domain(Box::new(listed)));
        }
        plan.config = Box::new(|config| {
            config.smtp.listen = vec!["[::1]:0".parse().unwrap()];
            config.smtp.max_connections_per_network = 1;
        });
    })
    .await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<a@blocked.example>").await.expect("550 5.7.1 mail from your address");
    client.say("RCPT TO:<a@open.example>").await.expect("250");
    world.client().await.banner().unwrap().expect("421 4.7.0");
    client.say("RSET").await.expect("250");
    let event = world.event(|_| true).await;
    let first = &event.recipients[0];
    assert_eq!(
        (first.disposition, first.rule, first.reason),
        (Disposition::Refused, Rule::List, Reason::ClientBlocked)
    );
}

/// A world whose hop has a name with addresses of both families.
async fn two_families(port: u16) -> (World, Dns) {
    let dns = Dns::start().await;
    dns.address_of("mail.acme.example", Ipv6Addr::LOCALHOST);
    dns.address_of("mail.acme.example", Ipv4Addr::LOCALHOST);
    let server = dns.address();
    let world = World::with(|plan| {
        plan.allowed = loopback();
        plan.hops = vec![contract::snapshot::object::NextHop {
            host: "mail.acme.example".to_owned(),
            mx: false,
            port,
            priority: 10,
            weight: 1,
            tls: HopTls::None,
        }];
        plan.config = Box::new(move |config| config.dns.servers = vec![server]);
    })
    .await;
    (world, dns)
}

async fn delivered_to(world: &World) -> Option<String> {
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    world.event(|_| true).await.hop.unwrap().address
}

#[tokio::test]
async fn ipv6_is_tried_first_and_either_family_does() {
    let hop = Hop::start_on("[::1]:0".parse().unwrap()).await.unwrap();
    let (world, _dns) = two_families(hop.port()).await;
    assert_eq!(delivered_to(&world).await.as_deref(), Some("::1"));
    // Nobody listens at ::1 now.
    let hop = Hop::start().await;
    let (world, _dns) = two_families(hop.port()).await;
    assert_eq!(delivered_to(&world).await.as_deref(), Some("127.0.0.1"));
}

/// A place where connections neither succeed nor fail: its queue is full, and the kernel drops what comes.
fn black_hole(port: u16) -> (std::net::TcpListener, Vec<std::net::TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
    socket.set_only_v6(true).unwrap();
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    socket.bind(&address.into()).unwrap();
    socket.listen(0).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "its queue does not fill");
    }
    (socket.into(), waiting)
}

#[tokio::test]
async fn a_family_that_is_silent_holds_nobody_up() {
    let hop = Hop::start().await;
    let _hole = black_hole(hop.port());
    let (world, _dns) = two_families(hop.port()).await;
    let began = Instant::now();
    assert_eq!(delivered_to(&world).await.as_deref(), Some("127.0.0.1"));
    // `connect_timeout_s` is 15.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// A server that takes connections and does not greet is no reason to give up the other family either.
#[tokio::test]
async fn an_address_that_does_not_greet_leaves_the_others() {
    let dumb = Hop::start_on("[::1]:0".parse().unwrap()).await.unwrap();
    dumb.on(pretend::hop::Stage::Connect).reply_and_close("554 5.3.2 not here");
    let hop = Hop::start_on(SocketAddr::from(([127, 0, 0, 1], dumb.port()))).await.unwrap();
    let (world, _dns) = two_families(hop.port()).await;
    assert_eq!(delivered_to(&world).await.as_deref(), Some("127.0.0.1"));
    assert_eq!(dumb.connections().len(), 1);
}

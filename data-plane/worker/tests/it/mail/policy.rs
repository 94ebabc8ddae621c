//! What policy demands and limits, as senders meet it.

use contract::{
    events::Tls,
    policy::{
        Disposition, Reason, Rule, Setting, Settings,
        settings::{InboundTls, TlsVersion},
    },
    snapshot::object::{AliasDomain, AliasDomainHop, DomainObject, DomainState, Object, Route, Tenant},
};
use pretend::{
    client::{Client, Trust},
    hop::{Hop, Stage},
};

use super::world::{ANNA, World, message};
use crate::control::plane::{domain, id, tenant};

fn required(least: TlsVersion) -> Settings {
    Settings {
        inbound_tls: Some(InboundTls::Required),
        inbound_tls_min_version: Some(least),
        reject_null_mx_sender: Some(false),
        ..Settings::default()
    }
}

/// A domain of the tenant 4 with a policy of its own; any local part.
fn own(name: &str, n: u8, policy: Settings) -> Object {
    of(4, name, n, policy)
}

fn of(tenant: u8, name: &str, n: u8, policy: Settings) -> Object {
    Object::Domain(Box::new(DomainObject { id: id(n), policy, ..domain(name, tenant) }))
}

async fn said(client: &mut Client, to: &str) -> String {
    let reply = client.say(&format!("RCPT TO:<{to}>")).await;
    reply.to_string()
}

/// One message to it; the answer to RCPT, or to the message.
async fn brought(client: &mut Client, to: &str, n: usize) -> String {
    let reply = client.send_message("x@sender.example", &[to], &message(&format!("{n}.{to}"))).await;
    if !reply.is("250") {
        client.say("RSET").await.expect("250");
    }
    reply.to_string()
}

#[track_caller]
fn begins(reply: &str, with: &str) {
    assert!(reply.starts_with(with), "expected {with}: {reply}");
}

/// RFC 3207 §4
#[tokio::test]
async fn a_domain_that_demands_tls_takes_nobody_in_the_clear_and_says_nothing_about_its_recipients() {
    let world = World::with(|plan| {
        plan.more = vec![
            own("tls.example", 20, required(TlsVersion::Tls12)),
            own("new.example", 21, required(TlsVersion::Tls13)),
        ];
    })
    .await;
    let mut client = world.envelope().await;
    begins(&said(&mut client, "anna@tls.example").await, "530 5.7.0");
    begins(&said(&mut client, "anna@new.example").await, "530 5.7.0");
    // The demand is the domain's, and the session goes on for others.
    begins(&said(&mut client, "nobody@acme.example").await, "550 5.1.1");
    begins(&said(&mut client, "anna@acme.example").await, "250");
    client.say("RSET").await.expect("250");
    let event = world.event(|event| event.recipients.iter().any(|one| one.rule == Rule::Tls)).await;
    assert_eq!(
        (event.recipients[0].disposition, event.recipients[0].reason),
        (Disposition::Refused, Reason::TlsRequired)
    );

    let mut old = world.client().await;
    old.say("EHLO client.example").await.expect("250");
    old.start_tls(&Trust::AnybodyOverTls12, "mx.postern.example").await.unwrap();
    old.say("EHLO client.example").await.expect("250");
    old.say("MAIL FROM:<x@sender.example>").await.expect("250");
    begins(&said(&mut old, "anna@new.example").await, "550 5.7.0");
    old.say("RSET").await.expect("250");
    begins(&brought(&mut old, "anna@tls.example", 1).await, "250");
    let event = world.event(|event| event.reason == Reason::TlsTooOld).await;
    assert!(matches!(&event.client.tls, Some(Tls { version, .. }) if version == "TLSv1.2"), "{:?}", event.client.tls);

    let mut new = world.client().await;
    new.say("EHLO client.example").await.expect("250");
    new.start_tls(&Trust::Anybody, "mx.postern.example").await.unwrap();
    new.say("EHLO client.example").await.expect("250");
    begins(&brought(&mut new, "anna@new.example", 2).await, "250");
    assert_eq!(world.hop.messages().len(), 2);
}

/// RFC 5321 §4.5.1
#[tokio::test]
async fn this_hosts_own_postmaster_is_reached_in_the_clear_whatever_is_demanded() {
    let world = World::with(|plan| plan.policy = required(TlsVersion::Tls13)).await;
    let mut client = world.envelope().await;
    begins(&said(&mut client, "postmaster@acme.example").await, "530 5.7.0");
    begins(&said(&mut client, "postmaster").await, "250");
    client.say("DATA").await.expect("354");
    client.send(&[&message("postmaster")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
}

#[tokio::test]
async fn what_a_level_locks_holds_below_it_whatever_is_set_there() {
    let lifted = Settings {
        inbound_tls: Some(InboundTls::Optional),
        max_message_size_bytes: Some(70_000),
        ..Settings::default()
    };
    let mut world = World::with(|plan| {
        let locks = Settings { locked: [Setting::InboundTls].into(), ..required(TlsVersion::Tls12) };
        plan.more = vec![
            Object::Tenant(Tenant { policy: locks, ..tenant(40, None) }),
            of(40, "low.example", 20, lifted.clone()),
            of(40, "plain.example", 21, Settings::default()),
        ];
    })
    .await;
    let mut client = world.envelope().await;
    begins(&said(&mut client, "a@low.example").await, "530 5.7.0");
    client.say("RSET").await.expect("250");
    // The lock goes, and with the same domain's object its own value holds again.
    world
        .republish(|plan| {
            let open = Object::Tenant(Tenant { policy: required(TlsVersion::Tls12), ..tenant(40, None) });
            plan.more =
                vec![open, of(40, "low.example", 20, lifted.clone()), of(40, "plain.example", 21, Settings::default())];
        })
        .await;
    begins(&brought(&mut client, "a@low.example", 1).await, "250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    begins(&said(&mut client, "anna@plain.example").await, "530 5.7.0");
}

fn rate(to_domain: Option<u32>, to_tenant: Option<u32>) -> Settings {
    Settings {
        max_client_messages_per_minute: to_domain,
        max_client_messages_per_minute_to_tenant: to_tenant,
        ..Settings::default()
    }
}

#[tokio::test]
async fn so_many_messages_a_minute_come_from_a_network_and_refused_recipients_use_up_none() {
    let world = World::with(|plan| {
        plan.policy.max_client_messages_per_minute = Some(2);
        plan.more.push(own("free.example", 20, rate(Some(0), None)));
        plan.more.push(own("beside.example", 21, Settings::default()));
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    for _ in 0..5 {
        begins(&said(&mut client, "nobody@acme.example").await, "550 5.1.1");
    }
    client.say("RSET").await.expect("250");
    for n in 0..2 {
        begins(&brought(&mut client, "anna@acme.example", n).await, "250");
    }
    begins(&brought(&mut client, "anna@acme.example", 3).await, "451 4.7.0");
    let event = world.event(|event| event.reason == Reason::TooManyMessages).await;
    assert_eq!((event.disposition, event.rule), (Disposition::Deferred, Rule::Limits));
    // Who does not exist is still told so, and what is another's is not touched.
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    begins(&said(&mut client, "nobody@acme.example").await, "550 5.1.1");
    client.say("RSET").await.expect("250");
    begins(&brought(&mut client, "anna@beside.example", 4).await, "250");
    // 0 lifts what is limited above.
    for n in 5..10 {
        begins(&brought(&mut client, "anna@free.example", n).await, "250");
    }
    // Another session of the same network has nothing more.
    let mut second = world.client().await;
    second.say("EHLO client.example").await.expect("250");
    begins(&brought(&mut second, "anna@acme.example", 11).await, "451 4.7.0");
}

#[tokio::test]
async fn a_recipient_that_the_next_hop_or_its_group_refuses_gives_back_what_it_took() {
    let world = World::with(|plan| {
        plan.policy.max_client_messages_per_minute = Some(3);
        plan.more.push(own("more.example", 20, Settings::default()));
        plan.more.push(of(5, "third.example", 21, Settings::default()));
    })
    .await;
    world.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 no such mailbox");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for _ in 0..2 {
        client.say("MAIL FROM:<x@sender.example>").await.expect("250");
        begins(&said(&mut client, "anna@acme.example").await, "250");
        for _ in 0..5 {
            // Of the same group; the hop says no.
            begins(&said(&mut client, "dead@more.example").await, "550 5.1.1");
            // Of another tenant.
            begins(&said(&mut client, "anna@third.example").await, "452 4.5.3");
        }
        client.say("RSET").await.expect("250");
    }
    for n in 0..3 {
        begins(&brought(&mut client, "anna@more.example", n).await, "250");
        begins(&brought(&mut client, "anna@third.example", n).await, "250");
    }
    begins(&brought(&mut client, "anna@more.example", 9).await, "451 4.7.0");
}

#[tokio::test]
async fn domains_of_a_tenant_share_its_rate_and_an_alias_domain_counts_as_its_primary() {
    let world = World::with(|plan| {
        plan.policy.max_client_messages_per_minute_to_tenant = Some(4);
        plan.more = vec![
            own("one.example", 20, rate(Some(2), None)),
            own("two.example", 21, rate(None, None)),
            Object::AliasDomain(AliasDomain {
                id: id(22),
                name: "alias.example".parse().unwrap(),
                tenant: id(4),
                state: DomainState::Active,
                primary: "one.example".parse().unwrap(),
                hop_sees: AliasDomainHop::AsWritten,
            }),
        ];
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    begins(&brought(&mut client, "a@one.example", 1).await, "250");
    begins(&brought(&mut client, "a@alias.example", 2).await, "250");
    begins(&brought(&mut client, "a@one.example", 3).await, "451 4.7.0");
    begins(&brought(&mut client, "a@alias.example", 4).await, "451 4.7.0");
    begins(&brought(&mut client, "a@two.example", 5).await, "250");
    begins(&brought(&mut client, "anna@acme.example", 6).await, "250");
    begins(&brought(&mut client, "a@two.example", 7).await, "451 4.7.0");
    // A customer beside it is not touched.
    begins(&brought(&mut client, "a@other.example", 8).await, "250");
}

#[tokio::test]
async fn a_network_has_so_many_sessions_that_bring_mail_for_a_domain() {
    let world = World::with(|plan| {
        plan.more.push(own("two.example", 20, Settings { max_client_connections: Some(2), ..Settings::default() }));
    })
    .await;
    let (mut one, mut two) = (world.envelope().await, world.envelope().await);
    begins(&said(&mut one, "a@two.example").await, "250");
    begins(&said(&mut one, "b@two.example").await, "250");
    begins(&said(&mut two, "a@two.example").await, "250");
    let mut third = world.envelope().await;
    begins(&said(&mut third, "a@two.example").await, "451 4.7.0");
    let other = said(&mut third, "anna@acme.example").await;
    begins(&other, "250");
    third.say("RSET").await.expect("250");
    let event = world.event(|event| event.recipients.iter().any(|one| one.reason == Reason::TooManyConnections)).await;
    assert_eq!(event.recipients[0].rule, Rule::Limits);
    // A transaction that ends leaves its place, and so does a session.
    one.say("RSET").await.expect("250");
    begins(&brought(&mut third, "a@two.example", 1).await, "250");
    begins(&brought(&mut one, "a@two.example", 2).await, "250");
    drop(two);
    third.say("MAIL FROM:<x@sender.example>").await.expect("250");
    begins(&said(&mut third, "a@two.example").await, "250");
    one.say("MAIL FROM:<x@sender.example>").await.expect("250");
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    while !said(&mut one, "a@two.example").await.starts_with("250") {
        assert!(tokio::time::Instant::now() < deadline, "the place of a session that is gone is not free");
    }
}

#[tokio::test]
async fn the_installations_own_limit_of_sessions_is_kept_at_the_door() {
    let mut world = World::with(|plan| plan.policy.max_client_connections = Some(2)).await;
    let (_one, _two) = (world.client().await, world.client().await);
    let third = world.client().await;
    third.banner().unwrap().expect("421 4.7.0");
    world.republish(|plan| plan.policy.max_client_connections = None).await;
    world.client().await.banner().unwrap().expect("220");
}

#[tokio::test]
async fn a_domain_takes_so_many_recipients_in_a_transaction_and_the_installations_number_is_announced() {
    let world = World::with(|plan| {
        plan.policy.max_recipients = Some(150);
        plan.more.push(own("few.example", 20, Settings { max_recipients: Some(100), ..Settings::default() }));
    })
    .await;
    let mut client = world.client().await;
    let ehlo = client.say("EHLO client.example").await;
    assert!(ehlo.parameter("LIMITS").unwrap().contains("RCPTMAX=150"), "{ehlo:?}");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    for n in 0..100 {
        begins(&said(&mut client, &format!("u{n}@few.example")).await, "250");
    }
    begins(&said(&mut client, "more@few.example").await, "452 4.5.3");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].rcpt.len(), 100);
}

/// What was set while the installation had more: such a domain is as all others are, and its mail goes with theirs.
#[tokio::test]
async fn a_domain_that_sets_more_than_the_session_was_told_has_what_the_session_was_told() {
    let world = World::with(|plan| {
        plan.policy =
            Settings { max_message_size_bytes: Some(70_000), max_recipients: Some(150), ..Settings::default() };
        let more =
            Settings { max_message_size_bytes: Some(90_000), max_recipients: Some(1_000), ..Settings::default() };
        // By the same way as acme.example.
        plan.more = vec![
            Object::Domain(Box::new(DomainObject { policy: more, ..domain("more.example", 4) })),
            Object::Domain(Box::new(domain("plain.example", 4))),
        ];
    })
    .await;
    let mut client = world.client().await;
    let ehlo = client.say("EHLO client.example").await;
    assert_eq!(ehlo.parameter("SIZE"), Some("70000"), "{ehlo:?}");
    client.say("MAIL FROM:<x@sender.example> SIZE=80000").await.expect("552 5.3.4");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    begins(&said(&mut client, "a@plain.example").await, "250");
    // Another policy would be another group: 452.
    begins(&said(&mut client, "a@more.example").await, "250");
    client.say("DATA").await.expect("354");
    let body = b"0123456789012345678901234567890123456789\r\n".repeat(2_000);
    client.send(&[&b"Subject: x\r\n\r\n"[..], &body, b".\r\n"].concat()).await;
    client.reply().await.expect("552 5.3.4");
}

#[tokio::test]
async fn limits_are_shared_by_the_live_workers_of_the_pool() {
    let world = World::with(|plan| {
        plan.more.push(own("rate.example", 20, rate(Some(6), None)));
        plan.more.push(own(
            "sessions.example",
            21,
            Settings { max_client_connections: Some(3), ..Settings::default() },
        ));
    })
    .await;
    world.plane.plan().live_workers = Some(3);
    let told = world.plane.plan().statuses.len();
    world.plane.until("its share is known", |plan| (plan.statuses.len() >= told + 2).then_some(())).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..2 {
        begins(&brought(&mut client, "a@rate.example", n).await, "250");
    }
    begins(&brought(&mut client, "a@rate.example", 3).await, "451 4.7.0");
    let mut first = world.envelope().await;
    begins(&said(&mut first, "a@sessions.example").await, "250");
    begins(&brought(&mut client, "a@sessions.example", 4).await, "451 4.7.0");
}

/// A hop that is asked about recipients hears nothing about one that comes in the clear.
#[tokio::test]
async fn no_hop_is_asked_about_a_recipient_that_policy_refuses_anyway() {
    let hop = Hop::start().await;
    let world = World::with(|plan| {
        let route = Some(Route {
            id: id(30),
            hops: vec![super::world::next_hop(hop.address(), contract::snapshot::object::HopTls::None)],
            max_connections: None,
            certificate: None,
        });
        let recipients = contract::snapshot::object::RecipientRule::CallOut {
            shards: vec![],
            unasked: contract::policy::recipient::Unasked::Defer,
        };
        let policy = required(TlsVersion::Tls12);
        plan.more = vec![Object::Domain(Box::new(DomainObject {
            id: id(20),
            policy,
            route,
            recipients,
            ..domain("asks.example", 4)
        }))];
    })
    .await;
    let mut client = world.envelope().await;
    begins(&said(&mut client, "a@asks.example").await, "530 5.7.0");
    client.send_message("x@sender.example", ANNA, &message("one")).await;
    assert!(hop.connections().is_empty());
}

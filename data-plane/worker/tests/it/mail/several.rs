//! Several recipients in one transaction: the next hop is asked about each while the sender waits.

use contract::{
    policy::{Disposition, Reason, Rule, Settings},
    snapshot::object::{DomainObject, Object, Route},
};
use pretend::{
    client::until_settled,
    gate::Gate,
    hop::{Hop, Stage},
};

use super::world::{self, MESSAGE, World, message, next_hop, without_received};
use crate::control::plane::{domain, id};

#[tokio::test]
async fn the_second_recipient_waits_for_the_next_hop() {
    let world = World::new().await;
    let gate = Gate::new();
    world.hop.on(Stage::Rcpt).recipient(2).hold(&gate);
    world.hop.on(Stage::Rcpt).recipient(2).reply("250 2.1.5 the hop's own words");
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250 2.1.5 recipient ok");
    assert!(world.hop.connections().is_empty(), "for a sole recipient nobody is asked before the message is here");
    client.send(b"RCPT TO:<bert@acme.example>\r\n").await;
    gate.until_waiting(1).await;
    assert!(client.unread().is_empty());
    gate.open();
    client.reply().await.expect("250 2.1.5 the hop's own words");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    let connections = world.hop.connections();
    assert_eq!((connections.len(), connections[0].transactions), (1, 1), "one live transaction");
}

#[tokio::test]
async fn the_hops_answer_to_each_later_recipient_is_ours() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 nobody here");
    world.hop.on(Stage::Rcpt).containing("bert@").reply("450 4.2.1 resting");
    world.hop.on(Stage::Rcpt).containing("full@").reply("552 5.2.2 full");
    world.hop.on(Stage::Rcpt).containing("auth@").reply("530 5.7.0 authenticate");
    world.hop.on(Stage::Rcpt).containing("odd@").reply("550 2.0.0 fine\nor not");
    let mut client = world.envelope().await;
    let mut say = async |local: &str| client.say(&format!("RCPT TO:<{local}@other.example>")).await;
    say("anna").await.expect("250");
    say("dead").await.expect("550 5.1.1 nobody here");
    say("bert").await.expect("450 4.2.1 resting");
    // RFC 5321 §4.5.3.1.10.
    say("full").await.expect("452 4.2.2 full");
    // It speaks of our dialogue with the hop, not of the mail.
    say("auth").await.expect("451 4.4.0");
    say("odd").await.expect("550 5.0.0 fine or not");
    say("carl").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    let messages = world.hop.messages();
    assert_eq!((messages.len(), messages[0].recipients()), (1, vec!["anna@other.example", "carl@other.example"]));
    let event = world.event(|_| true).await;
    let dead = event.recipients.iter().find(|recipient| recipient.address.starts_with("dead@")).unwrap();
    assert_eq!((dead.disposition, dead.rule, dead.reason), (Disposition::Refused, Rule::NextHop, Reason::HopRefused));
    assert_eq!(dead.hop_reply.as_deref(), Some("550 5.1.1 nobody here"));
    assert_eq!(event.disposition, Disposition::Accepted);
}

#[tokio::test]
async fn one_that_the_hop_would_refuse_stays_alone_and_is_told_so_at_the_end() {
    let world = World::new().await;
    for (n, refusal) in ["550 5.1.1 no", "450 4.2.1 later"].into_iter().enumerate() {
        world.hop.behave();
        world.hop.on(Stage::Rcpt).containing("dead@").reply(refusal);
        let mut client = world.envelope().await;
        client.say("RCPT TO:<dead@acme.example>").await.expect("250");
        for other in ["anna", "bert"] {
            client.say(&format!("RCPT TO:<{other}@acme.example>")).await.expect("452 4.5.3");
        }
        client.say("DATA").await.expect("354");
        client.send(&[&message(&n.to_string())[..], b".\r\n"].concat()).await;
        client.reply().await.expect(&refusal[..9]);
    }
    world.hop.on(Stage::Mail).reply("550 5.7.1 not from you");
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<bert@acme.example>").await.expect("452 4.5.3");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("550 5.7.1 not from you");
    assert!(world.hop.all_messages().is_empty() && world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

/// The hop has taken both, closes, and has changed its mind when it is asked again.
#[tokio::test]
async fn one_that_is_refused_later_all_the_same_costs_the_message_451_and_nobody_is_lost() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).recipient(2).once().reply_and_close("250 2.1.5 Ok");
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<bert@acme.example>").await.expect("250");
    world.hop.behave();
    world.hop.on(Stage::Rcpt).containing("bert@").reply("550 5.1.1 moved away");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("451 4.5.0");
    world.hop.until_heard("RSET").await;
    assert!(world.hop.all_messages().is_empty());
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.rule), (Disposition::Deferred, Rule::NextHop));
    assert!(event.hop.unwrap().reply.unwrap().contains("moved away"));

    // Without a change of mind nobody notices.
    world.hop.behave();
    world.hop.on(Stage::Rcpt).recipient(2).once().reply_and_close("250 2.1.5 Ok");
    let mut client = world.at_data(&["anna@acme.example", "bert@acme.example"]).await;
    client.send(&[&message("two")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].recipients(), ["anna@acme.example", "bert@acme.example"]);
}

#[tokio::test]
async fn a_hop_that_fails_at_a_later_recipient_defers_that_one_only() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).recipient(2).once().close();
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<bert@acme.example>").await.expect("451 4.4.1");
    // It is back: those who were accepted are asked for again, before the next one is.
    client.say("RCPT TO:<carl@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].recipients(), ["anna@acme.example", "carl@acme.example"]);
}

#[tokio::test]
async fn a_hundred_recipients_and_more_of_one_group_are_one_message() {
    for without in ["nothing", "PIPELINING"] {
        let world = World::new().await;
        world.hop.without(without);
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        let recipients: Vec<_> = (0..120).map(|n| format!("RCPT TO:<u{n}@other.example>")).collect();
        let mut lines = vec!["MAIL FROM:<x@sender.example>"];
        lines.extend(recipients.iter().map(String::as_str));
        lines.push("DATA");
        let replies = client.burst(&lines).await;
        for reply in &replies[..121] {
            reply.expect("250");
        }
        replies[121].expect("354");
        client.send(&[&message("one")[..], b".\r\n"].concat()).await;
        client.reply().await.expect("250");
        let messages = world.hop.messages();
        assert_eq!((messages.len(), messages[0].rcpt.len()), (1, 120));
        assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
    }
}

#[tokio::test]
async fn who_goes_another_way_or_under_another_policy_comes_in_another_transaction() {
    let elsewhere = Hop::start().await;
    let world = World::with(|plan| {
        let route = Route {
            id: id(7),
            hops: vec![next_hop(elsewhere.address(), contract::snapshot::object::HopTls::None)],
            max_connections: None,
            certificate: None,
        };
        let policy = Settings { max_message_size_bytes: Some(100_000), ..Settings::default() };
        plan.more = vec![
            Object::Domain(Box::new(domain("same.example", 4))),
            Object::Domain(Box::new(DomainObject { route: Some(route), ..domain("routed.example", 4) })),
            Object::Domain(Box::new(DomainObject { policy, ..domain("strict.example", 4) })),
        ];
    })
    .await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    for other in ["other", "routed", "strict"] {
        client.say(&format!("RCPT TO:<z@{other}.example>")).await.expect("452 4.5.3");
    }
    client.say("RCPT TO:<z@same.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].recipients(), ["anna@acme.example", "z@same.example"]);
    assert!(elsewhere.connections().is_empty());
    let event = world.event(|event| event.tenant == Some(id(4))).await;
    let reasons: Vec<_> = event.recipients.iter().map(|recipient| recipient.reason).collect();
    assert_eq!(reasons, [Reason::None, Reason::OtherGroup, Reason::OtherGroup, Reason::None]);
}

#[tokio::test]
async fn a_sender_that_falls_silent_does_not_hold_the_hops_connection() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| {
            config.delivery.live_s = 1;
            config.delivery.max_connections_per_hop = 1;
        });
    })
    .await;
    let mut slow = world.envelope().await;
    slow.say("RCPT TO:<anna@acme.example>").await.expect("250");
    slow.say("RCPT TO:<bert@acme.example>").await.expect("250");
    // There is one connection, and the slow one has it until it has been silent for too long.
    let mut other = world.client().await;
    other.say("EHLO client.example").await.expect("250");
    other.send_message("x@sender.example", &["carl@acme.example"], MESSAGE).await.expect("250");
    // It may go on all the same, also with more recipients.
    slow.say("RCPT TO:<carl@acme.example>").await.expect("250");
    slow.say("DATA").await.expect("354");
    slow.send(b"Subject: slow\r\n\r\n").await;
    other.send_message("x@sender.example", &["carl@acme.example"], &message("two")).await.expect("250");
    slow.send(b".\r\n").await;
    slow.reply().await.expect("250");
    let last = world.hop.messages().pop().unwrap();
    assert_eq!(last.recipients(), ["anna@acme.example", "bert@acme.example", "carl@acme.example"]);
    assert_eq!(world.hop.connections().len(), 1);
}

#[tokio::test]
async fn eight_bit_content_that_was_not_declared_reaches_all_of_several() {
    let world = World::new().await;
    let mut client = world.at_data(&["anna@acme.example", "bert@acme.example"]).await;
    client.send(b"Subject: x\r\n\r\nh\xc3\xa4llo\r\n.\r\n").await;
    client.reply().await.expect("250");
    let messages = world.hop.messages();
    assert_eq!(without_received(&messages[0].bytes), b"Subject: x\r\n\r\nh\xc3\xa4llo\r\n");
    assert!(messages[0].mail.params.contains("BODY=8BITMIME"), "{}", messages[0].mail.params);
    assert_eq!(messages[0].recipients(), ["anna@acme.example", "bert@acme.example"]);
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

#[tokio::test]
async fn three_workers_never_double() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 nobody here");
    let workers = [world.worker, world::start(&world.plane, |_| {}).await, world::start(&world.plane, |_| {}).await];
    let orders: &[&[&str]] =
        &[&["dead", "anna"], &["anna", "dead"], &["bert", "dead", "anna"], &["dead", "carl", "bert", "anna"]];
    for (n, order) in orders.iter().enumerate() {
        for at in 0..workers.len() {
            let id = format!("{n}.{at}");
            let mut at = at;
            // Who was put off comes to the next worker.
            let session = async || {
                at += 1;
                let mut client = world::client(&workers[at % workers.len()]).await;
                client.say("EHLO client.example").await.expect("250");
                client
            };
            let recipients: Vec<_> = order.iter().map(|local| format!("{local}@acme.example")).collect();
            let settled = until_settled(session, &recipients, &message(&id)).await;
            let refused: Vec<_> = settled.iter().filter(|(_, code)| *code != 250).collect();
            assert_eq!(refused, [&("dead@acme.example".to_owned(), 550)], "{order:?}");
            let wanted = format!("<{id}@sender.example>");
            let mut arrived: Vec<_> = world
                .hop
                .messages()
                .iter()
                .filter(|message| message.header("Message-ID").as_deref() == Some(&wanted))
                .flat_map(|message| message.recipients().into_iter().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            arrived.sort();
            let mut expected: Vec<_> =
                order.iter().filter(|local| **local != "dead").map(|local| format!("{local}@acme.example")).collect();
            expected.sort();
            assert_eq!(arrived, expected, "each exactly once");
        }
    }
}

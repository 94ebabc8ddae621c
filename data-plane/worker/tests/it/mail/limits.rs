//! Sessions: how many, how long, how patient, and how they end.

use std::{io::Write, time::Duration};

use contract::policy::{Disposition, Reason, Rule};
use pretend::{client::Client, gate::Gate, hop::Stage};

use super::world::{ANNA, World, message, try_start};

#[tokio::test]
async fn there_are_so_many_sessions_in_all_and_from_one_network_and_a_place_that_is_left_is_free() {
    let both: [fn(&mut worker::Config); 2] =
        [|config| config.smtp.max_connections = 2, |config| config.smtp.max_connections_per_network = 2];
    for limit in both {
        let world = World::with(|plan| plan.config = Box::new(limit)).await;
        let (one, _two) = (world.client().await, world.client().await);
        let mut third = world.client().await;
        third.banner().unwrap().expect("421 4.7.0");
        assert!(third.until_closed().await.is_empty());
        drop(one);
        let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
        while !world.client().await.banner().unwrap().is("220") {
            assert!(tokio::time::Instant::now() < deadline, "the place is not free");
        }
    }
}

#[tokio::test]
async fn who_says_nothing_or_no_whole_line_is_sent_away() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.smtp.command_timeout_s = 1)).await;
    let mut silent = world.client().await;
    silent.reply().await.expect("421 4.4.2");
    silent.until_closed().await;

    // Octets that make no line do not begin the time anew.
    let mut dripping = world.envelope().await;
    dripping.say("RCPT TO:<anna@acme.example>").await.expect("250");
    let dripped = dripping.trickle(&[b'x'; 1_000], 1, Duration::from_millis(20)).await;
    assert!(dripped.is_err(), "it is still listened to");
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.rule, event.reason), (Disposition::Aborted, Rule::Limits, Reason::Timeout));
}

#[tokio::test]
async fn errors_commands_and_transactions_have_a_limit() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| {
            config.smtp.max_errors = 3;
            config.smtp.max_transactions = 2;
            config.smtp.max_commands = 50;
        });
    })
    .await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    for _ in 0..3 {
        client.say("HELLO?").await.expect("500");
    }
    client.say("HELLO?").await.expect("421 4.7.0");
    client.until_closed().await;
    let event = world.event(|_| true).await;
    assert_eq!((event.rule, event.reason), (Rule::Limits, Reason::TooManyErrors));

    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..2 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
    }
    client.say("MAIL FROM:<x@sender.example>").await.expect("421 4.7.0");

    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    for _ in 3..50 {
        client.say("NOOP").await.expect("250");
    }
    client.say("NOOP").await.expect("421 4.7.0");
    let event = world.event(|event| event.reason == Reason::TooManyCommands).await;
    assert_eq!((event.disposition, event.rule), (Disposition::Aborted, Rule::Limits));

    let mut client = world.client().await;
    for _ in 0..50 {
        client.say("NOOP").await.expect("250");
    }
    client.say("NOOP").await.expect("421 4.7.0");
}

#[tokio::test]
async fn recipients_beyond_the_limit_come_in_another_transaction() {
    // Less than RFC 5321 §4.5.3.1.8 asks for cannot be set.
    let world = World::with(|plan| plan.config = Box::new(|config| config.smtp.max_recipients = 5)).await;
    let mut client = world.client().await;
    let ehlo = client.say("EHLO client.example").await;
    assert!(ehlo.parameter("LIMITS").unwrap().contains("RCPTMAX=100"), "{ehlo:?}");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    for n in 0..100 {
        client.say(&format!("RCPT TO:<u{n}@other.example>")).await.expect("250");
    }
    client.say("RCPT TO:<more@other.example>").await.expect("452 4.5.3");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].rcpt.len(), 100);
}

/// A6.9, RFC 5321 §3.1.
#[tokio::test]
async fn who_speaks_before_the_greeting_is_no_mail_server() {
    let world = World::new().await;
    let address = world.worker.smtp_addresses().await[0];
    // All of it before the worker gets to run: this thread does not give way in between.
    let mut early = std::net::TcpStream::connect(address).unwrap();
    early.write_all(b"EHLO early.example\r\n").unwrap();
    early.set_nonblocking(true).unwrap();
    let mut early = tokio::net::TcpStream::from_std(early).unwrap();
    let mut said = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut early, &mut said);
    tokio::time::timeout(pretend::wait::BOUND, read).await.unwrap().unwrap();
    assert!(said.starts_with(b"554 5.5.0 "), "{}", said.escape_ascii());
}

/// Octets that nobody has read must not cost the sender the reply that tells why.
#[tokio::test]
async fn the_last_reply_reaches_a_sender_that_talks_on() {
    let world = World::new().await;
    for n in 0..20 {
        let mut client = world.client().await;
        client.send(b"GET / HTTP/1.1\r\n").await;
        let _ = client.try_send(&b"X-Header: value\r\n".repeat(n * 100)).await;
        let said = client.until_closed().await;
        assert!(said.starts_with(b"554 "), "{n}: {}", said.escape_ascii());
    }
}

#[tokio::test]
async fn a_worker_that_stops_finishes_messages_and_sends_the_idle_away() {
    let world = World::new().await;
    let address = world.worker.smtp_addresses().await[0];
    let gate = Gate::new();
    world.hop.on(Stage::Dot).hold(&gate);
    let mut idle = world.client().await;
    let mut open = world.envelope().await;
    let mut busy = world.at_data(ANNA).await;
    busy.send(&[&message("one")[..], b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    let World { worker, hop, .. } = world;
    let senders = async {
        idle.reply().await.expect("421 4.3.2");
        assert!(Client::open(address).await.is_err(), "nobody new is let in");
        // A transaction that was begun may be ended.
        open.say("RCPT TO:<bert@acme.example>").await.expect("250");
        open.say("DATA").await.expect("354");
        open.send(&[&message("two")[..], b".\r\n"].concat()).await;
        gate.open();
        for client in [&mut busy, &mut open] {
            client.reply().await.expect("250");
            client.reply().await.expect("421 4.3.2");
            client.until_closed().await;
        }
    };
    tokio::join!(worker.stop(), senders);
    assert_eq!(hop.messages().len(), 2);
}

#[tokio::test]
async fn a_stop_has_a_bound_and_what_is_not_known_by_then_is_told_so() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.smtp.drain_s = 1)).await;
    world.hop.on(Stage::Dot).silence();
    let mut waiting = world.at_data(ANNA).await;
    waiting.send(&[&message("one")[..], b".\r\n"].concat()).await;
    let mut open = world.envelope().await;
    open.say("RCPT TO:<bert@acme.example>").await.expect("250");
    let mut sending = world.at_data(&["carl@acme.example"]).await;
    sending.send(b"Subject: half\r\n").await;
    world.hop.until_heard("(").await;
    let World { plane, worker, .. } = world;
    let senders = async {
        waiting.reply().await.expect("451 4.4.2");
        open.reply().await.expect("421 4.3.2");
        sending.reply().await.expect("421 4.3.2");
    };
    tokio::join!(worker.stop(), senders);
    let ends: Vec<_> = plane
        .plan()
        .events
        .iter()
        .filter_map(|event| match event {
            contract::events::Event::Transaction(transaction) => Some((transaction.disposition, transaction.reason)),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), 3, "{ends:?}");
    assert!(ends.contains(&(Disposition::Unknown, Reason::OutcomeUnknown)), "{ends:?}");
    assert_eq!(ends.iter().filter(|end| **end == (Disposition::Aborted, Reason::ShuttingDown)).count(), 2, "{ends:?}");
}

#[tokio::test]
async fn a_worker_that_is_dropped_takes_its_sessions_and_its_address_with_it() {
    let world = World::new().await;
    let address = world.worker.smtp_addresses().await[0];
    let mut client = world.client().await;
    let World { plane, worker, .. } = world;
    drop(worker);
    client.until_closed().await;
    // The address is free for another.
    let again = try_start(&plane, |config| config.smtp.listen = vec![address]).await.unwrap();
    assert_eq!(again.smtp_addresses().await, [address]);
    // And taken for a third, who is told so at the start.
    let third = try_start(&plane, |config| config.smtp.listen = vec![address]).await;
    assert!(third.unwrap_err().to_string().contains(&address.to_string()));
}

/// Replies to commands that came together go out together.
#[tokio::test]
async fn a_group_of_commands_is_answered_in_one_write() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send(b"MAIL FROM:<x@sender.example>\r\nRCPT TO:<anna@acme.example>\r\nRSET\r\nMAIL FROM:<>\r\n").await;
    client.reply().await.expect("250 2.1.0");
    let rest = String::from_utf8_lossy(client.unread()).into_owned();
    assert_eq!(rest.matches("\r\n").count(), 3, "{rest}");
}

#[tokio::test]
async fn a_slow_or_hostile_sender_holds_up_nobody_at_the_door() {
    let world = World::new().await;
    let address = world.worker.smtp_addresses().await[0];
    // They connect, some begin TLS and never go on, some do not even read the greeting.
    let mut hangers = Vec::new();
    for n in 0..100 {
        if n % 2 == 0 {
            let mut client = world.client().await;
            client.say("EHLO client.example").await.expect("250");
            client.say("STARTTLS").await.expect("220");
            hangers.push(client);
        } else {
            hangers.push(Client::open(address).await.unwrap());
        }
    }
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
}

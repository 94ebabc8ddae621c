//! A dead and a good mailbox in one message, over several workers that know nothing of each other.

use pretend::hop::Stage;
use tests::System;

/// Sends like a real MTA: the recipients that were put off come again, each time to a worker by chance.
async fn send_until_settled(system: &System, order: &[&str], message: &[u8], mut chance: u64) -> Vec<(String, u16)> {
    let mut left: Vec<String> = order.iter().map(|local| format!("{local}@acme.example")).collect();
    let mut settled = Vec::new();
    for _ in 0..20 {
        if left.is_empty() {
            return settled;
        }
        // A linear congruential generator: chance, and the same at each run.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let worker = usize::try_from(chance >> 33).expect("31 bits") % system.workers();
        let mut client = system.smtp_at(worker).await;
        client.say("MAIL FROM:<x@sender.example>").await.expect("250");
        let (mut accepted, mut again) = (Vec::new(), Vec::new());
        for address in std::mem::take(&mut left) {
            let reply = client.say(&format!("RCPT TO:<{address}>")).await;
            match reply.code / 100 {
                2 => accepted.push(address),
                4 => again.push(address),
                _ => settled.push((address, reply.code)),
            }
        }
        if !accepted.is_empty() {
            client.say("DATA").await.expect("354");
            client.send(&[message, b".\r\n"].concat()).await;
            let reply = client.reply().await;
            match reply.code / 100 {
                4 => again.extend(accepted),
                _ => settled.extend(accepted.into_iter().map(|address| (address, reply.code))),
            }
        }
        left = again;
    }
    panic!("not settled: {left:?}, settled {settled:?}");
}

#[tokio::test]
async fn the_good_mailbox_has_the_mail_at_once_the_dead_one_is_refused_and_nothing_is_doubled() {
    let system = System::with_workers(3).await;
    system.acme().await;
    system.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 no such mailbox");
    let orders: [&[&str]; 4] =
        [&["dead", "anna"], &["anna", "dead"], &["anna", "dead", "bert"], &["dead", "anna", "bert", "carl"]];
    for (n, order) in orders.iter().enumerate() {
        let message = format!("Message-ID: <{n}@sender.example>\r\nSubject: {n}\r\n\r\nhello\r\n");
        let settled = send_until_settled(&system, order, message.as_bytes(), n as u64 + 7).await;
        for (address, code) in &settled {
            assert_eq!(*code, if address.starts_with("dead") { 550 } else { 250 }, "{address} of {order:?}");
        }
        let id = format!("<{n}@sender.example>");
        let arrived: Vec<String> = system
            .hop
            .messages()
            .iter()
            .filter(|message| message.header("Message-ID").as_deref() == Some(&*id))
            .flat_map(|message| message.recipients().into_iter().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let mut expected: Vec<_> =
            order.iter().filter(|local| **local != "dead").map(|local| format!("{local}@acme.example")).collect();
        let mut sorted = arrived.clone();
        sorted.sort();
        expected.sort();
        assert_eq!(sorted, expected, "each exactly once");
    }
    system.end().await;
}

#[tokio::test]
async fn a_load_over_two_workers_loses_nothing_and_doubles_nothing() {
    let system = System::with_workers(2).await;
    let acme = system.acme().await;
    let ledger = pretend::load::Ledger::new(1_000);
    let sink = pretend::load::Sink::start(&ledger, None).await;
    let hop = serde_json::json!({ "host": "127.0.0.1", "port": sink.address().port(), "tls": { "level": "none" } });
    let edit = system.rest.patch(&format!("/v1/routes/{}", acme.route), serde_json::json!({ "hops": [hop] })).await;
    system.rest.until_applied(edit.version()).await;
    let mut plan = pretend::load::Plan::new(system.smtp_addresses().await, "anna@acme.example");
    plan.sessions = 40;
    let result = pretend::load::run(plan, &ledger).await;
    assert_eq!((result.accepted, result.lost, result.doubled, result.unasked), (1_000, 0, 0, 0), "{result:?}");
    let found = system.rest.until_messages("disposition=accepted", 1_000).await;
    assert_eq!(found.len(), 1_000, "each event counted once");
    system.end().await;
}

//! A dead and a good mailbox in one message, over several workers that know nothing of each other.

use pretend::{client::until_settled, hop::Stage};
use tests::System;

#[tokio::test]
async fn the_good_mailbox_has_the_mail_at_once_the_dead_one_is_refused_and_nothing_is_doubled() {
    let system = System::with_workers(3).await;
    system.acme().await;
    system.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 no such mailbox");
    let orders: [&[&str]; 4] =
        [&["dead", "anna"], &["anna", "dead"], &["anna", "dead", "bert"], &["dead", "anna", "bert", "carl"]];
    for (n, order) in orders.iter().enumerate() {
        let message = format!("Message-ID: <{n}@sender.example>\r\nSubject: {n}\r\n\r\nhello\r\n");
        let mut chance = n as u64 + 7;
        // Who was put off comes to a worker by chance: a linear congruential generator's, the same at each run.
        let session = async || {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            system.smtp_at(usize::try_from(chance >> 33).expect("31 bits") % system.workers()).await
        };
        let recipients: Vec<_> = order.iter().map(|local| format!("{local}@acme.example")).collect();
        let settled = until_settled(session, &recipients, message.as_bytes()).await;
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

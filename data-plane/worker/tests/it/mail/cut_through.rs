//! 250 only after the next hop has it (design: cut-through).

use contract::policy::{Disposition, Reason, Rule};
use pretend::hop::Stage;

use super::world::{MESSAGE, World, without_received};

#[tokio::test]
async fn a_message_is_accepted_after_the_next_hop_has_it_byte_for_byte() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250 2.0.0");
    let messages = world.hop.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(without_received(&messages[0].bytes), MESSAGE);
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.rule, event.reason), (Disposition::Accepted, Rule::Default, Reason::None));
    assert_eq!(event.message_id.as_deref(), Some("one@sender.example"));
    assert_eq!(event.recipients[0].address, "anna@acme.example");
    assert!(event.dialogue.is_none(), "a plain delivery keeps no dialogue");
    assert!(event.hop.unwrap().reply.unwrap().starts_with("250"));
}

#[tokio::test]
async fn the_next_hops_refusal_is_the_senders_answer() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 nobody here by that name");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let reply = client.send_message("x@sender.example", &["dead@acme.example"], MESSAGE).await;
    reply.expect("550 5.1.1");
    let event = world.event(|event| event.disposition == Disposition::Refused).await;
    assert_eq!((event.rule, event.reason), (Rule::NextHop, Reason::HopRefused));
    assert!(event.dialogue.unwrap().iter().any(|line| line.text.contains("nobody here")));
}

#[tokio::test]
async fn a_dead_mailbox_is_refused_and_the_good_one_has_the_mail_at_once() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 nobody here by that name");
    // The good one first: the dead one is refused at its RCPT.
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<dead@acme.example>").await.expect("550 5.1.1");
    client.say("DATA").await.expect("354");
    client.send(&[MESSAGE_STUFFED, b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    // The dead one first: it stays alone, the good one comes in a transaction of its own.
    let mut client = world.envelope().await;
    client.say("RCPT TO:<dead@acme.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("452 4.5.3");
    client.say("DATA").await.expect("354");
    client.send(&[MESSAGE_STUFFED, b"2\r\n.\r\n"].concat()).await;
    client.reply().await.expect("550 5.1.1");
    let messages = world.hop.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].recipients(), ["anna@acme.example"]);
}

const MESSAGE_STUFFED: &[u8] =
    b"From: <x@sender.example>\r\nMessage-ID: <one@sender.example>\r\nSubject: hello\r\n\r\n..dots\r\nbody\r\n";

#[tokio::test]
async fn several_recipients_arrive_in_one_transaction() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let to = ["anna@acme.example", "bert@acme.example", "carl@acme.example"];
    client.send_message("x@sender.example", &to, MESSAGE).await.expect("250");
    let messages = world.hop.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].recipients(), to);
    assert!(!String::from_utf8_lossy(&messages[0].bytes).contains("for <"), "no recipient learns of another");
}

#[tokio::test]
async fn a_recipient_of_another_tenant_comes_in_a_transaction_of_its_own() {
    let world = World::new().await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<z@other.example>").await.expect("452 4.5.3");
    client.say("RSET").await.expect("250");
    let events = [
        world.event(|event| event.tenant == Some(crate::control::plane::id(4))).await,
        world.event(|event| event.tenant == Some(crate::control::plane::id(5))).await,
    ];
    for event in &events {
        assert_eq!(event.recipients.len(), 1);
        let shown = format!("{:?}{:?}", event.recipients, event.dialogue);
        let others = if event.recipients[0].address.contains("other") { "anna@" } else { "z@other" };
        assert!(!shown.contains(others), "{shown}");
    }
}

#[tokio::test]
async fn a_hop_that_is_down_means_451_and_the_sender_keeps_it() {
    let world = World::new().await;
    world.hop.stop().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("451 4.4.1");
    world.hop.restart().await.unwrap();
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250");
    assert_eq!(world.hop.messages().len(), 1);
}

#[tokio::test]
async fn no_answer_after_the_dot_is_451_and_is_recorded_as_unknown() {
    let world = World::with(|plan| {
        plan.config = Box::new(|config| config.delivery.final_timeout_s = 1);
    })
    .await;
    world.hop.on(Stage::Dot).silence();
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("451 4.4.2");
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.reason), (Disposition::Unknown, Reason::OutcomeUnknown));
    assert!(event.probable_duplicate && event.recipients[0].probable_duplicate);
}

#[tokio::test]
async fn an_unknown_recipient_and_a_foreign_domain_are_refused_at_rcpt() {
    let world = World::new().await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<nobody@acme.example>").await.expect("550 5.1.1");
    client.say("RCPT TO:<a@elsewhere.example>").await.expect("550 5.7.1");
    client.say("RCPT TO:<anna%elsewhere.example@acme.example>").await.expect("550 5.7.1");
    client.say("RCPT TO:<@relay.example:bert@acme.example>").await.expect("250");
    client.say("RSET").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<postmaster>").await.expect("250");
    client.say("RCPT TO:<anna+news@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    assert_eq!(world.hop.messages()[0].recipients(), ["anna@acme.example", "anna+news@acme.example"]);
}

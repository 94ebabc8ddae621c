//! What is told of a transaction, and to whom.

use contract::{
    events::{Speaker, Transaction},
    policy::{Disposition, Reason, Rule, settings::TraceDialogue},
};
use pretend::hop::Stage;

use super::world::{ANNA, World, message};
use crate::control::plane::id;

fn texts(event: &Transaction) -> Vec<&str> {
    event.dialogue.iter().flatten().map(|line| line.text.as_str()).collect()
}

#[tokio::test]
async fn it_says_who_to_whom_by_which_rule_what_the_hop_said_and_how_long_it_took() {
    let world = World::with(|plan| plan.policy.trace_dialogue = Some(TraceDialogue::All)).await;
    world.hop.on(Stage::Dot).reply("250 2.6.0 queued as ABC");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let content = message("one");
    client.send_message("x@sender.example", ANNA, &content).await.expect("250 2.0.0 queued as ABC");
    let event = world.event(|_| true).await;
    assert_eq!(event.client.address, "127.0.0.1");
    assert_eq!((event.client.helo.as_deref(), event.client.protocol.as_str()), (Some("client.example"), "ESMTP"));
    assert_eq!(event.reverse_path, "x@sender.example");
    assert_eq!(
        (event.message_id.as_deref(), event.size_bytes),
        (Some("one@sender.example"), Some(content.len() as u64))
    );
    assert_eq!((event.disposition, event.rule, event.reason), (Disposition::Accepted, Rule::Default, Reason::None));
    assert_eq!((event.reply.as_str(), event.config.as_str()), ("250 2.0.0 queued as ABC", "1.1"));
    let hop = event.hop.as_ref().unwrap();
    assert_eq!((hop.port, hop.address.as_deref()), (world.hop.port(), Some("127.0.0.1")));
    assert_eq!((hop.reply.as_deref(), hop.reused_connection), (Some("250 2.6.0 queued as ABC"), false));
    let timings = event.timings;
    assert!(timings.total_us >= timings.hop_us + timings.receive_us && timings.hop_us > 0, "{timings:?}");
    assert!(timings.hop_connect_us > 0 && timings.envelope_us > 0, "{timings:?}");
    assert!(event.ended_at >= event.started_at);
    // Both dialogues, in order; the content never.
    let said: Vec<_> = event.dialogue.iter().flatten().map(|line| (line.from, line.text.as_str())).collect();
    let expected = [
        (Speaker::Client, "MAIL FROM:<x@sender.example>"),
        (Speaker::Server, "250 2.1.0 sender ok"),
        (Speaker::Client, "RCPT TO:<anna@acme.example>"),
        (Speaker::Server, "250 2.1.5 recipient ok"),
        (Speaker::Client, "DATA"),
    ];
    assert_eq!(said[..5], expected);
    assert!(said.contains(&(Speaker::ToHop, "RCPT TO:<anna@acme.example>")), "{said:?}");
    assert_eq!(said.last(), Some(&(Speaker::Server, "250 2.0.0 queued as ABC")));
    assert!(!format!("{event:?}").contains("hello"), "content");
}

#[tokio::test]
async fn the_dialogue_of_plain_deliveries_is_kept_only_where_that_is_set() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    assert!(world.event(|event| event.disposition == Disposition::Accepted).await.dialogue.is_none());
    world.hop.on(Stage::Dot).reply("450 4.2.0 later");
    client.send_message("x@sender.example", ANNA, &message("two")).await.expect("450");
    assert!(world.event(|event| event.disposition == Disposition::Deferred).await.dialogue.is_some());
}

/// The tenant whose recipient was refused first sees nothing of the other's delivery, whatever the hop says in it.
#[tokio::test]
async fn a_tenant_sees_nothing_of_anothers_recipients_nor_of_their_delivery() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).reply("550 5.1.1 zoe@other.example is unknown, ask yves@other.example");
    let mut client = world.envelope().await;
    client.say("RCPT TO:<nobody@acme.example>").await.expect("550 5.1.1");
    client.say("RCPT TO:<zoe@other.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Message-ID: <secret@other.example>\r\n\r\n.\r\n").await;
    client.reply().await.expect("550 5.1.1");
    let own = world.event(|event| event.tenant == Some(id(5))).await;
    let other = world.event(|event| event.tenant == Some(id(4))).await;
    assert_eq!(own.id, other.id, "one transaction, two records");
    assert!(texts(&own).contains(&"RCPT TO:<zoe@other.example>"), "{:?}", texts(&own));
    assert!(texts(&own).iter().any(|line| line.contains("yves@other.example")), "its own hop's words");
    assert!(!format!("{own:?}").contains("nobody@"), "{own:?}");
    let shown = format!("{other:?}");
    for secret in ["zoe", "yves", "secret", "(content)", "354 Go"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert_eq!(
        (other.disposition, other.rule, other.reason),
        (Disposition::Refused, Rule::Recipients, Reason::UnknownRecipient)
    );
    assert_eq!((&other.message_id, other.size_bytes, &other.hop), (&None, None, &None));
    assert_eq!(other.recipients.len(), 1);
    let seen = texts(&other);
    assert!(seen.contains(&"… (a recipient of someone else)"), "{seen:?}");
    assert!(seen.contains(&"RCPT TO:<nobody@acme.example>"), "{seen:?}");
}

/// The same with several recipients of the group, who are asked for live.
#[tokio::test]
async fn nor_where_the_hop_is_asked_live() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).containing("yves").reply("550 5.1.1 yves is gone");
    let mut client = world.envelope().await;
    for refused in ["nobody@acme.example", "victim%x@acme.example"] {
        client.say(&format!("RCPT TO:<{refused}>")).await.expect("550");
    }
    client.say("RCPT TO:<zoe@other.example>").await.expect("250");
    client.say("RCPT TO:<yves@other.example>").await.expect("550 5.1.1 yves is gone");
    client.say("RCPT TO:<xena@other.example>").await.expect("250");
    world.hop.on(Stage::Dot).reply("554 5.7.1 not for zoe");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("554 5.7.1 not for zoe");
    let other = world.event(|event| event.tenant == Some(id(4))).await;
    let shown = format!("{other:?}");
    for secret in ["zoe", "yves", "xena"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let own = world.event(|event| event.tenant == Some(id(5))).await;
    let shown = format!("{own:?}");
    for (known, wanted) in [("zoe", true), ("yves", true), ("xena", true), ("nobody", false), ("victim", false)] {
        assert_eq!(shown.contains(known), wanted, "{known} in {shown}");
    }
}

#[tokio::test]
async fn a_transaction_without_a_message_is_told_by_how_it_ended() {
    let world = World::new().await;
    // Nobody was accepted: refused, by the rule that refused the last one.
    let mut client = world.envelope().await;
    client.say("RCPT TO:<nobody@acme.example>").await.expect("550");
    client.say("DATA").await.expect("554 5.5.1");
    client.say("QUIT").await.expect("221");
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.rule), (Disposition::Refused, Rule::Recipients));
    // Somebody was, and the sender thought better of it.
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RSET").await.expect("250");
    let event = world.event(|event| event.disposition == Disposition::Aborted).await;
    assert_eq!((event.rule, event.reason), (Rule::Protocol, Reason::ClientLeft));
    // In the middle of the message.
    let mut client = world.at_data(&["bert@acme.example"]).await;
    client.send(b"Subject: half\r\n").await;
    drop(client);
    let event = world.event(|event| event.size_bytes == Some(15)).await;
    assert_eq!((event.disposition, event.reason), (Disposition::Aborted, Reason::ClientLeft));
}

/// SMTP never waits for events: a control plane that takes none costs no mail.
#[tokio::test]
async fn mail_flows_while_nobody_takes_the_events() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.events.buffer_bytes = 4_096)).await;
    world.plane.plan().refuse_batches = u32::MAX;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..100 {
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
    }
    assert_eq!(world.hop.messages().len(), 100);
}

#[tokio::test]
async fn recipients_that_the_session_itself_refuses_are_told_with_their_tenant_where_it_is_known() {
    let world = World::new().await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<an na@acme.example>").await.expect("501 5.1.3");
    client.say("RCPT TO:<anna@acme.example> NOTIFY=NEVER").await.expect("555 5.5.4");
    client.say("RSET").await.expect("250");
    let event = world.event(|_| true).await;
    assert_eq!((event.tenant, event.disposition), (None, Disposition::Refused));
    assert_eq!((event.rule, event.reason), (Rule::Protocol, Reason::Syntax));
    let named: Vec<_> = event.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
    assert_eq!(named, ["<an na@acme.example>", "<anna@acme.example> NOTIFY=NEVER"]);
    assert!(texts(&event).contains(&"RCPT TO:<an na@acme.example>"));

    // One too many is known, and so is whose it is.
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    for n in 0..200 {
        client.say(&format!("RCPT TO:<u{n}@other.example>")).await.expect("250");
    }
    client.say("RCPT TO:<more@other.example>").await.expect("452 4.5.3");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    let event = world.event(|event| event.disposition == Disposition::Accepted).await;
    let last = event.recipients.last().unwrap();
    assert_eq!((event.tenant, event.recipients.len()), (Some(id(5)), 201));
    assert_eq!((last.address.as_str(), last.disposition), ("more@other.example", Disposition::Deferred));
    assert_eq!((last.rule, last.reason), (Rule::Limits, Reason::TooManyRecipients));
}

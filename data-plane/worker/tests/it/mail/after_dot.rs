//! Around the dot: the last look at the sender, the wait for the hop's answer, and messages that come again.

use contract::{
    policy::{Disposition, Reason, Rule},
    snapshot::object::HopTls,
};
use pretend::{
    client::Client,
    gate::Gate,
    hop::{Hop, Stage},
};

use super::world::{ANNA, World, message, next_hop};

/// Sends until something else than "under way" is said.
async fn until_told(world: &World, client: &mut Client, message: &[u8]) -> pretend::client::Reply {
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    loop {
        let reply = client.send_message("x@sender.example", ANNA, message).await;
        if !reply.is("451 4.5.0") {
            return reply;
        }
        assert!(tokio::time::Instant::now() < deadline, "{:?}", world.hop.connections());
    }
}

#[tokio::test]
async fn a_sender_that_left_before_the_dot_has_sent_nothing() {
    let world = World::new().await;
    let gate = Gate::new();
    world.hop.on(Stage::Data).once().hold(&gate);
    let mut client = world.at_data(ANNA).await;
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    client.half_close().await.unwrap();
    gate.open();
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.reason), (Disposition::Aborted, Reason::ClientLeft));
    world.hop.until_idle().await;
    assert!(world.hop.all_messages().is_empty(), "no dot was sent");

    // What was not delivered is not remembered.
    let mut again = world.client().await;
    again.say("EHLO client.example").await.expect("250");
    again.send_message("x@sender.example", ANNA, &message("one")).await.expect("250 2.0.0");
    assert_eq!(world.hop.messages().len(), 1);
}

#[tokio::test]
async fn a_sender_that_left_after_the_dot_and_comes_again_makes_no_second_copy() {
    let world = World::new().await;
    let gate = Gate::new();
    world.hop.on(Stage::Dot).once().hold(&gate);
    let mut first = world.at_data(ANNA).await;
    first.send(&[&message("one")[..], b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    first.reset();

    // Meanwhile it is under way, for whoever brings it; another message is not.
    let mut again = world.client().await;
    again.say("EHLO another.example").await.expect("250");
    again.send_message("x@sender.example", ANNA, &message("one")).await.expect("451 4.5.0");
    again.send_message("x@sender.example", &["bert@acme.example"], &message("one")).await.expect("250 2.0.0");
    again.send_message("y@sender.example", ANNA, &message("one")).await.expect("250 2.0.0");
    again.send_message("x@sender.example", ANNA, &message("two")).await.expect("250 2.0.0");
    gate.open();
    // The hop was listened to although nobody waited for it any more.
    until_told(&world, &mut again, &message("one")).await.expect("250 2.0.0 delivered before");
    assert_eq!(world.hop.all_messages().len(), 4);
    let event = world.event(|event| event.reason == Reason::AlreadyDelivered).await;
    assert_eq!((event.disposition, event.rule), (Disposition::Accepted, Rule::Repeat));
    let event = world.event(|event| event.reason == Reason::InFlight).await;
    assert_eq!((event.disposition, event.rule), (Disposition::Deferred, Rule::Repeat));
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_a_while() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.delivery.repeat_s = 0)).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for _ in 0..2 {
        client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250 2.0.0 Ok, queued");
    }
    assert_eq!(world.hop.messages().len(), 2);
}

#[tokio::test]
async fn without_an_answer_the_outcome_is_unknown_and_nobody_else_is_asked() {
    let second = Hop::start().await;
    let world = World::with(|plan| {
        let mut spare = next_hop(second.address(), HopTls::None);
        spare.priority = 20;
        plan.hops.push(spare);
        plan.config = Box::new(|config| config.delivery.final_timeout_s = 1);
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let silences: [fn(&Hop); 5] = [
        |hop| hop.on(Stage::Dot).silence(),
        |hop| hop.on(Stage::Dot).close(),
        |hop| hop.on(Stage::Dot).reset(),
        |hop| hop.on(Stage::Dot).raw(b"hello there\r\n"),
        |hop| hop.on(Stage::Dot).reply("354 go on"),
    ];
    for (n, silence) in silences.iter().enumerate() {
        silence(&world.hop);
        let id = format!("{n}@sender.example");
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("451 4.4.2");
        let event = world.event(|event| event.message_id.as_deref() == Some(&id)).await;
        assert_eq!((event.disposition, event.reason), (Disposition::Unknown, Reason::OutcomeUnknown), "{n}");
        assert!(event.probable_duplicate && event.recipients[0].probable_duplicate, "{n}");
        assert_eq!(event.recipients[0].disposition, Disposition::Unknown);
        assert!(event.dialogue.unwrap().iter().any(|line| line.text == "(content) ."));
        world.hop.behave();
    }
    assert_eq!(world.hop.all_messages().len(), silences.len(), "each went out once");
    assert!(second.connections().is_empty(), "after the dot nobody else is asked");
}

#[tokio::test]
async fn what_may_have_arrived_is_delivered_when_it_comes_again_and_marked_as_a_probable_double() {
    let world = World::with(|plan| plan.config = Box::new(|config| config.delivery.final_timeout_s = 1)).await;
    world.hop.on(Stage::Dot).once().silence();
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("451 4.4.2");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250 2.0.0 Ok");
    let event = world.event(|event| event.disposition == Disposition::Accepted).await;
    assert!(event.probable_duplicate && event.recipients[0].probable_duplicate);
    // Now it is known to be there, and what comes once more is meant.
    client.send_message("x@sender.example", ANNA, &message("two")).await.expect("250 2.0.0 Ok");
    let event = world.event(|event| event.message_id.as_deref() == Some("two@sender.example")).await;
    assert!(!event.probable_duplicate && !event.recipients[0].probable_duplicate);
}

/// Whoever has heard 250 and sends the same again means it: a monitor, a script, a person.
#[tokio::test]
async fn a_sender_that_heard_the_answer_and_sends_the_same_again_is_served_again() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for _ in 0..3 {
        client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250 2.0.0 Ok");
    }
    // QUIT shows it as well, to whoever brings it next.
    client.say("QUIT").await.expect("221");
    let mut another = world.client().await;
    another.say("EHLO client.example").await.expect("250");
    another.send_message("x@sender.example", ANNA, &message("one")).await.expect("250 2.0.0 Ok");
    assert_eq!(world.hop.messages().len(), 4);
}

/// RFC 1047: the answer was sent, and nobody knows whether it was heard.
#[tokio::test]
async fn a_sender_that_left_without_a_word_after_the_answer_may_not_have_heard_it() {
    let world = World::new().await;
    for half_close in [false, true] {
        let id = format!("{half_close}");
        let mut client = world.at_data(ANNA).await;
        client.send(&[&message(&id)[..], b".\r\n"].concat()).await;
        client.reply().await.expect("250 2.0.0 Ok");
        if half_close {
            client.half_close().await.unwrap();
            client.until_closed().await;
        } else {
            client.reset();
        }
        let mut again = world.client().await;
        again.say("EHLO client.example").await.expect("250");
        again.send_message("x@sender.example", ANNA, &message(&id)).await.expect("250 2.0.0 delivered before");
        // It has heard now.
        again.send_message("x@sender.example", ANNA, &message(&id)).await.expect("250 2.0.0 Ok");
    }
    assert_eq!(world.hop.messages().len(), 4);
}

/// Whoever pipelines over the end of a message shows nothing by going on.
#[tokio::test]
async fn what_was_on_its_way_already_does_not_show_that_the_answer_was_heard() {
    let world = World::new().await;
    let mut client = world.at_data(ANNA).await;
    client.send(&[&message("one")[..], b".\r\nMAIL FROM:<>\r\n"].concat()).await;
    client.reply().await.expect("250 2.0.0 Ok");
    client.reply().await.expect("250 2.1.0");
    client.say("RSET").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250 2.0.0 delivered before");
    assert_eq!(world.hop.messages().len(), 1);
}

#[tokio::test]
async fn the_hops_last_word_is_passed_on_in_its_own_words() {
    let world = World::new().await;
    let words = [
        ("554 5.7.1 spam, we think", "554 5.7.1 spam, we think", Disposition::Refused, Reason::HopRefused),
        ("552 5.2.2 mailbox full", "552 5.2.2 mailbox full", Disposition::Refused, Reason::HopRefused),
        ("451 4.7.1 greylisted", "451 4.7.1 greylisted", Disposition::Deferred, Reason::HopDeferred),
        ("550 4.1.1 which?", "550 5.1.1 which?", Disposition::Refused, Reason::HopRefused),
        ("554 no code", "554 5.0.0 no code", Disposition::Refused, Reason::HopRefused),
        ("421 4.3.2 bye", "451 4.4.0", Disposition::Deferred, Reason::HopProtocol),
        ("503 5.5.1 what?", "451 4.4.0", Disposition::Deferred, Reason::HopProtocol),
    ];
    for (n, (said, heard, disposition, reason)) in words.into_iter().enumerate() {
        world.hop.on(Stage::Dot).reply(said);
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect(heard);
        let id = format!("{n}@sender.example");
        let event = world.event(|event| event.message_id.as_deref() == Some(&id)).await;
        assert_eq!((event.disposition, event.reason, event.rule), (disposition, reason, Rule::NextHop), "{said}");
        assert_eq!(event.hop.unwrap().reply.as_deref(), Some(said));
        world.hop.behave();
    }
    assert!(world.hop.messages().is_empty());
}

#[tokio::test]
async fn a_354_behind_a_refused_recipient_never_gets_content() {
    let world = World::new().await;
    world.hop.on(Stage::Rcpt).once().reply("550 5.1.1 no");
    world.hop.on(Stage::Data).once().reply("354 go ahead all the same");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("550 5.1.1");
    // A lone dot, RSET, and the connection is good for the next one.
    let connection = world.hop.until_heard("RSET").await;
    assert!(connection.transcript.contains(&"C: (0 octets) .".to_owned()), "{:?}", connection.transcript);
    client.send_message("x@sender.example", ANNA, &message("two")).await.expect("250");
    let messages = world.hop.messages();
    assert_eq!(messages.iter().filter(|message| !message.bytes.is_empty()).count(), 1);
    assert_eq!(messages.last().unwrap().header("Message-ID").as_deref(), Some("<two@sender.example>"));
}

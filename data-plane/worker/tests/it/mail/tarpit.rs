//! Slow answers to those who guess, and to nobody else.

use std::time::{Duration, Instant};

use contract::policy::Reason;
use pretend::client::Client;

use super::world::{ANNA, World, message};

/// Nobody is exempt; the second mistake waits for `first_delay_ms`.
async fn world(first_delay_ms: u64, shut_after: u32) -> World {
    World::with(|plan| {
        plan.config = Box::new(move |config| {
            let tarpit = &mut config.smtp.tarpit;
            tarpit.after = 1;
            tarpit.first_delay_ms = first_delay_ms;
            tarpit.longest_delay_ms = first_delay_ms * 4;
            tarpit.forgiven_per_minute = 0;
            tarpit.shut_after = shut_after;
            tarpit.exempt = Vec::new();
            config.delivery.max_connections_per_hop = 1;
        });
    })
    .await
}

/// How long the answer took at least.
async fn timed(client: &mut Client, line: &str, expected: &str) -> Duration {
    let began = Instant::now();
    client.say(line).await.expect(expected);
    began.elapsed()
}

#[tokio::test]
async fn the_answer_to_each_further_mistake_comes_later_also_in_the_next_session() {
    let world = world(50, 0).await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<nobody@acme.example>").await.expect("550 5.1.1");
    for (line, expected, at_least_ms) in [
        ("RCPT TO:<nobody2@acme.example>", "550 5.1.1", 50),
        ("HELLO?", "500", 100),
        ("RCPT TO:<no body@acme.example>", "501", 200),
    ] {
        let took = timed(&mut client, line, expected).await;
        assert!(took >= Duration::from_millis(at_least_ms), "{line}: {took:?}");
    }
    let mut next = world.envelope().await;
    assert!(timed(&mut next, "RCPT TO:<x@elsewhere.example>", "550 5.7.1").await >= Duration::from_millis(200));
}

/// The delay here is longer than any wait of a test.
#[tokio::test]
async fn whoever_makes_no_mistake_is_never_slowed_and_nothing_others_need_is_held() {
    let world = world(600_000, 0).await;
    let mut guessing = world.envelope().await;
    // Two recipients: the only connection to the hop is in its hands.
    guessing.say("RCPT TO:<anna@acme.example>").await.expect("250");
    guessing.say("RCPT TO:<bert@acme.example>").await.expect("250");
    guessing.say("RCPT TO:<nobody@acme.example>").await.expect("550 5.1.1");
    guessing.send(b"RCPT TO:<nobody2@acme.example>\r\n").await;
    // The same network, the same hop.
    for n in 0..3 {
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await.expect("250");
        client.say("QUIT").await.expect("221");
    }
    assert_eq!(guessing.unread(), b"");
    // A stop does not wait for it.
    let World { worker, .. } = world;
    let said = async {
        guessing.reply().await.expect("550 5.1.1");
    };
    tokio::join!(worker.stop(), said);
}

#[tokio::test]
async fn answers_that_were_there_before_are_not_held_back() {
    let world = world(600_000, 0).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client
        .send(b"MAIL FROM:<x@sender.example>\r\nRCPT TO:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\nRSET\r\n")
        .await;
    client.reply().await.expect("250 2.1.0");
    client.reply().await.expect("550 5.1.1");
}

#[tokio::test]
async fn a_network_with_far_too_many_mistakes_is_turned_away_at_the_door() {
    let world = world(1, 4).await;
    let mut client = world.envelope().await;
    for n in 0..4 {
        client.say(&format!("RCPT TO:<nobody{n}@acme.example>")).await.expect("550 5.1.1");
    }
    let mut shut = world.client().await;
    shut.banner().unwrap().expect("421 4.7.0 too many mistakes");
    assert!(shut.until_closed().await.is_empty());
    // Whoever is inside may end what was begun.
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
}

#[tokio::test]
async fn refusals_of_a_message_and_groups_that_lost_their_ground_are_no_mistakes() {
    let world = world(600_000, 1).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for n in 0..3 {
        let content = [&message(&n.to_string())[..], b"a\nb\r\n"].concat();
        client.send_message("x@sender.example", ANNA, &content).await.expect("550 5.6.0");
        client.say("MAIL FROM:<x@sender.example> SIZE=99999999999").await.expect("552 5.3.4");
        client.say("RCPT TO:<anna@acme.example>").await.expect("503");
        client.say("DATA").await.expect("503");
    }
    world.event(|event| event.reason == Reason::BareNewline).await;
    world.client().await.banner().unwrap().expect("220");
}

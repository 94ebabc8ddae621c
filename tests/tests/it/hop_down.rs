//! Next hops that cannot be had, and those that have the message without saying so.

use pretend::{
    client::Client,
    gate::Gate,
    hop::{Hop, Stage},
};
use serde_json::{Value, json};
use tests::{Options, System};

const MESSAGE: &[u8] = b"Message-ID: <one@sender.example>\r\n\r\nhello\r\n";

#[tokio::test]
async fn a_hop_that_is_down_means_451_and_the_trace_says_why() {
    let system = System::start().await;
    system.acme().await;
    system.hop.stop().await;
    let mut client = system.smtp().await;
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("451 4.4.1");
    let found = system.rest.until_messages("disposition=deferred", 1).await;
    assert_eq!((&found[0]["rule"], &found[0]["reason"]), (&json!("next_hop"), &json!("hop_unreachable")));
    assert_eq!(found[0]["next_hop"]["port"], json!(system.hop.port()));
    system.hop.restart().await.expect("its port");
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250");
    assert_eq!(system.hop.messages().len(), 1);
    system.end().await;
}

#[tokio::test]
async fn the_next_one_by_priority_takes_over_before_the_end_and_not_after_it() {
    let system = System::start_with(Options {
        worker: Box::new(|config| config.delivery.final_timeout_s = 1),
        ..Options::default()
    })
    .await;
    let acme = system.acme().await;
    let second = Hop::start().await;
    let hop = |port: u16, priority: u16| json!({ "host": "127.0.0.1", "port": port, "priority": priority, "tls": { "level": "none" } });
    system.reroute(&acme, json!([hop(second.port(), 20), hop(system.hop.port(), 10)])).await;
    let mut client = system.smtp().await;
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250");
    assert_eq!((system.hop.messages().len(), second.messages().len()), (1, 0));

    // Whatever fails before the end of the message, the other may have it.
    let stages: [fn(&Hop); 3] = [
        |hop| hop.on(Stage::Connect).reply_and_close("554 5.3.2 not today"),
        |hop| hop.on(Stage::Helo).reply("421 4.3.2 bye"),
        |hop| hop.on(Stage::Mail).close(),
    ];
    for (n, fail) in stages.iter().enumerate() {
        fail(&system.hop);
        let message = format!("Message-ID: <before.{n}@sender.example>\r\n\r\n");
        // A connection of before must not be used again: it would be too good.
        system.hop.restart().await.expect("its port");
        client.send_message("x@sender.example", &["anna@acme.example"], message.as_bytes()).await.expect("250");
        assert_eq!(second.messages().len(), n + 1);
        system.hop.behave();
    }

    system.hop.on(Stage::Dot).silence();
    let message = b"Message-ID: <after@sender.example>\r\n\r\n";
    system.hop.restart().await.expect("its port");
    client.send_message("x@sender.example", &["anna@acme.example"], message).await.expect("451 4.4.2");
    assert_eq!(second.messages().len(), stages.len(), "after the end nobody else is asked");
    let found = system.rest.until_messages("message_id=after@sender.example", 1).await;
    assert_eq!((&found[0]["disposition"], &found[0]["reason"]), (&json!("unknown"), &json!("outcome_unknown")));
    assert_eq!(found[0]["recipients"][0]["probable_duplicate"], json!(true));
    system.end().await;
}

#[tokio::test]
async fn a_sender_that_left_after_the_end_and_comes_again_makes_no_second_copy() {
    let system = System::start().await;
    system.acme().await;
    let gate = Gate::new();
    system.hop.on(Stage::Dot).once().hold(&gate);
    let mut first = system.smtp().await;
    first.say("MAIL FROM:<x@sender.example>").await.expect("250");
    first.say("RCPT TO:<anna@acme.example>").await.expect("250");
    first.say("DATA").await.expect("354");
    first.send(&[MESSAGE, b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    first.reset();

    // Meanwhile it is under way, for whoever brings it.
    let mut again = system.smtp().await;
    again.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("451 4.5.0");
    gate.open();
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    loop {
        let reply = again.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await;
        if reply.is("250") {
            break;
        }
        assert!(reply.is("451 4.5.0") && tokio::time::Instant::now() < deadline, "{reply}");
    }
    assert_eq!(system.hop.all_messages().len(), 1);
    let found = system.rest.until_messages("message_id=one@sender.example&disposition=accepted", 2).await;
    let reasons: Vec<&Value> = found.iter().map(|message| &message["reason"]).collect();
    assert_eq!(reasons, ["already_delivered", "none"]);
    system.end().await;
}

#[tokio::test]
async fn a_sender_that_left_before_the_end_has_not_sent_anything() {
    let system = System::start().await;
    system.acme().await;
    let gate = Gate::new();
    system.hop.on(Stage::Data).once().hold(&gate);
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(&[MESSAGE, b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    closed(client).await;
    gate.open();
    let found = system.rest.until_messages("message_id=one@sender.example", 1).await;
    assert_eq!((&found[0]["disposition"], &found[0]["reason"]), (&json!("aborted"), &json!("client_left")));
    assert!(system.hop.all_messages().is_empty());
    system.end().await;
}

/// Closes, and returns once the other side's system knows.
async fn closed(mut client: Client) {
    client.half_close().await.expect("it was open");
}

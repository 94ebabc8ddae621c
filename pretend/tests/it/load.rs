//! The load client and its ledger: nothing lost, nothing made up, and what goes wrong is counted right.

use std::time::Duration;

use pretend::{
    ca::Ca,
    client::{Client, Trust},
    gate::Gate,
    hop::{Hop, Stage},
    load::{Ledger, Plan, Sink, Slow, run},
};

#[tokio::test]
async fn all_that_is_accepted_arrives_once() {
    let certificate = Ca::new().issue(&["localhost"]);
    for (pipelining, tls, size_bytes) in
        [(true, None, 4_096), (false, None, 100), (true, Some(Trust::Anybody), 300_000)]
    {
        let ledger = Ledger::new(100);
        let sink = Sink::start(&ledger, tls.is_some().then_some(&certificate)).await;
        let plan = Plan { sessions: 10, size_bytes, pipelining, tls, ..Plan::new(vec![sink.address()], "a@b.example") };
        let found = run(plan, &ledger).await;
        assert_eq!((found.sent, found.accepted, found.arrived), (100, 100, 100), "{found}");
        assert_eq!((found.lost, found.doubled, found.unasked, found.breaks), (0, 0, 0, 0), "{found}");
        assert!(sink.connections() <= 20);
    }
}

#[tokio::test]
async fn the_sink_reads_messages_however_they_are_cut() {
    let ledger = Ledger::new(1);
    let sink = Sink::start(&ledger, None).await;
    let id = ledger.message_id(0);
    // The second holds a dot and CRLF in the middle of a line, where the sink may have thrown away what was before.
    let bodies = [
        format!("Message-ID: {id}\r\n.\r\n"),
        format!("Subject: x\r\nMessage-ID: {id}\r\n\r\nxxxx.\r\nyyyy\r\n..\r\n.\r\n"),
        ".\r\n".to_owned(),
        format!("Subject: none\r\n\r\nMessage-ID: {id}\r\n.\r\n"),
    ];
    for body in &bodies {
        for cut in 0..body.len() {
            let mut client = Client::connect(sink.address()).await;
            client.say("DATA").await.expect("354");
            client.send_split(body.as_bytes(), &[cut, cut + 1, cut + 5]).await;
            client.reply().await.expect("250");
            client.say("QUIT").await.expect("221");
        }
    }
    let found = ledger.compare();
    assert_eq!(found.doubled + 1, bodies[0].len() + bodies[1].len(), "{found}");
    // Without an id, and never sent.
    assert_eq!(found.unasked, bodies[2].len() + bodies[3].len() + 1, "{found}");
}

#[tokio::test]
async fn what_is_put_off_is_tried_elsewhere_and_what_is_refused_is_not() {
    let ledger = Ledger::new(40);
    let sink = Sink::start(&ledger, None).await;
    let bad = Hop::start().await;
    bad.on(Stage::Connect).nth(1).reply_and_close("421 4.3.2 Not today");
    bad.on(Stage::Mail).nth(1).reply("451 4.3.0 Later");
    bad.on(Stage::Rcpt).nth(1).reply("450 4.2.0 Later");
    bad.on(Stage::Data).nth(1).close();
    bad.on(Stage::Dot).reply("550 5.7.1 No");
    let plan = Plan {
        sessions: 4,
        messages_per_connection: 2,
        // Else one burst would meet all rules at once.
        pipelining: false,
        pause: Duration::ZERO,
        ..Plan::new(vec![bad.address(), sink.address()], "a@b.example")
    };
    let found = run(plan, &ledger).await;
    assert_eq!(found.accepted + found.refused, 40, "{found}");
    assert_eq!((found.lost, found.doubled, found.unasked, found.arrived), (0, 0, 0, found.accepted), "{found}");
    assert!(found.refused > 0 && found.accepted > 0 && found.deferrals >= 2 && found.breaks >= 2, "{found}");
    assert!(ledger.last_refusal().starts_with("550 5.7.1"));
}

#[tokio::test]
async fn losses_and_doubles_show() {
    let ledger = Ledger::new(10);
    let sink = Sink::start(&ledger, None).await;
    // A hop that says 250 and forgets.
    let forgetful = Hop::start().await;
    let plan = Plan {
        sessions: 1,
        messages_per_connection: 1,
        ..Plan::new(vec![forgetful.address(), sink.address()], "a@b.example")
    };
    let found = run(plan, &ledger).await;
    assert_eq!((found.accepted, found.lost, found.arrived), (10, 5, 5), "{found}");
    for message in forgetful.messages() {
        ledger.arrived(message.header("message-id").expect("it has one").as_bytes());
        ledger.arrived(message.header("message-id").expect("it has one").as_bytes());
    }
    let found = ledger.compare();
    assert_eq!((found.lost, found.arrived, found.doubled), (0, 10, 5), "{found}");
}

#[tokio::test]
async fn patience_ends_and_waits_are_level_triggered() {
    let ledger = Ledger::new(3);
    let sink = Sink::start(&ledger, None).await;
    let nobody = sink.address();
    drop(sink);
    let gone = Hop::start().await;
    gone.stop().await;
    let plan = Plan {
        patience: Duration::ZERO,
        pause: Duration::ZERO,
        ..Plan::new(vec![gone.address(), nobody], "a@b.example")
    };
    let found = run(plan, &ledger).await;
    assert_eq!((found.given_up, found.accepted), (3, 0), "{found}");
    assert!(ledger.try_until_arrived(1, Duration::from_millis(20)).await.is_err());

    let ledger = Ledger::new(2);
    let sink = Sink::start(&ledger, None).await;
    let slow = Some(Slow { chunk_bytes: 500, pause: Duration::from_millis(1) });
    let plan = Plan { slow, size_bytes: 5_000, ..Plan::new(vec![sink.address()], "a@b.example") };
    let found = run(plan, &ledger).await;
    assert_eq!(found.arrived, 2);
    ledger.until_arrived(2).await;
    ledger.until_accepted(2).await;
}

#[tokio::test]
async fn the_refusal_of_a_sole_recipient_is_met_by_a_lone_dot() {
    let hop = Hop::start().await;
    hop.on(Stage::Rcpt).reply("550 5.1.1 Nobody");
    // A server that says 354 all the same.
    hop.on(Stage::Data).reply("354 Go ahead");
    let ledger = Ledger::new(3);
    let plan = Plan { sessions: 1, ..Plan::new(vec![hop.address()], "a@b.example") };
    let found = run(plan, &ledger).await;
    assert_eq!((found.refused, found.breaks), (3, 0), "{found}");
    assert!(hop.all_messages().iter().all(|message| message.bytes.is_empty() && message.rcpt.is_empty()));
    assert_eq!(hop.violations(), Vec::<String>::new());
    let gate = Gate::new();
    assert!(!gate.is_open());
}

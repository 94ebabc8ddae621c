//! A hop does what a strict server does, and what it is told to do instead.

use pretend::{
    client::{Client, Trust},
    gate::Gate,
    hop::{Hop, Stage},
};

async fn greeted(hop: &Hop) -> Client {
    let mut client = Client::connect(hop.address()).await;
    client.say("EHLO client.pretend").await.expect("250");
    client
}

#[tokio::test]
async fn every_message_of_the_corpus_comes_out_as_it_went_in() {
    let hop = Hop::start().await;
    let mut samples = pretend::corpus::files();
    samples.push(pretend::corpus::sized("a megabyte", 1_000_000));
    let mut client = greeted(&hop).await;
    for sample in &samples {
        client.say(&format!("MAIL FROM:<a@b.example>{}", sample.mail_params())).await.expect("250 2.1.0");
        client.say("RCPT TO:<c@d.example>").await.expect("250 2.1.5");
        client.say("DATA").await.expect("354");
        client.send(&pretend::client::stuffed(sample.bytes())).await;
        client.reply().await.expect("250 2.0.0");
    }
    let messages = hop.until_messages(samples.len()).await;
    for (sample, message) in samples.iter().zip(&messages) {
        assert!(*message.bytes == *sample.relayed(), "{} is not what it was", sample.name);
        assert_eq!(message.mail.params, sample.mail_params().trim());
    }
    assert_eq!(hop.violations(), Vec::<String>::new());
    assert_eq!(hop.connections()[0].transactions, samples.len());
}

#[tokio::test]
async fn a_message_is_on_record_before_its_250_is_heard() {
    let hop = Hop::start().await;
    let mut client = greeted(&hop).await;
    for n in 1..=20 {
        client
            .send_message("a@b.example", &["c@d.example", "e@d.example"], b"Subject: x\r\n\r\n.y\r\n")
            .await
            .expect("250");
        assert_eq!(hop.messages().len(), n);
    }
    let message = &hop.messages()[0];
    assert_eq!(message.recipients(), ["c@d.example", "e@d.example"]);
    assert_eq!(message.header("subject").as_deref(), Some("x"));
    assert_eq!((message.number, message.connection), (1, 1));
    assert!(message.bytes.ends_with(b"\r\n.y\r\n"));
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let hop = Hop::start().await;
    let mut client = Client::connect(hop.address()).await;
    client.banner().expect("read").expect("220 hop.pretend");
    for (line, wanted) in [
        ("MAIL FROM:<a@b.example>", "503 5.5.1"),
        ("RCPT TO:<a@b.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("BDAT 5", "500 5.5.2"),
        ("EHLO x", "250 hop.pretend"),
        ("STARTTLS", "502 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:<a@b.example>", "250 2.1.0"),
        ("DATA", "554 5.5.1"),
        ("RCPT TO:<c@d.example> NOTIFY=NEVER", "555 5.5.4"),
        ("RCPT TO:<c@d.example>", "250 2.1.5"),
        ("RSET", "250"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:<a@b.example>", "250"),
        ("EHLO x", "250"),
        ("RCPT TO:<c@d.example>", "503"),
        ("NOOP", "250"),
        ("QUIT", "221 2.0.0"),
    ] {
        client.say(line).await.expect(wanted);
    }
    assert_eq!(client.until_closed().await, b"");
    hop.until_idle().await;
}

#[tokio::test]
async fn a_rule_for_one_recipient_leaves_the_others_alone() {
    let hop = Hop::start().await;
    hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 No such user");
    let mut client = greeted(&hop).await;
    let replies = client
        .burst(&["MAIL FROM:<a@b.example>", "RCPT TO:<Dead@d.example>", "RCPT TO:<good@d.example>", "DATA"])
        .await;
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!(codes, [250, 550, 250, 354]);
    client.send(b"Subject: x\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    assert_eq!(hop.messages()[0].recipients(), ["good@d.example"]);
}

#[tokio::test]
async fn rules_count_occurrences_and_recipients_of_a_transaction() {
    let hop = Hop::start().await;
    hop.on(Stage::Rcpt).recipient(2).reply("452 4.5.3 One at a time");
    hop.on(Stage::Mail).nth(2).reply("451 4.3.0 The second never works");
    hop.on(Stage::Noop).once().reply("250 2.0.0 first");
    let mut client = greeted(&hop).await;
    client.say("NOOP").await.expect("250 2.0.0 first");
    client.say("NOOP").await.expect("250 2.0.0 Ok");
    client.say("MAIL FROM:<a@b.example>").await.expect("250");
    client.say("RCPT TO:<1@d.example>").await.expect("250");
    client.say("RCPT TO:<2@d.example>").await.expect("452 4.5.3");
    client.say("RCPT TO:<3@d.example>").await.expect("250");
    client.say("RSET").await.expect("250");
    client.say("MAIL FROM:<a@b.example>").await.expect("451");
    client.say("MAIL FROM:<a@b.example>").await.expect("250");
    client.say("RCPT TO:<1@d.example>").await.expect("250");
    hop.behave();
    client.say("RCPT TO:<2@d.example>").await.expect("250");
}

#[tokio::test]
async fn a_held_reply_comes_when_the_gate_opens() {
    let hop = Hop::start().await;
    let gate = Gate::new();
    hop.on(Stage::Dot).hold(&gate);
    let address = hop.address();
    let sending = tokio::spawn(async move {
        let mut client = Client::connect(address).await;
        client.say("EHLO x").await.expect("250");
        client.send_message("a@b.example", &["c@d.example"], b"x\r\n").await
    });
    gate.until_waiting(1).await;
    assert!(hop.all_messages().is_empty() && !sending.is_finished());
    gate.open();
    sending.await.expect("it did not panic").expect("250");
    assert_eq!(hop.messages().len(), 1);
}

#[tokio::test]
async fn one_reply_too_many_too_few_or_late_is_just_that() {
    let hop = Hop::start().await;
    let gate = Gate::new();
    hop.on(Stage::Mail).extra("250 2.0.0 Once more");
    hop.on(Stage::Rcpt).skip();
    hop.on(Stage::Rset).extra_later(&gate, "250 2.0.0 Late");
    let mut client = greeted(&hop).await;
    client.say("MAIL FROM:<a@b.example>").await.expect("250 2.1.0");
    client.reply().await.expect("250 2.0.0 Once more");
    client.send(b"RCPT TO:<c@d.example>\r\nNOOP\r\n").await;
    client.reply().await.expect("250 2.0.0 Ok");
    client.say("RSET").await.expect("250 2.0.0 Ok");
    client.say("NOOP").await.expect("250 2.0.0 Ok");
    assert_eq!(client.unread(), b"");
    gate.open();
    client.reply().await.expect("250 2.0.0 Late");
    client.say("NOOP").await.expect("250 2.0.0 Ok");
}

#[tokio::test]
async fn a_hop_closes_resets_and_keeps_silent_at_any_stage() {
    for stage in [Stage::Connect, Stage::Helo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body, Stage::Dot] {
        for how in ["close", "421", "reset"] {
            let hop = Hop::start().await;
            match how {
                "close" => hop.on(stage).close(),
                "421" => hop.on(stage).reply_and_close("421 4.3.2 Going down"),
                _ => hop.on(stage).reset(),
            }
            let mut client = Client::open(hop.address()).await.expect("it listens");
            let script = [
                "EHLO x\r\n",
                "MAIL FROM:<a@b.example>\r\n",
                "RCPT TO:<c@d.example>\r\n",
                "DATA\r\n",
                "some content\r\n.\r\n",
            ];
            for part in script {
                // It may be gone already.
                let _ = client.try_send(part.as_bytes()).await;
                hop.until("the command was seen", |connections| match connections {
                    [one] if one.closed || one.transcript.iter().filter(|line| line.starts_with("C: ")).count() > 0 => {
                        Ok(())
                    }
                    other => Err(format!("{other:?}")),
                })
                .await;
            }
            let said = client.until_closed().await;
            assert_eq!(said.windows(3).any(|three| three == b"421"), how == "421", "{stage:?} {how}");
            hop.until_idle().await;
            assert!(hop.messages().is_empty(), "{stage:?} {how}");
            // Complete, and nobody heard of it.
            assert_eq!(hop.all_messages().len(), usize::from(stage == Stage::Dot), "{stage:?} {how}");
        }
    }
    let hop = Hop::start().await;
    hop.on(Stage::Mail).silence();
    let mut client = greeted(&hop).await;
    client.send(b"MAIL FROM:<a@b.example>\r\nNOOP\r\n").await;
    let silent = hop.until("silence", |connections| {
        connections[0].transcript.last().filter(|line| line.contains("silence")).map(|_| ()).ok_or("not yet".to_owned())
    });
    silent.await;
    assert_eq!(client.unread(), b"");
    drop(client);
    hop.until_idle().await;
}

#[tokio::test]
async fn a_hop_closes_in_the_middle_of_a_message() {
    let hop = Hop::start().await;
    hop.on(Stage::Body).after_octets(10_000).close();
    let mut client = greeted(&hop).await;
    client.burst(&["MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"]).await[2].expect("354");
    client.send(&[b'x'; 9_000]).await;
    client.send(&[b'x'; 2_000]).await;
    client.until_closed().await;
    hop.until_idle().await;
    assert!(hop.all_messages().is_empty());
}

#[tokio::test]
async fn nonsense_and_dripped_replies_arrive_as_told() {
    let hop = Hop::start().await;
    hop.on(Stage::Connect).once().raw(b"SSH-2.0-hop\r\n");
    let error = Client::try_connect(hop.address()).await.expect_err("no banner of SMTP");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    hop.on(Stage::Connect).drip();
    hop.on(Stage::Helo).drip();
    let mut client = Client::connect(hop.address()).await;
    client.say("EHLO x").await.expect("250 hop.pretend");
    hop.on(Stage::Noop).reply("250 one\ntwo\nthree");
    assert_eq!(client.say("NOOP").await.lines, ["one", "two", "three"]);
}

#[tokio::test]
async fn what_is_not_offered_is_refused_and_what_is_rude_is_written_down() {
    let hop = Hop::start().await;
    hop.without("PIPELINING").without("8BITMIME").without("SMTPUTF8").extensions(&["SIZE 20"]);
    let mut client = Client::connect(hop.address()).await;
    let hello = client.say("EHLO x").await;
    assert_eq!(hello.parameter("size"), Some("20"));
    assert!(!hello.lists("PIPELINING"));
    client.say("MAIL FROM:<a@b.example> BODY=8BITMIME").await.expect("555 5.5.4");
    client.say("MAIL FROM:<a@b.example> SIZE=21").await.expect("552 5.3.4");
    assert!(hop.violations().is_empty());
    client.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n").await;
    client.reply().await.expect("250");
    client.reply().await.expect("250");
    client.reply().await.expect("354");
    client.send("ü a bare\nline feed and more\r\n.\r\n".as_bytes()).await;
    client.reply().await.expect("552 5.3.4");
    let violations = hop.violations().join("\n");
    for wanted in ["pipelined without", "a bare CR or LF", "8-bit content"] {
        assert!(violations.contains(wanted), "{wanted} in\n{violations}");
    }
    assert!(hop.messages().is_empty());
    assert_eq!(hop.all_messages().len(), 1);
}

#[tokio::test]
async fn a_lenient_hop_is_one_that_messages_can_be_smuggled_to() {
    let smuggled = b"Subject: one\r\n\r\nx\n.\nMAIL FROM:<evil@b.example>\nRCPT TO:<c@d.example>\nDATA\nSubject: two\n\ny\r\n.\r\n";
    for lenient in [false, true] {
        let hop = Hop::start().await;
        if lenient {
            hop.lenient();
        }
        let mut client = greeted(&hop).await;
        client.burst(&["MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"]).await[2].expect("354");
        client.send(smuggled).await;
        let wanted = if lenient { 2 } else { 1 };
        assert_eq!(hop.until_messages(wanted).await.len(), wanted);
        client.reply().await.expect("250");
        client.say("NOOP").await.expect("250");
        assert_eq!(hop.messages().len(), wanted);
    }
}

#[tokio::test]
async fn tls_is_offered_once_and_can_be_refused_at_each_step() {
    let ca = pretend::ca::Ca::new();
    let hop = Hop::start().await;
    hop.offer_tls(&ca.issue(&["hop.pretend"]));
    let trust = Trust::Authority(ca);
    let mut client = Client::connect(hop.address()).await;
    assert!(client.say("EHLO x").await.lists("STARTTLS"));
    client.start_tls(&trust, "hop.pretend").await.expect("a good certificate");
    client.say("MAIL FROM:<a@b.example>").await.expect("503");
    assert!(!client.say("EHLO x").await.lists("STARTTLS"));
    client.send_message("a@b.example", &["c@d.example"], b"x\r\n").await.expect("250");
    let message = &hop.messages()[0];
    let facts = message.tls.as_ref().expect("under TLS");
    assert_eq!((facts.version.as_str(), facts.server_name.as_deref()), ("TLSv1.3", Some("hop.pretend")));
    assert_eq!(hop.connections()[0].tls.as_ref(), Some(facts));

    for (stage, reply) in [(Stage::StartTls, "454 4.7.0 Not now"), (Stage::Handshake, "")] {
        hop.behave();
        if reply.is_empty() {
            hop.on(stage).close();
        } else {
            hop.on(stage).reply(reply);
        }
        let mut client = greeted(&hop).await;
        client.start_tls(&trust, "hop.pretend").await.expect_err("refused");
        if !reply.is_empty() {
            client.say("NOOP").await.expect("250");
        }
    }
    hop.behave();
    hop.on(Stage::Handshake).raw(b"500 what?\r\n");
    let mut client = greeted(&hop).await;
    client.start_tls(&trust, "hop.pretend").await.expect_err("no TLS");
}

#[tokio::test]
async fn a_hop_that_was_stopped_comes_back_on_the_same_port() {
    let hop = Hop::start().await;
    let mut client = greeted(&hop).await;
    hop.stop().await;
    client.until_closed().await;
    assert!(Client::try_connect(hop.address()).await.is_err());
    hop.restart().await.expect("the port is still free");
    let mut client = greeted(&hop).await;
    client.send_message("a@b.example", &["c@d.example"], b"x\r\n").await.expect("250");
    assert_eq!(hop.until_connections(2).await.len(), 2);
    assert!(hop.until_heard("data").await.number == 2);
}

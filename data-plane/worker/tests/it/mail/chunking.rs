//! BDAT in, DATA out (RFC 3030, A6.6, A6.11).

use std::time::Duration;

use contract::policy::{Disposition, Reason, Rule, settings::BareNewline};
use pretend::{client::Client, corpus, gate::Gate, hop::Stage};

use super::world::{ANNA, World, message, without_received};

fn chunk(content: &[u8], last: bool) -> Vec<u8> {
    let command = format!("BDAT {}{}\r\n", content.len(), if last { " LAST" } else { "" });
    [command.as_bytes(), content].concat()
}

async fn envelope(client: &mut Client) {
    client.say("MAIL FROM:<x@sender.example> BODY=8BITMIME SMTPUTF8").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
}

#[tokio::test]
async fn every_message_of_the_corpus_arrives_octet_for_octet_in_chunks_too() {
    let world = World::new().await;
    let mut samples = corpus::files();
    samples.push(corpus::sized("quarter-and-one", 256 * 1024 + 1));
    samples.push(corpus::ten_mebibytes());
    for sample in &samples {
        for size in [usize::MAX, 100_000, 1_024] {
            if sample.bytes().len() / size > 2_000 {
                continue;
            }
            let mut client = world.client().await;
            assert!(client.say("EHLO client.example").await.lists("CHUNKING"));
            client.say(&format!("MAIL FROM:<{size}@sender.example>{}", sample.mail_params())).await.expect("250");
            client.say("RCPT TO:<anna@acme.example>").await.expect("250");
            let mut wire = Vec::new();
            let mut chunks = 0;
            for part in sample.bytes().chunks(size) {
                wire.extend(chunk(part, false));
                chunks += 1;
            }
            wire.extend(b"BDAT 0 LAST\r\n");
            // All at once: BDAT may be pipelined (RFC 3030 §2).
            client.send(&wire).await;
            for _ in 0..chunks {
                client.reply().await.expect("250 2.0.0 chunk received");
            }
            let reply = client.reply().await;
            assert_eq!(reply.code, 250, "{}: {reply:?}", sample.name);
            let arrived = world.hop.messages().pop().unwrap().bytes;
            assert!(without_received(&arrived) == &*sample.relayed(), "{} was changed", sample.name);
        }
    }
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

/// Design: the only things that are converted are a parameter nobody needs, a U-label, and this.
#[tokio::test]
async fn the_end_that_a_last_line_lacks_is_added_and_nothing_else() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for (content, arrived) in [
        (&b"A: b\r\n\r\nhello"[..], &b"A: b\r\n\r\nhello\r\n"[..]),
        (b"A: b\r\n\r\n.", b"A: b\r\n\r\n.\r\n"),
        (b"A: c\r\n\r\n.\r\n.\r\n..\r\n", b"A: c\r\n\r\n.\r\n.\r\n..\r\n"),
        (b"A: b", b"A: b\r\n"),
    ] {
        envelope(&mut client).await;
        client.send(&chunk(content, true)).await;
        client.reply().await.expect("250");
        let message = world.hop.messages().pop().unwrap();
        assert_eq!(without_received(&message.bytes), arrived);
        // What was announced at MAIL is what came.
        let size = message.mail.params.split(' ').find_map(|word| word.strip_prefix("SIZE=")).unwrap();
        assert_eq!(size.parse(), Ok(message.bytes.len()), "{}", message.mail.params);
    }
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

/// A6.6: what would end DATA at a careless hop is refused, or made whole, before it goes out as DATA.
#[tokio::test]
async fn a_chunk_cannot_smuggle_what_data_could_not() {
    const SMUGGLED: &[u8] =
        b"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";
    let ends: [&[u8]; 8] =
        [b"\r\n.\r\n", b"\n.\r\n", b"\r\n.\n", b"\n.\n", b"\r.\r", b"\r\n\0.\r\n", b"\n\r\n.\r\n", b"\r\n.\r"];
    for policy in [BareNewline::Reject, BareNewline::Normalize] {
        let world = World::with(|plan| plan.policy.bare_newline = Some(policy)).await;
        world.hop.lenient();
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        let mut accepted = 0;
        for (n, end) in ends.iter().enumerate() {
            let content = [format!("Message-ID: <{n}@x.example>\r\n\r\nbody").as_bytes(), end, SMUGGLED].concat();
            let at = content.len() - SMUGGLED.len() - end.len();
            for seam in at..=at + end.len() {
                envelope(&mut client).await;
                let (first, second) = content.split_at(seam);
                client.send(&[chunk(first, false), chunk(second, true)].concat()).await;
                client.reply().await.expect("250 2.0.0 chunk received");
                let reply = client.reply().await;
                assert!(matches!(reply.code, 250 | 550), "{} at {seam}: {reply}", end.escape_ascii());
                accepted += usize::from(reply.code == 250);
                client.say("NOOP").await.expect("250");
            }
        }
        let messages = world.hop.all_messages();
        assert_eq!(messages.len(), accepted);
        assert!(messages.iter().all(|message| message.mail.address == "x@sender.example"), "smuggled");
        assert!(accepted >= 6, "{accepted}");
        assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
    }
}

#[tokio::test]
async fn a_whole_transaction_may_come_at_once_and_each_answer_is_its_own() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let mut wire = Vec::new();
    for n in 0..20 {
        wire.extend(b"MAIL FROM:<x@sender.example>\r\nRCPT TO:<anna@acme.example>\r\n");
        wire.extend(chunk(&message(&n.to_string()), true));
    }
    wire.extend(b"QUIT\r\n");
    client.send(&wire).await;
    for _ in 0..60 {
        client.reply().await.expect("250");
    }
    client.reply().await.expect("221");
    assert_eq!(world.hop.messages().len(), 20);
}

/// What was answered before the message is not kept back until the hop has spoken.
#[tokio::test]
async fn the_answers_to_an_envelope_do_not_wait_for_the_hop() {
    let world = World::new().await;
    let gate = Gate::new();
    world.hop.on(Stage::Dot).once().hold(&gate);
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let envelope = b"MAIL FROM:<x@sender.example>\r\nRCPT TO:<anna@acme.example>\r\n";
    client.send(&[envelope, &chunk(&message("one"), true)[..]].concat()).await;
    client.reply().await.expect("250 2.1.0");
    client.reply().await.expect("250 2.1.5");
    gate.until_waiting(1).await;
    gate.open();
    client.reply().await.expect("250 2.0.0");
}

#[tokio::test]
async fn size_and_memory_are_looked_at_as_octets_arrive_and_the_rest_is_swallowed() {
    const MIB: u64 = 1024 * 1024;
    let world = World::with(|plan| {
        plan.policy.max_message_size_bytes = Some(300_000);
        plan.config = Box::new(|config| config.delivery.budget_bytes = 4 * MIB);
    })
    .await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    envelope(&mut client).await;
    // The second chunk passes the limit: it is refused then, and what is on its way already is forgotten.
    let block = b"0123456789012345678901234567890123456789\r\n".repeat(5_000);
    let head = chunk(b"Message-ID: <large@x.example>\r\n\r\n", false);
    client.send(&[&head[..], &chunk(&block, false), &chunk(&block, false), &chunk(b"QUIT\r\n", true)].concat()).await;
    let codes = [client.reply().await.code, client.reply().await.code, client.reply().await.code];
    assert_eq!(codes, [250, 250, 552]);
    client.reply().await.expect("503 5.5.1");
    let event = world.event(|_| true).await;
    assert_eq!(
        (event.disposition, event.rule, event.reason),
        (Disposition::Refused, Rule::MessageForm, Reason::TooLarge)
    );
    assert_eq!(event.message_id.as_deref(), Some("large@x.example"));
    client.send_message("x@sender.example", ANNA, &message("next")).await.expect("250");

    // A size is only a claim: nothing is set aside for it.
    let mut claims = Vec::new();
    for _ in 0..20 {
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        envelope(&mut client).await;
        client.send(b"BDAT 18446744073709551615 LAST\r\nSubject: huge\r\n").await;
        claims.push(client);
    }
    client.send_message("x@sender.example", ANNA, &message("after")).await.expect("250");
}

#[tokio::test]
async fn a_message_that_is_dropped_between_chunks_gives_back_what_it_held() {
    const MIB: u64 = 1024 * 1024;
    let world = World::with(|plan| plan.config = Box::new(|config| config.delivery.budget_bytes = 4 * MIB)).await;
    let block = b"0123456789012345678901234567890123456789\r\n".repeat(20_000);
    let mut client = world.client().await;
    for (n, end) in ["RSET", "EHLO client.example", "HELO client.example", "QUIT"].into_iter().enumerate() {
        client.say("EHLO client.example").await.expect("250");
        envelope(&mut client).await;
        client.send(&chunk(&block, false)).await;
        client.reply().await.expect("250 2.0.0 chunk received");
        assert!(client.say(end).await.is_positive());
        let event = world.plane.until("its end", |plan| plan.events.get(n).map(|_| ())).await;
        let () = event;
    }
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    envelope(&mut client).await;
    client.send(&chunk(&[&message("whole")[..], &block].concat(), true)).await;
    client.reply().await.expect("250 2.0.0");
    assert_eq!(world.hop.messages().len(), 1);
}

#[tokio::test]
async fn who_waits_too_long_within_or_between_chunks_is_sent_away() {
    for within in [false, true] {
        let world = World::with(|plan| plan.config = Box::new(|config| config.smtp.data_timeout_s = 1)).await;
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        envelope(&mut client).await;
        client.send(&chunk(b"Subject: x\r\n", false)).await;
        client.reply().await.expect("250");
        if within {
            client.send(b"BDAT 100 LAST\r\nhalf").await;
        }
        client.reply().await.expect("421 4.4.2");
        client.until_closed().await;
        let event = world.event(|_| true).await;
        assert_eq!((event.disposition, event.reason), (Disposition::Aborted, Reason::Timeout), "{within}");
    }
    // Nor does a drop now and then keep it alive, even where all of it is only to be forgotten.
    let world = World::with(|plan| plan.config = Box::new(|config| config.smtp.max_message_s = 1)).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send(b"BDAT 1000000\r\n").await;
    let trickled = client.trickle(&[b'x'; 1_000], 1, Duration::from_millis(20)).await;
    assert!(trickled.is_err(), "it is still listened to");
}

#[tokio::test]
async fn the_trace_shows_where_chunks_begin_and_end_and_not_each_of_them() {
    let world = World::new().await;
    world.hop.on(Stage::Dot).reply("554 5.7.1 no");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    envelope(&mut client).await;
    let mut wire = chunk(b"Subject: x\r\n\r\n", false);
    for _ in 0..2_000 {
        wire.extend(chunk(&[&b"x".repeat(76)[..], b"\r\n"].concat(), false));
    }
    wire.extend(b"BDAT 0 LAST\r\n");
    client.send(&wire).await;
    for _ in 0..2_001 {
        client.reply().await.expect("250");
    }
    client.reply().await.expect("554 5.7.1 no");
    let event = world.event(|_| true).await;
    let dialogue = event.dialogue.unwrap();
    let said: Vec<_> = dialogue.iter().map(|line| line.text.as_str()).filter(|text| text.contains("BDAT")).collect();
    assert_eq!(said, ["BDAT 14", "BDAT 0 LAST"]);
    assert!(dialogue.len() < 30, "{}", dialogue.len());
}

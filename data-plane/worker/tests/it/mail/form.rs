//! What a message must be like, and that it arrives as it was: smuggling (A6), the corpus, our Received field.

use contract::policy::{Disposition, Reason, Rule, settings::BareNewline};
use pretend::{
    client::{Client, Trust, stuffed},
    corpus,
    hop::Stage,
};

use super::world::{ANNA, World, message, without_received};

/// Ends of data that are none (A6.2).
const FALSE_ENDS: &[&[u8]] = &[
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\n",
    b"\n.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n.\r\r\n",
    b"\n\r.\r\n",
    b"\r\n.\r \n",
];
const SMUGGLED: &[u8] =
    b"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";

fn with_false_end(n: usize, end: &[u8]) -> Vec<u8> {
    [format!("Message-ID: <{n}@x.example>\r\n\r\nbody").as_bytes(), end, SMUGGLED].concat()
}

/// Sends it in two pieces that part there; what is said to it.
async fn sent(client: &mut Client, content: &[u8], split: usize) -> u16 {
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send_split(content, &[split]).await;
    client.reply().await.code
}

/// A6.17, to a hop that would fall for it: nothing of the content is ever a command, whatever the split.
#[tokio::test]
async fn no_variant_makes_two_messages_of_one_at_any_split() {
    for tls in [false, true] {
        let world = World::new().await;
        world.hop.lenient();
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        if tls {
            client.start_tls(&Trust::Anybody, "mx.postern.example").await.unwrap();
            client.say("EHLO client.example").await.expect("250");
        }
        for (n, end) in FALSE_ENDS.iter().enumerate() {
            let content = with_false_end(n, end);
            let at = content.len() - SMUGGLED.len() - end.len();
            for split in at..=at + end.len() + 1 {
                let code = sent(&mut client, &content, split).await;
                assert_eq!(code, 550, "{} at {split}", end.escape_ascii());
                // The session is where it should be.
                client.say("NOOP").await.expect("250");
            }
        }
        assert!(world.hop.all_messages().is_empty());
        let event = world.event(|event| event.reason == Reason::BareNewline).await;
        assert_eq!((event.disposition, event.rule), (Disposition::Refused, Rule::MessageForm));
        world.event(|event| event.reason == Reason::NulOctet).await;
    }
}

/// A6.3, A6.4: what is repaired is repaired before dots are looked at, and a bare CR never is.
#[tokio::test]
async fn a_bare_lf_can_be_made_whole_and_still_makes_no_second_message() {
    let world = World::with(|plan| plan.policy.bare_newline = Some(BareNewline::Normalize)).await;
    world.hop.lenient();
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let mut repaired = Vec::new();
    for (n, end) in FALSE_ENDS.iter().enumerate() {
        let content = with_false_end(n, end);
        let code = sent(&mut client, &content, content.len() - SMUGGLED.len()).await;
        let hopeless = end.contains(&0)
            || end.iter().enumerate().any(|(at, octet)| *octet == b'\r' && end.get(at + 1) != Some(&b'\n'));
        assert_eq!(code, if hopeless { 550 } else { 250 }, "{}", end.escape_ascii());
        // A dot right behind CRLF is SMTP's, and goes.
        let line = if end.starts_with(b"\r\n.") { "" } else { "." };
        repaired.extend((!hopeless).then_some(line));
        client.say("NOOP").await.expect("250");
    }
    let messages = world.hop.all_messages();
    assert_eq!((messages.len(), repaired.len()), (3, 3));
    for (message, line) in messages.iter().zip(repaired) {
        assert_eq!(message.mail.address, "x@sender.example", "a smuggled message arrived");
        let text = String::from_utf8_lossy(&message.bytes).into_owned();
        let smuggled = String::from_utf8_lossy(SMUGGLED.strip_suffix(b".\r\n").unwrap());
        assert!(text.ends_with(&format!("body\r\n{line}\r\n{smuggled}")), "{text:?}");
    }
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

/// A6.7, A6.14.
#[tokio::test]
async fn every_message_of_the_corpus_arrives_octet_for_octet() {
    let world = World::new().await;
    let mut samples = corpus::files();
    samples.push(corpus::ten_mebibytes());
    samples.push(corpus::sized("quarter-and-one", 256 * 1024 + 1));
    samples.push(corpus::line_of("longest-line", 65_536));
    for several in [false, true] {
        for sample in &samples {
            let mut client = world.client().await;
            client.say("EHLO client.example").await.expect("250");
            client.say(&format!("MAIL FROM:<{several}@sender.example>{}", sample.mail_params())).await.expect("250");
            client.say("RCPT TO:<anna@acme.example>").await.expect("250");
            if several {
                client.say("RCPT TO:<bert@acme.example>").await.expect("250");
            }
            client.say("DATA").await.expect("354");
            client.send(&stuffed(sample.bytes())).await;
            let reply = client.reply().await;
            assert_eq!(reply.code, 250, "{}: {reply:?}", sample.name);
            let arrived = world.hop.messages().pop().unwrap().bytes;
            assert!(without_received(&arrived) == &*sample.relayed(), "{} was changed", sample.name);
        }
    }
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

#[tokio::test]
async fn our_received_field_says_who_how_and_for_whom() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO [192.0.2.7]").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let received = world.hop.messages()[0].header("Received").unwrap();
    let event = world.event(|_| true).await;
    for part in ["from [192.0.2.7]", "127.0.0.1", "by mx.postern.example", "with ESMTP", "for <anna@acme.example>"] {
        assert!(received.contains(part), "{part} in {received}");
    }
    assert!(received.contains(&event.id.to_string()), "{received} is found by {}", event.id);
}

struct Case {
    what: &'static str,
    content: &'static [u8],
    reply: &'static str,
    reason: Reason,
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { what: "A6.18: begins with white space", content: b" folded\r\nSubject: x\r\n\r\n", reply: "550 5.6.0", reason: Reason::HeaderBoundary },
    Case { what: "A6.18: begins with a tab", content: b"\tfolded\r\n\r\n", reply: "550 5.6.0", reason: Reason::HeaderBoundary },
    Case { what: "A6.18: begins with no field", content: b"hello\r\nSubject: x\r\n\r\n", reply: "550 5.6.0", reason: Reason::HeaderBoundary },
    Case { what: "A6.18: begins as an mbox does", content: b"From x@y Mon Jan  1\r\nSubject: x\r\n\r\n", reply: "550 5.6.0", reason: Reason::HeaderBoundary },
    Case { what: "A6.15: a line of the header is no field", content: b"Subject: x\r\nno field\r\n\r\n", reply: "550 5.6.0", reason: Reason::HeaderBoundary },
    Case { what: "A6.15: a line of CR", content: b"Subject: x\r\n\r\r\nbody\r\n", reply: "550 5.6.0", reason: Reason::BareNewline },
    Case { what: "A6.2: NUL", content: b"Subject: x\r\n\r\n\0\r\n", reply: "550 5.6.0", reason: Reason::NulOctet },
    Case { what: "A6.3: a bare CR", content: b"Subject: x\r\n\r\na\rb\r\n", reply: "550 5.6.0", reason: Reason::BareNewline },
    Case { what: "A6.3: a bare LF", content: b"Subject: x\r\n\r\na\nb\r\n", reply: "550 5.6.0", reason: Reason::BareNewline },
];

#[tokio::test]
async fn what_two_readers_would_read_differently_is_refused_after_its_real_end() {
    let world = World::new().await;
    for case in CASES {
        let mut client = world.at_data(ANNA).await;
        client.send(&[case.content, b".\r\n"].concat()).await;
        let reply = client.reply().await;
        assert!(reply.is(case.reply), "{}: {reply}", case.what);
        client.say("NOOP").await.expect("250");
        let event = world.event(|event| event.reason == case.reason).await;
        assert_eq!((event.disposition, event.rule), (Disposition::Refused, Rule::MessageForm), "{}", case.what);
    }
    assert!(world.hop.connections().is_empty(), "nobody was bothered with it");
}

/// A6.12: also where it was clear from the middle on that it would be refused.
#[tokio::test]
async fn the_rest_of_a_message_that_is_too_large_is_never_read_as_commands() {
    let world = World::with(|plan| plan.policy.max_message_size_bytes = Some(65_536)).await;
    let mut client = world.client().await;
    let ehlo = client.say("EHLO client.example").await;
    assert_eq!(ehlo.parameter("SIZE"), Some("65536"));
    client.say("MAIL FROM:<x@sender.example> SIZE=65537").await.expect("552 5.3.4");
    let mut content = message("large");
    content.extend(b"RSET\r\nMAIL FROM:<smuggled@bad.example>\r\n".repeat(4_000));
    client.send_message("x@sender.example", ANNA, &content).await.expect("552 5.3.4");
    client.say("RCPT TO:<anna@acme.example>").await.expect("503");
    let event = world.event(|event| event.reason == Reason::TooLarge).await;
    assert_eq!(event.size_bytes, Some(content.len() as u64));
    assert!(world.hop.connections().is_empty());
}

#[tokio::test]
async fn a_line_beyond_the_limit_is_refused_and_nothing_is_folded() {
    let world = World::with(|plan| plan.policy.max_line_octets = Some(998)).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    let fits = corpus::line_of("fits", 998);
    client.send_message("x@sender.example", ANNA, fits.bytes()).await.expect("250");
    assert_eq!(without_received(&world.hop.messages()[0].bytes), fits.bytes());
    let long = corpus::line_of("long", 999);
    client.send_message("x@sender.example", ANNA, long.bytes()).await.expect("550 5.6.0");
}

/// A6.9, A6.11: what must be the last of its group is.
#[tokio::test]
async fn input_where_none_may_be_ends_the_session() {
    let world = World::new().await;
    for (group, expected) in [
        (&b"EHLO a.example\r\nNOOP\r\n"[..], &b"554 5.5.0"[..]),
        (b"QUIT\r\nNOOP\r\n", b"554 5.5.0"),
        (b"BDAT five LAST\r\n", b"501 5.5.4"),
        (b"NOOP\nNOOP\r\n", b"500 5.5.2"),
    ] {
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.send(group).await;
        let said = client.until_closed().await;
        assert!(said.starts_with(expected), "{}: {}", group.escape_ascii(), said.escape_ascii());
        assert_eq!(String::from_utf8_lossy(&said).matches("\r\n").count(), 1, "{}", said.escape_ascii());
    }
    let mut client = world.envelope().await;
    client.send(b"RCPT TO:<anna@acme.example>\r\nDATA\r\nSubject: early\r\n\r\n.\r\n").await;
    let said = client.until_closed().await;
    assert!(
        said.ends_with(b"closing\r\n") && !String::from_utf8_lossy(&said).contains("354"),
        "{}",
        said.escape_ascii()
    );
    let event = world.event(|_| true).await;
    assert_eq!((event.disposition, event.reason), (Disposition::Aborted, Reason::Pipelining));
    assert!(world.hop.connections().is_empty());
}

/// What the hop cannot take is refused in the session; the only conversion is an unneeded parameter dropped.
#[tokio::test]
async fn what_a_hop_lacks_is_refused_where_it_is_needed() {
    const PLAIN: &[u8] = b"Subject: plain\r\n\r\nhello\r\n";
    const EIGHT_BIT: &[u8] = b"Subject: eight\r\n\r\nh\xc3\xa4llo\r\n";
    const UTF8: &[u8] = b"Subject: \xc3\xa4\r\n\r\nhello\r\n";
    /// What the hop lacks, MAIL's parameters, the recipient, the message, the reply and its reason.
    type Lacking = (&'static str, &'static str, &'static str, &'static [u8], &'static str, Reason);
    let cases: &[Lacking] = &[
        ("8BITMIME", "", "anna", EIGHT_BIT, "554 5.6.3", Reason::HopLacksEightBitMime),
        ("8BITMIME", " BODY=8BITMIME", "anna", EIGHT_BIT, "554 5.6.3", Reason::HopLacksEightBitMime),
        ("8BITMIME", " BODY=8BITMIME", "anna", PLAIN, "250", Reason::None),
        ("SMTPUTF8", " SMTPUTF8 BODY=8BITMIME", "anna", UTF8, "550 5.6.7", Reason::HopLacksSmtpUtf8),
        ("SMTPUTF8", " SMTPUTF8", "δοκιμή", PLAIN, "550 5.6.7", Reason::HopLacksSmtpUtf8),
        ("SMTPUTF8", " SMTPUTF8", "anna", PLAIN, "250", Reason::None),
        ("SIZE", " SIZE=100", "anna", PLAIN, "250", Reason::None),
        ("PIPELINING", "", "anna", PLAIN, "250", Reason::None),
        ("ENHANCEDSTATUSCODES", "", "anna", PLAIN, "250", Reason::None),
        ("nothing", " SMTPUTF8 BODY=8BITMIME", "δοκιμή", UTF8, "250", Reason::None),
    ];
    for several in [false, true] {
        for (n, &(lacking, parameters, local, content, expected, reason)) in cases.iter().enumerate() {
            let world = World::new().await;
            world.hop.without(lacking);
            let content = [format!("X-Case: {n}\r\n").as_bytes(), content].concat();
            let mut client = world.client().await;
            client.say("EHLO client.example").await.expect("250");
            client.say(&format!("MAIL FROM:<x@sender.example>{parameters}")).await.expect("250");
            client.say(&format!("RCPT TO:<{local}@acme.example>")).await.expect("250");
            if several {
                let reply = client.say("RCPT TO:<bert@acme.example>").await;
                assert!(reply.is("250") || reply.is("452 4.5.3"), "{lacking}: {reply}");
            }
            client.say("DATA").await.expect("354");
            client.send(&stuffed(&content)).await;
            let reply = client.reply().await;
            assert!(reply.is(expected), "without {lacking},{parameters}: {reply}");
            let arrived = world.hop.all_messages();
            assert_eq!(arrived.len(), usize::from(expected == "250"), "without {lacking}");
            if let Some(arrived) = arrived.first() {
                assert!(!arrived.mail.params.contains(lacking), "{:?}", arrived.mail);
                assert_eq!(without_received(&arrived.bytes), content);
            }
            let event = world.event(|_| true).await;
            assert_eq!(event.reason, reason, "without {lacking}");
            assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
        }
    }
}

#[tokio::test]
async fn a_hop_that_takes_less_than_we_do_is_asked_by_size() {
    let world = World::new().await;
    world.hop.extensions(&["PIPELINING", "SIZE 1000", "8BITMIME"]);
    let large = [&message("one")[..], "0123456789\r\n".repeat(200).as_bytes()].concat();
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &large).await.expect("552 5.3.4");
    let event = world.event(|_| true).await;
    assert_eq!((event.rule, event.reason), (Rule::NextHopExtensions, Reason::HopSize));
    // A hop that changes its mind about what it said is heard.
    world.hop.behave();
    world.hop.extensions(&["PIPELINING", "8BITMIME"]);
    world.hop.on(Stage::Mail).reply("552 5.3.4 too large after all");
    world.hop.restart().await.unwrap();
    client.send_message("x@sender.example", ANNA, &large).await.expect("552 5.3.4 too large after all");
}

/// The one conversion of an address: a domain in its own script goes as an A-label, which any hop takes.
#[tokio::test]
async fn a_domain_in_its_own_script_goes_to_a_hop_without_smtputf8_as_an_a_label() {
    let world = World::new().await;
    world.hop.without("SMTPUTF8");
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say("MAIL FROM:<x@b\u{fc}cher.example> SMTPUTF8").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    let message = world.hop.messages().pop().unwrap();
    assert_eq!(message.mail.address, "x@xn--bcher-kva.example");
    assert!(!message.mail.params.contains("SMTPUTF8"), "{}", message.mail.params);
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
}

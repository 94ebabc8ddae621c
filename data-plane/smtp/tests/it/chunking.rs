//! BDAT (RFC 3030): octets are counted and never read as commands, whatever becomes of a chunk (A6.6, A6.11).

use contract::mail::{EnhancedCode, Reply};
use proptest::prelude::*;
use smtp::{Said, server::Config};

use crate::driver::{Driver, Message, config};

const ENVELOPE: &str = "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n";

fn full() -> Reply {
    Reply::new(452, EnhancedCode::new(4, 3, 1), "no room")
}

fn chunk(content: &[u8], last: bool) -> Vec<u8> {
    let command = format!("BDAT {}{}\r\n", content.len(), if last { " LAST" } else { "" });
    [command.as_bytes(), content].concat()
}

fn codes(replies: &[String]) -> Vec<&str> {
    replies.iter().map(|reply| &reply[..3]).collect()
}

/// Looks like commands, an end of data, another chunk; and has dots at the start of lines.
const TRAP: &[u8] =
    b"Subject: x\r\n\r\n.\r\nQUIT\r\n..\r\nBDAT 5 LAST\r\nRSET\r\nMAIL FROM:<evil@a.example>\r\n\r\n.\r\n.";

#[test]
fn a_message_in_chunks_is_the_same_at_every_split() {
    let (first, second) = TRAP.split_at(30);
    let wire = [
        ENVELOPE.as_bytes(),
        &chunk(first, false),
        &chunk(b"", false),
        &chunk(second, false),
        b"BDAT 0 LAST\r\n",
        ENVELOPE.as_bytes(),
        &chunk(b"Subject: y\r\n\r\n", true),
        b"RSET\r\n",
    ]
    .concat();
    let expected = ["250", "250", "250", "250", "250", "250", "250", "250", "250", "250"];
    let whole = {
        let mut driver = Driver::greeted();
        assert_eq!(codes(&driver.send(&wire)), expected);
        driver.messages
    };
    assert_eq!(whole.len(), 2);
    // No dot is taken away, none ends anything.
    assert_eq!(whole[0].content, TRAP);
    assert!(whole[0].facts.unfinished_line && !whole[1].facts.unfinished_line);
    for split in 0..=wire.len() {
        let mut driver = Driver::greeted();
        let mut replies = driver.send(&wire[..split]);
        replies.extend(driver.send(&wire[split..]));
        assert_eq!(codes(&replies), expected, "at {split}");
        assert_eq!(driver.messages, whole, "at {split}");
    }
    let mut driver = Driver::greeted();
    let replies: Vec<_> = wire.iter().flat_map(|&octet| driver.send(&[octet])).collect();
    assert_eq!(codes(&replies), expected);
    assert_eq!(driver.messages, whole);
}

#[test]
fn newlines_are_looked_at_over_the_seams_of_chunks() {
    let cases: [(&[&[u8]], bool, bool); 6] = [
        (&[b"A: b\r\n\r\nx\r", b"\ny\r\n"], false, false),
        (&[b"A: b\r\n\r\nx\r", b"y\r\n"], true, false),
        (&[b"A: b\r\n\r\nx", b"\n.\r\n"], false, true),
        (&[b"A: b\r\n\r\nx\r\n", b"\n"], false, true),
        (&[b"A: b\r\n\r\nx\r", b""], true, false),
        (&[b"A: b\r\n\r\nx\n.\r", b"\nMAIL FROM:<>\r\n"], false, true),
    ];
    for (chunks, bare_cr, bare_lf) in cases {
        let mut driver = Driver::open();
        for part in chunks {
            driver.send(&chunk(part, false));
        }
        driver.send(b"BDAT 0 LAST\r\n");
        let facts = &driver.messages[0].facts;
        assert_eq!((facts.bare_cr, facts.bare_lf), (bare_cr, bare_lf), "{chunks:?}");
    }
}

/// What was said before, the chunk's answer, and whether the transaction is over then.
const OUT_OF_PLACE: &[(&str, &[&str], &str)] = &[
    ("RFC 3030 §2: before MAIL", &[], "503 5.5.1"),
    ("before RCPT", &["MAIL FROM:<a@a.example>"], "503 5.5.1"),
    ("after the last chunk", &["MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "BDAT 0 LAST"], "503 5.5.1"),
    ("after RSET", &["MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "BDAT 0", "RSET"], "503 5.5.1"),
];

#[test]
fn a_chunk_out_of_place_is_read_to_its_end_and_then_refused() {
    for (what, before, said) in OUT_OF_PLACE {
        let wire = [&chunk(TRAP, true)[..], b"NOOP\r\n"].concat();
        for split in [wire.len(), 13, 20, wire.len() - 7] {
            let mut driver = Driver::greeted();
            for line in *before {
                driver.say(line);
            }
            let messages = driver.messages.len();
            let mut replies = driver.send(&wire[..split]);
            replies.extend(driver.send(&wire[split..]));
            assert_eq!(replies.len(), 2, "{what}: {replies:?}");
            assert!(replies[0].starts_with(said), "{what}: {replies:?}");
            assert_eq!(replies[1], "250 2.0.0 ok", "{what}");
            assert_eq!(driver.messages.len(), messages, "{what}");
        }
    }
}

#[test]
fn a_chunk_without_recipients_ends_the_transaction_and_what_follows_is_not_the_message() {
    let mut driver = Driver::greeted();
    driver.say("MAIL FROM:<a@a.example>");
    driver.answer_next(Reply::new(550, EnhancedCode::new(5, 1, 1), "no"));
    driver.say("RCPT TO:<gone@b.example>");
    let group = [&chunk(TRAP, false)[..], b"RCPT TO:<b@b.example>\r\n", &chunk(TRAP, true)].concat();
    let replies = driver.send(&group);
    assert_eq!(codes(&replies), ["554", "503", "503"]);
    assert!(driver.messages.is_empty() && driver.dropped == 1);
    assert!(driver.say("MAIL FROM:<a@a.example>").starts_with("250"));
}

#[test]
fn between_chunks_only_what_does_not_touch_the_transaction_is_taken() {
    let mut driver = Driver::open();
    driver.send(&chunk(b"A: b\r\n", false));
    for line in ["MAIL FROM:<>", "RCPT TO:<c@b.example>", "DATA", "STARTTLS"] {
        assert!(driver.say(line).starts_with("503 5.5.1"), "{line}");
    }
    for line in ["NOOP", "VRFY x", "HELP"] {
        assert!(driver.say(line).starts_with('2'), "{line}");
    }
    assert_eq!(driver.send(&chunk(b"\r\nend\r\n", true)), ["250 2.0.0 delivered"]);
    assert_eq!(driver.messages[0].content, b"A: b\r\n\r\nend\r\n");
    assert_eq!(driver.messages[0].envelope.recipients.len(), 1);
}

#[test]
fn rset_ehlo_and_quit_between_chunks_drop_what_came() {
    for (line, code) in [("RSET", "250"), ("EHLO x.example", "250"), ("HELO x.example", "250"), ("QUIT", "221")] {
        let mut driver = Driver::open();
        driver.send(&chunk(b"A: first\r\n", false));
        assert!(driver.say(line).starts_with(code), "{line}");
        assert_eq!((driver.dropped, driver.messages.len()), (1, 0), "{line}");
        if line == "RSET" {
            driver.send(ENVELOPE.as_bytes());
            driver.send(&chunk(b"A: second\r\n", true));
            assert_eq!(driver.messages[0].content, b"A: second\r\n");
        }
    }
}

#[test]
fn data_and_bdat_may_follow_each_other_in_a_session_but_not_in_a_transaction() {
    let mut driver = Driver::receiving();
    driver.send(b"A: data\r\n.\r\n");
    driver.send(ENVELOPE.as_bytes());
    driver.send(&chunk(b"A: bdat\r\n", true));
    driver.send(ENVELOPE.as_bytes());
    driver.say("DATA");
    driver.send(b"A: data\r\nBDAT 3 LAST\r\n.\r\n");
    let contents: Vec<_> = driver.messages.iter().map(|message| message.content.as_slice()).collect();
    assert_eq!(contents, [&b"A: data\r\n"[..], b"A: bdat\r\n", b"A: data\r\nBDAT 3 LAST\r\n"]);
}

#[test]
fn after_a_refused_chunk_those_on_their_way_are_read_and_forgotten() {
    let mut driver = Driver::open();
    driver.answer_next(full());
    let mut group = chunk(b"A: b\r\n", false);
    for _ in 0..50 {
        group.extend(chunk(TRAP, false));
    }
    group.extend(chunk(TRAP, true));
    group.extend(ENVELOPE.as_bytes());
    group.extend(chunk(b"A: next\r\n", true));
    let replies = driver.send(&group);
    assert_eq!(replies[0], "452 4.3.1 no room");
    // It is not the sender's fault: none of them counts as a mistake.
    assert!(replies[1..52].iter().all(|reply| reply.starts_with("503 5.5.1")), "{replies:?}");
    assert_eq!(codes(&replies[52..]), ["250", "250", "250"]);
    assert_eq!(driver.messages.len(), 1);
    assert_eq!(driver.messages[0].content, b"A: next\r\n");
}

#[test]
fn a_chunk_whose_size_cannot_be_counted_ends_the_connection() {
    for line in [
        "BDAT",
        "BDAT ",
        "BDAT x",
        "BDAT -1",
        "BDAT +1",
        "BDAT 0x10",
        "BDAT  5",
        "BDAT 5  LAST",
        "BDAT 5 FIRST",
        "BDAT 5 LAST x",
        "BDAT LAST",
        "BDAT 5LAST",
        "BDAT 18446744073709551616",
        "BDAT 000000000000000000005",
        "BDAT 5\u{a0}LAST",
        "BDAT 5\0LAST",
    ] {
        let mut driver = Driver::open();
        assert_eq!(driver.say(line), "501 5.5.4 BDAT needs a size, closing", "{line:?}");
        assert!(driver.is_closed() && driver.dropped == 1, "{line:?}");
    }
    for before in [&[][..], &["HELO a.example"], &["HELO a.example", "MAIL FROM:<a@a.example>"]] {
        let mut driver = Driver::new();
        for line in before {
            driver.say(line);
        }
        assert!(driver.say("BDAT 5 LAST").starts_with("502 5.5.1"), "{before:?}");
        assert!(driver.is_closed());
    }
}

#[test]
fn a_huge_size_is_believed_and_costs_nothing() {
    for line in ["BDAT 18446744073709551615", "bdat 18446744073709551615 last"] {
        let mut driver = Driver::open();
        driver.send(format!("{line}\r\n").as_bytes());
        for _ in 0..100 {
            assert!(driver.send(&[b'x'; 1_000]).is_empty());
        }
        assert!(driver.input().is_empty() && driver.messages.is_empty());
    }
}

#[test]
fn beyond_the_limit_of_size_chunks_are_counted_and_not_handed_on() {
    let mut driver = Driver::with(Config { max_message_size_bytes: 1_000, ..config() });
    driver.say("EHLO client.example");
    driver.send(ENVELOPE.as_bytes());
    for _ in 0..10 {
        driver.send(&chunk(&[b'x'; 300], false));
    }
    driver.send(b"BDAT 0 LAST\r\n");
    assert_eq!(driver.messages[0].facts.size_bytes, 3_000);
    assert_eq!(driver.messages[0].content.len(), 900);
}

#[test]
fn many_chunks_are_content_and_many_small_ones_are_commands() {
    let mut driver = Driver::with(Config { max_commands: 50, ..config() });
    driver.say("EHLO client.example");
    driver.send(ENVELOPE.as_bytes());
    for _ in 0..1_000 {
        assert_eq!(driver.send(&chunk(&[b'x'; 1_024], false)), ["250 2.0.0 chunk received"]);
    }
    let mut said = driver.say("BDAT 0");
    while said.starts_with("250") {
        said = driver.say("BDAT 0");
    }
    assert!(said.starts_with("421 4.7.0 too many commands"), "{said}");
}

#[test]
fn chunks_out_of_place_are_mistakes() {
    let mut driver = Driver::with(Config { max_bad_commands: 3, ..config() });
    driver.say("EHLO client.example");
    for _ in 0..3 {
        assert!(driver.send(&chunk(TRAP, false))[0].starts_with("503"));
    }
    assert!(driver.send(&chunk(TRAP, false))[0].starts_with("421 4.7.0"));
    assert!(driver.is_closed());
}

#[test]
fn recipients_that_the_session_itself_refuses_are_reported() {
    let mut driver = Driver::with(Config { max_recipients: 1, ..config() });
    driver.say("EHLO client.example");
    assert!(driver.say("RCPT TO:<b@b.example>").starts_with("503"));
    driver.say("MAIL FROM:<a@a.example>");
    for line in ["RCPT TO:<b b@b.example>", "RCPT TO:<b@b.example> NOTIFY=NEVER", "RCPT TO:<δ@b.example>"] {
        assert!(driver.say(line).starts_with('5'), "{line}");
    }
    driver.say("RCPT TO:<b@b.example>");
    driver.say("RCPT TO:<c@b.example>");
    let refused = [Said::BadRecipient, Said::UnknownParameter, Said::NeedsSmtpUtf8, Said::TooManyRecipients];
    assert_eq!(driver.refused, refused);
}

proptest! {
    #[test]
    fn any_content_in_any_chunks_and_any_split_arrives_as_it_was(
        content in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..200),
        chunks in proptest::collection::vec(0usize..40, 0..12),
        splits in proptest::collection::vec(1usize..50, 1..8),
    ) {
        let (mut wire, mut rest) = (ENVELOPE.as_bytes().to_vec(), &content[..]);
        let mut expected = 3;
        for size in chunks {
            let (part, behind) = rest.split_at(size.min(rest.len()));
            wire.extend(chunk(part, false));
            rest = behind;
            expected += 1;
        }
        wire.extend(chunk(rest, true));
        let mut driver = Driver::greeted();
        let (mut replies, mut at, mut sizes) = (Vec::new(), &wire[..], splits.iter().cycle());
        while !at.is_empty() {
            let (piece, behind) = at.split_at((*sizes.next().unwrap()).min(at.len()));
            replies.extend(driver.send(piece));
            at = behind;
        }
        prop_assert_eq!(replies.len(), expected);
        prop_assert!(replies.iter().all(|reply| reply.starts_with("250")));
        // What is noted of it is what DATA would have noted.
        let mut scan = smtp::data::Scan::new("ins_1");
        scan.content(&content);
        scan.end();
        let [Message { content: arrived, facts, .. }] = &driver.messages[..] else { panic!("one message") };
        prop_assert_eq!(arrived, &content);
        prop_assert_eq!(facts, scan.facts());
    }
}

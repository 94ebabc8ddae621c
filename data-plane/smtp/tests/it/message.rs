//! Where a message ends, and where it does not (A6.1, A6.2, A6.12).

use contract::mail::{EnhancedCode, Reply};

use crate::driver::Driver;

/// Ends of data that are none. The smuggled part follows each.
const FALSE_ENDS: &[&str] = &[
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\n",
    "\n.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\r\n.\r\r\n",
    "\r\n. \r\n",
    "\r\n..\r\n",
    "\r\n.\t\r\n",
    "\r\n.\u{a0}\r\n",
    "\r\n.\r\0\n",
    "\n\n.\n\n",
    "\r\r\n.\r\r\n",
];

const SMUGGLED: &str = "MAIL FROM:<evil@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nSubject: evil\r\n\r\nx";

#[test]
fn only_crlf_dot_crlf_ends_a_message_at_every_split() {
    for end in FALSE_ENDS {
        let wire = format!("Subject: x\r\n\r\nhello{end}{SMUGGLED}\r\n.\r\n").into_bytes();
        let whole = {
            let mut driver = Driver::receiving();
            assert_eq!(driver.send(&wire), ["250 2.0.0 delivered"], "{end:?}");
            driver.messages
        };
        assert_eq!(whole.len(), 1, "{end:?}");
        assert!(whole[0].content.ends_with(b"\r\nx\r\n"), "{end:?}");
        for split in 0..=wire.len() {
            let mut driver = Driver::receiving();
            let (first, second) = wire.split_at(split);
            let mut replies = driver.send(first);
            replies.extend(driver.send(second));
            assert_eq!(replies, ["250 2.0.0 delivered"], "{end:?} at {split}");
            assert_eq!(driver.messages, whole, "{end:?} at {split}");
        }
        // An octet at a time.
        let mut driver = Driver::receiving();
        let replies: Vec<_> = wire.iter().flat_map(|&octet| driver.send(&[octet])).collect();
        assert_eq!(replies, ["250 2.0.0 delivered"], "{end:?}");
        assert_eq!(driver.messages, whole, "{end:?}");
    }
}

#[test]
fn a_bare_newline_is_seen_in_every_false_end_that_has_one() {
    for end in FALSE_ENDS {
        let mut driver = Driver::receiving();
        driver.send(format!("a: b\r\n\r\nhello{end}rest\r\n.\r\n").as_bytes());
        let facts = &driver.messages[0].facts;
        let plain = end.replace("\r\n", "");
        assert_eq!(facts.bare_lf, plain.contains('\n'), "{end:?}: {facts:?}");
        assert_eq!(facts.bare_cr, plain.contains('\r'), "{end:?}: {facts:?}");
        assert_eq!(facts.nul, end.contains('\0'), "{end:?}");
    }
}

#[test]
fn the_end_may_come_at_once() {
    let mut driver = Driver::receiving();
    assert_eq!(driver.send(b".\r\n"), ["250 2.0.0 delivered"]);
    assert!(driver.messages[0].content.is_empty());
    assert_eq!(driver.messages[0].facts.header_anomaly, None);
}

/// What came, and what it means (RFC 5321 §4.5.2).
const STUFFED: &[(&str, &str)] = &[
    ("..\r\n", ".\r\n"),
    ("...\r\n", "..\r\n"),
    (".a\r\n", "a\r\n"),
    ("a.\r\n", "a.\r\n"),
    ("a\r\n..\r\nb\r\n", "a\r\n.\r\nb\r\n"),
    (".\ra\r\n", "\ra\r\n"),
    (".\r\r\n", "\r\r\n"),
    ("a\n.b\r\n", "a\n.b\r\n"),
    (".\nb\r\n", "\nb\r\n"),
];

#[test]
fn dots_that_smtp_added_are_taken_away_and_no_others() {
    for (wire, content) in STUFFED {
        let mut driver = Driver::receiving();
        driver.send(format!("{wire}.\r\n").as_bytes());
        assert_eq!(String::from_utf8_lossy(&driver.messages[0].content), *content, "{wire:?}");
        assert_eq!(driver.messages[0].facts.size_bytes, content.len() as u64, "{wire:?}");
    }
}

#[test]
fn content_of_a_refused_message_is_never_read_as_commands() {
    // A6.12.
    let mut driver = Driver::receiving();
    driver.answer_next(Reply::new(550, EnhancedCode::new(5, 6, 0), "no"));
    let mut replies = driver.send(b"Subject: x\r\n\r\nRSET\r\nMAIL FROM:<x@y.example>\r\n");
    replies.extend(driver.send(b"QUIT\r\n.\r"));
    replies.extend(driver.send(b"\nNOOP\r\n"));
    assert_eq!(replies, ["550 5.6.0 no", "250 2.0.0 ok"]);
}

#[test]
fn beyond_the_limit_content_is_counted_and_not_handed_on() {
    let mut driver = Driver::with(smtp::server::Config { max_message_size_bytes: 100, ..crate::driver::config() });
    for line in ["EHLO a.example", "MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "DATA"] {
        driver.say(line);
    }
    for _ in 0..1_000 {
        assert!(driver.send(b"0123456789\r\n").is_empty());
    }
    assert_eq!(driver.send(b".\r\n").len(), 1);
    assert_eq!(driver.messages[0].facts.size_bytes, 12_000);
    assert!(driver.messages[0].content.len() <= 100);
}

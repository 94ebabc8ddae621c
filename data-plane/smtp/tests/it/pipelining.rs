//! RFC 2920: what may come together, and what may not (A6.9).

use contract::mail::{EnhancedCode, Reply};
use smtp::{
    Input,
    server::{Greeting, Step},
};

use crate::driver::{Driver, config};

#[test]
fn a_group_is_answered_in_order() {
    let mut driver = Driver::greeted();
    let replies = driver.send(b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nRCPT TO:<c@b.example>\r\nDATA\r\n");
    let codes: Vec<_> = replies.iter().map(|reply| &reply[..3]).collect();
    assert_eq!(codes, ["250", "250", "250", "354"]);
    // RFC 2920 §3.1: the next transaction may stand right behind the message.
    let replies = driver.send(b"x: y\r\n.\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nRSET\r\n");
    assert_eq!(replies.len(), 4);
    assert_eq!(driver.messages.len(), 1);
}

const EARLY: &[(&str, &str, bool)] = &[
    ("RFC 5321 §4.1.4", "EHLO a.example\r\nMAIL FROM:<a@a.example>\r\n", false),
    ("RFC 5321 §4.1.4", "HELO a.example\r\nMAIL FROM:<a@a.example>\r\n", false),
    ("RFC 2920 §3.1", "EHLO a.example\r\nM", false),
    ("RFC 2920 §3.1", "QUIT\r\nNOOP\r\n", false),
    ("RFC 2920 §3.1", "NOOP\r\nNOOP\r\n", false),
    ("RFC 2920 §3.1", "VRFY a\r\nNOOP\r\n", false),
    ("RFC 3207 §4.2", "STARTTLS\r\nEHLO evil.example\r\n", true),
    ("RFC 4954 §4", "AUTH PLAIN\r\nAAAA\r\n", true),
    ("RFC 5321 §4.1.1.4", "DATA\r\nSubject: x\r\n", true),
    ("RFC 3030 §2", "BDAT 5 LAST\r\nhello", false),
    ("RFC 5321 §4.2.4", "Subject: x\r\nNOOP\r\n", true),
];

#[test]
fn input_behind_the_last_command_of_a_group_is_refused_and_closes() {
    for &(cite, bytes, greeted) in EARLY {
        let mut driver = if greeted { Driver::open() } else { Driver::new() };
        let replies = driver.send(bytes.as_bytes());
        assert_eq!(replies, ["554 5.5.0 input before it was asked for, closing"], "{cite}: {bytes:?}");
        assert!(driver.is_closed());
        assert!(driver.messages.is_empty());
    }
}

#[test]
fn after_helo_every_command_stands_alone() {
    let mut driver = Driver::new();
    driver.say("HELO client.example");
    assert!(driver.send(b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n")[0].starts_with("554 5.5.0"));

    // The answer to the message is the truth all the same; then the connection ends.
    let mut driver = Driver::new();
    for line in ["HELO client.example", "MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "DATA"] {
        driver.say(line);
    }
    let replies = driver.send(b"x: y\r\n.\r\nMAIL FROM:<a@a.example>\r\n");
    assert_eq!(replies, ["250 2.0.0 delivered", "554 5.5.0 input before it was asked for, closing"]);
}

#[test]
fn whoever_speaks_before_the_greeting_is_turned_away() {
    let mut input = Input::new();
    input.extend(b"EHLO a.example\r\n");
    let step = Greeting::new(std::sync::Arc::new(config())).greet(&input);
    assert!(matches!(step, Step::Close { reply, .. } if reply.code() == 554));
}

#[test]
fn plaintext_that_arrives_between_starttls_and_tls_is_never_read() {
    let mut input = Input::new();
    let Step::Answer { next, .. } = Greeting::new(std::sync::Arc::new(config())).greet(&input) else { panic!() };
    input.extend(b"EHLO a.example\r\n");
    let Step::Answer { next, .. } = next.read(&mut input) else { panic!() };
    input.extend(b"STARTTLS\r\n");
    let Step::StartTls { upgrade, .. } = next.read(&mut input) else { panic!() };
    input.extend(b"MAIL FROM:<evil@a.example>\r\n");
    assert!(matches!(upgrade.done(&mut input), Step::Close { .. }));
    assert!(input.is_empty());
}

#[test]
fn a_group_whose_sender_was_refused_costs_no_bad_commands() {
    let mut driver = Driver::greeted();
    let mut group = b"MAIL FROM:<a@a.example>\r\n".to_vec();
    for _ in 0..100 {
        group.extend_from_slice(b"RCPT TO:<b@b.example>\r\n");
    }
    group.extend_from_slice(b"DATA\r\n");
    driver.answer_next(Reply::new(451, EnhancedCode::new(4, 3, 2), "later"));
    let replies = driver.send(&group);
    assert_eq!(replies.len(), 102);
    assert!(replies[1..].iter().all(|reply| reply.starts_with("503 5.5.1")));
    assert!(driver.say("NOOP").starts_with("250"));
    // From here on it is a mistake of the client again.
    for _ in 0..20 {
        driver.say("DATA");
    }
    assert!(driver.say("DATA").starts_with("421"));
}

//! One command in one state, one answer: RFC tables as data.

use crate::driver::{Driver, config};

/// Where the session stands before the line is said.
#[derive(Debug, Clone, Copy)]
enum In {
    Connected,
    Helo,
    Ready,
    Open,
}

fn driver(state: In) -> Driver {
    match state {
        In::Connected => Driver::new(),
        In::Helo => {
            let mut driver = Driver::new();
            driver.say("HELO client.example");
            driver
        }
        In::Ready => Driver::greeted(),
        In::Open => {
            let mut driver = Driver::greeted();
            driver.say("MAIL FROM:<a@a.example>");
            driver
        }
    }
}

const ANSWERS: &[(&str, In, &str, &str)] = &[
    ("RFC 5321 §4.1.1.1", In::Connected, "HELO client.example", "250 mx.example"),
    ("RFC 5321 §4.1.1.1", In::Connected, "EHLO", "501 5.5.4"),
    ("RFC 5321 §4.1.1.1", In::Connected, "EHLO a b", "501 5.5.4"),
    ("RFC 5321 §4.1.1.1", In::Connected, "EHLO [192.0.2.1]", "250-mx.example"),
    ("RFC 5321 §4.1.4", In::Connected, "EHLO not-a-name", "250-mx.example"),
    ("RFC 5321 §2.4", In::Connected, "eHlO client.example", "250-mx.example"),
    ("RFC 5321 §4.1.1", In::Connected, "EHLO client.example  ", "250-mx.example"),
    ("RFC 5321 §2.3.5", In::Connected, "EHLO bücher.example", "501 5.5.4"),
    ("RFC 5321 §4.1.4", In::Connected, "MAIL FROM:<a@a.example>", "503 5.5.1"),
    ("RFC 5321 §4.1.4", In::Connected, "RCPT TO:<a@a.example>", "503 5.5.1"),
    ("RFC 5321 §4.1.4", In::Connected, "DATA", "503 5.5.1"),
    ("RFC 3207 §4", In::Connected, "STARTTLS", "503 5.5.1"),
    ("RFC 5321 §4.1.4", In::Connected, "NOOP", "250 2.0.0"),
    ("RFC 5321 §4.1.4", In::Connected, "RSET", "250 2.0.0"),
    ("RFC 5321 §4.1.1.10", In::Connected, "QUIT", "221 2.0.0"),
    ("RFC 5321 §4.1.1.2", In::Ready, "MAIL FROM:<a@a.example>", "250 2.1.0"),
    ("RFC 5321 §4.5.5", In::Ready, "MAIL FROM:<>", "250 2.1.0"),
    ("RFC 5321 §3.3: a common mistake", In::Ready, "MAIL FROM: <a@a.example>", "250 2.1.0"),
    ("RFC 5321 §2.4", In::Ready, "mail from:<a@a.example>", "250 2.1.0"),
    ("RFC 5321 §4.1.1.2", In::Ready, "MAIL FROM:a@a.example", "501 5.1.7"),
    ("RFC 5321 §4.1.1.2", In::Ready, "MAIL FROM:<a@a.example", "501 5.1.7"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a>", "501 5.1.7"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a@a.example>x", "501 5.1.7"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a b@a.example>", "501 5.1.7"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<\"a>b\"@a.example>", "250 2.1.0"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<\"a\\\">b\"@a.example>", "250 2.1.0"),
    (
        "RFC 5321 §4.5.3.1.1",
        In::Ready,
        "MAIL FROM:<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@a.example>",
        "501 5.1.7",
    ),
    ("RFC 5321 §4.1.1.2", In::Ready, "MAIL TO:<a@a.example>", "501 5.5.4"),
    ("RFC 5321 §4.1.1.2", In::Ready, "MAIL", "501 5.5.4"),
    ("RFC 5321 §4.1.1.2", In::Ready, "MAILFROM:<a@a.example>", "500 5.5.1"),
    ("RFC 1870 §6", In::Ready, "MAIL FROM:<a@a.example> SIZE=1000", "250 2.1.0"),
    ("RFC 1870 §6.1", In::Ready, "MAIL FROM:<a@a.example> SIZE=52428801", "552 5.3.4"),
    ("RFC 1870 §6.1", In::Ready, "MAIL FROM:<a@a.example> SIZE=99999999999999999999", "552 5.3.4"),
    ("RFC 1870 §6", In::Ready, "MAIL FROM:<a@a.example> SIZE=999999999999999999999", "501 5.5.4"),
    ("RFC 1870 §6", In::Ready, "MAIL FROM:<a@a.example> SIZE=-1", "501 5.5.4"),
    ("RFC 1870 §6", In::Ready, "MAIL FROM:<a@a.example> SIZE=", "501 5.5.4"),
    ("RFC 1870 §6", In::Ready, "MAIL FROM:<a@a.example> SIZE", "501 5.5.4"),
    ("RFC 6152 §2", In::Ready, "MAIL FROM:<a@a.example> BODY=8BITMIME", "250 2.1.0"),
    ("RFC 6152 §2", In::Ready, "MAIL FROM:<a@a.example> body=7bit", "250 2.1.0"),
    ("RFC 3030 §3: not announced", In::Ready, "MAIL FROM:<a@a.example> BODY=BINARYMIME", "501 5.5.4"),
    ("RFC 6531 §3.4", In::Ready, "MAIL FROM:<δ@a.example> SMTPUTF8", "250 2.1.0"),
    ("RFC 6531 §3.4", In::Ready, "MAIL FROM:<a@bücher.example> SMTPUTF8", "250 2.1.0"),
    ("RFC 6531 §3.5", In::Ready, "MAIL FROM:<δ@a.example>", "553 5.6.7"),
    ("RFC 6531 §3.5", In::Ready, "MAIL FROM:<a@bücher.example>", "553 5.6.7"),
    ("RFC 6531 §3.4", In::Ready, "MAIL FROM:<a@a.example> SMTPUTF8=1", "501 5.5.4"),
    ("RFC 5321 §4.1.1.11", In::Ready, "MAIL FROM:<a@a.example> RET=HDRS", "555 5.5.4"),
    ("RFC 5321 §4.1.1.11", In::Ready, "MAIL FROM:<a@a.example> REQUIRETLS", "555 5.5.4"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a@a.example> =", "501 5.5.4"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a@a.example> SIZE=1 SIZE=1", "501 5.5.4"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a@a.example> BODY=7BIT BODY=7BIT", "501 5.5.4"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a@a.example> SMTPUTF8 SMTPUTF8", "501 5.5.4"),
    ("RFC 5321 §4.1.1.11", In::Helo, "MAIL FROM:<a@a.example> SIZE=1", "555 5.5.4"),
    ("RFC 5321 §4.1.1.11", In::Helo, "MAIL FROM:<a@a.example>", "250 2.1.0"),
    ("RFC 3207 §4", In::Helo, "STARTTLS", "503 5.5.1"),
    ("RFC 5321 §4.1.4", In::Ready, "RCPT TO:<a@a.example>", "503 5.5.1"),
    ("RFC 5321 §4.1.4", In::Open, "MAIL FROM:<a@a.example>", "503 5.5.1"),
    ("RFC 5321 §4.1.1.3", In::Open, "RCPT TO:<b@b.example>", "250 2.1.5"),
    ("RFC 5321 §4.1.1.3", In::Open, "RCPT TO:<Postmaster>", "250 2.1.5"),
    ("RFC 5321 §4.1.1.3", In::Open, "RCPT TO:<@x.example,@y.example:b@b.example>", "250 2.1.5"),
    ("RFC 5321 §4.1.2", In::Open, "RCPT TO:<@x.example:>", "501 5.1.3"),
    ("RFC 5321 §4.1.1.3", In::Open, "RCPT TO:<>", "501 5.1.3"),
    ("RFC 5321 §4.1.1.3", In::Open, "RCPT TO:b@b.example", "501 5.1.3"),
    ("RFC 5321 §4.1.1.11", In::Open, "RCPT TO:<b@b.example> NOTIFY=NEVER", "555 5.5.4"),
    ("RFC 6531 §3.5", In::Open, "RCPT TO:<δ@b.example>", "553 5.6.7"),
    ("RFC 5321 §4.1.4", In::Open, "DATA", "503 5.5.1"),
    ("RFC 3207 §4", In::Open, "STARTTLS", "503 5.5.1"),
    ("RFC 3207 §4", In::Ready, "STARTTLS now", "501 5.5.4"),
    ("RFC 5321 §4.1.1.4", In::Ready, "DATA now", "501 5.5.4"),
    ("RFC 5321 §4.1.1.5", In::Ready, "RSET now", "501 5.5.4"),
    ("RFC 5321 §4.1.1.10", In::Ready, "QUIT now", "501 5.5.4"),
    ("RFC 5321 §4.1.1.9", In::Ready, "NOOP now", "250 2.0.0"),
    ("RFC 5321 §4.1.1.8", In::Ready, "HELP", "214 2.0.0"),
    ("RFC 5321 §3.5.3", In::Ready, "VRFY somebody", "252 2.5.0"),
    ("RFC 5321 §4.1.1.6", In::Ready, "VRFY", "501 5.5.4"),
    ("RFC 5321 §3.5", In::Ready, "EXPN list", "502 5.5.1"),
    ("RFC 4954 §4: not announced", In::Ready, "AUTH PLAIN AAAA", "502 5.5.1"),
    ("RFC 1985 §5", In::Ready, "ETRN a.example", "502 5.5.1"),
    ("RFC 5321 §4.2.4", In::Ready, "XYZZY", "500 5.5.1"),
    ("RFC 5321 §4.2.4", In::Ready, "", "500 5.5.1"),
    ("RFC 5321 §4.1.1", In::Ready, " NOOP", "500 5.5.1"),
    ("RFC 5321 §4.1.2", In::Ready, "NOOP \t", "500 5.5.2"),
    ("RFC 5321 §4.1.2", In::Ready, "MAIL FROM:<a\0@a.example>", "500 5.5.2"),
    ("RFC 5321 §2.3.8", In::Ready, "MAIL FROM:<a@a.example>\rRCPT", "500 5.5.2"),
];

#[test]
fn every_command_has_its_answer_in_every_state() {
    let wrong: Vec<_> = ANSWERS
        .iter()
        .filter_map(|&(cite, state, line, expected)| {
            let answer = driver(state).say(line);
            (!answer.starts_with(expected)).then(|| format!("{cite}: {state:?} {line:?}: {answer}, not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ehlo_lists_what_is_offered() {
    let mut driver = Driver::new();
    assert_eq!(
        driver.say("EHLO client.example"),
        "250-mx.example|250-PIPELINING|250-SIZE 52428800|250-8BITMIME|250-SMTPUTF8|250-ENHANCEDSTATUSCODES|250-CHUNKING|\
         250-LIMITS MAILMAX=1000 RCPTMAX=100|250 STARTTLS"
    );
    // RFC 3207 §4.2: not under TLS.
    driver.say("STARTTLS");
    assert!(!driver.say("EHLO client.example").contains("STARTTLS"));
    assert!(driver.say("STARTTLS").starts_with("503 5.5.1"));

    let mut plain = Driver::with(smtp::server::Config { starttls: false, ..config() });
    assert!(!plain.say("EHLO client.example").contains("STARTTLS"));
    assert!(plain.say("STARTTLS").starts_with("502 5.5.1"));
}

#[test]
fn octets_that_are_not_utf8_are_refused_and_the_session_goes_on() {
    let mut driver = Driver::greeted();
    assert!(driver.send(b"MAIL FROM:<\xff@a.example> SMTPUTF8\r\n")[0].starts_with("500 5.5.2"));
    assert!(driver.send(b"\xff\xfe\r\n")[0].starts_with("500 5.5.1"));
    assert!(driver.say("NOOP").starts_with("250"));
}

#[test]
fn an_over_long_line_is_skipped_to_its_end_and_no_part_of_it_is_a_command() {
    let mut driver = Driver::greeted();
    let mut line = vec![b'x'; 5_000];
    line.extend_from_slice(b"\nMAIL FROM:<a@a.example>\n");
    assert!(driver.send(&line).is_empty());
    let replies = driver.send(b"RCPT\r\n");
    assert_eq!(replies, ["500 5.5.2 line too long"]);
    assert!(driver.say("NOOP").starts_with("250"));

    // 1024 octets with CRLF are taken, one more is not.
    let fits = format!("NOOP {}", "x".repeat(1_024 - 7));
    assert!(driver.say(&fits).starts_with("250"));
    assert!(driver.say(&format!("{fits}x")).starts_with("500 5.5.2"));
}

#[test]
fn a_line_without_an_end_ends_the_connection_and_holds_no_memory() {
    let mut driver = Driver::greeted();
    let mut replies = Vec::new();
    for _ in 0..70 {
        replies.extend(driver.send(&[b'x'; 1_000]));
    }
    assert_eq!(replies, ["500 5.5.2 line without an end, closing"]);
    assert!(driver.is_closed());
}

#[test]
fn a_bare_lf_ends_the_connection_and_what_follows_is_not_read() {
    // RFC 5321 §2.3.8, A6.8.
    let mut driver = Driver::greeted();
    assert_eq!(driver.send(b"NOOP\nMAIL FROM:<a@a.example>\r\n"), ["500 5.5.2 lines end with CRLF, closing"]);
    assert!(driver.is_closed());
}

#[test]
fn other_protocols_are_shown_the_door() {
    for line in [
        "GET / HTTP/1.1",
        "POST /mail HTTP/1.1",
        "CONNECT mx.example:25 HTTP/1.1",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 25",
    ] {
        let mut driver = Driver::new();
        assert!(driver.say(line).starts_with("554 5.5.1"), "{line}");
        assert!(driver.is_closed());
    }
}

#[test]
fn what_was_said_is_shown_without_secrets() {
    let mut driver = Driver::greeted();
    driver.say("MAIL FROM:<δ@a.example>");
    assert_eq!(driver.input().said(), "MAIL FROM:<??@a.example>");
    driver.say("AUTH PLAIN c2VjcmV0");
    assert!(!driver.input().said().contains("c2Vj"));
}

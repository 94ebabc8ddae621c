//! Whole dialogues: transactions, limits, what is forgotten and what is not.

use contract::mail::{EnhancedCode, Recipient, Reply};
use smtp::server::Config;

use crate::driver::{Driver, config};

fn no() -> Reply {
    Reply::new(550, EnhancedCode::new(5, 1, 1), "no")
}

#[test]
fn a_transaction_brings_a_message_and_the_next_one_starts_empty() {
    let mut driver = Driver::greeted();
    driver.say("MAIL FROM:<a@a.example> SIZE=9 BODY=8BITMIME SMTPUTF8");
    driver.say("RCPT TO:<b@b.example>");
    driver.say("RCPT TO:<postmaster>");
    driver.say("DATA");
    assert_eq!(driver.send(b"Subject: x\r\n\r\n..dot\r\n.\r\n"), ["250 2.0.0 delivered"]);
    let message = &driver.messages[0];
    assert_eq!(message.content, b"Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(message.envelope.sender.size_bytes, Some(9));
    assert!(message.envelope.sender.smtputf8);
    assert_eq!(message.envelope.recipients.len(), 2);
    assert_eq!(message.envelope.recipients[1].recipient, Recipient::Postmaster);
    assert!(driver.say("RCPT TO:<c@b.example>").starts_with("503"));
    assert!(driver.say("MAIL FROM:<>").starts_with("250"));
}

#[test]
fn rset_and_ehlo_and_helo_drop_the_transaction_and_quit_too() {
    for (line, code) in [("RSET", "250"), ("EHLO x.example", "250"), ("HELO x.example", "250"), ("QUIT", "221")] {
        let mut driver = Driver::open();
        assert!(driver.say(line).starts_with(code), "{line}");
        assert_eq!(driver.dropped, 1, "{line}");
        if line != "QUIT" {
            assert!(driver.say("DATA").starts_with("503"), "{line}");
        }
    }
}

#[test]
fn refused_recipients_are_not_in_the_envelope() {
    let mut driver = Driver::greeted();
    driver.say("MAIL FROM:<a@a.example>");
    driver.answer_next(no());
    assert_eq!(driver.say("RCPT TO:<gone@b.example>"), "550 5.1.1 no");
    // RFC 5321 §3.3: DATA with no recipient left.
    assert!(driver.say("DATA").starts_with("554 5.5.1"));
    driver.say("RCPT TO:<b@b.example>");
    driver.say("DATA");
    driver.send(b"x: y\r\n.\r\n");
    assert_eq!(driver.messages[0].envelope.recipients.len(), 1);
}

#[test]
fn a_refused_sender_opens_nothing() {
    let mut driver = Driver::greeted();
    driver.answer_next(no());
    driver.say("MAIL FROM:<a@a.example>");
    assert!(driver.say("RCPT TO:<b@b.example>").starts_with("503"));
}

#[test]
fn a_refusal_that_says_yes_is_not_passed_on_as_one() {
    let mut driver = Driver::open();
    driver.answer_next(Reply::new(250, EnhancedCode::new(2, 0, 0), "fine"));
    assert!(driver.say("DATA").starts_with("451 4.3.0"));
    assert!(driver.messages.is_empty());
}

#[test]
fn any_question_can_be_answered_with_421_and_that_closes() {
    let closing = || Reply::new(421, EnhancedCode::new(4, 3, 2), "shutting down");
    let mut driver = Driver::greeted();
    driver.answer_next(closing());
    driver.say("MAIL FROM:<a@a.example>");
    assert!(driver.is_closed());

    let mut driver = Driver::open();
    driver.answer_next(closing());
    driver.say("RCPT TO:<b@b.example>");
    assert!(driver.is_closed() && driver.dropped == 1);

    let mut driver = Driver::receiving();
    driver.answer_next(closing());
    assert_eq!(driver.send(b".\r\nNOOP\r\n"), ["421 4.3.2 shutting down"]);
    assert!(driver.is_closed());
}

#[test]
fn after_starttls_nothing_is_remembered_but_what_was_used_up() {
    // RFC 3207 §4.2.
    let mut driver = Driver::with(Config { max_bad_commands: 2, ..config() });
    driver.say("EHLO client.example");
    driver.say("XYZZY");
    driver.say("XYZZY");
    assert!(driver.say("STARTTLS").starts_with("220 2.0.0"));
    assert!(driver.say("NOOP").starts_with("250"));
    // EHLO was forgotten; the bad commands were not.
    assert!(driver.say("MAIL FROM:<a@a.example>").starts_with("421 4.7.0"));
    assert!(driver.is_closed());
}

#[test]
fn limits_end_the_connection_with_421() {
    let mut driver = Driver::with(Config { max_commands: 3, ..config() });
    driver.say("EHLO client.example");
    driver.say("NOOP");
    driver.say("NOOP");
    assert!(driver.say("NOOP").starts_with("421 4.7.0 too many commands"));

    let mut driver = Driver::with(Config { max_transactions: 1, ..config() });
    driver.say("EHLO client.example");
    driver.say("MAIL FROM:<a@a.example>");
    driver.say("RSET");
    assert!(driver.say("MAIL FROM:<a@a.example>").starts_with("421 4.7.0"));

    let mut driver = Driver::with(Config { max_refused_recipients: 1, ..config() });
    driver.say("EHLO client.example");
    driver.say("MAIL FROM:<a@a.example>");
    driver.answer_next(no());
    driver.answer_next(no());
    assert!(driver.say("RCPT TO:<b@b.example>").starts_with("550"));
    assert!(driver.say("RCPT TO:<b@b.example>").starts_with("421 4.7.0"));
    assert!(driver.is_closed());
}

#[test]
fn an_accepted_message_makes_up_for_dead_recipients() {
    let mut driver = Driver::with(Config { max_refused_recipients: 1, ..config() });
    driver.say("EHLO client.example");
    for _ in 0..3 {
        driver.say("MAIL FROM:<a@a.example>");
        driver.answer_next(no());
        driver.say("RCPT TO:<gone@b.example>");
        driver.say("RCPT TO:<b@b.example>");
        driver.say("DATA");
        assert_eq!(driver.send(b".\r\n"), ["250 2.0.0 delivered"]);
    }
}

#[test]
fn recipients_beyond_the_limit_are_asked_to_come_again() {
    // RFC 5321 §4.5.3.1.10.
    let mut driver = Driver::with(Config { max_recipients: 2, ..config() });
    driver.say("EHLO client.example");
    driver.say("MAIL FROM:<a@a.example>");
    driver.say("RCPT TO:<b@b.example>");
    driver.say("RCPT TO:<c@b.example>");
    assert!(driver.say("RCPT TO:<d@b.example>").starts_with("452 4.5.3"));
    driver.say("DATA");
    driver.send(b".\r\n");
    assert_eq!(driver.messages[0].envelope.recipients.len(), 2);
}

#[test]
fn a_source_route_is_reported_to_whoever_judges() {
    let mut driver = Driver::greeted();
    driver.say("MAIL FROM:<@x.example:a@a.example>");
    driver.say("RCPT TO:<@x.example,@y.example:\"a@c\"@b.example>");
    driver.say("DATA");
    driver.send(b".\r\n");
    let recipient = &driver.messages[0].envelope.recipients[0];
    assert!(recipient.source_route);
    let Recipient::Mailbox(mailbox) = &recipient.recipient else { panic!("{recipient:?}") };
    assert!(mailbox.local().has_routing_character());
}

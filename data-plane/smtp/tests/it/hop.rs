//! The dialogue with the next hop: bursts, live transactions, and a hop that says too much, too little or too late.

use contract::mail::{Mailbox, ReversePath};
use smtp::client::{
    Capabilities, Cleanup, CleanupStep, Failure, Handshake, HandshakeStep, Idle, Line, Live, LiveStep, MailParameters,
    Opening, OpeningStep, Sending, Stage, Tls, Verdict, Wire,
};

const BANNER: &str = "220 hop ESMTP\r\n";
const EHLO: &str = "250-hop\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n";
const EHLO_PLAIN: &str = "250 hop\r\n";

fn out(wire: &mut Wire) -> String {
    String::from_utf8(wire.take_output()).unwrap()
}

fn to(text: &str) -> Mailbox {
    text.parse().unwrap()
}

fn from() -> ReversePath {
    "a@a.example".parse().unwrap()
}

fn connected(ehlo: &str) -> Idle {
    let mut handshake = Handshake::new("mx.example".parse().unwrap(), Tls::Never);
    handshake.wire().replies().extend(BANNER.as_bytes());
    let HandshakeStep::Wait(mut handshake) = handshake.advance() else { panic!() };
    assert_eq!(out(handshake.wire()), "EHLO mx.example\r\n");
    handshake.wire().replies().extend(ehlo.as_bytes());
    let HandshakeStep::Ready(idle) = handshake.advance() else { panic!() };
    idle
}

/// MAIL, RCPT and DATA sent; the hop then says this.
fn sole(ehlo: &str, replies: &str) -> OpeningStep {
    let mut opening = connected(ehlo).sole(&from(), MailParameters::default(), &to("b@b.example")).unwrap();
    out(opening.wire());
    opening.wire().replies().extend(replies.as_bytes());
    opening.advance()
}

fn content(step: OpeningStep) -> Sending {
    let OpeningStep::Content(sending) = step else { panic!("{step:?}") };
    sending
}

fn refused(step: OpeningStep) -> (Stage, u16, Cleanup) {
    let OpeningStep::Refused { stage, reply, cleanup } = step else { panic!("{step:?}") };
    (stage, reply.code(), cleanup)
}

fn failed(step: OpeningStep) -> Failure {
    let OpeningStep::Failed(failure) = step else { panic!("{step:?}") };
    failure
}

#[test]
fn a_sole_recipient_goes_in_one_burst_where_the_hop_allows_it() {
    let parameters = MailParameters { size_bytes: Some(9), eight_bit_mime: true, smtputf8: false };
    let mut opening = connected(EHLO).sole(&from(), parameters, &to("b@b.example")).unwrap();
    assert_eq!(
        out(opening.wire()),
        "MAIL FROM:<a@a.example> SIZE=9 BODY=8BITMIME\r\nRCPT TO:<b@b.example>\r\nDATA\r\n"
    );
    opening.wire().replies().extend(b"250 ok\r\n250 ok\r\n");
    let OpeningStep::Wait(mut opening) = opening.advance() else { panic!() };
    opening.wire().replies().extend(b"354 go\r\n");
    content(opening.advance());
}

#[test]
fn without_pipelining_each_command_waits_for_its_answer() {
    let mut opening = connected(EHLO_PLAIN).sole(&from(), MailParameters::default(), &to("b@b.example")).unwrap();
    for (command, reply) in
        [("MAIL FROM:<a@a.example>\r\n", "250 ok\r\n"), ("RCPT TO:<b@b.example>\r\n", "250 ok\r\n"), ("DATA\r\n", "")]
    {
        assert_eq!(out(opening.wire()), command);
        opening.wire().replies().extend(reply.as_bytes());
        let OpeningStep::Wait(next) = opening.advance() else { panic!() };
        opening = next;
    }
    // An answer to a command that was not sent yet is none.
    let failure = failed(sole(EHLO_PLAIN, "250 ok\r\n250 ok\r\n"));
    assert_eq!(failure, Failure::Unasked);
}

#[test]
fn a_message_is_sent_answered_and_the_connection_used_again() {
    let mut idle = connected(EHLO);
    for round in 1..=3 {
        assert!(idle.is_clean());
        let mut opening = idle.sole(&from(), MailParameters::default(), &to("b@b.example")).unwrap();
        out(opening.wire());
        opening.wire().replies().extend(b"250 ok\r\n250 ok\r\n354 go\r\n");
        let mut sending = content(opening.advance());
        let sent: Vec<u8> = sending.encode(b"a: b\r\n\r\n.\r\n").flat_map(|s| s.unwrap().to_vec()).collect();
        assert_eq!(sent, b"a: b\r\n\r\n..\r\n");
        let (end, mut awaiting) = sending.finish().unwrap();
        assert_eq!(end, b".\r\n");
        awaiting.wire().replies().extend(b"250 queued\r\n");
        let Verdict::Answered { reply, idle: Some(next) } = awaiting.advance() else { panic!() };
        assert_eq!((reply.code(), next.transactions()), (250, round));
        idle = next;
    }
    assert_eq!(idle.quit(), b"QUIT\r\n");
}

#[test]
fn the_first_refusal_is_the_answer_and_the_connection_can_be_cleaned() {
    let rows = [
        ("550 no\r\n", Stage::Mail, 550, "503 x\r\n503 x\r\n"),
        ("250 ok\r\n550 gone\r\n", Stage::Rcpt, 550, "554 no recipients\r\n"),
        ("250 ok\r\n250 ok\r\n451 later\r\n", Stage::Data, 451, ""),
    ];
    for (replies, stage, code, rest) in rows {
        let (found, reply, mut cleanup) = refused(sole(EHLO, replies));
        assert_eq!((found, reply), (stage, code));
        if !rest.is_empty() {
            assert_eq!(out(cleanup.wire()), "");
            cleanup.wire().replies().extend(rest.as_bytes());
            let CleanupStep::Wait(next) = cleanup.advance() else { panic!() };
            cleanup = next;
        }
        assert_eq!(out(cleanup.wire()), "RSET\r\n");
        cleanup.wire().replies().extend(b"250 reset\r\n");
        let CleanupStep::Idle(idle) = cleanup.advance() else { panic!() };
        assert!(idle.is_clean());
    }
}

#[test]
fn a_354_after_a_refused_recipient_is_met_by_a_lone_dot_and_never_by_content() {
    // RFC 2920 §3.1.
    let (_, _, mut cleanup) = refused(sole(EHLO, "250 ok\r\n550 gone\r\n354 go\r\n"));
    let CleanupStep::Wait(mut next) = cleanup_step(&mut cleanup, "") else { panic!() };
    assert_eq!(out(next.wire()), ".\r\n");
    let CleanupStep::Wait(mut next) = cleanup_step(&mut next, "554 nobody\r\n") else { panic!() };
    assert_eq!(out(next.wire()), "RSET\r\n");
    assert!(matches!(cleanup_step(&mut next, "250 ok\r\n"), CleanupStep::Idle(_)));
}

/// Advances a cleanup in place of which a useless one is left.
fn cleanup_step(cleanup: &mut Cleanup, replies: &str) -> CleanupStep {
    cleanup.wire().replies().extend(replies.as_bytes());
    let spare = connected(EHLO).live(&from(), MailParameters::default()).unwrap().reset();
    std::mem::replace(cleanup, spare).advance()
}

#[test]
fn replies_that_have_slipped_never_open_the_way_for_content() {
    // One too many before MAIL's own: DATA is answered by RCPT's 250.
    assert!(matches!(
        failed(sole(EHLO, "250 stray\r\n250 ok\r\n250 ok\r\n354 go\r\n")),
        Failure::Unexpected { stage: Stage::Data, .. }
    ));
    // One too many behind 354: it would be taken for the message's own.
    assert_eq!(failed(sole(EHLO, "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n")), Failure::Unasked);
    // 354 to MAIL or RCPT.
    assert!(matches!(failed(sole(EHLO, "354 go\r\n")), Failure::Unexpected { stage: Stage::Mail, .. }));
    assert!(matches!(failed(sole(EHLO, "250 ok\r\n354 go\r\n")), Failure::Unexpected { stage: Stage::Rcpt, .. }));
    // One too few: it waits, and the driver's time runs out.
    assert!(matches!(sole(EHLO, "250 ok\r\n250 ok\r\n"), OpeningStep::Wait(_)));
    // In a cleanup as well.
    let (_, _, mut cleanup) = refused(sole(EHLO, "550 stray\r\n250 ok\r\n250 ok\r\n354 go\r\n"));
    assert!(matches!(cleanup_step(&mut cleanup, ""), CleanupStep::Failed(Failure::Unexpected { .. })));
}

#[test]
fn a_reply_before_the_dot_does_not_answer_the_message() {
    let mut sending = content(sole(EHLO, "250 ok\r\n250 ok\r\n354 go\r\n"));
    sending.wire().replies().extend(b"250 queued\r\n");
    assert_eq!(sending.finish().unwrap_err(), Failure::Unasked);

    let mut sending = content(sole(EHLO, "250 ok\r\n250 ok\r\n354 go\r\n"));
    sending.wire().replies().extend(b"2");
    assert_eq!(sending.finish().unwrap_err(), Failure::Unasked);
}

#[test]
fn a_reply_too_many_after_the_message_costs_the_connection_not_the_message() {
    let (_, mut awaiting) = content(sole(EHLO, "250 ok\r\n250 ok\r\n354 go\r\n")).finish().unwrap();
    awaiting.wire().replies().extend(b"250 queued\r\n250 again\r\n");
    assert!(matches!(awaiting.advance(), Verdict::Answered { idle: None, .. }));

    // It comes later: nothing may be begun.
    let (_, mut awaiting) = content(sole(EHLO, "250 ok\r\n250 ok\r\n354 go\r\n")).finish().unwrap();
    awaiting.wire().replies().extend(b"250 queued\r\n");
    let Verdict::Answered { idle: Some(mut idle), .. } = awaiting.advance() else { panic!() };
    idle.wire().replies().extend(b"250");
    assert!(!idle.is_clean());
    assert_eq!(idle.sole(&from(), MailParameters::default(), &to("b@b.example")).unwrap_err(), Failure::Unasked);
}

#[test]
fn after_the_dot_421_is_an_answer_and_nonsense_is_none() {
    let awaiting = || content(sole(EHLO, "250 ok\r\n250 ok\r\n354 go\r\n")).finish().unwrap().1;
    let mut closing = awaiting();
    closing.wire().replies().extend(b"421 going\r\n");
    assert!(matches!(closing.advance(), Verdict::Answered { reply, idle: None } if reply.code() == 421));
    for nonsense in ["354 again\r\n", "hello\r\n", "250 ok\n"] {
        let mut awaiting = awaiting();
        awaiting.wire().replies().extend(nonsense.as_bytes());
        assert!(matches!(awaiting.advance(), Verdict::Failed(_)), "{nonsense:?}");
    }
    let mut waiting = awaiting();
    waiting.wire().replies().extend(b"250-almost\r\n");
    assert!(matches!(waiting.advance(), Verdict::Wait(_)));
}

fn answered(step: LiveStep) -> (Live, Stage, u16) {
    let LiveStep::Answered { live, stage, reply } = step else { panic!("{step:?}") };
    (live, stage, reply.code())
}

fn live(ehlo: &str) -> Live {
    let mut live = connected(ehlo).live(&from(), MailParameters::default()).unwrap();
    live.rcpt(&to("b@b.example"));
    let LiveStep::Wait(live) = live.advance() else { panic!() };
    live
}

#[test]
fn live_recipients_are_answered_one_by_one_and_then_data_goes_alone() {
    let mut live = live(EHLO);
    assert_eq!(out(live.wire()), "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n");
    live.wire().replies().extend(b"250 ok\r\n250 ok\r\n");
    let (live, stage, _) = answered(live.advance());
    assert_eq!(stage, Stage::Mail);
    let (mut live, stage, code) = answered(live.advance());
    assert_eq!((stage, code, live.is_settled()), (Stage::Rcpt, 250, true));
    live.rcpt(&to("gone@b.example"));
    let LiveStep::Wait(mut live) = live.advance() else { panic!() };
    assert_eq!(out(live.wire()), "RCPT TO:<gone@b.example>\r\n");
    live.wire().replies().extend(b"550 5.1.1 gone\r\n");
    let (live, _, code) = answered(live.advance());
    assert_eq!((code, live.accepted()), (550, 1));
    let mut opening: Opening = live.data().unwrap();
    assert_eq!(out(opening.wire()), "DATA\r\n");
    opening.wire().replies().extend(b"354 go\r\n");
    content(opening.advance());
}

#[test]
fn a_live_transaction_without_pipelining_asks_one_thing_at_a_time() {
    let mut live = live(EHLO_PLAIN);
    assert_eq!(out(live.wire()), "MAIL FROM:<a@a.example>\r\n");
    live.wire().replies().extend(b"250 ok\r\n");
    let (live, ..) = answered(live.advance());
    let LiveStep::Wait(mut live) = live.advance() else { panic!() };
    assert_eq!(out(live.wire()), "RCPT TO:<b@b.example>\r\n");
}

#[test]
fn a_late_reply_poisons_a_live_transaction() {
    let mut live = live(EHLO);
    live.wire().replies().extend(b"250 ok\r\n250 ok\r\n");
    let (live, ..) = answered(live.advance());
    let (mut live, ..) = answered(live.advance());
    live.wire().replies().extend(b"250 stray\r\n");
    live.rcpt(&to("c@b.example"));
    assert!(matches!(live.advance(), LiveStep::Failed(Failure::Unasked)));
}

#[test]
fn data_is_refused_while_answers_are_owed_or_nobody_was_accepted() {
    assert_eq!(live(EHLO).data().unwrap_err(), Failure::OutOfOrder);
    let mut live = live(EHLO);
    live.wire().replies().extend(b"250 ok\r\n550 gone\r\n");
    let (live, ..) = answered(live.advance());
    let (live, ..) = answered(live.advance());
    assert_eq!(live.data().unwrap_err(), Failure::OutOfOrder);
}

#[test]
fn giving_up_a_live_transaction_waits_for_what_is_owed_and_resets() {
    let mut cleanup = live(EHLO).reset();
    out(cleanup.wire());
    let CleanupStep::Wait(mut cleanup) = cleanup_step(&mut cleanup, "250 ok\r\n250 ok\r\n") else { panic!() };
    assert_eq!(out(cleanup.wire()), "RSET\r\n");
    assert!(matches!(cleanup_step(&mut cleanup, "250 ok\r\n"), CleanupStep::Idle(_)));
}

#[test]
fn starttls_follows_the_level_and_forgets_what_was_said_in_the_clear() {
    let offered = "250-hop\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
    let start = |tls, ehlo: &str| {
        let mut handshake = Handshake::new("mx.example".parse().unwrap(), tls);
        handshake.wire().replies().extend(b"220 hop\r\n");
        let HandshakeStep::Wait(mut handshake) = handshake.advance() else { panic!() };
        out(handshake.wire());
        handshake.wire().replies().extend(ehlo.as_bytes());
        handshake.advance()
    };
    assert!(matches!(start(Tls::Never, offered), HandshakeStep::Ready(_)));
    assert!(matches!(start(Tls::IfOffered, EHLO), HandshakeStep::Ready(_)));
    assert!(matches!(start(Tls::Required, EHLO), HandshakeStep::Failed(Failure::NoStartTls)));
    // A6.10: what stands behind a reply in the clear is an injection.
    for tls in [Tls::IfOffered, Tls::Required] {
        let HandshakeStep::Wait(mut handshake) = start(tls, offered) else { panic!() };
        assert_eq!(out(handshake.wire()), "STARTTLS\r\n");
        handshake.wire().replies().extend(b"220 go\r\n250-hop\r\n250 SMTPUTF8\r\n");
        assert!(matches!(handshake.advance(), HandshakeStep::Failed(Failure::Unasked)));

        let HandshakeStep::Wait(mut handshake) = start(tls, offered) else { panic!() };
        handshake.wire().replies().extend(b"220 go\r\n");
        let HandshakeStep::StartTls(upgrade) = handshake.advance() else { panic!() };
        let mut handshake = upgrade.done();
        assert_eq!(out(handshake.wire()), "EHLO mx.example\r\n");
        assert_eq!(*handshake.wire().capabilities(), Capabilities::default());
        handshake.wire().replies().extend(b"250-hop\r\n250-STARTTLS\r\n250 8BITMIME\r\n");
        let HandshakeStep::Ready(idle) = handshake.advance() else { panic!() };
        assert!(idle.capabilities().eight_bit_mime && !idle.capabilities().pipelining);
    }
    // Refused: in the clear only where the level allows.
    let HandshakeStep::Wait(mut handshake) = start(Tls::IfOffered, offered) else { panic!() };
    handshake.wire().replies().extend(b"454 no\r\n");
    let HandshakeStep::Ready(idle) = handshake.advance() else { panic!() };
    assert_eq!(idle.starttls_refused().map(smtp::client::HopReply::code), Some(454));
    let HandshakeStep::Wait(mut handshake) = start(Tls::Required, offered) else { panic!() };
    handshake.wire().replies().extend(b"454 no\r\n");
    let HandshakeStep::Failed(failure) = handshake.advance() else { panic!() };
    assert_eq!(failure.said(), smtp::Said::HopTls);
}

#[test]
fn a_hop_that_refuses_early_or_talks_nonsense_is_a_failure_with_a_name() {
    let rows: [(&str, smtp::Said); 7] = [
        ("554 no\r\n", smtp::Said::HopFailed),
        ("421 busy\r\n", smtp::Said::HopFailed),
        ("SSH-2.0-x\r\n", smtp::Said::HopNonsense),
        ("220 hop\n", smtp::Said::HopNonsense),
        ("220 hop\r\n250 early\r\n", smtp::Said::HopNonsense),
        ("220-hop\r\n250 other\r\n", smtp::Said::HopNonsense),
        ("354 go\r\n", smtp::Said::HopFailed),
    ];
    for (banner, said) in rows {
        let mut handshake = Handshake::new("mx.example".parse().unwrap(), Tls::Never);
        handshake.wire().replies().extend(banner.as_bytes());
        let HandshakeStep::Failed(failure) = handshake.advance() else { panic!("{banner:?}") };
        assert_eq!(failure.said(), said, "{banner:?}");
    }
}

#[test]
fn a_hop_without_ehlo_is_spoken_to_with_helo() {
    // RFC 5321 §3.2.
    let mut handshake = Handshake::new("mx.example".parse().unwrap(), Tls::IfOffered);
    handshake.wire().replies().extend(b"220 hop\r\n");
    let HandshakeStep::Wait(mut handshake) = handshake.advance() else { panic!() };
    out(handshake.wire());
    handshake.wire().replies().extend(b"502 what?\r\n");
    let HandshakeStep::Wait(mut handshake) = handshake.advance() else { panic!() };
    assert_eq!(out(handshake.wire()), "HELO mx.example\r\n");
    handshake.wire().replies().extend(b"250 hop\r\n");
    let HandshakeStep::Ready(idle) = handshake.advance() else { panic!() };
    assert_eq!(*idle.capabilities(), Capabilities::default());
}

#[test]
fn the_trace_has_the_lines_of_both_sides() {
    let mut opening = connected(EHLO).sole(&from(), MailParameters::default(), &to("b@b.example")).unwrap();
    opening.wire().take_lines();
    opening.wire().replies().extend(b"250 ok\r\n550-no\r\n550 way\r\n");
    let (_, _, mut cleanup) = refused(opening.advance());
    assert_eq!(cleanup.wire().take_lines(), [Line::Hop("250 ok".to_owned()), Line::Hop("550 no / way".to_owned())]);
}

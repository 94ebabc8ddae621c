//! Any octets, split anywhere: never a panic, never another outcome.

use proptest::prelude::*;
use smtp::{
    Input,
    data::{Facts, Progress, Receiver},
    server::{Greeting, Step},
};

use crate::driver::{Driver, config};

/// Octets that are likely to matter to SMTP.
fn octets(max: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\r\n"),
        Just("\r"),
        Just("\n"),
        Just("."),
        Just("\0"),
        Just(" "),
        Just(":"),
        Just("<"),
        Just(">"),
        Just("\""),
        Just("EHLO a.example\r\n"),
        Just("MAIL FROM:<a@a.example>\r\n"),
        Just("RCPT TO:<b@b.example>\r\n"),
        Just("DATA\r\n"),
        Just("BDAT 4\r\n"),
        Just("BDAT 12 LAST\r\n"),
        Just("BDAT 0 LAST\r\n"),
        Just("RSET\r\n"),
        Just("STARTTLS\r\n"),
        Just("QUIT\r\n"),
        Just("\r\n.\r\n"),
        Just("Received: x\r\n"),
        Just("Message-ID: <x>\r\n"),
        Just("ü"),
        Just("From "),
        Just("ins_1"),
    ];
    let any_octet = any::<u8>().prop_map(|octet| vec![octet]);
    proptest::collection::vec(
        prop_oneof![4 => piece.prop_map(|piece| piece.as_bytes().to_vec()), 1 => any_octet],
        0..max,
    )
    .prop_map(|pieces| pieces.concat())
}

fn pieces<'a>(bytes: &'a [u8], splits: &[usize]) -> Vec<&'a [u8]> {
    let mut at: Vec<_> = splits.iter().map(|split| split % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

fn receive(pieces: &[&[u8]]) -> (Vec<u8>, Facts, usize, Progress) {
    let mut receiver = Receiver::new(u64::MAX, "ins_1");
    let (mut content, mut taken) = (Vec::new(), 0);
    for piece in pieces {
        let (octets, progress) = receiver.take(piece, |slice| content.extend_from_slice(slice));
        taken += octets;
        if progress == Progress::End {
            return (content, receiver.into_facts(), taken, progress);
        }
        assert_eq!(octets, piece.len());
    }
    (content, receiver.into_facts(), taken, Progress::More)
}

/// The end of data as the RFC has it, found without a state machine.
fn end_of_data(wire: &[u8]) -> Option<usize> {
    if wire.starts_with(b".\r\n") {
        return Some(3);
    }
    wire.windows(5).position(|window| window == b"\r\n.\r\n").map(|at| at + 5)
}

proptest! {
    #[test]
    fn a_message_is_the_same_however_it_is_split(wire in octets(60), splits in proptest::collection::vec(any::<usize>(), 0..8)) {
        let whole = receive(&[&wire]);
        prop_assert_eq!(&whole, &receive(&pieces(&wire, &splits)));
        prop_assert_eq!(&whole, &receive(&wire.chunks(1).collect::<Vec<_>>()));
        let (content, facts, taken, progress) = whole;
        let expected = end_of_data(&wire).map_or((Progress::More, wire.len()), |end| (Progress::End, end));
        prop_assert_eq!((progress, taken), expected);
        prop_assert_eq!(facts.size_bytes, content.len() as u64);
        prop_assert_eq!(facts.nul, content.contains(&0));
        prop_assert_eq!(facts.eight_bit, !content.is_ascii());
        if progress == Progress::End {
            let bare_lf = (0..content.len()).any(|i| content[i] == b'\n' && (i == 0 || content[i - 1] != b'\r'));
            let bare_cr = (0..content.len()).any(|i| content[i] == b'\r' && content.get(i + 1) != Some(&b'\n'));
            prop_assert_eq!((facts.bare_lf, facts.bare_cr), (bare_lf, bare_cr));
        }
    }

    #[test]
    fn any_octets_in_any_split_never_panic_and_messages_never_exceed_what_was_said(
        wire in octets(120), splits in proptest::collection::vec(any::<usize>(), 0..20), greeted in any::<bool>(),
    ) {
        let mut driver = if greeted { Driver::open() } else { Driver::new() };
        for piece in pieces(&wire, &splits) {
            driver.send(piece);
        }
        // A message needs its DATA or its last BDAT; what stands inside of another message is none.
        let data = wire.windows(6).filter(|window| window.eq_ignore_ascii_case(b"DATA\r\n")).count();
        let last = wire.windows(6).filter(|window| window.eq_ignore_ascii_case(b"LAST\r\n")).count();
        prop_assert!(driver.messages.len() <= data + last);
    }

    #[test]
    fn a_session_says_the_same_when_its_lines_come_in_pieces(
        lines in proptest::collection::vec(prop_oneof![
            Just("EHLO a.example".to_owned()), Just("MAIL FROM:<a@a.example>".to_owned()), Just("RCPT TO:<b@b.example>".to_owned()),
            Just("RSET".to_owned()), Just("NOOP".to_owned()), Just("HELP".to_owned()), "[ -~]{0,40}", Just("x".repeat(1_500)),
        ], 0..12),
        splits in proptest::collection::vec(any::<usize>(), 0..4),
    ) {
        let (mut whole, mut split) = (Driver::new(), Driver::new());
        for line in lines {
            let wire = format!("{line}\r\n").into_bytes();
            let expected = whole.send(&wire);
            let replies: Vec<_> = pieces(&wire, &splits).into_iter().flat_map(|piece| split.send(piece)).collect();
            prop_assert_eq!(replies, expected);
        }
    }

    #[test]
    fn after_starttls_no_octet_of_the_clear_survives(behind in octets(10)) {
        let mut input = Input::new();
        let Step::Answer { next, .. } = Greeting::new(std::sync::Arc::new(config())).greet(&input) else { panic!() };
        input.extend(b"EHLO a.example\r\n");
        let Step::Answer { next, .. } = next.read(&mut input) else { panic!() };
        input.extend(b"STARTTLS\r\n");
        input.extend(&behind);
        match next.read(&mut input) {
            Step::StartTls { .. } => prop_assert!(behind.is_empty()),
            Step::Close { reply, .. } => prop_assert!(reply.code() == 554 && input.is_empty()),
            step => panic!("{step:?}"),
        }
    }
}

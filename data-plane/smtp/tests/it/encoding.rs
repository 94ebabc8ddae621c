//! Content on its way out, and back in again.

use proptest::prelude::*;
use smtp::{
    client::{BareNewline, Encoder, Newlines},
    data::{Progress, Receiver},
};

fn encode(newlines: Newlines, pieces: &[&[u8]]) -> Result<Vec<u8>, BareNewline> {
    let mut encoder = Encoder::new(newlines);
    let mut sent = Vec::new();
    for piece in pieces {
        for segment in encoder.encode(piece) {
            sent.extend_from_slice(segment?);
        }
    }
    sent.extend_from_slice(encoder.finish()?);
    Ok(sent)
}

fn receive(wire: &[u8]) -> (Vec<u8>, usize, Progress) {
    let mut receiver = Receiver::new(u64::MAX, "");
    let mut content = Vec::new();
    let (octets, progress) = receiver.take(wire, |slice| content.extend_from_slice(slice));
    (content, octets, progress)
}

const STRICT: &[(&[u8], Option<&[u8]>)] = &[
    (b"", Some(b".\r\n")),
    (b"a\r\n", Some(b"a\r\n.\r\n")),
    (b"a", Some(b"a\r\n.\r\n")),
    (b".\r\n", Some(b"..\r\n.\r\n")),
    (b"..\r\n", Some(b"...\r\n.\r\n")),
    (b".", Some(b"..\r\n.\r\n")),
    (b"a\r\n.b\r\n.\r\n", Some(b"a\r\n..b\r\n..\r\n.\r\n")),
    (b"a.b\r\n", Some(b"a.b\r\n.\r\n")),
    (b"\r\n\r\n", Some(b"\r\n\r\n.\r\n")),
    (b"a\nb\r\n", None),
    (b"a\rb\r\n", None),
    (b"a\r", None),
    (b"\n", None),
    (b"\r\r\n", None),
    (b"a\n.\r\n", None),
    (b"a\r\n.\n", None),
];

#[test]
fn a_bare_newline_never_goes_out() {
    for (content, expected) in STRICT {
        let sent = encode(Newlines::Strict, &[content]);
        assert_eq!(sent.as_deref().ok(), *expected, "{:?}", String::from_utf8_lossy(content));
    }
}

#[test]
fn normalising_comes_before_dots_are_looked_at() {
    // A6.4.
    let rows: &[(&[u8], Option<&[u8]>)] = &[
        (b"a\n.\nb\r\n", Some(b"a\r\n..\r\nb\r\n.\r\n")),
        (b"a\n.\r\nb\r\n", Some(b"a\r\n..\r\nb\r\n.\r\n")),
        (b"\n", Some(b"\r\n.\r\n")),
        (b"\n\n.", Some(b"\r\n\r\n..\r\n.\r\n")),
        (b"a\r\n\nb\n", Some(b"a\r\n\r\nb\r\n.\r\n")),
        (b"a\rb\n", None),
        (b"a\r\r\n", None),
    ];
    for (content, expected) in rows {
        let sent = encode(Newlines::Normalize, &[content]);
        assert_eq!(sent.as_deref().ok(), *expected, "{:?}", String::from_utf8_lossy(content));
    }
}

#[test]
fn whoever_goes_on_after_an_error_gets_no_end_of_data() {
    for newlines in [Newlines::Strict, Newlines::Normalize] {
        let mut encoder = Encoder::new(newlines);
        assert!(encoder.encode(b"a\rb").any(|segment| segment.is_err()));
        assert!(encoder.encode(b"\n").any(|segment| segment.is_err()));
        assert!(encoder.encode(b"c\r\n").any(|segment| segment.is_err()));
        assert_eq!(encoder.finish(), Err(BareNewline));
    }
}

#[test]
fn content_without_dots_is_one_slice() {
    let content = b"a: b\r\n\r\nbody\r\n".repeat(1_000);
    let mut encoder = Encoder::new(Newlines::Strict);
    let segments: Vec<_> = encoder.encode(&content).map(Result::unwrap).collect();
    assert_eq!(segments, [&content[..]]);
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a'), Just(0u8), any::<u8>()];
    proptest::collection::vec(
        prop_oneof![octet.prop_map(|b| vec![b]), Just(b"\r\n".to_vec()), Just(b"\r\n.".to_vec())],
        0..60,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_goes_out_comes_in_again(content in text(), split in 0usize..100) {
        let (first, second) = content.split_at(split.min(content.len()));
        for newlines in [Newlines::Strict, Newlines::Normalize] {
            let whole = encode(newlines, &[&content]);
            prop_assert_eq!(&whole, &encode(newlines, &[first, second]));
            let octets: Vec<_> = content.chunks(1).collect();
            prop_assert_eq!(&whole, &encode(newlines, &octets));
            let Ok(wire) = whole else { continue };
            let (received, octets, progress) = receive(&wire);
            prop_assert_eq!(progress, Progress::End);
            prop_assert_eq!(octets, wire.len(), "nothing may stand behind the end");
            let mut expected = Vec::new();
            for (i, &octet) in content.iter().enumerate() {
                if octet == b'\n' && !content[..i].ends_with(b"\r") {
                    expected.push(b'\r');
                }
                expected.push(octet);
            }
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(received, expected);
            // Not one bare CR or LF.
            let bare = wire.windows(2).any(|pair| (pair[1] == b'\n') != (pair[0] == b'\r'));
            prop_assert!(!bare && wire.first() != Some(&b'\n'));
        }
    }
}

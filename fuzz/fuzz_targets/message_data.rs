//! Content: ends at CRLF.CRLF and nowhere else, whatever the split; what goes out comes in again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp::{
    client::{Encoder, Newlines},
    data::{Facts, Progress, Receiver},
};

fuzz_target!(|data: &[u8]| {
    let whole = receive([data].into_iter());
    assert_eq!(whole, receive(data.chunks(1)));
    assert_eq!(whole, receive(data.chunks(7)));
    let end = if data.starts_with(b".\r\n") {
        Some(3)
    } else {
        data.windows(5).position(|window| window == b"\r\n.\r\n").map(|at| at + 5)
    };
    assert_eq!(whole.2, end);

    for newlines in [Newlines::Strict, Newlines::Normalize] {
        let sent = encode(newlines, [data].into_iter());
        assert_eq!(sent, encode(newlines, data.chunks(1)));
        let Some(wire) = sent else { continue };
        assert!(!wire.windows(2).any(|pair| (pair[1] == b'\n') != (pair[0] == b'\r')));
        let (content, facts, end) = receive([&wire[..]].into_iter());
        assert_eq!(end, Some(wire.len()));
        assert!(!facts.bare_cr && !facts.bare_lf);
        if newlines == Newlines::Strict {
            assert!(content.starts_with(data) && content.len() <= data.len() + 2);
        }
    }
});

fn receive<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Facts, Option<usize>) {
    let mut receiver = Receiver::new(u64::MAX, "ins_1");
    let (mut content, mut taken) = (Vec::new(), 0);
    for piece in pieces {
        let (octets, progress) = receiver.take(piece, |slice| content.extend_from_slice(slice));
        taken += octets;
        if progress == Progress::End {
            return (content, receiver.into_facts(), Some(taken));
        }
    }
    (content, receiver.into_facts(), None)
}

fn encode<'a>(newlines: Newlines, pieces: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(newlines);
    let mut wire = Vec::new();
    for piece in pieces {
        for segment in encoder.encode(piece) {
            wire.extend_from_slice(segment.ok()?);
        }
    }
    wire.extend_from_slice(encoder.finish().ok()?);
    Some(wire)
}

//! Anything a next hop says: the same replies in any split, and never a yes to the sender that the hop did not say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp::client::{Capabilities, Heard, HopReply, ReplyFault, ReplyReader, Stage, hear};

const STAGES: [Stage; 8] =
    [Stage::Banner, Stage::Ehlo, Stage::StartTls, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Message, Stage::Reset];

fuzz_target!(|data: &[u8]| {
    let whole = read([data].into_iter());
    assert_eq!(whole, read(data.chunks(1)));
    let (replies, _) = whole;
    for reply in &replies {
        let _ = Capabilities::read(reply);
        for stage in STAGES {
            let (Heard::Accepted(heard) | Heard::PassedOn(heard) | Heard::HopFailed(heard)) = hear(stage, reply);
            let mut wire = Vec::new();
            heard.write_to(&mut wire);
            assert!(wire.len() <= 512 && !wire[..wire.len() - 2].contains(&b'\n'));
            assert!(!heard.is_positive() || reply.is_positive());
        }
    }
});

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<HopReply>, Option<ReplyFault>) {
    let mut reader = ReplyReader::default();
    let mut replies = Vec::new();
    for piece in pieces {
        reader.extend(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(fault) => return (replies, Some(fault)),
            }
        }
    }
    (replies, None)
}

//! BDAT (RFC 3030): content in counted chunks, each with its own answer. Between two chunks the session reads commands; the
//! octets of a chunk are never among them, whatever becomes of it (A6.11).

use contract::mail::Reply;

use super::{
    Complete, Envelope, Hello, Session, Step, envelope,
    session::{Open, Ready},
};
use crate::{
    Input,
    command::ChunkSize,
    data::{Chunks, Facts},
    said::Said,
};

/// A transaction of which at least one chunk has come, and not the last.
#[derive(Debug)]
pub(super) struct Chunking {
    pub(super) open: Open,
    content: Box<Chunks>,
}

/// BDAT was said; its octets come. Only what has come takes room, whatever size was announced.
#[derive(Debug)]
pub struct Chunk {
    left: u64,
    last: bool,
    to: To,
}

#[derive(Debug)]
enum To {
    Message(Chunking),
    /// It is read and forgotten; then this is said (RFC 3030 §2: discard first, then answer).
    Nowhere {
        next: Session,
        reply: Reply,
        dropped: Option<Box<Envelope>>,
    },
}

/// What came of giving `Chunk` the input.
#[derive(Debug)]
pub enum ChunkTaken {
    /// More of it is needed.
    More(Chunk),
    /// It was refused before it came: nothing of it was kept.
    Refused(Step),
    /// It is whole, and the message is not.
    Part(Part),
    /// The message is whole.
    All(Complete),
}

/// A chunk that was read, with more to follow. Its answer is missing.
#[derive(Debug)]
pub struct Part(Chunking);

impl Chunking {
    pub(super) fn new(open: Open, max_size_bytes: u64) -> Self {
        let content = Box::new(Chunks::new(max_size_bytes, &open.ready.common.config.installation));
        Self { open, content }
    }
}

impl Chunk {
    pub(super) fn of(chunking: Chunking, size: ChunkSize) -> Self {
        Self { left: size.octets, last: size.last, to: To::Message(chunking) }
    }

    pub(super) fn refused(
        size: ChunkSize,
        next: impl Into<Session>,
        reply: Reply,
        dropped: Option<Box<Envelope>>,
    ) -> Self {
        Self { left: size.octets, last: size.last, to: To::Nowhere { next: next.into(), reply, dropped } }
    }

    /// Takes what waits of this chunk and not an octet more. `content` gets it as it is; after `swallow`, or beyond the
    /// limit of size, it gets nothing.
    pub fn take(mut self, input: &mut Input, content: impl FnMut(&[u8])) -> ChunkTaken {
        let waiting = input.peek();
        let octets = usize::try_from(self.left).unwrap_or(usize::MAX).min(waiting.len());
        if let To::Message(chunking) = &mut self.to {
            chunking.content.take(waiting.get(..octets).unwrap_or_default(), content);
        }
        input.consume(octets);
        self.left = self.left.saturating_sub(octets as u64);
        if self.left > 0 {
            return ChunkTaken::More(self);
        }
        match self.to {
            To::Nowhere { next, reply, dropped } => ChunkTaken::Refused(Step::Answer { next, reply, dropped }),
            To::Message(Chunking { open, content }) if self.last => {
                let cut = content.is_swallowing();
                ChunkTaken::All(Complete::new(open, content.end(), cut))
            }
            To::Message(chunking) => ChunkTaken::Part(Part(chunking)),
        }
    }

    /// Hands nothing on from here, but reads on to the end.
    pub fn swallow(&mut self) {
        if let To::Message(chunking) = &mut self.to {
            chunking.content.swallow();
        }
    }

    /// Nothing of it is kept: it was refused, the limit of size was passed, or `swallow` was called.
    pub fn is_swallowing(&self) -> bool {
        match &self.to {
            To::Message(chunking) => chunking.content.is_swallowing(),
            To::Nowhere { .. } => true,
        }
    }

    /// It belongs to a message; else it is read only to be forgotten.
    pub fn is_content(&self) -> bool {
        matches!(self.to, To::Message(_))
    }

    /// The message ends with it.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// Octets still to come.
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl Part {
    /// Of the message so far.
    pub fn facts(&self) -> &Facts {
        self.0.content.facts()
    }

    /// The limit of size was passed, or `swallow` was called: it can only be refused.
    pub fn is_swallowing(&self) -> bool {
        self.0.content.is_swallowing()
    }

    pub fn envelope(&self) -> &Envelope {
        &self.0.open.envelope
    }

    pub fn hello(&self) -> &Hello {
        &self.0.open.ready.hello
    }

    /// The next one may come.
    pub fn accept(self) -> Step {
        Step::Answer { next: self.0.into(), reply: Said::ChunkTaken.reply(), dropped: None }
    }

    /// The transaction ends here with this answer; chunks that are on their way already are read and forgotten. 421 closes
    /// the connection.
    pub fn refuse(self, reply: Reply) -> Step {
        if reply.code() == 421 {
            return Step::Close { reply, fault: None, dropped: Some(Box::new(self.0.open.envelope)) };
        }
        let next = Ready { excused: true, ..self.0.open.ready }.into();
        Step::Answer { next, reply: envelope::not_positive(reply), dropped: None }
    }
}

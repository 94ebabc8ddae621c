//! What a hop writes down: messages, connections, and what it had to complain about.

use std::{net::SocketAddr, sync::Arc};

use crate::stream::TlsFacts;

/// A message that came in whole.
#[derive(Debug, Clone)]
pub struct Message {
    /// Counts all messages of the hop, from 1, in the order in which they were complete.
    pub number: usize,
    /// Which connection brought it.
    pub connection: usize,
    pub mail: Path,
    /// The accepted recipients only.
    pub rcpt: Vec<Path>,
    /// Exactly what was meant: dots unstuffed, without the final line of a dot.
    pub bytes: Arc<[u8]>,
    pub tls: Option<TlsFacts>,
    /// What the hop answered; none where it was told to say nothing.
    pub reply: Option<String>,
}

/// An address as the command named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Between the angle brackets.
    pub address: String,
    /// Behind them, as it came: `SIZE=500 BODY=8BITMIME`.
    pub params: String,
}

impl Message {
    /// Did the hop say 250 to it?
    pub fn is_accepted(&self) -> bool {
        self.reply.as_deref().is_some_and(|reply| reply.starts_with('2'))
    }

    pub fn recipients(&self) -> Vec<&str> {
        self.rcpt.iter().map(|path| path.address.as_str()).collect()
    }

    /// The first field of this name, unfolded, without the name.
    pub fn header(&self, name: &str) -> Option<String> {
        let end = memchr::memmem::find(&self.bytes, b"\r\n\r\n").unwrap_or(self.bytes.len());
        let head = String::from_utf8_lossy(&self.bytes[..end]).replace("\r\n\t", " ").replace("\r\n ", " ");
        head.split("\r\n").find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// A connection, open or closed.
#[derive(Debug, Clone)]
pub struct Connection {
    /// From 1, in the order in which they came.
    pub number: usize,
    pub peer: SocketAddr,
    pub tls: Option<TlsFacts>,
    /// MAIL commands that were accepted.
    pub transactions: usize,
    /// `C: …` and `S: …`, line by line; content only by its size.
    pub transcript: Vec<String>,
    /// What a well-behaved client does not do.
    pub violations: Vec<String>,
    pub closed: bool,
}

impl Connection {
    pub(super) fn new(number: usize, peer: SocketAddr) -> Self {
        Self { number, peer, tls: None, transactions: 0, transcript: Vec::new(), violations: Vec::new(), closed: false }
    }

    /// Did the client say something that begins so?
    pub fn heard(&self, command: &str) -> bool {
        self.transcript.iter().any(|line| {
            line.strip_prefix("C: ")
                .and_then(|said| said.get(..command.len()))
                .is_some_and(|said| said.eq_ignore_ascii_case(command))
        })
    }
}

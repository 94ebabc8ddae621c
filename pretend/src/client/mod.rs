//! An SMTP client that does just what a test tells it, right or wrong: line by line, octet by octet, slow, half closed.
//!
//! Each wait is bounded. The plain methods panic with the dialogue so far when the connection fails; the `try_` ones do
//! not.

mod reply;
mod settle;
mod tls;

use std::{io, net::SocketAddr, time::Duration};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;

pub use reply::Reply;
pub use settle::until_settled;
pub use tls::{Trust, anybody};

use crate::{gate::Gate, stream::Wire, wait::BOUND};

pub use crate::stream::TlsFacts;

/// Not a reply: a reply line may have 512 octets, and we tell longer ones apart from endless ones.
const LONGEST_LINE: usize = 64 * 1024;

/// A connection to an SMTP server.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    dialogue: String,
    banner: Option<Reply>,
    tls: Option<TlsFacts>,
    bound: Duration,
    quiet: bool,
}

impl Client {
    /// Connects and reads the banner, whatever it says.
    ///
    /// # Panics
    /// When there is nobody, or no banner comes.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.unwrap_or_else(|error| panic!("no banner from {address}: {error}"))
    }

    pub async fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let mut client = Self::open(address).await?;
        let banner = client.read_reply("connect").await?;
        client.banner = Some(banner);
        Ok(client)
    }

    /// Connects and reads nothing.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let tcp = tokio::time::timeout(BOUND, TcpStream::connect(address)).await??;
        Ok(Self { wire: Wire::new(tcp), dialogue: String::new(), banner: None, tls: None, bound: BOUND, quiet: false })
    }

    /// How long each wait may take from now on.
    #[must_use]
    pub fn patience(mut self, bound: Duration) -> Self {
        self.bound = bound;
        self
    }

    /// Keeps no dialogue from now on: for load.
    pub(crate) fn quiet(&mut self) {
        self.quiet = true;
        self.dialogue = String::new();
    }

    pub fn banner(&self) -> Option<&Reply> {
        self.banner.as_ref()
    }

    pub fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_ref()
    }

    /// What was said so far, by both.
    pub fn dialogue(&self) -> &str {
        &self.dialogue
    }

    /// What the server sent and nobody read.
    pub fn unread(&self) -> &[u8] {
        self.wire.inbox()
    }

    /// Sends a line (CRLF is added) and reads the reply.
    ///
    /// # Panics
    /// When no reply comes.
    pub async fn say(&mut self, line: &str) -> Reply {
        let reply = self.try_say(line).await;
        self.must(reply)
    }

    pub async fn try_say(&mut self, line: &str) -> io::Result<Reply> {
        self.try_send(format!("{line}\r\n").as_bytes()).await?;
        self.read_reply(line).await
    }

    /// Sends all lines in one write, then reads as many replies.
    ///
    /// # Panics
    /// When fewer come.
    pub async fn burst(&mut self, lines: &[&str]) -> Vec<Reply> {
        let bytes = lines.join("\r\n") + "\r\n";
        self.send(bytes.as_bytes()).await;
        let mut replies = Vec::with_capacity(lines.len());
        for line in lines {
            let reply = self.read_reply(line).await;
            replies.push(self.must(reply));
        }
        replies
    }

    /// Reads one more reply.
    ///
    /// # Panics
    /// When none comes.
    pub async fn reply(&mut self) -> Reply {
        let reply = self.try_reply().await;
        self.must(reply)
    }

    pub async fn try_reply(&mut self) -> io::Result<Reply> {
        self.read_reply("").await
    }

    /// Sends octets as they are.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, bytes: &[u8]) {
        let sent = self.try_send(bytes).await;
        self.must(sent);
    }

    pub async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.note("C", bytes);
        bounded(self.bound, self.wire.send(bytes)).await
    }

    /// Sends octets in pieces that end before each of these places; each piece is a write (and a TLS record) of its own.
    pub async fn send_split(&mut self, bytes: &[u8], at: &[usize]) {
        let mut from = 0;
        for &to in at.iter().chain([&bytes.len()]) {
            let to = to.clamp(from, bytes.len());
            self.send(&bytes[from..to]).await;
            tokio::task::yield_now().await;
            from = to;
        }
    }

    /// Sends octets once the gate is open.
    pub async fn send_behind(&mut self, gate: &Gate, bytes: &[u8]) {
        gate.passed().await;
        self.send(bytes).await;
    }

    /// Sends octets at a pace, as a sender on a bad line would.
    pub async fn trickle(&mut self, bytes: &[u8], chunk: usize, pause: Duration) -> io::Result<()> {
        for piece in bytes.chunks(chunk.max(1)) {
            self.try_send(piece).await?;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// STARTTLS with its handshake. The name is what is asked for and, under [`Trust::Authority`], what must be proven.
    pub async fn start_tls(&mut self, trust: &Trust, name: &str) -> io::Result<TlsFacts> {
        let reply = self.try_say("STARTTLS").await?;
        if reply.code != 220 {
            return Err(io::Error::other(format!("STARTTLS → {reply}")));
        }
        self.handshake(trust, name).await
    }

    /// The handshake alone: of implicit TLS, or after a STARTTLS that was sent otherwise.
    pub async fn handshake(&mut self, trust: &Trust, name: &str) -> io::Result<TlsFacts> {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let facts = bounded(self.bound, self.wire.connect_tls(tls::config(trust), name)).await?;
        self.note("C", format!("({})", facts.version).as_bytes());
        self.tls = Some(facts.clone());
        Ok(facts)
    }

    /// MAIL, RCPT, DATA and the message, one after the other. The answer is the server's to the message, or the first
    /// refusal.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send_message(&mut self, from: &str, to: &[&str], message: &[u8]) -> Reply {
        let reply = self.try_send_message(from, to, message).await;
        self.must(reply)
    }

    pub async fn try_send_message(&mut self, from: &str, to: &[&str], message: &[u8]) -> io::Result<Reply> {
        let mut commands = vec![format!("MAIL FROM:<{from}>")];
        commands.extend(to.iter().map(|to| format!("RCPT TO:<{to}>")));
        commands.push("DATA".to_owned());
        for command in &commands {
            let reply = self.try_say(command).await?;
            if !reply.is_positive() {
                return Ok(reply);
            }
        }
        self.try_send(&stuffed(message)).await?;
        self.read_reply(".").await
    }

    /// No more will be sent; what the server says can still be read.
    pub async fn half_close(&mut self) -> io::Result<()> {
        self.note("C", b"(half close)");
        self.wire.half_close().await
    }

    /// Ends with RST.
    pub fn reset(self) {
        self.wire.reset();
    }

    /// Reads until the server closes: what it still said. A reset counts as the end.
    ///
    /// # Panics
    /// When the server does not close.
    pub async fn until_closed(&mut self) -> Vec<u8> {
        let end = tokio::time::timeout(self.bound, async { while matches!(self.wire.fill().await, Ok(1..)) {} }).await;
        assert!(end.is_ok(), "the server does not close\n{}", self.dialogue);
        let rest = self.wire.inbox().to_vec();
        self.note("S", &rest);
        rest
    }

    async fn read_reply(&mut self, to: &str) -> io::Result<Reply> {
        let malformed = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut reply: Option<Reply> = None;
        loop {
            let line = bounded(self.bound, self.wire.line(LONGEST_LINE)).await?;
            let line = line.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            self.note("S", &line);
            let (code, last, text) = reply::parse_line(&line).map_err(malformed)?;
            let reply = reply.get_or_insert_with(|| Reply { code, lines: Vec::new(), to: to.to_owned() });
            if reply.code != code {
                return Err(malformed("a reply whose lines have different codes"));
            }
            reply.lines.push(text);
            if reply.lines.len() > 1_000 {
                return Err(malformed("a reply without an end"));
            }
            if last {
                return Ok(reply.clone());
            }
        }
    }

    fn note(&mut self, who: &str, bytes: &[u8]) {
        use std::fmt::Write;
        if self.quiet {
            return;
        }
        let _ = if bytes.len() > 200 {
            writeln!(self.dialogue, "{who}: ({} octets)", bytes.len())
        } else {
            writeln!(self.dialogue, "{who}: {}", bytes.escape_ascii())
        };
    }

    #[track_caller]
    fn must<T>(&self, result: io::Result<T>) -> T {
        result.unwrap_or_else(|error| panic!("{error}\n{}", self.dialogue))
    }
}

async fn bounded<T>(bound: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(bound, work).await?
}

/// A message as it goes over the wire: each line that begins with a dot has one more, and a line of a dot ends it
/// (RFC 5321 §4.5.2). A message without a final CRLF gets one, since there is no other way to end it.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    let mut from = 0;
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    for at in memchr::memmem::find_iter(message, b"\r\n.") {
        out.extend_from_slice(&message[from..at + 3]);
        out.push(b'.');
        from = at + 3;
    }
    out.extend_from_slice(&message[from..]);
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

//! The fast next hop: takes every message, keeps its Message-ID in the ledger and nothing else. Nothing is allocated per
//! line or per message.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed},
};

use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::Ledger;
use crate::{ca::Certificate, stream::Wire};

const FIELD: &[u8] = b"\r\nMessage-ID: ";
/// A header without an end is not searched for ever.
const LONGEST_HEADER: usize = 256 * 1024;

/// A running sink; gone when dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Sink {
    /// Starts on a free port of 127.0.0.1; offers STARTTLS where it has a certificate.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(ledger: &Arc<Ledger>, certificate: Option<&Certificate>) -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), ledger, certificate).await.expect("a free port")
    }

    pub async fn start_on(
        address: SocketAddr,
        ledger: &Arc<Ledger>,
        certificate: Option<&Certificate>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let tls = certificate.map(Certificate::server_config);
        let task = tokio::spawn(listen(listener, Arc::clone(ledger), tls, Arc::clone(&connections)));
        Ok(Self { address, connections, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    listener: TcpListener,
    ledger: Arc<Ledger>,
    tls: Option<Arc<ServerConfig>>,
    connections: Arc<AtomicUsize>,
) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((tcp, _)) = accepted else { continue };
                connections.fetch_add(1, Relaxed);
                let (ledger, tls) = (Arc::clone(&ledger), tls.clone());
                sessions.spawn(async move {
                    // How a client goes is its own affair; what it said counts.
                    let _ = serve(tcp, &ledger, tls).await;
                });
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

async fn serve(tcp: TcpStream, ledger: &Ledger, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let mut wire = Wire::new(tcp);
    let mut out = Vec::with_capacity(4 * 1024);
    let mut content = Content::None;
    let mut offered = tls;
    out.extend_from_slice(b"220 sink.pretend ESMTP\r\n");
    loop {
        // Replies to a burst go out together, once all of it is read.
        let after = digest(&mut wire, &mut out, &mut content, ledger, offered.is_some());
        if !out.is_empty() {
            wire.send(&out).await?;
            out.clear();
        }
        match (after, &offered) {
            (After::Quit, _) => return Ok(()),
            (After::Tls, Some(config)) => {
                wire.accept_tls(Arc::clone(config)).await?;
                offered = None;
            }
            _ => {
                if wire.fill().await? == 0 {
                    return Ok(());
                }
            }
        }
    }
}

enum After {
    More,
    Tls,
    Quit,
}

/// Where a session is with a message.
enum Content {
    None,
    /// The header is coming in; nothing is thrown away yet.
    Header,
    /// The Message-ID was seen (and counts when the end comes), or there is none. True while all of the message is here.
    Rest(Id, bool),
}

#[derive(Clone, Copy)]
struct Id {
    octets: [u8; 96],
    len: usize,
}

fn digest(wire: &mut Wire, out: &mut Vec<u8>, content: &mut Content, ledger: &Ledger, offers_tls: bool) -> After {
    loop {
        match content {
            Content::None => {
                let inbox = wire.inbox();
                let Some(end) = memchr::memmem::find(inbox, b"\r\n") else { return After::More };
                let mut verb = [0; 4];
                let len = end.min(4);
                verb[..len].copy_from_slice(&inbox[..len]);
                verb.make_ascii_uppercase();
                wire.consume(end + 2);
                match &verb {
                    b"EHLO" => {
                        out.extend_from_slice(
                            b"250-sink.pretend\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 1073741824\r\n",
                        );
                        if offers_tls {
                            out.extend_from_slice(b"250-STARTTLS\r\n");
                        }
                        out.extend_from_slice(b"250 ENHANCEDSTATUSCODES\r\n");
                    }
                    b"STAR" if offers_tls => {
                        out.extend_from_slice(b"220 2.0.0 Go ahead\r\n");
                        return After::Tls;
                    }
                    b"DATA" => {
                        out.extend_from_slice(b"354 Go ahead\r\n");
                        *content = Content::Header;
                    }
                    b"QUIT" => {
                        out.extend_from_slice(b"221 2.0.0 Bye\r\n");
                        return After::Quit;
                    }
                    b"MAIL" | b"RCPT" | b"RSET" | b"NOOP" | b"HELO" => out.extend_from_slice(b"250 2.0.0 Ok\r\n"),
                    _ => out.extend_from_slice(b"502 5.5.1 Not here\r\n"),
                }
            }
            Content::Header => {
                let inbox = wire.inbox();
                let complete =
                    memchr::memmem::find(inbox, b"\r\n\r\n").or_else(|| memchr::memmem::find(inbox, b"\r\n.\r\n"));
                if complete.is_none() && !inbox.starts_with(b".\r\n") && inbox.len() < LONGEST_HEADER {
                    return After::More;
                }
                let header = &inbox[..complete.map_or(inbox.len(), |at| at + 2)];
                *content = Content::Rest(Id::find(header), true);
            }
            Content::Rest(id, whole) => {
                let inbox = wire.inbox();
                let end = if *whole && inbox.starts_with(b".\r\n") {
                    Some(3)
                } else {
                    memchr::memmem::find(inbox, b"\r\n.\r\n").map(|at| at + 5)
                };
                let Some(end) = end else {
                    // The end may have begun: its first four octets stay.
                    let done = inbox.len().saturating_sub(4);
                    *whole &= done == 0;
                    wire.consume(done);
                    return After::More;
                };
                ledger.arrived(&id.octets[..id.len]);
                wire.consume(end);
                out.extend_from_slice(b"250 2.0.0 Ok\r\n");
                *content = Content::None;
            }
        }
    }
}

impl Id {
    /// The value of the Message-ID field; empty where there is none.
    fn find(header: &[u8]) -> Self {
        let mut id = Self { octets: [0; 96], len: 0 };
        let value = match header.strip_prefix(&FIELD[2..]) {
            Some(value) => value,
            None => match memchr::memmem::find(header, FIELD) {
                Some(at) => &header[at + FIELD.len()..],
                None => return id,
            },
        };
        let len = memchr::memchr(b'\r', value).unwrap_or(value.len()).min(id.octets.len());
        id.octets[..len].copy_from_slice(&value[..len]);
        id.len = len;
        id
    }
}

//! The sender's side of a session: octets in, replies out, in the clear or under TLS.

use std::{
    io::{self, Read},
    net::SocketAddr,
    time::Duration,
};

use contract::mail::Reply;
use smtp::{Input, proxy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

#[derive(Debug)]
pub(crate) struct Wire {
    socket: Socket,
    pub input: Input,
    output: Vec<u8>,
    pub peer: SocketAddr,
}

#[derive(Debug)]
enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake failed: there is nothing left to talk over.
    Gone,
}

/// Why a balancer's connection is closed before its session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHeader {
    Malformed,
    /// Nothing came, or half of it.
    Missing,
}

impl NoHeader {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Missing => "missing",
        }
    }
}

/// A balancer sends its header with the connection.
const PROXY_TIMEOUT: Duration = Duration::from_secs(5);
/// Replies are kept back while more commands wait, but not beyond this.
const MAX_KEPT_BACK: usize = 16 * 1024;
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
const LINGER: Duration = Duration::from_secs(2);
const MAX_DRAINED: usize = 1024 * 1024;
/// Room for commands.
const KEPT_INPUT: usize = 8 * 1024;

impl Wire {
    pub(crate) fn new(tcp: TcpStream, peer: SocketAddr) -> Self {
        let _ = tcp.set_nodelay(true);
        Self { socket: Socket::Plain(tcp), input: Input::new(), output: Vec::new(), peer }
    }

    pub(crate) fn say(&mut self, reply: &Reply) {
        reply.write_to(&mut self.output);
    }

    pub(crate) fn has_much_to_say(&self) -> bool {
        self.output.len() > MAX_KEPT_BACK
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = &self.output;
        let write = async {
            match &mut self.socket {
                Socket::Plain(tcp) => tcp.write_all(output).await,
                Socket::Tls(tls) => {
                    tls.write_all(output).await?;
                    tls.flush().await
                }
                Socket::Gone => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        tokio::time::timeout(WRITE_TIMEOUT, write).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        self.output.clear();
        Ok(())
    }

    /// Waits for more; false when the sender has closed.
    pub(crate) async fn receive(&mut self, reserve: usize) -> io::Result<bool> {
        let buffer = self.input.buffer();
        buffer.reserve(reserve);
        let octets = match &mut self.socket {
            Socket::Plain(tcp) => tcp.read_buf(buffer).await?,
            Socket::Tls(tls) => tls.read_buf(buffer).await?,
            Socket::Gone => 0,
        };
        Ok(octets > 0)
    }

    /// Reads the PROXY header with which a balancer begins; gives whom it speaks for, if for anybody. What stands behind it
    /// stays in the input.
    pub(crate) async fn proxy_header(&mut self) -> Result<Option<SocketAddr>, NoHeader> {
        let read = async {
            loop {
                match proxy::take(&mut self.input) {
                    Ok(Some(header)) => {
                        let client = header.client;
                        return Ok(client.map(|client| SocketAddr::new(client.ip().to_canonical(), client.port())));
                    }
                    Ok(None) => {}
                    Err(proxy::Malformed) => return Err(NoHeader::Malformed),
                }
                if !self.receive(proxy::MAX_OCTETS).await.is_ok_and(|more| more) {
                    return Err(NoHeader::Missing);
                }
            }
        };
        tokio::time::timeout(PROXY_TIMEOUT, read).await.unwrap_or(Err(NoHeader::Missing))
    }

    /// Takes what has come already, without waiting. Asks the kernel: the reactor knows nothing of a new connection yet.
    pub(crate) fn take_early(&mut self) {
        if let Socket::Plain(tcp) = &self.socket {
            let mut early = [0; 512];
            let octets = (&*socket2::SockRef::from(tcp)).read(&mut early).unwrap_or(0);
            self.input.extend(early.get(..octets).unwrap_or_default());
        }
    }

    /// Gives back the memory that a message needed.
    pub(crate) fn let_go(&mut self) {
        let buffer = self.input.buffer();
        if buffer.is_empty() && buffer.capacity() > KEPT_INPUT {
            *buffer = bytes::BytesMut::new();
        }
    }

    /// Is the sender still there, as far as the kernel knows?
    pub(crate) fn is_there(&self) -> bool {
        let tcp = match &self.socket {
            Socket::Plain(tcp) => tcp,
            Socket::Tls(tls) => tls.get_ref().0,
            Socket::Gone => return false,
        };
        let mut octet = [std::mem::MaybeUninit::uninit(); 1];
        match socket2::SockRef::from(tcp).peek(&mut octet) {
            // Closed. What came before that was read already, or this would show it.
            Ok(0) => false,
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// The TLS handshake after STARTTLS; what it agreed on.
    pub(crate) async fn start_tls(&mut self, acceptor: &TlsAcceptor) -> io::Result<contract::events::Tls> {
        let Socket::Plain(tcp) = std::mem::replace(&mut self.socket, Socket::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(tcp))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        let agreed = super::tls::facts(stream.get_ref().1, false);
        self.socket = Socket::Tls(Box::new(stream));
        Ok(agreed)
    }

    /// Says what is left, and closes in order.
    pub(crate) async fn close(mut self) {
        self.end().await;
    }

    /// The same, for a sender that may still be sending: octets that nobody has read would reset the connection, and the
    /// last reply would be lost with it.
    pub(crate) async fn close_on_a_talker(mut self) {
        self.end().await;
        let drain = async {
            let mut left = MAX_DRAINED;
            let mut octets = [0; 4_096];
            while left > 0 {
                let read = match &mut self.socket {
                    Socket::Plain(tcp) => tcp.read(&mut octets).await,
                    Socket::Tls(tls) => tls.get_mut().0.read(&mut octets).await,
                    Socket::Gone => return,
                };
                match read {
                    Ok(octets @ 1..) => left = left.saturating_sub(octets),
                    Ok(0) | Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }

    async fn end(&mut self) {
        let _ = self.flush().await;
        let _ = match &mut self.socket {
            Socket::Plain(tcp) => tokio::time::timeout(LINGER, tcp.shutdown()).await,
            Socket::Tls(tls) => tokio::time::timeout(LINGER, tls.shutdown()).await,
            Socket::Gone => return,
        };
    }
}

//! One connection to a next hop: octets out, octets in, and whether it is quiet.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use contract::{Id, events::Tls, ids};
use smtp::client::{Idle, Wire};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::client::TlsStream;

use super::places::Place;

/// The socket, in the clear or not.
#[derive(Debug)]
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What there is to say about a connection in the trace.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub address: SocketAddr,
    pub tls: Option<Tls>,
    /// Why there is no TLS although it was tried.
    pub tls_failure: Option<String>,
}

/// Whose connection it is: never lent to another (a connection made for one tenant's route says nothing about another's).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// None: the installation itself, for its postmaster.
    pub tenant: Option<Id<ids::Tenant>>,
    pub route: Option<Id<ids::Route>>,
}

/// A connection between transactions.
#[derive(Debug)]
pub(crate) struct Connection {
    pub socket: Socket,
    pub idle: Idle,
    pub facts: Facts,
    pub owner: Owner,
    pub made: Instant,
    /// It has carried something before.
    pub reused: bool,
}

/// A connection in use, and its place among those allowed.
#[derive(Debug)]
pub(crate) struct Lent {
    pub connection: Connection,
    pub place: Place,
}

impl Socket {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    fn io(&mut self) -> &mut (dyn ReadWrite + Send) {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &mut **tls,
        }
    }

    /// Has nothing come, and is the other side still there? Asks the kernel: what the reactor knows may be old.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        // Under TLS octets may have been taken from the kernel already, with what came before them.
        if let Self::Tls(tls) = self
            && std::future::poll_fn(|context| Poll::Ready(has_more(tls, context))).await
        {
            return false;
        }
        let mut octet = [std::mem::MaybeUninit::uninit(); 1];
        match socket2::SockRef::from(self.tcp()).peek(&mut octet) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(_) | Ok(0) => false,
            Ok(_) => match self {
                Self::Plain(_) => false,
                // It may be a session ticket, which is no business of SMTP.
                Self::Tls(tls) => tokio::time::timeout(TICKET, tls.read(&mut [0])).await.is_err(),
            },
        }
    }

    pub(crate) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let io = self.io();
        io.write_all(bytes).await?;
        io.flush().await
    }

    /// Sends what the wire has to say.
    pub(crate) async fn send(&mut self, wire: &mut Wire) -> io::Result<()> {
        let output = wire.take_output();
        if output.is_empty() { Ok(()) } else { self.write_all(&output).await }
    }

    /// Waits for more from the hop.
    pub(crate) async fn receive(&mut self, wire: &mut Wire) -> io::Result<()> {
        let buffer = wire.replies().buffer();
        buffer.reserve(1_024);
        match self.io().read_buf(buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Sends, then waits for more.
    pub(crate) async fn exchange(&mut self, wire: &mut Wire) -> io::Result<()> {
        self.send(wire).await?;
        self.receive(wire).await
    }
}

/// How long octets of TLS that wait are given to turn out to be none of SMTP's.
const TICKET: Duration = Duration::from_millis(20);

/// Octets of SMTP, the end, or an error: whatever is not silence.
fn has_more(tls: &mut TlsStream<TcpStream>, context: &mut Context<'_>) -> bool {
    let mut octet = [0];
    Pin::new(tls).poll_read(context, &mut ReadBuf::new(&mut octet)).is_ready()
}

impl Connection {
    /// Says goodbye (RFC 5321 §4.1.1.10) and closes. Nobody waits for it.
    pub(crate) fn quit(mut self) {
        tokio::spawn(async move {
            let goodbye = async {
                self.socket.write_all(self.idle.quit()).await?;
                // Its answer, or its end: closing before would reset what is on the way.
                self.socket.io().read(&mut [0; 64]).await
            };
            let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        });
    }
}

const GOODBYE: Duration = Duration::from_secs(2);

/// Both directions of a socket.
trait ReadWrite: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> ReadWrite for T {}

//! One connection to a next hop: octets out, octets in, and whether it is quiet.

use std::{io, net::SocketAddr, time::Duration};

use contract::{Id, events::Tls, ids};
use smtp::client::{Idle, Wire};
use tokio::sync::OwnedSemaphorePermit;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

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
    pub tenant: Id<ids::Tenant>,
    pub route: Id<ids::Route>,
}

/// A connection between transactions.
#[derive(Debug)]
pub(crate) struct Connection {
    pub socket: Socket,
    pub idle: Idle,
    pub facts: Facts,
    pub owner: Owner,
    /// It has carried something before.
    pub reused: bool,
}

/// A connection in use, and its place among those allowed.
#[derive(Debug)]
pub(crate) struct Lent {
    pub connection: Connection,
    pub permit: OwnedSemaphorePermit,
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
        let mut octet = [std::mem::MaybeUninit::uninit(); 1];
        match socket2::SockRef::from(self.tcp()).peek(&mut octet) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(_) | Ok(0) => false,
            Ok(_) => match self {
                Self::Plain(_) => false,
                // It may be a session ticket, which is no business of SMTP.
                Self::Tls(tls) => {
                    let mut octet = [0];
                    tokio::time::timeout(Duration::from_millis(20), tls.read(&mut octet)).await.is_err()
                }
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

/// Both directions of a socket.
trait ReadWrite: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> ReadWrite for T {}

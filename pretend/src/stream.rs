//! A connection with or without TLS, and what was read from it but not used yet.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{
    ClientConfig, ProtocolVersion, ServerConfig,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// What was agreed in a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// As rustls names it, e.g. `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// The name the client asked for; at the server's end only.
    pub server_name: Option<String>,
    /// What the peer showed.
    pub peer_certificates: Vec<CertificateDer<'static>>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake failed and took the connection with it.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    inbox: Vec<u8>,
    used: usize,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Answers of a line each must not wait for one another.
        let _ = stream.set_nodelay(true);
        Self { stream: Stream::Plain(stream), inbox: Vec::new(), used: 0 }
    }

    /// Read and not used yet.
    pub(crate) fn inbox(&self) -> &[u8] {
        &self.inbox[self.used..]
    }

    pub(crate) fn consume(&mut self, octets: usize) {
        self.used += octets;
        if self.used == self.inbox.len() {
            self.inbox.clear();
            self.used = 0;
        }
    }

    /// Reads more; 0 at the end. Safe to drop: nothing read is lost.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        if self.used > 0 {
            self.inbox.drain(..self.used);
            self.used = 0;
        }
        self.inbox.reserve(16 * 1024);
        self.stream.read_buf(&mut self.inbox).await
    }

    /// The next line that is here, without its CRLF (or, where lenient, its LF).
    pub(crate) fn buffered_line(&mut self, lenient: bool) -> Option<Vec<u8>> {
        let inbox = self.inbox();
        let (line, all) = memchr::memchr_iter(b'\n', inbox).find_map(|lf| {
            let crlf = lf > 0 && inbox[lf - 1] == b'\r';
            (crlf || lenient).then(|| (inbox[..lf - usize::from(crlf)].to_vec(), lf + 1))
        })?;
        self.consume(all);
        Some(line)
    }

    /// The next line; none at a clean end.
    pub(crate) async fn line(&mut self, longest: usize) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(line) = self.buffered_line(false) {
                return Ok(Some(line));
            }
            if self.inbox().len() > longest {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a line of more than {longest} octets"),
                ));
            }
            if self.fill().await? == 0 {
                return if self.inbox().is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// One octet a segment, as far as that can be had, with so long between two.
    pub(crate) async fn drip(&mut self, bytes: &[u8], pause: std::time::Duration) -> io::Result<()> {
        for octet in bytes {
            self.send(&[*octet]).await?;
            if pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    /// No more will be sent; the other direction stays.
    pub(crate) async fn half_close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Ends the connection with RST instead of FIN.
    pub(crate) fn reset(self) {
        let tcp = match &self.stream {
            Stream::Plain(tcp) => Some(tcp),
            Stream::Tls(tls) => Some(tls.get_ref().0),
            Stream::Gone => None,
        };
        if let Some(tcp) = tcp {
            let _ = tcp.set_zero_linger();
        }
    }

    /// The server's side of a handshake. What was read before it is thrown away (RFC 3207 §4.2).
    pub(crate) async fn accept_tls(&mut self, config: Arc<ServerConfig>) -> io::Result<TlsFacts> {
        let tcp = self.take_plain()?;
        let tls = TlsAcceptor::from(config).accept(tcp).await?;
        let server_name = tls.get_ref().1.server_name().map(str::to_owned);
        Ok(self.now_tls(tls.into(), server_name))
    }

    /// The client's side.
    pub(crate) async fn connect_tls(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<TlsFacts> {
        let tcp = self.take_plain()?;
        let tls = TlsConnector::from(config).connect(name, tcp).await?;
        Ok(self.now_tls(tls.into(), None))
    }

    fn take_plain(&mut self) -> io::Result<TcpStream> {
        self.inbox.clear();
        self.used = 0;
        match std::mem::replace(&mut self.stream, Stream::Gone) {
            Stream::Plain(tcp) => Ok(tcp),
            other @ (Stream::Tls(_) | Stream::Gone) => {
                self.stream = other;
                Err(io::Error::other("TLS inside TLS"))
            }
        }
    }

    fn now_tls(&mut self, tls: TlsStream<TcpStream>, server_name: Option<String>) -> TlsFacts {
        let (_, state) = tls.get_ref();
        let facts = TlsFacts {
            version: match state.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
                other => format!("{other:?}"),
            },
            cipher: state.negotiated_cipher_suite().map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
            server_name,
            peer_certificates: state.peer_certificates().unwrap_or_default().to_vec(),
        };
        self.stream = Stream::Tls(Box::new(tls));
        facts
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}

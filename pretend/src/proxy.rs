//! A balancer between workers and control plane that holds a TLS key they trust and can lie: it passes everything on
//! until it is told to tamper. Snapshots are signed for just this peer.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What the proxy does to answers on their way to workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tamper {
    Nothing = 0,
    /// One character of the head's signature is another.
    Signature = 1,
    /// One octet of the objects' answer is another.
    Objects = 2,
    /// Nobody answers.
    Silence = 3,
}

#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    /// SHA-256 of its TLS key, as a join token pins it.
    pub spki_sha256: [u8; 32],
    state: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: reqwest::Url,
    client: reqwest::Client,
    tamper: AtomicU8,
    tampered: AtomicU64,
}

impl Proxy {
    /// Stands on a free port before the control plane at `upstream`, whatever certificate that one has.
    pub async fn start(upstream: reqwest::Url) -> io::Result<Self> {
        let certificate = crate::ca::Ca::new().issue(&["localhost", "127.0.0.1"]);
        let tls = TlsAcceptor::from(certificate.server_config());
        let client = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { upstream, client, tamper: AtomicU8::new(0), tampered: AtomicU64::new(0) });
        let router = Router::new().fallback(forward).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let _ = axum::serve(Handshakes::over(listener, tls), router).await;
        });
        Ok(Self { address, spki_sha256: certificate.spki_sha256(), state: shared, task })
    }

    pub fn tamper(&self, how: Tamper) {
        self.state.tamper.store(how as u8, Ordering::SeqCst);
    }

    /// Answers that were changed so far.
    pub fn tampered(&self) -> u64 {
        self.state.tampered.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match relay(&shared, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn relay(shared: &Shared, request: Request) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("connection");
    let body = axum::body::to_bytes(body, 64 * 1024 * 1024).await?;
    let url = shared.upstream.join(path)?;
    let answer = shared.client.request(parts.method, url).headers(headers).body(body).send().await?;
    let status = answer.status();
    let headers = answer.headers().clone();
    let bytes = answer.bytes().await?;
    let how = shared.tamper.load(Ordering::SeqCst);
    if how == Tamper::Silence as u8 {
        std::future::pending::<()>().await;
    }
    let bytes = if status.is_success() { change(shared, how, parts.uri.path(), bytes) } else { bytes };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    for (name, value) in &headers {
        if name != "content-length" && name != "transfer-encoding" && name != "connection" {
            response.headers_mut().append(name, value.clone());
        }
    }
    Ok(response)
}

fn change(shared: &Shared, how: u8, path: &str, bytes: Bytes) -> Bytes {
    let wanted = (how == Tamper::Signature as u8 && path.ends_with("/head"))
        || (how == Tamper::Objects as u8 && path.ends_with("/objects"));
    if !wanted || bytes.len() < 64 {
        return bytes;
    }
    shared.tampered.fetch_add(1, Ordering::SeqCst);
    let mut bytes = bytes.to_vec();
    // In the middle of the signature (86 characters of base64url), or of the first object.
    let at = if how == Tamper::Signature as u8 { bytes.len() - 40 } else { 50 };
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    Bytes::from(bytes)
}

/// Connections that finished their TLS handshake; a slow one holds up no other.
struct Handshakes {
    ready: mpsc::Receiver<(TlsStream<tokio::net::TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Handshakes {
    fn over(listener: TcpListener, tls: TlsAcceptor) -> Self {
        let address = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0)));
        let (sender, ready) = mpsc::channel(16);
        tokio::spawn(async move {
            loop {
                let Ok((stream, peer)) = listener.accept().await else { continue };
                if sender.is_closed() {
                    return;
                }
                let (tls, sender) = (tls.clone(), sender.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        let _ = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { ready, address }
    }
}

impl axum::serve::Listener for Handshakes {
    type Io = TlsStream<tokio::net::TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

//! A balancer between workers and control plane that holds a TLS key they trust and can lie: it passes everything on
//! until it is told to tamper. Snapshots are signed for just this peer.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tamper {
    #[default]
    Nothing,
    /// One character of the head's signature is another.
    Signature,
    /// This instead of the head, at once.
    Head(String),
    /// One octet of the objects' answer is another.
    Objects,
    /// The first object of an answer, not a node of the tree, lacks its last octet.
    Truncated,
    /// It has that many octets more.
    Oversize(usize),
    /// No object is there.
    Gone,
    /// Nobody answers.
    Silence,
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
    tamper: Mutex<Tamper>,
    tampered: AtomicU64,
    last_head: Mutex<Option<String>>,
}

impl Shared {
    fn tamper(&self) -> MutexGuard<'_, Tamper> {
        self.tamper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_head(&self) -> MutexGuard<'_, Option<String>> {
        self.last_head.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let shared = Arc::new(Shared {
            upstream,
            client,
            tamper: Mutex::default(),
            tampered: AtomicU64::new(0),
            last_head: Mutex::default(),
        });
        let router = Router::new().fallback(forward).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let _ = axum::serve(Handshakes::over(listener, tls), router).await;
        });
        Ok(Self { address, spki_sha256: certificate.spki_sha256(), state: shared, task })
    }

    pub fn tamper(&self, how: Tamper) {
        *self.state.tamper() = how;
    }

    /// The newest head that was passed on as it is.
    pub fn last_head(&self) -> Option<String> {
        self.state.last_head().clone()
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
    let is_head = parts.uri.path().ends_with("/head");
    let follows_changes = parts.uri.path().ends_with("/changes");
    let is_objects = follows_changes || parts.uri.path().ends_with("/objects") || parts.uri.path().contains("/packs/");
    if let Some(instead) = instead(shared, is_head, is_objects) {
        return Ok(instead);
    }
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("connection");
    let body = axum::body::to_bytes(body, 64 * 1024 * 1024).await?;
    let url = shared.upstream.join(path)?;
    let answer = shared.client.request(parts.method, url).headers(headers).body(body).send().await?;
    let status = answer.status();
    let headers = answer.headers().clone();
    let mut bytes = answer.bytes().await?;
    // It may have been told while the other side was waited for.
    if status.is_success()
        && let Some(instead) = instead(shared, is_head, is_objects)
    {
        return Ok(instead);
    }
    let how = shared.tamper().clone();
    if how == Tamper::Silence {
        std::future::pending::<()>().await;
    }
    if status.is_success() && !bytes.is_empty() {
        let before = if follows_changes { changes_at_its_head(&bytes) } else { 0 };
        let changed = changed(&how, is_head, is_objects, &bytes.slice(before..));
        let changed = changed.map(|objects| [&bytes[..before], &objects].concat().into());
        match (changed, is_head) {
            (Some(changed), _) => {
                shared.tampered.fetch_add(1, Ordering::SeqCst);
                bytes = changed;
            }
            (None, true) => *shared.last_head() = Some(String::from_utf8_lossy(&bytes).into_owned()),
            (None, false) => {}
        }
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    for (name, value) in &headers {
        if name != "content-length" && name != "transfer-encoding" && name != "connection" {
            response.headers_mut().append(name, value.clone());
        }
    }
    Ok(response)
}

/// Octets before the objects in an answer that says what changed: 4 of length, and what changed.
fn changes_at_its_head(bytes: &Bytes) -> usize {
    let len = bytes.first_chunk::<4>().map_or(0, |len| u32::from_be_bytes(*len));
    usize::try_from(len).map_or(bytes.len(), |len| bytes.len().min(4 + len))
}

/// An answer for which the other side is not asked.
fn instead(shared: &Shared, is_head: bool, is_objects: bool) -> Option<Response> {
    let instead = match (&*shared.tamper(), is_head, is_objects) {
        (Tamper::Head(head), true, _) => Response::new(Body::from(head.clone())),
        (Tamper::Gone, _, true) => StatusCode::NOT_FOUND.into_response(),
        _ => return None,
    };
    shared.tampered.fetch_add(1, Ordering::SeqCst);
    Some(instead)
}

/// The answer as it should not be; none where it is left alone.
fn changed(how: &Tamper, is_head: bool, is_objects: bool, bytes: &Bytes) -> Option<Bytes> {
    if bytes.len() < 64 {
        return None;
    }
    match (how, is_head, is_objects) {
        // In the middle of the signature: 86 characters of base64url.
        (Tamper::Signature, true, _) => Some(bent(bytes, bytes.len() - 40)),
        // In the first object, behind its name and length.
        (Tamper::Objects, _, true) => Some(bent(bytes, 50)),
        (Tamper::Truncated, _, true) => resized(bytes, |object| object.truncate(object.len().saturating_sub(1))),
        (&Tamper::Oversize(more), _, true) => resized(bytes, |object| object.resize(object.len() + more, 0)),
        _ => None,
    }
}

fn bent(bytes: &Bytes, at: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    bytes.into()
}

/// What objects begin with; nodes of the tree do not (RFC 8878 §3.1.1).
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The first object of an answer changed, and its length with it; none where there is no object. For each piece: 32
/// octets of name, 4 of length, then its own.
fn resized(bytes: &Bytes, change: impl FnOnce(&mut Vec<u8>)) -> Option<Bytes> {
    let mut from = 0;
    loop {
        let len = bytes.get(from + 32..from + 36)?;
        let len = usize::try_from(u32::from_be_bytes([len[0], len[1], len[2], len[3]])).ok()?;
        let piece = bytes.get(from + 36..(from + 36).checked_add(len)?)?;
        let end = from + 36 + len;
        if !piece.starts_with(ZSTD) {
            from = end;
            continue;
        }
        let mut piece = piece.to_vec();
        change(&mut piece);
        let len = u32::try_from(piece.len()).ok()?.to_be_bytes();
        return Some([&bytes[..from + 32], &len, &piece, &bytes[end..]].concat().into());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_object_is_cut_and_grown_with_its_length_and_nodes_are_left_alone() {
        // A node and an object: name, length, octets.
        let framed = |object: &[u8]| {
            let len = u32::try_from(object.len()).expect("short").to_be_bytes();
            [&[1; 32][..], &[0, 0, 0, 2], b"no", &[2; 32], &len, object].concat()
        };
        let bytes = Bytes::from(framed(b"\x28\xb5\x2f\xfdabc"));
        let object = |tamper| changed(&tamper, false, true, &bytes).expect("it is told to").to_vec();
        assert_eq!(object(Tamper::Truncated), framed(b"\x28\xb5\x2f\xfdab"));
        assert_eq!(object(Tamper::Oversize(2)), framed(b"\x28\xb5\x2f\xfdabc\0\0"));
        assert_eq!(changed(&Tamper::Nothing, false, true, &bytes), None);
        assert_eq!(changed(&Tamper::Truncated, true, false, &bytes), None);
        assert_eq!(changed(&Tamper::Truncated, false, true, &bytes.slice(..38)), None);
        assert_eq!(changed(&Tamper::Truncated, false, true, &Bytes::from(vec![255; 100])), None);
    }
}

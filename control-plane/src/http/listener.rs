//! The HTTPS listener: handshakes in tasks of their own, limits on everything a client can make us wait for, a stop that
//! lets requests finish.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::layers::Peer;

/// For a client's TLS handshake, and for its request's header.
const PATIENCE: Duration = Duration::from_secs(10);
/// An idle HTTP/2 connection is asked whether anybody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long requests may take to finish once a stop was asked for.
const GRACE: Duration = Duration::from_secs(10);
const HEADER_BYTES: u32 = 32 * 1024;
const HEADERS: usize = 64;
const STREAMS: u32 = 64;

/// Serves until `stopping`, then lets what runs come to its end.
pub async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    router: Router,
    max_connections: usize,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    // Nobody alone can take all places; workers behind one address still find room.
    let neighbours = Neighbours::new(max_connections.div_ceil(2));
    let tasks = TaskTracker::new();
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => match place {
                Ok(place) => place,
                Err(_) => break,
            },
            () = stopping.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: give others a moment to close some.
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(neighbour) = neighbours.enter(peer.ip()) else {
            tracing::debug!(%peer, "too many connections from one address");
            continue;
        };
        let (tls, router, stopping) = (tls.clone(), router.clone(), stopping.clone());
        tasks.spawn(async move {
            connection(stream, peer, tls, router, stopping).await;
            drop::<(OwnedSemaphorePermit, Neighbour)>((place, neighbour));
        });
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "connections were cut at the stop");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: TlsAcceptor,
    router: Router,
    stopping: CancellationToken,
) {
    // Answers are small and wait for nothing that could be put beside them.
    let _ = stream.set_nodelay(true);
    let stream = tokio::select! {
        stream = tokio::time::timeout(PATIENCE, tls.accept(stream)) => match stream {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS"),
            Err(_) => return tracing::debug!(%peer, "TLS handshake took too long"),
        },
        () = stopping.cancelled() => return,
    };
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let router = router.clone();
        async move { router.oneshot(request).await.map_err(|never: Infallible| match never {}) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(PATIENCE);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &*error, "connection ended");
    }
}

/// How many connections each address has.
#[derive(Debug, Clone)]
struct Neighbours {
    most: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

#[derive(Debug)]
struct Neighbour {
    address: IpAddr,
    all: Neighbours,
}

impl Neighbours {
    fn new(most: usize) -> Self {
        Self { most, counts: Arc::default() }
    }

    fn enter(&self, address: IpAddr) -> Option<Neighbour> {
        let address = address.to_canonical();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Neighbour { address, all: self.clone() })
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let mut counts = self.all.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

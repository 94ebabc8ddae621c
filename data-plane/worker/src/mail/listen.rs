//! Takes connections. Nothing here waits for one sender while another is at the door.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use smtp::Said;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Shared, session, wire::Wire};

/// Connections that wait to be taken.
const BACKLOG: u32 = 1_024;
/// How long until another try when no connection can be taken.
const PAUSE: Duration = Duration::from_millis(200);
/// How often idle connections to next hops are looked through.
const SWEEP: Duration = Duration::from_secs(5);
/// For sessions to say their last word.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Takes the address, and no connections yet.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of before may still be ending (TIME_WAIT).
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Ends when `stopping` was asked for and every session is over, and takes all of them along when it is dropped.
pub(crate) async fn run(shared: Arc<Shared>, sockets: Vec<TcpSocket>, bound: watch::Sender<Vec<SocketAddr>>) {
    let mut listeners = Vec::new();
    for socket in sockets {
        match socket.listen(BACKLOG) {
            Ok(listener) => listeners.push(listener),
            Err(error) => tracing::error!(%error, "an SMTP address cannot be listened on"),
        }
    }
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    tracing::info!(?addresses, "listening for SMTP");
    let _ = bound.send(addresses);
    let sessions = TaskTracker::new();
    let dropped = CancellationToken::new();
    let _take_along = dropped.clone().drop_guard();
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&shared), sessions.clone(), dropped.clone()));
    }
    let mut sweeping = JoinSet::new();
    sweeping.spawn(sweep(Arc::clone(&shared)));
    shared.stopping.cancelled().await;
    accepting.shutdown().await;
    sessions.close();
    let drain = Duration::from_secs(shared.smtp.drain_s);
    if tokio::time::timeout(drain, sessions.wait()).await.is_err() {
        // Those that wait for a hop's answer write down that it is not known; the others are ended where they stand.
        shared.hard_stop.cancel();
        let _ = tokio::time::timeout(LAST_WORD, sessions.wait()).await;
    }
}

async fn sweep(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tick.tick().await;
        shared.deliverer.hops.sweep();
        #[expect(clippy::cast_precision_loss, reason = "a gauge of octets")]
        metrics::gauge!("postern_smtp_message_bytes").set(shared.budget.used_bytes() as f64);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, sessions: TaskTracker, dropped: CancellationToken) {
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => {
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                let session = Box::pin(one(tcp, peer, Arc::clone(&shared)));
                let dropped = dropped.clone();
                sessions.spawn(async move { dropped.run_until_cancelled(session).await });
            }
            Err(error) => {
                // Out of file descriptors, most likely: they come back as sessions end.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn one(tcp: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let Some(place) = shared.admission.admit(peer.ip()) else {
        metrics::counter!("postern_smtp_sessions_refused_total").increment(1);
        let mut wire = Wire::new(tcp, peer);
        wire.say(&Said::TooManyConnections.reply());
        wire.close().await;
        return;
    };
    metrics::counter!("postern_smtp_sessions_total").increment(1);
    session::serve(Wire::new(tcp, peer), &shared).await;
    drop(place);
}

//! Takes connections. Nothing here waits for one sender while another is at the door.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use contract::policy::traffic::share;
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

/// Takes the address, and no connections yet. `[::]` takes IPv4 as well, unless another listener has that.
pub(crate) fn bind(address: SocketAddr, all: &[SocketAddr]) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if address.is_ipv6() {
        let v4_has_its_own = all.iter().any(|other| other.is_ipv4() && other.port() == address.port());
        socket2::SockRef::from(&socket).set_only_v6(v4_has_its_own)?;
    }
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
        shared.traffic.sweep();
        shared.hours.sweep();
        #[expect(clippy::cast_precision_loss, reason = "a gauge of at most some thousands")]
        metrics::gauge!("postern_smtp_tarpit_networks").set(shared.tarpit.sweep() as f64);
        #[expect(clippy::cast_precision_loss, reason = "a gauge of octets")]
        metrics::gauge!("postern_smtp_message_bytes").set(shared.context.budget.used_bytes() as f64);
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
    let mut wire = Wire::new(tcp, peer);
    if shared.smtp.proxy_from.iter().any(|network| network.contains(peer.ip())) {
        match wire.proxy_header().await {
            Ok(client) => wire.peer = client.unwrap_or(peer),
            Err(why) => {
                metrics::counter!("postern_smtp_proxy_refused_total", "why" => why.name()).increment(1);
                tracing::warn!(%peer, why = why.name(), "a balancer's connection without a sound PROXY header was closed");
                return;
            }
        }
    }
    if shared.tarpit.is_shut(wire.peer.ip()) {
        return turn_away(wire, "mistakes", Said::NetworkShut).await;
    }
    let Some(ending) = shared.context.doors.enter() else {
        return turn_away(wire, "draining", Said::ShuttingDown).await;
    };
    // Which domain it comes for is not known yet: only the installation's own limit can be kept here.
    let index = shared.context.current.load();
    let limit = index.map_or(0, |index| index.installation.effective.max_client_connections);
    let most_here = share(limit, shared.context.hops.live_workers());
    let Some(place) = shared.admission.admit(wire.peer.ip(), most_here) else {
        return turn_away(wire, "connections", Said::TooManyConnections).await;
    };
    metrics::counter!("postern_smtp_sessions_total").increment(1);
    session::serve(wire, &shared, ending).await;
    drop(place);
}

async fn turn_away(mut wire: Wire, reason: &'static str, said: Said) {
    metrics::counter!("postern_smtp_sessions_refused_total", "reason" => reason).increment(1);
    wire.say(&said.reply());
    wire.close().await;
}

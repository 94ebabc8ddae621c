//! Takes connections. Nothing here waits for one sender while another is at the door.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use smtp::Said;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Shared, session, wire::Wire};

/// How long until another try when an address cannot be bound, or no connection can be taken.
const PAUSE: Duration = Duration::from_millis(200);
/// How often idle connections to next hops are looked through.
const SWEEP: Duration = Duration::from_secs(5);

pub(crate) async fn run(shared: Arc<Shared>, bound: watch::Sender<Vec<SocketAddr>>, hard_stop: CancellationToken) {
    let mut listeners = Vec::new();
    for address in &shared.smtp.listen {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => tracing::error!(%address, %error, "the SMTP address cannot be bound"),
        }
    }
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    tracing::info!(?addresses, "listening for SMTP");
    let _ = bound.send(addresses);
    let sessions = TaskTracker::new();
    // Whichever way this ends, nothing goes on behind it.
    let over = CancellationToken::new();
    let _over = over.clone().drop_guard();
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| tokio::spawn(accept(listener, Arc::clone(&shared), sessions.clone(), over.clone())))
        .collect();
    let sweeping = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move {
            let mut tick = tokio::time::interval(SWEEP);
            loop {
                tick.tick().await;
                shared.deliverer.hops.sweep();
                #[expect(clippy::cast_precision_loss, reason = "a gauge of octets")]
                metrics::gauge!("postern_smtp_message_bytes").set(shared.budget.used_bytes() as f64);
            }
        }
    });
    shared.stopping.cancelled().await;
    accepting.iter().for_each(tokio::task::JoinHandle::abort);
    sessions.close();
    let drain = Duration::from_secs(shared.smtp.drain_s);
    if tokio::time::timeout(drain, sessions.wait()).await.is_err() {
        // Those that wait for a hop's answer write down that it is not known; the others are ended where they stand.
        hard_stop.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(2), sessions.wait()).await;
    }
    sweeping.abort();
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, sessions: TaskTracker, over: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = over.cancelled() => return,
        };
        match accepted {
            Ok((tcp, peer)) => {
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                sessions.spawn(over.clone().run_until_cancelled_owned(one(tcp, peer, Arc::clone(&shared))));
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

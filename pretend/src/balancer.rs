//! A plain TCP balancer, as one stands before the replicas of a control plane: it knows nothing of what it carries, takes
//! its targets in turn, and goes to the next where one does not take the connection.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Gone when dropped, with all connections through it.
#[derive(Debug)]
pub struct Balancer {
    pub address: SocketAddr,
    carried: Arc<[AtomicUsize]>,
    task: JoinHandle<()>,
}

impl Balancer {
    /// On a free port of 127.0.0.1.
    pub async fn start(targets: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let carried: Arc<[AtomicUsize]> = targets.iter().map(|_| AtomicUsize::new(0)).collect();
        let task = tokio::spawn(listen(listener, targets, Arc::clone(&carried)));
        Ok(Self { address, carried, task })
    }

    /// Connections so far, by target.
    pub fn carried(&self) -> Vec<usize> {
        self.carried.iter().map(|carried| carried.load(Relaxed)).collect()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, targets: Vec<SocketAddr>, carried: Arc<[AtomicUsize]>) {
    let targets: Arc<[SocketAddr]> = targets.into();
    let mut connections = JoinSet::new();
    let mut turn = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let (targets, carried, first) = (Arc::clone(&targets), Arc::clone(&carried), turn);
                turn += 1;
                connections.spawn(async move { carry(client, &targets, &carried, first).await });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(mut client: TcpStream, targets: &[SocketAddr], carried: &[AtomicUsize], first: usize) {
    for at in (first..).take(targets.len()).map(|at| at % targets.len()) {
        if let Ok(mut target) = TcpStream::connect(targets[at]).await {
            carried[at].fetch_add(1, Relaxed);
            // How it ends is between the two ends.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut target).await;
            return;
        }
    }
}

//! A next hop for mail: a strict SMTP server that writes everything down and can be told to misbehave at any stage.
//!
//! `script` holds the rules, `session` serves a connection by them, `record` is what was written down.

mod body;
mod decision;
mod envelope;
mod record;
mod script;
mod session;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustls::ServerConfig;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub use record::{Connection, Message, Path};
pub use script::{Stage, When};

use crate::{
    ca::{Ca, Certificate},
    wait::Signal,
};
use envelope::Offer;
use script::Script;

/// What a hop offers unless told otherwise.
const EXTENSIONS: &[&str] = &["PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"];

/// A hop; it stops when dropped.
#[derive(Debug)]
pub struct Hop {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    settings: Mutex<Settings>,
    record: Mutex<Record>,
    signal: Signal,
}

#[derive(Debug, Clone)]
struct Settings {
    name: String,
    extensions: Vec<String>,
    tls: Option<Arc<ServerConfig>>,
    lenient: bool,
}

#[derive(Debug, Default)]
struct Record {
    connections: Vec<Connection>,
    messages: Vec<Message>,
}

impl Hop {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port")
    }

    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            settings: Mutex::new(Settings {
                name: "hop.pretend".to_owned(),
                extensions: EXTENSIONS.iter().map(|&extension| extension.to_owned()).collect(),
                tls: None,
                lenient: false,
            }),
            record: Mutex::default(),
            signal: Signal::default(),
        });
        let running = Mutex::new(Some(Running::begin(listener, &shared)));
        Ok(Self { address, shared, running })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its name in banner and EHLO reply.
    pub fn named(&self, name: &str) -> &Self {
        name.clone_into(&mut self.shared.settings().name);
        self
    }

    /// The lines of the EHLO reply from now on, but for STARTTLS, which follows from [`Hop::offer_tls`].
    pub fn extensions(&self, extensions: &[&str]) -> &Self {
        self.shared.settings().extensions = extensions.iter().map(|&extension| extension.to_owned()).collect();
        self
    }

    /// Offers everything usual but this.
    pub fn without(&self, keyword: &str) -> &Self {
        self.shared.settings().extensions.retain(|extension| !is_keyword(extension, keyword));
        self
    }

    /// Offers STARTTLS with this certificate.
    pub fn offer_tls(&self, certificate: &Certificate) -> &Self {
        self.shared.settings().tls = Some(certificate.server_config());
        self
    }

    /// Offers STARTTLS to those who then show a certificate of this authority.
    pub fn offer_tls_to_clients_of(&self, certificate: &Certificate, authority: &Ca) -> &Self {
        self.shared.settings().tls = Some(certificate.server_config_for_clients_of(authority));
        self
    }

    pub fn no_tls(&self) -> &Self {
        self.shared.settings().tls = None;
        self
    }

    /// Takes any line end for one, and a message for ended at any line of a dot: the kind of server that smuggled
    /// messages come out at.
    pub fn lenient(&self) -> &Self {
        self.shared.settings().lenient = true;
        self
    }

    /// Begins a rule for a stage.
    pub fn on(&self, stage: Stage) -> When<'_> {
        When::new(&self.shared.script, stage)
    }

    /// Forgets all rules.
    pub fn behave(&self) -> &Self {
        self.shared.script().clear();
        self
    }

    /// Stops listening and drops all connections. What was written down stays.
    pub async fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { task, stop }) = running {
            let _ = stop.send(());
            // Ends once all sockets are closed.
            let _ = task.await;
        }
        self.shared.change(|record| record.connections.iter_mut().for_each(|connection| connection.closed = true));
    }

    /// Listens again, on the same port.
    pub async fn restart(&self) -> io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        let running = Running::begin(listener, &self.shared);
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(())
    }

    /// The messages it said 250 to.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.record().messages.iter().filter(|message| message.is_accepted()).cloned().collect()
    }

    /// All messages that came in whole, refused and unanswered ones too.
    pub fn all_messages(&self) -> Vec<Message> {
        self.shared.record().messages.clone()
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.shared.record().connections.clone()
    }

    /// What clients did that they should not have done, with the connection's number.
    pub fn violations(&self) -> Vec<String> {
        let record = self.shared.record();
        let of = |connection: &Connection| {
            let number = connection.number;
            connection.violations.iter().map(move |what| format!("connection {number}: {what}")).collect::<Vec<_>>()
        };
        record.connections.iter().flat_map(of).collect()
    }

    /// Waits until it has said 250 to so many messages, and gives them.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn until_messages(&self, n: usize) -> Vec<Message> {
        self.until(&format!("{n} messages at the hop"), |_| {
            let messages = self.messages();
            if messages.len() >= n { Ok(messages) } else { Err(format!("{} messages", messages.len())) }
        })
        .await
    }

    /// Waits until so many connections have come.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn until_connections(&self, n: usize) -> Vec<Connection> {
        self.until(&format!("{n} connections at the hop"), |connections| {
            if connections.len() >= n {
                Ok(connections.to_vec())
            } else {
                Err(format!("{} connections", connections.len()))
            }
        })
        .await
    }

    /// Waits until somebody has said something that begins so, and gives that connection.
    ///
    /// # Panics
    /// When nobody does.
    pub async fn until_heard(&self, command: &str) -> Connection {
        self.until(&format!("{command} at the hop"), |connections| {
            let heard = connections.iter().find(|connection| connection.heard(command));
            heard.cloned().ok_or_else(|| last_words(connections))
        })
        .await
    }

    /// Waits until no connection is open.
    ///
    /// # Panics
    /// When one stays.
    pub async fn until_idle(&self) {
        self.until("all connections closed", |connections| {
            if connections.iter().all(|connection| connection.closed) { Ok(()) } else { Err(last_words(connections)) }
        })
        .await;
    }

    /// Waits until the connections fulfil a condition; its error is how things stand.
    ///
    /// # Panics
    /// When they do not.
    pub async fn until<T>(&self, what: &str, check: impl Fn(&[Connection]) -> Result<T, String>) -> T {
        self.shared.signal.until(what, || check(&self.connections())).await
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            running.task.abort();
        }
    }
}

impl Running {
    fn begin(listener: TcpListener, shared: &Arc<Shared>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { task: tokio::spawn(listen(listener, Arc::clone(shared), stopped)), stop }
    }
}

/// Owns its sessions: they end with it.
async fn listen(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => {
                drop(listener);
                return sessions.shutdown().await;
            }
            accepted = listener.accept() => {
                let Ok((tcp, peer)) = accepted else { continue };
                let number = shared.change(|record| {
                    let number = record.connections.len() + 1;
                    record.connections.push(Connection::new(number, peer));
                    number
                });
                sessions.spawn(session::Session::serve(Arc::clone(&shared), tcp, number));
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

fn last_words(connections: &[Connection]) -> String {
    let transcripts: Vec<String> = connections
        .iter()
        .map(|connection| format!("connection {}:\n{}", connection.number, connection.transcript.join("\n")))
        .collect();
    if transcripts.is_empty() { "no connection".to_owned() } else { transcripts.join("\n") }
}

fn is_keyword(extension: &str, keyword: &str) -> bool {
    extension.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let out = change(&mut self.record());
        self.signal.raise();
        out
    }
}

impl Settings {
    /// The reply to EHLO or HELO.
    fn hello(&self, extended: bool, secured: bool) -> String {
        let mut lines = vec![format!("250 {}", self.name)];
        if extended {
            lines.extend(self.extensions.iter().cloned());
            if self.tls.is_some() && !secured {
                lines.push("STARTTLS".to_owned());
            }
        }
        lines.join("\n")
    }

    fn offers(&self, keyword: &str) -> bool {
        self.extensions.iter().any(|extension| is_keyword(extension, keyword))
    }

    fn offer(&self) -> Offer {
        let size = self.extensions.iter().find(|extension| is_keyword(extension, "SIZE"));
        Offer {
            eight_bit: self.offers("8BITMIME"),
            smtputf8: self.offers("SMTPUTF8"),
            size: size.map(|size| size.get(5..).and_then(|limit| limit.parse().ok()).unwrap_or(0)),
        }
    }
}

impl Record {
    fn connection(&mut self, number: usize, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.connections.get_mut(number - 1) {
            change(connection);
        }
    }
}

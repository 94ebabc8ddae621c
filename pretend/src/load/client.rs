//! The sending side of a load: many sessions, each message tried again elsewhere when it is put off, as a real MTA would.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use super::{Comparison, Ledger};
use crate::client::{Client, Trust};

/// What is sent, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Taken in turn, for each connection and each retry.
    pub targets: Vec<SocketAddr>,
    pub sessions: usize,
    /// Of the message as a whole.
    pub size_bytes: usize,
    pub messages_per_connection: usize,
    pub from: String,
    /// Taken in turn, one for each message.
    pub to: Vec<String>,
    /// STARTTLS, with whom to trust.
    pub tls: Option<Trust>,
    /// MAIL, RCPT and DATA in one burst, where the server offers PIPELINING.
    pub pipelining: bool,
    /// How long one message is tried.
    pub patience: Duration,
    /// Between two tries of a message.
    pub pause: Duration,
    /// Content at a pace.
    pub slow: Option<Slow>,
}

/// A slow sender.
#[derive(Debug, Clone, Copy)]
pub struct Slow {
    pub chunk_bytes: usize,
    pub pause: Duration,
}

impl Plan {
    /// 50 sessions, messages of 4 KiB, 20 to a connection.
    pub fn new(targets: Vec<SocketAddr>, to: &str) -> Self {
        Self {
            targets,
            sessions: 50,
            size_bytes: 4 * 1024,
            messages_per_connection: 20,
            from: "load@sender.example".to_owned(),
            to: vec![to.to_owned()],
            tls: None,
            pipelining: true,
            patience: Duration::from_mins(2),
            pause: Duration::from_millis(100),
            slow: None,
        }
    }
}

struct Run {
    plan: Plan,
    ledger: Arc<Ledger>,
    filler: Vec<u8>,
    next_message: AtomicUsize,
    next_target: AtomicUsize,
}

/// What became of one try.
enum Tried {
    Accepted,
    Refused(String),
    /// 4xx, but the connection is good.
    Deferred,
    /// 421, or no answer.
    Broken,
}

/// Sends all messages of the ledger; ends when each has its answer or was given up. Dropped, it stops at once.
pub async fn run(plan: Plan, ledger: &Arc<Ledger>) -> Comparison {
    assert!(!plan.targets.is_empty() && !plan.to.is_empty(), "a load needs somewhere to go");
    let run = Arc::new(Run {
        filler: filler(plan.size_bytes),
        plan,
        ledger: Arc::clone(ledger),
        next_message: AtomicUsize::new(0),
        next_target: AtomicUsize::new(0),
    });
    let mut sessions = JoinSet::new();
    for _ in 0..run.plan.sessions.clamp(1, ledger.messages().max(1)) {
        let run = Arc::clone(&run);
        sessions.spawn(async move { run.session().await });
    }
    while let Some(ended) = sessions.join_next().await {
        ended.expect("a session does not panic");
    }
    ledger.compare()
}

impl Run {
    async fn session(&self) {
        let mut connection: Option<(Connection, usize)> = None;
        loop {
            let message = self.next_message.fetch_add(1, Relaxed);
            if message >= self.ledger.messages() {
                break;
            }
            self.ledger.sent(message);
            self.deliver(message, &mut connection).await;
        }
        if let Some((mut open, _)) = connection {
            let _ = open.client.try_say("QUIT").await;
        }
    }

    /// Tries one message until it has its answer.
    async fn deliver(&self, message: usize, connection: &mut Option<(Connection, usize)>) {
        let since = Instant::now();
        loop {
            let mut open = match connection.take() {
                Some(open) => Some(open),
                None => self.connect().await.ok().map(|client| (client, 0)),
            };
            let tried = match &mut open {
                Some((connection, _)) => self.attempt(message, connection).await.unwrap_or(Tried::Broken),
                None => Tried::Broken,
            };
            match tried {
                Tried::Accepted | Tried::Refused(_) => {
                    if let Some((mut client, used)) = open {
                        if used + 1 < self.plan.messages_per_connection {
                            *connection = Some((client, used + 1));
                        } else {
                            let _ = client.client.try_say("QUIT").await;
                        }
                    }
                    return match tried {
                        Tried::Refused(reply) => self.ledger.refused(message, &reply),
                        _ => self.ledger.accepted(message),
                    };
                }
                // The next try goes elsewhere.
                Tried::Deferred => {
                    self.ledger.deferred();
                    if let Some((mut client, _)) = open {
                        let _ = client.client.try_say("QUIT").await;
                    }
                }
                Tried::Broken => self.ledger.broke(),
            }
            if since.elapsed() > self.plan.patience {
                return self.ledger.given_up(message);
            }
            tokio::time::sleep(self.plan.pause).await;
        }
    }

    async fn connect(&self) -> io::Result<Connection> {
        let target = self.next_target.fetch_add(1, Relaxed) % self.plan.targets.len();
        let mut client = Client::try_connect(self.plan.targets[target]).await?.patience(self.plan.patience);
        let positive = |reply: &crate::client::Reply| {
            if reply.is_positive() { Ok(()) } else { Err(io::Error::other(reply.to_string())) }
        };
        positive(client.banner().expect("it was read"))?;
        let mut hello = client.try_say("EHLO load.pretend").await?;
        positive(&hello)?;
        if let Some(trust) = &self.plan.tls {
            client.start_tls(trust, "localhost").await?;
            hello = client.try_say("EHLO load.pretend").await?;
            positive(&hello)?;
        }
        client.quiet();
        Ok(Connection { pipelining: self.plan.pipelining && hello.lists("PIPELINING"), client })
    }

    async fn attempt(&self, message: usize, connection: &mut Connection) -> io::Result<Tried> {
        let client = &mut connection.client;
        let to = &self.plan.to[message % self.plan.to.len()];
        let commands = [format!("MAIL FROM:<{}>", self.plan.from), format!("RCPT TO:<{to}>"), "DATA".to_owned()];
        if connection.pipelining {
            client.try_send((commands.join("\r\n") + "\r\n").as_bytes()).await?;
        }
        let mut refusal = None;
        let mut go_ahead = false;
        for command in &commands {
            let reply = if connection.pipelining { client.try_reply().await? } else { client.try_say(command).await? };
            go_ahead = reply.code == 354;
            if reply.code == 421 {
                return Ok(Tried::Broken);
            }
            if !reply.is_positive() {
                refusal.get_or_insert(reply);
                if !connection.pipelining {
                    break;
                }
            }
        }
        if let Some(refusal) = refusal {
            if go_ahead {
                // RFC 2920 §3.1: 354 although nobody was accepted.
                client.try_send(b".\r\n").await?;
                client.try_reply().await?;
            }
            client.try_say("RSET").await?;
            return Ok(judge(&refusal));
        }
        self.content(message, to, client).await?;
        let reply = client.try_reply().await?;
        Ok(if reply.code == 421 { Tried::Broken } else { judge(&reply) })
    }

    async fn content(&self, message: usize, to: &str, client: &mut Client) -> io::Result<()> {
        let mut bytes = format!(
            "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nFrom: <{}>\r\nTo: <{to}>\r\nMessage-ID: {}\r\nSubject: load {message}\r\n\r\n",
            self.plan.from,
            self.ledger.message_id(message)
        )
        .into_bytes();
        let filler = &self.filler[..self.filler.len().saturating_sub(bytes.len()).div_ceil(LINE) * LINE];
        if let Some(Slow { chunk_bytes, pause }) = self.plan.slow {
            client.try_send(&bytes).await?;
            client.trickle(filler, chunk_bytes, pause).await?;
            return client.try_send(b".\r\n").await;
        }
        bytes.extend_from_slice(filler);
        bytes.extend_from_slice(b".\r\n");
        client.try_send(&bytes).await
    }
}

fn judge(reply: &crate::client::Reply) -> Tried {
    match reply.code {
        200..300 => Tried::Accepted,
        500..600 => Tried::Refused(reply.to_string()),
        _ => Tried::Deferred,
    }
}

struct Connection {
    client: Client,
    pipelining: bool,
}

/// Octets of a line of the filler, with CRLF.
const LINE: usize = 78;

fn filler(size_bytes: usize) -> Vec<u8> {
    let line = [&[b'x'; LINE - 2][..], b"\r\n"].concat();
    line.repeat(size_bytes.div_ceil(LINE))
}

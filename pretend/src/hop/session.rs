//! One connection to a hop: a strict server, bent by the script.

use std::{io, sync::Arc, time::Duration};

use tokio::net::TcpStream;

use super::{
    Shared, body,
    decision::{Decision, Ended},
    envelope,
    record::{Message, Path},
    script::{Act, Moment, Stage},
};
use crate::{
    gate::Gate,
    stream::{TlsFacts, Wire},
};

/// Longer than any command with any parameter (RFC 5321 §4.5.3.1.4 and the RFCs that add to it).
const LONGEST_COMMAND: usize = 8 * 1024;

pub(super) struct Session {
    shared: Arc<Shared>,
    wire: Wire,
    number: usize,
    tls: Option<TlsFacts>,
    greeted: bool,
    transaction: Option<Transaction>,
    /// Replies too many that wait for their gates.
    later: Vec<(Gate, String)>,
}

struct Transaction {
    mail: Path,
    rcpt: Vec<Path>,
    /// RCPT commands, refused ones too.
    asked: usize,
}

impl Session {
    pub(super) async fn serve(shared: Arc<Shared>, tcp: TcpStream, number: usize) {
        let mut session = Self {
            wire: Wire::new(tcp),
            number,
            tls: None,
            greeted: false,
            transaction: None,
            later: Vec::new(),
            shared: Arc::clone(&shared),
        };
        let Err(ended) = session.run().await;
        match ended {
            Ended::Closed => session.note("S: (close)".to_owned()),
            Ended::Reset => {
                session.note("S: (reset)".to_owned());
                session.wire.reset();
            }
            Ended::ByPeer => session.note("C: (close)".to_owned()),
            Ended::Silent => {
                session.note("S: (silence)".to_owned());
                while matches!(session.wire.fill().await, Ok(1..)) {
                    let read = session.wire.inbox().len();
                    session.wire.consume(read);
                }
            }
        }
        shared.change(|record| record.connection(number, |connection| connection.closed = true));
    }

    async fn run(&mut self) -> Result<std::convert::Infallible, Ended> {
        let banner = format!("220 {} ESMTP", self.shared.settings().name);
        let decision = self.decide(Moment { stage: Stage::Connect, text: b"", recipient: 0 }, banner).await;
        if !self.wire.inbox().is_empty() {
            self.complain("spoke before the banner");
        }
        self.deliver(decision).await?;
        loop {
            let line = self.command().await?;
            self.obey(&line).await?;
        }
    }

    async fn command(&mut self) -> Result<Vec<u8>, Ended> {
        let lenient = self.shared.settings().lenient;
        loop {
            if let Some(line) = self.wire.buffered_line(lenient) {
                self.note(format!("C: {}", line.escape_ascii()));
                if line.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
                    self.complain("CR, LF or NUL inside a command");
                }
                if !self.wire.inbox().is_empty() && !self.shared.settings().offers("PIPELINING") {
                    self.complain("pipelined without being offered it");
                }
                return Ok(line);
            }
            if self.wire.inbox().len() > LONGEST_COMMAND {
                self.complain("a command without an end");
                return Err(Ended::Closed);
            }
            let next = self.later.first().map(|(gate, _)| gate.clone());
            tokio::select! {
                read = self.wire.fill() => if read? == 0 { return Err(Ended::ByPeer) },
                () = async { match next { Some(gate) => gate.opened().await, None => std::future::pending().await } } => {
                    let (_, reply) = self.later.remove(0);
                    self.say(&reply, None).await?;
                }
            }
        }
    }

    async fn obey(&mut self, line: &[u8]) -> Result<(), Ended> {
        let verb = line.split(|octet| *octet == b' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_slice() {
            b"EHLO" | b"HELO" => self.hello(line, verb == b"EHLO").await,
            b"STARTTLS" => self.start_tls(line).await,
            b"MAIL" => self.mail(line).await,
            b"RCPT" => self.rcpt(line).await,
            b"DATA" => self.data(line).await,
            b"RSET" => {
                self.transaction = None;
                self.simply(Stage::Rset, line, "250 2.0.0 Ok").await
            }
            b"NOOP" => self.simply(Stage::Noop, line, "250 2.0.0 Ok").await,
            b"QUIT" => {
                self.must_be_last("QUIT");
                self.simply(Stage::Quit, line, "221 2.0.0 Bye").await?;
                Err(Ended::Closed)
            }
            _ => self.simply(Stage::Other, line, "500 5.5.2 Unknown command").await,
        }
    }

    async fn hello(&mut self, line: &[u8], extended: bool) -> Result<(), Ended> {
        self.must_be_last("EHLO");
        self.transaction = None;
        let usual = self.shared.settings().hello(extended, self.tls.is_some());
        let decision = self.decide(Moment { stage: Stage::Helo, text: line, recipient: 0 }, usual).await;
        self.greeted |= decision.is_positive();
        self.deliver(decision).await
    }

    async fn start_tls(&mut self, line: &[u8]) -> Result<(), Ended> {
        self.must_be_last("STARTTLS");
        let config = self.shared.settings().tls.clone().filter(|_| self.tls.is_none());
        let usual = if config.is_some() { "220 2.0.0 Go ahead" } else { "502 5.5.1 Not offered" };
        let decision = self.decide(Moment { stage: Stage::StartTls, text: line, recipient: 0 }, usual.to_owned()).await;
        let agreed = decision.is_positive();
        self.deliver(decision).await?;
        let (true, Some(config)) = (agreed, config) else { return Ok(()) };
        let moment = Moment { stage: Stage::Handshake, text: b"", recipient: 0 };
        let decision = self.decide(moment, String::new()).await;
        if !decision.is_usual() {
            self.deliver(decision).await?;
            return Err(Ended::Closed);
        }
        match self.wire.accept_tls(config).await {
            Ok(facts) => {
                self.note(format!("S: ({})", facts.version));
                self.shared.change(|record| {
                    record.connection(self.number, |connection| connection.tls = Some(facts.clone()));
                });
                self.tls = Some(facts);
                self.greeted = false;
                self.transaction = None;
                Ok(())
            }
            Err(error) => {
                self.note(format!("S: (handshake failed: {error})"));
                Err(Ended::Closed)
            }
        }
    }

    async fn mail(&mut self, line: &[u8]) -> Result<(), Ended> {
        let offer = self.shared.settings().offer();
        let parsed = if !self.greeted {
            Err("503 5.5.1 EHLO first".to_owned())
        } else if self.transaction.is_some() {
            self.complain("MAIL inside a transaction");
            Err("503 5.5.1 Nested MAIL".to_owned())
        } else {
            envelope::mail(line, offer)
        };
        let usual = parsed.as_ref().map_or_else(Clone::clone, |_| "250 2.1.0 Ok".to_owned());
        let decision = self.decide(Moment { stage: Stage::Mail, text: line, recipient: 0 }, usual).await;
        if let (true, Ok(mail)) = (decision.is_positive(), parsed) {
            self.transaction = Some(Transaction { mail, rcpt: Vec::new(), asked: 0 });
            self.shared.change(|record| record.connection(self.number, |connection| connection.transactions += 1));
        }
        self.deliver(decision).await
    }

    async fn rcpt(&mut self, line: &[u8]) -> Result<(), Ended> {
        let parsed = match &mut self.transaction {
            None => Err("503 5.5.1 MAIL first".to_owned()),
            Some(transaction) => {
                transaction.asked += 1;
                let smtputf8 = transaction.mail.params.to_ascii_uppercase().contains("SMTPUTF8");
                envelope::rcpt(line, smtputf8)
            }
        };
        let usual = parsed.as_ref().map_or_else(Clone::clone, |_| "250 2.1.5 Ok".to_owned());
        let recipient = self.transaction.as_ref().map_or(0, |transaction| transaction.asked);
        let decision = self.decide(Moment { stage: Stage::Rcpt, text: line, recipient }, usual).await;
        if let (true, Ok(path), Some(transaction)) = (decision.is_positive(), parsed, &mut self.transaction) {
            transaction.rcpt.push(path);
        }
        self.deliver(decision).await
    }

    async fn data(&mut self, line: &[u8]) -> Result<(), Ended> {
        let usual = match &self.transaction {
            None => "503 5.5.1 MAIL first",
            Some(transaction) if transaction.rcpt.is_empty() => "554 5.5.1 No valid recipients",
            Some(_) => "354 Go ahead",
        };
        let decision = self.decide(Moment { stage: Stage::Data, text: line, recipient: 0 }, usual.to_owned()).await;
        // RFC 2920 §3.1: DATA is the last command of a group.
        self.must_be_last("DATA");
        let goes_on = decision.is_positive();
        self.deliver(decision).await?;
        if !goes_on {
            return Ok(());
        }
        let stuffed = self.content().await?;
        self.complete(body::unstuffed(&stuffed)).await
    }

    async fn content(&mut self) -> Result<Vec<u8>, Ended> {
        let lenient = self.shared.settings().lenient;
        let find = if lenient { body::lenient_end } else { body::end };
        let mut looked_at = 0;
        loop {
            if !self.wire.inbox().is_empty() && self.shared.script().has(Stage::Body) {
                let text = self.wire.inbox().to_vec();
                let moment = Moment { stage: Stage::Body, text: &text, recipient: 0 };
                let decision = self.decide(moment, String::new()).await;
                if !decision.is_usual() {
                    self.deliver(decision).await?;
                }
            }
            if let Some((size, all)) = find(self.wire.inbox(), looked_at) {
                let content = self.wire.inbox()[..size].to_vec();
                self.wire.consume(all);
                self.note(format!("C: ({size} octets) ."));
                return Ok(content);
            }
            looked_at = self.wire.inbox().len();
            if self.wire.fill().await? == 0 {
                self.note(format!("C: ({looked_at} octets)"));
                return Err(Ended::ByPeer);
            }
        }
    }

    async fn complete(&mut self, bytes: Vec<u8>) -> Result<(), Ended> {
        let transaction = self.transaction.take();
        let eight_bit =
            transaction.as_ref().is_some_and(|t| t.mail.params.to_ascii_uppercase().contains("BODY=8BITMIME"));
        self.inspect(&bytes, eight_bit);
        let limit = self.shared.settings().offer().size.filter(|limit| *limit > 0);
        let too_large = limit.is_some_and(|limit| bytes.len() as u64 > limit);
        let usual = if too_large { "552 5.3.4 Too large" } else { "250 2.0.0 Ok, queued" };
        let moment = Moment { stage: Stage::Dot, text: &bytes, recipient: 0 };
        let decision = self.decide(moment, usual.to_owned()).await;
        if let Some(Transaction { mail, rcpt, .. }) = transaction {
            let reply = decision.reply().map(str::to_owned);
            let (connection, tls) = (self.number, self.tls.clone());
            // Before the reply: who has heard 250 finds the message here.
            self.shared.change(|record| {
                let number = record.messages.len() + 1;
                record.messages.push(Message { number, connection, mail, rcpt, bytes: bytes.into(), tls, reply });
            });
        }
        self.deliver(decision).await
    }

    /// RFC 5321 §2.3.8 and RFC 6152: what may not be sent.
    fn inspect(&self, bytes: &[u8], eight_bit: bool) {
        let bare = memchr::memchr2_iter(b'\r', b'\n', bytes).any(|at| match bytes[at] {
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => at == 0 || bytes[at - 1] != b'\r',
        });
        if bare {
            self.complain("a bare CR or LF in a message");
        }
        if memchr::memchr(0, bytes).is_some() {
            self.complain("NUL in a message");
        }
        if !eight_bit && !bytes.is_ascii() {
            self.complain("8-bit content without BODY=8BITMIME");
        }
    }

    async fn simply(&mut self, stage: Stage, line: &[u8], usual: &str) -> Result<(), Ended> {
        let decision = self.decide(Moment { stage, text: line, recipient: 0 }, usual.to_owned()).await;
        self.deliver(decision).await
    }

    /// Asks the script, and waits at its gates.
    async fn decide(&mut self, moment: Moment<'_>, usual: String) -> Decision {
        let acts = self.shared.script().acts(moment);
        let mut decision = Decision::usual(usual);
        for act in acts {
            match act {
                Act::Hold(gate) => gate.passed().await,
                Act::ExtraLater(gate, reply) => self.later.push((gate, reply)),
                other => decision.add(other),
            }
        }
        decision
    }

    async fn deliver(&mut self, decision: Decision) -> Result<(), Ended> {
        if let Some(reply) = decision.said() {
            self.say(reply, decision.drip).await?;
        }
        for extra in &decision.extras {
            self.say(extra, decision.drip).await?;
        }
        match decision.act {
            Some(Act::Raw(bytes)) => {
                self.note(format!("S: {}", bytes.escape_ascii()));
                Ok(self.wire.send(&bytes).await?)
            }
            Some(Act::Silence) => Err(Ended::Silent),
            Some(Act::Close | Act::ReplyAndClose(_)) => Err(Ended::Closed),
            Some(Act::Reset) => Err(Ended::Reset),
            _ => Ok(()),
        }
    }

    async fn say(&mut self, reply: &str, drip: Option<Duration>) -> io::Result<()> {
        let bytes = super::decision::on_the_wire(reply);
        self.shared.change(|record| {
            record.connection(self.number, |connection| {
                connection.transcript.extend(bytes.lines().map(|line| format!("S: {line}")));
            });
        });
        match drip {
            Some(pause) => self.wire.drip(bytes.as_bytes(), pause).await,
            None => self.wire.send(bytes.as_bytes()).await,
        }
    }

    fn must_be_last(&self, verb: &str) {
        if !self.wire.inbox().is_empty() {
            self.complain(&format!("went on behind {verb} without waiting"));
        }
    }

    fn note(&self, line: String) {
        self.shared.change(|record| record.connection(self.number, |connection| connection.transcript.push(line)));
    }

    fn complain(&self, what: &str) {
        let what = what.to_owned();
        self.shared.change(|record| record.connection(self.number, |connection| connection.violations.push(what)));
    }
}

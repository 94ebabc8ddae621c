//! A driver as the worker has one, without sockets: it says yes to everything that the session asks, or what a test wants.

use std::{collections::VecDeque, sync::Arc};

use contract::mail::Reply;
use smtp::{
    Input,
    data::Facts,
    server::{Chunk, ChunkTaken, Complete, Config, Envelope, Greeting, Receiving, Session, Step, Taken},
};

/// A message that was taken whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) envelope: Envelope,
    pub(crate) content: Vec<u8>,
    pub(crate) facts: Facts,
}

enum State {
    Commands(Session),
    Content(Receiving, Vec<u8>),
    Chunk(Chunk),
    Closed,
}

pub(crate) struct Driver {
    input: Input,
    state: State,
    /// Replies since the last look, one string each, lines joined by `|`.
    said: Vec<String>,
    pub(crate) messages: Vec<Message>,
    /// What came by BDAT so far.
    chunks: Vec<u8>,
    /// RCPT that the session itself refused in an open transaction.
    pub(crate) refused: Vec<smtp::Said>,
    /// Transactions that ended without a message.
    pub(crate) dropped: usize,
    /// Answers to the next questions; then yes.
    answers: VecDeque<Reply>,
}

pub(crate) fn config() -> Config {
    Config { starttls: true, ..Config::new("mx.example".parse().unwrap(), "ins_1".to_owned()) }
}

impl Driver {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut driver = Self {
            input: Input::new(),
            state: State::Closed,
            said: Vec::new(),
            messages: Vec::new(),
            chunks: Vec::new(),
            refused: Vec::new(),
            dropped: 0,
            answers: VecDeque::new(),
        };
        let step = Greeting::new(Arc::new(config)).greet(&driver.input);
        driver.act(step);
        driver.run();
        assert_eq!(driver.take(), ["220 mx.example ESMTP Postern"]);
        driver
    }

    /// After EHLO.
    pub(crate) fn greeted() -> Self {
        let mut driver = Self::new();
        driver.say("EHLO client.example");
        driver
    }

    /// In a transaction with one recipient.
    pub(crate) fn open() -> Self {
        let mut driver = Self::greeted();
        driver.say("MAIL FROM:<a@a.example>");
        driver.say("RCPT TO:<b@b.example>");
        driver
    }

    /// After 354.
    pub(crate) fn receiving() -> Self {
        let mut driver = Self::open();
        assert_eq!(driver.say("DATA"), "354 send the message, end it with a line of one dot");
        driver
    }

    pub(crate) fn answer_next(&mut self, reply: Reply) {
        self.answers.push_back(reply);
    }

    /// One command and its one answer.
    pub(crate) fn say(&mut self, line: &str) -> String {
        let replies = self.send(format!("{line}\r\n").as_bytes());
        assert_eq!(replies.len(), 1, "{line}: {replies:?}");
        replies.into_iter().next().unwrap()
    }

    /// Octets as one read gives them, and all answers to them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Vec<String> {
        self.input.extend(bytes);
        self.run();
        self.take()
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// STARTTLS was answered with 220: TLS is up, whatever came in the clear since.
    pub(crate) fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    fn run(&mut self) {
        loop {
            match std::mem::replace(&mut self.state, State::Closed) {
                State::Closed => return,
                State::Commands(session) => match session.read(&mut self.input) {
                    Step::Wait(session) => {
                        self.state = State::Commands(session);
                        return;
                    }
                    step => self.act(step),
                },
                State::Content(receiving, mut content) => {
                    if self.input.is_empty() {
                        self.state = State::Content(receiving, content);
                        return;
                    }
                    match receiving.take(&mut self.input, |slice| content.extend_from_slice(slice)) {
                        Taken::More(receiving) => self.state = State::Content(receiving, content),
                        Taken::All(complete) => self.complete(complete, content),
                    }
                }
                State::Chunk(chunk) => {
                    let (before, waiting) = (chunk.left(), self.input.len() as u64);
                    match chunk.take(&mut self.input, |slice| self.chunks.extend_from_slice(slice)) {
                        ChunkTaken::More(chunk) => {
                            assert!(self.input.is_empty() && chunk.left() == before - waiting);
                            self.state = State::Chunk(chunk);
                            return;
                        }
                        ChunkTaken::Refused(step) => self.act(step),
                        ChunkTaken::Part(part) => {
                            let step = match self.answers.pop_front() {
                                None => part.accept(),
                                Some(reply) => part.refuse(reply),
                            };
                            self.act(step);
                        }
                        ChunkTaken::All(complete) => {
                            let content = std::mem::take(&mut self.chunks);
                            self.complete(complete, content);
                        }
                    }
                }
            }
        }
    }

    fn complete(&mut self, complete: Complete, content: Vec<u8>) {
        let (envelope, facts) = (complete.envelope().clone(), complete.facts().clone());
        self.messages.push(Message { envelope, content, facts });
        let reply = self.answer(smtp::Said::Delivered);
        let step = complete.answer(reply, &self.input);
        self.act(step);
    }

    fn answer(&mut self, said: smtp::Said) -> Reply {
        self.answers.pop_front().unwrap_or_else(|| said.reply())
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Wait(next) => self.state = State::Commands(next),
            Step::Answer { next, reply, dropped } => {
                self.dropped += usize::from(dropped.is_some());
                self.hear(&reply);
                self.state = State::Commands(next);
            }
            Step::Mail(pending) => {
                let reply = self.answer(smtp::Said::SenderOk);
                self.act(pending.answer(reply));
            }
            Step::Rcpt(pending) => {
                let reply = self.answer(smtp::Said::RecipientOk);
                self.act(pending.answer(reply));
            }
            Step::Data(pending) => {
                self.chunks.clear();
                let step = match self.answers.pop_front() {
                    None => pending.accept(&self.input, u64::MAX),
                    Some(reply) => pending.refuse(reply),
                };
                self.act(step);
            }
            Step::Receive { receiving, reply } => {
                self.hear(&reply);
                self.state = State::Content(receiving, Vec::new());
            }
            Step::RcptRefused { next, said, .. } => {
                self.refused.push(said);
                self.hear(&said.reply());
                self.state = State::Commands(next);
            }
            Step::Chunk(chunk) => {
                // Where none of it is kept yet, nothing of another message may be.
                if !chunk.is_content() {
                    self.chunks.clear();
                }
                self.state = State::Chunk(chunk);
            }
            Step::StartTls { upgrade, reply } => {
                self.hear(&reply);
                let step = upgrade.done(&mut self.input);
                self.act(step);
            }
            Step::Close { reply, dropped, .. } => {
                self.dropped += usize::from(dropped.is_some());
                self.hear(&reply);
                self.state = State::Closed;
            }
        }
    }

    fn hear(&mut self, reply: &Reply) {
        let mut wire = Vec::new();
        reply.write_to(&mut wire);
        let wire = String::from_utf8(wire).unwrap();
        self.said.push(wire.trim_end().replace("\r\n", "|"));
    }
}

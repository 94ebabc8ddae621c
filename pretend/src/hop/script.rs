//! What a hop does other than usual: rules, each for one stage, added by a test while the hop runs.

use std::time::Duration;

use crate::gate::Gate;

/// Where in a session a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A connection came; the banner is due.
    Connect,
    Helo,
    StartTls,
    /// After 220 to STARTTLS, before the handshake.
    Handshake,
    Mail,
    Rcpt,
    Data,
    /// Content is coming in.
    Body,
    /// The message is complete; the reply to it is due.
    Dot,
    Rset,
    Noop,
    Quit,
    /// Any other command.
    Other,
}

/// What is done at a stage.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Wait for the gate; then what other rules say, or the usual.
    Hold(Gate),
    /// The reply goes out an octet at a time, with so long between two.
    Drip(Duration),
    /// One more reply behind the usual one.
    Extra(String),
    /// One more reply when the gate opens, whatever is going on then.
    ExtraLater(Gate, String),
    /// This reply instead of the usual one.
    Reply(String),
    ReplyAndClose(String),
    /// These octets instead of a reply.
    Raw(Vec<u8>),
    /// No reply, and on with the next command.
    Skip,
    /// No reply, ever.
    Silence,
    Close,
    Reset,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub stage: Stage,
    contains: Option<Vec<u8>>,
    nth: Option<usize>,
    times: Option<usize>,
    recipient: Option<usize>,
    after_octets: usize,
    act: Act,
    matched: usize,
}

/// What is seen of a stage when rules are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub stage: Stage,
    /// The command line, or the message so far.
    pub text: &'a [u8],
    /// Which RCPT of the transaction this is, from 1.
    pub recipient: usize,
}

impl Rule {
    fn matches(&mut self, moment: Moment<'_>) -> Option<Act> {
        let contains = |wanted: &Vec<u8>| {
            let (text, wanted) = (moment.text.to_ascii_lowercase(), wanted.to_ascii_lowercase());
            memchr::memmem::find(&text, &wanted).is_some()
        };
        let here = self.stage == moment.stage
            && self.recipient.is_none_or(|recipient| recipient == moment.recipient)
            && (moment.stage != Stage::Body || moment.text.len() >= self.after_octets)
            && self.contains.as_ref().is_none_or(contains);
        if !here {
            return None;
        }
        self.matched += 1;
        let due =
            self.nth.is_none_or(|nth| nth == self.matched) && self.times.is_none_or(|times| self.matched <= times);
        due.then(|| self.act.clone())
    }
}

#[derive(Debug, Default)]
pub(super) struct Script(Vec<Rule>);

impl Script {
    pub(super) fn acts(&mut self, moment: Moment<'_>) -> Vec<Act> {
        self.0.iter_mut().filter_map(|rule| rule.matches(moment)).collect()
    }

    pub(super) fn has(&self, stage: Stage) -> bool {
        self.0.iter().any(|rule| rule.stage == stage)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A rule in the making. Without conditions it applies each time; several rules of a stage work together, and of those
/// that replace the reply the first wins.
#[derive(Debug)]
#[must_use = "a rule begins to exist with what it does"]
pub struct When<'a> {
    script: &'a std::sync::Mutex<Script>,
    rule: Rule,
}

impl<'a> When<'a> {
    pub(super) fn new(script: &'a std::sync::Mutex<Script>, stage: Stage) -> Self {
        let rule = Rule {
            stage,
            contains: None,
            nth: None,
            times: None,
            recipient: None,
            after_octets: 1,
            act: Act::Skip,
            matched: 0,
        };
        Self { script, rule }
    }

    /// Only where the command line (or the message) contains this, in any case.
    pub fn containing(mut self, text: &str) -> Self {
        self.rule.contains = Some(text.as_bytes().to_vec());
        self
    }

    /// Only the n-th time, from 1.
    pub fn nth(mut self, n: usize) -> Self {
        self.rule.nth = Some(n);
        self
    }

    /// Only the first n times.
    pub fn times(mut self, n: usize) -> Self {
        self.rule.times = Some(n);
        self
    }

    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Only the n-th RCPT of a transaction, from 1.
    pub fn recipient(mut self, n: usize) -> Self {
        self.rule.recipient = Some(n);
        self
    }

    /// At [`Stage::Body`]: once that many octets of the message are here.
    pub fn after_octets(mut self, octets: usize) -> Self {
        self.rule.after_octets = octets.max(1);
        self
    }

    /// Waits for the gate first.
    pub fn hold(self, gate: &Gate) {
        self.then(Act::Hold(gate.clone()));
    }

    /// Sends the reply an octet at a time.
    pub fn drip(self) {
        self.then(Act::Drip(Duration::ZERO));
    }

    /// Sends the reply an octet at a time, with so long between two: alive, and of no use.
    pub fn trickle(self, pause: Duration) {
        self.then(Act::Drip(pause));
    }

    /// Sends one reply too many, right behind the usual one. Without CRLF, e.g. `250 2.0.0 Ok`.
    pub fn extra(self, reply: &str) {
        self.then(Act::Extra(reply.to_owned()));
    }

    /// Sends one reply too many once the gate opens.
    pub fn extra_later(self, gate: &Gate, reply: &str) {
        self.then(Act::ExtraLater(gate.clone(), reply.to_owned()));
    }

    /// Replies so instead; `\n` between lines of a reply of several.
    pub fn reply(self, reply: &str) {
        self.then(Act::Reply(reply.to_owned()));
    }

    pub fn reply_and_close(self, reply: &str) {
        self.then(Act::ReplyAndClose(reply.to_owned()));
    }

    /// Sends these octets in place of a reply. At [`Stage::Handshake`]: in place of TLS.
    pub fn raw(self, bytes: &[u8]) {
        self.then(Act::Raw(bytes.to_vec()));
    }

    /// Sends one reply too few: none to this, and goes on.
    pub fn skip(self) {
        self.then(Act::Skip);
    }

    /// Never says anything again.
    pub fn silence(self) {
        self.then(Act::Silence);
    }

    /// Closes without a reply. At [`Stage::Handshake`]: refuses to shake hands.
    pub fn close(self) {
        self.then(Act::Close);
    }

    /// Resets the connection.
    pub fn reset(self) {
        self.then(Act::Reset);
    }

    fn then(mut self, act: Act) {
        self.rule.act = act;
        self.script.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0.push(self.rule);
    }
}

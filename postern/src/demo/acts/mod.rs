//! The acts of the play, in the order of the story. Each tells one line and checks it against what the sender heard, what
//! the next hop has, and what the trace says.

mod killed;
mod plain;
mod tampered;

use std::{collections::HashSet, sync::Arc};

use pretend::{
    corpus::Sample,
    hop::{Hop, Message},
    proxy::Proxy,
};
use serde_json::Value;

use super::{
    line::{Line, size},
    mail::{Heard, Mail, send},
    stage::{Customer, Error, Stage, Voice},
};

/// The play, as far as it has come.
#[derive(Debug)]
pub(super) struct Play<'a> {
    stage: &'a mut Stage,
    customer: Customer,
    hop: Arc<Hop>,
    join_token: String,
    /// Message ids of the acts so far.
    seen: HashSet<String>,
    acts: usize,
    differing: usize,
}

/// An act of one message: what is sent, and what must come of it.
struct Wanted<'a> {
    act: &'static str,
    /// The local part of the sender.
    sender: &'a str,
    to: &'a str,
    sample: &'a Sample,
    declares_size: bool,
    /// How the sender's answer begins.
    reply: &'a str,
    /// The trace's rule and reason.
    rule: &'a str,
    reason: &'a str,
}

impl<'a> Play<'a> {
    pub(super) fn new(stage: &'a mut Stage, customer: Customer, hop: Arc<Hop>, join_token: String) -> Self {
        Self { stage, customer, hop, join_token, seen: HashSet::new(), acts: 0, differing: 0 }
    }

    /// Plays everything. What comes back keeps the third worker in touch with the control plane.
    pub(super) async fn all(&mut self) -> Result<Proxy, Error> {
        self.delivered().await?;
        self.blocked().await?;
        self.unknown_recipient().await?;
        self.oversize().await?;
        self.hop_down().await?;
        self.killed().await?;
        self.tampered().await
    }

    /// The last line; true if all acts went as they say.
    pub(super) fn sum_up(&self) -> bool {
        let Self { acts, differing, .. } = self;
        Voice::Loud.say(&match differing {
            0 => format!("\n{acts} acts, each as it says."),
            _ => format!("\n{differing} of {acts} acts differ from what they say."),
        });
        *differing == 0
    }

    fn tell(&mut self, line: &Line) {
        self.acts += 1;
        self.differing += usize::from(!line.tell(Voice::Loud));
    }

    /// Sends one message to the first worker and compares all that is known about it with what is wanted.
    async fn one(&mut self, wanted: &Wanted<'_>) -> Result<Line, Error> {
        let from = format!("{}@sender.example", wanted.sender);
        let to = format!("{}@{}", wanted.to, Customer::DOMAIN);
        let before = self.at_hop(&from).len();
        let mail = Mail { from: &from, to: &to, sample: wanted.sample, declares_size: wanted.declares_size };
        let heard = send(self.stage.smtp(0)?, &mail).await;
        let heard = heard.map_err(|source| Error::Smtp { what: format!("sending {}", wanted.sample.name), source })?;

        let mut line = Line::new(wanted.act, format!("{} {}", wanted.sample.name, size(wanted.sample.bytes().len())));
        if !wanted.declares_size {
            line.sent.push_str(" without SIZE=");
        }
        line.took = Some(heard.took);
        line.must(begins_with(&heard.reply, wanted.reply), || {
            format!("the answer to {} is not {}", heard.to, wanted.reply)
        });
        self.compare_hop(&mut line, before, &from, &heard, wanted.sample);
        let trace = self.stage.traced(&from, &self.seen).await?;
        compare_trace(&mut line, &trace, wanted);
        line.tls = tls(&heard, &trace);
        line.heard = heard.reply;
        self.seen.insert(line.message.clone());
        Ok(line)
    }

    /// What the next hop has taken of a sender.
    fn at_hop(&self, from: &str) -> Vec<Message> {
        self.hop.messages().into_iter().filter(|message| message.mail.address == from).collect()
    }

    /// What was answered with 250 is at the hop, octet for octet, behind one Received field of ours; nothing else is.
    fn compare_hop(&self, line: &mut Line, before: usize, from: &str, heard: &Heard, sample: &Sample) {
        let arrived = self.at_hop(from).split_off(before);
        let accepted = heard.reply.starts_with("250");
        line.must(arrived.len() == usize::from(accepted), || format!("the next hop has {} copies", arrived.len()));
        let Some(message) = arrived.first() else {
            line.hop.push_str("nothing");
            return;
        };
        let same = message.bytes.strip_suffix(&*sample.relayed()).is_some_and(is_one_received);
        line.must(same, || "the octets at the next hop are not those that were sent".to_owned());
        line.hop = if same { "the same octets".to_owned() } else { "other octets".to_owned() };
    }
}

fn compare_trace(line: &mut Line, trace: &Value, wanted: &Wanted<'_>) {
    let text = |pointer: &str| trace.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (rule, reason) = (text("/rule"), text("/reason"));
    line.must(rule == wanted.rule && reason == wanted.reason, || {
        format!("the trace says rule {rule}, reason {reason}; not {}, {}", wanted.rule, wanted.reason)
    });
    line.rule = if reason == "none" { rule } else { format!("{rule}/{reason}") };
    line.message = text("/id");
    line.must(line.message.starts_with("msg_"), || "the trace has no message id".to_owned());
}

/// What both sides agreed on, as the trace has it; that of the sender as the sender saw it.
fn tls(heard: &Heard, trace: &Value) -> String {
    let inbound = heard.tls.as_ref().map_or("none", |facts| &facts.version);
    match trace.pointer("/next_hop/tls/version").and_then(Value::as_str) {
        Some(outbound) => format!("{inbound} / {outbound}"),
        None => inbound.to_owned(),
    }
}

/// A wish for 550 5.1.1 is not met by 550 5.1.10.
fn begins_with(reply: &str, wanted: &str) -> bool {
    reply.strip_prefix(wanted).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit() || next == '.'))
}

/// One whole header field, named Received.
fn is_one_received(bytes: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix("\r\n")) else { return false };
    let mut lines = text.split("\r\n");
    lines.next().is_some_and(|first| first.starts_with("Received: ")) && lines.all(|line| line.starts_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_received_field_may_stand_before_a_message() {
        assert!(is_one_received(b"Received: from a\r\n\tby b; now\r\n"));
        for other in [
            "",
            "\r\n",
            "Received: a",
            "Received: a\r\nX: b\r\n",
            "X: b\r\n",
            "Received: a\r\n\r\n",
            "Received: a\r\nReceived: b\r\n",
        ] {
            assert!(!is_one_received(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn an_answer_is_compared_by_whole_codes() {
        assert!(begins_with("550 5.1.1 no", "550 5.1.1") && begins_with("550 5.1.1", "550"));
        assert!(!begins_with("550 5.1.10 no", "550 5.1.1") && !begins_with("451 4.4.1", "550"));
    }
}

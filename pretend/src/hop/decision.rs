//! What the rules of a stage come to.

use std::{io, time::Duration};

use super::script::Act;

/// How a session ends.
pub(super) enum Ended {
    Closed,
    Reset,
    /// It stays open and says nothing.
    Silent,
    ByPeer,
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self::ByPeer
    }
}

pub(super) struct Decision {
    usual: String,
    /// What replaces the usual reply.
    pub act: Option<Act>,
    pub extras: Vec<String>,
    /// An octet at a time, with so long between two.
    pub drip: Option<Duration>,
}

impl Decision {
    pub(super) fn usual(usual: String) -> Self {
        Self { usual, act: None, extras: Vec::new(), drip: None }
    }

    pub(super) fn add(&mut self, act: Act) {
        match act {
            Act::Drip(pause) => self.drip = Some(pause),
            Act::Extra(reply) => self.extras.push(reply),
            // Gates are the session's matter.
            Act::Hold(_) | Act::ExtraLater(..) => {}
            Act::Reply(_)
            | Act::ReplyAndClose(_)
            | Act::Raw(_)
            | Act::Skip
            | Act::Silence
            | Act::Close
            | Act::Reset => {
                self.act.get_or_insert(act);
            }
        }
    }

    pub(super) fn is_usual(&self) -> bool {
        self.act.is_none()
    }

    /// The reply the hop gives; none where it gives none.
    pub(super) fn reply(&self) -> Option<&str> {
        match &self.act {
            None => Some(&self.usual),
            Some(Act::Reply(reply) | Act::ReplyAndClose(reply)) => Some(reply),
            Some(_) => None,
        }
    }

    /// The reply as it is sent; an empty one is none.
    pub(super) fn said(&self) -> Option<&str> {
        self.reply().filter(|reply| !reply.is_empty())
    }

    /// Does the hop's own state go on as after a positive reply? Where it keeps silent about it, as usual.
    pub(super) fn is_positive(&self) -> bool {
        let reply = match &self.act {
            Some(Act::Skip) => self.usual.as_str(),
            _ => self.reply().unwrap_or_default(),
        };
        reply.starts_with(['2', '3'])
    }
}

/// `250 first\nsecond` as the lines of one reply.
pub(super) fn on_the_wire(reply: &str) -> String {
    let (code, text) = reply.split_at_checked(3).unwrap_or((reply, ""));
    let text = text.strip_prefix(' ').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let (last, others) = lines.split_last().expect("split gives one piece at least");
    let mut out = String::new();
    for line in others {
        out.extend([code, "-", line, "\r\n"]);
    }
    out.extend([code, " ", last, "\r\n"]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_several_lines_has_hyphens_up_to_the_last() {
        assert_eq!(on_the_wire("250 a\nb\nc"), "250-a\r\n250-b\r\n250 c\r\n");
        assert_eq!(on_the_wire("421 4.3.2 later"), "421 4.3.2 later\r\n");
    }

    #[test]
    fn the_first_rule_that_replaces_the_reply_wins() {
        let mut decision = Decision::usual("250 Ok".to_owned());
        assert!(decision.is_usual() && decision.is_positive());
        decision.add(Act::Drip(Duration::ZERO));
        decision.add(Act::Reply("550 no".to_owned()));
        decision.add(Act::Close);
        assert_eq!(decision.reply(), Some("550 no"));
        assert!(decision.drip.is_some() && !decision.is_positive());
    }
}

//! Which of the hop's answers the sender hears, and how: 4xx and 5xx to RCPT and to the message, 5xx to MAIL. Everything
//! else is "the hop failed for now", whatever its class.

use contract::mail::{EnhancedCode, Reply};

use super::{HopReply, Stage};
use crate::said::Said;

/// What an answer of the hop means to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// 2xx to MAIL, RCPT or the message, in the hop's words.
    Accepted(Reply),
    /// The hop's own refusal, made fit to be passed on.
    PassedOn(Reply),
    /// The hop failed for now.
    HopFailed(Reply),
}

/// Characters of the hop's text that are passed on.
const MAX_TEXT: usize = 400;

/// Total: every reply at every stage means something.
pub fn hear(stage: Stage, reply: &HopReply) -> Heard {
    if is_about_the_dialogue(reply.code()) {
        return failed();
    }
    match (stage, reply.class(), reply.code()) {
        (Stage::Mail, 2, _) => accepted(Said::SenderOk, reply),
        (Stage::Rcpt, 2, _) => accepted(Said::RecipientOk, reply),
        (Stage::Message, 2, _) => accepted(Said::Delivered, reply),
        // RFC 5321 §4.5.3.1.10: 552 to RCPT is to be treated as 452.
        (Stage::Rcpt, 5, 552) => Heard::PassedOn(passed_on(452, reply)),
        (Stage::Mail, 5, code) | (Stage::Rcpt | Stage::Data | Stage::Message, 4 | 5, code) => {
            Heard::PassedOn(passed_on(code, reply))
        }
        (
            Stage::Banner
            | Stage::Ehlo
            | Stage::StartTls
            | Stage::Mail
            | Stage::Rcpt
            | Stage::Data
            | Stage::Message
            | Stage::Reset,
            ..,
        ) => failed(),
    }
}

/// Such replies speak of our dialogue with the hop, not of this mail: it closes, does not know a command, wants TLS or
/// AUTH. Passed on as 5xx they would cost mail that only waits for a better route.
const fn is_about_the_dialogue(code: u16) -> bool {
    matches!(code, 421 | 500 | 502 | 503 | 530 | 534 | 535 | 538)
}

fn failed() -> Heard {
    Heard::HopFailed(Said::HopFailed.reply())
}

fn accepted(said: Said, reply: &HopReply) -> Heard {
    let text = text(reply);
    Heard::Accepted(if text.is_empty() { said.reply() } else { said.with_text(&text) })
}

fn passed_on(code: u16, reply: &HopReply) -> Reply {
    let class = u8::try_from(code / 100).unwrap_or(5);
    // An enhanced code of the other refusing class keeps its subject; one of success says nothing about a refusal.
    let enhanced = match reply.enhanced() {
        Some(enhanced) if enhanced.class() != 2 => enhanced.with_class(class),
        _ => EnhancedCode::new(class, 0, 0),
    };
    let text = text(reply);
    Reply::new(code, enhanced, if text.is_empty() { "refused by the next hop" } else { &text })
}

fn text(reply: &HopReply) -> String {
    // Printable ASCII already, so that characters are octets.
    reply.text().chars().take(MAX_TEXT).collect()
}

//! The decision at the end of the message: its form, its size, whether it goes in circles.

use super::{
    Disposition, Reason, Rule, Verdict,
    settings::{BareNewline, Effective},
};
use crate::mail::{EnhancedCode, Reply};

/// What was seen while the message went by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageFacts {
    pub size_bytes: u64,
    /// Longest line in octets, without CRLF.
    pub longest_line_octets: u64,
    pub bare_cr: bool,
    pub bare_lf: bool,
    pub nul: bool,
    /// The first line begins with white space, is `From `, or is no header field (it would continue or hide ours), or a
    /// line of the header is no field: our reading of the header and the next hop's could differ.
    pub header_boundary: bool,
    pub received_fields: u32,
    /// Received fields that carry this installation's id.
    pub received_here: u32,
}

/// Received fields in all that make a loop (RFC 5321 §6.3 asks for a large number; 100 is its example).
pub const LOOP_RECEIVED: u32 = 50;
/// Received fields of our own that make one.
pub const LOOP_RECEIVED_HERE: u32 = 5;

/// None when nothing is wrong with the message.
pub fn judge(settings: &Effective, facts: &MessageFacts) -> Option<Verdict> {
    let form = |reason, code, enhanced, text: &str| Some(refused(Rule::MessageForm, reason, code, enhanced, text));
    if facts.size_bytes > settings.max_message_size_bytes {
        return form(Reason::TooLarge, 552, (5, 3, 4), "the message is larger than accepted here");
    }
    if facts.received_here >= LOOP_RECEIVED_HERE || facts.received_fields >= LOOP_RECEIVED {
        let text = "the message is going in circles";
        return Some(refused(Rule::Loop, Reason::LoopDetected, 554, (5, 4, 6), text));
    }
    if facts.nul {
        return form(Reason::NulOctet, 550, (5, 6, 0), "NUL octets are not accepted (RFC 5321 2.3.8)");
    }
    if facts.bare_cr || (facts.bare_lf && settings.bare_newline == BareNewline::Reject) {
        return form(Reason::BareNewline, 550, (5, 6, 0), "bare CR or LF is not accepted (RFC 5321 2.3.8)");
    }
    if facts.longest_line_octets > u64::from(settings.max_line_octets) {
        return form(Reason::LineTooLong, 550, (5, 6, 0), "a line of the message is too long");
    }
    if facts.header_boundary {
        return form(
            Reason::HeaderBoundary,
            550,
            (5, 6, 0),
            "the message does not begin with a header field (RFC 5322 2.1)",
        );
    }
    None
}

fn refused(rule: Rule, reason: Reason, code: u16, (class, subject, detail): (u8, u16, u16), text: &str) -> Verdict {
    Verdict {
        disposition: Disposition::Refused,
        rule,
        reason,
        entry: None,
        reply: Reply::new(code, EnhancedCode::new(class, subject, detail), text),
    }
}

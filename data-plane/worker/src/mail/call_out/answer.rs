//! What a next hop's reply to RCPT says about the recipient, and what speaks of something else.

use smtp::client::{Heard, HopReply, Stage, hear};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Refused,
    CatchAll,
    /// Nothing was said about the recipient.
    Unasked,
    /// The hop lacks what the address needs.
    Lacking,
    OverBudget,
}

impl Answer {
    /// The name in the metrics.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::CatchAll => "catch_all",
            Self::Unasked => "unasked",
            Self::Lacking => "lacking",
            Self::OverBudget => "over_budget",
        }
    }
}

/// Only a 5xx that speaks of the mailbox is a no. A hop that does not want us, our address or our dialogue says 5xx to
/// every recipient: taken for a no, it would cost the domain all its mail.
pub(super) fn answer(reply: &HopReply) -> Answer {
    match hear(Stage::Rcpt, reply) {
        Heard::Accepted(_) => Answer::Accepted,
        Heard::HopFailed(_) => Answer::Unasked,
        // 552 counts as 452 (RFC 5321 §4.5.3.1.10).
        Heard::PassedOn(heard) if heard.class() != 5 => Answer::Unasked,
        Heard::PassedOn(_) => match reply.enhanced().map(|enhanced| (enhanced.subject(), enhanced.detail())) {
            // Addressing and mailbox status (RFC 3463 §3.2, §3.3); 5.4.1 is what Exchange Online says of strangers.
            Some((1 | 2, _) | (4, 1)) => Answer::Refused,
            // No subject: what the bare code says (RFC 5321 §4.2.3).
            None | Some((0, _)) if matches!(reply.code(), 550 | 551 | 553) => Answer::Refused,
            _ => Answer::Unasked,
        },
    }
}

#[cfg(test)]
mod tests {
    use smtp::client::ReplyReader;

    use super::*;

    #[test]
    fn only_what_is_said_of_the_mailbox_is_a_no() {
        let table = [
            ("250 2.1.5 ok", Answer::Accepted),
            ("251 will forward", Answer::Accepted),
            ("550 5.1.1 no such user", Answer::Refused),
            ("550 5.1.10 recipient not found", Answer::Refused),
            ("550 5.2.1 disabled", Answer::Refused),
            ("550 5.4.1 Recipient address rejected: Access denied", Answer::Refused),
            ("550 no such user", Answer::Refused),
            ("551 not here", Answer::Refused),
            ("553 5.1.3 bad syntax", Answer::Refused),
            ("550 5.0.0 no", Answer::Refused),
            ("554 5.7.1 relay access denied", Answer::Unasked),
            ("550 5.7.606 banned sending address", Answer::Unasked),
            ("550 5.3.2 not now", Answer::Unasked),
            ("554 transaction failed", Answer::Unasked),
            ("552 5.2.2 full", Answer::Unasked),
            ("450 4.2.0 greylisted", Answer::Unasked),
            ("451 later", Answer::Unasked),
            ("421 4.3.2 closing", Answer::Unasked),
            ("530 5.7.0 authenticate", Answer::Unasked),
            ("503 5.5.1 out of order", Answer::Unasked),
        ];
        let wrong: Vec<_> = table
            .into_iter()
            .filter(|(line, expected)| {
                let mut reader = ReplyReader::default();
                reader.extend(format!("{line}\r\n").as_bytes());
                answer(&reader.next_reply().unwrap().unwrap()) != *expected
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

//! Every reply that Postern itself gives, as one closed list. `docs/smtp-replies.md` is made from it and compared by a
//! test, so that a reply without an explanation cannot be added.

use contract::mail::{EnhancedCode, Reply};

/// Who decides that a reply is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The SMTP session: syntax, order, limits of the protocol.
    Session,
    /// The worker: memory, time, connections, its configuration, the next hop's failures.
    Worker,
    /// Policy (`contract::policy`), by the tenant's settings and lists.
    Policy,
}

/// One row of the documentation.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub code: u16,
    /// Class, subject, detail; none where RFC 2034 §4 has none.
    pub enhanced: Option<(u8, u16, u16)>,
    pub text: &'static str,
    pub by: By,
    pub when: &'static str,
    pub cite: &'static str,
}

macro_rules! said {
    ($($by:ident { $($name:ident = $code:literal $enhanced:expr, $text:literal, $when:literal, $cite:literal;)* })*) => {
        /// A reply, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Said { $($(#[doc = $when] $name,)*)* }

        impl Said {
            pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

            pub const fn row(self) -> Row {
                match self { $($(Self::$name => Row {
                    code: $code, enhanced: $enhanced, text: $text, by: By::$by, when: $when, cite: $cite,
                },)*)* }
            }
        }
    };
}

said! {
    Session {
        SenderOk = 250 Some((2, 1, 0)), "sender ok",
            "MAIL was accepted", "RFC 5321 §4.1.1.2";
        RecipientOk = 250 Some((2, 1, 5)), "recipient ok",
            "RCPT was accepted; where the next hop was asked, its own text stands here", "RFC 5321 §4.1.1.3";
        StartMail = 354 None, "send the message, end it with a line of one dot",
            "DATA after at least one accepted recipient", "RFC 5321 §4.1.1.4";
        ChunkTaken = 250 Some((2, 0, 0)), "chunk received",
            "BDAT that is not the last of its message", "RFC 3030 §2";
        Reset = 250 Some((2, 0, 0)), "reset",
            "RSET", "RFC 5321 §4.1.1.5";
        Noop = 250 Some((2, 0, 0)), "ok",
            "NOOP", "RFC 5321 §4.1.1.9";
        Bye = 221 Some((2, 0, 0)), "goodbye",
            "QUIT; the connection closes", "RFC 5321 §4.1.1.10";
        Help = 214 Some((2, 0, 0)), "see RFC 5321",
            "HELP", "RFC 5321 §4.1.1.8";
        CannotVerify = 252 Some((2, 5, 0)), "cannot verify, send the mail and see",
            "VRFY; nothing is looked up", "RFC 5321 §3.5.3";
        ReadyForTls = 220 Some((2, 0, 0)), "ready to start TLS",
            "STARTTLS; everything said before is forgotten", "RFC 3207 §4";

        Unrecognised = 500 Some((5, 5, 1)), "command not recognised",
            "the first word of a line is no command", "RFC 5321 §4.2.4";
        NotImplemented = 502 Some((5, 5, 1)), "command not implemented",
            "EXPN, AUTH, ETRN, TURN and others that are not offered, or STARTTLS without a certificate",
            "RFC 5321 §4.2.4";
        ChunkingNotOffered = 502 Some((5, 5, 1)), "BDAT is offered to EHLO only, closing",
            "BDAT before EHLO; its octets could be read as commands, so the connection closes", "RFC 3030 §2";
        BadChunk = 501 Some((5, 5, 4)), "BDAT needs a size, closing",
            "BDAT without a size that can be counted; its octets could be read as commands, so the connection closes",
            "RFC 3030 §2";
        WrongOrder = 503 Some((5, 5, 1)), "command out of order",
            "MAIL before EHLO or inside a transaction, RCPT before MAIL, DATA or BDAT before RCPT, RCPT, DATA or STARTTLS between chunks, BDAT after the last chunk or after one that was refused",
            "RFC 5321 §4.1.4";
        TlsIsUp = 503 Some((5, 5, 1)), "TLS is up already",
            "STARTTLS under TLS", "RFC 3207 §4.2";
        NoRecipients = 554 Some((5, 5, 1)), "no valid recipients",
            "DATA or BDAT when every RCPT was refused; after BDAT the transaction is over", "RFC 5321 §3.3";
        LineTooLong = 500 Some((5, 5, 2)), "line too long",
            "a command line of more than 1024 octets; it was skipped to its end", "RFC 5321 §4.5.3.1.4";
        LineEndless = 500 Some((5, 5, 2)), "line without an end, closing",
            "a command line of more than 64 KiB; the connection closes", "RFC 5321 §4.5.3.1.4";
        BareNewline = 500 Some((5, 5, 2)), "lines end with CRLF, closing",
            "a command line that ends with LF alone; the connection closes", "RFC 5321 §2.3.8";
        BadOctet = 500 Some((5, 5, 2)), "control character in a command",
            "CR, NUL or another control character in a command line, or octets that are not UTF-8", "RFC 5321 §4.1.2";
        BadArguments = 501 Some((5, 5, 4)), "syntax error in the arguments",
            "arguments that the command does not take, or not in this form; a parameter named twice",
            "RFC 5321 §4.2.4";
        BadSender = 501 Some((5, 1, 7)), "syntax error in the sender's address",
            "the path of MAIL is no path", "RFC 5321 §4.1.2";
        BadRecipient = 501 Some((5, 1, 3)), "syntax error in the recipient's address",
            "the path of RCPT is no path", "RFC 5321 §4.1.2";
        UnknownParameter = 555 Some((5, 5, 4)), "parameter not recognised",
            "MAIL or RCPT with a parameter that was not offered", "RFC 5321 §4.1.1.11";
        NeedsSmtpUtf8 = 553 Some((5, 6, 7)), "an address beyond ASCII needs SMTPUTF8",
            "a path with UTF-8 in a transaction without SMTPUTF8", "RFC 6531 §3.5";
        DeclaredTooLarge = 552 Some((5, 3, 4)), "the message is larger than accepted here",
            "SIZE at MAIL is above the limit", "RFC 1870 §6.1";
        TooManyRecipients = 452 Some((4, 5, 3)), "too many recipients, send the others in another transaction",
            "more recipients than LIMITS RCPTMAX says, or than the domain's policy allows", "RFC 5321 §4.5.3.1.10";
        Pipelining = 554 Some((5, 5, 0)), "input before it was asked for, closing",
            "bytes that came before the greeting, or behind a command that must be the last of its group (EHLO, DATA, STARTTLS, QUIT …); the connection closes",
            "RFC 2920 §3.1";
        ForeignProtocol = 554 Some((5, 5, 1)), "this is SMTP, closing",
            "the line is of HTTP (GET, POST, CONNECT …) or a PROXY header from a stranger; the connection closes", "RFC 5321 §4.1.1";
        TooManyErrors = 421 Some((4, 7, 0)), "too many errors, closing",
            "more bad commands or refused recipients than the limit; the connection closes", "RFC 5321 §3.8";
        TooManyCommands = 421 Some((4, 7, 0)), "too many commands, closing",
            "more commands or transactions than the limit in one connection; the connection closes", "RFC 9422 §3";
    }
    Worker {
        Delivered = 250 Some((2, 0, 0)), "delivered",
            "the next hop accepted the message; its own text stands here", "RFC 5321 §6.1";
        AlreadyDelivered = 250 Some((2, 0, 0)), "delivered before",
            "the same message came again after the next hop had accepted it", "RFC 5321 §4.5.3.2";
        OtherGroup = 452 Some((4, 5, 3)), "this recipient goes another way, send it in another transaction",
            "a recipient of another delivery group than the first", "RFC 5321 §4.5.3.1.10";
        SoleRecipient = 452 Some((4, 5, 3)), "send this recipient in another transaction",
            "the next hop would refuse the first recipient, so it stays the only one", "RFC 5321 §4.5.3.1.10";
        RecipientsChanged = 451 Some((4, 5, 0)), "the next hop changed its mind about a recipient, try again later",
            "a recipient that the next hop had accepted is refused when the message is brought", "RFC 5321 §4.2.3";
        Memory = 452 Some((4, 3, 1)), "not enough room for the message now",
            "the message could not grow within the worker's memory budget", "RFC 5321 §4.2.3";
        InFlight = 451 Some((4, 5, 0)), "this message is being delivered, try again later",
            "the same message is still waiting for the next hop's answer", "RFC 5321 §4.5.3.2";
        OutcomeUnknown = 451 Some((4, 4, 2)), "the next hop did not answer after the message, try again later",
            "the end of the message was sent and no answer came", "RFC 5321 §4.5.3.2";
        HopUnreachable = 451 Some((4, 4, 1)), "the next hop cannot be reached, try again later",
            "no connection to the next hop, or it closed before the message", "RFC 3463 §3.5";
        HopFailed = 451 Some((4, 4, 0)), "the next hop failed for now, try again later",
            "the next hop's greeting, EHLO, MAIL (4xx) or 421, whatever its class", "RFC 3463 §3.5";
        HopNonsense = 451 Some((4, 5, 0)), "the next hop did not speak SMTP, try again later",
            "a reply of the next hop that is no reply, or one too many", "RFC 3463 §3.6";
        HopTls = 451 Some((4, 7, 5)), "no secure connection to the next hop, try again later",
            "STARTTLS towards the next hop failed where the route demands it", "RFC 3463 §3.8";
        HopTimeout = 451 Some((4, 4, 2)), "the next hop did not answer in time, try again later",
            "the next hop was silent before the end of the message", "RFC 3463 §3.5";
        HopBusy = 451 Some((4, 4, 5)), "the next hop is busy, try again later",
            "no connection of the next hop's share became free in 30 s", "RFC 3463 §3.5";
        HopAddressForbidden = 451 Some((4, 4, 4)), "the next hop's address is not allowed, try again later",
            "the next hop resolves to an address that the installation does not allow", "RFC 3463 §3.5";
        HopLacksEightBit = 554 Some((5, 6, 3)), "the next hop takes no 8-bit content, and none is converted",
            "8-bit content, and the next hop lacks 8BITMIME", "RFC 6152 §3";
        HopLacksSmtpUtf8 = 550 Some((5, 6, 7)), "the next hop takes no internationalised mail",
            "an address or header beyond ASCII, and the next hop lacks SMTPUTF8", "RFC 6531 §3.2";
        HopLacksBinary = 554 Some((5, 6, 1)), "the next hop takes no binary content",
            "NUL octets, and the next hop lacks BINARYMIME", "RFC 3030 §3";
        HopSize = 552 Some((5, 3, 4)), "the message is larger than the next hop accepts",
            "the next hop's SIZE is below the message's", "RFC 1870 §6.1";
        SnapshotMissing = 451 Some((4, 3, 5)), "not configured yet, try again later",
            "the worker has no configuration for this question", "RFC 3463 §3.4";
        SnapshotTooOld = 451 Some((4, 3, 2)), "not taking mail now, try again later",
            "the configuration has not been confirmed for too long (7 days)", "RFC 3463 §3.4";
        ShuttingDown = 421 Some((4, 3, 2)), "shutting down",
            "the worker stops; the connection closes", "RFC 5321 §3.8";
        TooManyConnections = 421 Some((4, 7, 0)), "too many connections",
            "more connections than the limit, in all or from the client's network; the connection closes",
            "RFC 5321 §3.8";
        Timeout = 421 Some((4, 4, 2)), "timeout, closing",
            "nothing was heard for too long; the connection closes", "RFC 5321 §4.5.3.2";
        TooSlow = 421 Some((4, 4, 2)), "too slow, closing",
            "a message below the least rate or beyond the longest time; the connection closes",
            "RFC 5321 §4.5.3.2";
        NoPostmaster = 451 Some((4, 3, 5)), "no postmaster is named here yet, try again later",
            "<postmaster> without a domain before the installation has an owner", "RFC 5321 §4.5.1";
        NetworkShut = 421 Some((4, 7, 0)), "too many mistakes from your network, try again later",
            "at the connection, for a while after a client network made far too many mistakes", "RFC 5321 §3.1";
        InternalError = 451 Some((4, 3, 0)), "local error, try again later",
            "something in the worker failed (scratch file, for example)", "RFC 5321 §4.2.3";
    }
    Policy {
        NotServed = 550 Some((5, 7, 1)), "this domain is not served here, relaying denied",
            "a recipient of a domain that nobody here serves", "RFC 5321 §3.6.2";
        UnknownRecipient = 550 Some((5, 1, 1)), "no such recipient here",
            "the recipient is not in its domain's list, or the next hop knows no such recipient", "RFC 3463 §3.2";
        RecipientUnasked = 451 Some((4, 4, 3)), "the recipient cannot be verified now, try again later",
            "the next hop cannot be asked about the recipient, and the domain defers then", "RFC 3463 §3.5";
        CallOutBudget = 451 Some((4, 7, 0)), "too many unknown recipients from your network, try again later",
            "the client's network has had a next hop asked about too many recipients that are not there", "RFC 3463 §3.8";
        SenderBlocked = 550 Some((5, 7, 1)), "mail from this sender is not accepted here",
            "a block list names the sender", "RFC 3463 §3.8";
        ClientBlocked = 550 Some((5, 7, 1)), "mail from your address is not accepted here",
            "a block list names the client's network", "RFC 3463 §3.8";
        SourceRoute = 550 Some((5, 7, 1)), "source routes are not accepted here",
            "RCPT TO:<@a,@b:user@c> whose recipient is not listed", "RFC 5321 §3.6.1";
        RoutingCharacter = 550 Some((5, 7, 1)), "routing characters in the local part are not accepted here",
            "%, ! or @ in a local part that is not listed", "RFC 5321 §3.6.1";
        NullMxSender = 550 Some((5, 7, 27)), "the sender's domain accepts no mail (RFC 7505)",
            "the sender's domain has a null MX", "RFC 7505 §4.2";
        TlsRequired = 530 Some((5, 7, 0)), "this domain takes no mail in the clear, issue STARTTLS first",
            "a recipient named in the clear, of a domain whose policy demands TLS", "RFC 3207 §4";
        TlsTooOld = 550 Some((5, 7, 0)), "this domain takes no mail under so old a version of TLS",
            "a recipient named under a version of TLS older than its domain's policy demands", "RFC 3463 §3.8";
        TooManySessions = 451 Some((4, 7, 0)), "too many sessions from your network, try again later",
            "more sessions of the client's network bring mail for the domain than its policy allows", "RFC 3463 §3.8";
        TooManyMessages = 451 Some((4, 7, 0)), "too many messages from your network, try again later",
            "more messages in a minute from the client's network than the policy of the domain or its tenant allows",
            "RFC 3463 §3.8";
        DomainPending = 451 Some((4, 3, 0)), "this domain is not ready to take mail yet, try again later",
            "a domain whose ownership is not proved yet, in its first 7 days", "RFC 3463 §3.4";
        DomainUnavailable = 451 Some((4, 3, 5)), "this domain's configuration cannot be read now, try again later",
            "the domain's objects in the snapshot are bad and no older ones are known", "RFC 3463 §3.4";
        TenantSuspended = 451 Some((4, 2, 1)), "this domain takes no mail now, try again later",
            "the tenant, or one above it, is suspended", "RFC 3463 §3.3";
        TenantSuspendedForLong = 550 Some((5, 2, 1)), "this domain takes no mail any more",
            "the tenant, or one above it, has been suspended for longer than mail is deferred then", "RFC 3463 §3.3";
        TenantLimit = 451 Some((4, 7, 0)), "too many messages for this domain, try again later",
            "the tenant, or one above it, has had as many messages in the last hour as it may have", "RFC 3463 §3.8";
        NoRoute = 451 Some((4, 3, 5)), "this domain has no route yet, try again later",
            "no inbound route is set for the domain", "RFC 3463 §3.4";
        MessageTooLarge = 552 Some((5, 3, 4)), "the message is larger than accepted here",
            "the message as received is above the domain's limit", "RFC 1870 §6.3";
        LoopDetected = 554 Some((5, 4, 6)), "the message is going in circles",
            "5 Received fields of this installation, or 50 in all", "RFC 5321 §6.3";
        NulOctet = 550 Some((5, 6, 0)), "NUL octets are not accepted (RFC 5321 2.3.8)",
            "NUL in the message", "RFC 5321 §2.3.8";
        MessageNewline = 550 Some((5, 6, 0)), "bare CR or LF is not accepted (RFC 5321 2.3.8)",
            "CR or LF alone in the message (LF only where it is not normalised)", "RFC 5321 §2.3.8";
        MessageLineTooLong = 550 Some((5, 6, 0)), "a line of the message is too long",
            "a line above the limit; nothing is folded", "RFC 5321 §4.5.3.1.6";
        HeaderBoundary = 550 Some((5, 6, 0)), "the message does not begin with a header field (RFC 5322 2.1)",
            "the header begins with white space or `From `, or has a line that is no field", "RFC 5322 §2.1";
    }
}

impl Said {
    pub fn reply(self) -> Reply {
        let row = self.row();
        Reply::fixed(
            row.code,
            row.enhanced.map(|(class, subject, detail)| EnhancedCode::new(class, subject, detail)),
            row.text,
        )
    }

    /// The same code with other words, such as the next hop's own.
    pub fn with_text(self, text: &str) -> Reply {
        let row = self.row();
        match row.enhanced {
            Some((class, subject, detail)) => Reply::new(row.code, EnhancedCode::new(class, subject, detail), text),
            None => Reply::plain(row.code, text),
        }
    }
}

//! What policy says, by which rule and for which reason. Both lists are closed: the trace and the metrics use their
//! names, and `docs/smtp-replies.md` gives the reply that goes with each.

use serde::{Deserialize, Serialize};

use crate::{Id, ids, mail::Reply};

/// Which way a transaction, or one recipient of it, went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// The next hop has it, or (a recipient) it may have it.
    Accepted,
    /// 5xx: the sender must not try again.
    Refused,
    /// 4xx: the sender keeps it and tries again.
    Deferred,
    /// The dot was sent to the next hop and its answer is not known: 451 to the sender, perhaps a double.
    Unknown,
    /// The sender left before the end of the message.
    Aborted,
}

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// The name in the trace, the metrics and the documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

closed_list! {
    /// The rule that decided.
    Rule {
        /// No rule objected.
        Default = "default",
        /// The domain is not served here.
        Relay = "relay",
        /// The domain is known but may not take mail now (pending, without route, suspended).
        DomainState = "domain_state",
        /// The domain's recipient rule: its list, or what the next hop says of the recipient.
        Recipients = "recipients",
        /// Source routes and routing characters from strangers.
        RoutingCharacters = "routing_characters",
        /// An allow or block list; the entry is named beside it.
        List = "list",
        /// RFC 7505.
        NullMx = "null_mx",
        /// A recipient of another delivery group in the same transaction.
        DeliveryGroup = "delivery_group",
        /// Size, line length, bare newlines, header boundary.
        MessageForm = "message_form",
        /// Too many Received fields.
        Loop = "loop",
        /// The next hop's own answer, or its failure.
        NextHop = "next_hop",
        /// What the next hop cannot take (8BITMIME, SMTPUTF8, size).
        NextHopExtensions = "next_hop_extensions",
        /// TLS that the domain demands of whoever brings mail.
        Tls = "tls",
        /// Connections, commands, errors, time, memory of this worker; what policy lets a client network bring.
        Limits = "limits",
        /// The configuration is missing, expired or too old.
        Snapshot = "snapshot",
        /// The SMTP protocol itself.
        Protocol = "protocol",
        /// The same message is being delivered, or was just delivered, for an earlier session.
        Repeat = "repeat",
    }
}

closed_list! {
    /// Why, more exactly.
    Reason {
        None = "none",
        NotServed = "not_served",
        DomainPending = "domain_pending",
        DomainUnavailable = "domain_unavailable",
        TenantSuspended = "tenant_suspended",
        /// The tenant, or one above it, has had as many messages in the last hour as it may have.
        TenantLimit = "tenant_limit",
        NoRoute = "no_route",
        UnknownRecipient = "unknown_recipient",
        /// The next hop was asked and takes the recipient.
        CallOutAccepted = "call_out_accepted",
        /// The next hop was asked and knows no such recipient.
        CallOutRefused = "call_out_refused",
        /// The next hop takes any local part: asking it says nothing.
        CallOutCatchAll = "call_out_catch_all",
        /// The next hop could not be asked; the domain says what holds then.
        CallOutUnasked = "call_out_unasked",
        /// The client's network has had the next hop asked about too many that are not there.
        CallOutBudget = "call_out_budget",
        SourceRoute = "source_route",
        RoutingCharacter = "routing_character",
        SenderBlocked = "sender_blocked",
        ClientBlocked = "client_blocked",
        SenderAllowed = "sender_allowed",
        ClientAllowed = "client_allowed",
        SenderTakesNoMail = "sender_takes_no_mail",
        OtherGroup = "other_group",
        SoleRecipientOnly = "sole_recipient_only",
        TooLarge = "too_large",
        LineTooLong = "line_too_long",
        BareNewline = "bare_newline",
        NulOctet = "nul_octet",
        HeaderBoundary = "header_boundary",
        LoopDetected = "loop_detected",
        HopRefused = "hop_refused",
        HopDeferred = "hop_deferred",
        HopUnreachable = "hop_unreachable",
        HopTls = "hop_tls",
        HopProtocol = "hop_protocol",
        HopTimeout = "hop_timeout",
        HopBusy = "hop_busy",
        HopAddressForbidden = "hop_address_forbidden",
        HopLacksEightBitMime = "hop_lacks_8bitmime",
        HopLacksSmtpUtf8 = "hop_lacks_smtputf8",
        HopSize = "hop_size",
        OutcomeUnknown = "outcome_unknown",
        Memory = "memory",
        TooManyConnections = "too_many_connections",
        TooManyErrors = "too_many_errors",
        TooManyCommands = "too_many_commands",
        TooManyRecipients = "too_many_recipients",
        /// More in a minute than policy lets the client's network bring.
        TooManyMessages = "too_many_messages",
        /// The domain takes no mail in the clear.
        TlsRequired = "tls_required",
        /// The session's version of TLS is older than the domain demands.
        TlsTooOld = "tls_too_old",
        TooSlow = "too_slow",
        Timeout = "timeout",
        ClientLeft = "client_left",
        ShuttingDown = "shutting_down",
        SnapshotMissing = "snapshot_missing",
        SnapshotTooOld = "snapshot_too_old",
        Syntax = "syntax",
        Pipelining = "pipelining",
        InFlight = "in_flight",
        AlreadyDelivered = "already_delivered",
    }
}

/// A decision, and all that the trace needs to explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    /// The list entry that decided, where one did.
    pub entry: Option<Id<ids::ListEntry>>,
    /// What the sender hears.
    pub reply: Reply,
}

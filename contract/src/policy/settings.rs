//! The settings of policy. Each level (installation, tenant, domain) sets some; `None` inherits from the level above. What
//! a level locks, no level below it changes; `fold` lays them over each other.
//!
//! Every setting stands once, in `policy_settings!`: all types here are made from that list, and the API's are as well.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::fold::{Folded, Origin};

/// Hands the list of settings to a macro: its documentation, name, name as a variant, type, default, an example and, for
/// numbers, the least and the greatest value. `at most top`: sessions are told the installation's value before any domain is
/// known, and no level below it can have more.
#[macro_export]
macro_rules! policy_settings {
    ($then:ident) => {
        $then! {
            /// Largest message accepted, in bytes. What holds for the installation is announced as SIZE (RFC 1870), and no
            /// tenant or domain may have more.
            max_message_size_bytes / MaxMessageSizeBytes: u64 = 50 * 1024 * 1024,
                like 26_214_400, within 65_536 to 1_073_741_824, at most top;
            /// Longest line passed on, in octets without CRLF; longer ones are refused with 5.6.0.
            max_line_octets / MaxLineOctets: u32 = 65_536, like 65_536, within 998 to 1_048_576;
            /// What is done with a CR or LF that stands alone in a message.
            bare_newline / BareNewline: BareNewline = BareNewline::Reject, like "reject";
            /// Refuse mail whose sender's domain says by null MX that it takes no mail (RFC 7505 §4.2).
            reject_null_mx_sender / RejectNullMxSender: bool = true, like true;
            /// For which transactions the SMTP dialogue (never the content) is kept in the trace.
            trace_dialogue / TraceDialogue: TraceDialogue = TraceDialogue::Exceptions, like "exceptions";
            /// Keep the Subject field in the trace, where it can be searched for. Off unless set: it is content.
            keep_subject / KeepSubject: bool = false, like false;
            /// Whether mail has to come under TLS. Where it must, a recipient named in the clear is refused with 530 5.7.0.
            inbound_tls / InboundTls: InboundTls = InboundTls::Optional, like "required";
            /// The oldest version of TLS that mail may come under, where `inbound_tls` is `required`.
            inbound_tls_min_version / InboundTlsMinVersion: TlsVersion = TlsVersion::Tls12, like "tls12";
            /// Recipients in one transaction. RFC 5321 §4.5.3.1.8 asks for 100 at least; a worker has a limit of its own. What
            /// holds for the installation is announced (RFC 9422), and no tenant or domain may have more.
            max_recipients / MaxRecipients: u32 = 1_000, like 200, within 100 to 10_000, at most top;
            /// Sessions at once of one client network (/24 or /64) that bring mail for a domain, at all workers of the pool
            /// together; the next is told 451 at RCPT. The installation's own value holds for all its sessions together, at
            /// the connection. 0: no limit.
            max_client_connections / MaxClientConnections: u32 = 0, like 50, within 0 to 100_000;
            /// Messages that one client network (/24 or /64) may bring for a domain in a minute, to all workers of the pool
            /// together; beyond it 451. 0: no limit.
            max_client_messages_per_minute / MaxClientMessagesPerMinute: u32 = 0, like 600, within 0 to 1_000_000;
            /// The same for all domains of a tenant together.
            max_client_messages_per_minute_to_tenant / MaxClientMessagesPerMinuteToTenant: u32 = 0,
                like 1_000, within 0 to 1_000_000;
        }
    };
}

/// RFC 5321 §2.3.8 forbids a bare CR or LF; some peers end a message at one (SMTP smuggling).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BareNewline {
    /// 550 5.6.0 after the real end of the message.
    Reject,
    /// A bare LF becomes CRLF before dots are handled for the next hop; a bare CR is still refused.
    Normalize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceDialogue {
    /// All but plain deliveries.
    Exceptions,
    All,
}

/// What is demanded of a sender's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboundTls {
    /// STARTTLS is offered, and nothing is demanded.
    Optional,
    /// No recipient is taken in the clear.
    Required,
}

/// Versions of TLS that a session may have, the older one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsVersion {
    /// RFC 5246
    Tls12,
    /// RFC 8446
    Tls13,
}

impl TlsVersion {
    /// By the name it has in the trace (`TLSv1.3`). What is not known is taken for the oldest: no demand is met by it.
    pub fn of_protocol(name: &str) -> Self {
        if name == "TLSv1.3" { Self::Tls13 } else { Self::Tls12 }
    }
}

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident / $variant:ident: $type:ident = $default:expr, like $example:tt
        $(, within $min:tt to $max:tt)? $(, at most $top:ident)?;)*) => {
        /// What one level sets. `null` (or absent) inherits.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)*
            /// Settings that no level below changes, set here or not.
            #[serde(skip_serializing_if = "BTreeSet::is_empty")]
            pub locked: BTreeSet<Setting>,
        }

        /// What holds after every level was folded in.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Effective {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Effective {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// A setting, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Setting { $($(#[$doc])* $variant,)* }

        impl Setting {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the API, in objects and in JSON pointers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)* }
            }
        }

        impl Settings {
            /// Inherits it again.
            pub fn inherit(&mut self, setting: Setting) {
                match setting { $(Setting::$variant => self.$name = None,)* }
            }

            /// What is set here, and was not, or to something else.
            pub fn newly_set(&self, before: &Self) -> Vec<Setting> {
                let mut changed = Vec::new();
                $(if self.$name.is_some() && self.$name != before.$name { changed.push(Setting::$variant); })*
                changed
            }

            /// Values that are out of range, with what was expected.
            pub fn out_of_range(&self) -> Vec<(Setting, String)> {
                let mut wrong = Vec::new();
                $($(
                    if self.$name.is_some_and(|value| !($min..=$max).contains(&value)) {
                        let (min, max): ($type, $type) = ($min, $max);
                        wrong.push((Setting::$variant, format!("expected {min} to {max}")));
                    }
                )?)*
                wrong
            }

            /// Values that are more than the installation's, and what it has.
            pub fn beyond_top(&self, top: &Effective) -> Vec<(Setting, String)> {
                let mut wrong = Vec::new();
                $($(
                    let $top = top.$name;
                    if self.$name.is_some_and(|value| value > $top) {
                        let why = format!("expected at most {}, which is the installation's", $top);
                        wrong.push((Setting::$variant, why));
                    }
                )?)*
                wrong
            }
        }

        /// Where each value comes from.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Origins<L> {
            $(pub $name: Origin<L>,)*
        }

        impl<L> Default for Origins<L> {
            fn default() -> Self {
                Self { $($name: Origin::default(),)* }
            }
        }

        impl<L> Origins<L> {
            pub fn of(&self, setting: Setting) -> &Origin<L> {
                match setting { $(Setting::$variant => &self.$name,)* }
            }
        }

        impl<L: Clone> Folded<L> {
            /// Lays one more level over what holds so far; call from the installation down.
            #[must_use]
            pub fn overlaid_by(&self, level: &L, settings: &Settings) -> Self {
                if *settings == Settings::default() {
                    return self.clone().below_top();
                }
                let (mut effective, mut origins) = ((*self.effective).clone(), (*self.origins).clone());
                $(
                    // What was set below before the lock came does not hold while it is locked.
                    if origins.$name.locked_by.is_none() {
                        if let Some(value) = settings.$name {
                            effective.$name = value;
                            origins.$name.set_by = Some(level.clone());
                        }
                        $(
                            // Set while the installation had more: what is left of it is the installation's own value.
                            if let Some($top) = &self.top && effective.$name > $top.effective.$name {
                                effective.$name = $top.effective.$name;
                                origins.$name.set_by = $top.origins.$name.set_by.clone();
                            }
                        )?
                        if settings.locked.contains(&Setting::$variant) {
                            origins.$name.locked_by = Some(level.clone());
                        }
                    }
                )*
                let (top, limit) = (self.top.clone(), self.limit.clone());
                Self { effective: Arc::new(effective), origins: Arc::new(origins), top, limit }.below_top().within_limit()
            }
        }
    };
}
policy_settings!(define);

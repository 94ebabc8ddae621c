//! The settings of policy. Each level (installation, tenant, domain) sets some; `None` inherits from the level above.

use serde::{Deserialize, Serialize};

/// What one level sets. `null` (or absent) inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Largest message accepted, in bytes; announced as SIZE (RFC 1870). 64 KiB to 1 GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 65_536, maximum = 1_073_741_824)]
    pub max_message_size_bytes: Option<u64>,
    /// Longest line passed on, in octets without CRLF; longer ones are refused with 5.6.0. 998 to 1048576.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 998, maximum = 1_048_576)]
    pub max_line_octets: Option<u32>,
    /// What is done with a CR or LF that stands alone in a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bare_newline: Option<BareNewline>,
    /// Refuse mail whose sender's domain says by null MX that it takes no mail (RFC 7505 §4.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_null_mx_sender: Option<bool>,
    /// For which transactions the SMTP dialogue (never the content) is kept in the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_dialogue: Option<TraceDialogue>,
    /// Keep the Subject field in the trace, where it can be searched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_subject: Option<bool>,
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

/// What holds after every level was folded in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    pub max_message_size_bytes: u64,
    pub max_line_octets: u32,
    pub bare_newline: BareNewline,
    pub reject_null_mx_sender: bool,
    pub trace_dialogue: TraceDialogue,
    pub keep_subject: bool,
}

impl Default for Effective {
    fn default() -> Self {
        Self {
            max_message_size_bytes: 50 * 1024 * 1024,
            max_line_octets: 65_536,
            bare_newline: BareNewline::Reject,
            reject_null_mx_sender: true,
            trace_dialogue: TraceDialogue::Exceptions,
            keep_subject: false,
        }
    }
}

impl Effective {
    /// Lays one more level over what holds so far; call from the installation down.
    #[must_use]
    pub fn overlaid_by(&self, level: &Settings) -> Self {
        Self {
            max_message_size_bytes: level.max_message_size_bytes.unwrap_or(self.max_message_size_bytes),
            max_line_octets: level.max_line_octets.unwrap_or(self.max_line_octets),
            bare_newline: level.bare_newline.unwrap_or(self.bare_newline),
            reject_null_mx_sender: level.reject_null_mx_sender.unwrap_or(self.reject_null_mx_sender),
            trace_dialogue: level.trace_dialogue.unwrap_or(self.trace_dialogue),
            keep_subject: level.keep_subject.unwrap_or(self.keep_subject),
        }
    }
}

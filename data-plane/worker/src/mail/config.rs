//! Settings of the SMTP side.

use std::{net::SocketAddr, path::PathBuf};

use contract::mail::Cidr;
use serde::Deserialize;

/// The inbound port.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smtp {
    /// Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// The name in the greeting, EHLO, Received and HELO to next hops. Default: the system's host name.
    pub hostname: Option<String>,
    /// PEM chain; with `tls_key`. Without both a self-signed certificate is made at each start.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Sessions at once, in all and from one client network (/24 or /64).
    pub max_connections: usize,
    pub max_connections_per_network: usize,
    /// Recipients in one transaction; announced as LIMITS RCPTMAX (RFC 9422). At least 100 (RFC 5321 §4.5.3.1.8).
    pub max_recipients: usize,
    /// Commands and transactions in one session, and errors before it is ended.
    pub max_commands: usize,
    pub max_transactions: usize,
    pub max_errors: usize,
    /// Longest wait for a command, in seconds (RFC 5321 §4.5.3.2.7 asks for five minutes); half a minute at most while three
    /// quarters of `max_connections` are taken.
    pub command_timeout_s: u64,
    /// Longest wait for the next octets of a message, in seconds.
    pub data_timeout_s: u64,
    /// A message comes at least this fast, in bytes a second, measured from `rate_grace_s` on.
    pub min_rate_bytes_s: u64,
    /// A message may be slow for so long before its rate is looked at, in seconds.
    pub rate_grace_s: u64,
    /// Longest time for one message, in seconds.
    pub max_message_s: u64,
    /// How long sessions may go on after a stop was asked for, in seconds.
    pub drain_s: u64,
    /// Networks of load balancers. Every connection from them must begin with a PROXY protocol header, version 1 or 2; one
    /// from anywhere else must not.
    pub proxy_from: Vec<Cidr>,
    pub tarpit: Tarpit,
}

/// What becomes of client networks (/24 or /64) that make mistakes: commands that are none, recipients that are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tarpit {
    /// Mistakes of a network whose answers come at once; 0: all of them.
    pub after: u32,
    /// How long the answer to the next mistake is held back, in milliseconds; each further one doubles it, up to the
    /// longest.
    pub first_delay_ms: u64,
    pub longest_delay_ms: u64,
    /// Mistakes of a network that are forgiven each minute. An accepted message takes back one more.
    pub forgiven_per_minute: u32,
    /// Mistakes after which a network's connections are turned away with 421 4.7.0; 0: never.
    pub shut_after: u32,
    /// For how long, in seconds.
    pub shut_s: u64,
    /// Networks that are never slowed nor turned away.
    pub exempt: Vec<Cidr>,
}

/// Memory and the way to next hops.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// Where messages above `memory_message_bytes` go, as files without a name. A tmpfs counts as memory. Default: the
    /// system's directory for temporary files.
    pub scratch_dir: Option<PathBuf>,
    /// All messages that are being received or delivered, in bytes, in memory and in scratch files together.
    pub budget_bytes: u64,
    /// Beyond this a message goes to a scratch file.
    pub memory_message_bytes: usize,
    /// Connections to one next hop at once, by all workers of the pool together, where its route sets no `max_connections`.
    /// Each worker has its share, and one at least.
    pub max_connections_per_hop: usize,
    /// Transactions on one connection before it is closed.
    pub max_transactions_per_connection: usize,
    /// An unused connection is closed after so long, in seconds.
    pub idle_s: u64,
    pub connect_timeout_s: u64,
    /// The port of hosts found by MX for the installation's postmaster.
    pub mx_port: u16,
    /// Longest wait for a free connection, in seconds; then 451.
    pub slot_timeout_s: u64,
    /// Longest time for everything before the dot, in seconds; then 451.
    pub envelope_timeout_s: u64,
    /// How long a next hop's transaction of several recipients is held open for a sender that says nothing or sends slowly,
    /// in seconds. After that the hop is asked for them again, at the end.
    pub live_s: u64,
    /// How long the answer to the dot is waited for, in seconds (RFC 5321 §4.5.3.2.6: ten minutes).
    pub final_timeout_s: u64,
    /// How long a delivered message is remembered, so that its repetition is answered and not delivered, in seconds.
    pub repeat_s: u64,
    /// How long a RCPT waits for a next hop that is asked about its recipient, in seconds.
    pub call_out_timeout_s: u64,
    /// How long a next hop's yes is remembered, its no, and that it takes any local part, in seconds.
    pub call_out_positive_s: u64,
    pub call_out_negative_s: u64,
    pub call_out_catch_all_s: u64,
    /// Questions about recipients that turned out not to be there, for one client network (/24 or /64), a minute.
    pub call_outs_per_client_per_minute: u32,
    /// Questions to one next hop a minute, by this worker.
    pub call_outs_per_hop_per_minute: u32,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([0, 0, 0, 0], 2525))],
            hostname: None,
            tls_certificate: None,
            tls_key: None,
            max_connections: 2_000,
            max_connections_per_network: 1_000,
            max_recipients: 200,
            max_commands: 10_000,
            max_transactions: 1_000,
            max_errors: 10,
            command_timeout_s: 300,
            data_timeout_s: 180,
            min_rate_bytes_s: 100,
            rate_grace_s: 60,
            max_message_s: 3_600,
            drain_s: 30,
            proxy_from: Vec::new(),
            tarpit: Tarpit::default(),
        }
    }
}

impl Default for Tarpit {
    fn default() -> Self {
        Self {
            after: 10,
            first_delay_ms: 500,
            longest_delay_ms: 15_000,
            forgiven_per_minute: 10,
            shut_after: 300,
            shut_s: 600,
            exempt: vec![Cidr::of([127, 0, 0, 1].into(), 8), Cidr::of(std::net::Ipv6Addr::LOCALHOST.into(), 128)],
        }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            scratch_dir: None,
            budget_bytes: 1024 * 1024 * 1024,
            memory_message_bytes: 256 * 1024,
            max_connections_per_hop: 100,
            max_transactions_per_connection: 1_000,
            idle_s: 30,
            connect_timeout_s: 15,
            mx_port: 25,
            slot_timeout_s: 30,
            envelope_timeout_s: 60,
            live_s: 15,
            final_timeout_s: 600,
            repeat_s: 900,
            call_out_timeout_s: 20,
            call_out_positive_s: 4 * 3_600,
            call_out_negative_s: 300,
            call_out_catch_all_s: 3_600,
            call_outs_per_client_per_minute: 60,
            call_outs_per_hop_per_minute: 1_200,
        }
    }
}

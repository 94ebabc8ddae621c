//! What is wrong, by what was gathered. Pure; the words stand here and nowhere else.

use std::{collections::BTreeMap, time::Duration};

use contract::{Id, Micros, ids};
use serde::Serialize;
use utoipa::ToSchema;

use super::facts::Facts;
use crate::{
    http::Time,
    routes::health::{HopState, Seen, state},
    workers::{WorkerState, WorkerView},
};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusSeverity {
    /// Worth knowing; nobody need get up.
    Notice,
    /// Something does not work as it should, or will not for long.
    Warning,
    /// Mail or configuration stands still.
    Critical,
}

macro_rules! codes {
    ($($variant:ident = $name:literal $severity:ident, $action:literal;)*) => {
        /// What can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($variant,)* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(super) const fn severity(self) -> StatusSeverity {
                match self { $(Self::$variant => StatusSeverity::$severity,)* }
            }

            /// What to do about it.
            pub(super) const fn action(self) -> &'static str {
                match self { $(Self::$variant => $action,)* }
            }
        }
    };
}

codes! {
    NoWorker = "no_worker" Critical,
        "Start a worker with a join token (POST /v1/join-tokens), or resume one that drains.";
    PublishingStuck = "publishing_stuck" Critical,
        "Look for \"cannot publish\" in the control plane's log; edits reach no worker until it can.";
    HeadNotRenewed = "head_not_renewed" Critical,
        "No control plane signs the configuration anew: look at their logs and at the database. Workers go on with what they have and answer 451 after seven days.";
    WorkerRefuses = "worker_refuses" Warning,
        "It goes on with its last good configuration. The refusal's name stands in docs/operations.md, \"Why a snapshot was refused\".";
    WorkerErrors = "worker_errors" Warning,
        "Read `errors` of the worker: the last good state of what is named there is used. Often it is older than what the configuration uses: upgrade it.";
    WorkerBehind = "worker_behind" Warning,
        "It reports but takes no newer configuration: look for \"no new configuration\" in its log.";
    ClockSkew = "clock_skew" Warning,
        "Set both machines' clocks by NTP: beyond 30 seconds a worker cannot sign in, and beyond 15 minutes every configuration is expired.";
    SessionsFull = "sessions_full" Warning,
        "Add a worker, or raise smtp.max_connections: whoever comes beyond it hears 421.";
    MessagesFull = "messages_full" Warning,
        "Add a worker, or raise delivery.budget_bytes: messages that do not fit are put off with 452. Look for a slow next hop.";
    EventsPilingUp = "events_piling_up" Warning,
        "The control plane takes events more slowly than they come, or not at all. When the buffer is full the trace has a gap; mail is not held up.";
    EventsRejected = "events_rejected" Warning,
        "Upgrade control planes before workers: what a newer worker says may not be known here. Or a worker told of a tenant that its pool does not serve: look who runs it. The events are set aside, not lost.";
    TraceGap = "trace_gap" Warning,
        "GET /v1/gaps says when and how many. A worker that was killed leaves one; no mail was lost.";
    NextHopDown = "next_hop_down" Warning,
        "Five tries in a row or more came to nothing; mail that no other hop of the route takes is put off with 451. POST /v1/routes/{id}/test shows each step.";
    NextHopFailing = "next_hop_failing" Notice,
        "The last connection came to nothing. GET /v1/routes/{id}/health says why.";
    CertificateExpired = "certificate_expired" Warning,
        "Upload another with PATCH /v1/certificates/{id}: senders and next hops that verify turn away from this one.";
    CertificateExpiring = "certificate_expiring" Warning,
        "Upload another with PATCH /v1/certificates/{id}; no restart is needed and no session is dropped.";
    OwnershipNotAsked = "ownership_not_asked" Warning,
        "control_plane.accept_domains_without_proof is for development: anybody may register anybody's domain.";
    OwnershipLost = "ownership_lost" Warning,
        "GET /v1/domains?ownership_lost=true lists them. Have the record of `verification` set again, then POST /v1/domains/{id}/verify; delete a domain that the tenant no longer holds. Mail flows on. If it is all of them, look at the control plane's own resolver.";
    PostmasterUnreachable = "postmaster_unreachable" Warning,
        "Set control_plane.postmaster to an address that somebody reads (RFC 5321 §4.5.1).";
    VersionsMixed = "versions_mixed" Notice,
        "Finish the upgrade: new features only when all workers are new.";
    WorkerDraining = "worker_draining" Notice,
        "It takes no new sessions until POST /v1/workers/{id}/resume, or a restart.";
    WorkerAway = "worker_away" Notice,
        "It was stopped, killed or cut off. It goes from the list a day after it was last heard of; DELETE /v1/workers/{id} takes it away now.";
}

/// All codes as docs/operations.md lists them.
pub fn table() -> String {
    let row = |code: &Code| {
        let severity = match code.severity() {
            StatusSeverity::Notice => "notice",
            StatusSeverity::Warning => "warning",
            StatusSeverity::Critical => "critical",
        };
        format!("| `{}` | {severity} | {} |\n", code.name(), code.action())
    };
    let head = "| code | severity | what to do |\n|---|---|---|\n".to_owned();
    Code::ALL.iter().map(row).fold(head, |table, row| table + &row)
}

/// What a problem is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusSubject {
    /// `installation`, `worker`, `route`, `certificate`; more may come.
    #[schema(example = "worker")]
    pub kind: String,
    #[schema(example = "wkr_01h455vb4pex5vsknk084sn02q", required)]
    pub id: Option<String>,
    #[schema(example = "mx1.example.net", required)]
    pub name: Option<String>,
}

/// Something that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusProblem {
    /// Stable; more may come (docs/operations.md).
    #[schema(example = "worker_behind")]
    pub code: String,
    pub severity: StatusSeverity,
    pub subject: StatusSubject,
    #[schema(example = "It runs 1.41, and lacks what was published 40 s ago.")]
    pub message: String,
    /// What to do about it.
    #[schema(example = "It reports but takes no newer configuration: look for \"no new configuration\" in its log.")]
    pub action: String,
    /// As far as it is known.
    #[schema(required)]
    pub since: Option<Time>,
}

/// An edit should be published within a second.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// There are earlier warnings in the audit log, 30 days before.
const EXPIRING: Duration = Duration::from_hours(7 * 24);
/// A head is signed anew every minute and is good for fifteen.
const UNRENEWED_AFTER: Duration = Duration::from_mins(3);
/// Assertions are good for half a minute more than they say.
const MAX_SKEW_US: u64 = 5_000_000;

/// The worst first.
pub(super) fn judge(facts: &Facts) -> Vec<StatusProblem> {
    let mut problems = Vec::new();
    let mut of_installation = |code, message: String, since| {
        let subject = StatusSubject { kind: "installation".to_owned(), id: None, name: None };
        problems.push(problem(code, subject, message, since));
    };
    let is_new = |since: Option<Micros>, after: Duration| since.is_none_or(|since| facts.now.since(since) <= after);
    let publishing = &facts.publishing;
    if !is_new(publishing.waiting_since, STUCK_AFTER) {
        let message = format!("{} edits wait to be published.", publishing.waiting);
        of_installation(Code::PublishingStuck, message, publishing.waiting_since);
    }
    // Of all pools, the one that is worst off.
    if let Some(head) = publishing.heads.iter().min_by_key(|head| head.issued_at)
        && !is_new(Some(head.issued_at), UNRENEWED_AFTER)
    {
        let age = facts.now.since(head.issued_at).as_secs();
        of_installation(Code::HeadNotRenewed, format!("The newest head was signed {age} s ago."), Some(head.issued_at));
    }
    let trouble = &facts.trouble;
    if trouble.rejected > 0 {
        let message = format!("{} events were set aside in the last 24 hours.", trouble.rejected);
        of_installation(Code::EventsRejected, message, None);
    }
    if trouble.gaps > 0 {
        let message = format!(
            "{} gaps in the trace of the last 24 hours, {} transactions that are missing.",
            trouble.gaps, trouble.missing
        );
        of_installation(Code::TraceGap, message, None);
    }
    if facts.accepts_domains_without_proof {
        let message = "Domains are active as soon as they are registered, without proof of ownership.".to_owned();
        of_installation(Code::OwnershipNotAsked, message, None);
    }
    let lost = &facts.lost;
    if lost.total > 0 {
        let more = if lost.total > lost.names.len() as u64 { ", …" } else { "" };
        let message =
            format!("Domains whose owner DNS no longer proves: {} ({}{more}).", lost.total, lost.names.join(", "));
        of_installation(Code::OwnershipLost, message, lost.since);
    }
    if facts.postmaster_is_built_in {
        let message = "Mail to <postmaster> goes to an address that nobody reads, and is put off with 451.".to_owned();
        of_installation(Code::PostmasterUnreachable, message, None);
    }
    let versions = versions(&facts.workers);
    if versions.len() > 1 {
        let all: Vec<_> = versions.iter().map(|(version, n)| format!("{n} run {version}")).collect();
        of_installation(Code::VersionsMixed, format!("Of the workers, {}.", all.join(", ")), None);
    }
    of_pools(facts, &mut problems);
    for worker in &facts.workers {
        of_worker(worker, facts, &mut problems);
    }
    of_hops(facts, &mut problems);
    of_certificates(facts, &mut problems);
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    problems
}

/// Workers that are there, by the version they run.
pub(super) fn versions(workers: &[WorkerView]) -> BTreeMap<&str, u32> {
    let mut versions = BTreeMap::new();
    for worker in workers.iter().filter(|worker| worker.is_alive) {
        *versions.entry(worker.software_version.as_str()).or_insert(0) += 1;
    }
    versions
}

fn problem(code: Code, subject: StatusSubject, message: String, since: Option<Micros>) -> StatusProblem {
    StatusProblem {
        code: code.name().to_owned(),
        severity: code.severity(),
        subject,
        message,
        action: code.action().to_owned(),
        since: since.map(Time),
    }
}

/// One that serves somebody, and where nobody takes their mail.
fn of_pools(facts: &Facts, problems: &mut Vec<StatusProblem>) {
    let one = facts.pools.len() == 1;
    for (pool, serves_somebody) in &facts.pools {
        let mut workers = facts.workers.iter().filter(|worker| worker.pool_id == pool.id);
        if !serves_somebody || workers.clone().any(|worker| worker.state == WorkerState::Ready) {
            continue;
        }
        let alive = workers.by_ref().filter(|worker| worker.is_alive).count();
        let message = match alive {
            0 => "No worker was heard of in the last 30 seconds.".to_owned(),
            alive => format!("{alive} workers are there, and none takes mail."),
        };
        let subject = if one {
            StatusSubject { kind: "installation".to_owned(), id: None, name: None }
        } else {
            StatusSubject { kind: "pool".to_owned(), id: Some(pool.id.to_string()), name: Some(pool.name.clone()) }
        };
        problems.push(problem(Code::NoWorker, subject, message, None));
    }
}

fn of_worker(worker: &WorkerView, facts: &Facts, problems: &mut Vec<StatusProblem>) {
    let mut add = |code, message: String, since| {
        let subject = StatusSubject {
            kind: "worker".to_owned(),
            id: Some(worker.id.to_string()),
            name: Some(worker.name.clone()),
        };
        problems.push(problem(code, subject, message, since));
    };
    if !worker.is_alive {
        let seconds = facts.now.since(worker.last_seen_at.0).as_secs();
        return add(Code::WorkerAway, format!("Last heard of {seconds} s ago."), Some(worker.last_seen_at.0));
    }
    if let Some(refused) = &worker.refused {
        add(Code::WorkerRefuses, format!("It refused the newest configuration: {refused}."), None);
    }
    if let Some(first) = worker.errors.first() {
        let message = format!(
            "{} parts of the configuration could not be taken, {} first: {}.",
            worker.errors.len(),
            first.key,
            first.message
        );
        add(Code::WorkerErrors, message, None);
    }
    if let Some(running) = worker.running_at
        && let Some(since) = facts.lacking.get(&(worker.pool_id, running))
        && facts.now.since(*since) > STUCK_AFTER
    {
        let age = facts.now.since(*since).as_secs();
        add(Code::WorkerBehind, format!("It runs {running}, and lacks what was published {age} s ago."), Some(*since));
    }
    if worker.clock_skew_us.unsigned_abs() > MAX_SKEW_US {
        let seconds = worker.clock_skew_us / 1_000_000;
        add(Code::ClockSkew, format!("Its clock is {seconds} s ahead of the control plane's."), None);
    }
    if let Some(load) = &worker.load {
        let share = |of: u64, all: u64| all > 0 && of.saturating_mul(10) >= all.saturating_mul(9);
        if share(worker.sessions.into(), load.max_sessions.into()) {
            add(Code::SessionsFull, format!("{} of {} sessions.", worker.sessions, load.max_sessions), None);
        }
        if share(load.message_bytes, load.max_message_bytes) {
            let message = format!("{} of {} octets of messages.", load.message_bytes, load.max_message_bytes);
            add(Code::MessagesFull, message, None);
        }
        if load.max_event_bytes > 0 && load.event_bytes >= load.max_event_bytes / 2 {
            let message = format!("{} of {} octets of events wait.", load.event_bytes, load.max_event_bytes);
            add(Code::EventsPilingUp, message, None);
        }
    }
    if let Some(since) = &worker.drain_requested_at {
        add(Code::WorkerDraining, format!("{} sessions are left.", worker.sessions), Some(since.0));
    }
}

/// One for each next hop, however many workers see it so.
fn of_hops(facts: &Facts, problems: &mut Vec<StatusProblem>) {
    let mut hops = BTreeMap::new();
    for seen in facts.hops.iter().filter(|seen| state(seen, facts.now) != HopState::Up) {
        let hop = hops.entry((seen.route_id, &*seen.host, seen.port)).or_insert((false, 0, seen));
        hop.0 |= is_down(seen);
        hop.1 += 1;
    }
    for ((route, host, port), (is_down, workers, seen)) in hops {
        let subject = StatusSubject {
            kind: "route".to_owned(),
            id: Some(Id::<ids::Route>::from_uuid(route).to_string()),
            name: Some(format!("{host}:{port}")),
        };
        let error = seen.last_error.as_deref().unwrap_or("no reason is known");
        let message = format!("{error} (seen by {workers} workers).");
        let code = if is_down { Code::NextHopDown } else { Code::NextHopFailing };
        problems.push(problem(code, subject, message, seen.last_failed_at.map(Micros::from_micros)));
    }
}

/// It was left alone since it last worked, and none of the tries in between came to anything. Whether it rests at this moment
/// says little: it is tried again every few seconds.
fn is_down(seen: &Seen) -> bool {
    seen.rests_until.is_some()
}

fn of_certificates(facts: &Facts, problems: &mut Vec<StatusProblem>) {
    for certificate in facts.certificates.iter().filter(|certificate| certificate.not_after <= facts.now + EXPIRING) {
        let subject =
            StatusSubject { kind: "certificate".to_owned(), id: Some(certificate.id.to_string()), name: None };
        let (code, message) = if certificate.not_after <= facts.now {
            (Code::CertificateExpired, "It has ended.".to_owned())
        } else {
            let left = certificate.not_after.since(facts.now).as_secs() / 3_600;
            (Code::CertificateExpiring, format!("It ends in {left} hours."))
        };
        problems.push(problem(code, subject, message, None));
    }
}

//! What happened, as events: one for each tenant that had a recipient in the transaction, and none shows another's.

use std::collections::BTreeSet;

use contract::{
    Id,
    events::{Client, Hop, RecipientOutcome, Timings, Transaction as Event},
    ids,
    policy::{Disposition, Reason, Rule, settings::TraceDialogue},
};
use smtp::Protocol;

use super::{
    Shared,
    transaction::{Named, Transaction, micros},
};

/// How it ended.
#[derive(Debug)]
pub(crate) struct End {
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    pub reply: String,
    pub hop: Option<Hop>,
    pub message_id: Option<String>,
    pub subject: Option<String>,
    pub size_bytes: Option<u64>,
    pub timings: Timings,
    pub probable_duplicate: bool,
}

impl End {
    /// Recipients were named and no message came: the last answer to one of them is the last word.
    pub(crate) fn of_envelope(transaction: &Transaction, rule: Rule, reason: Reason) -> Self {
        let last = transaction.named.last();
        // A transaction whose recipients were all refused was refused, by the rule that refused the last of them.
        let all_refused = transaction.group.is_none();
        let (disposition, rule, reason) = match last.filter(|_| all_refused) {
            Some(named) => (named.verdict.disposition, named.verdict.rule, named.verdict.reason),
            None => (Disposition::Aborted, rule, reason),
        };
        Self {
            disposition,
            rule,
            reason,
            reply: last.map(|named| named.verdict.reply.to_string()).unwrap_or_default(),
            hop: None,
            message_id: None,
            subject: None,
            size_bytes: None,
            timings: Timings::default(),
            probable_duplicate: false,
        }
    }
}

/// Tells it to the sink, and counts it.
pub(crate) fn record(shared: &Shared, transaction: &Transaction, end: &End) {
    metrics::counter!(
        "postern_smtp_transactions_total",
        "disposition" => name(end.disposition),
        "rule" => end.rule.name(),
        "reason" => end.reason.name()
    )
    .increment(1);
    let tenants: BTreeSet<_> = transaction.named.iter().map(|named| named.tenant).collect();
    for tenant in tenants {
        shared.context.sink.transaction(event(shared, transaction, end, tenant));
    }
}

fn event(shared: &Shared, transaction: &Transaction, end: &End, tenant: Option<Id<ids::Tenant>>) -> Event {
    let own: Vec<_> = transaction.named.iter().filter(|named| named.tenant == tenant).collect();
    // The message went the way of one group: to other tenants only their own refusals happened.
    let in_group = transaction.group.as_ref().is_some_and(|group| group.way.owner.tenant == tenant);
    let (disposition, rule, reason, reply) = match own.last() {
        Some(last) if !in_group => {
            let verdict = &last.verdict;
            (verdict.disposition, verdict.rule, verdict.reason, verdict.reply.to_string())
        }
        _ => (end.disposition, end.rule, end.reason, end.reply.clone()),
    };
    let keep_dialogue = match transaction.group.as_ref().map(|group| group.effective.trace_dialogue) {
        Some(TraceDialogue::All) => true,
        _ => disposition != Disposition::Accepted,
    };
    let keep_subject = transaction.group.as_ref().is_some_and(|group| group.effective.keep_subject);
    Event {
        id: transaction.id,
        tenant,
        started_at: transaction.began_at,
        ended_at: shared.context.clock.now(),
        client: Client {
            address: transaction.client.to_string(),
            helo: Some(transaction.helo.clone()),
            protocol: protocol(transaction).name().to_owned(),
            tls: transaction.tls.clone(),
        },
        reverse_path: transaction.sender.path.to_string(),
        message_id: end.message_id.clone().filter(|_| in_group),
        subject: end.subject.clone().filter(|_| in_group && keep_subject),
        size_bytes: end.size_bytes.filter(|_| in_group),
        disposition,
        rule,
        reason,
        reply,
        recipients: own.iter().map(|named| outcome(named, end)).collect(),
        hop: end.hop.clone().filter(|_| in_group),
        timings: Timings { envelope_us: transaction.envelope_us, total_us: micros(transaction.began), ..end.timings },
        probable_duplicate: end.probable_duplicate && in_group,
        config: transaction.index.config.to_string(),
        dialogue: keep_dialogue.then(|| {
            let may_see = |number| transaction.named.get(number).is_some_and(|named: &Named| named.tenant == tenant);
            transaction.dialogue.seen_by(in_group, may_see)
        }),
    }
}

fn outcome(named: &Named, end: &End) -> RecipientOutcome {
    let verdict = &named.verdict;
    // Whoever was accepted shares the message's end.
    let accepted = named.mailbox.is_some();
    let (disposition, rule, reason) = match (accepted, end.disposition) {
        (true, Disposition::Accepted) | (false, _) => (verdict.disposition, verdict.rule, verdict.reason),
        (true, disposition) => (disposition, end.rule, end.reason),
    };
    RecipientOutcome {
        address: named.address.clone(),
        domain: named.domain,
        disposition,
        rule,
        reason,
        entry: verdict.entry,
        reply: verdict.reply.to_string(),
        hop_reply: named.hop_reply.clone(),
        probable_duplicate: accepted && end.probable_duplicate,
    }
}

pub(crate) fn protocol(transaction: &Transaction) -> Protocol {
    Protocol::new(transaction.extended, transaction.tls.is_some(), transaction.sender.smtputf8)
}

const fn name(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Accepted => "accepted",
        Disposition::Refused => "refused",
        Disposition::Deferred => "deferred",
        Disposition::Unknown => "unknown",
        Disposition::Aborted => "aborted",
    }
}

//! `docs/smtp-replies.md` and the list it is made from; and that policy says nothing that is not in it.

use std::{collections::BTreeSet, fmt::Write, path::PathBuf};

use contract::{
    Micros,
    mail::{Reply, ReversePath},
    policy::{
        Effective, Known, Suspension,
        message::{self, MessageFacts},
        recipient::{self, CallOut, DomainFacts, RecipientFacts, RecipientKnown, Routing, Unasked},
        settings::{InboundTls, TlsVersion},
        tenancy,
        traffic::{self, TrafficFacts},
    },
    snapshot::object::DomainState,
};
use smtp::{Said, said::By};

fn table() -> String {
    let mut text = String::from(
        "# What Postern answers to SMTP\n\n\
         Made from the list in `data-plane/smtp/src/said.rs`; a test compares the two. To make it again:\n\
         `cargo test -p smtp --test it -- --ignored write_the_table`.\n\n\
         Answers of a next hop are passed on in its own words: 4xx and 5xx to RCPT and to the message (DATA and its end),\n\
         5xx to MAIL; in one printable line, with an enhanced code of the right class, and 552 to RCPT as 452. Not passed\n\
         on, because they speak of our dialogue with the hop and not of the mail, are 421, 500, 502, 503, 530, 534, 535 and\n\
         538, and all that comes before MAIL: the sender hears 451.\n",
    );
    let sections = [
        (By::Session, "The session", "Syntax, order and limits of the protocol itself."),
        (By::Worker, "The worker", "Memory, time, connections, configuration, and what became of the next hop."),
        (By::Policy, "Policy", "Decided by `contract::policy` from the tenant's settings, lists and recipients."),
    ];
    for (by, title, about) in sections {
        let _ = write!(text, "\n## {title}\n\n{about}\n\n| Reply | Text | When | Source |\n|---|---|---|---|\n");
        if by == By::Session {
            text.push_str(
                "| `220` | `<hostname> ESMTP Postern` | the greeting | RFC 5321 §3.1 |\n\
                 | `250` | `<hostname>` and the extensions, one a line | EHLO, HELO | RFC 5321 §4.1.1.1 |\n",
            );
        }
        let mut rows: Vec<_> = Said::ALL.iter().map(|said| said.row()).filter(|row| row.by == by).collect();
        rows.sort_by_key(|row| (row.code, row.enhanced));
        for row in rows {
            let enhanced = row.enhanced.map_or_else(String::new, |(c, s, d)| format!(" {c}.{s}.{d}"));
            let _ = writeln!(text, "| `{}{enhanced}` | {} | {} | {} |", row.code, row.text, row.when, row.cite);
        }
    }
    text
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/smtp-replies.md")
}

#[test]
fn the_document_has_every_reply() {
    let found = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(
        found == table(),
        "docs/smtp-replies.md differs: cargo test -p smtp --test it -- --ignored write_the_table"
    );
}

#[test]
#[ignore = "writes docs/smtp-replies.md"]
fn write_the_table() {
    std::fs::write(file(), table()).unwrap();
}

#[test]
fn every_reply_is_sound() {
    let mut texts = BTreeSet::new();
    for &said in Said::ALL {
        let (row, reply) = (said.row(), said.reply());
        assert_eq!(reply.code(), row.code, "{said:?}");
        if let Some((class, ..)) = row.enhanced {
            assert_eq!(u16::from(class), row.code / 100, "{said:?}: RFC 3463 §2");
        }
        // RFC 2034 §4: all but the greeting, EHLO and 3xx have an enhanced code.
        assert_eq!(row.enhanced.is_none(), row.code == 354, "{said:?}");
        assert!(row.text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{said:?}");
        let mut wire = Vec::new();
        reply.write_to(&mut wire);
        assert!(wire.len() <= 512, "{said:?}");
        assert!(!row.when.is_empty() && row.cite.starts_with("RFC "), "{said:?}");
        texts.insert((row.code, row.enhanced, row.text));
    }
    // MessageTooLarge and DeclaredTooLarge are one answer at two times.
    assert_eq!(texts.len(), Said::ALL.len() - 1);
}

fn in_the_list(reply: &Reply) -> bool {
    Said::ALL.iter().any(|said| said.reply() == *reply)
}

fn recipients() -> impl Iterator<Item = RecipientKnown> {
    let unasked = [Unasked::Accept, Unasked::Defer].map(CallOut::Unasked);
    let asked = [CallOut::Accepted, CallOut::Refused, CallOut::CatchAll, CallOut::OverBudget];
    [RecipientKnown::Listed, RecipientKnown::Accepted, RecipientKnown::Unknown]
        .into_iter()
        .chain(asked.into_iter().chain(unasked).map(RecipientKnown::CallOut))
}

#[test]
fn policy_says_nothing_that_is_not_in_the_list() {
    let mut said = Vec::new();
    let states = [DomainState::Active, DomainState::Pending { defer_until: Micros::from_secs(9) }];
    let suspensions =
        [None, Some(Suspension { refuse_from: None }), Some(Suspension { refuse_from: Some(Micros::from_secs(5)) })];
    for now in [Micros::from_secs(1), Micros::from_secs(10)] {
        for state in states {
            for suspension in suspensions {
                for has_route in [true, false] {
                    for recipient in recipients() {
                        for routing in [None, Some(Routing::SourceRoute), Some(Routing::Character)] {
                            for null_mx in [Known::Yes(true), Known::Yes(false), Known::Unavailable] {
                                let domain = DomainFacts::Served { state, suspension, has_route, recipient };
                                said.push(judged(domain, routing, null_mx, now));
                            }
                        }
                    }
                }
            }
        }
    }
    said.push(judged(DomainFacts::NotServed, None, Known::Unavailable, Micros::EPOCH));
    said.push(judged(DomainFacts::Own, None, Known::Unavailable, Micros::EPOCH));
    said.push(judged(DomainFacts::Unavailable, None, Known::Unavailable, Micros::EPOCH));
    let settings = Effective::default();
    let messages = [
        MessageFacts { size_bytes: u64::MAX, ..MessageFacts::default() },
        MessageFacts { received_here: 5, ..MessageFacts::default() },
        MessageFacts { nul: true, ..MessageFacts::default() },
        MessageFacts { bare_lf: true, ..MessageFacts::default() },
        MessageFacts { longest_line_octets: u64::MAX, ..MessageFacts::default() },
        MessageFacts { header_boundary: true, ..MessageFacts::default() },
    ];
    said.extend(messages.iter().map(|facts| message::judge(&settings, facts).unwrap().reply));
    for tls in [None, Some(TlsVersion::Tls12)] {
        let settings = Effective {
            inbound_tls: InboundTls::Required,
            inbound_tls_min_version: TlsVersion::Tls13,
            ..Effective::default()
        };
        let recipient = RecipientKnown::Listed;
        let domain = DomainFacts::Served { state: DomainState::Active, suspension: None, has_route: true, recipient };
        said.push(recipient::judge(&settings, &RecipientFacts { tls, ..facts(&sender(), domain) }).reply);
    }
    let settings = Effective { max_client_connections: 1, ..Effective::default() };
    let open = TrafficFacts {
        recipients: 0,
        connections: 0,
        domain_takes_more: true,
        tenant_takes_more: true,
        live_workers: 1,
    };
    let traffic = [
        TrafficFacts { recipients: settings.max_recipients, ..open },
        TrafficFacts { connections: 1, ..open },
        TrafficFacts { domain_takes_more: false, ..open },
    ];
    said.extend(traffic.iter().map(|facts| traffic::judge(&settings, facts).unwrap().reply));
    said.push(tenancy::hour_is_full().reply);
    let missing: BTreeSet<_> = said.iter().filter(|reply| !in_the_list(reply)).map(ToString::to_string).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // And all of them were reached, but the two of the block lists.
    let reached = |said_by: &Said| said.contains(&said_by.reply());
    let unreached: Vec<_> =
        Said::ALL.iter().filter(|said| said.row().by == By::Policy).filter(|said| !reached(said)).collect();
    assert_eq!(unreached, [&Said::SenderBlocked, &Said::ClientBlocked]);
}

fn judged(domain: DomainFacts, routing: Option<Routing>, sender_null_mx: Known<bool>, now: Micros) -> Reply {
    let sender = sender();
    let facts = RecipientFacts { routing, sender_null_mx, now, ..facts(&sender, domain) };
    recipient::judge(&Effective::default(), &facts).reply
}

fn sender() -> ReversePath {
    "a@a.example".parse().unwrap()
}

fn facts(sender: &ReversePath, domain: DomainFacts) -> RecipientFacts<'_> {
    RecipientFacts {
        client: "192.0.2.1".parse().unwrap(),
        sender,
        tls: None,
        sender_null_mx: Known::Yes(false),
        routing: None,
        domain,
        list_hits: Vec::new(),
        now: Micros::EPOCH,
    }
}

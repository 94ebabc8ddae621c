//! TLS on both sides: what the sender gets, and what the hop must show at each level of a route.

use std::net::Ipv4Addr;

use pretend::{
    ca::{Ca, Certificate},
    client::Trust,
    hop::{Hop, Stage},
};
use serde_json::{Value, json};
use tests::System;

const HOST: &str = "mail.acme.example";

/// What a hop shows, what the route demands, and what comes of it.
struct Case {
    what: &'static str,
    hop: fn(&Hop, &Ca),
    tls: fn(&Ca, &Certificate) -> Value,
    reply: &'static str,
    /// TLS was up, and the certificate was verified.
    secured: Option<bool>,
    /// TLS failed, and that is told.
    failure: bool,
}

fn verified(authority: &Ca) -> Value {
    json!({ "level": "verified", "trust": "authorities", "authorities_pem": authority.pem() })
}

fn good(hop: &Hop, ca: &Ca) {
    hop.offer_tls(&ca.issue(&[HOST]));
}

const CASES: &[Case] = &[
    Case {
        what: "never",
        hop: good,
        tls: |_, _| json!({ "level": "none" }),
        reply: "250",
        secured: None,
        failure: false,
    },
    Case {
        what: "where it is offered",
        hop: |hop, _| {
            hop.offer_tls(&Ca::new().issue_expired(&["elsewhere.example"]));
        },
        tls: |_, _| json!({ "level": "opportunistic" }),
        reply: "250",
        secured: Some(false),
        failure: false,
    },
    Case {
        what: "where it is not offered",
        hop: |hop, _| {
            hop.no_tls();
        },
        tls: |_, _| json!({ "level": "opportunistic" }),
        reply: "250",
        secured: None,
        failure: false,
    },
    Case {
        what: "where it is offered and fails",
        hop: |hop, ca| {
            good(hop, ca);
            hop.on(Stage::Handshake).close();
        },
        tls: |_, _| json!({ "level": "opportunistic" }),
        reply: "250",
        secured: None,
        failure: true,
    },
    Case {
        what: "required, of anybody",
        hop: |hop, _| {
            hop.offer_tls(&Ca::new().issue(&["elsewhere.example"]));
        },
        tls: |_, _| json!({ "level": "required" }),
        reply: "250",
        secured: Some(false),
        failure: false,
    },
    Case {
        what: "required and not offered",
        hop: |hop, _| {
            hop.no_tls();
        },
        tls: |_, _| json!({ "level": "required" }),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
    Case {
        what: "required and failing",
        hop: |hop, ca| {
            good(hop, ca);
            hop.on(Stage::Handshake).close();
        },
        tls: |_, _| json!({ "level": "required" }),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
    Case { what: "verified", hop: good, tls: |ca, _| verified(ca), reply: "250", secured: Some(true), failure: false },
    Case {
        what: "verified, and expired",
        hop: |hop, ca| {
            hop.offer_tls(&ca.issue_expired(&[HOST]));
        },
        tls: |ca, _| verified(ca),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
    Case {
        what: "verified, and another's name",
        hop: |hop, ca| {
            hop.offer_tls(&ca.issue(&["other.acme.example"]));
        },
        tls: |ca, _| verified(ca),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
    Case {
        what: "verified, by an authority nobody trusts",
        hop: |hop, _| good(hop, &Ca::named("Another")),
        tls: |ca, _| verified(ca),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
    Case {
        what: "not of the public authorities",
        hop: good,
        tls: |_, _| json!({ "level": "verified", "trust": "web_pki" }),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
    Case {
        what: "the pinned key",
        hop: |hop, _| {
            hop.offer_tls(&pinned());
        },
        tls: |_, certificate| json!({ "level": "verified", "trust": "pins", "pins": [hex(certificate)] }),
        reply: "250",
        secured: Some(true),
        failure: false,
    },
    Case {
        what: "not the pinned key",
        hop: good,
        tls: |_, certificate| json!({ "level": "verified", "trust": "pins", "pins": [hex(certificate)] }),
        reply: "451 4.7.5",
        secured: None,
        failure: false,
    },
];

/// Self-signed, and the same for the whole test.
fn pinned() -> Certificate {
    static PINNED: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
    PINNED.get_or_init(|| Certificate::self_signed(&["whatever.example"])).clone()
}

fn hex(certificate: &Certificate) -> String {
    use std::fmt::Write;
    certificate.spki_sha256().iter().fold(String::new(), |mut hex, octet| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{octet:02x}");
        hex
    })
}

#[tokio::test]
async fn each_level_takes_what_it_says_and_nothing_less() {
    let system = System::start().await;
    let acme = system.acme().await;
    system.dns.address_of(HOST, Ipv4Addr::LOCALHOST);
    let (ca, certificate) = (Ca::new(), pinned());
    for (n, case) in CASES.iter().enumerate() {
        // A hop of its own: no connection and no rest of the case before.
        let hop = Hop::start().await;
        (case.hop)(&hop, &ca);
        let tls = (case.tls)(&ca, &certificate);
        system.reroute(&acme, json!([{ "host": HOST, "port": hop.port(), "tls": tls }])).await;
        let mut client = system.smtp().await;
        let message = format!("Message-ID: <tls.{n}@sender.example>\r\n\r\nhello\r\n");
        let reply = client.send_message("x@sender.example", &["anna@acme.example"], message.as_bytes()).await;
        assert!(reply.is(case.reply), "{}: {reply}", case.what);
        let arrived = hop.messages();
        assert_eq!(arrived.len(), usize::from(case.reply == "250"), "{}", case.what);
        assert_eq!(
            arrived.first().is_some_and(|message| message.tls.is_some()),
            case.secured.is_some(),
            "{}",
            case.what
        );
        let found = system.rest.until_messages(&format!("message_id=tls.{n}@sender.example"), 1).await;
        let told = &found[0]["next_hop"];
        assert_eq!(told["tls"]["verified"].as_bool(), case.secured, "{}: {told}", case.what);
        assert_eq!(told["tls_failure"].is_string(), case.failure, "{}: {told}", case.what);
        if case.reply != "250" {
            assert_eq!(found[0]["reason"], json!("hop_tls"), "{}", case.what);
        }
    }
    system.end().await;
}

#[tokio::test]
async fn a_sender_gets_tls_and_nothing_of_before_is_left() {
    let system = System::start().await;
    system.acme().await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("STARTTLS").await.expect("503");
    client.say("RSET").await.expect("250");
    let facts = client.start_tls(&Trust::Anybody, "mx.provider.example").await.expect("a handshake");
    assert_eq!(facts.version, "TLSv1.3");
    // RFC 3207 §4.2: what was said before is forgotten, EHLO too.
    client.say("MAIL FROM:<x@sender.example>").await.expect("503 5.5.1");
    let ehlo = client.say("EHLO client.example").await;
    assert!(ehlo.is("250") && !ehlo.lists("STARTTLS"), "{ehlo:?}");
    client.send_message("x@sender.example", &["anna@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    let found = system.rest.until_messages("disposition=accepted", 1).await;
    let told = &found[0]["client"];
    assert_eq!((&told["protocol"], &told["tls"]["version"]), (&json!("ESMTPS"), &json!("TLSv1.3")));
    assert!(told["tls"]["cipher"].as_str().is_some_and(|cipher| cipher.starts_with("TLS13_")), "{told}");
    let received = system.hop.messages()[0].header("Received").expect("our field");
    assert!(received.contains("with ESMTPS"), "{received}");

    // Commands that came with STARTTLS in clear text are an attack (CVE-2011-0411).
    let mut client = system.smtp().await;
    client.send(b"STARTTLS\r\nMAIL FROM:<injected@bad.example>\r\n").await;
    let said = client.until_closed().await;
    assert!(said.starts_with(b"554 5.5.0 ") || said.starts_with(b"220 "), "{}", said.escape_ascii());
    assert!(!String::from_utf8_lossy(&said).contains("250 "), "{}", said.escape_ascii());
    system.end().await;
}

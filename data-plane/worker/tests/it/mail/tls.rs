//! TLS on both sides.

use contract::{
    events::Tls,
    policy::Reason,
    snapshot::{
        hash::Hash,
        object::{HopTls, Trust},
    },
};
use pretend::{
    ca::{Ca, Certificate},
    client::{Client, Trust as ClientTrust},
    dns::Dns,
    hop::{Hop, Stage},
};

use super::world::{ANNA, World, message, next_hop};

const HOST: &str = "mail.acme.example";

struct Case {
    what: &'static str,
    hop: fn(&Hop, &Ca),
    tls: fn(&Ca, &Certificate) -> HopTls,
    reply: &'static str,
    /// TLS was up, and the certificate was verified.
    secured: Option<bool>,
    /// TLS was tried, and the trace says why there is none.
    failure: bool,
}

fn good(hop: &Hop, ca: &Ca) {
    hop.offer_tls(&ca.issue(&[HOST]));
}

fn by_authority(ca: &Ca) -> HopTls {
    HopTls::Verified { server_name: None, trust: Trust::Authorities { pem: ca.pem() } }
}

fn by_pin(pinned: &Certificate) -> HopTls {
    let spki_sha256 = vec![Hash::of(b"another key"), Hash::from_bytes(pinned.spki_sha256())];
    HopTls::Verified { server_name: None, trust: Trust::Pins { spki_sha256 } }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { what: "never", hop: good, tls: |_, _| HopTls::None, reply: "250", secured: None, failure: false },
    Case { what: "opportunistic, of anybody", hop: |hop, _| { hop.offer_tls(&Ca::new().issue_expired(&["x.example"])); },
        tls: |_, _| HopTls::Opportunistic, reply: "250", secured: Some(false), failure: false },
    Case { what: "opportunistic, not offered", hop: |_, _| (),
        tls: |_, _| HopTls::Opportunistic, reply: "250", secured: None, failure: false },
    Case { what: "opportunistic, the handshake closes", hop: |hop, ca| { good(hop, ca); hop.on(Stage::Handshake).close(); },
        tls: |_, _| HopTls::Opportunistic, reply: "250", secured: None, failure: true },
    Case { what: "opportunistic, the handshake is nonsense", hop: |hop, ca| { good(hop, ca); hop.on(Stage::Handshake).raw(b"what?\r\n"); },
        tls: |_, _| HopTls::Opportunistic, reply: "250", secured: None, failure: true },
    Case { what: "opportunistic, the handshake never ends", hop: |hop, ca| { good(hop, ca); hop.on(Stage::Handshake).silence(); },
        tls: |_, _| HopTls::Opportunistic, reply: "250", secured: None, failure: true },
    Case { what: "opportunistic, STARTTLS is refused", hop: |hop, ca| { good(hop, ca); hop.on(Stage::StartTls).reply("454 4.7.0 not now"); },
        tls: |_, _| HopTls::Opportunistic, reply: "250", secured: None, failure: true },
    Case { what: "required, of anybody", hop: |hop, _| { hop.offer_tls(&Ca::new().issue(&["x.example"])); },
        tls: |_, _| HopTls::Required, reply: "250", secured: Some(false), failure: false },
    Case { what: "required, not offered", hop: |_, _| (),
        tls: |_, _| HopTls::Required, reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "required, failing", hop: |hop, ca| { good(hop, ca); hop.on(Stage::Handshake).close(); },
        tls: |_, _| HopTls::Required, reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "required, refused", hop: |hop, ca| { good(hop, ca); hop.on(Stage::StartTls).reply("454 4.7.0 not now"); },
        tls: |_, _| HopTls::Required, reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "verified", hop: good, tls: |ca, _| by_authority(ca), reply: "250", secured: Some(true), failure: false },
    Case { what: "verified by another name", hop: |hop, ca| { hop.offer_tls(&ca.issue(&["mx.provider.example"])); },
        tls: |ca, _| HopTls::Verified {
            server_name: Some("mx.provider.example".to_owned()), trust: Trust::Authorities { pem: ca.pem() },
        }, reply: "250", secured: Some(true), failure: false },
    Case { what: "verified, expired", hop: |hop, ca| { hop.offer_tls(&ca.issue_expired(&[HOST])); },
        tls: |ca, _| by_authority(ca), reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "verified, of another name", hop: |hop, ca| { hop.offer_tls(&ca.issue(&["other.acme.example"])); },
        tls: |ca, _| by_authority(ca), reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "verified, of another authority", hop: |hop, _| good(hop, &Ca::named("Another")),
        tls: |ca, _| by_authority(ca), reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "verified, not offered", hop: |_, _| (),
        tls: |ca, _| by_authority(ca), reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "not of the web's authorities", hop: good,
        tls: |_, _| HopTls::Verified { server_name: None, trust: Trust::WebPki }, reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "authorities that are none", hop: good,
        tls: |_, _| HopTls::Verified { server_name: None, trust: Trust::Authorities { pem: "nonsense".to_owned() } },
        reply: "451 4.7.5", secured: None, failure: false },
    Case { what: "the pinned key", hop: |hop, _| { hop.offer_tls(pinned()); },
        tls: |_, pinned| by_pin(pinned), reply: "250", secured: Some(true), failure: false },
    Case { what: "not the pinned key", hop: good, tls: |_, pinned| by_pin(pinned), reply: "451 4.7.5", secured: None, failure: false },
];

/// Expired, of no authority, for another name: only its key counts.
fn pinned() -> &'static Certificate {
    static PINNED: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
    PINNED.get_or_init(|| Ca::named("Nobody").issue_expired(&["whatever.example"]))
}

#[tokio::test]
async fn each_level_takes_what_it_says_and_nothing_less() {
    let dns = Dns::start().await;
    dns.address_of(HOST, std::net::Ipv4Addr::LOCALHOST);
    let servers = vec![dns.address()];
    let mut world = World::with(|plan| plan.config = Box::new(move |config| config.dns.servers = servers)).await;
    let ca = Ca::new();
    for (n, case) in CASES.iter().enumerate() {
        let hop = Hop::start().await;
        (case.hop)(&hop, &ca);
        let mut to = next_hop(hop.address(), (case.tls)(&ca, pinned()));
        HOST.clone_into(&mut to.host);
        world.republish(|plan| plan.hops = vec![to]).await;
        let mut client = world.client().await;
        client.say("EHLO client.example").await.expect("250");
        let reply = client.send_message("x@sender.example", ANNA, &message(&n.to_string())).await;
        assert!(reply.is(case.reply), "{}: {reply}", case.what);
        let arrived = hop.messages();
        assert_eq!(arrived.len(), usize::from(case.reply == "250"), "{}", case.what);
        let secured = arrived.first().is_some_and(|message| message.tls.is_some());
        assert_eq!(secured, case.secured.is_some(), "{}", case.what);
        let id = format!("{n}@sender.example");
        let event = world.event(|event| event.message_id.as_deref() == Some(&id)).await;
        let told = event.hop.unwrap();
        assert_eq!(told.tls.as_ref().map(|tls| tls.verified), case.secured, "{}: {told:?}", case.what);
        assert_eq!(told.tls_failure.is_some(), case.failure, "{}: {told:?}", case.what);
        if case.secured.is_some() {
            let Tls { version, cipher, .. } = told.tls.unwrap();
            assert!(version == "TLSv1.3" && cipher.starts_with("TLS13_"), "{}: {version} {cipher}", case.what);
        }
        if case.reply != "250" {
            assert_eq!(event.reason, Reason::HopTls, "{}", case.what);
        }
        let connections = hop.connections();
        let in_the_clear = connections.iter().any(|connection| connection.tls.is_none() && connection.heard("MAIL"));
        assert!(case.secured.is_none() || !in_the_clear, "{}: an envelope went in the clear", case.what);
    }
}

#[tokio::test]
async fn a_failed_handshake_costs_one_new_connection_and_the_mail_arrives_in_the_clear() {
    let hop = Hop::start().await;
    hop.offer_tls(&Ca::new().issue(&[HOST]));
    hop.on(Stage::Handshake).close();
    let world = World::with(|plan| plan.hops = vec![next_hop(hop.address(), HopTls::Opportunistic)]).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let connections = hop.connections();
    assert_eq!(connections.len(), 2);
    assert!(connections[0].heard("STARTTLS") && !connections[0].heard("MAIL"));
    assert!(!connections[1].heard("STARTTLS") && connections[1].heard("MAIL"));
    assert!(world.event(|_| true).await.hop.unwrap().tls_failure.is_some());
}

/// CVE-2021-38371 and its kin, on the hop's side: what stands behind 220 in the clear is no answer to anything.
#[tokio::test]
async fn replies_that_were_injected_before_tls_are_not_believed() {
    let hop = Hop::start().await;
    hop.offer_tls(&Ca::new().issue(&[HOST]));
    hop.on(Stage::StartTls).extra("250-hop.pretend\nSIZE 1");
    let world = World::with(|plan| plan.hops = vec![next_hop(hop.address(), HopTls::Required)]).await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("451");
    assert!(hop.connections().iter().all(|connection| !connection.heard("MAIL")));
}

#[tokio::test]
async fn a_sender_gets_tls_with_the_certificate_that_was_set_and_starts_over() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::new();
    let certificate = ca.issue(&["mx.postern.example"]);
    let (chain, key) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
    std::fs::write(&chain, certificate.pem()).unwrap();
    std::fs::write(&key, certificate.key_pem()).unwrap();
    let world = World::with(|plan| {
        plan.config = Box::new(move |config| {
            config.smtp.tls_certificate = Some(chain);
            config.smtp.tls_key = Some(key);
        });
    })
    .await;
    let mut client = world.client().await;
    let ehlo = client.say("EHLO client.example").await;
    assert!(ehlo.lists("STARTTLS"));
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("STARTTLS").await.expect("503");
    client.say("RSET").await.expect("250");
    let facts = client.start_tls(&ClientTrust::Authority(ca), "mx.postern.example").await.unwrap();
    assert_eq!(facts.version, "TLSv1.3");
    // RFC 3207 §4.2: what was said before is forgotten, EHLO too.
    client.say("MAIL FROM:<x@sender.example>").await.expect("503 5.5.1");
    let ehlo = client.say("EHLO client.example").await;
    assert!(ehlo.is("250") && !ehlo.lists("STARTTLS"), "{ehlo:?}");
    client.say("STARTTLS").await.expect("503");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
    let event = world.event(|_| true).await;
    let tls = event.client.tls.unwrap();
    assert_eq!((event.client.protocol.as_str(), tls.version.as_str(), tls.verified), ("ESMTPS", "TLSv1.3", false));
    let received = world.hop.messages()[0].header("Received").unwrap();
    assert!(received.contains("with ESMTPS"), "{received}");
}

/// CVE-2011-0411: commands that came in the clear with STARTTLS are an attack.
#[tokio::test]
async fn commands_that_were_injected_before_tls_are_never_read() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send(b"STARTTLS\r\nMAIL FROM:<injected@bad.example>\r\n").await;
    let said = client.until_closed().await;
    assert!(said.starts_with(b"554 5.5.0 "), "{}", said.escape_ascii());
    assert!(!String::from_utf8_lossy(&said).contains("250 "), "{}", said.escape_ascii());

    // Behind the 220, where the handshake is due: no handshake, no session.
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say("STARTTLS").await.expect("220");
    client.send(b"MAIL FROM:<injected@bad.example>\r\nRCPT TO:<anna@acme.example>\r\n").await;
    let said = client.until_closed().await;
    assert!(!said.starts_with(b"2") && !String::from_utf8_lossy(&said).contains("250"), "{}", said.escape_ascii());
}

#[tokio::test]
async fn a_certificate_without_its_key_is_named_at_the_start() {
    let plane = crate::control::plane::Plane::start().await;
    let half = super::world::try_start(&plane, |config| config.smtp.tls_certificate = Some("chain.pem".into())).await;
    assert!(half.unwrap_err().to_string().contains("smtp.tls_certificate"));
    let missing = super::world::try_start(&plane, |config| {
        config.smtp.tls_certificate = Some("/nonexistent/chain.pem".into());
        config.smtp.tls_key = Some("/nonexistent/key.pem".into());
    });
    assert!(missing.await.unwrap_err().to_string().contains("/nonexistent/chain.pem"));
}

/// Without one, it is made at each start: nobody verifies it, and everybody is encrypted to.
#[tokio::test]
async fn without_a_certificate_one_is_made() {
    let world = World::new().await;
    let mut client: Client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.start_tls(&ClientTrust::Anybody, "mx.postern.example").await.unwrap();
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", ANNA, &message("one")).await.expect("250");
}

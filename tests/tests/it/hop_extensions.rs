//! What the next hop cannot take is refused in the session; nothing is converted.

use pretend::hop::Hop;
use serde_json::json;
use tests::System;

const PLAIN: &[u8] = b"Subject: plain\r\n\r\nhello\r\n";
const EIGHT_BIT: &[u8] = b"Subject: eight\r\n\r\nh\xc3\xa4llo\r\n";
const UTF8_HEADER: &[u8] = b"Subject: \xc3\xa4\r\n\r\nhello\r\n";

/// What the hop lacks, MAIL's parameters, the message, the reply.
type Case = (&'static str, &'static str, &'static [u8], &'static str);

const CASES: &[Case] = &[
    ("8BITMIME", "", EIGHT_BIT, "554 5.6.3"),
    ("8BITMIME", " BODY=8BITMIME", EIGHT_BIT, "554 5.6.3"),
    // Declared and not needed: the parameter is left out.
    ("8BITMIME", " BODY=8BITMIME", PLAIN, "250"),
    ("SMTPUTF8", " SMTPUTF8 BODY=8BITMIME", UTF8_HEADER, "550 5.6.7"),
    ("SMTPUTF8", " SMTPUTF8", PLAIN, "250"),
    ("SIZE", " SIZE=100", PLAIN, "250"),
    ("PIPELINING", "", PLAIN, "250"),
    ("ENHANCEDSTATUSCODES", "", PLAIN, "250"),
];

#[tokio::test]
async fn what_a_hop_lacks_is_refused_where_it_is_needed() {
    let system = System::start().await;
    let acme = system.acme().await;
    for (n, &(lacking, parameters, message, wanted)) in CASES.iter().enumerate() {
        // Each is a message of its own: the same one again would be known.
        let message = [format!("X-Case: {n}\r\n").as_bytes(), message].concat();
        let hop = Hop::start().await;
        hop.without(lacking);
        let route = json!([{ "host": "127.0.0.1", "port": hop.port(), "tls": { "level": "none" } }]);
        system.reroute(&acme, route).await;
        let mut client = system.smtp().await;
        client.say(&format!("MAIL FROM:<x@sender.example>{parameters}")).await.expect("250");
        client.say("RCPT TO:<anna@acme.example>").await.expect("250");
        client.say("DATA").await.expect("354");
        client.send(&pretend::client::stuffed(&message)).await;
        let reply = client.reply().await;
        assert!(reply.is(wanted), "without {lacking},{parameters}: {reply}");
        let arrived = hop.all_messages();
        assert_eq!(arrived.len(), usize::from(wanted == "250"), "without {lacking}");
        if let Some(arrived) = arrived.first() {
            assert!(!arrived.mail.params.contains(lacking), "{:?}", arrived.mail);
            assert!(arrived.bytes.ends_with(&message), "it is as it was");
        }
        assert!(hop.violations().is_empty(), "{:?}", hop.violations());
    }
    system.end().await;
}

#[tokio::test]
async fn a_hop_that_takes_less_than_we_do_is_asked_by_size() {
    let system = System::start().await;
    let acme = system.acme().await;
    let hop = Hop::start().await;
    hop.extensions(&["PIPELINING", "SIZE 1000", "8BITMIME"]);
    let route = json!([{ "host": "127.0.0.1", "port": hop.port(), "tls": { "level": "none" } }]);
    system.reroute(&acme, route).await;
    let mut client = system.smtp().await;
    let message = [b"Subject: large\r\n\r\n", "0123456789\r\n".repeat(200).as_bytes()].concat();
    client.send_message("x@sender.example", &["anna@acme.example"], &message).await.expect("552 5.3.4");
    let found = system.rest.until_messages("disposition=refused", 1).await;
    assert_eq!((&found[0]["rule"], &found[0]["reason"]), (&json!("next_hop_extensions"), &json!("hop_size")));
    assert!(hop.all_messages().is_empty());
    system.end().await;
}

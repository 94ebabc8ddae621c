//! The inbound port as a stranger finds it.

use serde_json::json;
use tests::System;

#[tokio::test]
async fn it_offers_what_it_does_and_gives_nothing_away() {
    let system = System::start().await;
    let acme = system.acme().await;
    let mut client = system.smtp().await;
    client.banner().expect("a banner").expect("220 mx.provider.example ");
    let ehlo = client.say("EHLO client.example").await;
    for keyword in ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "STARTTLS"] {
        assert!(ehlo.lists(keyword), "{keyword}: {ehlo:?}");
    }
    assert_eq!(ehlo.parameter("SIZE"), Some("52428800"));
    let limits = ehlo.parameter("LIMITS").unwrap_or_default();
    let most = limits.split(' ').find_map(|limit| limit.strip_prefix("RCPTMAX=")?.parse::<u32>().ok());
    assert!(most.is_some_and(|most| most >= 100), "{ehlo:?}");
    for absent in ["AUTH", "BINARYMIME", "REQUIRETLS", "VRFY", "EXPN"] {
        assert!(!ehlo.lists(absent), "{absent}: {ehlo:?}");
    }
    // Nothing is looked up: known and unknown sound alike.
    let known = client.say("VRFY anna@acme.example").await;
    assert_eq!(client.say("VRFY nobody@acme.example").await.to_string(), known.to_string());
    known.expect("252");
    client.say("EXPN staff").await.expect("502");
    client.say("NOOP").await.expect("250");
    client.say("AUTH PLAIN AGEAYg==").await.expect("502");
    client.say("MAIL FROM:<x@sender.example> REQUIRETLS").await.expect("555 5.5.4");
    client.say("RCPT TO:<anna@acme.example>").await.expect("503");

    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<@relay.example:nobody@acme.example>").await.expect("550 5.7.1");
    for relay in ["victim%elsewhere.example", "elsewhere.example!victim", "\"victim@elsewhere.example\""] {
        client.say(&format!("RCPT TO:<{relay}@acme.example>")).await.expect("550 5.7.1");
    }
    client.say("RCPT TO:<victim@elsewhere.example>").await.expect("550 5.7.1");
    client.say("RCPT TO:<victim@[192.0.2.1]>").await.expect("550 5.7.1");
    client.say("QUIT").await.expect("221");
    client.until_closed().await;

    // A domain that takes all local parts takes no routes with them.
    let edit = system.rest.patch(&format!("/v1/domains/{}", acme.domain), json!({ "recipients": "any" })).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<victim%elsewhere.example@acme.example>").await.expect("550 5.7.1");
    client.say("RCPT TO:<whoever@acme.example>").await.expect("250");
    client.say("RSET").await.expect("250");
    system.end().await;
}

#[tokio::test]
async fn postmaster_is_always_there() {
    let system = System::start().await;
    system.acme().await;
    // This host's own postmaster is the owner, whose mail flows through here too.
    system.customer("Provider", "provider.example", &["owner"]).await;
    let mut client = system.smtp().await;
    client.send_message("x@sender.example", &["postmaster@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<Postmaster>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: two\r\n\r\n.\r\n").await;
    client.reply().await.expect("250");
    let recipients: Vec<_> = system.hop.messages().iter().map(|message| message.recipients().join(" ")).collect();
    assert_eq!(recipients, ["postmaster@acme.example", "owner@provider.example"]);
    system.end().await;
}

#[tokio::test]
async fn a_hundred_recipients_of_one_group_are_one_message() {
    let system = System::start().await;
    let acme = system.acme().await;
    let items: Vec<_> = (0..100).map(|n| json!({ "address": format!("u{n}@acme.example") })).collect();
    let path = format!("/v1/domains/{}/recipients:batch", acme.domain);
    let done = system.rest.post(&path, json!({ "items": items })).await;
    system.rest.until_applied(done.version()).await;
    let mut client = system.smtp().await;
    let mut commands = vec!["MAIL FROM:<x@sender.example>".to_owned()];
    commands.extend((0..100).map(|n| format!("RCPT TO:<u{n}@acme.example>")));
    commands.push("DATA".to_owned());
    let lines: Vec<_> = commands.iter().map(String::as_str).collect();
    let replies = client.burst(&lines).await;
    let (data, envelope) = replies.split_last().expect("as many as were sent");
    for reply in envelope {
        reply.expect("250");
    }
    data.expect("354");
    client.send(b"Subject: all\r\n\r\nhello\r\n.\r\n").await;
    client.reply().await.expect("250");
    let messages = system.hop.messages();
    assert_eq!((messages.len(), messages[0].recipients().len()), (1, 100));
    system.end().await;
}

#[tokio::test]
async fn who_talks_nonsense_is_sent_away() {
    let system = System::start().await;
    let mut client = system.smtp().await;
    let mut said = Vec::new();
    while let Ok(reply) = client.try_say("HELLO?").await {
        said.push(reply.code);
        assert!(said.len() < 100, "it listens on");
    }
    assert!(said.len() > 1 && said[..said.len() - 1].iter().all(|code| *code == 500), "{said:?}");
    assert_eq!(said.last(), Some(&421));
    let mut client = system.smtp().await;
    client.send(b"GET / HTTP/1.1\r\nHost: mx\r\n\r\n").await;
    let said = client.until_closed().await;
    assert!(said.starts_with(b"554 "), "{}", said.escape_ascii());
    system.end().await;
}

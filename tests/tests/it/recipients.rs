//! Recipients as an MSP keeps them: from a file, under several names, or known to the next hop only.

use pretend::hop::Stage;
use serde_json::json;
use tests::System;

fn message(id: &str) -> Vec<u8> {
    format!("From: <x@sender.example>\r\nMessage-ID: <{id}@sender.example>\r\n\r\nhello\r\n").into_bytes()
}

#[tokio::test]
async fn an_uploaded_directory_with_aliases_and_an_alias_domain_takes_mail() {
    let system = System::start().await;
    let acme = system.customer("Acme", "acme.example", &["old"]).await;
    let import = format!("/v1/domains/{}/recipients:import?mode=replace&max_removed=1", acme.domain);
    let file = "address,alias_of,hop_sees\r\nanna@acme.example,,\r\nsales@acme.example,anna@acme.example,mailbox\r\n\
        a.smith@acme.example,anna@acme.example,as_written\r\n";
    let done = system.rest.upload(&import, file).await;
    assert_eq!((done.status, &done.body["added"], &done.body["removed"]), (200, &json!(3), &json!(1)), "{}", done.body);
    let alias =
        json!({ "tenant_id": acme.tenant, "name": "acme.test", "alias_of": acme.domain, "alias_hop_sees": "primary" });
    let alias = system.rest.post("/v1/domains", alias).await;
    system.rest.until_applied(alias.version()).await;

    let mut client = system.smtp().await;
    let table = [
        ("anna@acme.example", "anna@acme.example"),
        ("sales@acme.example", "anna@acme.example"),
        ("a.smith@acme.example", "a.smith@acme.example"),
        ("sales+q3@acme.test", "anna+q3@acme.example"),
    ];
    for (n, (to, _)) in table.iter().enumerate() {
        client.send_message("x@sender.example", &[to], &message(&n.to_string())).await.expect("250");
    }
    let seen: Vec<_> = system.hop.messages().iter().map(|message| message.recipients()[0].to_owned()).collect();
    assert_eq!(seen, table.map(|(_, seen)| seen));
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    for nobody in ["old@acme.example", "old@acme.test", "bert@acme.test"] {
        client.say(&format!("RCPT TO:<{nobody}>")).await.expect("550 5.1.1");
    }
    client.say("RSET").await.expect("250");

    // The next file takes a name away under both domains at once.
    let done = system.rest.upload(&import.replace("=1", "=2"), "address\nanna@acme.example\n").await;
    assert_eq!(done.status, 200, "{}", done.body);
    system.rest.until_applied(done.version()).await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<sales@acme.test>").await.expect("550 5.1.1");
    client.say("RCPT TO:<anna@acme.test>").await.expect("250");
    client.say("RSET").await.expect("250");
    // The trace keeps each name's mail with its own domain.
    let found = system.rest.until_messages("recipient=sales%2Bq3@acme.test", 1).await;
    assert_eq!(found[0]["recipients"][0]["domain_id"], alias.body["id"], "{}", found[0]);
    system.end().await;
}

#[tokio::test]
async fn who_is_there_is_as_the_next_hop_says() {
    let system = System::start().await;
    let acme = system.customer("Acme", "acme.example", &["listed"]).await;
    system.hop.on(Stage::Rcpt).containing("<dead").reply("550 5.1.1 no such user");
    system.hop.on(Stage::Rcpt).containing("<no-such-recipient-").reply("550 5.1.1 no such user");
    let path = format!("/v1/domains/{}", acme.domain);
    let edit = system.rest.patch(&path, json!({ "recipients": "call_out" })).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<dead@acme.example>").await.expect("550 5.1.1 no such recipient here");
    client.say("RSET").await.expect("250");
    for (n, to) in ["anna@acme.example", "listed@acme.example"].iter().enumerate() {
        client.send_message("x@sender.example", &[to], &message(&n.to_string())).await.expect("250");
    }
    // The next hop goes away: who is known stays known, about others the domain says what holds.
    system.hop.stop().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RSET").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<dead@acme.example>").await.expect("550 5.1.1");
    client.say("RCPT TO:<carl@acme.example>").await.expect("451 4.4.3");
    let edit = system.rest.patch(&path, json!({ "call_out_unavailable": "accept" })).await;
    system.rest.until_applied(edit.version()).await;
    client.say("RSET").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<carl@acme.example>").await.expect("250");
    client.say("RSET").await.expect("250");
    let messages = system.rest.until_messages(&format!("tenant_id={}", acme.tenant), 6).await;
    let reasons: Vec<_> = messages
        .iter()
        .flat_map(|message| message["recipients"].as_array().unwrap())
        .map(|recipient| {
            let part = |name: &str| recipient[name].as_str().unwrap_or_default().to_owned();
            (part("address"), part("rule"), part("reason"))
        })
        .collect();
    for (local, reason) in [("dead", "call_out_refused"), ("anna", "call_out_accepted"), ("carl", "call_out_unasked")] {
        let wanted = (format!("{local}@acme.example"), "recipients".to_owned(), reason.to_owned());
        assert!(reasons.contains(&wanted), "{wanted:?} in {reasons:?}");
    }
    system.end().await;
}

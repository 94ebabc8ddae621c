//! What the trace knows of a message, and how it is found.

use pretend::{ca::Certificate, client::Trust, hop::Stage};
use serde_json::{Value, json};
use tests::{Acme, System};

const SECRET: &str = "the content stays out of it";

async fn sent() -> (System, Acme) {
    let system = System::start().await;
    let acme = system.acme().await;
    system.hop.offer_tls(&Certificate::self_signed(&["hop.pretend"]));
    system.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 nobody of this name");
    let mut client = system.smtp().await;
    client.start_tls(&Trust::Anybody, "mx.provider.example").await.expect("a handshake");
    client.say("EHLO client.example").await.expect("250");
    let message = format!("Message-ID: <one@sender.example>\r\n\r\n{SECRET}\r\n");
    client.send_message("Anna@sender.example", &["bert@acme.example"], message.as_bytes()).await.expect("250");
    let message = format!("Message-ID: <two@sender.example>\r\n\r\n{SECRET}\r\n");
    client.send_message("", &["dead@acme.example"], message.as_bytes()).await.expect("550 5.1.1");
    system.rest.until_messages("", 2).await;
    (system, acme)
}

#[tokio::test]
async fn it_says_who_to_whom_by_which_rule_what_the_hop_said_and_how_it_was_secured() {
    let (system, acme) = sent().await;
    let found = system.rest.messages("message_id=one@sender.example").await;
    let one = &found[0];
    assert_eq!((&one["sender"], &one["tenant_id"]), (&json!("Anna@sender.example"), &json!(acme.tenant)));
    assert_eq!((&one["disposition"], &one["rule"]), (&json!("accepted"), &json!("default")));
    let recipient = &one["recipients"][0];
    assert_eq!((&recipient["address"], &recipient["domain_id"]), (&json!("bert@acme.example"), &json!(acme.domain)));
    let hop = &one["next_hop"];
    assert_eq!((&hop["host"], &hop["route_id"]), (&json!("127.0.0.1"), &json!(acme.route)));
    assert!(hop["reply"].as_str().is_some_and(|reply| reply.starts_with("250 ")), "{hop}");
    for tls in [&one["client"]["tls"], &hop["tls"]] {
        assert!(tls["version"].is_string() && tls["cipher"].is_string(), "{one}");
    }
    assert_eq!((&one["client"]["address"], &one["client"]["helo"]), (&json!("127.0.0.1"), &json!("client.example")));
    let timings = &one["timings"];
    let us = |name: &str| timings[name].as_u64().unwrap_or_else(|| panic!("{name} in {timings}"));
    assert!(us("hop_us") > 0 && us("hop_connect_us") > 0 && us("total_us") >= us("hop_us"), "{timings}");
    let text = "Message-ID: <one@sender.example>\r\n\r\n".len() + SECRET.len() + 2;
    assert_eq!(one["size_bytes"], json!(text));
    assert!(one["worker_id"].is_string() && one["config"].as_str().is_some_and(|at| at.contains('.')), "{one}");
    assert_eq!(one["dialogue"], Value::Null, "a plain delivery keeps no dialogue");

    let two = &system.rest.messages("message_id=two@sender.example").await[0];
    assert_eq!((&two["rule"], &two["reason"]), (&json!("next_hop"), &json!("hop_refused")));
    let dialogue = two["dialogue"].as_array().expect("a dialogue");
    let says = |from: &str, text: &str| {
        dialogue
            .iter()
            .any(|line| line["from"] == from && line["text"].as_str().is_some_and(|said| said.contains(text)))
    };
    assert!(says("client", "MAIL FROM:<>") && says("server", "550 5.1.1"), "{two}");
    assert!(says("to_hop", "RCPT TO:<dead@acme.example>") && says("hop", "nobody of this name"), "{two}");
    assert!(!two.to_string().contains(SECRET) && !two.to_string().contains("Message-ID: <"), "{two}");

    // By its id it is the same record.
    let id = two["id"].as_str().expect("an id");
    assert_eq!(&system.rest.get(&format!("/v1/messages/{id}")).await.body["data"][0], two);
    assert_eq!(system.rest.call("GET", "/v1/messages/msg_00000000000070008000000000000000", None).await.status, 404);
    system.end().await;
}

#[tokio::test]
async fn it_is_found_by_time_tenant_sender_recipient_message_id_and_disposition() {
    let (system, acme) = sent().await;
    let other = system.customer("Other", "other.example", &["zoe"]).await;
    let two = &system.rest.messages("message_id=two@sender.example").await[0];
    let (began, tenant) = (two["started_at"].as_str().expect("a time"), &acme.tenant);
    let searches = [
        (format!("tenant_id={tenant}"), vec!["two", "one"]),
        (format!("tenant_id={}", other.tenant), vec![]),
        ("sender=anna@sender.example".to_owned(), vec!["one"]),
        ("sender=ANNA@SENDER.EXAMPLE".to_owned(), vec!["one"]),
        ("sender=".to_owned(), vec!["two"]),
        ("recipient=dead@acme.example".to_owned(), vec!["two"]),
        ("recipient=bert@acme.example&disposition=accepted".to_owned(), vec!["one"]),
        ("recipient=bert@acme.example&disposition=refused".to_owned(), vec![]),
        ("message_id=one@sender.example".to_owned(), vec!["one"]),
        ("disposition=refused".to_owned(), vec!["two"]),
        (format!("from={began}"), vec!["two"]),
        (format!("to={began}"), vec!["one"]),
        (format!("from={began}&to={began}"), vec![]),
    ];
    for (query, expected) in searches {
        let found = system.rest.messages(&query).await;
        let ids: Vec<_> =
            found.iter().filter_map(|message| message["message_id"].as_str()?.split('@').next()).collect();
        assert_eq!(ids, expected, "{query}");
    }
    // Page by page it is the same.
    let first = system.rest.get("/v1/messages?limit=1").await;
    let next = first.text("next_cursor");
    let second = system.rest.get(&format!("/v1/messages?limit=1&cursor={next}")).await;
    assert_eq!(first.body["data"][0]["message_id"], json!("two@sender.example"));
    assert_eq!(second.body["data"][0]["message_id"], json!("one@sender.example"));
    assert_eq!(second.body["next_cursor"], Value::Null);
    system.end().await;
}

#[tokio::test]
async fn the_dialogue_of_plain_deliveries_is_kept_where_that_is_set() {
    let (system, _) = sent().await;
    let edit = system.rest.patch("/v1/policy", json!({ "trace_dialogue": "all" })).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    let message = format!("Message-ID: <three@sender.example>\r\n\r\n{SECRET}\r\n");
    client.send_message("x@sender.example", &["bert@acme.example"], message.as_bytes()).await.expect("250");
    let found = system.rest.until_messages("message_id=three@sender.example", 1).await;
    assert!(found[0]["dialogue"].as_array().is_some_and(|lines| lines.len() > 5), "{}", found[0]);
    assert!(!found[0].to_string().contains(SECRET));
    system.end().await;
}

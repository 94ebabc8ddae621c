//! A route that leads back to ourselves ends by itself.

use std::net::SocketAddr;

use pretend::relay::Relay;
use serde_json::json;
use tests::System;

#[tokio::test]
async fn a_message_that_comes_back_again_and_again_is_refused() {
    let system = System::start().await;
    let acme = system.acme().await;
    let here = system.smtp_addresses().await[0];
    let hop = |at: SocketAddr| json!([{ "host": at.ip(), "port": at.port(), "tls": { "level": "opportunistic" } }]);
    // Where it listens itself a worker knows; nothing goes there.
    system.reroute(&acme, hop(here)).await;
    let mut client = system.smtp().await;
    let message = b"Message-ID: <here@sender.example>\r\n\r\nhello\r\n";
    client.send_message("x@sender.example", &["anna@acme.example"], message).await.expect("451 4.4.4");
    // Behind another port it cannot know.
    let around = Relay::to(here).await;
    system.reroute(&acme, hop(around.address())).await;
    let message = b"Message-ID: <round@sender.example>\r\n\r\nhello\r\n";
    client.send_message("x@sender.example", &["anna@acme.example"], message).await.expect("554 5.4.6");
    // Five times it went out, and with the fifth Received field of ours it was not taken any more.
    let found = system.rest.until_messages("message_id=round@sender.example", 6).await;
    assert_eq!(found.len(), 6);
    let rules: Vec<_> = found.iter().filter(|message| message["rule"] == "loop").collect();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0]["reason"], json!("loop_detected"));
    assert!(found.iter().all(|message| message["disposition"] == "refused"));
    system.end().await;
}

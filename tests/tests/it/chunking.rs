//! Mail by BDAT, from the sender's first octet to the trace.

use pretend::client::Trust;
use serde_json::json;
use tests::System;

fn chunk(content: &[u8], last: bool) -> Vec<u8> {
    let command = format!("BDAT {}{}\r\n", content.len(), if last { " LAST" } else { "" });
    [command.as_bytes(), content].concat()
}

#[tokio::test]
async fn a_message_in_chunks_arrives_once_and_as_it_was_in_the_clear_and_under_tls() {
    let system = System::start().await;
    system.acme().await;
    // An end of data to those who look for one, and commands behind it.
    let content = b"Message-ID: <chunks@sender.example>\r\n\r\n.\r\nMAIL FROM:<evil@acme.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n..\r\nQUIT\r\n";
    for tls in [false, true] {
        let mut client = system.smtp().await;
        if tls {
            client.start_tls(&Trust::Anybody, "mx.provider.example").await.expect("TLS");
            client.say("EHLO client.example").await.expect("250");
        }
        // The whole transaction in one go, in chunks that part a line end.
        let (first, second) = content.split_at(38);
        let mut wire = format!("MAIL FROM:<{tls}@sender.example>\r\nRCPT TO:<anna@acme.example>\r\n").into_bytes();
        wire.extend([chunk(first, false), chunk(second, false), chunk(b"", true)].concat());
        client.send(&wire).await;
        for _ in 0..5 {
            client.reply().await.expect("250");
        }
        client.say("QUIT").await.expect("221");
    }
    let messages = system.hop.all_messages();
    assert_eq!(messages.len(), 2);
    for message in &messages {
        assert!(message.mail.address.ends_with("@sender.example"), "smuggled: {:?}", message.mail);
        assert!(message.bytes.ends_with(content));
    }
    assert!(system.hop.violations().is_empty(), "{:?}", system.hop.violations());
    let traced = system.rest.until_messages("disposition=accepted", 2).await;
    assert_eq!(traced[0]["message_id"], json!("chunks@sender.example"));
    system.end().await;
}

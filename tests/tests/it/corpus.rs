//! Real messages arrive octet for octet behind our Received field.

use tests::System;

#[tokio::test]
async fn every_message_of_the_corpus_arrives_as_it_was_sent() {
    let system = System::start().await;
    system.acme().await;
    for sample in pretend::corpus::files() {
        let mut client = system.smtp().await;
        let from = format!("MAIL FROM:<x@sender.example>{}", sample.mail_params());
        client.say(&from).await.expect("250");
        client.say("RCPT TO:<anna@acme.example>").await.expect("250");
        client.say("DATA").await.expect("354");
        client.send(&pretend::client::stuffed(sample.bytes())).await;
        let reply = client.reply().await;
        assert_eq!(reply.code, 250, "{}: {reply:?}", sample.name);
        let messages = system.hop.messages();
        let arrived = &messages.last().unwrap().bytes;
        let expected = sample.relayed();
        assert!(arrived.ends_with(&expected), "{} was changed", sample.name);
        let ours = &arrived[..arrived.len() - expected.len()];
        assert!(ours.starts_with(b"Received: from ") && ours.ends_with(b"\r\n"), "{}", sample.name);
    }
    assert!(system.hop.violations().is_empty(), "{:?}", system.hop.violations());
    system.end().await;
}

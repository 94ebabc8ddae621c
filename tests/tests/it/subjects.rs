//! Subjects are content: kept in the trace only where policy says so, and never shown to another tenant.

use serde_json::json;
use tests::System;

#[tokio::test]
async fn a_subject_is_kept_and_found_only_where_policy_says_so() {
    let system = System::start().await;
    system.acme().await;
    system.customer("Other", "other.example", &["carl"]).await;
    let message = |n: u8| format!("Message-ID: <{n}@s.example>\r\nSubject: Your\r\n  Invoice\r\n\r\nhello\r\n");
    let mut client = system.smtp().await;
    client.send_message("x@s.example", &["anna@acme.example"], message(1).as_bytes()).await.expect("250");
    let found = system.rest.until_messages("message_id=1@s.example", 1).await;
    assert_eq!(found[0]["subject"], json!(null));

    let edit = system.rest.patch("/v1/policy", json!({ "keep_subject": true })).await;
    system.rest.until_applied(edit.version()).await;
    // Another tenant's recipient in the same transaction goes another way, and what is told of it has no subject.
    client.say("MAIL FROM:<x@s.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<carl@other.example>").await.expect("452 4.5.3");
    client.say("DATA").await.expect("354");
    client.send(format!("{}.\r\n", message(2)).as_bytes()).await;
    client.reply().await.expect("250");
    let found = system.rest.until_messages("subject=your%20INVOICE", 1).await;
    assert_eq!((&found[0]["subject"], &found[0]["message_id"]), (&json!("Your  Invoice"), &json!("2@s.example")));
    let encoded = b"Message-ID: <3@s.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nhello\r\n";
    client.send_message("x@s.example", &["anna@acme.example"], encoded).await.expect("250");
    let found = system.rest.until_messages("subject=gr%C3%BC%C3%9Fe", 1).await;
    assert_eq!((&found[0]["subject"], &found[0]["message_id"]), (&json!("Grüße"), &json!("3@s.example")));
    let others = system.rest.until_messages("recipient=carl@other.example", 1).await;
    assert_eq!(others[0]["subject"], json!(null));
    system.end().await;
}

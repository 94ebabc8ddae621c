//! SMTP smuggling, end to end (A6.17): each variant of an end of data that is none, through the gateway to a hop that
//! would fall for it. Whatever happens, no second message arrives.

use tests::System;

#[tokio::test]
async fn no_variant_makes_two_messages_of_one() {
    let system = System::start().await;
    system.acme().await;
    system.hop.lenient();
    let ends: &[&[u8]] = &[
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\n.\r",
        b"\r\n.\r",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\n.\r\r\n",
        b"\n\r.\r\n",
    ];
    for (n, end) in ends.iter().enumerate() {
        let mut client = system.smtp().await;
        client.say("MAIL FROM:<x@sender.example>").await.expect("250");
        client.say("RCPT TO:<anna@acme.example>").await.expect("250");
        client.say("DATA").await.expect("354");
        let smuggled =
            b"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx";
        let message =
            [&format!("Message-ID: <{n}@x.example>\r\n\r\nbody").into_bytes()[..], end, smuggled, b"\r\n.\r\n"]
                .concat();
        client.send(&message).await;
        let reply = client.reply().await;
        assert!(matches!(reply.code, 250 | 550), "{n}: {reply:?}");
        // The session is where it should be: nothing of the content was read as a command.
        client.say("NOOP").await.expect("250");
    }
    for message in system.hop.all_messages() {
        assert_eq!(message.mail.address, "x@sender.example", "a smuggled message arrived");
    }
    let violations = system.hop.violations();
    assert!(violations.is_empty(), "{violations:?}");
    system.end().await;
}

#[tokio::test]
async fn normalized_newlines_arrive_as_one_message_of_proper_lines() {
    let system = System::start().await;
    system.acme().await;
    system.hop.lenient();
    let edit = system.rest.patch("/v1/policy", serde_json::json!({ "bare_newline": "normalize" })).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(b"Subject: one\r\n\r\nbody\n.\nMAIL FROM:<admin@acme.example>\n.\r\n.\r\n").await;
    client.reply().await.expect("250");
    let messages = system.hop.all_messages();
    assert_eq!(messages.len(), 1);
    let text = String::from_utf8_lossy(&messages[0].bytes).into_owned();
    assert!(text.ends_with("body\r\n.\r\nMAIL FROM:<admin@acme.example>\r\n.\r\n"), "{text:?}");
    system.end().await;
}

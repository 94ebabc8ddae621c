//! Workers go on while the control plane is away, and tell it afterwards.

use std::collections::BTreeSet;

use tests::System;

#[tokio::test]
async fn mail_flows_on_and_the_events_of_that_time_arrive_once_each() {
    let mut system = System::with_workers(2).await;
    system.acme().await;
    let mut first = system.smtp_at(0).await;
    first.send_message("x@sender.example", &["anna@acme.example"], &message(0)).await.expect("250");
    system.rest.until_messages("disposition=accepted", 1).await;
    system.stop_control_plane().await;
    for n in 1..=20 {
        let mut client = system.smtp_at(n % 2).await;
        client.send_message("x@sender.example", &["anna@acme.example"], &message(n)).await.expect("250");
        client.send_message("x@sender.example", &["nobody@acme.example"], &message(n)).await.expect("550 5.1.1");
    }
    assert_eq!(system.hop.messages().len(), 21);
    system.start_control_plane().await;
    let accepted = system.rest.until_messages("disposition=accepted", 21).await;
    let refused = system.rest.until_messages("disposition=refused", 20).await;
    let ids: BTreeSet<_> = accepted.iter().chain(&refused).map(|message| message["id"].to_string()).collect();
    assert_eq!((accepted.len(), refused.len(), ids.len()), (21, 20, 41));
    // And edits are applied again.
    let edit = system.rest.patch("/v1/policy", serde_json::json!({ "trace_dialogue": "all" })).await;
    system.rest.until_applied(edit.version()).await;
    system.end().await;
}

fn message(n: usize) -> Vec<u8> {
    format!("Message-ID: <{n}@sender.example>\r\nSubject: {n}\r\n\r\nhello\r\n").into_bytes()
}

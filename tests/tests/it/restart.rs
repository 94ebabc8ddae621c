//! A control plane that is started again goes on where it was.

use serde_json::json;
use tests::System;

/// `epoch.version`, to compare.
fn number(head: &str) -> (u64, u64) {
    let (epoch, version) = head.split_once('.').expect("epoch.version");
    (epoch.parse().expect("a number"), version.parse().expect("a number"))
}

#[tokio::test]
async fn versions_never_go_back_and_nothing_is_forgotten() {
    let mut system = System::start().await;
    let acme = system.acme().await;
    let mut last = (0, 0);
    let mut client = system.smtp().await;
    for n in 0..3 {
        let sender = format!("x{n}@bad.example");
        client.send_message(&sender, &["anna@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
        let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": sender });
        let made = system.rest.post("/v1/list-entries", entry).await;
        // Not waited for: it may be published before the stop, or after.
        let version = made.version();
        system.stop_control_plane().await;
        system.start_control_plane().await;
        system.rest.until_applied(version).await;
        client.say(&format!("MAIL FROM:<{sender}>")).await.expect("250");
        client.say("RCPT TO:<anna@acme.example>").await.expect("550 5.7.1");
        client.say("RSET").await.expect("250");
        let head = number(&system.rest.get(&format!("/v1/config/versions/{version}")).await.text("head"));
        assert!(head > last, "{head:?} after {last:?}");
        last = head;
        let worker = system.rest.until_worker("worker-1", "is there", |_| true).await;
        assert!(worker["refused"].is_null(), "{worker}");
        assert_eq!(system.rest.get(&format!("/v1/domains/{}", acme.domain)).await.text("name"), "acme.example");
    }
    system.rest.until_messages("disposition=accepted", 3).await;
    system.rest.until_messages("disposition=refused", 3).await;
    system.end().await;
}

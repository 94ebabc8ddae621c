//! What a tenant's mail comes to: found by its subtree, counted by its domain.

use serde_json::json;
use tests::{Options, System};

#[tokio::test]
async fn mail_is_found_by_subtree_and_counted_by_domain() {
    let system = System::start_with(Options {
        worker: Box::new(|config| config.events.counters_ms = 200),
        ..Options::default()
    })
    .await;
    let acme = system.acme().await;
    let other = system.customer("Other", "other.example", &["carl"]).await;
    let mut client = system.smtp().await;
    let message = b"Subject: one\r\n\r\nhello\r\n";
    for to in ["anna@acme.example", "bert@acme.example", "carl@other.example"] {
        client.send_message("x@sender.example", &[to], message).await.expect("250");
    }
    client.send_message("x@sender.example", &["nobody@acme.example"], message).await.expect("550 5.1.1");
    drop(client);

    let provider = system.rest.get("/v1/tenants").await.body["data"][0]["id"].clone();
    let provider = provider.as_str().expect("the provider comes first").to_owned();
    assert_eq!(system.rest.until_messages(&format!("subtree_of={provider}"), 4).await.len(), 4);
    let of_acme = system.rest.messages(&format!("subtree_of={}", acme.tenant)).await;
    assert_eq!(of_acme.len(), 3);
    let refused = system.rest.messages(&format!("subtree_of={}&rule=recipients", acme.tenant)).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(system.rest.messages("recipient=carl@other.example&rule=recipients").await.len(), 0);

    let size = of_acme.iter().filter_map(|message| message["size_bytes"].as_i64()).sum::<i64>();
    let counted = json!({ "accepted": 2, "refused": 1, "deferred": 0, "bytes": size });
    let whole = |view: &serde_json::Value| (view["total"] == counted).then_some(());
    for path in [format!("/v1/domains/{}/statistics", acme.domain), format!("/v1/tenants/{}/statistics", acme.tenant)] {
        system.rest.until("all of it", &path, whole).await;
    }
    let all = |view: &serde_json::Value| (view["total"]["accepted"] == 3).then_some(());
    system.rest.until("everybody's", &format!("/v1/tenants/{provider}/statistics?step=day"), all).await;
    let others = system.rest.get(&format!("/v1/domains/{}/statistics", other.domain)).await;
    assert_eq!((&others.body["total"]["accepted"], &others.body["total"]["refused"]), (&json!(1), &json!(0)));
    system.end().await;
}

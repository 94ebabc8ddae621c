//! What an operator is told in one call.

use serde_json::{Value, json};
use tests::System;

fn problem(status: &Value, code: &str) -> Option<Value> {
    status["problems"].as_array()?.iter().find(|problem| problem["code"] == code).cloned()
}

#[tokio::test]
async fn the_status_page_names_a_hop_that_is_down() {
    let system = System::with_workers(2).await;
    let acme = system.acme().await;
    let is_well = |status: &Value| (status["workers"]["ready"] == 2).then(|| status.clone());
    let well = system.rest.until("two workers", "/v1/status", is_well).await;
    assert_eq!((&well["configuration"]["workers_behind"], &well["configuration"]["waiting"]), (&json!(0), &json!(0)));
    // The tests' own switch.
    assert_eq!((&well["state"], &well["problems_total"]), (&json!("warning"), &json!(1)));
    assert!(problem(&well, "ownership_not_asked").is_some());

    system.hop.stop().await;
    let mut client = system.smtp().await;
    for n in 0..6 {
        let message = format!("Message-ID: <{n}@sender.example>\r\n\r\nhello\r\n");
        client.send_message("x@sender.example", &["anna@acme.example"], message.as_bytes()).await.expect("451");
    }
    let down = |status: &Value| problem(status, "next_hop_down");
    let down = system.rest.until("a hop that is down", "/v1/status", down).await;
    assert_eq!(
        down["subject"],
        json!({ "kind": "route", "id": acme.route, "name": format!("127.0.0.1:{}", system.hop.port()) })
    );
    assert!(down["action"].as_str().is_some_and(|action| action.contains("/test")) && down["since"].is_string());
    drop(client);
    system.end().await;
}

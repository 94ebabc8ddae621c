//! Pools: workers of one serve whom it serves, at listeners of their own, and know nothing of others.

use pretend::client::Client;
use serde_json::{Value, json};
use tests::{Acme, System};

async fn east(system: &mut System, workers: usize) -> String {
    let pool = system.rest.post("/v1/pools", json!({ "name": "east" })).await.text("id");
    for _ in 0..workers {
        let token = json!({ "name": "east", "pool_id": pool, "uses": 10 });
        let token = system.rest.post("/v1/join-tokens", token).await.text("token");
        let config = system.worker_config(token);
        system.start_worker(config).await;
    }
    pool
}

async fn assign(system: &System, customer: &Acme, pools: Value) {
    let path = format!("/v1/tenants/{}/pools", customer.tenant);
    let edit = system.rest.call("PUT", &path, Some(json!({ "pool_ids": pools }))).await;
    system.rest.until_applied(edit.version()).await;
}

/// What a sender to `anna@` hears at RCPT.
async fn rcpt(client: &mut Client, customer: &Acme) -> u16 {
    client.say("RSET").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say(&format!("RCPT TO:<anna@{}>", customer.name)).await.code
}

async fn deliver(system: &System, worker: usize, customer: &Acme) {
    let mut client = system.smtp_at(worker).await;
    let anna = format!("anna@{}", customer.name);
    // Each another one: the same again from a sender that was not seen to hear the answer is not delivered twice.
    let message =
        format!("Subject: hello\r\nMessage-ID: <{}@sender.example>\r\n\r\nhello\r\n", system.hop.messages().len());
    client.send_message("x@sender.example", &[&anna], message.as_bytes()).await.expect("250");
}

/// Delivers to this worker until the work is done, and once more.
async fn while_mail_comes(system: &System, worker: usize, customer: &Acme, work: impl Future<Output = ()>) {
    let done = std::cell::Cell::new(false);
    let mail = async {
        while !done.get() {
            deliver(system, worker, customer).await;
        }
        deliver(system, worker, customer).await;
    };
    let work = async {
        work.await;
        done.set(true);
    };
    tokio::join!(work, mail);
}

#[tokio::test]
async fn a_customer_moves_to_another_pool_without_losing_a_message() {
    let mut system = System::start().await;
    let (acme, other) = (system.acme().await, system.customer("Other", "other.example", &["anna"]).await);
    let east = east(&mut system, 2).await;
    let default = system.rest.get("/v1/pools?name=default").await.body["data"][0]["id"].clone();
    let mut at_default = system.smtp().await;
    let mut at_east = system.smtp_at(1).await;
    assert_eq!(rcpt(&mut at_default, &acme).await, 250);
    assert_eq!(rcpt(&mut at_east, &acme).await, 550, "not served there");

    // As docs/operations.md says it: both, then the MX records, then the new one alone. Mail comes all the time, and no
    // sender hears anything but 250.
    while_mail_comes(&system, 0, &acme, assign(&system, &acme, json!([default, east]))).await;
    for worker in 0..3 {
        deliver(&system, worker, &acme).await;
    }
    while_mail_comes(&system, 1, &acme, assign(&system, &acme, json!([east]))).await;
    for worker in 1..3 {
        deliver(&system, worker, &acme).await;
    }
    assert_eq!(rcpt(&mut at_east, &acme).await, 250);
    assert_eq!(rcpt(&mut at_default, &acme).await, 550, "it left");
    assert_eq!(rcpt(&mut at_default, &other).await, 250, "who stayed is served");
    assert_eq!(rcpt(&mut at_east, &other).await, 550);
    let arrived = system.hop.messages().len();
    assert!(arrived > 5, "{arrived}");
    let found = system.rest.until_messages("disposition=accepted", arrived).await;
    assert_eq!(found.len(), arrived, "each told once, none set aside");
    assert_eq!(system.rest.get("/v1/status").await.body["events"]["rejected"], 0);

    // A route is tried from where the customer's mail comes through.
    let tried = system.rest.post(&format!("/v1/routes/{}/test", acme.route), json!({})).await;
    let worker = tried.text("worker_id");
    let worker = system.rest.get(&format!("/v1/workers/{worker}")).await;
    assert_eq!(worker.body["pool_id"], json!(east));
    system.end().await;
}

#[tokio::test]
async fn a_pool_that_loses_nearly_everything_by_an_assignment_follows() {
    let mut system = System::start().await;
    let msp = system.rest.post("/v1/tenants", json!({ "name": "msp", "kind": "msp" })).await.text("id");
    let mut last = 0;
    for n in 0..30 {
        let body = json!({ "name": format!("c{n}"), "parent_id": msp });
        let tenant = system.rest.post("/v1/tenants", body).await.text("id");
        let body = json!({ "tenant_id": tenant, "name": format!("c{n}.example") });
        last = system.rest.post("/v1/domains", body).await.version();
    }
    system.rest.until_applied(last).await;
    let east = east(&mut system, 1).await;
    // A worker refuses a head that suddenly names fewer than nine tenths of the domains, unless it is explained.
    let default = system.rest.get("/v1/pools?name=default").await.body["data"][0]["id"].clone();
    let put = async |pools: Value| {
        system.rest.call("PUT", &format!("/v1/tenants/{msp}/pools"), Some(json!({ "pool_ids": pools }))).await
    };
    put(json!([default, east])).await;
    let moved = put(json!([east])).await;
    system.rest.until_applied(moved.version()).await;
    let status = system.rest.get("/v1/status").await;
    let refused = |problem: &&Value| problem["code"] == "worker_refuses";
    assert!(!status.body["problems"].as_array().expect("problems").iter().any(|problem| refused(&problem)));
    system.end().await;
}

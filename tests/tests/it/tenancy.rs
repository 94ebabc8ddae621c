//! What a tenant is held to by those above it, as senders meet it: suspended, so many messages an hour, so large a message.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use contract::{Clock, Micros};
use pretend::client::{Client, Reply};
use serde_json::{Value, json};
use tests::{Options, System};

const DAY_S: i64 = 24 * 60 * 60;

/// An MSP with two customers, c1.example and c2.example, and somebody who is not its customer.
async fn msp(system: &System) -> (String, [String; 2]) {
    system.acme().await;
    let msp = system.rest.post("/v1/tenants", json!({ "name": "MSP", "kind": "msp" })).await.text("id");
    let mut customers = Vec::new();
    for n in 1..=2 {
        let customer = json!({ "name": format!("c{n}"), "parent_id": msp });
        let customer = system.rest.post("/v1/tenants", customer).await.text("id");
        let route = json!({ "tenant_id": customer, "name": "r", "hops": [system.next_hop()] });
        let route = system.rest.post("/v1/routes", route).await.text("id");
        let body =
            json!({ "tenant_id": customer, "name": format!("c{n}.example"), "route_id": route, "recipients": "any" });
        let made = system.rest.post("/v1/domains", body).await;
        system.rest.until_applied(made.version()).await;
        customers.push(customer);
    }
    (msp, customers.try_into().expect("two"))
}

async fn suspend(system: &System, tenant: &str, body: Value) {
    let edit = system.rest.post(&format!("/v1/tenants/{tenant}/suspend"), body).await;
    system.rest.until_applied(edit.version()).await;
}

async fn resume(system: &System, tenant: &str) {
    let edit = system.rest.act(&format!("/v1/tenants/{tenant}/resume")).await;
    system.rest.until_applied(edit.version()).await;
}

async fn limit(system: &System, tenant: &str, limits: Value) {
    let edit = system.rest.call("PUT", &format!("/v1/tenants/{tenant}/limits"), Some(limits)).await;
    assert_eq!(edit.status, 200, "{}", edit.body);
    system.rest.until_applied(edit.version()).await;
}

async fn to(client: &mut Client, domain: &str) -> String {
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    let reply = client.say(&format!("RCPT TO:<anna@{domain}>")).await.to_string();
    client.say("RSET").await.expect("250");
    reply
}

async fn send(client: &mut Client, domain: &str, message: &[u8]) -> Reply {
    let reply = client.send_message("x@sender.example", &[&format!("anna@{domain}")], message).await;
    client.say("RSET").await.expect("250");
    reply
}

async fn answers(system: &System, client: &mut Client, wanted: [&str; 3]) {
    for (domain, wanted) in ["c1.example", "c2.example", "acme.example"].into_iter().zip(wanted) {
        let answer = to(client, domain).await;
        assert!(answer.starts_with(wanted), "{domain}: {answer}");
        let envelope =
            json!({ "client": "127.0.0.1", "mail_from": "x@sender.example", "rcpt_to": format!("anna@{domain}") });
        let foretold = system.rest.post("/v1/policy:test", envelope).await;
        // The worker's clock is its own here.
        if !wanted.starts_with("550") {
            assert_eq!(foretold.body["recipient"]["reply"], json!(answer));
        }
    }
}

#[tokio::test]
async fn mail_of_a_suspended_tenant_waits_is_refused_after_its_days_and_comes_again_afterwards() {
    let forward_s = Arc::new(AtomicI64::new(0));
    let (by_s, clock) = (Arc::clone(&forward_s), pretend::clock::system_clock());
    let worker_clock = Clock::new(move || Micros::from_micros(clock.now().as_micros() + by_s.load(SeqCst) * 1_000_000));
    let system = System::start_with(Options { worker_clock, ..Options::default() }).await;
    let (msp, [one, _]) = msp(&system).await;
    let mut client = system.smtp().await;
    answers(&system, &mut client, ["250", "250", "250"]).await;
    suspend(&system, &one, json!({ "refuse_after_days": 2 })).await;
    answers(&system, &mut client, ["451 4.2.1", "250", "250"]).await;
    suspend(&system, &msp, json!({ "refuse_after_days": 9 })).await;
    answers(&system, &mut client, ["451 4.2.1", "451 4.2.1", "250"]).await;
    // The days pass, and nobody edits anything.
    forward_s.store(2 * DAY_S, SeqCst);
    answers(&system, &mut client, ["550 5.2.1", "451 4.2.1", "250"]).await;
    forward_s.store(0, SeqCst);
    answers(&system, &mut client, ["451 4.2.1", "451 4.2.1", "250"]).await;
    resume(&system, &msp).await;
    answers(&system, &mut client, ["451 4.2.1", "250", "250"]).await;
    suspend(&system, &one, json!({ "refuse_after_days": 0 })).await;
    assert!(to(&mut client, "c1.example").await.starts_with("550 5.2.1"));
    resume(&system, &one).await;
    send(&mut client, "c1.example", b"Subject: one\r\n\r\n").await.expect("250");
    let told = system.rest.until_messages("rule=domain_state", 1).await;
    assert!(told.iter().all(|message| message["reason"] == "tenant_suspended"), "{told:?}");
    system.end().await;
}

#[tokio::test]
async fn an_hours_messages_are_counted_over_all_that_is_below_and_what_is_not_taken_is_not_counted() {
    let system = System::start().await;
    let (msp, [one, _]) = msp(&system).await;
    limit(&system, &msp, json!({ "max_messages_per_hour": 3 })).await;
    limit(&system, &one, json!({ "max_messages_per_hour": 2 })).await;
    let mut client = system.smtp().await;
    // Who only names recipients uses nothing up.
    for _ in 0..5 {
        assert!(to(&mut client, "c1.example").await.starts_with("250"));
    }
    let mut number = 0;
    let mut next = async |client: &mut Client, domain: &str| {
        number += 1;
        send(client, domain, format!("Subject: number {number}\r\n\r\n").as_bytes()).await
    };
    next(&mut client, "c1.example").await.expect("250");
    next(&mut client, "c1.example").await.expect("250");
    // Its own limit, then that of the MSP, which has one left.
    next(&mut client, "c1.example").await.expect("451 4.7.0");
    next(&mut client, "c2.example").await.expect("250");
    next(&mut client, "c2.example").await.expect("451 4.7.0");
    next(&mut client, "c1.example").await.expect("451 4.7.0");
    for _ in 0..4 {
        next(&mut client, "acme.example").await.expect("250");
    }
    let told = system.rest.until_messages("rule=limits", 3).await;
    assert!(told.iter().all(|message| message["reason"] == "tenant_limit"), "{told:?}");
    // A limit that is raised holds at once.
    limit(&system, &msp, json!({ "max_messages_per_hour": 4 })).await;
    next(&mut client, "c2.example").await.expect("250");
    next(&mut client, "c2.example").await.expect("451 4.7.0");
    limit(&system, &msp, json!({})).await;
    next(&mut client, "c2.example").await.expect("250");
    system.end().await;
}

#[tokio::test]
async fn a_limit_of_size_holds_below_it_whatever_policy_says() {
    let system = System::start().await;
    let (msp, [one, two]) = msp(&system).await;
    let policy = json!({ "max_message_size_bytes": 200_000 });
    system.rest.patch(&format!("/v1/tenants/{two}/policy"), policy).await;
    limit(&system, &msp, json!({ "max_message_size_bytes": 100_000 })).await;
    let mut client = system.smtp().await;
    let mut message = b"Subject: large\r\n\r\n".to_vec();
    while message.len() < 120_000 {
        message.extend_from_slice(b"0123456789012345678901234567890123456789\r\n");
    }
    for domain in ["c1.example", "c2.example"] {
        send(&mut client, domain, &message).await.expect("552 5.3.4");
        send(&mut client, domain, b"Subject: small\r\n\r\n").await.expect("250");
    }
    send(&mut client, "acme.example", &message).await.expect("250");
    let effective = system.rest.get(&format!("/v1/tenants/{two}/policy?effective=true")).await;
    let shown = &effective.body["effective"]["max_message_size_bytes"];
    assert_eq!(shown["value"], 100_000);
    assert_eq!(shown["from"], json!({ "level": "tenant_limit", "id": msp }));
    let envelope = json!({ "client": "127.0.0.1", "mail_from": "x@sender.example", "rcpt_to": "anna@c1.example",
        "size_bytes": 120_000 });
    let foretold = system.rest.post("/v1/policy:test", envelope).await;
    assert!(foretold.body["message"]["reply"].as_str().is_some_and(|reply| reply.starts_with("552 5.3.4")));
    limit(&system, &one, json!({ "max_message_size_bytes": 150_000 })).await;
    send(&mut client, "c1.example", &message).await.expect("552 5.3.4");
    limit(&system, &msp, json!({})).await;
    send(&mut client, "c1.example", &message).await.expect("250");
    system.end().await;
}

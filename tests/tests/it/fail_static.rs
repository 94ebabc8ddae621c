//! A configuration that nobody confirms any more: workers go on with it, and after a very long time they do not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use contract::{Clock, Micros};
use serde_json::json;
use tests::{Options, System};

/// The machine's clock, put forward.
fn shifted(by_s: &Arc<AtomicI64>) -> Clock {
    let (by_s, clock) = (Arc::clone(by_s), pretend::clock::system_clock());
    Clock::new(move || Micros::from_micros(clock.now().as_micros() + by_s.load(SeqCst) * 1_000_000))
}

#[tokio::test]
async fn a_head_that_is_over_is_refused_and_mail_goes_on_under_the_one_before() {
    let forward_s = Arc::new(AtomicI64::new(0));
    let system = System::start_with(Options {
        worker: Box::new(|config| config.snapshot.poll_s = 1),
        worker_clock: shifted(&forward_s),
        ..Options::default()
    })
    .await;
    let acme = system.acme().await;
    forward_s.store(16 * 60, SeqCst);
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": "x@bad.example" });
    let version = system.rest.post("/v1/list-entries", entry).await.version();
    system.rest.until_worker("worker-1", "refuses it", |worker| worker["refused"] == "expired").await;
    let mut client = system.smtp().await;
    client.send_message("x@bad.example", &["anna@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    forward_s.store(0, SeqCst);
    // The next head is another chance; without an edit it comes within a minute.
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": "y@bad.example" });
    let next = system.rest.post("/v1/list-entries", entry).await.version();
    system.rest.until_applied(version.max(next)).await;
    client.send_message("x@bad.example", &["anna@acme.example"], b"Subject: two\r\n\r\n").await.expect("550 5.7.1");
    system.end().await;
}

#[tokio::test]
async fn a_configuration_that_is_too_old_means_451_until_it_is_confirmed_again() {
    let mut system = System::start_with(Options {
        worker: Box::new(|config| {
            config.snapshot.poll_s = 1;
            config.snapshot.too_old_s = 2;
        }),
        ..Options::default()
    })
    .await;
    let acme = system.acme().await;
    system.stop_control_plane().await;
    let mut client = system.smtp().await;
    until_said(&mut client, "451 4.3.2").await;
    system.start_control_plane().await;
    // An edit makes a new head, which is fresh.
    let entry = json!({ "kind": "allow", "scope": "tenant", "tenant_id": acme.tenant, "sender": "x@good.example" });
    system.rest.post("/v1/list-entries", entry).await;
    until_said(&mut client, "250").await;
    system.end().await;
}

/// Asks MAIL until it is answered so.
async fn until_said(client: &mut pretend::client::Client, wanted: &str) {
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    loop {
        let reply = client.say("MAIL FROM:<x@good.example>").await;
        client.say("RSET").await.expect("250");
        if reply.is(wanted) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "MAIL → {reply}, expected {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

//! What is missing from the trace is itself in it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use contract::{Clock, Micros};
use serde_json::{Value, json};
use tests::{Options, System};

#[tokio::test]
async fn events_that_found_no_room_are_counted_and_mail_never_waited() {
    let mut system = System::start_with(Options {
        worker: Box::new(|config| config.events.buffer_bytes = 8 * 1024),
        ..Options::default()
    })
    .await;
    system.acme().await;
    system.stop_control_plane().await;
    let mut client = system.smtp().await;
    let sent = 60;
    for n in 0..sent {
        let message = format!("Message-ID: <{n}@sender.example>\r\n\r\nhello\r\n");
        client.send_message("x@sender.example", &["anna@acme.example"], message.as_bytes()).await.expect("250");
    }
    system.may_miss_events();
    system.start_control_plane().await;
    let gap = system.rest.until("the gap", "/v1/gaps", |page| page["data"].get(0).cloned()).await;
    assert_eq!(gap["kind"], json!("dropped"));
    let missing = gap["events"].as_u64().expect("a number");
    assert!(missing > 0 && missing < sent, "{gap}");
    let wanted = usize::try_from(sent - missing).expect("few");
    let traced = system.rest.until_messages("", wanted).await.len();
    assert_eq!(traced, wanted, "what is there and what is missing are all there was");
    system.end().await;
}

#[tokio::test]
async fn a_worker_that_ends_without_its_closing_mark_leaves_a_gap() {
    let forward_s = Arc::new(AtomicI64::new(0));
    let clock = {
        let (forward_s, clock) = (Arc::clone(&forward_s), pretend::clock::system_clock());
        Clock::new(move || Micros::from_micros(clock.now().as_micros() + forward_s.load(SeqCst) * 1_000_000))
    };
    let mut system = System::start_with(Options { control_plane_clock: clock, ..Options::default() }).await;
    system.acme().await;
    let mut client = system.smtp().await;
    client.send_message("x@sender.example", &["anna@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    system.rest.until_messages("", 1).await;
    let id = system.rest.until_worker("worker-1", "is there", |_| true).await["id"].clone();
    drop(client);
    system.kill_worker(0);
    forward_s.store(35, SeqCst);
    let gap = system.rest.until("the gap", "/v1/gaps", |page| page["data"].get(0).cloned()).await;
    assert_eq!((&gap["kind"], &gap["worker_id"]), (&json!("ended"), &id));

    // One that stopped in order leaves none, however long it is silent.
    let at = system.add_worker().await;
    system.stop_worker(at).await;
    forward_s.store(120, SeqCst);
    let job = Duration::from_secs(11);
    let looked_again = tokio::time::timeout(job, system.rest.until("a second gap", "/v1/gaps", second)).await;
    assert!(looked_again.is_err(), "{looked_again:?}");
    system.end().await;
}

fn second(page: &Value) -> Option<Value> {
    page["data"].get(1).cloned()
}

//! The installation in one call: what is wrong, under a stable code, with what to do about it.

use std::time::Duration;

use control_plane::status::{Code, table};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    doors::worker_token,
    harness::{Plane, Reply, on_both},
};

on_both! {
    what_a_worker_reports_is_told_with_what_to_do
    one_that_drains_is_told_so_and_counts_as_drained_when_its_last_session_is_over
    what_did_not_come_into_the_trace_is_counted
}

on_both! {
    alone:
    switches_that_are_not_for_production_are_told
}

async fn report(plane: &Plane, worker: &str, more: Value) -> Reply {
    let mut status = json!({ "stream": Uuid::from_bytes([1; 16]), "running": null, "refused": null, "errors": [],
        "totals": { "events": 0, "accepted": 0, "refused": 0, "deferred": 0 }, "sessions": 0, "ready": true,
        "now": plane.clock.now() });
    let fields = more.as_object().expect("fields").clone();
    status.as_object_mut().unwrap().extend(fields);
    plane.post("/worker/v1/status").with_token(worker).json(&status).send().await
}

async fn status(plane: &Plane) -> Value {
    plane.get("/v1/status").send().await.expect(200)
}

/// Codes and what they are about.
fn problems(status: &Value) -> Vec<(&str, &str)> {
    let problems = status["problems"].as_array().unwrap().iter();
    problems.map(|p| (p["code"].as_str().unwrap(), p["subject"]["kind"].as_str().unwrap())).collect()
}

fn load(messages: u64, events: u64) -> Value {
    json!({ "max_sessions": 10, "message_bytes": messages, "max_message_bytes": 100, "event_bytes": events,
        "max_event_bytes": 100 })
}

async fn what_a_worker_reports_is_told_with_what_to_do(plane: Plane) {
    let worker = worker_token(&plane).await;
    // It was seen a moment ago, and never said that it takes mail.
    let seen = status(&plane).await;
    assert_eq!((&seen["state"], problems(&seen)), (&json!("critical"), vec![("no_worker", "installation")]));
    assert_eq!(seen["workers"]["starting"], 1);

    let head = seen["configuration"]["head"].as_str();
    let running = head.map(|head| {
        let (epoch, version) = head.split_once('.').unwrap();
        json!({ "epoch": epoch.parse::<u64>().unwrap(), "version": version.parse::<u64>().unwrap() })
    });
    report(&plane, &worker, json!({ "running": running, "load": load(0, 0) })).await.expect(200);
    let well = status(&plane).await;
    assert_eq!((&well["state"], problems(&well)), (&json!("ok"), vec![]), "{well}");
    assert_eq!((&well["workers"]["ready"], &well["workers"]["versions"][0]["workers"]), (&json!(1), &json!(1)));

    let part = json!({ "key": "domain/acme.example", "tenant": null, "pointer": "", "message": "unknown field" });
    let unwell = json!({ "running": { "epoch": 1, "version": 0 }, "load": load(90, 50), "sessions": 9, "errors": [part],
        "refused": { "version": null, "refusal": "hash_mismatch" },
        "now": plane.clock.now().as_micros() - 6_000_000, "an_unknown_field": 1 });
    report(&plane, &worker, unwell.clone()).await.expect(200);
    let seen = status(&plane).await;
    let told: Vec<_> = problems(&seen).iter().map(|(code, _)| *code).collect();
    let of_worker =
        ["worker_refuses", "worker_errors", "clock_skew", "sessions_full", "messages_full", "events_piling_up"];
    assert_eq!(told, of_worker, "{seen}");
    assert_eq!((&seen["state"], &seen["events"]["fullest_buffer"]), (&json!("warning"), &json!(0.5)));
    assert!(seen["problems"][0]["message"].as_str().unwrap().contains("hash_mismatch"));
    assert_eq!(seen["problems"][0]["subject"]["name"], "a worker");

    // Half a minute after an edit was published it should run it.
    plane.clock.advance(Duration::from_secs(31));
    report(&plane, &worker, json!({ "running": { "epoch": 1, "version": 0 } })).await.expect(200);
    assert_eq!(problems(&status(&plane).await), [("worker_behind", "worker")]);

    plane.clock.advance(Duration::from_secs(31));
    let seen = status(&plane).await;
    assert_eq!(problems(&seen), [("no_worker", "installation"), ("worker_away", "worker")]);
    assert!(seen["problems"][1]["since"].is_string() && seen["problems"][1]["severity"] == "notice");
}

async fn one_that_drains_is_told_so_and_counts_as_drained_when_its_last_session_is_over(plane: Plane) {
    let worker = worker_token(&plane).await;
    assert_eq!(report(&plane, &worker, json!({ "sessions": 3 })).await.expect(200)["drain"], Value::Null);
    let id = plane.get("/v1/workers").send().await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/workers/{id}");
    let state = async || plane.get(&path).send().await.expect(200)["state"].as_str().unwrap().to_owned();
    assert_eq!(state().await, "ready");
    let told = plane.post(&format!("{path}/drain")).send().await.expect(200);
    assert_eq!((&told["state"], told["drain_requested_at"].is_string()), (&json!("draining"), true));
    // Asked for, and not heard yet: it may still take sessions, though it has none.
    assert_eq!(report(&plane, &worker, json!({})).await.expect(200)["drain"], true);
    assert_eq!(state().await, "draining");
    let ack = report(&plane, &worker, json!({ "draining": true, "ready": false, "sessions": 1 })).await.expect(200);
    // Others share what next hops take without it; it keeps a share of its own while it delivers.
    assert_eq!((state().await.as_str(), &ack["live_workers"]), ("draining", &json!(1)));
    report(&plane, &worker, json!({ "draining": true, "ready": false })).await.expect(200);
    assert_eq!(state().await, "drained");
    assert_eq!(problems(&status(&plane).await), [("no_worker", "installation"), ("worker_draining", "worker")]);
    plane.post(&format!("{path}/resume")).send().await.expect(200);
    assert_eq!(state().await, "draining", "it has not heard it yet");
    assert_eq!(report(&plane, &worker, json!({})).await.expect(200)["drain"], Value::Null);
    assert_eq!(state().await, "ready");
    let other = "/v1/workers/wkr_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/drain";
    plane.post(other).send().await.problem(404, "not_found");
}

async fn what_did_not_come_into_the_trace_is_counted(plane: Plane) {
    let worker = worker_token(&plane).await;
    report(&plane, &worker, json!({})).await.expect(200);
    let now = plane.clock.now();
    let events = json!([{ "kind": "unheard_of" }, { "kind": "gap", "from": now, "to": now, "events": 7 }]);
    let batch = json!({ "schema": contract::events::SCHEMA, "stream": Uuid::from_bytes([1; 16]), "first_seq": 1,
        "events": events });
    plane.post("/worker/v1/events").with_token(&worker).json(&batch).send().await.expect(200);
    let seen = status(&plane).await;
    assert_eq!(problems(&seen), [("events_rejected", "installation"), ("trace_gap", "installation")]);
    let counted = &seen["events"];
    assert_eq!((&counted["gaps"], &counted["missing"], &counted["rejected"]), (&json!(1), &json!(7), &json!(1)));
}

async fn switches_that_are_not_for_production_are_told() {
    let plane = Plane::start_with(|config| {
        config.accept_domains_without_proof = true;
        config.postmaster = Some(control_plane::FirstOwner::default().email.parse().unwrap());
    })
    .await;
    let seen = status(&plane).await;
    let mut told = problems(&seen);
    told.retain(|(code, _)| *code != "no_worker");
    assert_eq!(told, [("ownership_not_asked", "installation"), ("postmaster_unreachable", "installation")]);
}

#[test]
fn every_code_stands_in_the_operators_book() {
    let book = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md")).unwrap();
    assert!(book.contains(&table()), "docs/operations.md should have:\n{}", table());
    let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
}

//! A worker's enrolment: what it says of itself is kept, and what makes no sense is named and spends nothing.

use serde_json::{Value, json};

use crate::harness::{Plane, on_both};

on_both! {
    a_worker_says_what_it_reads_and_bad_bodies_spend_no_token
}

async fn a_worker_says_what_it_reads_and_bad_bodies_spend_no_token(plane: Plane) {
    let made = plane.post("/v1/join-tokens").json(&json!({ "name": "one use" })).send().await.expect(201);
    let good = json!({
        "join_token": made["token"], "name": "worker-1", "public_key": "A".repeat(43), "software_version": "0.1.0",
        "snapshot_schemas": [3, 2, 1], "event_schemas": [1]
    });
    let enrol = async |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        plane.post("/worker/v1/enrol").anonymously().json(&body).send().await
    };
    let many: Vec<u16> = (1..=33).collect();
    let bad = [
        ("snapshot_schemas", json!([])),
        ("snapshot_schemas", json!([99])),
        ("snapshot_schemas", json!(many)),
        ("event_schemas", json!([99])),
        ("event_schemas", json!(many)),
        ("public_key", json!("short")),
        ("name", json!("")),
        ("name", json!("a\nb")),
        ("software_version", json!("x".repeat(254))),
    ];
    for (member, value) in bad {
        let refused = enrol(member, value.clone()).await;
        refused.problem(422, "invalid_body");
        assert_eq!(refused.pointers(), [format!("/{member}")], "{value}");
    }
    assert_eq!(enrol("snapshot_schemas", json!("2")).await.status, 422);
    enrol("join_token", json!("pjt_nothing")).await.problem(401, "unauthenticated");
    assert_eq!(plane.count("SELECT COUNT(*) FROM workers").await, 0);
    // The one use is still there.
    enrol("name", json!("worker-1")).await.expect(201);
    assert_eq!(plane.count("SELECT COUNT(*) FROM workers WHERE snapshot_schemas = '[3,2,1]'").await, 1);
    enrol("name", json!("worker-2")).await.problem(401, "unauthenticated");
}

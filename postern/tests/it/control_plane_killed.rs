//! The control plane killed with -9 in the middle of a load, and started again: no mail is held up, and each event
//! arrives once.

use std::collections::BTreeSet;

use pretend::{
    dns::Dns,
    load::{self, Ledger, Plan, Sink},
};
use serde_json::{Value, json};

use crate::{
    customer,
    process::{self, Place},
};

const MESSAGES: usize = 3_000;
/// The blow falls once so many have their 250; the plane comes back after as many more.
const BLOW_AFTER: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_not_held_up_and_each_event_arrives_once() {
    let (place, dns, ledger) = (Place::new(), Dns::start().await, Ledger::new(MESSAGES));
    let sink = Sink::start(&ledger, None).await;
    let database = tests::database::chosen().await;
    let settings = |listen| {
        let settings = process::control_plane(&place.path().join("data"), listen, dns.address());
        settings + &process::database(database.as_ref())
    };
    let control_plane = place.start("control-plane", "control-plane", &settings(process::free())).await;
    let api = control_plane.address("api");
    let rest = customer::sign_in(api).await;
    let token = rest.post("/v1/join-tokens", json!({ "name": "these", "uses": 100 })).await.text("token");
    let version = customer::onboard(&rest, sink.address()).await;
    let mut workers = Vec::new();
    for name in ["worker-1", "worker-2"] {
        let config = process::joining(name, api, &token, process::free(), dns.address());
        workers.push(place.start("worker", name, &config).await);
    }
    rest.until_applied(version).await;

    let targets = workers.iter().map(|worker| worker.address("smtp")).collect();
    let plan = Plan { sessions: 40, ..Plan::new(targets, "anna@acme.example") };
    let sending = tokio::spawn({
        let ledger = ledger.clone();
        async move { load::run(plan, &ledger).await }
    });
    ledger.until_accepted(BLOW_AFTER).await;
    control_plane.kill().await;
    ledger.until_accepted(2 * BLOW_AFTER).await;
    let control_plane = place.start("control-plane", "control-plane", &settings(api)).await;
    let found = sending.await.expect("a load");
    let counts = (found.accepted, found.lost, found.doubled, found.unasked, found.deferrals, found.breaks);
    assert_eq!(counts, (MESSAGES, 0, 0, 0, 0, 0), "{found}");

    let rest = customer::sign_in(api).await;
    let traced = rest.until_messages("disposition=accepted", MESSAGES).await;
    let ids: BTreeSet<_> = traced.iter().filter_map(|message| message["message_id"].as_str()).collect();
    assert_eq!((traced.len(), ids.len()), (MESSAGES, MESSAGES), "each once");
    assert_eq!(rest.gaps().await, Vec::<Value>::new());
    // And the fleet follows again.
    let edit = rest.patch("/v1/policy", json!({ "trace_dialogue": "all" })).await;
    rest.until_applied(edit.version()).await;
    for worker in workers {
        worker.end().await;
    }
    control_plane.end().await;
}

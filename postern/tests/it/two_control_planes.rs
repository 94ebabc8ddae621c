//! Two control planes on one PostgreSQL behind a plain balancer, and three workers: either is killed with -9 amid a load,
//! edits through the other are applied, each event arrives once, nothing is lost.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use pretend::{
    balancer::Balancer,
    dns::Dns,
    load::{self, Ledger, Plan, Sink, Slow},
};
use serde_json::{Value, json};
use tests::Rest;

use crate::{
    customer,
    process::{self, Place, Process},
};

const MESSAGES: usize = 4_000;
/// Messages that have their 250 before the first blow; and before the second, once the first is mended.
const BEFORE: usize = 200;

/// An edit through this one, and what it takes for every worker to run it.
async fn edited(api: SocketAddr, dialogue: &str) -> Rest {
    let rest = customer::sign_in(api).await;
    let edit = rest.patch("/v1/policy", json!({ "trace_dialogue": dialogue })).await;
    rest.until_applied(edit.version()).await;
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn either_is_killed_amid_a_load_and_nothing_is_lost() {
    let Some(database) = tests::database::postgres().await else { return };
    let (place, dns, ledger) = (Place::new(), Dns::start().await, Ledger::new(MESSAGES));
    let sink = Sink::start(&ledger, None).await;
    let start = async |name: &str, listen: SocketAddr| -> Process {
        let settings = process::control_plane(&place.path().join(name), listen, dns.address());
        place.start("control-plane", name, &(settings + &process::database(Some(&database)))).await
    };
    let one = start("one", process::free()).await;
    place.same_keys("one", "two");
    let two = start("two", process::free()).await;
    let (at_one, at_two) = (one.address("api"), two.address("api"));
    let balancer = Balancer::start(vec![at_one, at_two]).await.expect("a free port");

    let rest = customer::sign_in(balancer.address).await;
    let token = rest.post("/v1/join-tokens", json!({ "name": "these", "uses": 100 })).await.text("token");
    let version = customer::onboard(&rest, sink.address()).await;
    let mut workers = Vec::new();
    for name in ["worker-1", "worker-2", "worker-3"] {
        let config = process::joining(name, balancer.address, &token, process::free(), dns.address());
        workers.push(place.start("worker", name, &config).await);
    }
    rest.until_applied(version).await;
    assert!(balancer.carried().iter().all(|carried| *carried > 0), "both are used: {:?}", balancer.carried());

    let targets = workers.iter().map(|worker| worker.address("smtp")).collect();
    // Slow enough to last until both were killed and their leases taken over.
    let slow = Some(Slow { chunk_bytes: 512, pause: Duration::from_millis(25) });
    let plan = Plan { sessions: 40, slow, ..Plan::new(targets, "anna@acme.example") };
    let sending = tokio::spawn({
        let ledger = ledger.clone();
        async move { load::run(plan, &ledger).await }
    });
    ledger.until_accepted(BEFORE).await;
    one.kill().await;
    edited(at_two, "all").await;
    let one = start("one", at_one).await;
    let so_far = ledger.compare().accepted;
    ledger.until_accepted(so_far + BEFORE).await;
    two.kill().await;
    edited(at_one, "exceptions").await;
    assert!(!sending.is_finished(), "both blows fell amid the load");
    let two = start("two", at_two).await;
    let found = sending.await.expect("a load");
    let counts = (found.accepted, found.lost, found.doubled, found.unasked, found.deferrals, found.breaks);
    assert_eq!(counts, (MESSAGES, 0, 0, 0, 0, 0), "{found}");

    let rest = customer::sign_in(at_two).await;
    let traced = rest.until_messages("disposition=accepted", MESSAGES).await;
    let ids: BTreeSet<_> = traced.iter().filter_map(|message| message["message_id"].as_str()).collect();
    assert_eq!((traced.len(), ids.len()), (MESSAGES, MESSAGES), "each once");
    assert_eq!(rest.gaps().await, Vec::<Value>::new());
    // Orderly ends bring the last sums; a batch that was counted twice would show here.
    for worker in workers {
        worker.end().await;
    }
    let domains = rest.get("/v1/domains?name=acme.example").await;
    let domain = domains.body["data"][0]["id"].as_str().expect("the customer's domain").to_owned();
    let counted = rest.get(&format!("/v1/domains/{domain}/statistics")).await;
    assert_eq!(counted.body["total"]["accepted"], json!(MESSAGES), "{}", counted.body);
    one.end().await;
    two.end().await;
}

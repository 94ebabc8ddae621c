//! Routes: their kinds, how their hops fare, and trying them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    doors::worker_token,
    harness::{Call, Plane, Reply, on_both},
};

on_both! {
    kinds_have_what_belongs_to_them_and_nothing_else
    how_hops_fare_is_summed_over_the_workers_that_are_there
    a_test_goes_to_a_worker_that_waits_and_its_answer_comes_back
}

async fn tenant(plane: &Plane) -> String {
    let made = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A route of this body, at a tenant with `acme.example`; its id.
async fn route(plane: &Plane, mut body: Value) -> String {
    let acme = tenant(plane).await;
    body["tenant_id"] = json!(acme);
    body["name"] = json!("route");
    let made = plane.post("/v1/routes").json(&body).send().await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    let domain = json!({ "tenant_id": acme, "name": "acme.example", "route_id": id });
    plane.post("/v1/domains").json(&domain).send().await.expect(201);
    id
}

async fn kinds_have_what_belongs_to_them_and_nothing_else(plane: Plane) {
    let acme = tenant(&plane).await;
    let post = async |name: &str, mut body: Value| {
        body["tenant_id"] = json!(acme);
        body["name"] = json!(name);
        plane.post("/v1/routes").json(&body).send().await
    };
    let mx =
        post("mx", json!({ "kind": "mx", "mx": { "domain": "Office.Acme.example" }, "max_connections": 20 })).await;
    let path = mx.header("location").unwrap().to_owned();
    let mx = mx.expect(201);
    assert_eq!((&mx["kind"], &mx["hops"], &mx["max_connections"]), (&json!("mx"), &json!([]), &json!(20)));
    assert_eq!((&mx["mx"]["domain"], &mx["mx"]["port"]), (&json!("office.acme.example"), &json!(25)));
    for preset in ["microsoft365", "google_workspace"] {
        let made = post(preset, json!({ "kind": preset })).await.expect(201);
        assert_eq!((&made["kind"], &made["hops"], &made["mx"]), (&json!(preset), &json!([]), &Value::Null));
    }
    let hops = json!([{ "host": "mx.acme.example" }]);
    for (body, expected) in [
        (json!({}), vec!["/hops"]),
        (json!({ "kind": "mx" }), vec!["/mx"]),
        (json!({ "kind": "mx", "hops": hops, "mx": { "domain": "a.example" } }), vec!["/hops"]),
        (json!({ "kind": "microsoft365", "hops": hops }), vec!["/hops"]),
        (json!({ "kind": "google_workspace", "mx": { "domain": "a.example" } }), vec!["/mx"]),
        (json!({ "kind": "mx", "mx": { "domain": "192.0.2.1" } }), vec!["/mx/domain"]),
        (json!({ "kind": "mx", "mx": { "domain": "localhost", "port": 0 } }), vec!["/mx/domain", "/mx/port"]),
        (
            json!({ "kind": "mx", "mx": { "domain": "a.example", "tls": { "level": "verified" } } }),
            vec!["/mx/tls/trust"],
        ),
        (json!({ "kind": "smart" }), vec!["/kind"]),
        (json!({ "hops": hops, "max_connections": 0 }), vec!["/max_connections"]),
    ] {
        let reply = post("bad", body.clone()).await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), expected, "{body}");
    }

    // A merge patch: what is left out stays, and another kind begins anew.
    let patch = async |body: Value| plane.patch(&path).json(&body).send().await;
    let changed = patch(json!({ "mx": { "port": 2525 } })).await;
    assert!(changed.header("config-version").is_some());
    let changed = changed.expect(200);
    assert_eq!((&changed["mx"]["domain"], &changed["mx"]["port"]), (&json!("office.acme.example"), &json!(2525)));
    assert_eq!(patch(json!({ "name": "mx" })).await.header("config-version"), None);
    assert_eq!(patch(json!({ "kind": "host" })).await.pointers(), ["/hops"]);
    assert_eq!(patch(json!({ "kind": null })).await.pointers(), ["/kind"]);
    assert_eq!(patch(json!({ "hops": hops })).await.pointers(), ["/hops"]);
    let hosts = patch(json!({ "kind": "host", "hops": hops, "max_connections": null })).await.expect(200);
    assert_eq!((&hosts["mx"], &hosts["max_connections"]), (&Value::Null, &Value::Null));
    assert_eq!(patch(json!({ "hops": null })).await.pointers(), ["/hops"]);
    let preset = patch(json!({ "kind": "microsoft365" })).await.expect(200);
    assert_eq!((&preset["kind"], &preset["hops"]), (&json!("microsoft365"), &json!([])));
    assert_eq!(plane.get(&path).send().await.expect(200), preset);
}

#[tokio::test]
async fn a_route_does_not_lead_to_the_installation_itself() {
    let plane = Plane::start_with(|config| {
        config.public_url = "https://postern.msp.example:8443".parse().unwrap();
        config.own_hosts = vec!["mx.msp.example".parse().unwrap()];
    })
    .await;
    let acme = tenant(&plane).await;
    for host in ["mx.msp.example", "MX.MSP.example.", "postern.msp.example"] {
        let hops = json!({ "tenant_id": acme, "name": "r", "hops": [{ "host": host }] });
        let reply = plane.post("/v1/routes").json(&hops).send().await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/hops/0/host"], "{host}");
        let mx = json!({ "tenant_id": acme, "name": "r", "kind": "mx", "mx": { "domain": host } });
        assert_eq!(plane.post("/v1/routes").json(&mx).send().await.pointers(), ["/mx/domain"], "{host}");
    }
    let hops = json!({ "tenant_id": acme, "name": "r", "hops": [{ "host": "exchange.msp.example" }] });
    plane.post("/v1/routes").json(&hops).send().await.expect(201);
}

/// What a worker says every few seconds; `more` is what only those of today say.
fn status(plane: &Plane, more: &Value) -> Value {
    let mut status = json!({
        "stream": "0192f0c1-a2b3-7c4d-8e9f-0a1b2c3d4e5f", "running": null, "refused": null, "errors": [],
        "totals": { "events": 0, "accepted": 0, "refused": 0, "deferred": 0 }, "sessions": 0, "ready": true,
        "now": plane.clock.now(),
    });
    status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    status
}

pub(crate) async fn report(plane: &Plane, worker: &str, more: Value) -> Reply {
    plane.post("/worker/v1/status").with_token(worker).json(&status(plane, &more)).send().await
}

async fn how_hops_fare_is_summed_over_the_workers_that_are_there(plane: Plane) {
    let id = route(&plane, json!({ "hops": [{ "host": "mx.acme.example" }] })).await;
    let worker = worker_token(&plane).await;
    // One of before says nothing of hops, and goes on as ever.
    let ack = report(&plane, &worker, json!({})).await.expect(200);
    assert_eq!((&ack["live_workers"], &ack["takes_reports_of_hops"]), (&json!(1), &json!(true)));
    let path = format!("/v1/routes/{id}/health");
    assert_eq!(plane.get(&path).send().await.expect(200), json!({ "route_id": id, "hops": [] }));

    let now = plane.clock.now().as_micros();
    let hop = |connected: u64, failed_at: Option<i64>, rests_until: Option<i64>| {
        json!({ "route": id, "host": "mx.acme.example", "port": 25, "tls": "opportunistic", "connected": connected,
            "failed": u64::from(failed_at.is_some()) * 5, "last_connected_at": now - 9_000_000, "last_failed_at": failed_at,
            "last_error": failed_at.map(|_| "no connection\r\n: refused"), "rests_until": rests_until, "connect_ms": 7 })
    };
    let stranger = json!({ "route": "rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "host": "x.example", "port": 25, "tls": "none",
        "connected": 1, "failed": 0 });
    report(&plane, &worker, json!({ "hops": [hop(3, None, None), hop(4, None, None), stranger] })).await.expect(200);
    let seen = plane.get(&path).send().await.expect(200);
    let (hops, first) = (seen["hops"].as_array().unwrap().len(), &seen["hops"][0]);
    assert_eq!((hops, &first["state"], &first["connected"], &first["failed"]), (1, &json!("up"), &json!(3), &json!(0)));
    // Numbers are totals: a report that comes twice changes nothing.
    for _ in 0..2 {
        let resting = hop(4, Some(now - 1_000_000), Some(now + 2_000_000));
        report(&plane, &worker, json!({ "hops": [resting] })).await.expect(200);
    }
    let seen = plane.get(&path).send().await.expect(200);
    let (first, at_worker) = (&seen["hops"][0], &seen["hops"][0]["workers"][0]);
    assert_eq!((&first["state"], &first["connected"], &first["failed"]), (&json!("resting"), &json!(4), &json!(5)));
    assert_eq!((&first["last_error"], &at_worker["worker"]), (&json!("no connection: refused"), &json!("a worker")));
    plane.clock.advance(Duration::from_secs(3));
    assert_eq!(plane.get(&path).send().await.expect(200)["hops"][0]["state"], "failing");
    // Who was not heard of says nothing any more, and a route that is gone has no health.
    plane.clock.advance(Duration::from_secs(40));
    assert_eq!(plane.get(&path).send().await.expect(200)["hops"], json!([]));
    let other = "/v1/routes/rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/health";
    plane.get(other).send().await.problem(404, "not_found");
}

/// What a worker found, as it says it.
fn outcome(verdict: &str, text: &str) -> Value {
    json!({ "outcome": "route", "hops": [{
        "host": "mx.acme.example", "port": 25, "priority": 10, "mx_of": null, "level": "opportunistic", "verdict": verdict,
        "summary": "so it is", "extensions": ["PIPELINING"],
        "steps": [{ "step": "rcpt", "address": "192.0.2.7", "ok": true, "took_ms": 3, "code": 250, "text": text }],
        "tls": { "version": "TLSv1.3", "cipher": "x", "names": ["mx.acme.example"], "issuer": "CN=x",
            "not_after": 1_900_000_000_000_000_i64, "verifies": true, "failure": null } }] })
}

fn try_it<'a>(plane: &'a Plane, id: &str, body: &Value) -> Call<'a> {
    plane.post(&format!("/v1/routes/{id}/test")).json(body)
}

async fn a_test_goes_to_a_worker_that_waits_and_its_answer_comes_back(plane: Plane) {
    let id = route(&plane, json!({ "kind": "microsoft365" })).await;
    let worker = worker_token(&plane).await;
    // A worker of before takes none, and nobody has to wait to hear that.
    report(&plane, &worker, json!({})).await.expect(200);
    try_it(&plane, &id, &json!({})).send().await.problem(503, "no_worker");
    report(&plane, &worker, json!({ "takes_errands": true })).await.expect(200);
    let fetch = || plane.get("/worker/v1/errands?wait=20").with_token(&worker).send();
    let done = |errand: &str, body: Value| {
        plane.post(&format!("/worker/v1/errands/{errand}")).with_token(&worker).json(&body).send()
    };
    let work = async {
        let errand = fetch().await.expect(200)["errand"].clone();
        let task = &errand["task"];
        assert_eq!((&task["task"], &task["recipient"]), (&json!("test_route"), &json!("postmaster@acme.example")));
        assert_eq!(task["route"]["hops"][0]["host"], "acme-example.mail.protection.outlook.com");
        assert!(errand["within_ms"].as_u64().unwrap() <= 18_000);
        // Nobody else gets it, and a stranger's answer is nobody's.
        let none = plane.get("/worker/v1/errands").with_token(&worker).send().await.expect(200);
        assert_eq!(none, json!({ "errand": null }));
        done("ern_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", outcome("accepts", "x")).await.problem(404, "not_found");
        let id = errand["id"].as_str().unwrap();
        done(id, outcome("accepts", "2.1.5 fine\u{7}")).await.expect(204);
        done(id, outcome("fails", "x")).await.problem(404, "not_found");
    };
    let (found, ()) = tokio::join!(try_it(&plane, &id, &json!({})).header("idempotency-key", "k").send(), work);
    let again = try_it(&plane, &id, &json!({})).header("idempotency-key", "k").send().await;
    assert_eq!((again.header("idempotency-replayed"), &again.text), (Some("true"), &found.text));
    assert_eq!((found.header("config-version"), found.header("etag")), (None, None));
    let found = found.expect(200);
    assert_eq!((&found["verdict"], &found["recipient"]), (&json!("works"), &json!("postmaster@acme.example")));
    assert_eq!(found["hops"][0]["steps"][0]["text"], "2.1.5 fine");
    assert_eq!(found["hops"][0]["tls"]["not_after"], "2030-03-17T17:46:40Z");
    let log = plane.get("/v1/audit?limit=1").send().await.expect(200);
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["after"]["verdict"]),
        (&json!("route.test"), &json!("works"))
    );
    // The worker waits no more: nobody takes it, and that is said.
    try_it(&plane, &id, &json!({ "recipient": "anna@acme.example" })).send().await.problem(503, "no_worker");
}

#[tokio::test]
async fn a_test_asks_only_after_people_of_its_own_domains_and_not_too_often() {
    let plane = Plane::start().await;
    let id = route(&plane, json!({ "hops": [{ "host": "mx.acme.example" }] })).await;
    for recipient in ["anna@elsewhere.example", "anna", "anna@[192.0.2.1]", ""] {
        let reply = try_it(&plane, &id, &json!({ "recipient": recipient })).send().await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/recipient"], "{recipient}");
    }
    try_it(&plane, "rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", &json!({})).send().await.problem(404, "not_found");
    let body = json!({ "tenant_id": plane.post("/v1/tenants").json(&json!({ "name": "bare" })).send().await.expect(201)["id"],
        "name": "r", "hops": [{ "host": "mx.acme.example" }] });
    let bare = plane.post("/v1/routes").json(&body).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(try_it(&plane, &bare, &json!({})).send().await.pointers(), ["/recipient"]);
    for _ in 0..10 {
        try_it(&plane, &id, &json!({})).send().await.problem(503, "no_worker");
    }
    let refused = try_it(&plane, &id, &json!({})).send().await;
    assert!(refused.problem(429, "too_many_attempts").header("retry-after").is_some());
    plane.clock.advance(Duration::from_mins(1));
    try_it(&plane, &id, &json!({})).send().await.problem(503, "no_worker");
}

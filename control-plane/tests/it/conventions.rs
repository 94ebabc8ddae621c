//! What holds for every resource: problems, conditions, cursors, idempotency, the audit log.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Plane, on_both};

on_both! {
    the_second_call_with_a_key_gets_the_first_ones_answer
    a_key_is_good_for_one_body_one_route_and_one_day
    a_race_with_one_key_makes_one_thing
    failures_are_not_remembered
    conditions_are_kept
    lists_page_through_everything_once
    every_write_is_in_the_audit_log
    writes_answer_with_ascending_config_versions
}

on_both! {
    alone:
    what_cannot_be_read_is_told_as_a_problem
    both_media_types_of_a_merge_patch_are_taken
    health_readiness_and_metrics_need_no_credentials
}

fn tenant(name: &str) -> Value {
    json!({ "name": name })
}

async fn the_second_call_with_a_key_gets_the_first_ones_answer(plane: Plane) {
    let call = || plane.post("/v1/tenants").header("idempotency-key", "k1").json(&tenant("a")).send();
    let first = call().await;
    let second = call().await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    for header in ["location", "etag", "config-version", "content-type"] {
        assert_eq!(second.header(header), first.header(header), "{header}");
        assert!(first.header(header).is_some(), "{header}");
    }
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let all = plane.get("/v1/tenants?name=a").send().await.expect(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    // Without a key the same body is another tenant.
    plane.post("/v1/tenants").json(&tenant("a")).send().await.expect(201);
}

async fn a_key_is_good_for_one_body_one_route_and_one_day(plane: Plane) {
    let with_key = |path: &str, body: Value| plane.post(path).header("idempotency-key", "k1").json(&body).send();
    let first = with_key("/v1/tenants", tenant("a")).await.expect(201);
    with_key("/v1/tenants", tenant("b")).await.problem(422, "idempotency_key_reused");
    let id = first["id"].as_str().unwrap();
    let route = json!({ "tenant_id": id, "name": "r", "hops": [{ "host": "mx.acme.example" }] });
    with_key("/v1/routes", route).await.expect(201);
    plane.clock.advance(Duration::from_hours(25));
    let token = plane.sign_in(crate::harness::EMAIL, crate::harness::PASSWORD).await;
    let later =
        plane.post("/v1/tenants").with_token(&token).header("idempotency-key", "k1").json(&tenant("b")).send().await;
    assert_ne!(later.expect(201)["id"], first["id"]);

    for bad in ["", &"x".repeat(256), "a\tb"] {
        let reply =
            plane.post("/v1/tenants").with_token(&token).header("idempotency-key", bad).json(&tenant("c")).send();
        reply.await.problem(400, "invalid_header");
    }
}

async fn a_race_with_one_key_makes_one_thing(plane: Plane) {
    let calls =
        (0..12).map(|_| plane.post("/v1/tenants").header("idempotency-key", "k1").json(&tenant("raced")).send());
    let replies = futures::future::join_all(calls).await;
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert!(!made.is_empty());
    assert!(made.iter().all(|reply| reply.text == made[0].text));
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "idempotency_in_progress");
        assert!(reply.header("retry-after").is_some());
    }
    let all = plane.get("/v1/tenants?name=raced").send().await.expect(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
}

async fn failures_are_not_remembered(plane: Plane) {
    let id = "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";
    let call = |body: Value| plane.post("/v1/tenants").header("idempotency-key", "k1").json(&body).send();
    call(json!({ "name": "a", "parent_id": id })).await.problem(422, "invalid_body");
    call(tenant("a")).await.expect(201);
}

async fn conditions_are_kept(plane: Plane) {
    let made = plane.post("/v1/tenants").json(&tenant("a")).send().await;
    let etag = made.header("etag").unwrap().to_owned();
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(plane.get(&path).send().await.header("etag"), Some(etag.as_str()));
    let rename = |etag: &str, name: &str| plane.patch(&path).header("if-match", etag).json(&tenant(name)).send();
    let changed = rename(&etag, "b").await;
    assert_eq!(changed.status, 200);
    let newer = changed.header("etag").unwrap().to_owned();
    assert_ne!(newer, etag);
    rename(&etag, "c").await.problem(412, "precondition_failed");
    rename("W/\"r2\"", "c").await.problem(412, "precondition_failed");
    rename("*", "d").await.expect(200);
    // A patch that changes nothing moves nothing.
    let same = plane.patch(&path).json(&tenant("d")).send().await;
    assert_eq!(same.header("etag"), plane.get(&path).send().await.header("etag"));
    assert_eq!(same.header("config-version"), None);
    plane.delete(&path).header("if-match", &etag).send().await.problem(412, "precondition_failed");

    let policy = plane.get("/v1/policy").send().await;
    let body = json!({ "max_line_octets": 2_000 });
    plane.patch("/v1/policy").json(&body).send().await.problem(428, "precondition_required");
    let etag = policy.header("etag").unwrap();
    plane.patch("/v1/policy").header("if-match", etag).json(&body).send().await.expect(200);
    plane.patch("/v1/policy").header("if-match", etag).json(&body).send().await.problem(412, "precondition_failed");
}

async fn lists_page_through_everything_once(plane: Plane) {
    for i in 0..7 {
        let body = json!({ "name": format!("t{i}"), "labels": { "odd": (i % 2).to_string() } });
        plane.post("/v1/tenants").json(&body).send().await.expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/v1/tenants?limit=3&label=odd:0".to_owned();
    loop {
        let page = plane.get(&path).send().await.expect(200);
        names.extend(page["data"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/tenants?limit=3&label=odd:0&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["t0", "t2", "t4", "t6"]);

    let page = plane.get("/v1/tenants?limit=2").send().await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let bent = format!("A{}", &cursor[1..]);
    for path in [
        format!("/v1/tenants?limit=2&cursor={bent}"),
        format!("/v1/tenants?cursor={cursor}x"),
        format!("/v1/tenants?name=t1&cursor={cursor}"),
        format!("/v1/domains?cursor={cursor}"),
        "/v1/tenants?cursor=".to_owned(),
    ] {
        plane.get(&path).send().await.problem(400, "invalid_cursor");
    }
    for (query, pointer) in
        [("limit=0", "?limit"), ("limit=501", "?limit"), ("nmae=x", "?nmae"), ("parent_id=x", "?parent_id")]
    {
        let reply = plane.get(&format!("/v1/tenants?{query}")).send().await;
        reply.problem(400, "invalid_query");
        assert_eq!(reply.pointers(), [pointer]);
    }
}

async fn every_write_is_in_the_audit_log(plane: Plane) {
    let made = plane.post("/v1/tenants").json(&tenant("a")).send().await;
    let path = made.header("location").unwrap().to_owned();
    let id = made.body["id"].as_str().unwrap().to_owned();
    let patched = plane.patch(&path).json(&tenant("b")).send().await;
    plane.delete(&path).send().await.expect(200);
    plane.post(&format!("{path}/restore")).send().await.expect(200);
    let log = plane.get(&format!("/v1/audit?target_id={id}")).send().await.expect(200);
    let entries = log["data"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["tenant.restore", "tenant.close", "tenant.update", "tenant.create"]);
    let update = &entries[2];
    assert_eq!(update["actor"]["kind"], "person");
    assert_eq!(update["actor"]["name"], crate::harness::EMAIL);
    assert_eq!(update["address"], "127.0.0.1");
    assert_eq!(update["request_id"].as_str(), patched.header("x-request-id"));
    assert_eq!((&update["before"]["name"], &update["after"]["name"]), (&json!("a"), &json!("b")));
    assert_eq!(update["tenant_id"], json!(id));
    assert_eq!(entries[3]["before"], Value::Null);
    // A refused write leaves nothing.
    plane.patch(&path).json(&json!({ "name": "" })).send().await.problem(422, "invalid_body");
    let again = plane.get(&format!("/v1/audit?target_id={id}&action=tenant.update")).send().await.expect(200);
    assert_eq!(again["data"].as_array().unwrap().len(), 1);
    let paged = plane.get("/v1/audit?limit=1").send().await.expect(200);
    assert!(paged["next_cursor"].is_string());
}

async fn writes_answer_with_ascending_config_versions(plane: Plane) {
    let mut last = 0;
    for i in 0..3 {
        let made = plane.post("/v1/tenants").json(&tenant(&format!("t{i}"))).send().await;
        let version: i64 = made.header("config-version").unwrap().parse().unwrap();
        assert!(version > last);
        last = version;
    }
    assert_eq!(plane.get("/v1/tenants").send().await.header("config-version"), None);
}

async fn what_cannot_be_read_is_told_as_a_problem() {
    let plane = Plane::start().await;
    let post = |media: &'static str, body: &'static str| plane.post("/v1/tenants").raw(media, body).send();
    post("application/json", "{\"name\": ").await.problem(400, "malformed_body");
    post("application/json", "").await.problem(400, "malformed_body");
    post("application/json; charset=latin1", "{}").await.problem(415, "unsupported_media_type");
    post("text/plain", "{}").await.problem(415, "unsupported_media_type");
    post("application/merge-patch+json", "{}").await.problem(415, "unsupported_media_type");
    plane.post("/v1/tenants").send().await.problem(415, "unsupported_media_type");
    let big = format!("{{\"name\": \"{}\"}}", "x".repeat(1024 * 1024));
    plane.post("/v1/tenants").raw("application/json", big.clone()).send().await.problem(413, "body_too_large");
    let keyed = plane.post("/v1/tenants").header("idempotency-key", "k").raw("application/json", big);
    keyed.send().await.problem(413, "body_too_large");
    post("application/json", "[1]").await.problem(422, "invalid_body");

    plane.get("/v1/nothing").send().await.problem(404, "not_found");
    plane.get("/").anonymously().send().await.problem(404, "not_found");
    let reply = plane.delete("/v1/tenants").send().await;
    reply.problem(405, "method_not_allowed");
    assert!(reply.header("allow").is_some_and(|allow| allow.contains("POST")), "{:?}", reply.headers);
    for id in ["x", "dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "ten_0192F0C1A2B37C4D8E9F0A1B2C3D4E5F", "%00", "..%2f"] {
        plane.get(&format!("/v1/tenants/{id}")).send().await.problem(404, "not_found");
    }
}

async fn both_media_types_of_a_merge_patch_are_taken() {
    let plane = Plane::start().await;
    let made = plane.post("/v1/tenants").json(&json!({ "name": "a", "external_ref": "1" })).send().await;
    let path = made.header("location").unwrap();
    let send = |media: &'static str, body: &'static str| plane.patch(path).raw(media, body).send();
    assert_eq!(send("application/merge-patch+json", r#"{"external_ref": "2"}"#).await.expect(200)["external_ref"], "2");
    assert_eq!(send("application/json", r#"{"external_ref": null}"#).await.expect(200)["external_ref"], Value::Null);
    send("application/json-patch+json", "{}").await.problem(415, "unsupported_media_type");
    let reply = send("application/json", r#"{"name": null, "state": "x"}"#).await;
    reply.problem(422, "invalid_body");
    assert_eq!(reply.pointers(), ["/state"]);
    assert_eq!(send("application/json", r#"{"name": null}"#).await.pointers(), ["/name"]);
}

async fn health_readiness_and_metrics_need_no_credentials() {
    let plane = Plane::start().await;
    plane.get("/v1/tenants").send().await.expect(200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(plane.get(path).anonymously().send().await.status, 200, "{path}");
    }
    let metrics = plane.get("/metrics").anonymously().send().await.text;
    let line = "postern_api_requests_total{method=\"GET\",route=\"/v1/tenants\",status=\"200\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    let closed = Plane::start_with(|config| config.metrics_allow = vec!["192.0.2.0/24".parse().unwrap()]).await;
    closed.get("/metrics").anonymously().send().await.problem(404, "not_found");
}

//! Pools: whose configuration goes where, and who may say so.

use contract::snapshot::object::Object;
use serde_json::{Value, json};

use crate::{
    doors::worker_token_in,
    harness::{Plane, Reply, on_both},
    heads::head_in,
    policy::tenant,
    publishing::walk,
};

on_both! {
    a_pools_tree_holds_what_its_tenants_need_and_no_more
    pools_are_made_named_and_refused
    the_nearest_level_that_names_pools_decides
    a_change_is_applied_when_the_workers_of_every_pool_run_it
    what_left_a_pool_explains_that_it_shrinks
    what_a_worker_tells_of_another_pools_tenant_is_set_aside
    dns_is_held_against_the_hosts_of_the_pools_that_serve_the_domain
    a_join_token_lets_into_the_pool_that_it_names
    a_secret_is_sealed_for_each_pool_with_its_own_key
    a_pool_that_nobody_edits_is_signed_anew_while_others_are_edited
    a_pool_that_cannot_be_published_to_holds_up_no_other
    deletions_in_a_pool_explain_that_those_above_went_too
    of_a_name_that_tenants_of_two_pools_have_each_pool_has_its_own
}

async fn pool(plane: &Plane, name: &str) -> String {
    let made = plane.post("/v1/pools").json(&json!({ "name": name })).send().await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn default_pool(plane: &Plane) -> String {
    let found = plane.get("/v1/pools?name=default").send().await.expect(200);
    found["data"][0]["id"].as_str().unwrap().to_owned()
}

async fn assign(plane: &Plane, tenant: &str, pools: &Value) -> Reply {
    plane.call("PUT", &format!("/v1/tenants/{tenant}/pools")).json(&json!({ "pool_ids": pools })).send().await
}

/// As docs/operations.md says it: the new ones beside the old, then the new ones alone.
async fn moved(plane: &Plane, tenant: &str, pools: &Value) -> Reply {
    let now = plane.get(&format!("/v1/tenants/{tenant}/pools")).send().await.expect(200);
    let mut both = now["effective"].as_array().unwrap().clone();
    both.extend(pools.as_array().cloned().unwrap_or_default());
    if pools.is_null() {
        both.extend(
            plane.get("/v1/pools?name=default").send().await.expect(200)["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pool| pool["id"].clone()),
        );
    }
    assign(plane, tenant, &json!(both)).await.expect(200);
    assign(plane, tenant, pools).await
}

async fn domain(plane: &Plane, tenant: &str, name: &str, route: Option<&str>) -> Reply {
    plane.post("/v1/domains").json(&json!({ "tenant_id": tenant, "name": name, "route_id": route })).send().await
}

/// What stands in a tree, but for keys that hold ids.
fn names(objects: &std::collections::BTreeMap<String, Object>) -> Vec<String> {
    let mut names: Vec<String> = objects
        .values()
        .map(|object| match object {
            Object::Tenant(_) => "tenant".to_owned(),
            Object::Route(_) => "route".to_owned(),
            other => other.key().to_string(),
        })
        .collect();
    names.sort();
    names
}

async fn a_pools_tree_holds_what_its_tenants_need_and_no_more(plane: Plane) {
    let (east, default) = (pool(&plane, "east").await, default_pool(&plane).await);
    let msp = tenant(&plane, json!({ "name": "msp", "kind": "msp" })).await;
    let acme = tenant(&plane, json!({ "name": "acme", "parent_id": msp })).await;
    let other = tenant(&plane, json!({ "name": "other", "parent_id": msp })).await;
    let hop = json!([{ "host": "mail.msp.example", "port": 25 }]);
    let body = json!({ "tenant_id": msp, "name": "shared", "hops": hop });
    let route = plane.post("/v1/routes").json(&body).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    domain(&plane, &acme, "acme.example", Some(&route)).await.expect(201);
    // The MSP's own: what stands above a customer brings its object, list and routes with it, never its domains.
    domain(&plane, &msp, "msp.example", None).await.expect(201);
    let made = domain(&plane, &other, "other.example", None).await;
    let (in_default, in_east) = (worker_token_in(&plane, "default").await, worker_token_in(&plane, "east").await);

    let before = head_in("default", &plane, &in_default, &made).await;
    let (all, _) = walk(&plane, &in_default, &before).await;
    let everything = [
        "domain/acme.example",
        "domain/msp.example",
        "domain/other.example",
        "installation",
        "route",
        "tenant",
        "tenant",
        "tenant",
        "tenant",
    ];
    assert_eq!(names(&all), everything);
    let empty = head_in("east", &plane, &in_east, &made).await;
    assert_eq!(names(&walk(&plane, &in_east, &empty).await.0), ["installation"]);
    assert_eq!((empty.totals.tenants, empty.totals.domains), (0, 0));

    // The customer goes east: its chain and the route of its MSP go with it, the MSP's other customer does not.
    let moved = self::moved(&plane, &acme, &json!([east])).await;
    let head = head_in("east", &plane, &in_east, &moved).await;
    let (there, _) = walk(&plane, &in_east, &head).await;
    assert_eq!(names(&there), ["domain/acme.example", "installation", "route", "tenant", "tenant", "tenant"]);
    assert_eq!((head.totals.tenants, head.totals.domains), (3, 1));
    let left = head_in("default", &plane, &in_default, &moved).await;
    let (rest, _) = walk(&plane, &in_default, &left).await;
    assert_eq!(
        names(&rest),
        ["domain/msp.example", "domain/other.example", "installation", "route", "tenant", "tenant", "tenant"]
    );

    // Nobody gets another pool's objects by their names.
    let theirs = json!({ "names": [head.root] });
    plane.post("/worker/v1/objects").with_token(&in_default).json(&theirs).send().await.problem(404, "not_found");
    let pack = format!("/worker/v1/packs/{}", head.root);
    plane.get(&pack).with_token(&in_default).send().await.problem(404, "not_found");

    // An edit of what both have moves both; an edit of what one has moves that one.
    let lock = json!({ "keep_subject": true });
    let path = format!("/v1/tenants/{msp}/policy");
    let edit = plane.call("PATCH", &path).header("if-match", "*").json(&lock).send().await;
    let (a, b) = (head_in("default", &plane, &in_default, &edit).await, head_in("east", &plane, &in_east, &edit).await);
    assert!(a.version > left.version && b.version > head.version);
    let edit = domain(&plane, &other, "second.example", None).await;
    let c = head_in("default", &plane, &in_default, &edit).await;
    let d = head_in("east", &plane, &in_east, &edit).await;
    assert!(c.version > a.version && (d.version, d.root) == (b.version, b.root));

    // A new customer of the MSP is where the MSP is; a restart changes nothing of it.
    let both = assign(&plane, &msp, &json!([default, east])).await.expect(200);
    assert_eq!(both["effective"].as_array().unwrap().len(), 2);
    let fresh = tenant(&plane, json!({ "name": "fresh", "parent_id": msp })).await;
    let made = domain(&plane, &fresh, "fresh.example", None).await;
    let (a, b) = (head_in("default", &plane, &in_default, &made).await, head_in("east", &plane, &in_east, &made).await);
    let has = |objects: &std::collections::BTreeMap<String, Object>, name: &str| {
        objects.contains_key(&format!("domain/{name}"))
    };
    let (in_a, _) = walk(&plane, &in_default, &a).await;
    let (in_b, _) = walk(&plane, &in_east, &b).await;
    assert!(has(&in_a, "fresh.example") && has(&in_b, "fresh.example"));
    assert!(!has(&in_a, "acme.example") && has(&in_b, "acme.example") && has(&in_b, "other.example"));
    let plane = plane.restart().await;
    let made = tenant_reply(&plane, "one more").await;
    let b_again = head_in("east", &plane, &in_east, &made).await;
    assert_eq!((b_again.version, b_again.root), (b.version, b.root));

    // Back where it came from: nothing is left in the other tree.
    assign(&plane, &msp, &Value::Null).await.expect(200);
    let back = self::moved(&plane, &acme, &Value::Null).await;
    let head = head_in("east", &plane, &in_east, &back).await;
    assert_eq!(names(&walk(&plane, &in_east, &head).await.0), ["installation"]);
    let head = head_in("default", &plane, &in_default, &back).await;
    assert!(has(&walk(&plane, &in_default, &head).await.0, "acme.example"));
}

async fn tenant_reply(plane: &Plane, name: &str) -> Reply {
    plane.post("/v1/tenants").json(&json!({ "name": name })).send().await
}

async fn pools_are_made_named_and_refused(plane: Plane) {
    let post = async |body: Value| plane.post("/v1/pools").json(&body).send().await;
    for bad in ["", "East", "1st", "-a", "a b", &"a".repeat(64)] {
        let reply = post(json!({ "name": bad })).await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/name"], "{bad}");
    }
    let twice = post(json!({ "name": "east", "mx_hosts": ["mx.msp.example", "MX.msp.example"] })).await;
    assert_eq!(twice.problem(422, "invalid_body").pointers(), ["/mx_hosts/1"]);
    post(json!({ "name": "east", "hosts": [] })).await.problem(422, "invalid_body");
    let made = post(json!({ "name": "east", "mx_hosts": ["mx1.msp.example"] })).await;
    let tag = made.header("etag").unwrap().to_owned();
    let made = made.expect(201);
    let path = format!("/v1/pools/{}", made["id"].as_str().unwrap());
    assert_eq!((&made["mx_hosts"], &made["is_default"]), (&json!(["mx1.msp.example"]), &json!(false)));
    post(json!({ "name": "east" })).await.problem(409, "name_taken");

    let patch = async |path: &str, body: Value| plane.call("PATCH", path).json(&body).send().await;
    let renamed = plane
        .call("PATCH", &path)
        .header("if-match", &tag)
        .json(&json!({ "name": "west", "mx_hosts": null }))
        .send()
        .await;
    let renamed = renamed.expect(200);
    assert_eq!((&renamed["name"], &renamed["mx_hosts"]), (&json!("west"), &Value::Null));
    let late = plane.call("PATCH", &path).header("if-match", &tag).json(&json!({ "name": "north" })).send().await;
    late.problem(412, "precondition_failed");
    patch(&path, json!({ "name": "default" })).await.problem(409, "name_taken");
    let default = format!("/v1/pools/{}", default_pool(&plane).await);
    patch(&default, json!({ "name": "other" })).await.problem(422, "invalid_body");
    plane.call("DELETE", &default).send().await.problem(409, "in_use");

    // One that serves somebody, or has a worker, stays.
    let acme = tenant(&plane, json!({ "name": "acme" })).await;
    let id = made["id"].clone();
    assign(&plane, &acme, &json!([id])).await.problem(409, "pools_must_overlap");
    moved(&plane, &acme, &json!([id])).await.expect(200);
    plane.call("DELETE", &path).send().await.problem(409, "in_use");
    let listed = plane.get("/v1/pools").send().await.expect(200);
    assert_eq!(listed["data"][1]["tenants"], 1);
    assign(&plane, &acme, &Value::Null).await.problem(409, "pools_must_overlap");
    moved(&plane, &acme, &Value::Null).await.expect(200);
    worker_token_in(&plane, "west").await;
    plane.call("DELETE", &path).send().await.problem(409, "in_use");
    let workers = plane.get(&format!("/v1/workers?pool_id={}", id.as_str().unwrap())).send().await.expect(200);
    let worker = workers["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(workers["data"].as_array().unwrap().len(), 1);
    plane.call("DELETE", &format!("/v1/workers/{worker}")).send().await;
    plane.call("DELETE", &path).send().await.expect(204);
    plane.get(&path).send().await.problem(404, "not_found");
    // It can be made again, and is published to.
    pool(&plane, "west").await;
    let made = tenant_reply(&plane, "next").await;
    plane.until_published(made.header("config-version").unwrap()).await;
    let log = plane.get("/v1/audit?action=pool.delete").send().await.expect(200);
    assert_eq!(log["data"][0]["before"]["name"], "west");
}

async fn the_nearest_level_that_names_pools_decides(plane: Plane) {
    let (east, default) = (pool(&plane, "east").await, default_pool(&plane).await);
    let msp = tenant(&plane, json!({ "name": "msp", "kind": "msp" })).await;
    let acme = tenant(&plane, json!({ "name": "acme", "parent_id": msp })).await;
    let read = async |tenant: &str| plane.get(&format!("/v1/tenants/{tenant}/pools")).send().await;
    let of_acme = read(&acme).await.expect(200);
    assert_eq!(of_acme, json!({ "pool_ids": null, "effective": [default], "named_by": null }));
    moved(&plane, &msp, &json!([east])).await.expect(200);
    assert_eq!(read(&acme).await.expect(200), json!({ "pool_ids": null, "effective": [east], "named_by": msp }));
    let both = assign(&plane, &acme, &json!([east, default, east])).await;
    let tag = both.header("etag").unwrap().to_owned();
    assert_eq!(both.expect(200)["pool_ids"], json!([default, east]));
    let path = format!("/v1/tenants/{acme}/pools");
    let again = plane.call("PUT", &path).header("if-match", &tag).json(&json!({ "pool_ids": null })).send().await;
    assert_eq!(again.expect(200)["effective"], json!([east]));
    let late = plane.call("PUT", &path).header("if-match", &tag).json(&json!({ "pool_ids": [east] })).send().await;
    late.problem(412, "precondition_failed");

    let unknown = contract::Id::<contract::ids::Pool>::new(plane.clock.now(), [1; 10]).to_string();
    let reply = assign(&plane, &acme, &json!([default, unknown])).await;
    assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/pool_ids/1"]);
    for bad in [json!([]), json!(vec![default.clone(); 11]), json!("x"), json!([msp])] {
        assign(&plane, &acme, &bad).await.problem(422, "invalid_body");
    }
    let nobody = contract::Id::<contract::ids::Tenant>::new(plane.clock.now(), [1; 10]).to_string();
    assign(&plane, &nobody, &json!([default])).await.problem(404, "not_found");
    plane.call("PUT", &path).json(&json!({})).send().await.problem(422, "invalid_body");
    let log = plane.get("/v1/audit?action=tenant_pools.update").send().await.expect(200);
    assert_eq!(log["data"][0]["after"]["effective"], json!([east]));
}

async fn a_change_is_applied_when_the_workers_of_every_pool_run_it(plane: Plane) {
    pool(&plane, "east").await;
    let (in_default, in_east) = (worker_token_in(&plane, "default").await, worker_token_in(&plane, "east").await);
    let made = tenant_reply(&plane, "acme").await;
    let version = made.header("config-version").unwrap().to_owned();
    plane.until_published(&version).await;
    let look = async || plane.get(&format!("/v1/config/versions/{version}")).send().await.expect(200);
    let running = async |worker: &str, head: &Value| {
        let (epoch, version) = head.as_str().unwrap().split_once('.').unwrap();
        let running = json!({ "epoch": epoch.parse::<u64>().unwrap(), "version": version.parse::<u64>().unwrap() });
        let status = json!({
            "stream": "0193b6d8-0000-7000-8000-000000000001", "running": running, "refused": null, "errors": [],
            "totals": { "events": 0, "accepted": 0, "refused": 0, "deferred": 0 }, "sessions": 0, "ready": true,
            "now": plane.clock.now().as_micros(),
        });
        plane.post("/worker/v1/status").with_token(worker).json(&status).send().await.expect(200);
    };
    let view = look().await;
    assert_eq!(
        (&view["state"], &view["workers_seen"], &view["workers_running"]),
        (&json!("published"), &json!(2), &json!(0))
    );
    let heads: Vec<Value> = view["pools"].as_array().unwrap().iter().map(|pool| pool["head"].clone()).collect();
    running(&in_default, &heads[0]).await;
    let view = look().await;
    assert_eq!((&view["state"], &view["missing"][0]["pool_id"]), (&json!("published"), &view["pools"][1]["pool_id"]));
    running(&in_east, &heads[1]).await;
    assert_eq!(look().await["state"], "applied");
    let status = plane.get("/v1/status").send().await.expect(200);
    assert_eq!(status["configuration"]["workers_behind"], 0, "{status}");
    let pools = status["pools"].as_array().unwrap();
    assert_eq!((&pools[1]["name"], &pools[1]["serves_tenants"]), (&json!("east"), &json!(false)));
}

async fn what_left_a_pool_explains_that_it_shrinks(plane: Plane) {
    let east = pool(&plane, "east").await;
    let in_default = worker_token_in(&plane, "default").await;
    let msp = tenant(&plane, json!({ "name": "msp", "kind": "msp" })).await;
    let mut last = None;
    for n in 0..5 {
        let customer = tenant(&plane, json!({ "name": format!("c{n}"), "parent_id": msp })).await;
        last = Some(domain(&plane, &customer, &format!("c{n}.example"), None).await);
    }
    let before = head_in("default", &plane, &in_default, &last.unwrap()).await;
    assert_eq!((before.totals.tenants, before.totals.domains, before.lowest_totals), (7, 5, None));
    let moved = self::moved(&plane, &msp, &json!([east])).await;
    let after = head_in("default", &plane, &in_default, &moved).await;
    assert_eq!((after.totals.tenants, after.totals.domains), (1, 0));
    let lowest = after.lowest_totals.expect("that they left is known");
    assert_eq!((lowest.tenants, lowest.domains), (1, 0));
}

async fn what_a_worker_tells_of_another_pools_tenant_is_set_aside(plane: Plane) {
    let east = pool(&plane, "east").await;
    let (acme, other) =
        (tenant(&plane, json!({ "name": "acme" })).await, tenant(&plane, json!({ "name": "other" })).await);
    moved(&plane, &acme, &json!([east])).await.expect(200);
    let (in_default, in_east) = (worker_token_in(&plane, "default").await, worker_token_in(&plane, "east").await);
    let rejected = async || plane.get("/v1/status").send().await.expect(200)["events"]["rejected"].clone();
    let push = async |worker: &str, stream: &str, seq: u64, tenant: &str| {
        let at = plane.clock.now().as_micros();
        let counters = json!({ "kind": "counters", "tenant": tenant, "domain": null, "from": at, "to": at, "accepted": 1, "refused": 0, "deferred": 0, "bytes": 1 });
        let batch =
            json!({ "schema": contract::events::SCHEMA, "stream": stream, "first_seq": seq, "events": [counters] });
        let reply = plane.post("/worker/v1/events").with_token(worker).json(&batch).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    };
    let (one, two) = ("0193b6d8-0000-7000-8000-000000000001", "0193b6d8-0000-7000-8000-000000000002");
    // What it left a moment ago may still be told; what it never had may not.
    push(&in_default, one, 1, &acme).await;
    push(&in_east, two, 1, &acme).await;
    assert_eq!(rejected().await, 0);
    push(&in_east, two, 2, &other).await;
    assert_eq!(rejected().await, 1);
    // As if it had left a week and a minute ago.
    let long_ago = "UPDATE pool_departures SET left_at = left_at - 604860000000";
    plane.tamper(long_ago, long_ago).await;
    push(&in_default, one, 2, &acme).await;
    push(&in_default, one, 3, &other).await;
    assert_eq!(rejected().await, 2);
    let counted = plane.get(&format!("/v1/tenants/{acme}/statistics")).send().await.expect(200);
    assert_eq!(counted["total"]["accepted"], 2, "{counted}");
}

async fn dns_is_held_against_the_hosts_of_the_pools_that_serve_the_domain(plane: Plane) {
    let body = json!({ "name": "east", "mx_hosts": ["mx1.east.msp.example", "mx2.east.msp.example"] });
    let east = plane.post("/v1/pools").json(&body).send().await.expect(201)["id"].clone();
    let acme = tenant(&plane, json!({ "name": "acme" })).await;
    let made = domain(&plane, &acme, "acme.example", None).await.expect(201);
    let path = format!("/v1/domains/{}/dns", made["id"].as_str().unwrap());
    let expected = async || plane.get(&path).send().await.expect(200)["mx"]["expected"].clone();
    assert_eq!(expected().await, json!([]));
    moved(&plane, &acme, &json!([east])).await.expect(200);
    assert_eq!(expected().await, json!(["10 mx1.east.msp.example.", "20 mx2.east.msp.example."]));
    let theirs = domain(&plane, &acme, "mx1.east.msp.example", None).await;
    assert_eq!(theirs.problem(422, "invalid_body").pointers(), ["/name"]);
    let hops = json!([{ "host": "mx2.east.msp.example" }]);
    let back = plane.post("/v1/routes").json(&json!({ "tenant_id": acme, "name": "back", "hops": hops })).send().await;
    assert_eq!(back.problem(422, "invalid_body").pointers(), ["/hops/0/host"]);
}

async fn a_join_token_lets_into_the_pool_that_it_names(plane: Plane) {
    let east = pool(&plane, "east").await;
    let make =
        async |pool: &str| plane.post("/v1/join-tokens").json(&json!({ "name": "east", "pool_id": pool })).send().await;
    assert_eq!(make(&east).await.expect(201)["pool_id"], json!(east));
    let unknown = contract::Id::<contract::ids::Pool>::new(plane.clock.now(), [1; 10]).to_string();
    assert_eq!(make(&unknown).await.problem(422, "invalid_body").pointers(), ["/pool_id"]);
}

async fn a_secret_is_sealed_for_each_pool_with_its_own_key(plane: Plane) {
    let (east, default) = (pool(&plane, "east").await, default_pool(&plane).await);
    let acme = tenant(&plane, json!({ "name": "acme" })).await;
    let certificate = pretend::ca::Ca::new().issue(&["mx.msp.example"]);
    crate::certificates::good(&plane, None, &certificate).await;
    let moved = assign(&plane, &acme, &json!([default, east])).await;
    let mut sealed = Vec::new();
    for name in ["default", "east"] {
        let worker = worker_token_in(&plane, name).await;
        let head = head_in(name, &plane, &worker, &moved).await;
        let (objects, _) = walk(&plane, &worker, &head).await;
        let found = objects.into_values().find_map(|object| match object {
            Object::Certificate(certificate) => Some(serde_json::to_value(&certificate.key).unwrap()),
            _ => None,
        });
        sealed.push(found.expect("the installation's certificate is in every pool"));
    }
    assert_ne!(sealed[0], sealed[1]);
}

async fn a_pool_that_nobody_edits_is_signed_anew_while_others_are_edited(plane: Plane) {
    let east = pool(&plane, "east").await;
    let acme = tenant(&plane, json!({ "name": "acme" })).await;
    let assigned = moved(&plane, &acme, &json!([east])).await;
    plane.until_published(assigned.header("config-version").unwrap()).await;
    let of_east =
        |what: &str| format!("SELECT {what} FROM heads WHERE pool_id = (SELECT id FROM pools WHERE name = 'east')");
    let before = (plane.count(&of_east("version")).await, plane.count(&of_east("issued_at")).await);
    plane.clock.advance(std::time::Duration::from_secs(50));
    // Edits of the other pool, each of which is a turn of the publisher.
    for n in 0..3 {
        plane.clock.advance(std::time::Duration::from_secs(10));
        let made = tenant_reply(&plane, &format!("another {n}")).await;
        plane.until_published(made.header("config-version").unwrap()).await;
    }
    let after = (plane.count(&of_east("version")).await, plane.count(&of_east("issued_at")).await);
    assert_eq!(after.0, before.0);
    assert!(after.1 > before.1, "signed once more");
}

async fn a_pool_that_cannot_be_published_to_holds_up_no_other(plane: Plane) {
    let east = pool(&plane, "east").await;
    let acme = tenant(&plane, json!({ "name": "acme" })).await;
    let certificate = pretend::ca::Ca::new().issue(&["mx.msp.example"]);
    crate::certificates::good(&plane, None, &certificate).await;
    let assigned = moved(&plane, &acme, &json!([east])).await;
    plane.until_published(assigned.header("config-version").unwrap()).await;
    let in_default = worker_token_in(&plane, "default").await;
    // Its key cannot be read any more.
    let of_east = "WHERE pool_id = (SELECT id FROM pools WHERE name = 'east')";
    let broken = format!("UPDATE pool_keys SET version = version + 1000 {of_east}");
    plane.tamper(&broken, &broken).await;
    let another = pretend::ca::Ca::new().issue(&["mx2.msp.example"]);
    crate::certificates::good(&plane, None, &another).await;
    let made = tenant_reply(&plane, "next").await;
    let version = made.header("config-version").unwrap().to_owned();
    let path = format!("/v1/config/versions/{version}");
    let of_default = async || plane.get(&path).send().await.expect(200)["pools"][0]["head"].is_string();
    let published = async { while !of_default().await {} };
    tokio::time::timeout(pretend::wait::BOUND, published).await.expect("a head of the other pool");
    let look = plane.get(&path).send().await.expect(200);
    assert_eq!((&look["state"], &look["pools"][1]["head"]), (&json!("pending"), &Value::Null));
    let head = crate::heads::claims(&plane.get("/worker/v1/head").with_token(&in_default).send().await);
    assert_eq!(head.totals.tenants, 2);
    let mended = format!("UPDATE pool_keys SET version = version - 1000 {of_east}");
    plane.tamper(&mended, &mended).await;
    plane.until_published(&version).await;
}

async fn deletions_in_a_pool_explain_that_those_above_went_too(plane: Plane) {
    let east = pool(&plane, "east").await;
    let in_east = worker_token_in(&plane, "east").await;
    let msp = tenant(&plane, json!({ "name": "msp", "kind": "msp" })).await;
    let customer = tenant(&plane, json!({ "name": "customer", "parent_id": msp })).await;
    let assigned = moved(&plane, &customer, &json!([east])).await;
    let before = head_in("east", &plane, &in_east, &assigned).await;
    assert_eq!(before.totals.tenants, 3);
    plane.call("DELETE", &format!("/v1/tenants/{customer}")).send().await.expect(200);
    // Its days are over.
    let over = "UPDATE tenants SET closes_at = 1 WHERE name = 'customer'";
    plane.tamper(over, over).await;
    plane.run_jobs().await;
    let made = tenant_reply(&plane, "next").await;
    let after = head_in("east", &plane, &in_east, &made).await;
    assert_eq!(after.totals.tenants, 0);
    let lowest = after.lowest_totals.expect("that they went is known");
    assert_eq!((lowest.tenants, lowest.domains), (0, 0));
}

async fn of_a_name_that_tenants_of_two_pools_have_each_pool_has_its_own(plane: Plane) {
    let east = pool(&plane, "east").await;
    let (one, two) = (tenant(&plane, json!({ "name": "one" })).await, tenant(&plane, json!({ "name": "two" })).await);
    moved(&plane, &two, &json!([east])).await.expect(200);
    let first = domain(&plane, &one, "same.example", None).await.expect(201);
    let made = domain(&plane, &two, "same.example", None).await;
    let mut found = Vec::new();
    for name in ["default", "east"] {
        let worker = worker_token_in(&plane, name).await;
        let head = head_in(name, &plane, &worker, &made).await;
        let (objects, _) = walk(&plane, &worker, &head).await;
        let Some(Object::Domain(domain)) = objects.get("domain/same.example") else { panic!("no domain in {name}") };
        found.push((domain.id.to_string(), domain.tenant.to_string()));
    }
    assert_eq!(found[0], (first["id"].as_str().unwrap().to_owned(), one));
    assert_eq!(found[1].1, two);
    assert_ne!(found[0].0, found[1].0);
}

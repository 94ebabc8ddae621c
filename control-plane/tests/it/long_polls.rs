//! Whoever waits for something and has no right to it any more when it comes does not get it.

use serde_json::{Value, json};

use crate::{
    doors::worker_token,
    harness::{Plane, on_both},
    people::{admin, tree},
    routes::report,
};

on_both! {
    a_worker_that_is_deleted_while_it_waits_gets_neither_errand_nor_head
    who_is_signed_out_while_they_wait_for_a_change_does_not_hear_of_it
}

/// Enough requests for one that was sent before them to be waiting.
async fn meanwhile(plane: &Plane) {
    for _ in 0..10 {
        plane.get("/v1/me").send().await.expect(200);
    }
}

async fn delete_workers(plane: &Plane) {
    let workers = plane.get("/v1/workers").send().await.expect(200);
    for worker in workers["data"].as_array().unwrap() {
        plane.delete(&format!("/v1/workers/{}", worker["id"].as_str().unwrap())).send().await.expect(204);
    }
}

async fn an_errand(plane: &Plane) {
    let until = plane.clock.now().as_micros() + 60_000_000;
    let insert = |id: &str| {
        format!("INSERT INTO errands (id, pool_id, task, expires_at) SELECT {id}, id, '{{}}', {until} FROM pools")
    };
    let id = "0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";
    plane.tamper(&insert(&format!("x'{id}'")), &insert(&format!("CAST('{id}' AS UUID)"))).await;
}

async fn a_worker_that_is_deleted_while_it_waits_gets_neither_errand_nor_head(plane: Plane) {
    let version = plane.post("/v1/tenants").json(&json!({ "name": "a" })).send().await;
    plane.until_published(version.header("config-version").unwrap()).await;
    let worker = worker_token(&plane).await;
    let get = |path: &str| plane.get(path).with_token(&worker);
    let head = get("/worker/v1/head?wait=20").send().await;
    assert_eq!(head.status, 200);
    let etag = head.header("etag").unwrap();
    let (errand, none, head) = tokio::join!(
        get("/worker/v1/errands?wait=30").send(),
        async {
            let (none, ()) = tokio::join!(get("/worker/v1/errands?wait=10").send(), async {
                meanwhile(&plane).await;
                delete_workers(&plane).await;
            });
            an_errand(&plane).await;
            none
        },
        // Its pool has another key, hence another head.
        get("/worker/v1/head?wait=30").header("if-none-match", etag).send(),
    );
    for reply in [errand, none, head] {
        reply.problem(401, "unauthenticated");
    }
    assert_eq!(plane.count("SELECT COUNT(*) FROM errands WHERE taken_at IS NULL").await, 1);
}

async fn who_is_signed_out_while_they_wait_for_a_change_does_not_hear_of_it(plane: Plane) {
    let tree = tree(&plane).await;
    let anna = admin(&plane, &tree.customers[0].tenant, "anna@example.com").await;
    let bert = admin(&plane, &tree.customers[0].tenant, "bert@example.com").await;
    let body = json!({ "name": "x", "scope": "installation", "actions": ["config_versions.read"] });
    let key = plane.post("/v1/api-keys").json(&body).send().await.expect(201);
    let written = plane.post("/v1/tenants").json(&json!({ "name": "a" })).send().await;
    let version = written.header("config-version").unwrap();
    plane.until_published(version).await;
    // It is applied when the worker says that it runs it.
    let worker = worker_token(&plane).await;
    let path = format!("/v1/config/versions/{version}?wait=30");
    let wait = |token: &str| plane.get(&path).with_token(token).send();
    let grants = plane.get(&format!("/v1/grants?person_id={}", bert.id)).send().await.expect(200);
    let (signed_out, ended, less, stays, ()) = tokio::join!(
        wait(&anna.token),
        wait(key["secret"].as_str().unwrap()),
        wait(&bert.token),
        wait(plane.token()),
        async {
            meanwhile(&plane).await;
            end(&plane, &key["id"], &grants["data"][0]["id"], &anna.token).await;
            let running = json!({ "running": { "epoch": 1, "version": 1_000 } });
            report(&plane, &worker, running).await.expect(200);
        }
    );
    signed_out.problem(401, "unauthenticated");
    ended.problem(401, "unauthenticated");
    less.problem(403, "forbidden");
    assert_eq!(stays.expect(200)["state"], "applied");
}

async fn end(plane: &Plane, key: &Value, grant: &Value, session: &str) {
    plane.delete(&format!("/v1/api-keys/{}", key.as_str().unwrap())).send().await.expect(204);
    plane.delete(&format!("/v1/grants/{}", grant.as_str().unwrap())).send().await.expect(204);
    plane.delete("/v1/sessions/current").with_token(session).send().await.expect(204);
}

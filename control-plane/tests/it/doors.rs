//! Every door and every kind of caller: the matrix of roles and actions, and each route of the API documents called as
//! nobody, as a worker and as the owner.

use std::fmt::Write;

use contract::{Id, ids};
use control_plane::auth::{Callers, MATRIX, Role, token_hash};
use serde_json::{Value, json};

use crate::{
    golden,
    harness::{Plane, Reply, on_both},
};

on_both! {
    alone:
    every_route_opens_only_to_whom_it_is_for
    credentials_that_are_not_quite_right_are_none
    a_person_without_grants_has_only_their_own_account
}

#[test]
fn roles_and_actions_are_as_they_were_agreed() {
    let mut table = String::new();
    let row = |table: &mut String, name: &str, cells: &[&str], note: [&str; 2]| {
        let mut line = format!("{name:<30}");
        for (cell, role) in cells.iter().zip(Role::ALL) {
            let _ = write!(line, "{cell:<width$}", width = role.name().len() + 2);
        }
        let _ = write!(line, "{:<21}{}", note[0], note[1]);
        let _ = writeln!(table, "{}", line.trim_end());
    };
    let notes = ["reads  installation", "before the password is changed, before a factor is set up, step-up, for keys"];
    row(&mut table, "action", &Role::ALL.map(Role::name), notes);
    let yes = |is: bool| if is { "yes" } else { "-" };
    for action in MATRIX {
        let cells = Role::ALL.map(|role| yes(action.roles.contains(&role)));
        let flags = [
            action.before_password_change,
            action.before_enrolment,
            action.step_up,
            action.callers == Callers::Programs,
        ];
        let flags = flags.map(yes).join(" ");
        let first = format!("{:<7}{}", yes(action.reads()), yes(action.of_installation));
        row(&mut table, action.action, &cells, [&first, &flags]);
    }
    golden::check("roles.txt", &table);
}

#[test]
fn no_action_is_for_everyone_and_none_for_nobody() {
    for action in MATRIX {
        assert!(!action.roles.is_empty(), "{}", action.action);
        assert!(action.roles.len() < Role::ALL.len(), "{}", action.action);
        let both = action.roles.contains(&Role::Worker) && action.roles.len() > 1;
        assert!(!both, "{}: people and workers share no door", action.action);
        let callers = match action.roles[0] {
            Role::Person => action.callers == Callers::People,
            Role::Worker => action.callers == Callers::Workers,
            _ => action.callers != Callers::Workers,
        };
        assert!(callers, "{}: its roles are not of its callers", action.action);
    }
}

/// A token of a worker that exists, written where the worker API would write it.
pub(crate) async fn worker_token(plane: &Plane) -> String {
    worker_token_in(plane, "default").await
}

/// One of the pool of this name.
pub(crate) async fn worker_token_in(plane: &Plane, pool: &str) -> String {
    let token = format!("pwt_c29tZSByYW5kb20gdG9rZW4gb2YgYSB3b3JrZXI{pool}");
    let seed = u8::try_from(pool.bytes().map(u32::from).sum::<u32>() % 251).unwrap();
    let worker = Id::<ids::Worker>::new(plane.clock.now(), [seed; 10]).uuid().simple();
    let hash = contract::snapshot::hash::Hash::from_bytes(token_hash(&token));
    let now = plane.clock.now().as_micros();
    let until = now + 60_000_000;
    let statements = |worker: &str, key: &str, hash: &str| {
        format!(
            "INSERT INTO workers (id, pool_id, ring, name, public_key, software_version, join_token_id, created_at,
                last_seen_at, snapshot_schemas)
            SELECT {worker}, id, 'stable', 'a worker', {key}, '0', id, {now}, {now}, '[3,2,1]' FROM pools WHERE name = '{pool}';
            INSERT INTO worker_tokens (token_hash, worker_id, expires_at) VALUES ({hash}, {worker}, {until})"
        )
    };
    let sqlite = statements(&format!("x'{worker}'"), "x'00'", &format!("x'{hash}'"));
    let postgres =
        statements(&format!("CAST('{worker}' AS UUID)"), "decode('00', 'hex')", &format!("decode('{hash}', 'hex')"));
    plane.tamper(&sqlite, &postgres).await;
    token
}

/// Method, path with well-formed parameters, and operation of every route of a document.
fn operations(document: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut concrete = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let name = parameter["name"].as_str().unwrap();
                    concrete = concrete.replace(&format!("{{{name}}}"), &example(document, &parameter["schema"]));
                }
            }
            assert!(!concrete.contains('{'), "{path} has a parameter that is not documented");
            found.push((method.to_uppercase(), concrete, operation["operationId"].as_str().unwrap().to_owned()));
        }
    }
    found.sort();
    found
}

/// A value that fits a parameter's schema.
fn example(document: &Value, schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return example(document, document.pointer(reference.trim_start_matches('#')).expect(reference));
    }
    match schema["examples"][0].as_str().or(schema["example"].as_str()) {
        Some(text) => text.to_owned(),
        None => "1".to_owned(),
    }
}

fn word(reply: &Reply) -> String {
    match reply.status.as_u16() {
        401 => "401".to_owned(),
        403 => "403".to_owned(),
        500.. => format!("BROKEN {}", reply.status),
        _ => "in".to_owned(),
    }
}

async fn every_route_opens_only_to_whom_it_is_for() {
    let plane = Plane::start().await;
    let worker = worker_token(&plane).await;
    let mut table = format!("{:<28}{:<11}{:<8}owner\n", "operation", "anonymous", "worker");
    for document in ["/openapi.json", "/openapi-worker.json"] {
        let document = plane.get(document).anonymously().send().await.expect(200);
        for (method, path, operation) in operations(&document) {
            // The owner's last: `delete_current_session` would end what the others need.
            let token = plane.sign_in(crate::harness::EMAIL, crate::harness::PASSWORD).await;
            let call = || plane.call(&method, &path);
            let anonymous = call().anonymously().send().await;
            let as_worker = call().with_token(&worker).send().await;
            let owner = call().with_token(&token).send().await;
            for reply in [&anonymous, &as_worker, &owner] {
                if reply.status.is_client_error() {
                    assert_eq!(reply.headers["content-type"], "application/problem+json", "{method} {path}");
                }
            }
            let line = format!("{operation:<27} {:<11}{:<8}{:<8}", word(&anonymous), word(&as_worker), word(&owner));
            let _ = writeln!(table, "{}", line.trim_end());
        }
    }
    golden::check("doors.txt", &table);
}

async fn credentials_that_are_not_quite_right_are_none() {
    let plane = Plane::start().await;
    let good = plane.token().to_owned();
    let worker = worker_token(&plane).await;
    let with = |value: String| plane.get("/v1/tenants").anonymously().header("authorization", &value).send();
    assert_eq!(with(format!("Bearer {good}")).await.status, 200);
    assert_eq!(with(format!("bearer {good}")).await.status, 200);
    let bad = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {good}"),
        format!("Bearer  {good}"),
        format!("Bearer {good} x"),
        format!("Bearer {good}x"),
        good.clone(),
        "Bearer pwt_unknown".to_owned(),
        "Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
    ];
    for value in bad {
        with(value.clone()).await.problem(401, "unauthenticated");
    }
    plane
        .get("/v1/tenants")
        .header("authorization", &format!("Bearer {good}"))
        .send()
        .await
        .problem(401, "unauthenticated");
    plane.get("/v1/tenants").with_token(&worker).send().await.problem(403, "forbidden");
    plane.clock.advance(std::time::Duration::from_mins(2));
    plane.get("/v1/tenants").with_token(&worker).send().await.problem(401, "unauthenticated");
}

async fn a_person_without_grants_has_only_their_own_account() {
    let plane = Plane::start().await;
    plane.tamper("DELETE FROM grants", "DELETE FROM grants").await;
    // Read at each request: the token is the same.
    plane.get("/v1/tenants").send().await.problem(403, "forbidden");
    plane.post("/v1/tenants").json(&json!({ "name": "x" })).send().await.problem(403, "forbidden");
    assert_eq!(plane.get("/v1/me").send().await.expect(200)["grants"], json!([]));
}

//! Input that was not meant well: nothing of it is an error of ours.

use serde_json::{Value, json};

use crate::harness::{Plane, on_both};

on_both! {
    strange_texts_in_every_field_are_refused_or_taken
    strange_texts_in_every_parameter_are_refused_or_taken
}

on_both! {
    alone:
    a_sign_in_body_is_small
}

const STRANGE: &[&str] =
    &["\u{0}", "a\u{0}b", "\u{feff}", "'; DROP TABLE tenants; --", "%00", "\u{202e}x", "\u{10ffff}", "../../x", "𝕏"];

fn properties(document: &Value, schema: &Value) -> Vec<String> {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// Every operation, its path with parameters that fit.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut concrete = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let schema = &parameter["schema"];
                let example = match schema["$ref"].as_str() {
                    Some(reference) => &document.pointer(reference.trim_start_matches('#')).unwrap()["examples"][0],
                    None => &Value::Null,
                };
                let name = parameter["name"].as_str().unwrap();
                concrete = concrete.replace(&format!("{{{name}}}"), example.as_str().unwrap_or("1"));
            }
            found.push((method.to_uppercase(), concrete, operation.clone()));
        }
    }
    found
}

async fn strange_texts_in_every_field_are_refused_or_taken(plane: Plane) {
    let acme = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201)["id"].clone();
    let (document, _) = control_plane::documents();
    let mut broken = Vec::new();
    for (method, path, operation) in operations(&document) {
        // The one path where strangers are counted and slowed down.
        if path == "/v1/sessions" {
            continue;
        }
        let media = &operation["requestBody"]["content"]["application/json"];
        for name in properties(&document, &media["schema"]) {
            for strange in STRANGE {
                let mut body = media["example"].clone();
                if body.get("tenant_id").is_some() {
                    body["tenant_id"] = acme.clone();
                }
                if let Some(body) = body.as_object_mut() {
                    body.retain(|name, _| name != "route_id");
                }
                body[&name] = json!(strange);
                let reply = plane.call(&method, &path).header("if-match", "*").json(&body).send().await;
                if reply.status.is_server_error() {
                    broken.push(format!("{method} {path} {name} {strange:?}: {}", reply.text));
                }
            }
        }
    }
    for strange in STRANGE {
        let body = json!({ "email": strange, "password": strange });
        let reply = plane.post("/v1/sessions").anonymously().json(&body).send().await;
        if reply.status.is_server_error() {
            broken.push(format!("sign-in {strange:?}: {}", reply.text));
        }
        plane.clock.advance(std::time::Duration::from_secs(2));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

async fn strange_texts_in_every_parameter_are_refused_or_taken(plane: Plane) {
    let (document, _) = control_plane::documents();
    let mut broken = Vec::new();
    let mut asked = 0;
    for (method, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if method != "GET" || parameter["in"] != "query" {
                continue;
            }
            for strange in STRANGE {
                let query: String = url::form_urlencoded::byte_serialize(strange.as_bytes()).collect();
                let url = format!("{path}?{}={query}", parameter["name"].as_str().unwrap());
                let reply = plane.get(&url).send().await;
                asked += 1;
                if reply.status.is_server_error() {
                    broken.push(format!("{url}: {}", reply.text));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(asked > 100);
}

async fn a_sign_in_body_is_small() {
    let plane = Plane::start().await;
    let body = json!({ "email": "x".repeat(10_000), "password": "y" });
    plane.post("/v1/sessions").anonymously().json(&body).send().await.problem(413, "body_too_large");
}

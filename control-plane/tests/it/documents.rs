//! The API documents: whole, with examples, and the same as what is checked in.

use serde_json::Value;

use crate::harness::{Plane, on_both};

on_both! {
    alone:
    examples_of_requests_are_taken
    the_documents_are_served_with_a_page_that_needs_no_network
}

fn documents() -> [(&'static str, Value); 2] {
    let (rest, worker) = control_plane::documents();
    [("control-plane.json", rest), ("worker.json", worker)]
}

fn visit<'a>(value: &'a Value, at: &str, see: &mut impl FnMut(&str, &'a Value)) {
    see(at, value);
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| visit(value, &format!("{at}/{key}"), see)),
        Value::Array(array) => array.iter().enumerate().for_each(|(i, value)| visit(value, &format!("{at}/{i}"), see)),
        _ => {}
    }
}

#[test]
fn no_reference_dangles_and_every_response_says_what_it_is() {
    for (name, document) in documents() {
        assert_eq!(document["openapi"], "3.1.0");
        let mut wrong = Vec::new();
        visit(&document, "", &mut |at, value| {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str)
                && document.pointer(reference.trim_start_matches('#')).is_none()
            {
                wrong.push(format!("{at}: {reference}"));
            }
        });
        for (path, method, operation) in operations(&document) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                if response["description"].as_str().unwrap_or_default().is_empty() {
                    wrong.push(format!("{method} {path} {status}: no description"));
                }
            }
        }
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, op)| (path.as_str(), method.as_str(), op))
        })
        .collect()
}

#[test]
fn every_operation_has_one_success_a_summary_and_a_name_that_is_verb_resource() {
    const VERBS: &[&str] = &[
        "list", "create", "read", "update", "delete", "restore", "verify", "batch", "enrol", "revoke", "report",
        "push", "wait", "import", "export", "test", "answer", "drain", "resume", "disable", "enable", "rotate",
        "complete", "confirm", "refuse", "reset", "push", "wait", "import", "export", "test", "answer", "drain",
        "resume", "disable", "enable", "rotate", "move", "release", "suspend", "accept", "preview", "resend",
        "onboard",
    ];
    for (name, document) in documents() {
        let mut wrong = Vec::new();
        let mut names = std::collections::HashSet::new();
        for (path, method, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let verb = id.split('_').next().unwrap_or_default();
            let good = VERBS.contains(&verb) && id.contains('_') && names.insert(id.to_owned());
            let successes = operation["responses"].as_object().unwrap().keys().filter(|status| status.starts_with('2'));
            let summary = operation["summary"].as_str().is_some_and(|summary| !summary.is_empty());
            let security = operation["security"].is_array();
            if !good || successes.count() != 1 || !summary || !security || !operation["tags"].is_array() {
                wrong.push(format!("{method} {path} {id}"));
            }
        }
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn every_body_has_an_example_with_all_that_is_required() {
    let (document, _) = control_plane::documents();
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(&document) {
        let request = ("request".to_owned(), &operation["requestBody"]);
        let responses = operation["responses"].as_object().unwrap().iter().map(|(status, body)| (status.clone(), body));
        for (name, body) in std::iter::once(request).chain(responses) {
            let media = &body["content"]["application/json"];
            if !media.is_object() {
                continue;
            }
            let schema = &media["schema"];
            let schema = match schema["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => schema,
            };
            let example = media["example"].as_object();
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let missing: Vec<_> = required.filter(|name| example.is_none_or(|e| !e.contains_key(*name))).collect();
            if example.is_none() || !missing.is_empty() {
                wrong.push(format!("{method} {path} {name}: {missing:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A client that was generated from this document goes on when a later version says another word.
#[test]
fn what_an_answer_may_hold_is_never_a_closed_list() {
    for (name, document) in documents() {
        let mut to_see: Vec<&Value> =
            operations(&document).into_iter().map(|(_, _, operation)| &operation["responses"]).collect();
        let mut seen = std::collections::HashSet::new();
        let mut wrong = Vec::new();
        while let Some(part) = to_see.pop() {
            visit(part, "", &mut |at, value| {
                if value.get("enum").is_some() {
                    wrong.push(format!("{at}: {value}"));
                }
                let reference = value.get("$ref").and_then(Value::as_str);
                // The list of an enumeration stands beside "or another text".
                if let Some(reference) = reference.filter(|reference| !reference.contains("/Known"))
                    && seen.insert(reference)
                {
                    to_see.extend(document.pointer(reference.trim_start_matches('#')));
                }
            });
        }
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
        assert!(!seen.is_empty(), "{name}");
    }
}

/// What the documents say of a request, the API takes: the examples are tried.
async fn examples_of_requests_are_taken() {
    let (plane, _hop) = crate::invitations::with_relay(|_| {}).await;
    let (document, _) = control_plane::documents();
    for (path, method, operation) in operations(&document) {
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        if !example.is_object() || path.contains('{') || path == "/v1/sessions" {
            continue;
        }
        let reply = plane.call(&method.to_uppercase(), path).header("if-match", "*").json(example).send().await;
        // Ids in examples are nobody's; everything else must be good.
        let pointers: Vec<_> = reply.pointers().into_iter().filter(|at| !at.ends_with("_id")).collect();
        let other_password = path == "/v1/me/password" && pointers == ["/current_password"];
        assert!(pointers.is_empty() || other_password, "{method} {path}: {}", reply.text);
        assert!(reply.status.as_u16() != 400, "{method} {path}: {}", reply.text);
    }
}

async fn the_documents_are_served_with_a_page_that_needs_no_network() {
    let plane = Plane::start().await;
    let served = plane.get("/openapi.json").anonymously().send().await.expect(200);
    assert_eq!(served, documents()[0].1);
    let page = plane.get("/docs/").anonymously().send().await;
    assert_eq!(page.status, 200);
    let mut asked = 0;
    for part in
        page.text.split(['"', '\'']).filter(|part| [".js", ".css"].iter().any(|end| part.strip_suffix(end).is_some()))
    {
        assert!(!part.contains("//"), "{part} is somewhere else");
        let path = format!("/docs/{}", part.trim_start_matches("./"));
        assert_eq!(plane.get(&path).anonymously().send().await.status, 200, "{path}");
        asked += 1;
    }
    assert!(asked > 2, "{}", page.text);
    let settings = plane.get("/docs/swagger-initializer.js").anonymously().send().await.text;
    assert!(settings.contains("/openapi.json"), "{settings}");
}

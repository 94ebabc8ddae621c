//! Examples of whole bodies, put together from those of their parts.

use serde_json::{Map, Value, json};

/// Deeper than any schema of ours; ends one that holds itself.
const DEEPEST: usize = 12;

/// Gives every JSON body of an operation an example.
pub(super) fn add(components: &Value, operation: &mut Value) {
    if let Some(request) = operation.get_mut("requestBody") {
        add_to(components, request);
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut) {
        add_to(components, response);
    }
}

fn add_to(components: &Value, body: &mut Value) {
    let Some(media) = body.pointer_mut("/content/application~1json") else { return };
    if media.get("example").is_some() {
        return;
    }
    if let Some(schema) = media.get("schema") {
        media["example"] = of(components, schema, 0);
    }
}

/// An example of a schema.
fn of(components: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = components.pointer(reference.trim_start_matches("#/components"));
        return found.map_or(Value::Null, |schema| of(components, schema, depth + 1));
    }
    let given = schema.get("example").or_else(|| schema.pointer("/examples/0")).or_else(|| schema.pointer("/enum/0"));
    if let Some(given) = given {
        return given.clone();
    }
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    let alternatives = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    if let Some(first) = alternatives.and_then(|all| all.iter().find(|one| !is_null(one))) {
        return of(components, first, depth + 1);
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        let parts = all.iter().filter_map(|one| match of(components, one, depth + 1) {
            Value::Object(part) => Some(part),
            _ => None,
        });
        return Value::Object(parts.flatten().collect());
    }
    let kinds = schema.get("type").map(|kind| kind.as_array().cloned().unwrap_or_else(|| vec![kind.clone()]));
    // What may be null and says nothing else is shown as null: a cursor, say.
    if kinds.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null")) {
        return Value::Null;
    }
    let kind =
        kinds.into_iter().flatten().find_map(|kind| kind.as_str().filter(|kind| *kind != "null").map(str::to_owned));
    match kind.as_deref() {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            Value::Object(properties.map(|(name, schema)| (name.clone(), of(components, schema, depth + 1))).collect())
        }
        Some("array") => match schema.get("items") {
            Some(items) => json!([of(components, items, depth + 1)]),
            None => json!([]),
        },
        Some("integer" | "number") => {
            schema.get("default").or_else(|| schema.get("minimum")).cloned().unwrap_or(json!(1))
        }
        Some("boolean") => json!(true),
        Some("string") => json!("text"),
        _ => Value::Null,
    }
}

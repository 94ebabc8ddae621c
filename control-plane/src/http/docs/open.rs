//! Enumerations of answers are open: a later version may say what this document does not list.
//!
//! Generators make a closed type of an `enum`, and a client of today would fail on a word of tomorrow. So each enumeration
//! that an answer can hold becomes "one of these, or another text", and the list has a name of its own, `Known…`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

pub(super) fn enumerations(document: &mut Value) {
    let answered = answered(document);
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for name in answered {
        let Some(schema) = schemas.get_mut(&name).filter(|schema| schema.get("enum").is_some()) else { continue };
        let known = format!("Known{name}");
        let mut open = json!({ "anyOf": [{ "$ref": format!("{SCHEMAS}{known}") }, { "type": "string" }] });
        // What it is stands where it is used; the list says only which words are known.
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let about = about.as_ref().and_then(Value::as_str).map_or_else(String::new, |about| format!("{about} "));
        open["description"] = json!(format!("{about}More may come."));
        let mut listed = std::mem::replace(schema, open);
        listed["description"] = json!(format!("The values of {name} that this version knows."));
        schemas.insert(known, listed);
    }
}

/// Schemas that answers hold, at any depth.
fn answered(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut to_see = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flat_map(Map::values);
    for operation in paths.filter_map(Value::as_object).flat_map(Map::values) {
        if let Some(responses) = operation.get("responses") {
            references(responses, &mut to_see);
        }
    }
    while let Some(name) = to_see.pop() {
        let schema = document.pointer(&format!("/components/schemas/{name}"));
        if found.insert(name)
            && let Some(schema) = schema
        {
            references(schema, &mut to_see);
        }
    }
    found
}

fn references(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix(SCHEMAS));
            out.extend(reference.map(str::to_owned));
            object.values().for_each(|inner| references(inner, out));
        }
        Value::Array(array) => array.iter().for_each(|inner| references(inner, out)),
        _ => {}
    }
}

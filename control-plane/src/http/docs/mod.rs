//! The API documents: OpenAPI 3.1, made from the handlers, mended where the generator falls short, served with a page that
//! needs no network.

mod example;
mod open;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::{
    IntoResponses, OpenApi,
    openapi::{
        ContentBuilder, RefOr,
        response::{Response, ResponseBuilder, ResponsesBuilder},
        schema::Ref,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{Challenge, FieldError, Problem};

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Postern control plane",
        description = "Everything about a Postern installation. Ids are typed and opaque. Lists have keyset cursors. \
            Errors are RFC 9457 problems with a stable `code`. A configuration write answers with the header \
            `Config-Version`: wait for it at `GET /v1/config/versions/{version}`.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT")
    ),
    components(schemas(Problem, FieldError, Challenge))
)]
struct Rest;

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Postern worker API",
        description = "How workers join, pull their configuration and push what happened. Not for people.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT")
    ),
    components(schemas(Problem, FieldError, Challenge))
)]
struct Worker;

/// What the REST API's document begins with.
pub fn rest() -> utoipa::openapi::OpenApi {
    with_bearer(Rest::openapi(), "JWT")
}

/// What the worker API's document begins with.
pub fn worker() -> utoipa::openapi::OpenApi {
    with_bearer(Worker::openapi(), "opaque")
}

fn with_bearer(mut document: utoipa::openapi::OpenApi, format: &str) -> utoipa::openapi::OpenApi {
    let scheme = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format(format).build();
    document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    document
}

/// The errors that any operation can answer with.
#[derive(Debug)]
pub struct CommonProblems;

const PROBLEMS: &[(&str, &str)] = &[
    ("400", "The request cannot be read"),
    ("401", "Credentials are missing or no longer good"),
    ("403", "Not permitted"),
    ("404", "There is no such thing here"),
    ("409", "It conflicts with what is there"),
    ("410", "It was used or has ended"),
    ("412", "The resource changed meanwhile"),
    ("413", "The body is too large"),
    ("415", "The body is of another media type"),
    ("422", "The body has fields that cannot be taken"),
    ("428", "If-Match is required"),
    ("429", "Too much at once"),
    ("500", "Something went wrong here"),
    ("503", "Busy; try again"),
];

impl IntoResponses for CommonProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |description: &str| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            ResponseBuilder::new().description(description).content("application/problem+json", content)
        };
        let all = PROBLEMS.iter().map(|(status, description)| (*status, problem(description)));
        all.fold(ResponsesBuilder::new(), |responses, (status, response)| responses.response(status, response))
            .build()
            .into()
    }
}

/// Operations that take no credentials.
const OPEN: &[&str] = &[
    "create_session",
    "update_session",
    "create_second_factor_session",
    "create_passkey_session",
    "create_sign_in_challenge",
    "preview_invitation",
    "accept_invitation",
    "create_password_reset",
    "complete_password_reset",
    "enrol_worker",
    "create_worker_token",
];

/// Mends what the generator leaves undone. The result is what is served and what is checked in.
pub fn finish(document: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(document).expect("a document is texts and numbers");
    refer_to_enums(&mut document);
    open::enumerations(&mut document);
    let is_rest = document["paths"].as_object().is_some_and(|paths| paths.keys().any(|path| path.starts_with("/v1/")));
    let limits = LIMIT_HEADERS.into_iter().filter(|_| is_rest);
    for (name, description, example) in limits.chain([RETRY_AFTER]) {
        document["components"]["headers"][name] =
            json!({ "description": description, "schema": { "type": "string" }, "example": example });
    }
    let schemas = document.get("components").cloned().unwrap_or_default();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return document };
    for (path, item) in paths.iter_mut() {
        let Some(item) = item.as_object_mut() else { continue };
        for (method, operation) in item.iter_mut() {
            let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
            if OPEN.contains(&id.as_str()) {
                operation["security"] = json!([]);
            } else {
                operation["security"] = json!([{ "bearer": [] }]);
            }
            if method == "post" && path.starts_with("/v1/") && !OPEN.contains(&id.as_str()) {
                let description = "The second call with the same key gets the first one's answer";
                parameter(operation, "Idempotency-Key", description, "7c5f0e1c-onboard-acme");
            }
            headers(operation, path, method);
            optional_headers_are_not_nullable(operation);
            example::add(&schemas, operation);
        }
    }
    document
}

/// The generator writes an enum out where a generic type holds it; SDKs would get a second type for it.
fn refer_to_enums(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let enums: Vec<_> = schemas.iter().filter(|(_, schema)| schema.get("enum").is_some()).collect();
    let enums: Vec<_> = enums.into_iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for value in schemas.values_mut().filter_map(|schema| schema.pointer_mut("/properties/value")) {
        if let Some((name, _)) = enums.iter().find(|(_, schema)| schema == value) {
            *value = json!({ "$ref": format!("#/components/schemas/{name}") });
        }
    }
}

/// Headers that many answers have: name, description, example.
type Header = (&'static str, &'static str, &'static str);
const RETRY_AFTER: Header = ("Retry-After", "Seconds until it is worth trying again", "1");
const LIMIT_HEADERS: [Header; 2] = [
    (
        "RateLimit-Policy",
        "How many requests (q) in how many seconds (w); missing where there is no limit",
        "\"default\";q=1000;w=20",
    ),
    (
        "RateLimit",
        "How many requests are left (r), and after how many seconds there are more (t)",
        "\"default\";r=987;t=1",
    ),
];

/// Resources with a revision, by their tags.
const REVISED: &[&str] =
    &["tenants", "limits", "domains", "routes", "certificates", "lists", "policy", "sign_in_policy", "pools"];
/// Resources that workers get to know.
const PUBLISHED: &[&str] = &["tenants", "domains", "recipients", "routes", "certificates", "lists", "policy"];

/// Headers of requests and answers that follow from what a resource is.
fn headers(operation: &mut Value, path: &str, method: &str) {
    let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default().to_owned();
    // It looks, and changes nothing.
    let looks = path.ends_with("/test") || path.ends_with(":test");
    let writes = method != "get" && !looks;
    let one = path.ends_with('}')
        || path.ends_with("policy")
        || path.ends_with("/limits")
        || path.ends_with("}/pools")
        || path.ends_with("/restore")
        || path.ends_with("/verify");
    let revised = REVISED.contains(&tag.as_str()) && (one || method == "post") && !looks;
    // Of policy it is required, and said there.
    let conditional = matches!(method, "patch" | "delete") || path.ends_with("}/pools") && method == "put";
    if revised && conditional && tag != "policy" {
        parameter(operation, "If-Match", "Only if the resource still has this ETag", "\"r1\"");
    }
    let limited = path.starts_with("/v1/") && operation["security"] != json!([]);
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2') || *status == "429") {
        let mut headers = serde_json::Map::new();
        let mut header = |name: &str, description: &str, example: &str| {
            let header = json!({ "description": description, "schema": { "type": "string" }, "example": example });
            headers.insert(name.to_owned(), header);
        };
        if revised && status.starts_with('2') && status != "204" {
            header("ETag", "The resource's revision, for If-Match", "\"r1\"");
        }
        if status == "201" {
            header("Location", "Path of the new resource", "/v1/…");
        }
        if writes && status != "429" && (PUBLISHED.contains(&tag.as_str()) || path.ends_with("}/pools")) {
            let description =
                "Number of this change; wait for it at GET /v1/config/versions/{version}. Missing if nothing changed";
            header("Config-Version", description, "42");
        }
        let limit = LIMIT_HEADERS.iter().map(|(name, ..)| *name).filter(|_| limited);
        for name in limit.chain((status == "429").then_some(RETRY_AFTER.0)) {
            headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
        }
        if !headers.is_empty() {
            response["headers"] = Value::Object(headers);
        }
    }
}

fn parameter(operation: &mut Value, name: &str, description: &str, example: &str) {
    let parameter = json!({
        "name": name, "in": "header", "required": false, "description": description,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        "example": example,
    });
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// An `Option` becomes `["string", "null"]`; a header or a query is there or it is not, and never null.
fn optional_headers_are_not_nullable(operation: &mut Value) {
    let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else { return };
    for parameter in parameters {
        let Some(schema) = parameter.get_mut("schema") else { continue };
        if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            if let [one] = kinds.as_slice() {
                schema["type"] = one.clone();
            }
        }
        let alternatives = schema.get("oneOf").and_then(Value::as_array);
        let real = |schema: &&Value| schema.get("type").is_none_or(|kind| kind != "null");
        if let Some([one]) = alternatives.map(|all| all.iter().filter(real).collect::<Vec<_>>()).as_deref() {
            *schema = (*one).clone();
        }
    }
}

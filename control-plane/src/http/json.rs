//! JSON bodies: the right media type, within the limit, no unknown fields, and every bad field named.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ApiError, Code, FieldError};

/// The body of a POST or PUT. Write the type with `#[serde(deny_unknown_fields)]`.
#[derive(Debug, Clone)]
pub struct ApiJson<T>(pub T);

/// The body of a PATCH: a merge patch (RFC 7396), as `application/json` or `application/merge-patch+json`.
#[derive(Debug, Clone)]
pub struct ApiPatch<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        media_type(request.headers(), &["application/json"])?;
        parse(&read(request, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiPatch<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        media_type(request.headers(), &["application/json", "application/merge-patch+json"])?;
        parse(&read(request, state).await?).map(Self)
    }
}

pub(super) fn media_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), ApiError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = given.split_once(';').unwrap_or((given, ""));
    let charset = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    // RFC 8259 §8.1: UTF-8, and nothing else.
    let utf8 = charset
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"));
    let known = allowed.iter().any(|name| essence.trim().eq_ignore_ascii_case(name));
    if known && utf8 { Ok(()) } else { Err(ApiError::new(Code::UnsupportedMediaType).detail(allowed.join(" or "))) }
}

/// The whole body, within the limit of the route.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let code = match rejection.status() {
            axum::http::StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            _ => Code::MalformedBody,
        };
        ApiError::new(code).caused_by(rejection)
    })
}

/// Bad fields that one answer names at most.
const MOST_ERRORS: usize = 20;

/// Bodies that are larger than this are read once: mending costs a reading each time, and anybody may send one to sign in.
const MENDED: usize = 64 * 1024;

/// Reads a body. Serde stops at the first bad field, so where there is one, the body is mended there and read again until
/// all are known.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // Serde would read a struct from an array as well, by position.
    if body.trim_ascii_start().first().is_some_and(|&b| b != b'{') {
        let value = serde_json::from_slice::<serde::de::IgnoredAny>(body);
        let error = FieldError::new("", "invalid_type", "expected an object");
        return Err(value.map_or_else(|error| malformed(&error), |_| ApiError::invalid(vec![error])));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let error = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => match deserializer.end() {
            Ok(()) => return Ok(value),
            Err(error) => return Err(malformed(&error)),
        },
        Err(error) => error,
    };
    let mut value: Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let first = Fault::of(&error);
    let mut errors: Vec<FieldError> = Vec::new();
    // A field given twice is gone once the body is a `Value`: then the first finding is the only one.
    if body.len() > MENDED {
        return Err(ApiError::invalid(vec![first.error]));
    }
    let mut next = attempt::<T>(&value).or(Some(first));
    while let Some(fault) = next {
        let below_a_known_one = errors.iter().any(|known| is_within(&fault.error.pointer, &known.pointer));
        if !below_a_known_one {
            errors.push(fault.error.clone());
        }
        if errors.len() == MOST_ERRORS {
            break;
        }
        next = match mend::<T>(&mut value, &fault) {
            Mended::Yes(next) => next,
            Mended::No => None,
        };
    }
    Err(ApiError::invalid(errors))
}

fn malformed(error: &serde_json::Error) -> ApiError {
    // The place only: the message of the parser may quote the body.
    ApiError::new(Code::MalformedBody).detail(format!("line {}, column {}", error.line(), error.column()))
}

fn is_within(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One bad field, and what could stand there instead.
#[derive(Debug)]
struct Fault {
    error: FieldError,
    /// A variant that an enum would take.
    suggestion: Option<String>,
}

fn attempt<T: DeserializeOwned>(value: &Value) -> Option<Fault> {
    serde_path_to_error::deserialize::<_, T>(value).err().map(|error| Fault::of(&error))
}

impl Fault {
    fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let mut pointer = pointer(error.path());
        let message = plain(error.inner());
        let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
        let (code, message, suggestion) = if let Some(rest) = message.strip_prefix("unknown field ") {
            let name = quoted(rest).unwrap_or_default();
            let named = escape(&name);
            if !pointer.ends_with(&format!("/{named}")) {
                pointer = format!("{pointer}/{named}");
            }
            ("unknown_field", "there is no such field".to_owned(), None)
        } else if let Some(rest) = message.strip_prefix("missing field ") {
            pointer = format!("{pointer}/{}", escape(&quoted(rest).unwrap_or_default()));
            ("required", "is required".to_owned(), None)
        } else if message.starts_with("unknown variant ") {
            let expected = message.split_once(", expected ").map(|(_, expected)| expected).unwrap_or_default();
            ("invalid", format!("expected {expected}"), quoted(expected))
        } else if let Some((_, expected)) =
            message.strip_prefix("invalid type: ").and_then(|m| m.rsplit_once(", expected "))
        {
            ("invalid_type", format!("expected {expected}"), None)
        } else if message.starts_with("duplicate field ") {
            ("duplicate_field", "the body has a field twice".to_owned(), None)
        } else {
            ("invalid", message, None)
        };
        Self { error: FieldError::new(pointer, code, message), suggestion }
    }
}

/// The message without serde's "at line 1 column 2".
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").filter(|_| error.line() > 0).unwrap_or(text.len());
    text[..cut].to_owned()
}

fn escape(name: &str) -> String {
    // RFC 6901 §3
    name.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape(key)),
            // The name of a variant is no step in the body; an unknown step is one that serde does not know either.
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

enum Mended {
    /// The body reads on; perhaps there is another fault.
    Yes(Option<Fault>),
    No,
}

/// Puts something else where the fault is, so that reading goes on behind it.
fn mend<T: DeserializeOwned>(value: &mut Value, fault: &Fault) -> Mended {
    let at = &fault.error.pointer;
    let Some((parent, key)) = at.rsplit_once('/') else { return Mended::No };
    let key = key.replace("~1", "/").replace("~0", "~");
    let removed = match value.pointer_mut(parent) {
        Some(Value::Object(object)) => object.remove(&key),
        Some(Value::Array(_)) => None,
        _ => return Mended::No,
    };
    if removed.is_some() {
        let next = attempt::<T>(value);
        if next.as_ref().is_none_or(|next| next.error.pointer != *at) {
            return Mended::Yes(next);
        }
    }
    let mut fillers = vec![
        Value::Object(serde_json::Map::new()),
        Value::Array(Vec::new()),
        Value::Bool(false),
        Value::from(1),
        Value::String(String::new()),
    ];
    fillers.extend(fault.suggestion.clone().map(Value::String));
    while let Some(filler) = fillers.pop() {
        let text = filler.is_string();
        match value.pointer_mut(parent) {
            Some(Value::Object(object)) => drop(object.insert(key.clone(), filler)),
            Some(Value::Array(array)) => match key.parse::<usize>().ok().and_then(|index| array.get_mut(index)) {
                Some(slot) => *slot = filler,
                None => return Mended::No,
            },
            _ => return Mended::No,
        }
        let next = attempt::<T>(value);
        match &next {
            Some(same) if same.error.pointer == *at => {
                // An enum that was missing says only now what it would take.
                let suggestion = same.suggestion.as_ref().filter(|_| text && fault.suggestion.is_none());
                if let Some(suggestion) = suggestion.filter(|_| fillers.len() == 4) {
                    fillers.push(Value::String(suggestion.clone()));
                }
            }
            _ => return Mended::Yes(next),
        }
    }
    Mended::No
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only how it is read matters")]
    struct Body {
        name: String,
        port: u16,
        mode: Mode,
        #[serde(default)]
        hops: Vec<Hop>,
        tenant: contract::Id<contract::ids::Tenant>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only how it is read matters")]
    struct Hop {
        host: String,
        port: u16,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Any,
        Listed,
    }

    fn findings(body: &str) -> Vec<String> {
        let error = parse::<Body>(body.as_bytes()).unwrap_err();
        error.problem().errors.into_iter().map(|error| format!("{} {}", error.pointer, error.code)).collect()
    }

    const TENANT: &str = "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";

    #[test]
    fn every_bad_field_is_named_at_once() {
        let found =
            findings(r#"{"name": 5, "port": 70000, "mode": "most", "hops": [{"host": 1, "x/y": 2}], "extra": 1}"#);
        let mut found: Vec<_> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        let expected = [
            "/extra unknown_field",
            "/hops/0/host invalid_type",
            "/hops/0/port required",
            "/hops/0/x~1y unknown_field",
            "/mode invalid",
            "/name invalid_type",
            "/port invalid",
            "/tenant required",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_below_a_bad_field_is_named_again() {
        let body = format!(r#"{{"name": "a", "port": 1, "mode": "any", "hops": [7], "tenant": "{TENANT}"}}"#);
        assert_eq!(findings(&body), ["/hops/0 invalid_type"]);
    }

    #[test]
    fn a_bad_id_and_a_missing_field_are_both_named() {
        let found = findings(r#"{"port": 1, "mode": "any", "tenant": "ten_x"}"#);
        assert!(found.contains(&"/tenant invalid".to_owned()), "{found:?}");
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let body = format!(r#"{{"name": "a", "name": "b", "port": 1, "mode": "any", "tenant": "{TENANT}"}}"#);
        assert_eq!(findings(&body), [" duplicate_field"]);
    }

    #[test]
    fn what_is_no_json_is_malformed_and_not_quoted() {
        for body in ["", "{", "{\"name\": }", "{} {}", "\u{feff}{}", "nul"] {
            let error = parse::<Body>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::MalformedBody, "{body}");
        }
        assert_eq!(parse::<Body>(b"\xff\xfe").unwrap_err().code(), Code::MalformedBody);
    }

    #[test]
    fn a_body_of_the_wrong_kind_is_named_as_a_whole() {
        assert_eq!(findings("[]"), [" invalid_type"]);
        assert_eq!(findings("null"), [" invalid_type"]);
    }
}

//! Nothing secret gets into the log, whatever a view may one day show by mistake.

use serde_json::Value;

/// Names (or ends of names) of fields that hold secrets.
const SECRET: &[&str] =
    &["password", "secret", "token", "private_key", "authorization", "credential", "seed", "hash_key"];

/// Puts `***` in place of every secret, at any depth.
pub(super) fn secrets(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let name = name.to_ascii_lowercase();
                // Whether one must change it is no secret; numbers and truth values are none.
                let secret = SECRET.iter().any(|secret| name.ends_with(secret));
                match value {
                    Value::String(_) | Value::Array(_) | Value::Object(_) if secret => *value = Value::from("***"),
                    _ => secrets(value),
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_at_any_depth() {
        let mut value = serde_json::json!({
            "name": "a", "password": "x", "hops": [{ "auth_password": "y", "host": "h" }],
            "join_token": { "a": 1 }, "must_change_password": true,
        });
        secrets(&mut value);
        let expected = serde_json::json!({
            "name": "a", "password": "***", "hops": [{ "auth_password": "***", "host": "h" }],
            "join_token": "***", "must_change_password": true,
        });
        assert_eq!(value, expected);
    }
}

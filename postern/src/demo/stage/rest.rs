//! The public REST API as any customer's script uses it. Each call can be shown as the curl that does the same.

use std::{path::PathBuf, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Error, Voice};

/// A call that takes longer has failed; the longest waits ten seconds by its own wish.
const CALL: Duration = Duration::from_secs(30);
/// Answers are small; what is longer is not for us.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Who calls, and where.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
    voice: Voice,
}

/// A good answer.
#[derive(Debug)]
pub struct Answer {
    pub body: Value,
    /// The configuration version that this write made.
    pub config_version: Option<String>,
}

impl Answer {
    /// A text of the answer, by JSON pointer.
    pub fn text(&self, pointer: &str) -> Result<String, Error> {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| Error::Answer { what: format!("nothing at {pointer}"), body: self.body.to_string() })
    }
}

impl Api {
    /// Trusts the certificate in `certificate` and nobody else.
    pub(super) fn new(base: String, certificate: &PathBuf, voice: Voice) -> Result<Self, Error> {
        let failed = |source| Error::File { what: certificate.display().to_string(), source };
        let pem = std::fs::read(certificate).map_err(failed)?;
        let client = reqwest::Certificate::from_pem_bundle(&pem)
            .and_then(|certificates| {
                reqwest::Client::builder().tls_certs_only(certificates).no_proxy().timeout(CALL).build()
            })
            .map_err(|source| Error::Call { call: "setting up HTTPS".to_owned(), source })?;
        Ok(Self { client, base, token: None, voice })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// Another caller, with this token.
    #[must_use]
    pub fn signed_in(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// The same caller, without a word.
    #[must_use]
    pub fn quietly(&self) -> Self {
        Self { voice: Voice::Silent, ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Result<Answer, Error> {
        self.call(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Answer, Error> {
        self.call(Method::POST, path, Some(body), None).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Result<Answer, Error> {
        self.call(Method::POST, path, None, None).await
    }

    /// A merge patch, whatever the revision.
    pub async fn patch(&self, path: &str, body: Value) -> Result<Answer, Error> {
        self.call(Method::PATCH, path, Some(body), Some("*")).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, Error> {
        self.call(Method::DELETE, path, None, None).await
    }

    /// A page of a process's own HTTP listener.
    pub(super) async fn plain(&self, url: &str) -> Result<String, Error> {
        let failed = |source: reqwest::Error| Error::Call { call: format!("GET {url}"), source: source.without_url() };
        self.client.get(url).send().await.map_err(failed)?.text().await.map_err(failed)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        if_match: Option<&str>,
    ) -> Result<Answer, Error> {
        self.voice.say(&format!("  $ {}", curl(&method, path, body.as_ref(), if_match, self.token.is_some())));
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(revision) = if_match {
            request = request.header("if-match", revision);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let failed =
            |source: reqwest::Error| Error::Call { call: format!("{method} {path}"), source: source.without_url() };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let config_version = response.headers().get("config-version").and_then(|value| value.to_str().ok());
        let config_version = config_version.map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(Error::Answer {
                    what: format!("{method} {path} answers without an end"),
                    body: String::new(),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if !status.is_success() {
            return Err(Error::Answer { what: format!("{method} {path} → {status}"), body: text });
        }
        let body: Value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .map_err(|_| Error::Answer { what: format!("{method} {path}: not JSON"), body: text })?
        };
        self.voice.say(&format!("    {}", in_short(status, &body, config_version.as_deref())));
        Ok(Answer { body, config_version })
    }
}

/// The command a person would type. `$API` and `$TOKEN` are set by commands shown before.
fn curl(method: &Method, path: &str, body: Option<&Value>, if_match: Option<&str>, token: bool) -> String {
    // What curl does by itself is not said.
    let implied = if body.is_some() { Method::POST } else { Method::GET };
    let bare = path.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"/_-.:~%".contains(&octet));
    let words = [
        Some("curl -sS".to_owned()),
        (*method != implied).then(|| format!("-X {method}")),
        token.then(|| "-H \"Authorization: Bearer $TOKEN\"".to_owned()),
        if_match.map(|revision| format!("-H {}", quoted(&format!("If-Match: {revision}")))),
        Some(if bare { format!("$API{path}") } else { format!("\"$API{path}\"") }),
        body.map(|body| format!("--json {}", quoted(&body.to_string()))),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn in_short(status: StatusCode, body: &Value, config_version: Option<&str>) -> String {
    let texts = ["id", "state"].into_iter().filter_map(|key| body.get(key)?.as_str());
    let version = config_version.map(|version| format!("· configuration {version}"));
    [status.as_str()].into_iter().chain(texts).chain(version.as_deref()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_as_the_curl_that_does_the_same() {
        let body = serde_json::json!({ "name": "Anna's" });
        let shown = [
            curl(&Method::GET, "/v1/workers", None, None, true),
            curl(&Method::POST, "/v1/tenants", Some(&body), None, true),
            curl(&Method::POST, "/v1/sessions", Some(&body), None, false),
            curl(&Method::DELETE, "/v1/lists/x", None, None, true),
            curl(&Method::GET, "/v1/messages?sender=a@b.example&limit=1", None, None, true),
            curl(&Method::PATCH, "/v1/policy", Some(&body), Some("*"), true),
            curl(&Method::POST, "/v1/domains/dom_1/verify", None, None, true),
        ];
        let wanted = [
            r#"curl -sS -H "Authorization: Bearer $TOKEN" $API/v1/workers"#,
            r#"curl -sS -H "Authorization: Bearer $TOKEN" $API/v1/tenants --json '{"name":"Anna'\''s"}'"#,
            r#"curl -sS $API/v1/sessions --json '{"name":"Anna'\''s"}'"#,
            r#"curl -sS -X DELETE -H "Authorization: Bearer $TOKEN" $API/v1/lists/x"#,
            r#"curl -sS -H "Authorization: Bearer $TOKEN" "$API/v1/messages?sender=a@b.example&limit=1""#,
            r#"curl -sS -X PATCH -H "Authorization: Bearer $TOKEN" -H 'If-Match: *' $API/v1/policy --json '{"name":"Anna'\''s"}'"#,
            r#"curl -sS -X POST -H "Authorization: Bearer $TOKEN" $API/v1/domains/dom_1/verify"#,
        ];
        assert_eq!(shown, wanted);
    }
}

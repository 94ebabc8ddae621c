//! A real browser, driven by the `WebDriver` protocol: Chromium, headless, with an authenticator of its own.

use std::{process::Stdio, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// How long anything may take to appear on a page.
const PATIENCE: Duration = Duration::from_secs(30);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
pub(crate) const ENTER: &str = "\u{e007}";

pub(crate) struct Browser {
    client: reqwest::Client,
    session: String,
    // Dropped last: the driver and, by its closed pipe, the browser end with them.
    _driver: Child,
    _profile: tempfile::TempDir,
}

/// A browser for which `host` is at `port` of this machine, and which trusts one key there. None where there is no Chromium:
/// said aloud, and a failure in CI.
pub(crate) async fn browser(host: &str, port: u16, spki_sha256: &str) -> Option<Browser> {
    let found = ["/usr/bin/chromium", "/usr/bin/chromedriver"].iter().all(|path| std::path::Path::new(path).exists());
    #[expect(clippy::disallowed_methods, reason = "the environment of a test run")]
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if !found {
        assert!(!in_ci, "CI needs chromium and chromium-driver");
        eprintln!(
            "NOT TESTED: there is no /usr/bin/chromium with /usr/bin/chromedriver; install chromium and chromium-driver"
        );
        return None;
    }
    let profile = tempfile::tempdir().expect("a directory");
    let mut driver = Command::new("/usr/bin/chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver");
    let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
    let listening = async {
        loop {
            let line = lines.next_line().await.expect("readable").expect("a port before the end");
            let port = line.rsplit_once("on port ").map(|(_, rest)| rest.trim_end_matches('.').trim().to_owned());
            if let Some(port) = port.and_then(|port| port.parse::<u16>().ok()).filter(|port| *port > 0) {
                return port;
            }
        }
    };
    let driver_port = tokio::time::timeout(PATIENCE, listening).await.expect("chromedriver listens");
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE * 3).build().expect("a client");
    let args = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-proxy-server".to_owned(),
        "--remote-debugging-pipe".to_owned(),
        "--lang=en".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
        // Nothing but us is to be found anywhere.
        format!("--host-resolver-rules=MAP {host}:443 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
        format!("--ignore-certificate-errors-spki-list={spki_sha256}"),
    ];
    let capabilities = json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": args },
        "goog:loggingPrefs": { "browser": "ALL" },
    } } });
    let url = format!("http://127.0.0.1:{driver_port}/session");
    let begun = client.post(&url).body(capabilities.to_string()).send().await.expect("an answer");
    let begun: Value = serde_json::from_str(&begun.text().await.expect("a text")).expect("JSON");
    let id = begun["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("a session: {begun}"));
    let browser = Browser { client, session: format!("{url}/{id}"), _driver: driver, _profile: profile };
    let patience = u64::try_from(PATIENCE.as_millis()).expect("short");
    browser.command(Method::POST, "/timeouts", json!({ "implicit": patience })).await;
    Some(browser)
}

impl Browser {
    /// What the driver answers; an error by its name.
    async fn try_command(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.session));
        if method == Method::POST {
            request = request.body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        let is_good = response.status().is_success();
        let answer: Value = serde_json::from_str(&response.text().await.expect("a text")).expect("JSON");
        let value = &answer["value"];
        if is_good { Ok(value.clone()) } else { Err(format!("{}: {}", value["error"], value["message"])) }
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Value {
        match self.try_command(method.clone(), path, &body).await {
            Ok(value) => value,
            Err(error) => {
                let page = self.try_command(Method::GET, "/source", &Value::Null).await.unwrap_or_default();
                panic!("{method} {path} {body}: {error}\n{}", page.as_str().unwrap_or_default())
            }
        }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.command(Method::POST, "/url", json!({ "url": url })).await;
    }

    pub(crate) async fn url(&self) -> String {
        self.command(Method::GET, "/url", Value::Null).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until there is such an element.
    async fn find(&self, css: &str) -> String {
        let found = self.command(Method::POST, "/element", json!({ "using": "css selector", "value": css })).await;
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// Does something with an element. One that goes with its page meanwhile is looked for on the next.
    async fn act(&self, method: Method, css: &str, what: &str, body: Value) -> Value {
        let acting = async {
            loop {
                let element = self.find(css).await;
                match self.try_command(method.clone(), &format!("/element/{element}/{what}"), &body).await {
                    Ok(value) => return value,
                    Err(error) => assert!(error.contains("stale element"), "{what} {css}: {error}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, acting).await.expect("an element that stays")
    }

    pub(crate) async fn click(&self, css: &str) {
        self.act(Method::POST, css, "click", json!({})).await;
    }

    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        self.act(Method::POST, css, "value", json!({ "text": text })).await;
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        let text = self.act(Method::GET, css, "text", Value::Null).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits for a page without such an element.
    pub(crate) async fn until_gone(&self, css: &str) {
        let gone = async { while self.count(css).await > 0 {} };
        tokio::time::timeout(PATIENCE, gone).await.expect("a page without it");
    }

    /// How many of them there are on the page that is there.
    pub(crate) async fn count(&self, css: &str) -> usize {
        let script = json!({ "script": "return document.querySelectorAll(arguments[0]).length", "args": [css] });
        let count = self.command(Method::POST, "/execute/sync", script).await;
        usize::try_from(count.as_u64().unwrap_or_default()).expect("few")
    }

    /// A built-in authenticator that knows its owner (`WebAuthn` §11.2).
    pub(crate) async fn add_authenticator(&self) {
        let authenticator = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserConsenting": true, "isUserVerified": true,
        });
        self.command(Method::POST, "/webauthn/authenticator", authenticator).await;
    }

    /// What the browser complained about.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.command(Method::POST, "/se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect()
    }

    pub(crate) async fn close(self) {
        self.command(Method::DELETE, "", Value::Null).await;
    }
}

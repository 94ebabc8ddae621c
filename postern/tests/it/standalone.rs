//! `postern standalone`: both planes in one process, one directory, orderly stops, restarts without loss.

use std::os::unix::fs::PermissionsExt;

use pretend::{client::Client, dns::Dns, hop::Hop};
use serde_json::json;
use tests::Rest;

use crate::{
    customer,
    process::{self, Place},
};

fn config(place: &Place, dns: &Dns) -> String {
    let data_dir = place.path().join("data");
    format!(
        "{}{}",
        process::control_plane(&data_dir, process::free(), dns.address()),
        process::worker(process::free(), dns.address())
    )
}

async fn send(process: &process::Process, n: usize) {
    let mut client = Client::connect(process.address("smtp")).await;
    client.say("EHLO client.example").await.expect("250");
    let message = format!("Message-ID: <{n}@sender.example>\r\n\r\nhello\r\n");
    client.send_message("x@sender.example", &["anna@acme.example"], message.as_bytes()).await.expect("250");
    client.say("QUIT").await.expect("221");
}

#[tokio::test]
async fn it_is_started_again_after_a_stop_and_after_a_kill_and_forgets_nothing() {
    let (place, dns, hop) = (Place::new(), Dns::start().await, Hop::start().await);
    let config = config(&place, &dns);
    let running = place.start("standalone", "standalone", &config).await;
    let rest = customer::sign_in(running.address("api")).await;
    let version = customer::onboard(&rest, hop.address()).await;
    rest.until_applied(version).await;
    send(&running, 1).await;
    // Its event is told in the stop, at the latest.
    running.end().await;

    let running = place.start("standalone", "standalone", &config).await;
    let rest = customer::sign_in(running.address("api")).await;
    rest.until_applied(version).await;
    let found = rest.until_messages("message_id=1@sender.example", 1).await;
    assert_eq!(found.len(), 1);
    send(&running, 2).await;
    rest.until_messages("message_id=2@sender.example", 1).await;
    let edit = rest.patch("/v1/policy", json!({ "max_message_size_bytes": 70_000 })).await;
    let edited = edit.version();
    running.kill().await;

    // What was answered is kept, even by a kill in the same moment.
    let running = place.start("standalone", "standalone", &config).await;
    let rest = customer::sign_in(running.address("api")).await;
    rest.until_applied(edited).await;
    assert_eq!(rest.get("/v1/policy").await.body["max_message_size_bytes"], json!(70_000));
    assert_eq!(rest.messages("").await.len(), 2);
    let mut client = Client::connect(running.address("smtp")).await;
    assert_eq!(client.say("EHLO client.example").await.parameter("SIZE"), Some("70000"));
    client.say("QUIT").await.expect("221");
    running.end().await;
    assert_eq!(hop.messages().len(), 2);
}

#[tokio::test]
async fn the_first_owners_password_is_written_for_its_owner_alone_and_must_be_changed() {
    let (place, dns) = (Place::new(), Dns::start().await);
    let config = config(&place, &dns).replace(&format!("password = \"{}\"\n", process::PASSWORD), "");
    let running = place.start("standalone", "standalone", &config).await;
    let data = place.path().join("data");
    let mode = |name: &str| std::fs::metadata(data.join(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!((mode("first-owner.txt"), mode("master.key"), mode(".")), (0o600, 0o600, 0o700));
    let text = std::fs::read_to_string(data.join("first-owner.txt")).expect("text");
    let (email, password) = text.trim().split_once('\n').expect("two lines");
    assert_eq!(email, process::OWNER);
    assert!(!running.log().contains(password), "never in a log");
    let rest = Rest::sign_in(&format!("https://{}", running.address("api")), email, password).await;
    let refused = rest.call("GET", "/v1/tenants", None).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    running.end().await;
}

#[tokio::test]
async fn the_audit_log_is_followed_straight_from_the_api() {
    let (place, dns) = (Place::new(), Dns::start().await);
    let running = place.start("standalone", "standalone", &config(&place, &dns)).await;
    let rest = customer::sign_in(running.address("api")).await;
    rest.post("/v1/tenants", json!({ "name": "Acme" })).await;
    let session = json!({ "email": process::OWNER, "password": process::PASSWORD });
    let token = place.path().join("token");
    std::fs::write(&token, rest.post("/v1/sessions", session).await.text("access_token")).expect("a file");
    // About a second after a row was written it is chained.
    rest.until("rows in the chains", "/v1/audit/root", |root| root["rows"].as_u64().filter(|rows| *rows > 4)).await;
    let verify = |more: &[&str]| {
        let url = format!("https://{}/v1/audit:export", running.address("api"));
        std::process::Command::new(env!("CARGO_BIN_EXE_postern"))
            .args(["audit", "verify", "--from", &url, "--token-file"])
            .arg(&token)
            .arg("--ca-file")
            .arg(place.path().join("data/tls.crt"))
            .args(more)
            .env_clear()
            .output()
            .expect("an end")
    };
    let output = verify(&[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains(" rows hold; "), "{output:?}");
    let key = said.split("The root key is ").nth(1).and_then(|rest| rest.split(':').next()).expect("a key");
    let output = verify(&["--root-key", key]);
    assert!(output.status.success(), "{output:?}");
    let output = verify(&["--root-key", &"0".repeat(64)]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    running.end().await;
}

/// The file that tells an owner a password; `postern recover-owner` writes it beside a running Postern.
#[tokio::test]
async fn an_owner_who_forgot_everything_is_let_in_from_the_server() {
    let (place, dns) = (Place::new(), Dns::start().await);
    let running = place.start("standalone", "standalone", &config(&place, &dns)).await;
    let api = format!("https://{}", running.address("api"));
    let before = customer::sign_in(running.address("api")).await;
    let postern = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_postern"))
            .args(arguments)
            .arg("--config")
            .arg(place.path().join("standalone.toml"))
            .env_clear()
            .output()
            .expect("an end")
    };
    let output = postern(&["check-config", "--database"]);
    assert!(output.status.success(), "{output:?}");
    let output = postern(&["recover-owner", "--clear-factors"]);
    assert!(output.status.success(), "{output:?}");
    let file = place.path().join("data/recovered-owner.txt");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).expect("text");
    let (email, password) = text.trim().split_once('\n').expect("two lines");
    assert_eq!(email, process::OWNER);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains(password), "{said}");
    for told in ["API keys that were ended: 0", "Second factors that were cleared: 0"] {
        assert!(said.contains(told), "{said}");
    }

    assert_eq!(before.call("GET", "/v1/me", None).await.status, 401, "sessions of before are over");
    let rest = Rest::sign_in(&api, email, password).await;
    assert_eq!(rest.get("/v1/me").await.body["must_change_password"], json!(true));
    running.end().await;
}

#[tokio::test]
async fn health_readiness_metrics_and_documents_are_served() {
    let (place, dns) = (Place::new(), Dns::start().await);
    let running = place.start("standalone", "standalone", &config(&place, &dns)).await;
    let rest = customer::sign_in(running.address("api")).await;
    assert!(rest.text("/metrics").await.contains("postern_api_requests_total"));
    assert!(rest.text("/docs").await.contains("<html"));
    assert_eq!(rest.get("/openapi.json").await.body["openapi"], json!("3.1.0"));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let worker = running.address("worker_http");
    for (path, wanted) in [("healthz", "ok"), ("readyz", "ready"), ("metrics", "postern_snapshots_taken_total")] {
        let page = http.get(format!("http://{worker}/{path}")).send().await.expect("an answer");
        assert_eq!(page.status(), 200, "{path}");
        let text = page.text().await.expect("text");
        assert!(text.contains(wanted), "{path}: {text}");
    }
    running.end().await;
}

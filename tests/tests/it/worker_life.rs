//! Workers come and go.

use pretend::{client::Client, gate::Gate, hop::Stage};
use serde_json::json;
use tests::{Options, System};

const MESSAGE: &[u8] = b"Message-ID: <one@sender.example>\r\n\r\nhello\r\n";

async fn probe(address: std::net::SocketAddr, path: &str) -> u16 {
    let response = reqwest::Client::builder().no_proxy().build().expect("a client");
    response.get(format!("http://{address}{path}")).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn one_without_a_configuration_does_not_listen_and_is_not_ready() {
    let mut system = System::start_with(Options { workers: 0, ..Options::default() }).await;
    let acme = system.acme().await;
    let config = system.worker_config(system.join_token().await);
    let smtp = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a free port");
    system.stop_control_plane().await;
    let mut config = config;
    config.smtp.listen = vec![smtp];
    let at = system.start_worker_blind(config).await;
    let http = system.worker(at).http_address();
    assert_eq!((probe(http, "/healthz").await, probe(http, "/readyz").await), (200, 503));
    assert!(Client::open(smtp).await.is_err(), "nobody listens");
    system.start_control_plane().await;
    assert_eq!(system.worker(at).smtp_addresses().await, [smtp]);
    assert_eq!(probe(http, "/readyz").await, 200);
    system.rest.until_applied(acme.version).await;
    let mut client = system.smtp_at(at).await;
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250");
    system.end().await;
}

#[tokio::test]
async fn one_that_is_deleted_is_out_at_once_and_goes_on_with_what_it_has() {
    let mut system = System::start_with(Options {
        workers: 0,
        worker: Box::new(|config| config.snapshot.poll_s = 1),
        ..Options::default()
    })
    .await;
    let acme = system.acme().await;
    let token = system.rest.post("/v1/join-tokens", json!({ "name": "once", "uses": 1 })).await.text("token");
    let config = system.worker_config(token);
    let at = system.start_worker(config).await;
    system.rest.until_applied(acme.version).await;
    let worker = system.rest.until_worker("worker-1", "is there", |worker| worker["is_ready"] == json!(true)).await;
    system.rest.delete(&format!("/v1/workers/{}", worker["id"].as_str().expect("an id"))).await;
    assert_eq!(system.rest.get("/v1/workers").await.body["data"], json!([]));
    // Its token ended, and its join token is spent: no edit reaches it, no event comes from it.
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": "x@sender.example" });
    let version = system.rest.post("/v1/list-entries", entry).await.version();
    let view = system.rest.get(&format!("/v1/config/versions/{version}?wait=3")).await;
    assert_eq!((&view.body["workers_seen"], view.text("state").as_str()), (&json!(0), "published"));
    let mut client = system.smtp_at(at).await;
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250");
    drop(client);
    system.kill_worker(at);
    assert!(system.rest.messages("").await.is_empty());

    // Where the join token allows, it comes back as another.
    let at = system.add_worker().await;
    let first = system.rest.until_worker("worker-2", "is there", |worker| worker["is_ready"] == json!(true)).await;
    system.rest.delete(&format!("/v1/workers/{}", first["id"].as_str().expect("an id"))).await;
    let again = system.rest.until_worker("worker-2", "is back", |worker| worker["is_ready"] == json!(true)).await;
    assert_ne!(first["id"], again["id"]);
    let mut client = system.smtp_at(at).await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("550 5.7.1");
    drop(client);
    system.rest.until_messages("disposition=refused", 1).await;
    system.end().await;
}

#[tokio::test]
async fn one_that_drains_is_left_in_peace_and_takes_mail_again() {
    let system = System::with_workers(2).await;
    system.acme().await;
    let first = system.rest.until_worker("worker-1", "takes mail", |worker| worker["state"] == "ready").await;
    let path = format!("/v1/workers/{}", first["id"].as_str().expect("an id"));
    let mut idle = system.smtp_at(0).await;
    let told = system.rest.act(&format!("{path}/drain")).await.body;
    assert_eq!((&told["state"], told["drain_requested_at"].is_string()), (&json!("draining"), true));
    idle.reply().await.expect("421 4.3.2");
    let drained = system.rest.until_worker("worker-1", "is drained", |worker| worker["state"] == "drained").await;
    assert_eq!(
        (&drained["is_alive"], &drained["is_ready"], &drained["sessions"]),
        (&json!(true), &json!(false), &json!(0))
    );
    assert_eq!(probe(system.worker(0).http_address(), "/readyz").await, 503);
    // The other one takes what comes.
    let mut client = system.smtp_at(1).await;
    client.send_message("x@sender.example", &["anna@acme.example"], MESSAGE).await.expect("250");
    // Told twice is told once.
    assert_eq!(system.rest.act(&format!("{path}/drain")).await.body["state"], json!("drained"));
    system.rest.act(&format!("{path}/resume")).await;
    system.rest.until_worker("worker-1", "takes mail again", |worker| worker["state"] == "ready").await;
    system.smtp_at(0).await.say("NOOP").await.expect("250");
    let audit = system.rest.get("/v1/audit").await.body["data"].clone();
    let of = |action: &str| audit.as_array().expect("rows").iter().filter(|row| row["action"] == action).count();
    assert_eq!((of("worker.drain"), of("worker.resume")), (1, 1));
    drop((idle, client));
    system.end().await;
}

#[tokio::test]
async fn one_that_stops_sees_messages_through_and_sends_the_idle_away() {
    let mut system =
        System::start_with(Options { worker: Box::new(|config| config.smtp.drain_s = 20), ..Options::default() }).await;
    system.acme().await;
    let address = system.smtp_addresses().await[0];
    let gate = Gate::new();
    system.hop.on(Stage::Dot).hold(&gate);
    let mut idle = system.smtp().await;
    let mut busy = system.smtp().await;
    busy.say("MAIL FROM:<x@sender.example>").await.expect("250");
    busy.say("RCPT TO:<anna@acme.example>").await.expect("250");
    busy.say("DATA").await.expect("354");
    busy.send(&[MESSAGE, b".\r\n"].concat()).await;
    gate.until_waiting(1).await;
    let sender = async {
        // It is sent away once the stop has begun: only then may the hop answer.
        idle.reply().await.expect("421 4.3.2");
        assert!(Client::open(address).await.is_err(), "nobody new is let in");
        gate.open();
        busy.reply().await.expect("250");
        busy.until_closed().await;
    };
    tokio::join!(system.stop_worker(0), sender);
    assert_eq!(system.hop.messages().len(), 1);
    system.rest.until_messages("disposition=accepted", 1).await;
    system.end().await;
}

#[tokio::test]
async fn one_that_is_dropped_takes_no_more_mail() {
    let mut system = System::start().await;
    system.acme().await;
    let address = system.smtp_addresses().await[0];
    let mut client = system.smtp().await;
    system.kill_worker(0);
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    while Client::try_connect(address).await.is_ok() {
        assert!(tokio::time::Instant::now() < deadline, "it still listens");
        tokio::task::yield_now().await;
    }
    let reply = client.try_say("NOOP").await;
    assert!(reply.as_ref().is_err() || reply.as_ref().is_ok_and(|reply| reply.is("421")), "{reply:?}");
    system.end().await;
}
